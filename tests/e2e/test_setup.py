"""setup: from an address to a test message that has left, asked or given as options."""

import stat
import subprocess

import pytest

from support.program import BUILD

PASSWORD = "abcd-efgh-ijkl-mnop"
ADDRESS = "me@icloud.com"


@pytest.fixture
def server(sandbox):
    """Options that turn the icloud preset towards the sandbox."""
    settings = {"smtp-host": sandbox.host, "smtp-port": sandbox.port, "tls-ca-file": sandbox.ca}
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


def set_up(sendoff, *options, password=PASSWORD, **keywords):
    return sendoff("setup", "--password-stdin", *options, input=password + "\n", **keywords)


def icloud(*more):
    return ["--preset", "icloud", "--address", ADDRESS, *more]


def test_by_options_up_to_the_test_message(home, keyring, sandbox, server, sendoff):
    result = set_up(sendoff, *icloud(*server), password=sandbox.password, status=0)
    assert len(sandbox.deliveries()) == 1
    assert stat.S_IMODE(home.config_file.stat().st_mode) == 0o600
    assert sandbox.password not in home.config_file.read_text() + result.out + result.err
    assert keyring.lookup(sandbox.host, ADDRESS) == sandbox.password


def test_on_a_terminal(home, keyring, sandbox, server, sendoff):
    with sendoff.terminal("setup", *server) as terminal:
        terminal.expect("mail address: ")
        terminal.answer(ADDRESS)
        terminal.expect("iCloud Mail")
        terminal.expect(r"Number or name \[icloud\]: ")
        terminal.answer("")
        terminal.expect("app-specific password")
        terminal.expect("Password of .*: ")
        terminal.answer(sandbox.password)
        terminal.expect("Send what waits by itself")
        terminal.answer("n")
        assert terminal.finish() == 0
        assert sandbox.password not in terminal.text
    assert len(sandbox.deliveries()) == 1


def test_a_refused_password_is_the_exit_status(keyring, server, sendoff, home):
    result = set_up(sendoff, *icloud(*server), status=77)
    assert "is set up" in result.out and "535" in result.err
    assert home.config_file.exists()  # only the password is to be mended: sendoff login


def test_other_accounts_and_comments_are_kept(home, keyring, sendoff):
    before = ("# written by hand\n[defaults]\naccount=own   # no comment\n\n"
              "[account own]\n# the office\npreset=smtp\naddress = me@example.org\n"
              "smtp-host=mail.example.org\n").replace("   # no comment", "")
    home.write_config(before, mode=0o640)
    set_up(sendoff, *icloud("--no-test"), status=0)
    after = home.config_file.read_text()
    assert after == before + f"\n[account icloud]\npreset = icloud\naddress = {ADDRESS}\n"
    assert stat.S_IMODE(home.config_file.stat().st_mode) == 0o600
    set_up(sendoff, *icloud("--no-test", "--set", "from-name=Me"), status=0)
    assert home.config_file.read_text() == after + "from-name = Me\n"


SECOND = ["--account", "second", "--preset", "icloud", "--address", "you@icloud.com", "--no-test"]


def default_of(sendoff):
    return [line["name"] for line in sendoff("--json", "accounts", status=0).json
            if line.get("default")]


def test_the_first_account_is_the_default(home, keyring, sendoff):
    first = set_up(sendoff, *icloud("--no-test"), status=0)
    assert "[defaults]\naccount = icloud\n" in home.config_file.read_text()
    assert "default" not in first.err
    before = home.config_file.read_text()
    second = set_up(sendoff, *SECOND, status=0)
    assert "default" not in second.err and home.config_file.read_text().startswith(before)
    assert default_of(sendoff) == ["icloud"]


def test_the_only_account_stays_the_default(home, keyring, sandbox, server, sendoff):
    """Cron's mail went nowhere when a second account was added."""
    before = "# mine\n" + sandbox.config() + "# the end\n"
    home.write_config(before)
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    result = set_up(sendoff, *SECOND, *server, status=0)
    [line] = [line for line in result.err.splitlines() if "default" in line]
    assert line.startswith("icloud stays") and "account = NAME" in line and "[defaults]" in line
    assert home.config_file.read_text().startswith(before)
    assert default_of(sendoff) == ["icloud"]
    sendoff("sendmail", "-odi", "a@example.org", input="Subject: x\n\nx\n", status=0)
    sendoff("send", "a@example.org", "-m", "x", status=0)
    sendoff("test", status=0)
    assert [one["sender"] for one in sandbox.deliveries()] == ["me@icloud.com"] * 3
    assert "default" not in set_up(sendoff, "--account", "third", *SECOND[2:], status=0).err


