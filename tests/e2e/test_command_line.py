"""The command line: what every command reads the same way."""

import subprocess

import pytest


@pytest.mark.parametrize("words", [
    ["send", "-m", "x", "--", "-a@example.net"],
    ["send", "-m", "x", "-q", "--", "-a@example.net"],
    ["test", "--", "-a@example.net"],
], ids=" ".join)
def test_behind_two_hyphens_no_word_is_an_option(account, sandbox, words):
    account(*words, status=0)
    assert [one["recipients"] for one in sandbox.deliveries()] == [["-a@example.net"]]


@pytest.mark.parametrize("words, status, says", [
    (["outbox", "show", "--", "-x"], 66, "begins with “-x”"),
    (["outbox", "show", "--", "--"], 66, "begins with “--”"),
    (["outbox", "hold", "--", "-x", "-y"], 66, "begins with “-x”"),
    (["retry", "--", "-x"], 66, "begins with “-x”"),
    (["outbox", "import", "--", "-x"], 66, "-x: there is no such file"),
    (["log", "--", "--json"], 64, "takes no argument"),
    (["send", "--eml", "/dev/null", "--", "--", "-a@example.net"], 65, "“--” is not a mail address"),
], ids=str)
def test_the_hyphens_themselves_are_no_argument(account, words, status, says):
    assert says in account(*words, status=status).err


def remedy_of(done):
    """The command that the remedy of an error is."""
    return done.err.split("\n  → Run: ", 1)[1].splitlines()[0]


def test_a_command_in_a_remedy_can_be_pasted(home, sendoff, tmp_path):
    config = tmp_path / "it's $mine"
    config.write_text(f"[defaults]\noutbox = {tmp_path}/the 'outbox'\n")
    config.chmod(0o666)
    outbox = tmp_path / "the 'outbox'"
    outbox.mkdir()
    outbox.chmod(0o755)
    for mode in (78, 73):
        done = sendoff("--config", config, "outbox", "list", status=mode)
        subprocess.run(["sh", "-c", remedy_of(done)], check=True, env=home.env)
    sendoff("--config", config, "outbox", "list", status=0)
