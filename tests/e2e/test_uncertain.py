"""A message whose final answer was lost: found in the mailbox it had arrived, else it goes again."""

import pytest

from support.mailbox import Mailbox


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


def copy(message_id):
    return f"Subject: x\r\nMessage-ID: {message_id}\r\n\r\nx\r\n".encode()


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
