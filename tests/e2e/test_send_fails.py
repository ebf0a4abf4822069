"""What `send` and `retry` say, and exit with, when a message does not go: the reason and what to do."""

import email.message
import email.policy
import os
import time

import pytest

from support.servers import wait_for


@pytest.fixture
def queued(home):
    def names():
        return sorted(path.name.split(".")[0] for path in (home.outbox / "entries").iterdir())

    return names


@pytest.fixture
def listed(sendoff):
    def only():
        [entry] = [line for line in sendoff("--json", "outbox", "list").json if line["event"] == "entry"]
        return entry

    return only


def send(sendoff, status, *to):
    done = sendoff("send", *(to or ("a@example.org",)), "-m", "x", status=status)
    lines = [line for line in done.err.splitlines() if line.startswith("sendoff:")]
    assert lines and not lines[0].rstrip().endswith(":"), str(done)
    return done


def with_command(home, sandbox, command, **keys):
    home.write_config("[defaults]\naccount = icloud\n\n" + sandbox.config(password_command=command, **keys))


def test_without_a_password_it_is_held(home, sandbox, keyring, sendoff, listed, queued):
    home.write_config("[defaults]\naccount = icloud\n\n" + sandbox.config())
    keyring.store("other.example.org", "x", "y")
    done = send(sendoff, 77)
    assert "store it: sendoff --account icloud login" in done.err
    assert "held in the outbox" in done.out
    assert listed()["state"] == "held" and "no password" in listed()["reason"]
    first = sendoff("retry", status=77)
    assert first.err == ""  # told already
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    sendoff("retry", status=0)
    assert len(sandbox.deliveries()) == 1 and queued() == []


@pytest.mark.parametrize("command, status", [
    ("false", 77), ("/nonexistent/program", 77), ("sh -c 'echo locked >&2; exit 75'", 75),
])
def test_a_command_without_a_password(home, sandbox, sendoff, listed, command, status):
    with_command(home, sandbox, command)
    done = sendoff("--json", "send", "a@example.org", "-m", "x", status=status)
    assert done.result["status"] == ("held" if status == 77 else "queued")
    assert done.result["error"] and done.result["remedy"]
    assert listed()["reason"].endswith(done.result["error"])
    with_command(home, sandbox, f"echo {sandbox.password}")
    sendoff("retry", status=0)
    assert len(sandbox.deliveries()) == 1


def test_cron_is_told_once(home, sandbox, sendoff):
    with_command(home, sandbox, "false")
    sendoff("send", "--queue", "a@example.org", "-m", "x", status=0)
    assert "password-command" in sendoff("retry", status=77).err
    assert sendoff("retry", status=77).err == ""


def test_a_locked_keyring(home, sandbox, keyring, sendoff, listed):
    home.write_config("[defaults]\naccount = icloud\n\n" + sandbox.config())
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    keyring.lock()
    done = send(sendoff, 75)
    assert "locked" in done.err and "waits in the outbox" in done.out
    assert listed()["state"] == "queued" and "locked" in listed()["reason"]


@pytest.mark.parametrize("options", [("--no-auth",), ("--without-mechanism", "PLAIN", "--without-mechanism", "LOGIN")])
def test_a_server_that_lets_nobody_in(home, make_sandbox, sendoff, listed, options):
    sandbox = make_sandbox(*options)
    with_command(home, sandbox, f"echo {sandbox.password}")
    send(sendoff, 76)
    assert listed()["state"] == "queued" and listed()["reason"]


def test_a_refused_password_is_not_a_refused_message(home, sandbox, sendoff, listed):
    with_command(home, sandbox, "echo wrong")
    done = send(sendoff, 77)
    assert "refused the password" in done.err and "held in the outbox" in done.out
    second = send(sendoff, 77)
    assert "on hold" in second.err and "sendoff login" in second.err and "held in the outbox" in second.out
    result = sendoff("--json", "send", "a@example.org", "-m", "x", status=77).result
    assert result["status"] == "held" and result["error"] and "login" in result["remedy"]


