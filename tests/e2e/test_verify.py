"""sendoff test --verify: where the message landed, after how long, and that it is deleted again."""

import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import pytest

from support.mailbox import Mailbox
from support.servers import wait_for

ACCEPTED = re.compile(r"^< 250 .*queued as")


class Verified:
    """A run of `test --verify` with the time at which the server's 250 came in, by a clock of
    the test's own."""

    def __init__(self, program, *arguments):
        running = program.start("-v", "--json", "test", *arguments)
        self.accepted = None
        lines = []

        def read():
            for line in running.stderr:
                if self.accepted is None and ACCEPTED.match(line.decode()):
                    self.accepted = time.time()
                lines.append(line.decode())

        reader = threading.Thread(target=read)
        reader.start()
        self.out = running.stdout.read().decode()
        self.status = running.wait(60)
        reader.join()
        self.err = "".join(lines)
        objects = [json.loads(line) for line in self.out.splitlines()]
        self.result = objects[-1]
        self.verify = objects[0] if objects[0]["event"] == "verify" else None
        assert self.result["event"] == "result", self.err


def arrivals(twin, folder="", user=None):
    """When each message was put in the folder: the file's own time."""
    box = twin.mailbox(user) / (f".{folder}" if folder else "")
    return [path.stat().st_mtime for sub in ("new", "cur") for path in box.glob(f"{sub}/*")]


def queue_manager(twin):
    """The process that takes messages out of the twin's queue, by its working directory."""
    queue = pathlib.Path(twin.log).parent / "queue"
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (pathlib.Path(os.readlink(process / "cwd")) == queue
                    and b"qmgr" in (process / "cmdline").read_bytes().split(b"\0")[0]):
                return int(process.name)
        except OSError:
            continue
    raise AssertionError("no queue manager")


@pytest.fixture
def stopped_queue(twin):
    """Accepted is accepted, but nothing leaves the twin's queue until the function is called."""
    # It is there from the first message on.
    process = wait_for(lambda: queue_manager(twin))
    os.kill(process, signal.SIGSTOP)
    yield lambda: os.kill(process, signal.SIGCONT)
    os.kill(process, signal.SIGCONT)


# ±0.2 s is promised where nothing else runs; beside other tests a process waits for its turn.
MARGIN = 1.0 if "PYTEST_XDIST_WORKER" in os.environ else 0.2


def check_seconds(done, arrived):
    truth = max(arrived - done.accepted, 0)
    print(f"\nsaid {done.verify['seconds']:.2f} s, was {truth:.2f} s", end="")
    assert abs(done.verify["seconds"] - truth) <= MARGIN, done.verify


def test_delivered(twin_account, twin):
    done = Verified(twin_account, "--verify", "--keep")
    assert done.status == 0, done.err
    assert done.verify["status"] == "arrived"
    assert (done.verify["folder"], done.verify["use"]) == ("INBOX", "inbox")
    check_seconds(done, arrivals(twin)[0])
    assert done.verify["deleted"] is False
    assert done.verify["in_sent"] is False
    hops = done.verify["hops"]
    assert [hop["by"] for hop in hops][0] == "smtp.mail.me.com"
    assert all(abs(hop["seconds"]) <= 2 for hop in hops[1:])
    # Nobody signs in a test: no findings, and none are made up.
    assert done.verify["spf"] == done.verify["dkim"] == done.verify["dmarc"] == ""
    assert twin.password not in done.out + done.err


def test_in_junk(twin_account, twin):
    done = Verified(twin_account, "--verify", "--keep", twin.address.replace("@", "+Junk@"))
    assert done.status == 0, done.err
    assert (done.verify["folder"], done.verify["use"]) == ("Junk", "junk")
    check_seconds(done, arrivals(twin, "Junk")[0])


def test_in_the_folder_of_a_rule(twin_account, twin):
    done = Verified(twin_account, "--verify", twin.address.replace("@", "+Archive@"))
    assert (done.verify["folder"], done.verify["use"]) == ("Archive", "other")
    assert done.verify["deleted"] is True


