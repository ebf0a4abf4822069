"""An IMAP server (TLS, with the sandbox's certificate) on loopback that misbehaves
as it is told, over the messages of a sandbox.

    mailbox = Mailbox(sandbox)          what the sandbox has taken is in INBOX
    mailbox.idle = "lie"                takes IDLE and never says a word ("none": has none)
    mailbox.folder = "&bElqKQ-"         where new messages go
    mailbox.before = 200_000            messages that were there before; a SEARCH without a bound
                                        is answered with all of them
    mailbox.headers = "X: y\\r\\n"        put on top of each message
    mailbox.delay = 2.0                 seconds until a message is to be seen
    mailbox.answers["STATUS"] = "NO …"  for a command, instead of what is right; "drip", "close"
    mailbox.quota = (850, 1000)         KiB used and allowed (None: no QUOTA)
    mailbox.commands                    what was asked
    mailbox.appended                    (folder, octets) of each APPEND
"""

import pathlib
import re
import select
import socket
import ssl
import threading
import time


class Mailbox:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.password = sandbox.password
        self.idle = "tell"
        self.folder = "INBOX"
        self.names = ["INBOX", "Sent Messages", "Junk", "Deleted Messages"]
        self.before = 0
        self.headers = ""
        self.delay = 0.0
        self.answers = {}
        self.quota = None
        self.commands = []
        self.appended = []
        self.deleted = set()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        [certificate] = pathlib.Path(sandbox.ca).parent.glob("*-good.pem")
        self._tls.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        self._listener.close()

    def keys(self):
        """Of the configuration: sandbox.config(**mailbox.keys())."""
        return {"imap-host": "localhost", "imap-port": self.port, "imap-security": "tls"}

    def asked(self, verb):
        return [line for line in self.commands if line.startswith(verb)]

    # --- what is in it: (UID, octets) of a folder

    def content(self, folder):
        if folder == self.folder:
            now = time.time()
            events = [event for event in self.sandbox.deliveries()
                      if now - event["time"] >= self.delay]
            return [(self.before + i + 1, self.headers.encode() + open(event["file"], "rb").read())
                    for i, event in enumerate(events)
                    if (folder, self.before + i + 1) not in self.deleted]
        return [(self.before + i + 1, octets)
                for i, (name, octets) in enumerate(self.appended) if name == folder]

    def next_uid(self, folder):
        return self.before + 1 + max([uid - self.before for uid, _ in self.content(folder)] or [0])

    # --- the protocol

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._secure, args=(connection,), daemon=True).start()

    def _secure(self, connection):
        try:
            self._talk(self._tls.wrap_socket(connection, server_side=True))
        except OSError:
            return

    def _talk(self, connection):
        with connection, connection.makefile("rwb") as stream:
            self._say(stream, "* OK ready")
            self.selected = None
            try:
                while line := stream.readline():
                    tag, _, command = line.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
                    self.commands.append(command)
                    if not self._answer(connection, stream, tag, command):
                        return
            except OSError:
                return

    def _say(self, stream, *lines):
        for line in lines:
            stream.write(line.encode() + b"\r\n")
        stream.flush()

    def _misbehave(self, stream, tag, how):
        if how == "close":
            return False
        if how == "drip":
            for _ in range(600):
                stream.write(b"*")
                stream.flush()
                time.sleep(0.2)
            return False
        self._say(stream, f"{tag} {how}")
        return True

    def _answer(self, connection, stream, tag, command):
        words = command.upper().split()
        verb = " ".join(words[:2]) if words[0] == "UID" else words[0]
        if verb in self.answers:
            return self._misbehave(stream, tag, self.answers[verb])
        handler = getattr(self, "_" + verb.lower().replace(" ", "_"), None)
        if verb == "IDLE":
            return self._do_idle(connection, stream, tag)
        lines = handler(stream, command) if handler else []
        done = "NO" if lines is None else "OK"
        self._say(stream, *(lines or []), f"{tag} {done} done")
        return verb != "LOGOUT"

    def _login(self, _stream, command):
        return [] if self.password in command else None

    def _capability(self, _stream, _command):
        idle = "" if self.idle == "none" else " IDLE"
        quota = " QUOTA" if self.quota else ""
        return [f"* CAPABILITY IMAP4rev1 UIDPLUS{idle}{quota}"]

    def _getquotaroot(self, _stream, _command):
        used, allowed = self.quota
        return ['* QUOTAROOT INBOX ""', f'* QUOTA "" (STORAGE {used} {allowed})']

    def _list(self, _stream, _command):
        return [f'* LIST (\\HasNoChildren) "/" "{name}"'
                for name in dict.fromkeys([*self.names, self.folder])]

    @staticmethod
    def _name(command):
        quoted = re.search(r'^\S+ (?:"((?:[^"\\]|\\.)*)"|(\S+))', command)
        return quoted.group(1) if quoted.group(1) is not None else quoted.group(2)

    def _status(self, _stream, command):
        name = self._name(command)
        return [f'* STATUS "{name}" (UIDNEXT {self.next_uid(name)})']

    def _select(self, _stream, command):
        self.selected = self._name(command)
        return [f"* {self.before + len(self.content(self.selected))} EXISTS"]

    _examine = _select

    def _uid_search(self, _stream, command):
        bound = re.search(r"UID (\d+):\*", command)
        value = re.search(r'HEADER Message-ID "?([^"\s]+)"?', command).group(1)
        found = [uid for uid, octets in self.content(self.selected) if value.encode() in octets]
        if not bound and " SINCE " not in command:
            found = [*range(1, self.before + 1), *found]
        return ["* SEARCH " + " ".join(map(str, found))]

    def _uid_fetch(self, _stream, command):
        wanted = int(command.split()[2])
        for n, (uid, octets) in enumerate(self.content(self.selected)):
            if uid == wanted:
                head = octets.partition(b"\r\n\r\n")[0].decode() + "\r\n\r\n"
                size = len(head.encode())
                return [f"* {n + 1} FETCH (UID {uid} BODY[HEADER] {{{size}}}", head + ")"]
        return []

    def _uid_expunge(self, _stream, command):
        self.deleted.add((self.selected, int(command.split()[2])))
        return []

    def _append(self, stream, command):
        size = int(re.search(r"\{(\d+)\}$", command).group(1))
        self._say(stream, "+ go")
        octets = stream.read(size)
        stream.readline()
        self.appended.append((self._name(command), octets))
        return []

    def _do_idle(self, connection, stream, tag):
        known = len(self.content(self.selected))
        self._say(stream, "+ idling")
        while not select.select([connection], [], [], 0.02)[0]:
            now = len(self.content(self.selected))
            if now != known and self.idle == "tell":
                self._say(stream, f"* {self.before + now} EXISTS")
                known = now
            if self.idle == "chatter":
                self._say(stream, "* OK still here")
        stream.readline()
        self._say(stream, f"{tag} OK done")
        return True
