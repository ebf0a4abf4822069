"""Fixtures of the end-to-end tests.

home      HOME and XDG folders of its own, and the environment that names them
keyring   an unlocked keyring on a session bus of its own (home.env then names it)
sandbox   a mail account on loopback that answers as iCloud does (support/servers.py)
sendoff   the program: sendoff("test", status=0).result["status"], sendoff.terminal("login")
account   all four together: configured, the password in the keyring
write_config   the configuration file
namespace, twin   Postfix and Dovecot as smtp.mail.me.com and imap.mail.me.com

SENDOFF_BUILD names the folder of the build to be tested (default: the source's own).
"""

import os

import pytest

from support.home import Home, Keyring
from support.program import BUILD, Program
from support.servers import Sandbox


def pytest_configure(config):
    if not (BUILD / "sendoff").exists():
        raise pytest.UsageError(f"no sendoff in {BUILD}: build it first (./autogen.sh)")


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    yield home
    home.remove()


@pytest.fixture
def write_config(home):
    return home.write_config


@pytest.fixture
def keyring(home):
    keyring = Keyring(home)
    yield keyring
    keyring.stop()


@pytest.fixture
def sandbox(tmp_path):
    sandbox = Sandbox(tmp_path / "account")
    yield sandbox
    sandbox.stop()


@pytest.fixture
def make_sandbox(tmp_path):
    """Further servers, or one with options: make_sandbox("--certificate", "expired")."""
    made = []

    def make(*options):
        made.append(Sandbox(tmp_path / f"account-{len(made) + 1}", *options))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.stop()


@pytest.fixture
def sendoff(home):
    return Program(home)


@pytest.fixture
def account(home, keyring, sandbox, sendoff):
    """The program, ready to send: `sandbox` is the account `icloud`, `keyring` has its password."""
    home.write_config("[defaults]\naccount = icloud\n\n" + sandbox.config())
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    return sendoff
