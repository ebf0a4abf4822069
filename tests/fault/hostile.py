"""A submission server that can be as nasty as a case wants, and remembers what it saw.

Plain sockets and ssl, one thread a connection: a library would be too polite.  A Server
holds a well-behaved dialogue; its plan names a phase (PHASES) and gives a function that
is called in place of the answer.  Such a function returns True when it has answered (or
ended) by itself and False to have the usual answer follow ("go" at starttls: answered,
now the handshake).  Seen is the ground truth a
client's words are compared with.
"""
import select
import socket
import ssl
import struct
import threading
import time
import warnings

PHASES = ("connect", "greeting", "ehlo", "starttls", "tls", "ehlo2", "auth", "mail", "rcpt",
          "data", "body", "final", "quit")
LIFETIME = 25  # seconds after which a connection is given up, whatever the client does


class Over(Exception):
    """This connection has had its say."""


class Seen:
    """What reached the server and what it truly did."""

    def __init__(self):
        self.clear = bytearray()   # everything that came in clear
        self.sealed = bytearray()  # everything that came under TLS
        self.connections = 0
        self.bodies = []    # messages received to their end (dot or BDAT LAST)
        self.answered = 0   # complete replies to such an end
        self.accepted = 0   # of these, 2xx
        self.early = False  # a command came before the last one was answered
        self.phases = []    # in order of arrival
        self.when = {}      # phase: monotonic time of its first arrival

    def truth(self):
        """'sent', 'uncertain' or 'unsent'."""
        if self.accepted:
            return "sent"
        return "uncertain" if len(self.bodies) > self.answered else "unsent"


