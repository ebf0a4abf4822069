"""The delivery log: one line a delivery, with msmtp's fields, and `sendoff log`."""

import fcntl
import os
import shlex
import stat

import pytest

from support.servers import wait_for


@pytest.fixture
def log(home):
    return home.outbox.parent / "log"


def fields(line):
    time, *rest = shlex.split(line)
    return {"time": time, **dict(word.split("=", 1) for word in rest)}


def test_a_line_for_each_answer(account, sandbox, log):
    account("send", "a@example.org", "nosuch@example.org", "b@example.org", "-m", "x", status=69)
    account("test", status=0)
    first, second, third = [fields(line) for line in log.read_text().splitlines()]
    assert first["recipients"] == "a@example.org,b@example.org"
    assert (first["outcome"], first["smtpstatus"], first["exitcode"]) == ("accepted", "250",
                                                                          "EX_OK")
    assert first["smtpmsg"].startswith("250 ")
    assert second["recipients"] == "nosuch@example.org" and second["smtpstatus"] == "550"
    assert second["outcome"] == "rejected"
    assert third["from"] == "me@icloud.com" and third["host"] == sandbox.host
    assert third["tls"] == third["auth"] == "on"
    assert stat.S_IMODE(os.stat(log).st_mode) == 0o600
    assert sandbox.password not in log.read_text()


def test_shown_filtered_and_as_json(account, sandbox, log):
    assert "Nothing is on record" in account("log", status=0).err
    for to in ("a@example.org", "nosuch@example.org", "tempfail@example.org"):
        account("send", to, "-m", "x")
    shown = account("log", status=0).out
    assert "a@example.org" in shown and "User unknown" in shown and "refused" in shown
    result = account("--json", "log", status=0)
    assert result.result["deliveries"] == 3
    assert [one["status"] for one in result.json[:-1]] == ["accepted", "rejected", "deferred"]
    assert result.json[1]["code"] == 550 and result.json[1]["to"] == ["nosuch@example.org"]
    assert account("--json", "log", "--to", "nosuch", status=0).result["deliveries"] == 1
    assert account("--json", "log", "-n", "2", status=0).result["deliveries"] == 2
    assert account("--json", "log", "--since", "2100-01-01", status=0).result["deliveries"] == 0
    assert account("--json", "log", "--since", "2020-01-01", status=0).result["deliveries"] == 3
    assert account("--json", "--account", "other", "log", status=0).result["deliveries"] == 0
    assert "is not a value" in account("log", "--since", "yesterday", status=64).err
    account("log", "word", status=64)


def test_a_server_cannot_write_lines_of_its_own(account, sandbox, log):
    sandbox.rule(mail="550 5.7.1 no' smtpstatus=250 outcome=accepted recipients='x \x1b[31m")
    account("send", "a@example.org", "-m", "x", status=69)
    [line] = log.read_text().splitlines()
    assert fields(line)["outcome"] == "rejected" and "\x1b" not in line


def test_rotated_by_size_and_foreign_lines_passed_over(account, log):
    log.parent.mkdir(parents=True, exist_ok=True)
    account("send", "a@example.org", "-m", "x", status=0)
    line = log.read_text()
    log.write_text("no line of ours\n'\n" + line * (1024 * 1024 // len(line) + 1))
    log.chmod(0o600)
    account("send", "b@example.org", "-m", "x", status=0)
    assert log.read_text().count("\n") == 1
    assert (log.parent / "log.1").exists()
    assert account("--json", "log", "-n", "0", status=0).result["deliveries"] > 1000


def test_a_log_that_cannot_be_written_stops_no_mail(account, sandbox, log):
    log.mkdir(parents=True)
    done = account("send", "a@example.org", "-m", "x", status=0)
    assert len(sandbox.deliveries()) == 1
    assert "log" in account("test", status=0).err
    assert done.status == 0


def test_one_who_comes_late_does_not_rotate_again(account, sandbox, log):
    """Another process has found it full, too, and was quicker."""
    account("test", status=0)
    log.write_text("x" * (1 << 20) + "\n")
    log.chmod(0o600)
    with open(log, "rb") as full:
        fcntl.flock(full, fcntl.LOCK_EX)
        sender = account.start("send", "a@example.org", "-m", "x")
        sandbox.wait_for(2)
        wait_for(lambda: is_waiting(sender.pid))
        log.rename(log.with_name("log.1"))
        log.touch(0o600)
    assert sender.wait(20) == 0
    assert log.with_name("log.1").stat().st_size > 1 << 20
    assert len(log.read_text().splitlines()) == 1


def is_waiting(group):
    """A process of the group waits for a lock of flock(2)."""
    with open("/proc/locks") as locks:
        waiting = [line.split() for line in locks if "->" in line and "FLOCK" in line]
    return any(os.getpgid(int(words[5])) == group for words in waiting if words[5] != "-1")
