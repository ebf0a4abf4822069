"""login, logout and accounts, as a person and as a script use them; and where the password is not."""

import base64
import re
import shlex

import pytest

from support.servers import wait_for
from support.trace import calls, traced

APP_PASSWORD = "abcd-efgh-ijkl-mnop"
CANARY = "kzqv-wxyj-kzqv-wxyj"
USER = "me@icloud.com"


@pytest.fixture
def configured(home, keyring, sendoff):
    home.write_config(f"[defaults]\naccount = icloud\n\n"
                      f"[account icloud]\npreset = icloud\naddress = {USER}\n\n"
                      "[account own]\npreset = smtp\naddress = me@example.org\n"
                      "smtp-host = mail.example.org\n")
    return sendoff


def stored(keyring):
    return keyring.lookup("smtp.mail.me.com", USER)


@pytest.mark.parametrize("line", [APP_PASSWORD, APP_PASSWORD + "\n", APP_PASSWORD + "\r\n",
                                  APP_PASSWORD + "\nsecond line\n"])
def test_first_line_of_standard_input(configured, keyring, line):
    result = configured("login", "--password-stdin", input=line, status=0)
    assert stored(keyring) == APP_PASSWORD
    assert "sendoff test" in result.err
    assert APP_PASSWORD not in result.out + result.err


def test_the_next_command_can_be_pasted(home, keyring, sendoff, tmp_path):
    config = tmp_path / "it's $mine"
    config.write_text(f"[account icloud]\npreset = icloud\naddress = {USER}\n"
                      "aliases = o'neil@example.net\n")
    config.chmod(0o600)
    words = ["--config", str(config), "--account", "icloud", "--from", "o'neil@example.net"]
    done = sendoff(*words, "login", "--password-stdin", input=APP_PASSWORD, status=0)
    [line] = [line for line in done.err.splitlines() if line.startswith("Now run: ")]
    assert shlex.split(line.removeprefix("Now run: ")) == ["sendoff", *words, "test"]


@pytest.mark.parametrize("line", [b"", b"\n", b"\r\n", b"a\0b\n", b"\xff\xfe\n",
                                  b"x" * 70000 + b"\n"])
def test_what_is_no_password_is_refused(configured, keyring, line):
    result = configured("login", "--password-stdin", input=line, status=65)
    assert result.err.startswith("sendoff: standard input: ")
    assert stored(keyring) == ""


@pytest.mark.parametrize("password, words", [
    ("Correct-Horse1", "does not look like an app-specific password"),
    (APP_PASSWORD.upper(), "lower case"),
    (APP_PASSWORD.replace("-", " "), "with its dashes"),
    (APP_PASSWORD + " ", "with its dashes"),
])
def test_likely_mistakes_are_told_and_nothing_is_mended(configured, keyring, password, words):
    result = configured("login", "--password-stdin", input=password + "\n", status=0)
    assert words in result.err and password not in result.err
    assert stored(keyring) == password


def test_a_password_that_looks_right_is_not_commented_on(configured, keyring):
    result = configured("login", "--password-stdin", input=APP_PASSWORD, status=0)
    assert "Warning" not in result.err


def test_without_a_terminal_nothing_is_asked(configured):
    result = configured("login", status=64)
    assert "--password-stdin" in result.err


def test_a_provider_that_takes_tokens(home, keyring, sendoff):
    home.write_config("[account outlook]\npreset = outlook\naddress = me@outlook.com\n")
    result = sendoff("login", "--password-stdin", input="x\n", status=64)
    assert "access token" in result.err and "password-command" in result.err
    assert keyring.lookup("smtp-mail.outlook.com", "me@outlook.com") == ""


def test_no_password_as_an_argument(configured):
    result = configured("login", "hunter2", status=64)
    assert "hunter2" not in result.err


