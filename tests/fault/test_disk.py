"""Disks that are full, out of inodes or quota, broken, read-only, or lose power.

The new message is refused with the right exit status, what was there is not harmed, and
nothing is half visible.
"""

import contextlib
import fcntl
import os
import shutil
import struct
import subprocess
import time

import pytest

from conftest import MESSAGE, Store, injected, system_calls

# Those that touch the disk; reading is faulted too.
DISK = ("openat", "write", "pwrite64", "pread64", "fsync", "renameat", "unlinkat", "mkdirat",
        "getdents64", "ftruncate")
EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
NO_LOG_FLUSH = 2


def refused(done):
    return done.returncode in (73, 74, 75) and b"\n" in done.stderr.strip()


@pytest.mark.parametrize("errno", ["EIO", "EDQUOT", "ENOSPC"])
def test_enqueue_fails_at_each_call(store, tmp_path, errno):
    there, = store.ok("enqueue")
    calls = system_calls(store.copy_to(tmp_path / "rehearsal"), "enqueue", log=tmp_path / "calls")
    told = set()
    for name, number, line in calls:
        if name not in DISK or "write(1," in line:
            continue
        copy = store.copy_to(tmp_path / "copy")
        start = time.monotonic()
        done = copy.call("enqueue", prefix=injected(f"error={errno}", name, number, tmp_path / "log"))
        assert time.monotonic() - start < 2, line
        assert refused(done), f"{done.returncode} for {line}: {done.stderr.decode()}"
        assert done.stdout == b"", line
        told.add(done.returncode)
        entry, = copy.entries()
        assert entry.endswith(there), f"half visible: {line}"
        assert copy.call("export", there).stdout == MESSAGE, line
        assert copy.litter() == [], line
    assert told == {74}


@pytest.mark.parametrize("mode", ["accept", "partial", "reject"])
@pytest.mark.parametrize("errno", ["EIO", "ENOSPC"])
def test_send_fails_at_each_call(store, tmp_path, errno, mode):
    """Whatever cannot be written down: nobody gets it twice, and nothing is lost."""
    entry, = store.ok("enqueue")
    rehearsal = store.copy_to(tmp_path / "rehearsal")
    calls = system_calls(rehearsal, "run", mode, rehearsal.server, log=tmp_path / "calls")
    failures = 0
    for name, number, line in calls:
        if name not in DISK or entry + " a@" in line:
            continue
        copy = store.copy_to(tmp_path / "copy")
        done = copy.call("run", mode, copy.server,
                         prefix=injected(f"error={errno}", name, number, tmp_path / "log"))
        failures += done.returncode != 0
        said = done.stdout.decode() + "\n".join(copy.ok("run", mode, copy.server)
                                                + copy.ok("run", "accept", copy.server))
        received = copy.received()
        assert all(times == 1 for times in received.values()), f"sent twice: {line}"
        names = copy.entries()
        if "uncertain" in said:
            assert names[0].startswith("held-uncertain."), line
        elif mode == "reject":
            assert names[0].startswith("failed-refused.") and not received, line
        else:
            assert not names and len(received) == 2, f"lost: {line}"
    assert failures > 5


@contextlib.contextmanager
def mounted(folder, *how):
    folder.mkdir()
    done = subprocess.run(["mount", *how, str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot mount: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("limit", ["size=1m", "size=8m,nr_inodes=40"])
def test_full_disk(tmp_path, limit):
    """Filled to the brim with messages; then one is removed and there is room again."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", limit, "tmpfs") as disk:
        store, promised = Store(disk), []
        for _ in range(2000):
            start = time.monotonic()
            done = store.call("enqueue")
            assert time.monotonic() - start < 2
            if done.returncode:
                break
            promised += done.stdout.decode().split()
        assert done.returncode == 74 and b"No space left on device" in done.stderr
        assert sorted(name.rsplit(".", 1)[1] for name in store.entries()) == sorted(promised)
        assert store.litter() == []
        assert all(store.call("export", entry).stdout == MESSAGE for entry in promised[:20])
        # Sent entries leave a full disk; what cannot be written down is not said to be.
        said = store.ok("run", "accept", tmp_path / "server")
        assert said == [] and store.entries() == []
        assert store.ok("enqueue")


def test_verdicts_without_room(tmp_path):
    """Some recipients have it, and there is no room to write that down: never silently twice."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=1m", "tmpfs") as disk:
        store = Store(disk)
        store.server = tmp_path / "server"
        entry, = store.ok("enqueue")
        filler = disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        assert store.call("run", "partial", store.server).returncode == 74
        assert store.entries()[0].startswith("sending.")
        assert store.call("run", "accept", store.server).returncode == 74
        filler.unlink()
        assert store.ok("run", "accept", store.server) == [f"uncertain {entry}"]
        assert store.received() == {f"{entry} a@example.org": 1}


def test_read_only(tmp_path):
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=4m", "tmpfs") as disk:
        store = Store(disk)
        entry, = store.ok("enqueue")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        done = store.call("enqueue")
        assert done.returncode == 73 and b"Read-only file system" in done.stderr
        assert store.call("export", entry).stdout == MESSAGE
        done = Store(disk / "new").call("enqueue")
        assert done.returncode == 73 and b"Read-only file system" in done.stderr


def shut_down(folder):
    """What a power cut does to ext4: the journal is not flushed any more."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    finally:
        os.close(fd)


@pytest.fixture
def image(tmp_path):
    if os.geteuid() or not shutil.which("mkfs.ext4"):
        pytest.skip("needs root and mkfs.ext4")
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(16 * 1024 * 1024)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    return image


@contextlib.contextmanager
def powered(image, cut=True):
    """The disk, until the power goes."""
    with mounted(image.parent / "disk", "-o", "loop", str(image)) as disk:
        yield Store(disk)
        if cut:
            try:
                shut_down(disk)
            except OSError as problem:
                pytest.skip(f"EXT4_IOC_SHUTDOWN: {problem}")
    disk.rmdir()


def test_power_cut(image):
    """Right after exit 0, and right after a removal: 100 rounds, all there, none come back."""
    promised = set()
    for turn in range(100):
        with powered(image) as store:
            found = {name.rsplit(".", 1)[1] for name in store.entries()} if turn else set()
            assert found == promised, f"round {turn}"
            if turn % 4 == 3:
                store.ok("remove", promised.pop(), stdin=b"")
            promised |= set(store.ok("enqueue"))
    with powered(image, cut=False) as store:
        assert all(store.call("export", entry).stdout == MESSAGE for entry in promised)
        assert len(promised) == 75


def test_power_cut_after_verdicts(image):
    """Right after a run that one recipient of two accepted: that one never gets it again."""
    for turn in range(30):
        with powered(image) as store:
            store.server = image.parent / "server"
            store.ok("enqueue")
            assert store.ok("run", "accept" if turn % 3 == 2 else "partial", store.server) == []
    with powered(image, cut=False) as store:
        store.server = image.parent / "server"
        assert store.ok("run", "accept", store.server) == []
        assert store.entries() == []
        received = store.received()
        assert len(received) == 60 and set(received.values()) == {1}
