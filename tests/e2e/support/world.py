"""A machine in a network namespace of its own, and beside it an internet (tests/fault/internet.py)
with the provider's servers, as one of tests/e2e/doctor_cases.py wants them."""

import glob
import json
import os
import pathlib
import subprocess
import sys
import time

from .home import ROOT, Home
from .namespace import Namespace
from .program import Program

sys.path.insert(0, str(ROOT / "tests" / "sandbox"))
from certificates import Authority  # noqa: E402

INTERNET = ROOT / "tests" / "fault" / "internet.py"
SERVERS = ["smtp.mail.me.com", "imap.mail.me.com"]
ADDRESS = "me@icloud.com"
PASSWORD = "abcd-efgh-ijkl-mnop"


class Certificates:
    """The servers' certificates, one file a kind."""

    def __init__(self, folder):
        authority = Authority(folder / "good")
        self.ca = authority.path
        self.files = {kind: authority.issue(SERVERS, kind)
                      for kind in ("good", "wrong-name", "expired", "self-signed")}
        inspector = Authority(folder / "inspector", "Avast Mail Shield Root")
        self.files["inspected"] = inspector.issue(SERVERS)
        self.files["inspector"] = inspector.path
        self.files["company"] = Authority(folder / "company", "Example Corp CA").issue(SERVERS)


class World:
    """`run()` is the doctor's answer; keyrings are kept by who makes worlds (they take long)."""

    def __init__(self, folder, case, certificates, keyrings):
        self.case, self.certificates = case, certificates
        self.home = Home(folder / "home")
        self._folder = folder
        self._internet = None
        keyring = keyrings.get("open" if case.keyring == "no-entry" else case.keyring)
        if keyring is not None:
            for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
                self.home.env[name] = keyring.home.env[name]
        self._namespace = Namespace()
        try:
            self._build()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        if self._internet is not None and self._internet.poll() is None:
            self._internet.communicate()
        self._namespace.stop()
        self.home.remove()

    # --- the network

    def _ip(self, *lines):
        self._namespace.run("ip", "-batch", "-", input="\n".join(lines))

    def _build(self):
        machine = {"link": True, "route": True, "ipv4": True, "ipv6": False, **self.case.machine}
        self._start_internet()
        self._connect(machine)
        if self.case.nft:
            self._namespace.nft(self.case.nft)
        self._name_server("192.168.77.1" if machine["ipv4"] else "fd00:77::1")
        self._configure()
        if machine.get("small_disk"):
            self._namespace.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", self.home.state)
        for name in self.case.prepare:
            getattr(self, "_" + name)()

    def _start_internet(self):
        plan = {"certificates": self.certificates.files, "feed": "",
                "log": str(self._folder / "internet.log"), **self.case.plan}
        path = self._folder / "plan.json"
        path.write_text(json.dumps(plan), encoding="utf-8")
        self._internet = subprocess.Popen(
            [*self._namespace.prefix, "unshare", "-n", "/usr/bin/python3", INTERNET, path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        process = self._internet.stdout.readline().strip()
        self._namespace.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "wan",
                            "netns", process)
        self._internet.stdin.write("\n")
        self._internet.stdin.flush()
        if self._internet.stdout.readline() != "serving\n":
            raise RuntimeError("the internet does not start")

    def _connect(self, machine):
        if not machine["link"]:
            return
        lines = ["link set eth0 up"]
        if machine["ipv4"]:
            lines.append("addr add 192.168.77.2/24 dev eth0")
        if machine["ipv6"]:
            lines.append("addr add fd00:77::2/64 dev eth0 nodad")
        if machine["ipv4"] and machine["route"]:
            lines.append("route add default via 192.168.77.1")
        if machine["ipv6"] and machine["route"]:
            lines.append("-6 route add default via fd00:77::1")
        self._ip(*[line for line in lines if not line.startswith("-6")])
        if machine["ipv6"] and machine["route"]:
            self._namespace.run("ip", "-6", "route", "add", "default", "via", "fd00:77::1")

    def _name_server(self, address):
        for name, text in (("resolv.conf", f"nameserver {address}\noptions timeout:2 attempts:2\n"),
                           ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")):
            path = self._folder / name
            path.write_text(text, encoding="ascii")
            target = os.path.realpath("/etc/" + name)
            if os.path.exists(target):
                self._namespace.run("mount", "--bind", str(path), target)

    # --- the machine

    def _configure(self):
        if self.case.machine.get("config") == "":
            return
        address = "nobody@icloud.com" if self.case.keyring == "no-entry" else ADDRESS
        keys = {"preset": "icloud", "address": address, "tls-ca-file": self.certificates.ca,
                "status-feed": "http://www.apple.com/feed", **self.case.keys}
        keys["tls-ca-file"] = self.certificates.files.get(keys["tls-ca-file"], keys["tls-ca-file"])
        self.home.write_config("[account icloud]\n"
                               + "".join(f"{key} = {value}\n" for key, value in keys.items()))

    def program(self, *prefix):
        return Program(self.home, "sendoff", [*self._namespace.prefix, *prefix])

    def _dead_timer(self):
        """Enabled, and no service manager is there."""
        units = self.home.config / "systemd" / "user"
        first = (ROOT / "config" / "sendoff.service").read_text(encoding="utf-8").splitlines()[0]
        for unit, target in (("sendoff.service", None), ("sendoff.timer", "timers.target")):
            (units / f"{target}.wants" if target else units).mkdir(parents=True, exist_ok=True)
            (units / unit).write_text(f"{first}\n[Timer]\nOnCalendar=*:0/5\n", encoding="utf-8")
            if target:
                (units / f"{target}.wants" / unit).symlink_to(units / unit)

    def _fresh_timer(self):
        """A line of cron that has not been there for long."""
        program = self._folder / "bin" / "crontab"
        program.parent.mkdir()
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        program.write_text(f'#!/bin/sh\n[ "$1" = -l ] && echo "*/10 * * * * sendoff retry '
                           f'# sendoff schedule, since {now}"\n', encoding="utf-8")
        program.chmod(0o755)
        self.home.env["PATH"] = f"{program.parent}:{self.home.env['PATH']}"

    def _since_january(self):
        """What waits should have gone then."""
        for entry in (self.home.outbox / "entries").iterdir():
            state, _stamp, ident = entry.name.split(".")
            entry.rename(entry.with_name(f"{state}.20260101T000000Z.{ident}"))

    def _a_message_waits(self):
        self.program()("send", "--queue", "friend@example.org", "-m", "x", status=0)

    def _a_large_message_waits(self):
        large = self._folder / "film.bin"
        large.write_bytes(os.urandom(1 << 16) * 480)
        self.program()("send", "--queue", "friend@example.org", "-m", "x", "-a", large, status=65)

    # --- the doctor

    def run(self, *words):
        clock = self.case.machine.get("clock")
        prefix = []
        if clock:
            [library] = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
            # Not by its wrapper, whose semaphore is named by a process id, which worlds share.
            prefix = ["env", f"LD_PRELOAD={library}", f"FAKETIME={clock}",
                      "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_DISABLE_SHM=1"]
        start = time.monotonic()
        done = self.program(*prefix)("--json", *words, "doctor", *self.case.words, timeout=60)
        done.seconds = time.monotonic() - start
        return done

    @property
    def verbs(self):
        """What the servers were told."""
        path = self._folder / "internet.log"
        return path.read_text(encoding="utf-8").split("\n") if path.exists() else []


def folder_for(base, name):
    path = pathlib.Path(base) / "".join(c if c.isalnum() else "-" for c in name)
    path.mkdir(parents=True)
    return path