@pytest.mark.parametrize("rules", [{"greeting": "554 5.7.1 go away"}, {"greeting": "421 4.3.2 busy"}])
def test_a_refused_connection_refuses_no_message(account, sandbox, queued, rules):
    sandbox.rule(**rules)
    done = account("--json", "send", "a@example.org", "-m", "x", status=0)
    assert done.result["status"] == "queued" and done.result["error"]
    assert [one["status"] for one in done.result["recipients"]] == ["queued"]
    assert queued() == ["queued"]
    sandbox.rule()
    account("retry", "--now", status=0)
    assert len(sandbox.deliveries()) == 1


def test_the_account_is_refused_in_the_middle(account, sandbox, listed):
    sandbox.rule(mail="530 5.7.0 Authentication required")
    account("send", "--queue", "a@example.org", "-m", "x", status=0)
    told = account("retry", status=77)
    assert "530" in told.err and "sendoff login" in told.err
    assert listed()["state"] == "held"
    sandbox.rule()
    done = account("--json", "send", "a@example.org", "-m", "x", status=77)
    assert done.result["status"] == "held"


def test_that_send_is_held_too(account, sandbox):
    sandbox.rule(mail="535 5.7.8 no")
    done = account("--json", "send", "a@example.org", "-m", "x", status=77)
    assert done.result["status"] == "held" and done.result["error"] and done.result["remedy"]
    assert [one["status"] for one in done.result["recipients"]] == ["held"]


def test_a_certificate_that_is_not_trusted_has_its_own_remedy(home, sandbox, sendoff, queued):
    with_command(home, sandbox, f"echo {sandbox.password}", tls_ca_file="")
    config = home.config_file.read_text()
    home.write_config("\n".join(line for line in config.splitlines() if "tls-ca-file" not in line) + "\n")
    done = sendoff("send", "a@example.org", "-m", "x", status=0)
    assert "tls-ca-file" in done.err and queued() == ["queued"]


def test_an_uncertain_one_is_explained_as_such(account, sandbox):
    sandbox.rule(final="drop")
    result = account("--json", "send", "a@example.org", "-m", "x", status=75).result
    assert "not known whether" in result["error"] and "mailbox" in result["remedy"]


# --- more recipients than a message may have; several fates ---

@pytest.fixture
def by_twos(home, sandbox, sendoff, tmp_path):
    notice = tmp_path / "notice"
    command = tmp_path / "tell"
    command.write_text(f"#!/bin/sh\ncat >{notice}\n")
    command.chmod(0o755)
    with_command(home, sandbox, f"echo {sandbox.password}", **{"max-recipients": 2, "on-failure": command})
    sendoff.notice = notice
    return sendoff


def recipients_of(sandbox):
    return [[to.split("@")[0] for to in one["recipients"]] for one in sandbox.deliveries()]


def six():
    return [name + "@example.org" for name in "abcdef"]


def test_a_pass_sends_all_parts(by_twos, sandbox, queued):
    by_twos("send", "--queue", *six(), "-m", "x", status=0)
    done = by_twos("--json", "retry", status=0)
    assert recipients_of(sandbox) == [["a", "b"], ["c", "d"], ["e", "f"]]
    assert (done.result["sent"], done.result["waiting"]) == (1, 0) and queued() == []


def test_those_who_are_put_off_keep_nobody_waiting(by_twos, sandbox, queued):
    sandbox.rule(recipients={"a@example.org": "450 4.2.1 x", "b@example.org": "450 4.2.1 y"})
    done = by_twos("--json", "send", *six(), "-m", "x", status=0)
    assert "6 recipients" in done.err and "to 2 at most" in done.err
    assert done.result["status"] == "queued" and queued() == ["queued"]
    assert recipients_of(sandbox) == [["c", "d"], ["e", "f"]]
    sandbox.rule()
    by_twos("retry", "--now", status=0)
    assert recipients_of(sandbox)[2:] == [["a", "b"]]