def test_of_several_without_a_default_setup_chooses_none(home, keyring, sandbox, sendoff):
    home.write_config(sandbox.config() + sandbox.config(name="work"))
    result = sendoff("test", status=78)
    assert "nothing says which account" in result.err and "“account = icloud”" in result.err
    set_up(sendoff, *SECOND, status=0)
    assert default_of(sendoff) == [] and "[defaults]" not in home.config_file.read_text()
    assert "there is no account “x”" in sendoff("--account", "x", "test", status=78).err


def test_a_linked_configuration_stays_linked(home, keyring, sendoff, tmp_path):
    home.write_config("")
    behind = tmp_path / "dotfiles"
    home.config_file.rename(behind)
    home.config_file.symlink_to(behind)
    set_up(sendoff, *icloud("--no-test"), status=0)
    assert home.config_file.is_symlink() and ADDRESS in behind.read_text()


def test_another_address_does_not_overwrite(home, keyring, sendoff):
    set_up(sendoff, *icloud("--no-test"), status=0)
    before = home.config_file.read_text()
    options = ["--preset", "icloud", "--address", "you@icloud.com", "--no-test"]
    result = set_up(sendoff, *options, status=64)
    assert "--account NAME" in result.err and home.config_file.read_text() == before
    set_up(sendoff, "--account", "second", *options, status=0)
    assert "[account second]" in home.config_file.read_text()


@pytest.mark.parametrize("options, status, words", [
    ([], 64, "--preset and --address"),
    (["--preset", "icloud"], 64, "--preset and --address"),
    (["--preset", "icloud", "--address", "me"], 65, "no @"),
    (["--preset", "icloud", "--address", "me@icloud.com\n[account x]"], 65, "not a mail address"),
    (["--preset", "nonesuch", "--address", ADDRESS], 64,
     "no preset “nonesuch”\n  → there are: icloud, gmail, outlook, fastmail, smtp\n"),
    (["--preset", "smtp", "--address", "me@example.org"], 78, "smtp-host"),
    (icloud("--set", "colour=blue"), 78, "colour"),
    (icloud("--set", "smtp-port=0"), 78, "smtp-port"),
    (icloud("--set", "nothing"), 64, "KEY=VALUE"),
    (icloud("--set", "from-name=a\nb"), 78, "one line"),
    (["--preset", "outlook", "--address", "me@outlook.com"], 64, "token"),
])
def test_bad_answers_change_nothing(home, keyring, sendoff, options, status, words):
    result = set_up(sendoff, *options, status=status)
    assert words in result.err and PASSWORD not in result.err
    assert not home.config_file.exists()
    assert keyring.lookup("smtp.mail.me.com", ADDRESS) == ""


def test_without_a_keyring_nothing_is_written(home, sendoff):
    set_up(sendoff, *icloud("--no-test"), status=75)
    assert not home.config_file.exists()


def test_without_a_keyring_a_command_will_do(home, sendoff):
    with sendoff.terminal("setup", *icloud("--no-test")) as terminal:
        terminal.expect("no session bus|cannot be reached|session bus")
        terminal.expect("A command that prints the password.*: ")
        terminal.answer("printf " + PASSWORD)
        assert terminal.finish() == 0
    assert f"password-command = printf {PASSWORD}\n" in home.config_file.read_text()
    assert sendoff("login", status=0)


def test_a_new_password_ends_the_hold_for_the_old_one(account, home, keyring, sandbox):
    subprocess.run([BUILD / "tests" / "fault" / "outbox-driver", home.outbox, "enqueue", "1"],
                   input=b"Subject: x\n\nhi\n", env=home.env, check=True, capture_output=True)
    keyring.store(sandbox.host, sandbox.user, "aaaa-bbbb-cccc-dddd")
    account("retry", status=77)
    set_up(account, *icloud("--no-test"), password=sandbox.password, status=0)
    account("retry", status=0)
    assert len(sandbox.deliveries()) == 1


def test_breaking_off_leaves_nothing(home, keyring, sendoff):
    with sendoff.terminal("setup", *icloud()) as terminal:
        terminal.expect("Password of .*: ")
        terminal.interrupt()
        assert terminal.finish() in (-2, 130)
        assert terminal.echoes
    assert not home.config_file.exists()


def test_a_folder_that_cannot_be_written(home, keyring, sendoff):
    (home.config / "sendoff").write_text("a file in the way")
    result = set_up(sendoff, *icloud("--no-test"))
    assert result.status in (73, 78) and "→" in result.err


def test_a_faulty_configuration_is_not_touched(home, keyring, sendoff):
    home.write_config("[account icloud]\nnonsense\n")
    set_up(sendoff, *icloud("--no-test"), status=78)
    assert home.config_file.read_text() == "[account icloud]\nnonsense\n"


def test_json(home, keyring, sendoff):
    result = set_up(sendoff, "--json", *icloud("--no-test"), status=0)
    assert result.result == {"event": "result", "status": "configured", "account": "icloud",
                             "config": str(home.config_file)}
