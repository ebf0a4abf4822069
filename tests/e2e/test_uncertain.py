"""A message whose final answer was lost: found in the mailbox it had arrived, else it goes again."""

import os
import signal

import pytest

from support.clock import clock
from support.mailbox import Mailbox
from support.servers import wait_for


@pytest.fixture
def mailbox(home, account, sandbox):
    box = Mailbox(sandbox)
    home.write_config("[defaults]\naccount = icloud\n\n" + sandbox.config(**box.keys()))
    box.folder = "nothing new"  # what the sandbox takes does not come back
    yield box
    box.stop()


def lose(account, sandbox, *to):
    """Sends one whose answer is lost; its Message-ID."""
    sandbox.rule(final="drop")
    done = account("--json", "send", *to, "-m", "x", status=75)
    assert done.result["status"] == "uncertain"
    sandbox.rule()
    return done.result["message_id"]


def states(account):
    return [line["state"] for line in account("outbox", "list", "--json").json
            if line["event"] == "entry"]


def copy(message_id, received="Received: from me by smtp.example.org; Wed, 25 Nov 2026 12:00:00 +0000\r\n"):
    return f"{received}Subject: x\r\nMessage-ID: {message_id}\r\n\r\nx\r\n".encode()


def asked(sandbox):
    return [line.split("<")[1].split("@")[0] for line in sandbox.commands("RCPT")]


@pytest.mark.parametrize("folder", ["Sent Messages", "INBOX", "Junk"])
def test_found_it_is_not_sent_again(account, mailbox, sandbox, folder):
    message_id = lose(account, sandbox, "a@example.org", "b@example.org")
    taken = len(sandbox.commands("DATA"))
    mailbox.appended.append((folder, copy(message_id)))
    done = account("retry", "--now", status=0)
    assert "had arrived" in done.err and folder in done.err
    assert states(account) == [] and len(sandbox.commands("DATA")) == taken
    accepted = [line for line in account("log", "--json").json if line.get("status") == "accepted"]
    assert accepted and folder in accepted[-1]["text"]
    assert account("retry", status=0).err == ""


def test_not_found_it_goes_again(account, mailbox, sandbox):
    message_id = lose(account, sandbox, "a@example.org")
    mailbox.appended.append(("Sent Messages", copy("<x" + message_id[1:])))
    mailbox.appended.append(("INBOX", copy("<other@example.org>")))
    account("retry", "--now", status=0)
    assert mailbox.asked("UID SEARCH") and states(account) == []
    assert message_id.encode() in sandbox.messages()[-1]


@pytest.mark.parametrize("answers", [
    {"LOGIN": "NO [AUTHENTICATIONFAILED] no"}, {"LIST": "NO no"}, {"LIST": "close"},
    {"UID SEARCH": "NO no"}, {"UID SEARCH": "close"}, {"SELECT": "NO no", "EXAMINE": "NO no"},
])
def test_a_mailbox_that_cannot_be_asked_stops_nothing(account, mailbox, sandbox, answers):
    message_id = lose(account, sandbox, "a@example.org")
    mailbox.appended.append(("Sent Messages", copy(message_id)))
    mailbox.answers.update(answers)
    account("retry", "--now", status=0)
    assert states(account) == [] and message_id.encode() in sandbox.messages()[-1]


def test_one_session_for_all(account, mailbox, sandbox):
    for n in range(3):
        lose(account, sandbox, f"a{n}@example.org")
    account("retry", "--now", status=0)
    assert len(mailbox.asked("LOGIN")) == 1 and states(account) == []


def test_one_that_somebody_had_got_before_proves_nothing(account, mailbox, sandbox):
    """The copy may be of the attempt in which the other recipient was accepted."""
    sandbox.rule(recipients={"b@example.org": "451 4.7.1 later"})
    first = account("--json", "send", "me@icloud.com", "b@example.org", "-m", "x")
    assert first.status == 0 and states(account) == ["queued"]
    mailbox.appended.append(("INBOX", copy(first.result["message_id"])))
    sandbox.rule(final="drop")
    account("retry", "--now", status=75)
    assert states(account) == ["uncertain"]
    sandbox.rule()
    account("retry", "--now", status=0)
    assert sandbox.deliveries()[-1]["recipients"] == ["b@example.org"]


