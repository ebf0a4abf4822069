"""The harness itself: what other tests lean on has to hold."""

import os
import shutil
import smtplib
import ssl
import subprocess

import pytest

from support.home import ROOT


def connect(sandbox):
    smtp = smtplib.SMTP(sandbox.host, sandbox.port, timeout=10)
    smtp.starttls(context=ssl.create_default_context(cafile=sandbox.ca))
    smtp.login(sandbox.user, sandbox.password)
    return smtp


def test_sandbox_keeps_what_it_accepts_octet_for_octet(sandbox):
    message = b"Subject: x\r\n\r\n.one dot\r\n..two\r\n"
    with connect(sandbox) as smtp:
        smtp.sendmail(sandbox.address, ["a@example.org"], message)
    [delivery] = sandbox.deliveries()
    assert delivery["recipients"] == ["a@example.org"]
    assert sandbox.messages() == [message]


def test_sandbox_answers_a_pipelined_flight_in_order(sandbox):
    with connect(sandbox) as smtp:
        smtp.sock.sendall(b"MAIL FROM:<me@icloud.com>\r\nRCPT TO:<a@example.org>\r\n"
                          b"RCPT TO:<nosuch@example.org>\r\nDATA\r\n")
        assert [smtp.getreply()[0] for _ in range(4)] == [250, 250, 550, 354]
        smtp.sock.sendall(b"Subject: x\r\n\r\nhi\r\n.\r\nMAIL FROM:<me@icloud.com>\r\n")
        assert [smtp.getreply()[0] for _ in range(2)] == [250, 250]
    assert any(event.get("ahead", 0) > 0 for event in sandbox.events)


def test_sandbox_refuses_by_rule_and_by_address(sandbox):
    with connect(sandbox) as smtp:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            smtp.sendmail(sandbox.address, ["tempfail@example.org"], b"x")
        assert refused.value.recipients["tempfail@example.org"][0] == 451
        with pytest.raises(smtplib.SMTPSenderRefused):
            smtp.sendmail("else@icloud.com", ["a@example.org"], b"x")
    sandbox.rule(auth="534 5.7.9 no")
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        connect(sandbox)
    assert refused.value.smtp_code == 534
    with open(sandbox.log, encoding="utf-8") as log:
        assert sandbox.password not in log.read()


def test_sandbox_loses_its_word_after_the_dot(sandbox):
    with connect(sandbox) as smtp, pytest.raises(smtplib.SMTPServerDisconnected):
        smtp.sendmail(sandbox.address, ["lostkept@example.org"], b"Subject: x\r\n\r\n")
    assert len(sandbox.deliveries()) == 1


@pytest.mark.parametrize("kind", ["wrong-name", "expired", "future", "self-signed"])
def test_sandbox_shows_the_wrong_certificate_asked_for(make_sandbox, kind):
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(make_sandbox("--certificate", kind))


def test_sandbox_comes_back_on_its_port(sandbox):
    port = sandbox.port
    sandbox.restart()
    assert sandbox.port == port
    connect(sandbox).quit()


def test_keyring_is_private_and_can_be_locked(home, keyring):
    keyring.store("localhost", "me", "word")
    assert keyring.lookup("localhost", "me") == "word"
    assert str(home.path) in str(next(home.data.rglob("login.keyring")))
    assert not keyring.locked
    keyring.lock()
    assert keyring.lookup("localhost", "me") == ""


def test_keyring_leaves_nothing_behind(home, keyring):
    runtime = home.env["XDG_RUNTIME_DIR"]
    keyring.stop()
    assert not os.path.exists(runtime)


def test_terminal_talks(home):
    from support.terminal import Terminal
    with Terminal(["sh", "-c", "printf 'name? '; read n; echo hello $n; exit 3"],
                  home.env, home.path, 80) as terminal:
        terminal.expect(r"name\?")
        terminal.answer("x")
        terminal.expect("hello x")
        assert terminal.finish() == 3


def test_namespace_has_its_own_names_and_filter(namespace):
    namespace.hosts({"smtp.mail.me.com": "127.0.0.2"})
    assert "127.0.0.2" in namespace.run("getent", "ahosts", "smtp.mail.me.com").stdout
    namespace.nft(["tcp dport 587 reject with tcp reset"])
    assert "dport 587" in namespace.run("nft", "list", "ruleset").stdout
    assert namespace.run("ip", "-br", "link").stdout.split()[0] == "lo"


PROBE = """
import smtplib, ssl, imaplib, sys
ca, user, password = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
smtp = smtplib.SMTP("smtp.mail.me.com", 587, timeout=10)
smtp.starttls(context=context)
smtp.login(user, password)
smtp.sendmail(user, [user, "me+Junk@icloud.com"], b"Subject: probe\\r\\n\\r\\n")
smtp.quit()
imap = imaplib.IMAP4_SSL("imap.mail.me.com", 993, ssl_context=context)
imap.login(user, password)
imap.logout()
"""


def test_twin_takes_and_delivers_by_the_real_names(twin):
    from support.servers import wait_for
    twin.namespace.run("/usr/bin/python3", "-c", PROBE, twin.ca, twin.user, twin.password)
    assert b"Subject: probe" in wait_for(twin.messages)[0]
    assert len(wait_for(lambda: twin.messages(folder="Junk"))) == 1


@pytest.mark.parametrize("options, places", [
    ([], ["--sysconfdir=/etc", "--localstatedir=/var"]),
    (["--prefix=/opt/x"], ["--sysconfdir=/etc", "--localstatedir=/var", "--prefix=/opt/x"]),
    (["--sysconfdir=/usr/etc"], ["--localstatedir=/var", "--sysconfdir=/usr/etc"]),
])
def test_autogen_configures_for_the_places_of_the_manual(tmp_path, options, places):
    shutil.copy(ROOT / "autogen.sh", tmp_path)
    for name in ("configure.ac", "Makefile.am", "Makefile.in"):
        (tmp_path / name).touch()
    for name, script in (("configure", "printf '%s\\n' \"$@\" >given"), ("bin/make", "true")):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
    subprocess.run(["./autogen.sh", "--no-install", *options], cwd=tmp_path, check=True, timeout=60,
                   env={**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"})
    given = (tmp_path / "given").read_text().split()
    assert given[0] == "-q" and sorted(given[1:]) == sorted(places)
