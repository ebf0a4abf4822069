"""--json: whatever goes wrong, standard output ends with one result that says so."""

import json

import pytest

BROKEN = "[account icloud]\nnonsense\n"


def the_result(done, status):
    """Of a run that failed: the last line, and the only result."""
    assert done.status == status, str(done)
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["event"] for line in lines].count("result") == 1, str(done)
    assert lines[-1]["event"] == "result" and lines[-1]["status"] == "failed", str(done)
    return lines[-1]


def fails(done, status):
    """Told on both: the words of standard error are those of the result."""
    result = the_result(done, status)
    assert f"sendoff: {result['error']}\n" in done.err, str(done)
    assert not result["remedy"] or f"  → {result['remedy']}\n" in done.err, str(done)
    return result


@pytest.mark.parametrize("words", [
    ["test"], ["send", "a@example.org", "-m", "x"], ["accounts"], ["login"], ["logout"], ["retry"],
    ["retry", "ABC"], ["outbox", "list"], ["outbox", "show", "ABC"], ["outbox", "hold", "ABC"],
    ["outbox", "release", "ABC"], ["outbox", "remove", "ABC"], ["outbox", "edit", "ABC", "--zip"],
    ["outbox", "export", "ABC"], ["outbox", "import", "/dev/null"], ["outbox", "verify"],
    ["schedule", "install"],
    ["setup", "--preset", "icloud", "--address", "me@icloud.com", "--password-stdin"],
    ["setup", "--import", "msmtp"],
], ids=" ".join)
def test_a_bad_configuration(home, sendoff, words):
    home.write_config(BROKEN)
    for done in (sendoff("--json", *words), sendoff(*words, "--json")):
        assert set(fails(done, 78)) == {"event", "status", "error", "remedy"}


@pytest.mark.parametrize("words, status", [
    (["--account", "nobody", "test"], 78),
    (["--from", "who@example.org", "test"], 64),
    (["test", "not-an-address"], 65),
    (["test", "-a", "/nonexistent"], 66),
    (["send", "not-an-address", "-m", "x"], 65),
    (["send", "a@example.org", "-m", "x", "-a", "/nonexistent"], 66),
    (["send", "--eml", "/nonexistent"], 66),
    (["outbox", "show", "ABC"], 66),
    (["outbox", "export", "ABC"], 66),
    (["outbox", "edit", "ABC", "--to", "a@example.org"], 66),
    (["retry", "ABC"], 66),
], ids=str)
def test_what_is_not_there(account, words, status):
    fails(account("--json", *words), status)


@pytest.mark.parametrize("words", [
    ["--json", "--bogus", "test"], ["--json"], ["nonesuch", "--json"], ["--json", "tset"],
    ["test", "--bogus", "--json"], ["test", "a@example.org", "b@example.org", "--json"],
    ["outbox", "--json"], ["outbox", "--json", "nonesuch"], ["outbox", "nonesuch", "--json"],
    ["schedule", "--json"], ["retry", "--watch", "--background", "--json"], ["log", "x", "--json"],
    ["test", "--json", "--timeout", "5"], ["send", "--json", "a@example.org", "--dsn", "perhaps"],
    [b"\xff\xfe", "--json"],
], ids=str)
def test_wrong_usage(account, words):
    words = [word.decode("utf-8", "surrogateescape") if isinstance(word, bytes) else word
             for word in words]
    fails(account(*words), 64)


def test_it_is_not_told_in_json_what_was_not_asked_for_in_it(account):
    assert account("nonesuch").out == ""
    assert account("send", "--bogus", "--", "--json").out == ""
    assert account("--json", "sendmail", input="Subject: x\n\nx\n", status=64).out == ""


def test_a_locked_keyring(account, keyring):
    keyring.lock()
    fails(account("--json", "login", "--password-stdin", input="abcd-efgh-ijkl-mnop\n"), 75)
    fails(account("--json", "logout"), 75)


def test_what_has_a_result_gets_no_second_one(account, sandbox, home):
    sandbox.rule(greeting="421 4.3.2 closed")
    result = fails(account("--json", "test"), 75)
    assert result["recipients"] and "timeline" in result
    sandbox.rule()
    done = account("--json", "doctor", "--report", "/nonexistent/report.html", status=73)
    assert done.out.count('"event":"result"') == 1
    account("send", "--queue", "a@example.org", "-m", "x", status=0)
    [entry] = (home.outbox / "entries").iterdir()
    entry.unlink()
    entry.symlink_to(entry.name)
    done = account("--json", "outbox", "list")
    assert done.status != 0 and done.out.count('"event":"result"') == 1, str(done)
    assert done.result["status"] == "listed" and done.result["error"] in done.err


def test_an_import_that_fails_says_why(account, home, tmp_path):
    message = tmp_path / "one.eml"
    message.write_text("From: me@icloud.com\nTo: a@example.org\nSubject: x\n\nx\n")
    home.outbox.parent.mkdir(parents=True, exist_ok=True)
    home.outbox.mkdir(mode=0o755)
    home.outbox.chmod(0o755)
    fails(account("--json", "outbox", "import", message), 73)


def test_setup_does_not_ask_behind_the_last_word(home, keyring, sandbox, sendoff):
    settings = {"smtp-host": sandbox.host, "smtp-port": sandbox.port, "tls-ca-file": sandbox.ca}
    options = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    with sendoff.terminal("--json", "setup", "--preset", "icloud", "--address", "me@icloud.com",
                          *options) as terminal:
        terminal.expect("Password of .*: ")
        terminal.answer(sandbox.password)
        assert terminal.finish() == 0
        assert terminal.text.count('"event":"result"') == 1
