"""save-sent: a copy of what was sent, never two, and never at the expense of the sending."""

import os

import pytest

from support.clock import clock
from support.mailbox import Mailbox
from support.program import BUILD

EML = (b"From: me@icloud.com\r\nTo: a@example.org\r\nSubject: x\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\n"
       b"Message-ID: <kept@icloud.com>\r\n\r\none\r\n.\r\ntwo\r\n")


@pytest.fixture
def mailbox(home, account, sandbox):
    box = Mailbox(sandbox)
    box.folder = "elsewhere"
    home.write_config("[defaults]\naccount = icloud\n\n"
                      + sandbox.config(**box.keys(), save_sent="imap"))
    yield box
    box.stop()


def entries(account):
    return [line for line in account("outbox", "list", "--json").json if line["event"] == "entry"]


def send(account, home, status=0):
    path = home.path / "x.eml"
    path.write_bytes(EML)
    return account("--json", "send", "--eml", path, status=status)


def test_in_the_folder_of_the_server(account, home, mailbox, sandbox):
    assert send(account, home).result["status"] == "sent"
    [(folder, octets)] = mailbox.appended
    assert folder == "Sent Messages" and octets == sandbox.messages()[0]
    assert entries(account) == []


def test_one_login_for_all_of_a_pass(account, mailbox, sandbox):
    for n in range(3):
        account("send", "--queue", f"a{n}@example.org", "-m", "x", status=0)
    account("retry", status=0)
    assert len(mailbox.appended) == 3 and len(mailbox.asked("LOGIN")) == 1
    assert entries(account) == []


def test_not_beside_one_that_the_provider_made(account, home, mailbox):
    mailbox.appended.append(("Sent Messages", EML))
    send(account, home)
    assert len(mailbox.appended) == 1 and entries(account) == []


@pytest.mark.parametrize("answers", [
    {"APPEND": "NO [OVERQUOTA] full"}, {"APPEND": "close"}, {"LIST": "NO no"},
    {"LOGIN": "NO [AUTHENTICATIONFAILED] no"}, {"UID SEARCH": "close"},
])
def test_a_copy_that_fails_waits(account, home, mailbox, sandbox, answers):
    mailbox.answers.update(answers)
    done = send(account, home)
    assert done.result["status"] == "sent" and "its copy has to wait" in done.err
    [entry] = entries(account)
    assert entry["state"] == "sent" and entry["due"] != "" and entry["reason"] != ""
    assert account("retry", status=0).err == ""  # not due, and no news
    mailbox.answers.clear()
    account("retry", entry["id"], status=0)
    assert len(mailbox.appended) == 1 and entries(account) == []
    assert len(sandbox.deliveries()) == 1


def test_no_folder_for_it(account, home, mailbox):
    mailbox.names = ["INBOX"]
    assert "no folder for what was sent" in send(account, home).err
    assert [entry["state"] for entry in entries(account)] == ["sent"]


def test_what_is_sent_is_not_sent_again(account, home, mailbox, sandbox):
    mailbox.answers["APPEND"] = "NO no"
    send(account, home)
    [entry] = entries(account)
    for words in (["release"], ["hold"], ["edit", "--to", "b@example.org"]):
        done = account("outbox", words[0], entry["id"], *words[1:], status=64)
        assert "only waits for its copy" in done.err and "outbox remove" in done.err
    account("retry", "--now", status=0)
    assert len(sandbox.deliveries()) == 1
    account("outbox", "remove", entry["id"], status=0)
    assert entries(account) == []


@pytest.mark.skipif("asan" in str(BUILD), reason="the clock is preloaded")
def test_it_is_given_up_aloud(account, home, mailbox):
    mailbox.answers["APPEND"] = "NO no"
    send(account, home)
    config = home.config_file
    config.write_text(config.read_text().replace("tls-ca-file", "timeout = 5s\ntls-ca-file"))
    done = account("retry", env=clock("+6d"), status=0)
    assert "its copy is given up" in done.err and entries(account) == []


@pytest.fixture
def maildir(home, account, sandbox, tmp_path):
    path = tmp_path / "Mail" / ".Sent"
    home.write_config("[defaults]\naccount = icloud\n\n"
                      + sandbox.config(save_sent=f"maildir:{path}"))
    return path


def test_in_a_maildir(account, home, maildir, sandbox):
    send(account, home)
    [copy] = (maildir / "cur").iterdir()
    assert copy.name.endswith(":2,S") and copy.stat().st_mode & 0o777 == 0o600
    assert copy.read_bytes() == sandbox.messages()[0].replace(b"\r\n", b"\n")
    assert os.listdir(maildir / "tmp") == [] and os.listdir(maildir / "new") == []
    assert entries(account) == []


def test_a_maildir_that_cannot_be_written(account, home, maildir, sandbox):
    maildir.parent.mkdir(parents=True)
    maildir.write_text("a file")
    done = send(account, home)
    assert "its copy has to wait" in done.err
    [entry] = entries(account)
    maildir.unlink()
    account("retry", entry["id"], status=0)
    assert len(list((maildir / "cur").iterdir())) == 1 and len(sandbox.deliveries()) == 1
