"""kill -9 at every system call of an import that moves: the message is in the outbox once, and its
file is gone only then."""

import os
import re
import shutil
import subprocess

import pytest

from conftest import BUILD, PASSED, injected

CONFIG = "[account icloud]\npreset = icloud\naddress = me@icloud.com\n"
MESSAGE = b"From: me@icloud.com\nTo: you@example.org\nBcc: b@example.org\nSubject: x\n\nhello\n"


class Place:
    """A home with a message to be imported, and what is done there."""

    def __init__(self, path):
        self.path = path
        self.source = path / "queue" / "1.eml"
        self.outbox = path / "outbox"

    def fill(self):
        self.source.parent.mkdir(parents=True)
        self.source.write_bytes(MESSAGE)
        config = self.path / "config"
        config.write_text(CONFIG)
        config.chmod(0o600)
        return self

    def run(self, prefix=()):
        # The same words in every place, so that every run makes the same calls.
        env = {**os.environ, **PASSED, "HOME": str(self.path), "SENDOFF_OUTBOX": "outbox",
               "LANG": "C.UTF-8"}
        return subprocess.run(
            [*prefix, BUILD / "sendoff", "--config", "config", "outbox", "import", "--move",
             "queue"],
            cwd=self.path, env=env, capture_output=True, timeout=60)

    def entries(self):
        return sorted(path.name for path in self.outbox.glob("entries/*"))


@pytest.fixture
def calls(tmp_path):
    """[(name, how many of that name so far, line)] from the first that is about the outbox."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    log = tmp_path / "calls"
    assert Place(tmp_path / "rehearsal").fill().run(("strace", "-o", str(log))).returncode == 0
    count, found = {}, []
    for line in log.read_text(errors="replace").splitlines():
        called = re.match(r"(\w+)\(", line)
        if called:
            count[called[1]] = count.get(called[1], 0) + 1
            if found or ("outbox" in line and called[1] != "execve"):
                found.append((called[1], count[called[1]], line))
    return [call for call in found if call[0] not in ("close", "fstat", "newfstatat", "mmap",
                                                      "munmap", "brk", "futex", "getrandom")]


def test_import(calls, tmp_path):
    states = set()
    for name, number, line in calls:
        shutil.rmtree(tmp_path / "place", ignore_errors=True)
        place = Place(tmp_path / "place").fill()
        done = place.run(injected("signal=KILL", name, number, tmp_path / "log"))
        if name == "exit_group":
            continue
        assert done.returncode in (-9, 137), f"not stopped in {line}"
        assert place.source.exists() or len(place.entries()) == 1, f"lost: {line}"
        again = place.run()
        assert again.returncode == 0, again.stderr.decode()
        entry, = place.entries()
        states.add(entry.split(".")[0])
        assert not place.source.exists(), line
        # What may have come in before is held, and said to be: only before the commit.
        assert entry.startswith("queued.") or entry.startswith("held-uncertain."), line
    assert states == {"queued", "held-uncertain"}
