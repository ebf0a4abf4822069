"""setup --import msmtp: accounts become ours, passwords go into the keyring only."""

import configparser
import os
import shutil
import subprocess

import pytest

SECRET = "hunter2-in-the-clear"
MSMTPRC = f"""# Set default values for all following accounts.
defaults
auth           on
tls            on
tls_trust_file /etc/ssl/certs/ca-certificates.crt
logfile        ~/.msmtp.log

account        icloud
host           smtp.mail.me.com
port           587
from           me@icloud.com
user           me@icloud.com
passwordeval   "echo aaaa-bbbb-cccc-dddd | head -n1"

account        work
host           mail.example.org
port           465
tls_starttls   off
from           me@example.org
user           me
password       {SECRET}
timeout        30
domain         host.example.org
tls_fingerprint {":".join(["AB"] * 32)}
aliases        ~/aliases

account        office : work
from           office@example.org
auth           login

account        local
host           localhost
from           me@localhost.example
tls            off
auth           off

account default : icloud
"""


@pytest.fixture
def msmtprc(home):
    def write(text, path=".msmtprc"):
        file = home.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o600)
        return file
    return write


def accounts(result):
    return {line["account"]: line for line in result.json if line["event"] == "account"}


def test_the_default_there_is_stays_and_one_is_chosen_where_there_is_none(home, keyring, msmtprc,
                                                                          sendoff):
    msmtprc(MSMTPRC.replace("account default : icloud\n", ""))
    sendoff("setup", "--import", "msmtp", status=0)
    assert home.config_file.read_text().endswith("\n[defaults]\naccount = icloud\n")
    own = "[account own]\npreset = icloud\naddress = own@icloud.com\n"
    home.write_config(own)
    msmtprc(MSMTPRC)
    result = sendoff("setup", "--import", "msmtp", status=0)
    text = home.config_file.read_text()
    assert text.startswith(own) and text.endswith("\n[defaults]\naccount = own\n")
    assert "own stays the default account" in result.err


def test_accounts_become_ours(home, keyring, msmtprc, sendoff):
    file = msmtprc(MSMTPRC)
    before = file.read_text()
    result = sendoff("--json", "setup", "--import", "msmtp", status=0)
    told = accounts(result)
    assert {name: line["status"] for name, line in told.items()} \
        == dict.fromkeys(("icloud", "work", "office", "local"), "taken")
    assert any("logfile" in note for note in told["icloud"]["notes"])
    config = home.config_file.read_text()
    expected = f"""
[account icloud]
preset = icloud
address = me@icloud.com
password-command = sh -c 'echo aaaa-bbbb-cccc-dddd | head -n1'

[account work]
preset = smtp
address = me@example.org
smtp-host = mail.example.org
smtp-port = 465
smtp-security = tls
smtp-user = me
aliases-file = {home.path}/aliases
tls-fingerprint = {":".join(["AB"] * 32)}
timeout = 30
ehlo-name = host.example.org

[account office]
preset = smtp
address = office@example.org
smtp-host = mail.example.org
smtp-port = 465
smtp-security = tls
smtp-user = me
auth = login
aliases-file = {home.path}/aliases
tls-fingerprint = {":".join(["AB"] * 32)}
timeout = 30
ehlo-name = host.example.org

[account local]
preset = smtp
address = me@localhost.example
smtp-host = localhost
smtp-port = 25
smtp-security = none
auth = none

[defaults]
account = icloud
"""
    assert config.strip() == expected.strip()
    assert keyring.lookup("mail.example.org", "me") == SECRET
    assert SECRET not in config + result.out + result.err and file.read_text() == before
    assert "take them out" in result.err
    listed = sendoff("--json", "accounts", status=0)
    assert {line["name"] for line in listed.json if "name" in line} == set(told)
    assert not any(SECRET in path.read_text(errors="replace") for path in home.files()
                   if path != file)


INHERITING = """defaults
auth on
tls on
timeout 20
account a
host mail.example.org
from a@example.org
user u
port 465
tls_starttls off
account b : a
from "b@example.org"
defaults
port 26
account c : a , b
host other.example.org
account d
host d.example.org
from d@example.org
user x
user
account e : b
timeout off
auth login
account default : b
"""


