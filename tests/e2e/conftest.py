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
import tempfile

import pytest

from support.home import Home, Keyring
from support.namespace import Namespace, NoNamespaces, up_for_a_day
from support.program import BUILD, Program
from support.servers import Sandbox, Twin


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


def no_namespaces(reason):
    """Skipped where the machine cannot; in CI it can, so there it is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"no network namespace: {reason}")
    pytest.skip(f"no network namespace: {reason}")


@pytest.fixture
def day_old():
    """What goes before a command for which this machine was started a day ago."""
    try:
        return up_for_a_day()
    except NoNamespaces as reason:
        pytest.skip(f"no time namespace: {reason}")


@pytest.fixture
def namespace():
    """A network without any way out, with a hosts file of its own."""
    try:
        namespace = Namespace()
    except NoNamespaces as reason:
        no_namespaces(reason)
    yield namespace
    namespace.stop()


@pytest.fixture(scope="session")
def shared_twin():
    try:
        namespace = Namespace(many_users=True)
    except NoNamespaces as reason:
        no_namespaces(reason)
    try:
        namespace.hosts({"smtp.mail.me.com": "127.0.0.1", "imap.mail.me.com": "127.0.0.1"})
        # Postfix and Dovecot give up root, so every folder above has to let them through.
        with tempfile.TemporaryDirectory(prefix="sendoff-twin.", dir="/tmp") as folder:
            os.chmod(folder, 0o755)
            twin = Twin(folder, namespace)
            yield twin
            twin.stop()
    finally:
        namespace.stop()


@pytest.fixture
def twin(shared_twin):
    """With empty mailboxes.  Programs reach it by sendoff.within(twin.namespace)."""
    shared_twin.clear()
    yield shared_twin
    shared_twin.set_quota(5 * 1000**3)


@pytest.fixture
def twin_account(home, keyring, twin, sendoff):
    """The program in the twin's network, with the untouched preset but for the CA."""
    home.write_config("[defaults]\naccount = icloud\n\n[account icloud]\npreset = icloud\n"
                      f"address = {twin.address}\ntls-ca-file = {twin.ca}\n")
    for host, service in (("smtp.mail.me.com", "smtp"), ("imap.mail.me.com", "imap")):
        keyring.store(host, twin.user, twin.password, service)
    return sendoff.within(twin.namespace)
