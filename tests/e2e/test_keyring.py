"""Why a password cannot be had: every cause is told apart, with its remedy, and nothing waits."""

import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

from support.home import Keyring
from support.program import Program
from support.servers import wait_for
from support.trace import traced

SERVICE = pathlib.Path(__file__).parent / "support" / "secret_service.py"
HOST, USER = "127.0.0.1", "me@icloud.com"
CONFIG = f"""[account icloud]
preset = icloud
address = {USER}
smtp-host = {HOST}
smtp-port = 9
"""


@pytest.fixture
def configured(home, sendoff):
    home.write_config(CONFIG)
    return sendoff


@pytest.fixture
def misbehaving(home, configured):
    """misbehaving(mode): the program, with a secret service that misbehaves on its bus."""
    bus = Keyring(home, service=False)
    running = []

    def start(*mode):
        process = subprocess.Popen(["/usr/bin/python3", SERVICE, *mode], env=home.env,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in running:
        process.communicate(timeout=20)
    bus.stop()


def asked(service):
    """The names of the calls the service has seen; ends it."""
    return service.communicate(timeout=20)[0].split()


def password_of(sendoff, **options):
    """What `accounts` says of the password, and the whole result."""
    result = sendoff("--json", "accounts", **options)
    [account] = [line for line in result.json if line["event"] == "account"]
    return account["password"], result


def logout(sendoff, status, **options):
    """A command that needs the entry itself, so that trouble is its exit status."""
    return sendoff("logout", status=status, timeout=30, **options)


def test_an_entry_is_found_whoever_made_it(configured, keyring):
    assert password_of(configured)[0] == "no"
    keyring.store(HOST, USER, "by-secret-tool")
    assert password_of(configured)[0] == "yes"


def test_a_line_end_behind_the_password_is_none_of_it(account, sandbox, keyring):
    keyring.store(sandbox.host, sandbox.user, sandbox.password + "\n")
    account("test", status=0)


@pytest.mark.parametrize("password", ["abc\nX LOGOUT", "abc\rdef", "abc\n\n"])
def test_a_password_of_several_lines_is_told_to_nobody(account, sandbox, keyring, password):
    keyring.store(sandbox.host, sandbox.user, password)
    done = account("test", status=77)
    assert "one line" in done.err and "sendoff login" in done.err and "abc" not in done.err
    assert sandbox.commands("AUTH") == []


def test_another_server_user_or_service_is_another_entry(configured, keyring):
    keyring.store("127.0.0.2", USER, "x")
    keyring.store(HOST, "you@icloud.com", "x")
    keyring.store(HOST, USER, "x", service="imap")
    assert password_of(configured)[0] == "no"


def test_msmtp_finds_what_login_stores(configured, keyring, sandbox, home):
    """msmtp itself logs in with the password that login put away."""
    if shutil.which("msmtp") is None:
        pytest.skip("msmtp is not installed")
    home.write_config(sandbox.config())
    configured("login", "--password-stdin", input=sandbox.password + "\n", status=0)
    done = subprocess.run(
        ["msmtp", f"--host={sandbox.host}", f"--port={sandbox.port}", "--tls=on", "--auth=plain",
         "--tls-starttls=on", f"--tls-trust-file={sandbox.ca}", f"--user={sandbox.user}",
         f"--from={sandbox.address}", "--", "a@example.org"],
        input="Subject: x\n\nhi\n", env=home.env, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert len(sandbox.deliveries()) == 1


def test_login_changes_the_entry_that_is_there(configured, keyring):
    """Two entries would mean that msmtp may still find the old password."""
    keyring.store(HOST, USER, "old")
    configured("login", "--password-stdin", input="abcd-efgh-ijkl-mnop\n", status=0)
    assert keyring.lookup(HOST, USER) == "abcd-efgh-ijkl-mnop"
    assert "removed" in logout(configured, 0).out
    assert keyring.lookup(HOST, USER) == ""


def test_several_entries_are_said_and_all_removed(configured, keyring):
    keyring.store(HOST, USER, "one")
    done = keyring.tool("store", "--label", "x", "host", HOST, "service", "smtp", "user", USER,
                        "color", "blue", password="two")
    assert done.returncode == 0, done.stderr
    result = configured("accounts", status=0)
    assert "several passwords" in result.err
    assert "2 passwords" in logout(configured, 0).out
    assert password_of(configured)[0] == "no"


def test_no_entry_is_said_by_logout(configured, keyring):
    assert "There was no password" in logout(configured, 0).out


def test_no_bus(configured, home):
    del home.env["XDG_RUNTIME_DIR"]
    result = logout(configured, 75, env={"DISPLAY": ":99"})
    assert "session bus" in result.err and "→" in result.err
    assert result.seconds < 10
    assert password_of(configured)[0] == "unknown"


def test_no_bus_is_launched(configured, home):
    """GLib alone would start dbus-launch, and with it an empty keyring."""
    del home.env["XDG_RUNTIME_DIR"]
    trace = home.path / "trace"
    program = traced(home, trace, "execve")
    for address in (None, "autolaunch:"):
        logout(program, 75, env={"DISPLAY": ":99", "DBUS_SESSION_BUS_ADDRESS": address})
        assert trace.read_text().count("execve(") == 2  # sendoff, sendoff-main


def test_bus_that_is_gone(configured, home):
    result = logout(configured, 75,
                    env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"})
    assert "session bus" in result.err


def test_bus_that_accepts_and_is_silent(configured, home):
    listener = subprocess.Popen(
        [sys.executable, "-c",
         "import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]);"
         "s.listen(); print('up', flush=True); sys.stdin.read()", home.runtime / "bus"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert listener.stdout.readline() == b"up\n"
    state, result = password_of(configured)
    listener.communicate(timeout=10)
    assert state == "unknown"
    assert "did not answer within 3 seconds" in result.err
    assert result.seconds < 12


def test_no_service(home, configured):
    bus = Keyring(home, service=False)
    result = logout(configured, 75)
    assert "no keyring runs" in result.err and "gnome-keyring" in result.err
    assert password_of(configured)[0] == "unknown"
    bus.stop()


def test_locked_without_a_terminal(configured, keyring):
    keyring.store(HOST, USER, "x")
    keyring.lock()
    assert password_of(configured)[0] == "locked"
    result = logout(configured, 75)
    assert "locked" in result.err and result.seconds < 12
    result = configured("login", "--password-stdin", input="abcd-efgh-ijkl-mnop\n", status=75)
    assert "locked" in result.err and "abcd" not in result.err


def test_keyring_never_unlocked_since_boot(configured, home):
    """The daemon runs, nobody has logged in: a keyring file it cannot read yet."""
    first = Keyring(home)
    first.store(HOST, USER, "x")
    first.stop()
    second = Keyring(home, locked=True)
    assert password_of(configured)[0] == "locked"
    logout(configured, 75)
    second.stop()


def test_locked_on_a_terminal_asks_but_not_for_ever(configured, keyring):
    """Here no window can appear: gnome-keyring gives up at once, and so do we."""
    keyring.store(HOST, USER, "x")
    keyring.lock()
    with configured.terminal("login") as terminal:
        terminal.expect("asks to be unlocked")
        assert terminal.finish() == 75
        assert "stays locked" in terminal.text and "Password of" not in terminal.text


def test_keyring_that_nobody_has_set_up(configured, home):
    """gnome-keyring on a fresh account: storing would need a password for the new keyring."""
    fresh = Keyring(home, locked=True)
    result = configured("login", "--password-stdin", input="abcd-efgh-ijkl-mnop\n", status=75)
    assert "not set up" in result.err and result.seconds < 12
    fresh.stop()


def test_service_that_never_answers(misbehaving, configured):
    service = misbehaving("silent")
    state, result = password_of(configured)
    assert state == "unknown" and 2.9 < result.seconds < 12
    result = logout(configured, 75)
    assert "did not answer within 10 seconds" in result.err and result.seconds < 25
    assert "SearchItems" in asked(service)


def test_silent_service_is_asked_once_for_all_accounts(misbehaving, configured, home):
    home.write_config(CONFIG + CONFIG.replace("account icloud", "account second"))
    misbehaving("silent")
    result = configured("accounts", status=0)
    assert result.seconds < 12 and result.err.count("did not answer") == 1


def test_ctrl_c_ends_the_wait(misbehaving, configured):
    service = misbehaving("silent")
    with configured.terminal("logout") as terminal:
        wait_for(lambda: service.stdout.readline() == "SearchItems\n")
        terminal.interrupt()
        assert terminal.finish(timeout=5) in (-2, 130)


def test_access_denied(misbehaving, configured):
    misbehaving("denied")
    result = logout(configured, 77)
    assert "denies access" in result.err and "settings" in result.err


def test_words_of_the_service_are_harmless(misbehaving, configured):
    misbehaving("broken")
    result = logout(configured, 75)
    assert "\\x1B[31mcheese\\x0Asorry" in result.err and "\x1b" not in result.err


@pytest.mark.parametrize("mode", ["unanswered", "declined", "crashing", "willing"])
def test_nobody_is_asked_without_a_terminal(misbehaving, configured, mode):
    service = misbehaving(mode)
    assert password_of(configured)[0] == "locked"
    result = logout(configured, 75)
    assert "the keyring is locked" in result.err and result.seconds < 12
    assert "Prompt" not in asked(service)


@pytest.mark.parametrize("mode", ["declined", "crashing"])
def test_a_prompt_that_comes_to_nothing(misbehaving, configured, mode):
    service = misbehaving(mode)
    with configured.terminal("logout") as terminal:
        assert terminal.finish(timeout=10) == 75
        assert "nobody unlocked it" in terminal.text
    assert "Prompt" in asked(service)


def test_a_person_unlocks(misbehaving, configured, home, sandbox):
    """And the attributes of the entry were not to be seen before."""
    home.write_config(sandbox.config())
    service = misbehaving("willing", sandbox.password)
    with configured.terminal("test") as terminal:
        assert terminal.finish() == 0, terminal.text
    assert len(sandbox.deliveries()) == 1
    assert asked(service).count("Prompt") == 1


def test_a_keyring_that_opens_without_asking(misbehaving, configured, home, sandbox):
    """One with an empty password opens under cron, too."""
    home.write_config(sandbox.config())
    service = misbehaving("open", sandbox.password)
    configured("test", status=0)
    assert "Prompt" not in asked(service)


def test_the_newest_of_several_entries_is_used(configured, home, keyring, sandbox):
    home.write_config(sandbox.config())
    keyring.store(sandbox.host, sandbox.user, "old")
    time.sleep(1.1)  # the keyring's clock counts seconds
    keyring.tool("store", "--label", "x", "host", sandbox.host, "service", "smtp",
                 "user", sandbox.user, "color", "blue", password=sandbox.password)
    configured("test", status=0)


def test_accounts_neither_asks_nor_fetches(misbehaving, configured):
    service = misbehaving("willing")
    with configured.terminal("accounts") as terminal:
        assert terminal.finish(timeout=10) == 0
        assert "locked" in terminal.text
    assert not {"Unlock", "Prompt", "OpenSession", "GetSecret", "GetSecrets"} & set(asked(service))


def in_cron(home, sendoff, *arguments):
    """As cron starts it: no session in the environment, the bus where systemd puts it."""
    if os.geteuid() != 0:
        pytest.skip("needs root: a mount namespace over /run/user")
    script = ("mount -t tmpfs none /run && mkdir -p /run/user/0 "
              f"&& mount --bind {home.env['XDG_RUNTIME_DIR']} /run/user/0 "
              f'&& exec env -i HOME={home.path} PATH=/usr/bin:/bin "$@"')
    prefixed = Program(home, prefix=["unshare", "-m", "sh", "-c", script, "sh"])
    return prefixed(*arguments, env={"DBUS_SESSION_BUS_ADDRESS": None, "XDG_RUNTIME_DIR": None})


def test_the_bus_is_found_under_cron(configured, keyring, home):
    keyring.store(HOST, USER, "x")
    result = in_cron(home, configured, "--json", "accounts")
    assert result.status == 0 and result.json[0]["password"] == "yes", str(result)


def test_a_bus_of_somebody_else_is_not_used(configured, keyring, home):
    keyring.store(HOST, USER, "x")
    os.chown(pathlib.Path(home.env["XDG_RUNTIME_DIR"]) / "bus", 65534, 65534)
    result = in_cron(home, configured, "--json", "accounts")
    assert result.json[0]["password"] == "unknown", str(result)
