"""Servers run as programs that say on a line of JSON where they listen and end with their input."""

import json
import pathlib
import re
import shutil
import socket
import subprocess
import time

from .home import ROOT

SANDBOX = ROOT / "tests" / "sandbox" / "account.py"
TWIN = ROOT / "tests" / "twin" / "twin.py"


class Server:
    """Attributes are what the program said of itself (host, port, ca, address, …)."""

    def __init__(self, command):
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{command[-1]} does not start: {self._process.communicate()[1]}")
        self.__dict__.update(json.loads(line))

    @property
    def password(self):
        return pathlib.Path(self.password_file).read_text(encoding="utf-8").strip()

    def stop(self):
        """Ends it; a second time does nothing."""
        if self._process.poll() is None:
            try:
                self._process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()
                raise


def bound():
    """A port of loopback that nobody else is given while this is open; a server shares it."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


class Sandbox(Server):
    """tests/sandbox/account.py, with its mailbox, its log and its rules."""

    def __init__(self, folder, *options, namespace=None):
        prefix = namespace.prefix if namespace else []
        self._command = [*prefix, "/usr/bin/python3", SANDBOX, "--dir", folder, *options]
        if not namespace:
            self._ports = bound(), bound()
            for name, holder in zip(("--port", "--tls-port"), self._ports):
                self._command += [name, str(holder.getsockname()[1])]
        super().__init__(self._command)

    def restart(self):
        """Back on the same ports."""
        self.stop()
        Server.__init__(self, [*self._command, "--port", str(self.port),
                               "--tls-port", str(self.tls_port)])

    def config(self, name="icloud", preset="icloud", address=None, **keys):
        """An account section for it; a key is written with _ for -, None leaves it out."""
        settings = {
            "preset": preset,
            "address": address or self.address,
            "smtp-host": self.host,
            "smtp-port": self.port,
            "tls-ca-file": self.ca,
            # The preset's mailbox is none of a test's; nobody listens here.
            "imap-host": "localhost",
            "imap-port": 1,
            **{key.replace("_", "-"): value for key, value in keys.items()},
        }
        lines = [f"{key} = {value}" for key, value in settings.items() if value is not None]
        return "\n".join([f"[account {name}]", *lines, ""])

    def rule(self, **rules):
        """Replaces the rules: rule(auth="535 …"), rule(recipients={"a@*": "450 …"}), rule()."""
        path = pathlib.Path(self.rules)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(rules), encoding="utf-8")
        fresh.rename(path)

    @property
    def events(self):
        text = pathlib.Path(self.log).read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def commands(self, verb=""):
        return [event["line"] for event in self.events
                if event["event"] == "command" and event["line"].startswith(verb)]

    def received(self):
        """How many messages have come to their end, whatever is answered then."""
        return len([event for event in self.events if event["event"] == "received"])

    def deliveries(self):
        """The messages taken, in order: sender, recipients, size, file."""
        return [event for event in self.events if event["event"] == "message"]

    def messages(self):
        """Their octets."""
        return [pathlib.Path(event["file"]).read_bytes() for event in self.deliveries()]

    def wait_for(self, count, timeout=20):
        """Until that many messages have arrived."""
        return wait_for(lambda: len(self.deliveries()) >= count and self.messages(), timeout)


class Twin(Server):
    """tests/twin/twin.py in a namespace: Postfix on 587 and Dovecot on 993 of the real names."""

    def __init__(self, folder, namespace, *options):
        self.namespace = namespace
        super().__init__([*namespace.prefix, "/usr/bin/python3", TWIN, "--dir", folder, *options])

    def mailbox(self, user=None):
        return pathlib.Path(self.mail) / (user or self.user) / "Maildir"

    def messages(self, user=None, folder=""):
        """The octets of what arrived; folder "Junk", "Sent Messages", "" is the inbox."""
        box = self.mailbox(user) / (f".{folder}" if folder else "")
        paths = [path for sub in ("new", "cur") for path in box.glob(f"{sub}/*")]
        return [path.read_bytes() for path in sorted(paths, key=lambda path: path.name)]

    def clear(self):
        """Every mailbox as new."""
        for mailbox in pathlib.Path(self.mail).glob("*"):
            shutil.rmtree(mailbox)

    def set_quota(self, octets, user=None):
        """Dovecot reads it at the next login or delivery."""
        path = pathlib.Path(self.users)
        lines = path.read_text().splitlines()
        path.write_text("".join(
            (re.sub(r"bytes=\d+", f"bytes={octets}", line)
             if line.startswith((user or self.user) + ":") else line) + "\n" for line in lines))

    def log_text(self):
        return pathlib.Path(self.log).read_text(encoding="utf-8", errors="replace")


def wait_for(condition, timeout=20, step=0.05):
    """What condition() gives once it gives something true."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "waited in vain"
        time.sleep(step)
