"""sendmail: the callers' command lines word for word; durable, exit 0, delivered behind their
back."""

import email
import email.policy
import fcntl
import os
import subprocess
import time

import pytest

from support.servers import wait_for

MESSAGE = b"Subject: hello\n\nbody\n"
WITH_HEADERS = (b"From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@host> job\n\noutput\n")


def entries(home):
    folder = home.outbox / "entries"
    return sorted(path.name for path in folder.glob("*")) if folder.exists() else []


@pytest.fixture
def machine(home, keyring, sandbox, sendoff, tmp_path):
    """An account that takes what the machine says to root, by rule."""
    aliases = tmp_path / "aliases"
    aliases.write_text("# who is who\npostmaster: root\nroot: me@icloud.com,\n  second@example.org\n")
    home.write_config(sandbox.config(**{"rewrite-from": "when-foreign", "aliases-file": aliases}))
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    return sendoff


ROOT = ["me@icloud.com", "second@example.org"]


def test_command_and_link_are_the_same(machine, sandbox):
    machine("sendmail", "-odi", "a@example.org", input=MESSAGE, status=0)
    machine.named("sendmail")("-odi", "a@example.org", input=MESSAGE, status=0)
    assert len(sandbox.deliveries()) == 2


def test_null_sender(machine, sandbox):
    for sender in ("", "<>"):
        machine.named("sendmail")("-odi", "-f", sender, "a@example.org", input=MESSAGE, status=0)
    assert [one["sender"].strip("<>") for one in sandbox.deliveries()] == ["", ""]


def test_recipients_of_the_headers_and_nobody_sees_bcc(machine, sandbox):
    machine.named("sendmail")("-t", "-odi", status=0, input=(
        b"To: A <a@example.org>,\n b@example.org\nBcc: c@example.org\n" + MESSAGE))
    assert sandbox.deliveries()[0]["recipients"] == ["a@example.org", "b@example.org",
                                                     "c@example.org"]
    assert b"c@example.org" not in sandbox.messages()[0]


@pytest.mark.parametrize("name, shown", [
    (b"Ren\xe9", "Ren\ufffd"),
    ("山田 太郎".encode(), "山田 太郎"),
    (b"Eve\nBcc: victim@example.net\nX-Injected: yes", "Eve Bcc: victim@example.net X-Injected: yes"),
    (b"a\xff\xc3", "a\ufffd\ufffd"),
])
def test_a_name_is_a_name_whatever_its_octets(machine, sandbox, name, shown):
    machine.named("sendmail")("-odi", "-F", os.fsdecode(name), "a@example.org",
                              env={"SECRET_OF_THE_CALLER": "x" * 80}, input=b"Subject: x\n\nx\n", status=0)
    parsed = email.message_from_bytes(sandbox.messages()[0], policy=email.policy.default)
    assert str(parsed["From"]) == f'"{shown}" <me@icloud.com>' or parsed["From"].addresses[0].display_name == shown
    assert parsed["Bcc"] is None and parsed["X-Injected"] is None
    assert b"xxxx" not in sandbox.messages()[0]


def test_a_lone_dot_ends_the_message_but_with_i(machine, sandbox):
    text = b"Subject: x\n\nbefore\n.\nafter\n"
    machine.named("sendmail")("-odi", "a@example.org", input=text, status=0)
    machine.named("sendmail")("-odi", "-i", "a@example.org", input=text, status=0)
    first, second = sandbox.wait_for(2)
    assert b"after" not in first and b"\r\n.\r\nafter" in second


def test_down_server_is_the_outboxs_concern(machine, sandbox, home):
    sandbox.stop()
    done = machine.named("sendmail")("a@example.org", input=MESSAGE, status=0)
    assert done.out == done.err == ""
    assert entries(home)[0].startswith(("queued.", "sending."))
    wait_for((home.outbox / "accounts" / "icloud.hold").exists)
    with open(home.outbox / "background", "ab") as claim:
        fcntl.lockf(claim, fcntl.LOCK_EX)  # its pass has ended, and it begins no other
        sandbox.restart()
        machine("retry", "--now", status=0)
    assert len(sandbox.wait_for(1)) == 1
    assert entries(home) == []


def test_a_server_that_says_nothing_holds_nobody_up(machine, sandbox, home):
    sandbox.rule(greeting="hang")
    begin = time.monotonic()
    machine.named("sendmail")("a@example.org", input=MESSAGE, status=0, timeout=20)
    assert time.monotonic() - begin < 15
    assert len(entries(home)) == 1


def test_many_callers_share_one_delivery(machine, sandbox, home):
    """Forty at once: all durable, each message delivered once, over few connections."""
    sendmail = machine.named("sendmail")
    running = [sendmail.start("-i", f"a{n}@example.org", stdin=subprocess.PIPE) for n in range(40)]
    for one in running:
        one.stdin.write(MESSAGE)
        one.stdin.close()
    assert [one.wait(60) for one in running] == [0] * 40
    for one in running:
        one.stdout.close()
        one.stderr.close()
    assert wait_for(lambda: entries(home) == [], 60)
    seen = [delivery["recipients"] for delivery in sandbox.deliveries()]
    assert sorted(seen) == sorted([f"a{n}@example.org"] for n in range(40))
    assert len(sandbox.commands("EHLO")) < 40


def test_a_caller_that_waits_for_the_pipe_is_not_held_up(machine, sandbox, home):
    sandbox.rule(greeting="hang")
    begin = time.monotonic()
    sendmail = machine.named("sendmail").path
    subprocess.run(["sh", "-c", f"{sendmail} a@example.org | cat; : >&2"], input=MESSAGE,
                   env=home.env, check=True, timeout=20, capture_output=True)
    assert time.monotonic() - begin < 15