def test_json(configured):
    result = configured("--json", "login", "--password-stdin", input=APP_PASSWORD, status=0)
    assert result.result == {"event": "result", "status": "stored", "account": "icloud",
                             "source": "keyring"}
    result = configured("--json", "logout", status=0)
    assert result.result["status"] == "removed" and result.result["removed"] == 1
    result = configured("--json", "logout", status=0)
    assert result.result["status"] == "absent"


def test_on_a_terminal(configured, keyring):
    with configured.terminal("login") as terminal:
        terminal.expect("app-specific password")
        terminal.expect(r"account\.apple\.com")
        terminal.expect(f"Password of {USER} for smtp.mail.me.com: ")
        assert not terminal.echoes
        terminal.answer(APP_PASSWORD)
        assert terminal.finish() == 0
        assert APP_PASSWORD not in terminal.text
        assert "is in the keyring" in terminal.text and "sendoff test" in terminal.text
    assert stored(keyring) == APP_PASSWORD


@pytest.mark.parametrize("answer, status, kept", [("y", 0, "hunter2"), ("", 65, ""), ("n", 65, "")])
def test_a_likely_account_password_is_asked_about(configured, keyring, answer, status, kept):
    with configured.terminal("login") as terminal:
        terminal.expect("Password of .*: ")
        terminal.answer("hunter2")
        terminal.expect("Warning: .*app-specific")
        terminal.expect("all the same")
        assert terminal.echoes
        terminal.answer(answer)
        assert terminal.finish() == status
        assert "hunter2" not in terminal.text
    assert stored(keyring) == kept


def test_a_typed_password_is_typed_twice(configured, keyring):
    with configured.terminal("--account", "own", "login") as terminal:
        terminal.expect("Password of .*: ")
        terminal.answer("one")
        terminal.expect("Once more: ")
        terminal.answer("two")
        assert terminal.finish() == 65
        assert "differ" in terminal.text
    with configured.terminal("--account", "own", "login") as terminal:
        for question in ("Password of .*: ", "Once more: "):
            terminal.expect(question)
            terminal.answer("same")
        assert terminal.finish() == 0
        assert "sendoff --account own test" in terminal.text
    assert keyring.lookup("mail.example.org", "me@example.org") == "same"


def test_ctrl_c_gives_the_terminal_back(configured, keyring):
    with configured.terminal("login") as terminal:
        terminal.expect("Password of .*: ")
        assert not terminal.echoes
        terminal.interrupt()
        assert terminal.finish() in (-2, 130)
        assert terminal.echoes
    assert stored(keyring) == ""


def test_ctrl_z_and_end_of_input(configured, keyring):
    with configured.terminal("login") as terminal:
        terminal.expect("Password of .*: ")
        terminal.type("\x1a")
        terminal.type("\x04")
        assert terminal.finish() == 65
        assert terminal.echoes


def test_no_core_dumps_while_a_password_is_asked_for(configured):
    with configured.terminal("login") as terminal:
        terminal.expect("Password of .*: ")
        with open(f"/proc/{terminal.process.pid}/limits", encoding="ascii") as limits:
            assert re.search(r"Max core file size +0 +0 ", limits.read())


def test_accounts_table(configured):
    configured("login", "--password-stdin", input=APP_PASSWORD, status=0)
    result = configured("accounts", status=0)
    header, icloud, own = result.out.splitlines()
    assert header.split() == ["ACCOUNT", "ADDRESS", "PRESET", "PASSWORD", "SOURCE"]
    assert icloud.split() == ["*", "icloud", USER, "icloud", "yes", "keyring"]
    assert own.split() == ["own", "me@example.org", "smtp", "no", "keyring"]
    assert APP_PASSWORD not in result.out + result.err


def test_accounts_json(configured):
    result = configured("--json", "accounts", status=0)
    assert result.json[0] == {"event": "account", "name": "icloud", "preset": "icloud",
                              "address": USER, "default": True, "password": "no",
                              "source": "keyring"}
    assert result.result == {"event": "result", "status": "listed", "accounts": 2}


def test_accounts_of_a_new_machine(home, sendoff):
    result = sendoff("accounts", status=0)
    assert result.out == "" and "sendoff setup" in result.err


