"""The store under faults: its driver, what stands in its folder, and a process that is
stopped at, or fails in, the system call one names (strace's injection)."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SENDOFF_BUILD", ROOT)).resolve()
MESSAGE = b"Subject: a message\n\n" + b"".join(b"line %d\n" % i for i in range(200))
PASSED = {"ASAN_OPTIONS": "detect_leaks=0"}  # leak detection needs the ptrace that strace has


class Store:
    """An outbox and what is done to it by tests/fault/outbox-driver."""

    def __init__(self, folder):
        self.path = folder / "outbox"
        self.server = folder / "server"
        self.driver = BUILD / "tests" / "fault" / "outbox-driver"

    def argv(self, *words):
        return [str(self.driver), str(self.path), *map(str, words)]

    def call(self, *words, stdin=MESSAGE, prefix=(), timeout=60):
        return subprocess.run([*prefix, *self.argv(*words)], input=stdin, capture_output=True,
                              timeout=timeout, env={**os.environ, **PASSED})

    def ok(self, *words, **more):
        done = self.call(*words, **more)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().split("\n")[:-1]

    def entries(self):
        return sorted(entry.name for entry in (self.path / "entries").glob("*"))

    def litter(self):
        return sorted(entry.name for entry in (self.path / "tmp").glob("*"))

    def received(self):
        """How often each recipient of each entry was accepted by the server."""
        lines = self.server.read_text().split("\n")[:-1] if self.server.exists() else []
        return {line: lines.count(line) for line in lines}

    def copy_to(self, folder):
        """The same outbox again, for the next way to stop."""
        other = Store(folder)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.path.parent, folder, symlinks=True)
        return other


def system_calls(store, *words, log, stdin=MESSAGE):
    """[(name, how many of that name so far)] of a run, from the first that is about the outbox."""
    done = store.call(*words, stdin=stdin, prefix=("strace", "-o", str(log)))
    assert done.returncode == 0, done.stderr.decode()
    count, calls, started = {}, [], False
    for line in log.read_text(errors="replace").split("\n"):
        called = re.match(r"(\w+)\(", line)
        if not called:
            continue
        name = called[1]
        count[name] = count.get(name, 0) + 1
        started = started or str(store.path) in line and name != "execve"
        if started:
            calls.append((name, count[name], line))
    return calls


def injected(what, name, number, log):
    return ("strace", "-o", str(log), "-e", f"inject={name}:{what}:when={number}")


@pytest.fixture
def store(tmp_path):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    store = Store(tmp_path / "original")
    store.path.parent.mkdir()
    assert store.ok("list") == []
    return store
