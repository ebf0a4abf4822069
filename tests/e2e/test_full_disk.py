"""send with an outbox on a disk that is too small: nothing is lost silently, nothing is left."""

import os
import subprocess

import pytest

from test_size import words

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("octets, says", [
    (30_000_000, "no room on the outbox's disk"),  # known beforehand
    (22_000_000, "No space left"),  # found out while the message is written
])
def test_no_room_to_pack_or_to_keep(account, sandbox, small_disk, tmp_path, octets, says):
    file = tmp_path / "big.txt"
    file.write_bytes(words(octets))
    env = {"SENDOFF_OUTBOX": small_disk / "outbox"}
    done = account("send", "a@example.org", "-m", "x", "-a", file, env=env, status=74)
    assert says in done.err or "No space left" in done.err
    assert "→" in done.err
    assert not sandbox.commands("MAIL")
    for folder in ("entries", "tmp", "attempts"):
        assert list((small_disk / "outbox" / folder).glob("*")) == []
    account("send", "a@example.org", "-m", "small", env=env, status=0)
    assert len(sandbox.deliveries()) == 1
