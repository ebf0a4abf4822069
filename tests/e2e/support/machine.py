"""A machine to install things on: users, crontabs, services and a network of its own.

A namespace in which /run, /home, /opt, the crontabs and the list of users are private.
One user, `me`, whose home is /home/me; the build is /opt/sendoff.  What runs in it ends with it.
"""

import datetime
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from .clock import clock
from .home import ROOT
from .namespace import NoNamespaces, hold
from .program import BUILD, Result
from .servers import wait_for

USER = 1000

# Mounts, then waits: $1 the folder of files for it, $2 the build, $3 the sources, $4 whether
# /usr/sbin/sendmail is to be ours.
HOLDER = """set -e
ip link set lo up
mount -t tmpfs -o mode=755 none /run
mkdir -p /run/user/1000 /run/lock /run/systemd/unit-root
chmod 700 /run/user/1000
mount -t tmpfs -o mode=1777 none /dev/shm
mount -t tmpfs -o mode=755 none /home
mkdir /home/me
mount -t tmpfs -o mode=755 none /opt
mkdir /opt/sendoff /opt/source
mount --bind "$2" /opt/sendoff
mount --bind "$3" /opt/source
mount --bind "$1/passwd" /etc/passwd
if [ -d /var/spool/cron/crontabs ]; then
  mount -t tmpfs -o mode=1730 none /var/spool/cron/crontabs
  chgrp crontab /var/spool/cron/crontabs
fi
mkdir -p "$1/cron.d"
if [ -d /etc/cron.d ]; then mount --bind "$1/cron.d" /etc/cron.d; fi
if [ -e /etc/crontab ]; then mount --bind /dev/null /etc/crontab; fi
if [ -n "$4" ]; then
  mkdir -p /run/sbin/upper /run/sbin/work
  mount -t overlay -o lowerdir=/usr/sbin,upperdir=/run/sbin/upper,workdir=/run/sbin/work \
    overlay /usr/sbin
  ln -sf /opt/sendoff/sendoff /usr/sbin/sendmail
fi
chown -R 1000:1000 /home/me /run/user/1000
echo ready
exec cat
"""

BUS_SOCKET = "run/user/1000/bus"
BUS_ENV = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path=/{BUS_SOCKET}"}
BUS = f"""<busconfig>
  <type>session</type>
  <listen>unix:path=/{BUS_SOCKET}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""

# A cgroup of its own, then the manager; $1 is what it says into.
MANAGER = """set -e
mkdir -p /run/systemd/system
umount -R /sys/fs/cgroup 2>/dev/null || :
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$1/init"
echo $$ >"/sys/fs/cgroup/$1/init/cgroup.procs"
exec unshare -C sh -c '
  umount /sys/fs/cgroup
  mount -t cgroup2 none /sys/fs/cgroup
  chown -R 1000 /sys/fs/cgroup
  exec setpriv --reuid=1000 --regid=1000 --clear-groups \
    /lib/systemd/systemd --user --log-target=null'