def test_the_failure_is_told_of_whom_it_concerns(by_twos, sandbox):
    sandbox.rule(recipients={"a@example.org": "550 5.1.1 no such user", "b@example.org": "450 4.2.1 grey"})
    by_twos("send", "a@example.org", "b@example.org", "-m", "x", status=69)
    sandbox.rule()
    told = by_twos("retry", "--now", status=69)
    assert "to a@example.org failed: 550 5.1.1 no such user" in told.err
    notice = by_twos.notice.read_text()
    assert "a@example.org: 550 5.1.1 no such user" in notice and "b@example.org" not in notice
    shown = by_twos("outbox", "list", status=0).out
    assert "550 5.1.1" in shown and "250" not in shown


def test_a_later_pass_sends_all_parts_too(by_twos, sandbox, queued, listed):
    sandbox.rule(recipients={"*": "450 4.2.1 later"})
    by_twos("send", *six(), "-m", "x", status=0)
    assert listed()["reason"].startswith("450") and listed()["attempts"] == 3
    assert 40 < due_in(by_twos.home) < 80  # each was asked once: it is the first wait, not the third
    sandbox.rule()
    by_twos("retry", "--now", status=0)
    assert recipients_of(sandbox) == [["a", "b"], ["c", "d"], ["e", "f"]] and queued() == []


@pytest.mark.parametrize("count", [3, 6])
def test_who_is_put_off_is_not_asked_again_at_once(by_twos, sandbox, queued, listed, count):
    sandbox.rule(recipients={"a@example.org": "450 4.2.1 later"})
    by_twos("send", *six()[:count], "-m", "x", status=0)
    by_twos("retry", status=0)  # nothing is due
    assert len([line for line in sandbox.commands("RCPT") if "<a@" in line]) == 1
    assert listed()["reason"].startswith("450") and listed()["due"] != ""


def test_one_who_is_refused_costs_nobody_his_part(by_twos, sandbox):
    sandbox.rule(recipients={"a@example.org": "550 5.1.1 no such user"})
    done = by_twos("--json", "send", *six()[:3], "-m", "x", status=69)
    assert recipients_of(sandbox) == [["b"], ["c"]]
    assert [one["status"] for one in done.result["recipients"]] == ["rejected", "sent", "sent"]


def due_in(home):
    [entry] = (home.outbox / "entries").iterdir()
    stamp = time.strptime(entry.name.split(".")[1], "%Y%m%dT%H%M%SZ")
    return time.mktime(stamp) - time.timezone - time.time()


def test_a_part_in_doubt_is_not_sent_again_at_once(by_twos, sandbox, queued):
    sandbox.rule(final="drop")
    by_twos("send", *six(), "-m", "x", status=75)
    assert queued() == ["uncertain"] and due_in(by_twos.home) > 30
    by_twos("retry", status=0)
    assert len(sandbox.commands("DATA")) == 1


# --- the server's own limit ---

def test_the_servers_own_limit_is_kept_by_packing(home, make_sandbox, sendoff, queued, tmp_path):
    sandbox = make_sandbox("--size", "1000000")
    home.write_config("[defaults]\naccount = plain\n\n[account plain]\naddress = me@icloud.com\n"
                      f"smtp-host = {sandbox.host}\nsmtp-port = {sandbox.port}\n"
                      f"tls-ca-file = {sandbox.ca}\npassword-command = echo {sandbox.password}\n")
    text = tmp_path / "log.txt"
    text.write_text("the same line again and again\n" * 60_000)
    noise = tmp_path / "noise.bin"
    noise.write_bytes(os.urandom(1_500_000))
    sendoff("send", "a@example.org", "-m", "x", "-a", text, status=0)
    assert b"log.txt.zip" in sandbox.messages()[0] and queued() == []
    done = sendoff("send", "a@example.org", "-m", "x", "-a", noise, status=65)
    assert queued() == ["held-size"] and "plain takes 999.0 kB" in done.err
    assert "--link FILE=URL" in done.err
    refused = sendoff("--json", "send", "a@example.org", "-m", "x", "-a", noise, "--oversize", "refuse", status=65)
    assert refused.result["status"] == "failed" and refused.result["error"] and queued() == ["held-size"]
    sendoff("send", "a@example.org", "-m", "x", "-a", text, "--oversize", "refuse", status=65)
    assert len(sandbox.deliveries()) == 1
    sendoff("send", "--queue", "a@example.org", "-m", "x", "-a", text, status=0)
    sendoff("send", "--queue", "a@example.org", "-m", "x", status=0)
    sendoff("retry", status=0)
    assert len(sandbox.deliveries()) == 3 and queued() == ["held-size"]