def test_delayed(twin_account, twin, stopped_queue):
    timer = threading.Timer(8, stopped_queue)
    timer.start()
    done = Verified(twin_account, "--verify", "--keep")
    timer.join()
    assert done.status == 0, done.err
    assert done.verify["seconds"] > 7
    check_seconds(done, arrivals(twin)[0])
    # The servers' own clocks tell the same: the way from the queue to the mailbox took long.
    assert sum(hop.get("seconds", 0) for hop in done.verify["hops"]) >= 6


def test_never(twin_account, twin, stopped_queue):
    start = time.monotonic()
    done = twin_account("--json", "test", "--verify", "--timeout", 3, status=75)
    assert 3 <= time.monotonic() - start < 20
    verify, result = done.json
    assert verify["status"] == "missing"
    assert "folder" not in verify
    assert result["status"] == "sent"
    assert "not in the mailbox of" in result["error"] and result["remedy"]
    assert "not in the mailbox of" in done.err and "→" in done.err
    stopped_queue()
    wait_for(twin.messages)


def test_only_the_test_message_is_deleted(twin_account, twin):
    """Others stay, also one with the same subject, and one that was marked deleted before."""
    twin_account("test", status=0)
    first = wait_for(twin.messages)
    subprocess.run([*twin.namespace.prefix, "doveadm", "-c",
                    pathlib.Path(twin.imap_log).parent / "dovecot.conf", "flags", "add",
                    "-u", twin.user, "\\Deleted", "mailbox", "INBOX", "ALL"], check=True,
                   timeout=20)
    done = twin_account("--json", "test", "--verify", status=0)
    assert done.json[0]["deleted"] is True
    assert twin.messages() == first
    assert done.result["message_id"].encode() not in first[0]


def test_in_words(twin_account, twin):
    done = twin_account("test", "--verify", status=0)
    assert "Looking for it in the mailbox of" in done.err
    assert re.search(r"^Arrived in the inbox after \d+\.\d s\.$", done.out, re.M)
    assert "no copy in “Sent Messages”" in done.out
    assert done.out.rstrip().endswith("The test message has been deleted again.")
    assert not twin.messages()
    quiet = twin_account("-q", "test", "--verify", status=0)
    assert quiet.out == quiet.err == ""


def test_anothers_mailbox(twin_account, twin):
    done = twin_account("test", "--verify", "someone@example.org", status=0)
    words = " ".join(done.out.split())
    assert "cannot be proved" in words
    assert "Ask the receiver" in words
    assert "smtp.mail.me.com took the message at 20" in words
    done = twin_account("--json", "test", "--verify", "someone@example.org", status=0)
    assert done.json[0]["status"] == "unproven"


def test_the_mailbox_is_opened_before_anything_is_sent(home, twin_account, twin, keyring):
    keyring.store("imap.mail.me.com", twin.user, "wrong-wrong-wrong-wrong", "imap")
    done = twin_account("test", "--verify", status=77)
    assert "imap.mail.me.com refused the password" in done.err
    assert not twin.messages()


@pytest.mark.parametrize("options", [["--keep"], ["--timeout", "3"], ["--verify", "--timeout", "-1"],
                                     ["--verify", "--timeout", "4000"]])
def test_options_that_make_no_sense(account, sandbox, options):
    account("test", *options, status=64)
    assert not sandbox.commands()


def test_interrupted(twin_account, twin, stopped_queue):
    running = twin_account.start("test", "--verify")
    for line in running.stderr:
        if b"Looking for it" in line:
            break
    time.sleep(0.3)
    # What was started is nsenter, and the program its child.
    children = pathlib.Path(f"/proc/{running.pid}/task/{running.pid}/children")
    os.kill(int(children.read_text(encoding="ascii").split()[0]), signal.SIGINT)
    running.communicate(timeout=5)
    assert running.returncode in (-signal.SIGINT, 128 + signal.SIGINT)


# --- servers of another kind than the twin


@pytest.fixture
def mailbox(home, account, sandbox):
    box = Mailbox(sandbox)
    home.write_config("[defaults]\naccount = icloud\n\n" + sandbox.config(**box.keys()))
    yield box
    box.stop()


FINDINGS = ("Received: from smtp.example by p1.icloud.com (x); Wed, 25 Nov 2026 12:00:09 +0000\r\n"
            "Authentication-Results: dmarc.icloud.com; dmarc=pass header.from=icloud.com\r\n"
            "Authentication-Results: dkim-verifier.icloud.com; dkim=fail\r\n"
            "Authentication-Results: spf.icloud.com; spf=softfail\r\n"
            "Authentication-Results: forged.example; spf=pass; dkim=pass\r\n"
            "Received: from me by smtp.example; Wed, 25 Nov 2026 12:00:02 +0000\r\n")