def test_a_fifo_that_never_ends_is_stopped(machine, home, sandbox):
    config = home.config_file.read_text()
    home.write_config(config + "sendmail-limit = 1 MB\n")
    done = subprocess.run(["sh", "-c", f"yes text | {machine.named('sendmail').path} a@example.org"],
                          env=home.env, capture_output=True, timeout=30, check=False)
    assert done.returncode == 65 and b"longer than" in done.stderr
    assert entries(home) == [] and list((home.outbox / "tmp").iterdir()) == []


def test_queue_only(machine, sandbox, home):
    machine.named("sendmail")("-odq", "a@example.org", input=MESSAGE, status=0)
    time.sleep(0.5)
    assert not sandbox.deliveries() and len(entries(home)) == 1
    listed = machine.named("mailq")(status=0).out
    assert "a@example.org" in listed
    machine.named("sendmail")("-q", status=0)
    assert wait_for(lambda: len(sandbox.deliveries()) == 1, 10)


def test_newaliases_does_nothing_well(machine):
    machine.named("newaliases")(status=0)


@pytest.mark.parametrize("words, message, status, says", [
    (["-bs"], b"", 64, "no SMTP server"),
    (["-bd"], b"", 64, "no daemon"),
    ([], MESSAGE, 64, "no recipient"),
    (["-t"], MESSAGE, 65, "no recipient"),
    (["-t"], b"To: a@b@c\n" + MESSAGE, 65, "not a mail address"),
    (["a b@c"], MESSAGE, 65, "not a mail address"),
    (["nobody-by-this-name"], MESSAGE, 67, "nobody-by-this-name"),
    (["a@example.org"], MESSAGE + b"\0", 65, "NUL"),
    (["-N", "often", "a@example.org"], MESSAGE, 64, "not a value"),
])
def test_bad_calls_leave_nothing(machine, home, words, message, status, says):
    done = machine.named("sendmail")(*words, input=message, status=status)
    assert says in done.err
    assert entries(home) == []


def test_unknown_flags_are_passed_over(machine, sandbox):
    done = machine.named("sendmail")("-odi", "-Y", "-om", "-Oqueue=x", "a@example.org",
                                     input=MESSAGE, status=0)
    assert "-Y" in done.err
    assert len(sandbox.deliveries()) == 1


def test_dsn_goes_along(machine, sandbox):
    machine.named("sendmail")("-odi", "-N", "failure,delay", "-R", "hdrs", "-V", "id1",
                              "a@example.org", input=MESSAGE, status=0)
    [mail] = sandbox.commands("MAIL")
    [rcpt] = sandbox.commands("RCPT")
    assert "RET=HDRS" in str(mail) and "ENVID=id1" in str(mail)
    assert "NOTIFY=FAILURE,DELAY" in str(rcpt)


def test_too_large_is_packed_or_held_in_the_background(machine, sandbox, home):
    message = MESSAGE + os.urandom(22_000_000).hex().encode()
    message = MESSAGE + b"".join(message[i:i + 70] + b"\n" for i in range(20, 44_000_000, 70))
    machine.named("sendmail")("-odi", "a@example.org", input=message, timeout=120)
    assert entries(home)[0].startswith("held-size.")
    assert not sandbox.commands("MAIL")


def test_foreign_sender_without_a_rule_is_held(account, home):
    account.named("sendmail")("-odi", "a@example.org", status=0,
                              input=b"From: else@example.org\n" + MESSAGE)
    assert entries(home)[0].startswith("held-sender.")


def test_postfix_on_this_machine_is_the_account(home, twin, sendoff):
    """smtp-security = none to loopback: no password, no TLS, and the queue is Postfix's."""
    home.write_config(f"""[account local]
preset = smtp
address = {twin.address}
smtp-host = localhost
smtp-port = {twin.relay_port}
smtp-security = none
rewrite-from = when-foreign
""")
    sendmail = sendoff.within(twin.namespace).named("sendmail")
    sendmail("-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root", input=WITH_HEADERS, status=0)
    [message] = wait_for(twin.messages, 20)
    assert f"From: Cron Daemon <{twin.address}>".encode() in message
    assert wait_for(lambda: entries(home) == [], 10)


def test_from_says_the_sender_where_nothing_else_does(home, machine, make_sandbox, keyring):
    sandbox = make_sandbox("--address", "me@icloud.com", "--address", "me@example.net",
                           "--address", "me@example.com")
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    home.write_config(sandbox.config(**{"aliases": "me@example.net, me@example.com"}))
    alias = ["--from", "me@example.net"]
    to = ["-odi", "a@example.org"]
    machine(*alias, "sendmail", *to, input=MESSAGE, status=0)
    machine("sendmail", *alias, *to, input=MESSAGE, status=0)
    machine.named("sendmail")("--from=me@example.net", *to, input=MESSAGE, status=0)
    machine(*alias, "sendmail", *to, "-f", "me@example.com", input=MESSAGE, status=0)
    machine(*alias, "sendmail", *to, input=b"From: me@icloud.com\n" + MESSAGE, status=0)
    machine("sendmail", *to, input=MESSAGE, status=0)
    senders = ["me@example.net"] * 3 + ["me@example.com", "me@icloud.com", "me@icloud.com"]
    assert [one["sender"] for one in sandbox.deliveries()] == senders
    for sender, message in zip(senders, sandbox.messages()):
        [line] = [line for line in message.split(b"\r\n") if line.startswith(b"From: ")]
        assert sender.encode() in line
    done = machine("--from", "who@example.org", "sendmail", *to, input=MESSAGE, status=64)
    assert "not an address of" in done.err and len(sandbox.deliveries()) == 6
