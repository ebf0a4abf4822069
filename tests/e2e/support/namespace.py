"""A network namespace: loopback and nothing else, and an /etc/hosts of its own.

What runs in it ends with it: it has its own process ids, and they are ended with the
first of them, which waits on a pipe of ours.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile


class NoNamespaces(Exception):
    """Why this machine (or this user) cannot have one."""


# The first process: says that it is ready, then lives as long as its input.
HOLDER = 'ip link set lo up && mount --bind "$1" /etc/hosts && echo ready && exec cat'


def _unshare(many_users):
    command = ["unshare", "-n", "-m", "-p", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() == 0:
        return command
    if many_users:
        if not shutil.which("newuidmap"):
            raise NoNamespaces("not root, and no newuidmap (package uidmap) for several users")
        return [*command, "-U", "--map-root-user", "--map-auto"]
    return [*command, "-U", "--map-root-user"]


def hold(command, **options):
    """Starts what says "ready" and then lives as long as its input; the process, and the id of
    the first one inside."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, **options)
    if process.stdout.readline() != "ready\n":
        raise NoNamespaces(process.communicate()[1].strip() or "unshare failed")
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return process, children.read_text(encoding="ascii").split()[0]


def up_for_a_day():
    """What goes before a command for which this machine, however fresh, has been up that long."""
    prefix = ["unshare", "-T", "--boottime", "86400", "--monotonic", "86400", "--fork"]
    done = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoNamespaces(done.stderr.strip())
    return prefix


class Namespace:
    """`prefix` is what goes before a command to run it inside."""

    def __init__(self, many_users=False):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="sendoff-net.", dir="/tmp"))
        self._hosts = self._folder / "hosts"
        self.hosts({})
        try:
            self._process, holder = hold(
                [*_unshare(many_users), "sh", "-c", HOLDER, "sh", self._hosts],
                env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"})
        except NoNamespaces:
            self.stop()
            raise
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        self.prefix = ["nsenter", "-t", holder, "-n", "-m", "-p", *user, "--"]

    def hosts(self, names):
        """Names and their addresses, over those of the machine.  May be called again."""
        lines = ["127.0.0.1 localhost", "::1 localhost",
                 *(f"{address} {name}" for name, address in names.items())]
        # Written in place: the bind mount shows this file, not its name.
        with open(self._hosts, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")

    def run(self, *command, **options):
        return subprocess.run([*self.prefix, *command], timeout=30, capture_output=True,
                              text=True, check=True, **options)

    def nft(self, rules):
        """Packet filter rules of a chain that sees what leaves: "tcp dport 587 drop"."""
        table = "\n".join(["table inet sendoff {", "chain out {",
                           "type filter hook output priority 0", *rules, "}", "}", ""])
        return self.run("nft", "-f", "-", input=table)

    def stop(self):
        process = getattr(self, "_process", None)
        if process and process.poll() is None:
            process.communicate(timeout=20)
        shutil.rmtree(self._folder, ignore_errors=True)
