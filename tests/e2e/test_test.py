"""sendoff test: a real message, each step, and each failure with its words and exit code."""

import base64
import re
import signal
import subprocess
import time

import pytest

from support.program import BUILD


def test_sends_with_the_keyrings_password(account, sandbox):
    done = account("--json", "test", status=0)
    assert done.result["status"] == "sent"
    assert done.result["reply"]["code"] == 250
    assert [step["phase"] for step in done.result["timeline"]] == [
        "dns", "tcp", "greeting", "ehlo", "starttls", "tls", "ehlo", "auth", "mail", "rcpt",
        "data", "final"]
    message = sandbox.wait_for(1)[0]
    assert done.result["message_id"].encode() in message
    assert re.search(rb"\r\nSubject: sendoff test \w{8}\r\n", message)


def test_the_untouched_preset_reaches_icloud(twin_account, twin):
    done = twin_account("--json", "test", status=0)
    assert done.result["status"] == "sent"
    end = time.monotonic() + 20
    while not twin.messages():
        assert time.monotonic() < end
        time.sleep(0.1)
    assert done.result["message_id"].encode() in twin.messages()[0]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_server_that_repeats_the_password_is_not_quoted(account, home, sandbox, mechanism):
    plain = f"\0{sandbox.user}\0{sandbox.password}".encode()
    forms = [sandbox.password, base64.b64encode(plain).decode(),
             base64.b64encode(sandbox.password.encode()).decode()]
    config = home.config_file
    config.write_text(config.read_text() + f"auth = {mechanism.lower()}\n", encoding="utf-8")
    said = forms[0] + " " + (forms[1] if mechanism == "PLAIN" else forms[2])
    for rules in ({"auth": f"535 5.7.8 no: {said}"}, {"mail": f"550 5.7.1 no: {said}"}):
        sandbox.rule(**rules)
        for words in (["-v", "test"], ["-v", "send", "a@example.org", "-m", "x"], ["-v", "doctor"]):
            done = account(*words)
            assert "no: **** ****" in done.out + done.err, str(done)
            files = b"".join(path.read_bytes() for path in home.files() if "keyring" not in str(path))
            for form in forms:
                assert form not in done.out + done.err and form.encode() not in files
        account("login", "--password-stdin", input=sandbox.password + "\n", status=0)


@pytest.mark.parametrize("size", [1000, 65536, 1000001])
def test_size_is_exact(account, sandbox, size):
    account("test", "--size", size, status=0)
    assert len(sandbox.wait_for(1)[0]) == size


def test_too_large_is_never_sent(account, sandbox):
    done = account("--json", "test", "--size", "29 MB", status=65)
    assert done.result["status"] == "rejected"
    assert not sandbox.commands("MAIL")


@pytest.mark.parametrize("rules, to, status, word, says", [
    ({"auth": "535 5.7.8 authentication failed"}, None, 77, "failed", "refused the password"),
    ({"auth": "534 5.7.9 app password required"}, None, 77, "failed", "refused the password"),
    ({"auth": "454 4.7.0 try later"}, None, 75, "failed", "cannot log in"),
    ({"mail": "550 5.7.0 From address is not one of your addresses"}, None, 69, "rejected",
     "refused the sender"),
    ({}, "nosuch@icloud.com", 69, "rejected", "refused the recipient"),
    ({}, "tempfail@icloud.com", 75, "failed", "not take the message"),
    ({}, "lost@icloud.com", 75, "uncertain", "not known whether"),
    ({"greeting": "421 4.3.2 closed"}, None, 75, "failed", "not ready"),
])
def test_the_servers_word(account, sandbox, rules, to, status, word, says):
    sandbox.rule(**rules)
    done = account("--json", "test", *([to] if to else []), status=status)
    assert done.result["status"] == word
    assert says in done.err and "→" in done.err
    assert sandbox.password not in done.out + done.err


@pytest.mark.parametrize("rules, code, enhanced, status", [
    ({"greeting": "554 5.3.2 not for you"}, 554, "5.3.2", 69),
    ({"greeting": "421 4.3.2 closed"}, 421, "4.3.2", 75),
    ({"auth": "535 5.7.8 authentication failed"}, 535, "5.7.8", 77),
    ({"auth": "454 4.7.0 try later"}, 454, "4.7.0", 75),
])
def test_the_reply_that_ended_it_is_in_the_result(account, sandbox, rules, code, enhanced, status):
    """As send has it, though no recipient was asked for."""
    sandbox.rule(**rules)
    result = account("--json", "test", status=status).result
    [recipient] = result["recipients"]
    assert (result["status"], recipient["status"]) == ("failed", "failed")
    assert result["reply"] == recipient["reply"]
    assert (result["reply"]["code"], result["reply"]["enhanced"]) == (code, enhanced)
    assert result["reply"]["text"] in result["error"]