@pytest.mark.parametrize("folder", ["Sent Messages", "INBOX"])
def test_a_mail_program_s_own_copy_proves_nothing(account, mailbox, sandbox, folder):
    """mutt's Fcc stands in Sent as soon as sendmail has queued the message."""
    message_id = lose(account, sandbox, "a@example.org")
    mailbox.appended.append((folder, copy(message_id, received="")))
    account("retry", "--now", status=0)
    assert message_id.encode() in sandbox.messages()[-1]


def test_who_was_not_asked_has_not_got_it(account, mailbox, sandbox, home):
    """More recipients than a message may have, and the answer for the first of them is lost."""
    home.write_config(home.config_file.read_text() + "max-recipients = 2\n")
    message_id = lose(account, sandbox, *(name + "@example.org" for name in "abcd"))
    assert asked(sandbox) == ["a", "b"]
    mailbox.appended.append(("INBOX", copy(message_id)))
    account("retry", "--now", status=0)
    assert asked(sandbox) == ["a", "b", "c", "d"] and states(account) == []


@pytest.mark.parametrize("most", [0, 1])
def test_a_runner_that_died_knows_whom_it_had_asked(account, mailbox, sandbox, home, most):
    home.write_config(home.config_file.read_text() + f"max-recipients = {most}\n" * (most > 0))
    done = account("--json", "send", "--queue", "a@example.org", "b@example.org", "-m", "x", status=0)
    sandbox.rule(recipients={"b@example.org": "451 4.7.1 later"}, final="hang")
    runner = account.start("retry", "--now")
    wait_for(lambda: sandbox.commands("DATA"))
    log = home.outbox / "attempts" / done.result["id"]
    wait_for(lambda: states(account) == ["sending"] and log.exists() and log.read_text().endswith("\n"))
    os.killpg(runner.pid, signal.SIGKILL)
    runner.wait()
    sandbox.rule()
    shown = account("outbox", "show", done.result["id"], "--json").json
    assert [line["address"] for line in shown if line["event"] == "attempt"] \
        == ["b@example.org"] * (most == 0)
    mailbox.appended.append(("INBOX", copy(done.result["message_id"])))
    for _ in range(3):  # it is found uncertain, then in the mailbox, then sent to the other
        account("retry", "--now")
    assert states(account) == []
    assert [delivery["recipients"] for delivery in sandbox.deliveries()] == [["b@example.org"]]


def test_it_stays_uncertain_when_it_is_deferred(account, mailbox, sandbox):
    message_id = lose(account, sandbox, "a@example.org")
    sandbox.rule(recipients={"a@example.org": "451 4.7.1 later"})
    account("retry", "--now", status=75)
    assert states(account) == ["uncertain"]
    sandbox.rule()
    mailbox.appended.append(("INBOX", copy(message_id)))
    assert "had arrived" in account("retry", "--now", status=0).err
    assert states(account) == [] and sandbox.deliveries() == []


@pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="the clock is preloaded")
def test_its_time_over_it_is_held_and_not_failed(account, mailbox, sandbox, home):
    lose(account, sandbox, "a@example.org")
    sandbox.rule(recipients={"a@example.org": "451 4.7.1 later"})
    account("retry", "--now", status=75)
    account("retry", "--now", env=clock("+6d"))
    assert states(account) == ["held"]
    assert [path.name.split(".")[0] for path in (home.outbox / "entries").iterdir()] == ["held-uncertain"]


def test_a_copy_of_one_of_two_attempts_proves_it_for_who_was_in_both(account, mailbox, sandbox):
    sandbox.rule(recipients={"b@example.org": "451 4.7.1 later"}, final="drop")
    done = account("--json", "send", "a@example.org", "b@example.org", "-m", "x", status=75)
    sandbox.rule(final="drop")
    account("retry", "--now", status=75)
    assert asked(sandbox) == ["a", "b", "a", "b"] and states(account) == ["uncertain"]
    mailbox.appended.append(("INBOX", copy(done.result["message_id"])))
    sandbox.rule()
    account("retry", "--now")
    account("retry", "--now")
    assert asked(sandbox)[4:] == ["b"] and states(account) == []


@pytest.mark.parametrize("answer", ["NO [AUTHENTICATIONFAILED] bad password {}", "NO [{}] no", "OK {}"])
def test_a_mailbox_that_repeats_the_password_is_not_quoted(account, mailbox, sandbox, answer):
    lose(account, sandbox, "a@example.org")
    mailbox.answers["LOGIN"] = answer.format(sandbox.password)
    done = account("-v", "retry", "--now")
    assert "LOGIN" in done.err and sandbox.password not in done.err + done.out