def test_what_the_receiver_found(account, mailbox):
    mailbox.headers = FINDINGS
    done = account("--json", "test", "--verify", status=0)
    verify = done.json[0]
    assert (verify["spf"], verify["dkim"], verify["dmarc"]) == ("softfail", "fail", "pass")
    assert "forged" not in verify["found_by"]
    assert [hop.get("seconds") for hop in verify["hops"]][-1] == 7
    assert "p1.icloud.com" in account("test", "--verify", status=0).out


@pytest.mark.parametrize("idle", ["tell", "lie", "none", "chatter"])
def test_idle_is_not_relied_upon(account, mailbox, sandbox, idle):
    mailbox.idle = idle
    mailbox.delay = 1.5
    done = account("--json", "test", "--verify", status=0)
    assert abs(done.json[0]["seconds"] - 1.5) <= 0.3, done.json[0]
    # A server that talks without end is not asked without end.
    assert len(mailbox.commands) < 250


def test_only_what_came_is_searched(account, mailbox):
    mailbox.before = 200_000
    mailbox.delay = 1.0
    done = account("--json", "test", "--verify", status=0, timeout=20)
    assert done.json[0]["status"] == "arrived"
    searches = mailbox.asked("UID SEARCH")
    assert searches and all("UID 200001:*" in line or " SINCE " in line for line in searches)
    assert mailbox.deleted == {("INBOX", 200_001)}


def test_a_folder_with_a_name_in_another_script(account, mailbox):
    mailbox.folder = "&j,dg0TDhMPww6w-"
    done = account("--json", "test", "--verify", status=0)
    assert (done.json[0]["folder"], done.json[0]["use"]) == ("迷惑メール", "junk")
    assert done.json[0]["deleted"] is True
    mailbox.folder = "&ZeVnLIqe- (rules)"
    done = account("--json", "test", "--verify", status=0)
    assert (done.json[0]["folder"], done.json[0]["use"]) == ("日本語 (rules)", "other")


def test_a_session_that_ends_is_opened_again(account, mailbox):
    mailbox.delay = 1.0
    mailbox.answers["NOOP"] = "close"
    threading.Timer(2.0, lambda: mailbox.answers.pop("NOOP")).start()
    done = account("--json", "test", "--verify", status=0)
    assert done.json[0]["status"] == "arrived"
    assert len(mailbox.asked("LOGIN")) > 1


def test_a_server_that_drips_costs_no_more_than_a_time_out(home, account, mailbox, sandbox):
    home.write_config("[defaults]\naccount = icloud\n\n" + sandbox.config(timeout="2s",
                                                                         **mailbox.keys()))
    mailbox.answers["NOOP"] = "drip"
    start = time.monotonic()
    done = account("--json", "test", "--verify", "--timeout", 3, status=75)
    assert time.monotonic() - start < 30
    assert done.json[0]["status"] == "failed" and done.result["status"] == "sent"
    assert "could not be looked for" in done.result["error"]


@pytest.mark.parametrize("answer, status", [
    ("NO [AUTHENTICATIONFAILED] Authentication Failed", 77),
    ("BAD [UNAVAILABLE] Temporary authentication failure", 75),
])
def test_a_login_that_fails_is_told_before_sending(account, mailbox, sandbox, answer, status):
    mailbox.answers["LOGIN"] = answer
    done = account("test", "--verify", status=status)
    assert not sandbox.commands("MAIL")
    assert sandbox.password not in done.out + done.err


def test_folders_that_cannot_be_looked_into_are_passed_over(account, mailbox):
    mailbox.answers["STATUS"] = "NO [NOPERM] not this one"
    assert account("--json", "test", "--verify", status=0).json[0]["folder"] == "INBOX"


def test_what_cannot_be_deleted_is_told(account, mailbox):
    mailbox.answers["UID STORE"] = "NO read-only"
    done = account("--json", "test", "--verify", status=0)
    assert done.json[0]["deleted"] is False
    assert "still there" in account("test", "--verify", status=0).out
