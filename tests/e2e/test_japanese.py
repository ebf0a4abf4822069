"""The Japanese catalogue: complete, and what it says fits the screen."""

import pathlib
import re
import subprocess
import unicodedata

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
JAPANESE = {"LANGUAGE": "ja", "LC_ALL": "C.UTF-8"}


def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line
               if not unicodedata.combining(c))


def run(*words, **options):
    return subprocess.run([*map(str, words)], capture_output=True, text=True, check=True,
                          **options)


def test_every_message_is_translated(tmp_path):
    sources = sorted(str(path.relative_to(ROOT)) for folder in ("src", "include")
                     for path in (ROOT / folder).rglob("*.[ch]"))
    template = tmp_path / "sendoff.pot"
    run("xgettext", "-k_", "-kN_", "-kP_:1,2", "--from-code=UTF-8", "-o", template, *sources,
        cwd=ROOT)
    merged = tmp_path / "ja.po"
    run("msgmerge", "-q", "--no-fuzzy-matching", "-o", merged, ROOT / "po" / "ja.po", template)
    run("msgfmt", "-c", "-o", "/dev/null", merged)
    missing = run("msgattrib", "--untranslated", "--no-wrap", "--no-obsolete", merged).stdout
    assert re.findall(r'^msgid "(.+)"', missing, re.MULTILINE) == []
    fuzzy = run("msgattrib", "--only-fuzzy", "--no-wrap", ROOT / "po" / "ja.po").stdout
    assert fuzzy == ""


def test_help_is_japanese_and_fits_eighty_columns(sendoff):
    text = sendoff("--help", env=JAPANESE, status=0).out
    assert "使い方" in text
    texts = [text, sendoff("outbox", "--help", env=JAPANESE, status=0).out]
    for command in re.findall(r"^  (\w+)", text, re.MULTILINE):
        texts.append(sendoff(command, "--help", env=JAPANESE, status=0).out)
    assert [line for text in texts for line in text.splitlines() if columns(line) > 80] == []


@pytest.mark.parametrize("words, says", [
    (["test", "nobody"], "アドレスに @ がありません"),
    (["send", "a@example.org", "-m", "x", "-a", "/nonexistent"], "を読み出せません"),
    (["outbox", "show", "zzzz"], "送信ボックスにありません"),
    (["nonsense"], "というコマンドはありません"),
])
def test_errors_are_japanese(account, words, says):
    done = account(*words, env=JAPANESE)
    assert done.status != 0
    assert says in done.err and "→" in done.err


def test_the_words_are_apples_own(account, sandbox):
    sandbox.rule(auth="535 5.7.8 no")
    done = account("test", env=JAPANESE, status=77)
    assert "App用パスワード" in done.err and "sendoff login" in done.err
    assert "送信ボックスで待っているものはありません" in account(
        "outbox", "list", env=JAPANESE, status=0).err + account(
        "outbox", "list", env=JAPANESE, status=0).out


def test_where_a_password_comes_from_is_no_sender(account):
    """In English both columns could be FROM; in Japanese one word cannot mean both."""
    header = account("accounts", env=JAPANESE, status=0).out.splitlines()[0]
    assert "パスワード" in header and "差出人" not in header