@pytest.mark.skipif(not shutil.which("msmtp"), reason="no msmtp")
@pytest.mark.parametrize("text", [MSMTPRC, INHERITING], ids=["plain", "inheriting"])
def test_we_read_it_as_msmtp_does(home, keyring, msmtprc, sendoff, text):
    file = msmtprc(text)
    sendoff("setup", "--import", "msmtp", status=0)
    config = configparser.RawConfigParser()
    config.read_string(home.config_file.read_text())
    for section in config.sections():
        if section == "defaults":
            continue
        ours = dict(config[section])
        if ours["preset"] == "icloud":
            ours = {"smtp-host": "smtp.mail.me.com", "smtp-port": "587",
                    "smtp-security": "starttls", **ours}
        name = section.removeprefix("account ")
        shown = subprocess.run(["msmtp", "--pretend", f"--file={file}", "-a", name, "x@example.org"],
                               env=home.env, capture_output=True, text=True, timeout=20).stdout
        theirs = dict(line.split(" = ", 1) for line in shown.splitlines() if " = " in line)
        security = {("on", "on"): "starttls", ("on", "off"): "tls", ("off", "on"): "none"}
        user = theirs["user"] if theirs["user"] != "(not set)" else ours["address"]
        timeout = theirs["timeout"].removesuffix(" seconds")
        assert ours["smtp-host"] == theirs["host"] and ours["address"] == theirs["from"]
        assert ours["smtp-port"] == theirs["port"], (name, ours, theirs)
        assert ours["smtp-security"] == security[theirs["tls"], theirs["tls_starttls"]], name
        assert ours.get("smtp-user", ours["address"]) == user, name
        assert ours.get("timeout", "off") == timeout, name
        assert (ours.get("auth") == "none") == (theirs["auth"] == "none"), name
    default = subprocess.run(["msmtp", "--pretend", f"--file={file}", "x@example.org"], env=home.env,
                             capture_output=True, text=True, timeout=20).stdout
    chosen = config[f"account {config['defaults']['account']}"]
    assert f"from = {chosen['address']}\n" in default


def test_accounts_that_are_there_stay(home, keyring, msmtprc, sendoff):
    msmtprc(MSMTPRC)
    before = ("# mine\n[defaults]\naccount = icloud\n[account icloud]\npreset = icloud\n"
              "address = other@icloud.com\n")
    home.write_config(before)
    result = sendoff("--json", "setup", "--import", "msmtp", status=0)
    assert accounts(result)["icloud"]["status"] == "skipped"
    assert home.config_file.read_text().startswith(before)
    with sendoff.terminal("setup", "--import", "msmtp") as terminal:
        terminal.expect("account icloud already. Change it")
        terminal.answer("y")
        for name in ("work", "office", "local"):
            terminal.expect(f"account {name} already. Change it")
            terminal.answer("")
        assert terminal.finish() == 0
    assert "address = me@icloud.com\n" in home.config_file.read_text()


def test_without_a_keyring_the_account_comes_and_the_password_does_not(home, msmtprc, sendoff):
    msmtprc("account a\nhost mail.example.org\nfrom me@example.org\nauth on\ntls on\n"
            f"user me\npassword {SECRET}\n")
    result = sendoff("setup", "--import", "msmtp", status=65)
    assert "sendoff --account a login" in result.err and SECRET not in result.out + result.err
    assert SECRET not in home.config_file.read_text()
    assert "[account a]" in home.config_file.read_text()


@pytest.mark.parametrize("text, status, words", [
    ("account a\nhost h.example\n", 65, "has no “from”"),
    ("account a\nfrom a@b.example\n", 65, "no host"),
    ("account a\nhost h.example\nfrom a@b.example\nprotocol lmtp\n", 65, "LMTP"),
    ("account a : b\n", 78, "line 1"),
    ("account a\naccount a\n", 78, "line 2"),
    ("account \n", 78, "no name"),
    ("account a b/c\nhost h.example\nfrom a@b.example\n", 65, "account"),
    ("account a\nhost h.example\nfrom a@b.example\nport http\n", 65, "smtp-port"),
    ("account a\nhost h.example\nfrom a@b.example\ndomain x\n[account b]\n", 0, "[account: no"),
])
def test_what_cannot_be_taken_over(home, keyring, msmtprc, sendoff, text, status, words):
    msmtprc(text)
    result = sendoff("setup", "--import", "msmtp", status=status)
    assert words in result.out + result.err
    assert status == 0 or not home.config_file.exists()


def test_what_has_no_counterpart_is_told_by_line(home, keyring, msmtprc, sendoff):
    msmtprc("account a\nhost mail.example.org\nfrom me@example.org\n"
            "tls off\nauth cram-md5\ntls_certcheck off\nproxy_host 127.0.0.1\n"
            "tls_fingerprint 01:02\neval echo password x\ndomain %H\n", ".config/msmtp/config")
    notes = accounts(sendoff("--json", "setup", "--import", "msmtp", status=0))["a"]["notes"]
    for line, key in ((4, "tls"), (5, "auth"), (6, "tls_certcheck"), (7, "proxy_host"),
                      (8, "tls_fingerprint"), (9, "eval"), (10, "domain")):
        assert any(note.startswith(f"line {line}, {key}: ") for note in notes), (key, notes)
    assert "smtp-security = starttls" in home.config_file.read_text()


def test_files(home, sendoff, msmtprc, tmp_path):
    assert "--import msmtp:FILE" in sendoff("setup", "--import", "msmtp", status=66).err
    assert sendoff("setup", "--import", f"msmtp:{tmp_path}/none", status=66)
    assert "mutt" in sendoff("setup", "--import", "mutt", status=64).err
    file = msmtprc("account a\nhost localhost\nfrom a@b.example\n", "elsewhere")
    file.chmod(0o666)
    assert "others may write" in sendoff("setup", "--import", f"msmtp:{file}", status=78).err
    file.chmod(0o644)
    sendoff("setup", "--import", f"msmtp:{file}", status=0)
    os.mkfifo(home.path / "fifo")
    assert sendoff("setup", "--import", f"msmtp:{home.path}/fifo", status=78)
