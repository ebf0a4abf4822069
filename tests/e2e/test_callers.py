"""Who calls sendmail, each word for word, or the program itself: through the outbox to Postfix and
into a mailbox.  `tests/run e2e -k test_callers -s -n 0` prints the table."""

import pathlib
import shutil
import subprocess

import pytest

from support.home import ROOT
from support.machine import Machine
from support.namespace import NoNamespaces
from support.program import BUILD
from support.servers import Sandbox, wait_for

PLAIN = b"Subject: hello\n\nbody\n"
TO = b"To: a@example.org\n" + PLAIN
CRON = b"From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@host> job\n\noutput\n"
ME, SECOND = "me@icloud.com", "second@example.org"

# Command lines as their authors wrote them: the caller, its words, its message, who gets it.
LINES = [
    ("cron (Debian)", "-FCronDaemon -i -B8BITMIME -oem root", CRON, [ME, SECOND]),
    ("cronie", "-FCronDaemon -i -odi -oem -oi -t -f root", CRON, [ME, SECOND]),
    ("systemd-cron", "-i -B 8BITMIME root", CRON, [ME, SECOND]),
    ("anacron", "-FAnacron -odi root", CRON, [ME, SECOND]),
    ("mdadm", "-t -fme@icloud.com", TO, ["a@example.org"]),
    ("busybox", "-ti", TO, ["a@example.org"]),
    ("an alias", "-oi -f me@icloud.com postmaster", PLAIN, [ME, SECOND]),
]
PROGRAMS = ["mutt", "s-nail", "bsd-mailx", "git send-email"]


@pytest.fixture
def machine(home, twin, twin_account, tmp_path):
    aliases = tmp_path / "aliases"
    aliases.write_text(f"# who is who\npostmaster: root\nroot: {ME},\n  {SECOND}\n")
    config = home.config_file
    config.write_text(config.read_text() + "rewrite-from = when-foreign\n"
                      f"aliases-file = {aliases}\n")
    return twin_account


def entries(home):
    folder = home.outbox / "entries"
    return sorted(path.name for path in folder.glob("*")) if folder.exists() else []


def arrive(caller, words, home, twin, recipients):
    """One message for each of them and nobody else; what was queued is gone."""
    messages = {one: wait_for(lambda: twin.messages(one)) for one in recipients}
    wait_for(lambda: entries(home) == [])
    assert all(len(some) == 1 for some in messages.values())
    assert {path.name for path in pathlib.Path(twin.mail).iterdir()} == set(recipients)
    print(f"| {caller} | `{words}` | {', '.join(recipients)} | arrived |")
    return messages[recipients[0]][0]


@pytest.mark.parametrize("caller, words, message, recipients", LINES,
                         ids=[line[0] for line in LINES])
def test_a_command_line(machine, home, twin, caller, words, message, recipients):
    machine.named("sendmail")(*words.split(), input=message, status=0)
    arrived = arrive(caller, f"sendmail {words}", home, twin, recipients)
    head = arrived.split(b"\n\n")[0]
    assert f"<{ME}>".encode() in head or f"From: {ME}".encode() in head
    assert b"\nMessage-ID: <" in head and b"\nDate: " in head


def found(program):
    unpacked = ROOT / "build" / program / "usr" / "bin" / program
    path = shutil.which(program) or (str(unpacked) if unpacked.exists() else None)
    if not path:
        pytest.skip(f"{program} is not installed")
    return path


def git(home, repository, *words):
    subprocess.run(["git", "-C", repository, "-c", "user.name=Taro", "-c", f"user.email={ME}",
                    *words], check=True, capture_output=True, env={**home.env, "LANG": "C.UTF-8"})


def call_git(home, tmp_path, prefix, sendmail):
    repository = tmp_path / "repository"
    repository.mkdir()
    git(home, repository, "init", "-q")
    (repository / "file").write_text("x\n")
    git(home, repository, "add", "file")
    git(home, repository, "commit", "-qm", "hello")
    git(home, repository, "format-patch", "-q", "--root", "-1")
    return [*prefix, "git", "-C", repository, "-c", "user.name=Taro", "-c", f"user.email={ME}",
            "send-email", "--to=a@example.org", f"--sendmail-cmd={sendmail}", "--confirm=never",
            "--suppress-cc=all", "--quiet", "0001-hello.patch"]


def call_mail_program(name, prefix, sendmail):
    words = {
        "mutt": ["-n", "-F", "/dev/null", "-s", "hello", "-e", f"set from={ME}", "-e",
                 f'set sendmail="{sendmail} -oem -oi"', "--", "a@example.org"],
        "s-nail": ["-:/", f"-Sfrom={ME}", f"-Smta={sendmail}", "-s", "hello", "a@example.org"],
        "bsd-mailx": ["-s", "hello", "a@example.org"],
    }
    return [*prefix, found(name), *words[name]]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program(machine, home, twin, tmp_path, name):
    sendmail = machine.named("sendmail").path
    if name == "git send-email":
        command = call_git(home, tmp_path, machine.prefix, sendmail)
    else:
        command = call_mail_program(name, machine.prefix, sendmail)
    rc = home.path / "mailrc"
    rc.write_text(f"set sendmail={sendmail}\n")
    done = subprocess.run(command, input=b"body\n", timeout=60, capture_output=True, check=False,
                          env={**home.env, "MAILRC": str(rc)})
    assert done.returncode == 0, done.stderr
    message = arrive(name, "run", home, twin, ["a@example.org"])
    assert b"\nSubject: " in message and b"hello" in message


@pytest.mark.skipif("asan" in str(BUILD), reason="the clock is preloaded")
def test_cron_itself(tmp_path):
    """A job that says something, under a real cron, which knows /usr/sbin/sendmail alone."""
    try:
        machine = Machine(sendmail=True)
    except NoNamespaces as reason:
        pytest.skip(str(reason))
    server = Sandbox(tmp_path / "account", namespace=machine)
    try:
        machine.write("ca.pem", pathlib.Path(server.ca).read_text(encoding="ascii"))
        machine.write(".config/sendoff/config", server.config(tls_ca_file="/home/me/ca.pem")
                      + "rewrite-from = when-foreign\n")
        machine.start_keyring()
        machine.store(server.host, server.user, server.password)
        machine.run("crontab", "-", input="MAILTO=a@example.org\n* * * * * echo a job speaks\n",
                    status=0)
        machine.start_cron()
        message = server.wait_for(1, timeout=30)[0]
        assert b"a job speaks" in message and b"Subject: Cron <me@" in message
        assert server.deliveries()[0]["recipients"] == ["a@example.org"]
        print("| cron itself | a job of a user's crontab | a@example.org | arrived |")
    finally:
        server.stop()
        machine.stop()