@pytest.mark.parametrize("words", [["test"], ["send", "a@example.org", "-m", "x"]], ids="".join)
def test_a_reply_of_several_lines_is_one_text(account, sandbox, words):
    sandbox.rule(final="250-2.0.0 kept by\tone\r\n250-2.0.0 \x1b[31mtwo\r\n250 2.0.0 Ok: queued as 1")
    result = account("--json", *words, status=0).result
    assert result["reply"]["text"] == "kept by one \\x1B[31mtwo Ok: queued as 1"
    assert result["recipients"][0]["reply"] == result["reply"]
    assert "Queue id: 1\n" in account(*words, status=0).out


@pytest.mark.parametrize("password, warned", [
    ("Summer2026", "does not look like an app-specific password"),
    ("ABCDEFGHIJKLMNOP", "with its dashes"),
    ("abcd-efgh-ijkl-mnop", None),
])
def test_the_password_of_the_account_is_warned_about_before(home, keyring, sandbox, sendoff,
                                                            password, warned):
    home.write_config(sandbox.config())
    keyring.store(sandbox.host, sandbox.user, password)
    done = sendoff("test", status=77)
    assert ("Warning:" in done.err) == (warned is not None)
    if warned:
        assert done.err.index(warned) < done.err.index("refused the password")
    assert password not in done.out + done.err


@pytest.mark.parametrize("kind, says", [
    ("expired", "has expired"),
    ("self-signed", "self-signed"),
    ("wrong-name", "is not for"),
])
def test_certificates(home, keyring, sendoff, make_sandbox, kind, says):
    sandbox = make_sandbox("--certificate", kind)
    home.write_config(sandbox.config())
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    done = sendoff("-v", "test", status=76)
    assert says in done.err
    assert not sandbox.commands("AUTH")
    assert sandbox.password not in done.out + done.err


def test_nobody_listens(account, sandbox):
    sandbox.stop()
    assert "refused the connection" in account("test", status=75).err


def test_no_such_host(home, account, sandbox):
    home.write_config(sandbox.config().replace("smtp-host = localhost", "smtp-host = a..b"))
    assert account("test").status in (68, 75, 78)


@pytest.mark.parametrize("address", ["foo", "a@b\r\nRCPT TO:<x@y>", "", "a b@c.d", "a@"])
def test_bad_address(account, sandbox, address):
    account("test", address, status=65)
    assert not sandbox.commands()


def test_conversation_masks_the_password(account, sandbox):
    done = account("-v", "test", status=0)
    assert "> AUTH PLAIN ****" in done.err
    assert sandbox.password not in done.out + done.err


def test_interrupted(account, sandbox):
    sandbox.rule(mail="hang")
    running = account.start("test")
    end = time.monotonic() + 20
    while not sandbox.commands("MAIL"):
        assert time.monotonic() < end
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=5)
    assert running.returncode == -signal.SIGINT


@pytest.mark.parametrize("library", ["libsecret", "libcurl", "libarchive", "libgcrypt"])
def test_what_is_slow_to_load_is_not_linked(library):
    """Loaded by a helper, or when it is asked for: each start would pay for it."""
    for program in ("sendoff", "sendoff-main"):
        linked = subprocess.run(["ldd", BUILD / program], capture_output=True, text=True,
                                check=True)
        assert library not in linked.stdout


def test_it_is_sent_from_an_alias(home, keyring, sendoff, make_sandbox):
    sandbox = make_sandbox("--address", "me@icloud.com", "--address", "me@example.net")
    home.write_config(sandbox.config(aliases="me@example.net"))
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    sendoff("--from", "me@example.net", "test", status=0)
    [delivery] = sandbox.deliveries()
    assert (delivery["sender"], delivery["recipients"]) == ("me@example.net", ["me@example.net"])
    [message] = sandbox.messages()
    assert re.search(rb"^From: .*me@example\.net", message, re.M)
    assert re.search(rb"^Message-ID: <\w+@example\.net>", message, re.M)
    assert b"me@icloud.com" not in message
    sendoff("test", "--from", "me@example.net", "you@icloud.com", status=0)
    assert sandbox.deliveries()[1]["sender"] == "me@example.net"
    assert "not an address of" in sendoff("--from", "me@example.org", "test", status=64).err
    assert len(sandbox.deliveries()) == 2