class Conversation:
    """One connection: buffered reading, and the nasty acts."""

    def __init__(self, server, sock):
        self.server, self.sock, self.seen = server, sock, server.seen
        self.buffer = bytearray()
        self.sealed = False
        self.end = time.monotonic() + LIFETIME
        sock.settimeout(LIFETIME)

    def fill(self, size=65536):
        data = self.sock.recv(size)
        if not data:
            raise Over
        (self.seen.sealed if self.sealed else self.seen.clear).extend(data[:65536])
        self.buffer += data

    def line(self):
        while b"\n" not in self.buffer:
            self.fill()
        end = self.buffer.index(b"\n") + 1
        line = bytes(self.buffer[:end])
        del self.buffer[:end]
        return line

    def waiting(self):
        """More of the client's data is here already."""
        if self.buffer or (self.sealed and self.sock.pending()):
            return True
        return bool(select.select([self.sock], [], [], 0.03)[0])

    def discard(self):
        """Throws away what came behind a command until no more comes; then that is answered."""
        self.buffer.clear()
        while self.sealed and self.sock.pending() or select.select([self.sock], [], [], 0.1)[0]:
            self.fill()
            self.buffer.clear()

    def say(self, text):
        octets = text if isinstance(text, bytes) else text.encode() + b"\r\n"
        for piece in ([octets[i:i + 1] for i in range(len(octets))] if self.server.octets
                      else [octets]):
            self.sock.sendall(piece)

    def seal(self):
        context = self.server.context
        self.sock = context.wrap_socket(self.sock, server_side=True, suppress_ragged_eofs=True)
        self.sealed = True

    def raw_send(self, data):
        """Bytes on the wire without TLS, even where TLS runs."""
        raw = socket.socket(fileno=socket.dup(self.sock.fileno()))
        raw.sendall(data)
        raw.close()

    # The acts.  Each ends the connection or leaves it to the client to end it.
    def silence(self):
        self.server.done.wait(max(0, self.end - time.monotonic()))
        raise Over

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Over

    def truncate(self):
        """End of stream without TLS's close_notify."""
        socket.socket.shutdown(self.sock, socket.SHUT_WR)
        self.linger()

    def close(self):
        if self.sealed:
            self.sock.setblocking(False)
            try:
                self.sock.unwrap()  # sends close_notify, does not wait for the client's
            except (ssl.SSLError, OSError):
                pass
        socket.socket.shutdown(self.sock, socket.SHUT_WR)
        self.linger()

    def linger(self):
        """Drains without looking, so that the close is a FIN and not a reset."""
        raw = socket.socket(fileno=socket.dup(self.sock.fileno()))
        raw.settimeout(1)
        try:
            while time.monotonic() < self.end and raw.recv(1 << 20):
                pass
        except OSError:
            pass
        raw.close()
        raise Over

    def drip(self, text=b"250-2.0.0 one octet after the other, and never an end of it\r\n",
             pause=1.0):
        send = self.sock.send if self.sealed else self.raw_send
        while time.monotonic() < self.end and not self.server.done.is_set():
            for octet in text:
                send(bytes([octet]))
                if self.server.done.wait(pause):
                    raise Over
        raise Over

    def drip_read(self, pause=1.0):
        while time.monotonic() < self.end and not self.server.done.wait(pause):
            self.sock.recv(1)
        raise Over

    def flood(self, piece):
        """The same piece without end, as long as the client takes it."""
        block = piece * (65536 // len(piece))
        while time.monotonic() < self.end and not self.server.done.is_set():
            self.sock.sendall(block)
        raise Over


class Server:
    """One case's server on a port of its own."""

    def __init__(self, *, certificate=None, plan=None, implicit=False, pipelining=True,
                 chunking=False, before=None, after=None, discard=False, strict=None,
                 backlog=16, receive_buffer=0, tls=None, octets=False,
                 wants_certificate=False):
        self.plan = plan or {}
        self.implicit, self.pipelining, self.chunking = implicit, pipelining, chunking
        self.before, self.after = before, after
        self.discard, self.octets = discard, octets
        # A server that was not to be pipelined to and is: what it got early is lost.
        self.strict = not pipelining if strict is None else strict
        self.seen, self.done = Seen(), threading.Event()
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.set_ciphers("DEFAULT:@SECLEVEL=0")
            self.context.load_cert_chain(certificate)
            if wants_certificate:
                self.context.verify_mode = ssl.CERT_REQUIRED
            if tls:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)
                    self.context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
                    self.context.maximum_version = tls
        self.listener = socket.socket()
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(backlog)
        self.port = self.listener.getsockname()[1]
        self.threads, self.blockers = [], []
        connect = self.plan.get("connect")
        if connect == "reset":
            self.listener.close()
        elif connect == "silence":
            self._fill_backlog()
        else:
            self._spawn(self._accept)

    def _spawn(self, function, *args):
        thread = threading.Thread(target=function, args=args, daemon=True)
        thread.start()
        self.threads.append(thread)

    def _fill_backlog(self):
        """Never accepts: once the queue is full the kernel drops every SYN."""
        self.listener.listen(0)
        for _ in range(4):
            blocker = socket.socket()
            blocker.setblocking(False)
            blocker.connect_ex(("127.0.0.1", self.port))
            self.blockers.append(blocker)
        time.sleep(0.05)

    def stop(self):
        self.done.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for blocker in self.blockers:
            blocker.close()
        for thread in self.threads:
            thread.join(3)

    def _accept(self):
        while not self.done.is_set():
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.seen.connections += 1
            self._spawn(self._serve, sock)

    def _serve(self, sock):
        conversation = Conversation(self, sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            Dialogue(conversation).run()
        except (Over, OSError, ssl.SSLError):
            pass
        finally:
            conversation.sock.close()


class Dialogue:
    """The well-behaved part: RFC 5321, 3207, 4954, 2920, 3030 as a server sees them."""

    def __init__(self, conversation):
        self.c, self.server, self.seen = conversation, conversation.server, conversation.seen
        self.secured, self.sender, self.recipients = False, False, 0
        self.chunks = bytearray()
        self.c.dialogue = self

    def planned(self, phase):
        """Runs the case's act for this phase; true when there is nothing left to answer."""
        self.seen.phases.append(phase)
        self.seen.when.setdefault(phase, time.monotonic())
        act = self.server.plan.get(phase)
        return act and act(self.c)

    def run(self):
        if self.planned("connect"):
            return
        if self.server.implicit:
            self.start_tls()
        if not self.planned("greeting"):
            self.c.say("220 hostile.test ESMTP")
        while True:
            line = self.c.line()
            if self.server.strict and line[:4].upper() != b"QUIT" and self.c.waiting():
                self.seen.early = True
                self.c.say("554 5.5.0 Pipelining was not agreed on")
                self.c.close()
            if self.server.discard:
                self.c.discard()
            self.command(line)

    def command(self, line):
        verb = line.split(None, 1)[0].upper() if line.strip() else b""
        known = {b"EHLO": self.ehlo, b"STARTTLS": self.starttls, b"AUTH": self.auth,
                 b"MAIL": self.mail, b"RCPT": self.rcpt, b"DATA": self.data,
                 b"BDAT": self.bdat, b"QUIT": self.quit, b"RSET": self.rset}
        known.get(verb, lambda _: self.c.say("500 5.5.1 What?"))(line)

    def start_tls(self):
        if self.planned("tls"):
            raise Over
        self.c.seal()
        self.secured = True

    def capabilities(self):
        given = self.server.after if self.secured else self.server.before
        if given is not None:
            return given
        words = ["SIZE 50000000", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if self.server.pipelining:
            words.append("PIPELINING")
        if not self.secured:
            return words + ["STARTTLS"]
        return words + ["AUTH PLAIN LOGIN"] + ["CHUNKING"] * self.server.chunking

    def ehlo(self, _line):
        if self.planned("ehlo2" if self.secured else "ehlo"):
            return
        lines = ["hostile.test"] + self.capabilities()
        self.c.say("\r\n".join("250%s%s" % (" " if i == len(lines) - 1 else "-", word)
                               for i, word in enumerate(lines)))

    def starttls(self, _line):
        answered = self.planned("starttls")
        if answered and answered != "go":
            return
        if not answered:
            self.c.say("220 2.0.0 Go ahead")
        self.c.buffer.clear()
        self.start_tls()

    def auth(self, line):
        if self.planned("auth"):
            return
        if line.upper().startswith(b"AUTH LOGIN"):
            if len(line.split()) < 3:
                self.c.say("334 VXNlcm5hbWU6")
                self.c.line()
            self.c.say("334 UGFzc3dvcmQ6")
            self.c.line()
        elif len(line.split()) < 3:
            self.c.say("334 ")
            self.c.line()
        self.c.say("235 2.7.0 Authentication successful")

    def mail(self, _line):
        self.sender, self.recipients = False, 0
        if self.planned("mail"):
            return
        self.sender = True
        self.c.say("250 2.1.0 Ok")

    def rcpt(self, _line):
        if not self.sender:
            self.c.say("503 5.5.1 MAIL first")
        elif not self.planned("rcpt"):
            self.recipients += 1
            self.c.say("250 2.1.5 Ok")

    def data(self, _line):
        if not self.recipients and "data" not in self.server.plan:
            self.c.say("554 5.5.1 No valid recipients" if self.sender else "503 5.5.1 MAIL first")
            return
        if self.planned("data"):
            return
        self.c.say("354 End data with <CR><LF>.<CR><LF>")
        self.body()

    def body(self):
        if self.planned("body"):
            return
        body = self.read_body()
        if not body:  # the lone dot of a client that had no recipient left
            self.c.say("250 2.0.0 Ok: queued as NOTHING")
            return
        self.seen.bodies.append(body)
        self.final()

    def read_body(self):
        while True:
            if self.c.buffer.startswith(b".\r\n"):
                body, size = b"", 3
                break
            end = self.c.buffer.find(b"\r\n.\r\n")
            if end >= 0:
                body, size = bytes(self.c.buffer[:end + 2]), end + 5
                break
            self.c.fill()
        del self.c.buffer[:size]
        return body

    def bdat(self, line):
        words = line.split()
        size, last = int(words[1]), len(words) > 2
        if self.recipients and self.planned("body"):
            return
        while len(self.c.buffer) < size:
            self.c.fill()
        chunk = bytes(self.c.buffer[:size])
        del self.c.buffer[:size]
        if not self.recipients:
            self.c.say("554 5.5.1 No valid recipients" if self.sender else "503 5.5.1 MAIL first")
            return
        self.chunks += chunk
        if last:
            self.seen.bodies.append(bytes(self.chunks))
            self.chunks.clear()
            self.final()
        else:
            self.c.say("250 2.0.0 Ok, go on")

    def final(self):
        if self.planned("final"):
            return
        self.seen.answered += 1
        self.seen.accepted += 1
        self.c.say("250 2.0.0 Ok: queued as HOSTILE1")
        self.sender, self.recipients = False, 0

    def rset(self, _line):
        self.sender, self.recipients = False, 0
        self.c.say("250 2.0.0 Ok")

    def quit(self, _line):
        if not self.planned("quit"):
            self.c.say("221 2.0.0 Bye")
            self.c.close()