def test_what_only_grows_by_conversion_is_held(home, make_sandbox, sendoff, queued):
    """No 8BITMIME: what fits as it is does not when it is encoded."""
    sandbox = make_sandbox("--size", "400000", "--without", "8BITMIME")
    with_command(home, sandbox, f"echo {sandbox.password}")
    noise = b"Subject: x\nContent-Type: application/x-a\n\n" + bytes(range(128, 256)) * 2500
    for _ in range(3):
        sendoff.named("sendmail")("-odq", "a@example.org", input=noise, status=0)
    sendoff("retry", status=65, timeout=30)
    assert queued() == ["held-size"] * 3


def test_a_watcher_does_not_wake_itself(home, sandbox, sendoff, tmp_path):
    """A missing password is asked for once, and not again for what that has written."""
    calls = tmp_path / "calls"
    command = tmp_path / "ask"
    command.write_text(f"#!/bin/sh\necho x >>{calls}\nexit 1\n")
    command.chmod(0o755)
    with_command(home, sandbox, command)
    sendoff("send", "--queue", "a@example.org", "-m", "x", status=0)
    watcher = sendoff.start("retry", "--watch")
    wait_for(calls.exists)
    time.sleep(2)
    watcher.terminate()
    watcher.communicate(timeout=10)
    assert len(calls.read_text().splitlines()) <= 3


def test_what_was_missing_is_there_again(home, sandbox, sendoff, listed):
    with_command(home, sandbox, "false")
    sendoff("send", "a@example.org", "-m", "x", status=77)
    with_command(home, sandbox, f"echo {sandbox.password}")
    sandbox.rule(recipients={"a@example.org": "450 4.2.1 later"})
    sendoff("retry", status=75)
    assert listed()["state"] == "queued" and listed()["reason"].startswith("450")


def test_what_was_kept_is_not_thrown_away(home, make_sandbox, sendoff, queued, tmp_path):
    """The step `refuse` is for what is new."""
    sandbox = make_sandbox("--size", "400000")
    with_command(home, sandbox, f"echo {sandbox.password}", oversize="zip, refuse")
    message = email.message.EmailMessage(email.policy.SMTP)
    message["Subject"] = "x"
    message.set_content("x")
    for name in ("a.bin", "b.bin"):
        message.add_attachment(os.urandom(400_000), maintype="application", subtype="x-a", filename=name)
    sendoff.named("sendmail")("-odq", "a@example.org", input=message.as_bytes(), status=0)
    sendoff("retry", status=65)
    assert queued() == ["held-size"]
    [entry] = (home.outbox / "entries").iterdir()
    sendoff("outbox", "edit", entry.name.split(".")[-1], "--zip", status=65)
    assert queued() == ["held-size"]


def test_a_rest_that_the_clock_has_left_far_ahead_is_renewed(account, home, sandbox):
    account("send", "--queue", "a@example.org", "-m", "x", status=0)
    hold = home.outbox / "accounts" / "icloud.hold"
    hold.write_text("connection\t20360101T000000Z\t20360101T000000Z\t1\tit was away\n")
    sandbox.stop()
    account("retry", status=75)
    assert not hold.read_text().split("\t")[2].startswith("2036")
