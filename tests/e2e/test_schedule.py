"""schedule: installed for a real service manager and a real cron, on a machine of its own."""

import datetime
import re
import shutil
import time

import pytest

from support.machine import Machine
from support.namespace import NoNamespaces
from support.servers import Sandbox, wait_for

UNITS = ".config/systemd/user"
MESSAGE = "From: me@icloud.com\nTo: you@example.org\nSubject: hello\n\nhi\n"
CONFIG = "[account icloud]\npreset = icloud\naddress = me@icloud.com\n"


@pytest.fixture
def machine():
    try:
        machine = Machine()
    except NoNamespaces as reason:
        pytest.skip(str(reason))
    machine.write(".config/sendoff/config", CONFIG)
    yield machine
    machine.stop()


@pytest.fixture
def systemd(machine):
    """The machine, with the user's service manager running."""
    try:
        machine.start_systemd()
    except NoNamespaces as reason:
        pytest.skip(str(reason))
    return machine


@pytest.fixture
def crontab(machine):
    if not shutil.which("crontab"):
        pytest.skip("no cron")
    return lambda *arguments, **options: machine.run("crontab", *arguments, **options)


@pytest.fixture
def account(machine, tmp_path):
    """A server in the machine's network, and its password in the user's keyring."""
    server = Sandbox(tmp_path / "account", namespace=machine)
    # The user must get at the certificate.
    machine.write("ca.pem", open(server.ca, encoding="ascii").read())
    machine.write(".config/sendoff/config",
                  server.config(tls_ca_file="/home/me/ca.pem"))
    yield server
    server.stop()


OUTBOX = "/home/me/.local/state/sendoff/outbox"
# What shells, cron and systemd all take for something else.
ODD = "/home/me/an \"odd\" 'box', 100% $HOME %h \\x"


def put(machine, outbox=OUTBOX):
    """A message into the outbox, as a program that has only just been installed finds it."""
    machine.run("mkdir", "-p", outbox.rsplit("/", 1)[0], status=0)
    machine.run("/opt/sendoff/tests/fault/outbox-driver", outbox, "enqueue", "1", input=MESSAGE,
                status=0)


def state(machine, *words, **options):
    return machine.sendoff("--json", "schedule", *words, **options).result


def files(machine):
    """Every file below .config and its text."""
    return {str(path.relative_to(machine.home)): path.read_text() if path.is_file() else None
            for path in (machine.home / ".config").rglob("*")}


# --- systemd ---

def test_a_timer_comes_and_goes(systemd):
    before = files(systemd)
    assert state(systemd, "status", status=78)["status"] == "absent"
    installed = state(systemd, "install", status=0)
    assert installed["kind"] == "timer" and installed["changed"] and installed["every"] == 5
    soon = datetime.datetime.fromisoformat(installed["next"].replace("Z", "+00:00")).timestamp()
    assert time.time() - 60 < soon < time.time() + 6 * 60
    assert systemd.run("systemctl", "--user", "is-active", "sendoff.timer").status == 0

    text = files(systemd)
    assert state(systemd, "install", status=0)["changed"] is False and files(systemd) == text
    assert state(systemd, "install", "--every", "10", status=0)["changed"] is True
    assert "OnCalendar=*:0/10\n" in files(systemd)[f"{UNITS}/sendoff.timer"]

    systemd.run("systemctl", "--user", "start", "sendoff.service", status=0)
    assert state(systemd, "status", status=0)["status"] == "runs"
    assert state(systemd, "remove", status=0)["kind"] == "timer"
    after = {path: text for path, text in files(systemd).items() if "systemd" not in path}
    assert after == before and not any("sendoff" in path for path in files(systemd)
                                       if "systemd" in path)
    assert systemd.run("systemctl", "--user", "is-active", "sendoff.timer").status != 0
    assert "nothing to remove" in systemd.sendoff("schedule", "remove", status=0).err


def test_the_units_are_sound_and_hardened(systemd):
    systemd.sendoff("schedule", "install", status=0)
    units = [f"/home/me/{UNITS}/sendoff.{kind}" for kind in ("service", "timer")]
    verified = systemd.run("systemd-analyze", "--user", "--man=no", "verify", *units, status=0)
    assert verified.err == "" and verified.out == ""
    shown = systemd.run("systemd-analyze", "--user", "security", "sendoff.service", status=0).out
    exposure = re.search(r"exposure level .*: ([\d.]+)", shown)
    print("\n" + exposure[0])
    assert float(exposure[1]) <= 2.0
    systemd.sendoff("schedule", "install", "--watch", status=0)
    verified = systemd.run("systemd-analyze", "--user", "--man=no", "verify", units[0], status=0)
    assert verified.err == ""


