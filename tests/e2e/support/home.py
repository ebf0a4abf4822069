"""A home of its own for a test: folders, environment, configuration file."""

import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
KEYRING_RUN = ROOT / "tests" / "sandbox" / "keyring-run"
SERVICE = "/org/freedesktop/secrets"
COLLECTION = SERVICE + "/collection/login"

# What a test inherits from the machine.  Everything else is set here or by the test.
KEPT = ("PATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "CI")


class Home:
    """HOME and the XDG folders, and the environment that names them (`env`)."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.config = self.path / ".config"
        self.data = self.path / ".local" / "share"
        self.state = self.path / ".local" / "state"
        self.cache = self.path / ".cache"
        for folder in (self.config, self.data, self.state, self.cache):
            folder.mkdir(parents=True, exist_ok=True)
        # Sockets live here, so the path has to be short.
        self.runtime = pathlib.Path(tempfile.mkdtemp(prefix="sendoff-run.", dir="/tmp"))
        self.env = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.env.update(
            HOME=str(self.path),
            XDG_CONFIG_HOME=str(self.config),
            XDG_DATA_HOME=str(self.data),
            XDG_STATE_HOME=str(self.state),
            XDG_CACHE_HOME=str(self.cache),
            XDG_RUNTIME_DIR=str(self.runtime),
            LANG="C.UTF-8",
            TZ="UTC",
        )

    @property
    def config_file(self):
        return self.config / "sendoff" / "config"

    @property
    def outbox(self):
        return self.state / "sendoff" / "outbox"

    def write_config(self, text, mode=0o600):
        self.config_file.parent.mkdir(mode=0o700, exist_ok=True)
        self.config_file.write_text(text, encoding="utf-8")
        self.config_file.chmod(mode)
        return self.config_file

    def files(self):
        """Every regular file under the home, for tests of what was written."""
        return [path for path in self.path.rglob("*") if path.is_file()]

    def remove(self):
        shutil.rmtree(self.runtime, ignore_errors=True)


class Keyring:
    """An unlocked keyring on a session bus of its own; `home.env` then names that bus."""

    def __init__(self, home, service=True, locked=False):
        self.home = home
        options = ["--locked"] if locked else [] if service else ["--no-service"]
        # The command ends with our end of its input, also when the test was killed.
        self._process = subprocess.Popen(
            [KEYRING_RUN, "--home", home.path, *options, "sh", "-c",
             'echo "$XDG_RUNTIME_DIR $DBUS_SESSION_BUS_ADDRESS"; exec cat'],
            env=home.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        words = self._process.stdout.readline().split()
        if len(words) != 2:
            raise RuntimeError(f"no keyring: {self._process.communicate()[1]}")
        home.env["XDG_RUNTIME_DIR"], home.env["DBUS_SESSION_BUS_ADDRESS"] = words

    def tool(self, *arguments, password=None):
        return subprocess.run(["secret-tool", *arguments], env=self.home.env, timeout=20,
                              input=password, capture_output=True, text=True)

    def store(self, host, user, password, service="smtp"):
        """As sendoff (and msmtp) would keep it."""
        done = self.tool("store", "--label", f"{user} at {host}", "host", host,
                         "service", service, "user", user, password=password)
        assert done.returncode == 0, done.stderr

    def lookup(self, host, user, service="smtp"):
        return self.tool("lookup", "host", host, "service", service, "user", user).stdout

    def _call(self, path, method, *arguments):
        return subprocess.run(["gdbus", "call", "--session", "--dest", "org.freedesktop.secrets",
                               "--object-path", path, "--method", method, *arguments],
                              env=self.home.env, timeout=20, capture_output=True, text=True,
                              check=True).stdout

    @property
    def locked(self):
        return "true" in self._call(COLLECTION, "org.freedesktop.DBus.Properties.Get",
                                    "org.freedesktop.Secret.Collection", "Locked")

    def lock(self):
        """Something has to be stored before: an empty keyring has no collection."""
        self._call(SERVICE, "org.freedesktop.Secret.Service.Lock", f"[objectpath '{COLLECTION}']")
        assert self.locked

    def stop(self):
        if self._process.poll() is None:
            self._process.communicate(timeout=20)