def with_command(home, command):
    home.write_config(f"[account icloud]\npreset = icloud\naddress = {USER}\n"
                      f"password-command = {command}\n")


def test_password_command_leaves_the_keyring_alone(home, sendoff):
    """There is not even a bus here."""
    with_command(home, "printf " + APP_PASSWORD)
    result = sendoff("login", status=0)
    assert "password-command" in result.out and APP_PASSWORD not in result.out + result.err
    result = sendoff("--json", "accounts", status=0)
    assert result.json[0]["password"] == "unknown" and result.json[0]["source"] == "command"


@pytest.mark.parametrize("command, status, words", [
    ("false", 77, "status 1"),
    ("sh -c 'echo locked >&2; exit 75'", 75, "status 75: locked"),
    ("true", 77, "empty"),
    ("yes", 77, "more than 64 KiB"),
    ("/nonexistent", 77, "cannot run"),
])
def test_password_command_in_trouble(home, sendoff, command, status, words):
    with_command(home, command)
    result = sendoff("login", status=status)
    assert words in result.err and "→" in result.err


def test_ctrl_c_ends_a_password_command(home, sendoff):
    pid_file = home.path / "pid"
    with_command(home, f"sh -c 'sleep 1000 & echo $! >{pid_file}; wait'")
    with sendoff.terminal("login") as terminal:
        pid = int(wait_for(lambda: pid_file.exists() and pid_file.read_text()))
        terminal.interrupt()
        assert terminal.finish(timeout=5) in (-2, 130)
    wait_for(lambda: not is_running(pid))


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_systemd_credential(home, sendoff, tmp_path):
    home.write_config(f"[account icloud]\npreset = icloud\naddress = {USER}\n")
    credential = tmp_path / "sendoff.icloud"
    credential.write_text(APP_PASSWORD + "\n")
    credential.chmod(0o400)
    env = {"CREDENTIALS_DIRECTORY": tmp_path}
    result = sendoff("--json", "accounts", env=env, status=0)
    assert result.json[0]["password"] == "yes" and result.json[0]["source"] == "systemd"
    assert "systemd credential" in sendoff("login", env=env, status=0).out
    credential.chmod(0o644)
    assert "others can read it" in sendoff("login", env=env, status=77).err


CALLS = "execve,read,write,pwrite64,writev,sendto,sendmsg,openat,rename,link,symlink,memfd_create"


def test_the_password_is_in_no_argument_environment_or_file(configured, keyring, home):
    """The only system call that has it is the read from standard input."""
    trace = home.path / "trace"
    program = traced(home, trace, CALLS)
    seen = []
    for arguments in (["login", "--password-stdin"], ["accounts"], ["-v", "accounts"], ["logout"]):
        result = program(*arguments, input=CANARY + "\n", status=0)
        assert CANARY not in result.out + result.err
        made = list(calls(trace))
        assert made[0].startswith("execve(") and "HOME=" in made[0]  # arguments, environment
        seen += [call for call in made if CANARY in call]
        if arguments[0] == "login":
            trace.unlink()
            assert stored(keyring) == CANARY
            assert not [path for path in home.files() if CANARY.encode() in path.read_bytes()]
    assert seen and all(call.startswith("read(0, ") for call in seen)


def test_sending_shows_the_password_to_nobody(account, home, sandbox):
    """From the keyring it comes encrypted, to the server it goes through TLS."""
    trace = home.path / "trace"
    result = traced(home, trace, CALLS)("-v", "test", status=0)
    plain = f"\0{sandbox.user}\0{sandbox.password}".encode()
    secrets = [sandbox.password, base64.b64encode(plain).decode(),
               base64.b64encode(sandbox.password.encode()).decode()]
    made = list(calls(trace))
    assert any("STARTTLS" in call for call in made)  # what is not hidden is seen
    assert not [call for call in made if any(secret in call for secret in secrets)]
    assert not any(secret in result.out + result.err for secret in secrets)