@pytest.mark.parametrize("outbox", [OUTBOX, ODD], ids=["usual", "odd"])
def test_the_hardened_service_sends(systemd, account, outbox):
    systemd.start_keyring()
    systemd.store(account.host, account.user, account.password)
    env = {"SENDOFF_OUTBOX": outbox if outbox != OUTBOX else None}
    systemd.sendoff("schedule", "install", env=env, status=0)
    put(systemd, outbox)
    systemd.run("systemctl", "--user", "start", "sendoff.service", status=0)
    assert len(account.deliveries()) == 1
    shown = systemd.run("systemctl", "--user", "show", "sendoff.service", status=0).out
    assert "PrivateUsers=yes" in shown and "ProtectHome=read-only" in shown


def test_the_watching_service_sends_at_once(systemd, account):
    systemd.start_keyring()
    systemd.store(account.host, account.user, account.password)
    assert state(systemd, "install", "--watch", status=0)["kind"] == "watch"
    put(systemd)
    account.wait_for(1)
    assert state(systemd, "status", status=0)["status"] == "runs"
    assert not (systemd.home / UNITS / "sendoff.timer").exists()
    # From one kind to the other: nothing of the old one stays.
    assert state(systemd, "install", status=0)["kind"] == "timer"
    assert systemd.run("systemctl", "--user", "is-active", "sendoff.service").status != 0
    assert not list((systemd.home / UNITS).glob("default.target.wants/*"))


def test_a_service_that_fails_is_told_of(systemd):
    systemd.sendoff("schedule", "install", status=0)
    systemd.write(".config/sendoff/config", "nonsense\n")
    systemd.run("systemctl", "--user", "start", "sendoff.service")
    trouble = state(systemd, "status")["trouble"]
    assert "failed" in trouble and "78" in trouble


def test_units_of_others_are_left_alone(systemd):
    systemd.write(f"{UNITS}/sendoff.service", "[Service]\nExecStart=/bin/true\n")
    before = files(systemd)
    refused = systemd.sendoff("schedule", "install", status=73)
    assert "not written by sendoff" in refused.err and "→" in refused.err
    systemd.sendoff("schedule", "remove", status=0)
    assert files(systemd) == before


def test_a_read_only_unit_folder(systemd):
    folder = systemd.home / UNITS
    systemd.write(f"{UNITS}/other.service", "")
    folder.chmod(0o500)
    refused = systemd.sendoff("schedule", "install", status=73)
    assert "→" in refused.err and len(list(folder.iterdir())) == 1


# --- cron ---

OTHERS = ("# mine\n# DO NOT EDIT\nMAILTO=\"\"\n\n*/7 * * * *  echo '100\\%' # sendoff\n"
          "@daily  true\t\n#3 * * * * sendoff retry # sendoff schedule, since 20260101T000000Z\n")


def test_the_other_lines_of_a_crontab(machine, crontab):
    crontab("-", input=OTHERS, status=0)
    before = crontab("-l", status=0).out
    installed = state(machine, "install", "--cron", status=0)
    assert installed["kind"] == "cron" and installed["changed"] and installed["next"] != ""
    after = crontab("-l", status=0).out
    line, = set(after.splitlines()) - set(before.splitlines())
    assert after == before + line + "\n"
    assert re.fullmatch(r"\d-59/5 \* \* \* \* '/opt/sendoff/sendoff' --quiet retry >/dev/null 2>&1 "
                        r"# sendoff schedule, since \d{8}T\d{6}Z", line)
    assert state(machine, "install", "--cron", status=0)["changed"] is False
    assert crontab("-l").out == after
    assert state(machine, "status", status=0)["status"] == "new"

    # In place, wherever it stands by now.
    crontab("-", input=line + "\n" + before, status=0)
    state(machine, "install", "--cron", "--every", "1", status=0)
    changed = crontab("-l").out
    assert changed.startswith("* * * * * ") and changed.endswith(before)
    state(machine, "remove", status=0)
    assert crontab("-l").out == before


