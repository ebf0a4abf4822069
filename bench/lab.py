"""What a measurement needs: the server, a program run and weighed, packages of one's own.

Everything lives in one temporary folder; nothing is installed.  A peer's package is taken
with `apt-get download` and unpacked there, because some of them would replace the
system's mail server; those that insist on their places run in a Root, a private mount
namespace with the package laid over /usr and /etc.
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "fault"))
import hostile_certs  # noqa: E402

ADDRESS, PEER, PASSWORD = "me@example.org", "you@example.org", "abcd-efgh-ijkl-mnop"


class Server:
    """bench/server with its control pipe."""

    def __init__(self, build, certificate, *options):
        self.build = build
        self.process = subprocess.Popen(
            [os.path.join(build, "bench", "server"), "--certificate", certificate,
             "--password", PASSWORD, "--digest", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ports = json.loads(self.process.stdout.readline())
        self.port, self.tls_port = ports["port"], ports["tls_port"]

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def delay(self, milliseconds):
        self.ask("delay %s" % milliseconds)

    def stats(self):
        """The counters, once the last connection has closed."""
        for _ in range(200):
            if self.ask("peek")["open"] == 0:
                break
            time.sleep(0.005)
        return self.ask("stats")

    def wait_for(self, messages, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.ask("peek")["messages"] < messages:
            time.sleep(0.05)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


@dataclass
class Run:
    """One run of a program: user and system time of it and its children, and what came."""
    code: int
    wall_ms: float
    cpu_ms: float
    peak_kib: int
    stats: dict
    out: str


def measure(server, command, *, stdin=None, env=None, until=0, seconds=120):
    """Runs a program to its end, or (until) until so many messages have come."""
    server.ask("stats")
    source = open(stdin, "rb") if stdin else subprocess.DEVNULL
    reader, writer = os.pipe()
    weigh = [os.path.join(server.build, "bench", "weigh"), str(writer)]
    child = subprocess.Popen(weigh + command, stdin=source, env=env, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, pass_fds=[writer])
    os.close(writer)
    if until:
        server.wait_for(until, seconds)
        child.send_signal(signal.SIGTERM)
    out = child.communicate(timeout=10 * seconds)[0].decode(errors="replace")
    with os.fdopen(reader) as pipe:
        weight = json.loads(pipe.readline())
    if stdin:
        source.close()
    return Run(stats=server.stats(), out=out, **weight)


def best(runs, field):
    """The least: whatever else the machine does only ever adds."""
    return min(getattr(run, field) for run in runs)


class Packages:
    """Debian packages unpacked in a folder of their own."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def unpack(self, name):
        """The folder with the package's files; "" if it cannot be had."""
        place = os.path.join(self.folder, name)
        if os.path.isdir(place):
            return place
        subprocess.run(["apt-get", "download", "-q", name], cwd=self.folder, timeout=120,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        files = glob.glob(os.path.join(self.folder, name + "_*.deb"))
        if not files:
            return ""
        subprocess.run(["dpkg", "-x", files[0], place], check=True, timeout=60)
        return place

    def program(self, name, path):
        """A program of the package: the system's own where it is installed."""
        found = shutil.which(os.path.basename(path))
        if found:
            return found
        place = self.unpack(name)
        return os.path.join(place, path) if place else ""


class Root:
    """A private root: packages and files of ours over the system's /usr and /etc."""

    SETUP = """set -e
    mount -t overlay overlay -o "lowerdir=$1:/usr" "$3/usr"
    mount -t overlay overlay -o "lowerdir=$2:/etc" "$3/etc"
    mount --rbind /dev "$3/dev"
    mount -t proc proc "$3/proc"
    mount --bind "$4" "$3$4"
    root=$3; shift 4
    exec chroot "$root" "$@"
    """

    def __init__(self, folder, work, package):
        self.folder, self.work, self.package = folder, work, package
        self.etc = os.path.join(folder, "own-etc")
        for name in ("usr", "etc", "dev", "proc", "tmp", "var/spool", "var/lib", "var/log",
                     "own-etc", work.lstrip("/")):
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        for name in ("bin", "sbin", "lib", "lib64", "lib32", "libx32"):
            if os.path.islink("/" + name):
                os.symlink("usr/" + name, os.path.join(folder, name))
        self._accounts()

    def _accounts(self):
        """The users a package's installation would have made."""
        for name, lines in (("passwd", ["postfix:x:64001:64001::/var/spool/postfix:/bin/false"]),
                            ("group", ["postfix:x:64001:", "postdrop:x:64002:"])):
            with open("/etc/" + name) as file:
                text = file.read()
            known = {line.split(":")[0] for line in text.splitlines()}
            more = [line for line in lines if line.split(":")[0] not in known]
            self.write(name, text + "".join(line + "\n" for line in more))

    def write(self, name, text, mode=0o644):
        """A file under this root's /etc."""
        path = os.path.join(self.etc, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)

    def path(self, name):
        return os.path.join(self.folder, name.lstrip("/"))

    def command(self, *command):
        etc = ":".join(place for place in (self.etc, os.path.join(self.package, "etc"))
                       if os.path.isdir(place))
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", self.SETUP, "sh",
                os.path.join(self.package, "usr"), etc, self.folder, self.work, *command]

    def run(self, *command, **more):
        return subprocess.run(self.command(*command), stdout=subprocess.PIPE, timeout=120,
                              stderr=subprocess.STDOUT, check=False, **more)
