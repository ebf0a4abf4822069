"""The system's outbox: root's, open to a group, nothing set-uid."""

import os
import pathlib
import shutil
import stat
import tempfile

import pytest

from support.program import BUILD, Program
from support.servers import wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="one process is root, another is not")

GROUP = 60007  # nobody's
MEMBER, OTHER, STRANGER = 60001, 60002, 60003
MESSAGE = b"Subject: from a daemon\n\nsecret body\n"


class Machine:
    def __init__(self, home, sandbox, folder):
        self.home, self.folder = home, folder
        self.spool = folder / "spool"
        self.spool.mkdir()
        os.chown(self.spool, 0, GROUP)
        self.spool.chmod(0o3770)
        for name in ("sendoff", "sendoff-main"):
            shutil.copy(BUILD / name, folder)
        # Root alone may run this; it stands for a credential of systemd.
        password = folder / "password"
        password.write_text(f"#!/bin/sh\necho '{sandbox.password}'\n")
        password.chmod(0o700)
        config = folder / "config"
        config.write_text(f"[defaults]\noutbox = {self.spool}\n\n" + sandbox.config(
            **{"rewrite-from": "when-foreign", "password-command": password}))
        config.chmod(0o644)

    def program(self, uid, groups):
        words = ["setpriv", f"--reuid={uid}", f"--regid={uid}"]
        words += [f"--groups={groups}"] if groups else ["--clear-groups"]
        program = Program(self.home, "sendoff", words if uid else [])
        program.path = self.folder / "sendoff"
        env = {} if uid == 0 else {"XDG_STATE_HOME": None, "XDG_CONFIG_HOME": None,
                                   "HOME": "/nonexistent"}

        def call(*arguments, **how):
            return program("--config", self.folder / "config", *arguments, env=env, cwd="/", **how)
        return call

    def entries(self):
        return list((self.spool / "entries").iterdir())


@pytest.fixture
def machine(home, sandbox):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sendoff-system.", dir="/tmp"))
    folder.chmod(0o755)
    yield Machine(home, sandbox, folder)
    shutil.rmtree(folder)


def test_a_member_puts_in_and_root_sends(machine, sandbox):
    root, member = machine.program(0, ""), machine.program(MEMBER, GROUP)
    root("outbox", "list", status=0)  # makes it
    for folder in ("", "entries", "tmp"):
        found = (machine.spool / folder).stat()
        assert (found.st_uid, found.st_gid) == (0, GROUP)
        assert stat.S_IMODE(found.st_mode) == 0o3770, folder
    member("sendmail", "-i", "a@example.org", input=MESSAGE, status=0)
    [entry] = machine.entries()
    assert entry.stat().st_uid == MEMBER and stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert sandbox.deliveries() == []
    root("retry", status=0)
    [delivery] = wait_for(sandbox.deliveries, 15)
    assert delivery["recipients"] == ["a@example.org"]
    assert machine.entries() == []


def test_a_member_neither_reads_nor_removes_nor_sees_the_password(machine):
    root, member = machine.program(0, ""), machine.program(MEMBER, GROUP)
    other = machine.program(OTHER, GROUP)
    root("outbox", "list", status=0)
    other("sendmail", "-i", "a@example.org", input=MESSAGE, status=0)
    [entry] = machine.entries()
    for words in (["cat", entry], ["rm", "-f", entry], ["mv", entry, machine.spool / "entries/x"],
                  ["cat", machine.folder / "password"], ["touch", machine.spool / "accounts/x"]):
        prefix = ["setpriv", f"--reuid={MEMBER}", f"--regid={MEMBER}", f"--groups={GROUP}"]
        assert os.spawnvp(os.P_WAIT, "setpriv", [*prefix, *map(str, words)]) != 0, words
    assert machine.entries() == [entry]
    for words in (["retry"], ["outbox", "list"], ["sendmail", "-bp"], ["send", "a@b.example"]):
        done = member(*words, status=73)
        assert "is the system's" in done.err and "sendoff setup" in done.err
    assert "queued" in root("outbox", "list", status=0).out


def test_a_stranger_is_refused(machine):
    machine.program(0, "")("outbox", "list", status=0)
    done = machine.program(STRANGER, "")("sendmail", "-i", "a@b.example", input=MESSAGE, status=73)
    assert "cannot open the outbox" in done.err and "Permission denied" in done.err
    assert machine.entries() == []


@pytest.mark.parametrize("mode", [0o770, 0o3777, 0o1777])
def test_another_mode_is_refused(machine, mode):
    machine.program(0, "")("outbox", "list", status=0)
    machine.spool.chmod(mode)
    done = machine.program(MEMBER, GROUP)("sendmail", "a@b.example", input=MESSAGE, status=73)
    assert "belongs to another user" in done.err
    assert "has mode" in machine.program(0, "")("outbox", "list", status=73).err


def test_before_root_has_made_it(machine):
    """Nothing is made by who may only put in."""
    done = machine.program(MEMBER, GROUP)("sendmail", "a@b.example", input=MESSAGE)
    assert done.status == 73 and list(machine.spool.iterdir()) == []