def test_a_crontab_of_ours_alone_is_removed_whole(machine, crontab):
    machine.sendoff("schedule", "install", "--cron", status=0)
    assert len(crontab("-l", status=0).out.splitlines()) == 1
    machine.sendoff("schedule", "remove", status=0)
    assert "no crontab" in crontab("-l", status=1).err


def test_without_systemd_it_is_cron(machine, crontab):
    result = machine.sendoff("schedule", "install", status=0)
    assert "cron is used instead" in result.err
    assert "sendoff schedule" in crontab("-l", status=0).out
    refused = machine.sendoff("schedule", "install", "--watch", status=73)
    assert "service manager" in refused.err and "→" in refused.err


def test_without_either(machine):
    """PATH leads to no crontab and no systemctl."""
    refused = machine.run("/opt/sendoff/sendoff", "schedule", "install",
                          env={"PATH": "/opt"}, status=73)
    assert "there is no cron here" in refused.err and "sendoff retry" in refused.err
    assert machine.run("/opt/sendoff/sendoff", "schedule", "status", env={"PATH": "/opt"},
                       status=78)


def test_a_user_who_may_not(machine, crontab):
    """The spool is not for this user: what crontab says is passed on."""
    (machine.root / "var/spool/cron/crontabs").chmod(0o700)
    refused = machine.sendoff("schedule", "install", "--cron", status=73)
    assert "crontab failed: " in refused.err and "ermission" in refused.err
    (machine.root / "var/spool/cron/crontabs").chmod(0o1730)


@pytest.mark.skipif(not shutil.which("faketime"), reason="no faketime")
@pytest.mark.parametrize("outbox", [OUTBOX, ODD], ids=["usual", "odd"])
def test_a_real_cron_drains_the_outbox(machine, crontab, account, outbox):
    """With the keyring on the user's bus, which nothing in cron's environment names."""
    machine.start_keyring()
    machine.store(account.host, account.user, account.password)
    put(machine, outbox)
    env = {"SENDOFF_OUTBOX": outbox if outbox != OUTBOX else None}
    machine.sendoff("schedule", "install", "--cron", "--every", "1", env=env, status=0)
    machine.start_cron()
    account.wait_for(1, timeout=30)
    message, = account.messages()
    assert b"Subject: hello" in message
    entries = machine.root / outbox[1:] / "entries"
    wait_for(lambda: not list(entries.iterdir()))
    wait_for(lambda: state(machine, "status", env=env, status=0)["status"] == "runs")


# --- a runner that died ---

def test_a_runner_that_died(machine, crontab, day_old):
    machine.prefix += day_old
    machine.sendoff("schedule", "install", "--cron", status=0)
    machine.sendoff("retry", status=0)
    last = machine.home / ".local/state/sendoff/outbox/last-pass"
    assert state(machine, "status", status=0)["status"] == "runs"
    # Three hours ago; and the line older than that.
    old = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=3))
    stamp = old.strftime("%Y%m%dT%H%M%SZ")
    last.write_text(re.sub(r"^\w+", stamp, last.read_text()))
    line = re.sub(r"\w+Z$", "20260101T000000Z", crontab("-l").out.strip())
    crontab("-", input=line + "\n", status=0)
    dead = state(machine, "status", status=75)
    assert dead["status"] == "stopped" and "3 hours" in dead["text"] and "cron" in dead["remedy"]
    machine.sendoff("retry", status=0)
    assert state(machine, "status", status=0)["status"] == "runs"


def test_send_tells_when_nothing_will_come_by(machine, crontab):
    words = ("send", "you@example.org", "-m", "hi", "--queue")
    assert "nothing sends what waits" in machine.sendoff(*words, status=0).err
    machine.sendoff("schedule", "install", "--cron", status=0)
    assert "Warning" not in machine.sendoff(*words, status=0).err


# --- usage ---

@pytest.mark.parametrize("words", [
    (), ("start",), ("install", "now"), ("status", "--cron"), ("install", "--watch", "--cron"),
    ("install", "--every", "7"), ("install", "--every", "0"), ("remove", "--every", "10"),
])
def test_usage(sendoff, words):
    result = sendoff("schedule", *words, status=64)
    assert "→" in result.err or "--help" in result.err
