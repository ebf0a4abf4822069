"""What failed while nobody looked is told on the desktop, if there is one."""

import json
import subprocess

import pytest

from support.home import ROOT

DESKTOP = ROOT / "tests" / "e2e" / "support" / "desktop.py"


class Desktop:
    def __init__(self, home, *words):
        self._process = subprocess.Popen(["/usr/bin/python3", DESKTOP, *words], env=home.env,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "ready\n"

    def stop(self):
        """What it has shown."""
        return [json.loads(line) for line in self._process.communicate(timeout=20)[0].splitlines()]


@pytest.fixture
def refused(account, sandbox):
    """Two messages wait that the server will refuse."""
    for name in ("a", "b"):
        account("send", "--queue", f"{name}@example.org", "-s", f"<b>{name}</b> 件名", "-m", "x",
                status=0)
    sandbox.rule(recipients={"*": "550 5.1.1 <no> such & user"})
    return account


def test_one_word_for_a_pass(home, refused):
    desktop = Desktop(home)
    refused("retry", status=69)
    refused("retry", status=0)
    [shown] = desktop.stop()
    assert shown["name"] == "sendoff" and shown["summary"] == "2 messages were not sent"
    assert "@example.org: 550 5.1.1 &lt;no&gt; such &amp; user" in shown["body"]


def test_the_subject_of_one(home, refused):
    [entry] = [line["id"] for line in refused("outbox", "list", "--json").json
               if line.get("to") == ["a@example.org"]]
    desktop = Desktop(home)
    refused("retry", entry, status=69)
    assert [shown["summary"] for shown in desktop.stop()] == ["Not sent: <b>a</b> 件名"]


def test_not_to_who_looks_on_nor_who_does_not_want_it(home, refused):
    desktop = Desktop(home)
    refused("send", "c@example.org", "-m", "x", status=69)
    config = home.config_file
    config.write_text(config.read_text() + "notify = never\n", encoding="utf-8")
    refused("retry", status=69)
    assert desktop.stop() == []


def test_a_desktop_that_does_not_answer_holds_nobody_up(home, refused):
    desktop = Desktop(home, "silent")
    done = refused("retry", status=69)
    assert done.seconds < 15
    assert len(desktop.stop()) == 1


def test_without_a_desktop(refused):
    done = refused("retry", status=69)
    assert done.err.count("\n") == 2  # one line each, and not a word of it