"""


class Machine:
    def __init__(self, sendmail=False):
        if os.geteuid() != 0:
            raise NoNamespaces("only root can have several users and mounts in it")
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="sendoff-machine.", dir="/tmp"))
        self._folder.chmod(0o755)
        users = pathlib.Path("/etc/passwd").read_text(encoding="utf-8").splitlines()
        users = [line for line in users if line.split(":")[2] != str(USER)]
        (self._folder / "passwd").write_text(
            "\n".join([*users, f"me:*:{USER}:{USER}::/home/me:/bin/sh", ""]))
        try:
            self._process, holder = hold(
                ["unshare", "-n", "-m", "-p", "--fork", "--kill-child", "--mount-proc",
                 "sh", "-c", HOLDER, "sh", self._folder, BUILD, ROOT,
                 "yes" if sendmail else ""])
        except NoNamespaces:
            self.stop()
            raise
        self.prefix = ["nsenter", "-t", holder, "-n", "-m", "-p", "--"]
        self.root = pathlib.Path(f"/proc/{holder}/root")
        self.home = self.root / "home" / "me"
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/home/me", "USER": "me",
                    "LANG": "C.UTF-8", "TZ": "UTC", "XDG_RUNTIME_DIR": "/run/user/1000"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self._started = []
        self._has_manager = False

    def as_user(self, command, env=None):
        merged = {**self.env, **(env or {})}
        words = [f"{name}={value}" for name, value in merged.items() if value is not None]
        return [*self.prefix, "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
                "env", "-i", "-C", "/home/me", *words, *map(str, command)]

    def run(self, *command, env=None, status=None, timeout=60, input=""):
        """As the user."""
        start = time.monotonic()
        command = self.as_user(command, env)
        done = subprocess.run(command, capture_output=True, timeout=timeout, input=input.encode())
        result = Result(command, done.returncode, done.stdout, done.stderr,
                        time.monotonic() - start)
        assert status is None or result.status == status, str(result)
        return result

    def sendoff(self, *arguments, **options):
        return self.run("/opt/sendoff/sendoff", *arguments, **options)

    def start(self, command):
        """In the background, until the machine ends."""
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self._started.append(process)
        return process

    def start_keyring(self):
        """On the user's bus, which is the service manager's or one of its own."""
        if not (self.root / BUS_SOCKET).exists():
            # It starts no services by itself: a second keyring would be a locked one.
            (self._folder / "bus.conf").write_text(BUS)
            self.start(self.as_user(["dbus-daemon", f"--config-file={self._folder}/bus.conf",
                                     "--nofork", "--nopidfile", "--nosyslog"]))
            wait_for((self.root / BUS_SOCKET).exists)
        self.start(self.as_user(["sh", "-c", "echo x | exec gnome-keyring-daemon --foreground "
                                 "--unlock --components=secrets"], BUS_ENV))
        self.run("gdbus", "wait", "--session", "--timeout", "20", "org.freedesktop.secrets",
                 env=BUS_ENV, status=0)

    def store(self, host, user, password):
        self.run("secret-tool", "store", "--label", "mail", "host", host, "service", "smtp",
                 "user", user, input=password, status=0, env=BUS_ENV)

    def start_systemd(self):
        """The user's service manager; NoNamespaces where it cannot run."""
        # A service is not allowed what a leak detector needs.
        env = {**self.env, **BUS_ENV, "ASAN_OPTIONS": "detect_leaks=0"}
        words = [f"{name}={value}" for name, value in env.items()]
        group = self._folder.name
        process = self.start([*self.prefix, "env", "-i", *words, "sh", "-c", MANAGER, "sh", group])
        try:
            wait_for(lambda: process.poll() is not None
                     or self.run("systemctl", "--user", "is-system-running").out.strip()
                     in ("running", "degraded"))
        except AssertionError:
            process.kill()
        if process.poll() is not None:
            raise NoNamespaces("no service manager of a user can be started here")
        self._has_manager = True

    def start_cron(self):
        """A cron whose clock is about to come to a full minute: at those it wakes."""
        almost = datetime.datetime.now(datetime.timezone.utc).replace(second=57)
        env = clock(almost.strftime("@%Y-%m-%d %H:%M:%S"), monotonic=True)
        self.start([*self.prefix, "env", "TZ=UTC", *(f"{name}={env[name]}" for name in env),
                    "cron", "-f"])

    def write(self, path, text, mode=0o600):
        """A file of the user's, below the home."""
        file = self.home / path
        for folder in reversed([file, *file.parents]):
            if self.home in folder.parents and folder != file and not folder.exists():
                folder.mkdir(mode=0o700)
                os.chown(folder, USER, USER)
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)
        os.chown(file, USER, USER)
        return file

    def stop(self):
        if getattr(self, "_has_manager", False):
            # What it made in /tmp for a service it takes away when that ends, and only then.
            self.run("systemctl", "--user", "stop", "sendoff.service")
        process = getattr(self, "_process", None)
        if process and process.poll() is None:
            process.communicate(timeout=20)
        for started in getattr(self, "_started", []):
            started.wait(timeout=20)
        # Others come and go meanwhile: os.walk() passes over what is gone.
        for folder, inner, _ in list(os.walk("/sys/fs/cgroup")):
            if self._folder.name in inner:
                ours = os.path.join(folder, self._folder.name)
                for path, _, _ in list(os.walk(ours, topdown=False)):
                    os.rmdir(path)
        shutil.rmtree(self._folder, ignore_errors=True)
