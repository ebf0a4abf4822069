"""Several connections an account: as many as wanted and allowed, nothing twice, fewer when told."""

import os
import signal
import time

import pytest

from support.servers import wait_for

MESSAGE = b"From: me@icloud.com\nTo: a@example.org\nSubject: %d\n\nx\n"


def entries(home):
    return sorted(path.name for path in (home.outbox / "entries").glob("*"))


def peak(sandbox):
    """The most connections open at a time."""
    return max(event["open"] for event in sandbox.events if event["event"] == "connect")


def closed(sandbox):
    return len([event for event in sandbox.events if event["event"] == "disconnect"])


def subjects(sandbox):
    return sorted(int(message.split(b"Subject: ")[1].split(b"\r\n")[0])
                  for message in sandbox.messages())


@pytest.fixture
def queue(home, sandbox, sendoff):
    """queue(60, connections=4): so many messages wait in the outbox of such an account."""
    def fill(count, **keys):
        password = home.path / "password"
        password.write_text(sandbox.password)
        home.write_config("[defaults]\naccount = icloud\n\n" + sandbox.config(
            password_command=f"cat {password}", **keys))
        for number in range(count):
            sendoff.named("sendmail")("-odq", "a@example.org", input=MESSAGE % number, status=0)
    return fill


def test_several_send_at_a_time_and_nothing_twice(queue, sandbox, sendoff, home):
    queue(60, connections=4)
    sandbox.rule(pause=0.05)
    done = sendoff("--json", "retry", status=0)
    assert subjects(sandbox) == list(range(60))
    assert peak(sandbox) == 4
    assert done.result["sent"] == 60 and done.result["status"] == "sent"
    assert len([event for event in done.json if event["event"] == "entry"]) == 60
    assert entries(home) == []


def test_one_is_the_rule(queue, sandbox, sendoff):
    queue(40)
    sendoff("retry", status=0)
    assert peak(sandbox) == 1
    assert len(sandbox.deliveries()) == 40


def test_few_messages_are_worth_no_second_connection(queue, sandbox, sendoff):
    queue(8, connections=4)
    sendoff("retry", status=0)
    assert peak(sandbox) == 1
    assert len(sandbox.deliveries()) == 8


def test_fewer_when_the_server_wants_that(queue, sandbox, sendoff, home):
    queue(60, connections=4)
    sandbox.rule(pause=0.05, connections=2)
    sendoff("retry", status=0)
    assert subjects(sandbox) == list(range(60))
    greeted = [event for event in sandbox.events
               if event["event"] == "reply" and event["line"].startswith("421")]
    assert len(greeted) == 2
    [state] = (home.outbox / "accounts").glob("*.connections")
    assert state.read_text().split("\t")[1].strip() == "2"
    # The next pass does not try more.
    queue(40, connections=4)
    sendoff("retry", status=0)
    assert len(sandbox.deliveries()) == 100
    assert len([event for event in sandbox.events
                if event["event"] == "reply" and event["line"].startswith("421")]) == 2


def test_a_refused_password_is_tried_once(queue, sandbox, sendoff):
    queue(60, connections=4)
    sandbox.rule(auth="535 5.7.8 no")
    sendoff("retry", status=77)
    assert len(sandbox.commands("AUTH")) == 1


def test_what_a_worker_is_refused_is_counted(queue, sandbox, sendoff, home):
    queue(40, connections=3)
    for number in range(12):
        sendoff.named("sendmail")("-odq", "nosuch@example.org", input=MESSAGE % number, status=0)
        sendoff.named("sendmail")("-odq", "tempfail@example.org", input=MESSAGE % number, status=0)
    sandbox.rule(pause=0.02)
    done = sendoff("--json", "retry", status=69)
    assert (done.result["sent"], done.result["failed"], done.result["deferred"]) == (40, 12, 12)
    assert done.result["waiting"] == 12
    assert len([name for name in entries(home) if name.startswith("failed-refused")]) == 12
    assert len([name for name in entries(home) if name.startswith("queued.")]) == 12


def test_the_day_s_budget_is_kept_by_all_of_them(queue, sandbox, sendoff, home):
    queue(60, connections=4, daily_messages=30)
    sandbox.rule(pause=0.02)
    sendoff("retry", status=75)
    assert len(sandbox.deliveries()) == 30
    assert len([name for name in entries(home) if name.startswith("queued-budget")]) == 30


def test_a_signal_ends_them_all(queue, sandbox, sendoff, home):
    queue(60, connections=4)
    sandbox.rule(pause=0.3)
    process = sendoff.start("retry")
    wait_for(lambda: sandbox.deliveries() and peak(sandbox) == 4)
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=20)
    wait_for(lambda: closed(sandbox) == 4)
    sent = len(sandbox.deliveries())
    assert sent < 60
    sandbox.rule()
    sendoff("retry", "--now")
    assert len(set(subjects(sandbox))) == 60
    doubtful = 4  # one message a connection may have been in doubt
    assert len(sandbox.deliveries()) <= 60 + doubtful


def test_a_worker_ends_with_the_one_who_started_it(queue, sandbox, sendoff):
    queue(60, connections=3)
    sandbox.rule(pause=0.3)
    process = sendoff.start("retry")
    wait_for(lambda: sandbox.deliveries() and peak(sandbox) == 3)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    wait_for(lambda: closed(sandbox) == 3)

    def more_come():  # the server may still store what it had whole
        before = len(sandbox.deliveries())
        time.sleep(1)
        return len(sandbox.deliveries()) > before

    wait_for(lambda: not more_come())
    assert len(sandbox.deliveries()) < 60
