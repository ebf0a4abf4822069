"""What bash offers after Tab, asked as bash asks it."""

import subprocess

import pytest

from support.home import ROOT
from support.program import BUILD

SCRIPT = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_sendoff 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def offers(home, account):
    for name in ("a", "b"):
        account("send", "--queue", f"{name}@example.org", "-m", "x", status=0)

    def ask(*words):
        done = subprocess.run(
            ["bash", "-c", SCRIPT, "bash", ROOT / "config" / "sendoff.bash", BUILD / "sendoff",
             *words], env=home.env, capture_output=True, text=True, timeout=60, check=True)
        assert done.stderr == ""
        return done.stdout.split()
    return ask


def test_commands_and_verbs(offers):
    assert {"send", "sendmail", "outbox", "retry"} <= set(offers(""))
    assert offers("sen") == ["send", "sendmail"]
    assert offers("outbox", "re") == ["release", "remove"]
    assert offers("-v", "--account", "icloud", "outbox", "sh") == ["show"]
    assert set(offers("schedule", "")) == {"install", "status", "remove"}


def test_options(offers):
    assert offers("send", "--att") == ["--attach="]
    assert offers("retry", "--n") == ["--now"]
    assert offers("outbox", "list", "--s") == ["--state="]
    assert {"--account", "--json", "--quiet"} <= set(offers("--"))


def test_accounts_and_states(offers):
    assert offers("--account", "") == ["icloud"]
    assert offers("outbox", "list", "--state", "=", "he") == ["held"]


def test_ids(offers, home):
    ids = {path.name.rsplit(".", 1)[1] for path in (home.outbox / "entries").iterdir()}
    assert len(ids) == 2 and set(offers("outbox", "show", "")) == ids
    first = min(ids)
    assert offers("outbox", "remove", first[:10]) == [first]
    assert set(offers("retry", "--now", "")) == ids
    assert offers("outbox", "list", "") == []
