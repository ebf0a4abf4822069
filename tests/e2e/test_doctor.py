"""sendoff doctor, as far as one machine alone can show it: each cause is named, with its exit
status, and what is well is not blamed.  What needs a network is in test_doctor_matrix.py.
"""

import gzip
import json
import re
import shutil
import stat

import pytest

from support.home import Keyring
from support.mailbox import Mailbox
from support.web import Web

EVENT = {"eventStatus": "ongoing", "statusType": "Outage", "epochStartDate": 1790000000000,
         "message": "Some users are affected"}


def feed(*events, service="iCloud Mail"):
    return json.dumps({"services": [{"serviceName": service, "events": list(events)}]}).encode()


@pytest.fixture
def web():
    web = Web()
    web.pages["/feed"] = feed()
    yield web
    web.stop()


@pytest.fixture
def mailbox(sandbox):
    mailbox = Mailbox(sandbox)
    mailbox.quota = (100, 1000)
    yield mailbox
    mailbox.stop()


class Patient:
    """doctor(…): its results by check, and the closing object (`cause` and so on)."""

    def __init__(self, program, home, sandbox, mailbox, web):
        self.program, self.home, self.sandbox = program, home, sandbox
        self.mailbox, self.web = mailbox, web

    def configure(self, **keys):
        own = {"status_feed": self.web.url + "/feed", "imap_host": "localhost",
               "imap_port": self.mailbox.port, "imap_security": "tls"}
        self.home.write_config("[defaults]\naccount = icloud\ncontrol-hosts = localhost\n\n"
                               + self.sandbox.config(**{**own, **keys}))

    def __call__(self, *words, status=None, **options):
        done = self.program("--json", "doctor", *words, status=status, **options)
        done.checks = {item["id"]: item for item in done.json if item["event"] == "check"}
        assert done.seconds < 15, str(done)
        assert "(null)" not in done.out, str(done)
        return done


@pytest.fixture
def doctor(account, home, keyring, sandbox, mailbox, web):
    patient = Patient(account, home, sandbox, mailbox, web)
    patient.configure()
    keyring.store("localhost", sandbox.user, sandbox.password, "imap")
    return patient


def assert_cause(done, cause, status):
    assert done.result["cause"] == cause, str(done)
    assert done.status == status, str(done)
    if cause:
        assert done.result["meaning"] and done.result["confidence"], str(done)
        assert done.result["first"] or status == 0, str(done)


def report_of(doctor):
    report = doctor.home.path / "report.html"
    doctor.program("doctor", "--report", report)
    return report.read_text(encoding="utf-8")


# --- well ---

def test_healthy(doctor, sandbox):
    done = doctor(status=0)
    assert_cause(done, "", 0)
    assert done.result["hints"] and done.result["first"] == ""
    assert [item["status"] for item in done.checks.values() if item["status"] == "fail"] == []
    for check in ("keyring", "ports", "tls", "auth", "sender", "size", "receive", "storage",
                  "status"):
        assert done.checks[check]["status"] == "ok", str(done)
    assert sandbox.deliveries() == [] and sandbox.commands("DATA") == []


def test_says_each_check_once_and_no_more_keys(doctor):
    done = doctor()
    ids = [item["id"] for item in done.json[:-1]]
    assert sorted(ids) == sorted(set(ids)) and len(ids) == 15
    for item in done.json[:-1]:
        assert set(item) == {"event", "id", "status", "meaning", "remedy", "code", "ms", "facts"}
        assert item["meaning"]
    assert set(done.result) == {"event", "cause", "confidence", "meaning", "first", "second",
                                "others", "also", "hints"}


def test_screen(doctor, sandbox):
    done = doctor.program("doctor", status=0)
    assert "All is well: mail can be sent." in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    assert doctor.program("--quiet", "doctor", status=0).out == ""
    sandbox.rule(auth="535 5.7.8 Error: authentication failed " + "very " * 60 + "finally")
    done = doctor.program("doctor", status=77)
    assert "The cause: the server refuses the password" in done.out
    assert "First:" in done.out and "sendoff login" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    assert "FAIL" in doctor.program("--quiet", "doctor", status=77).out


def test_screen_of_a_warning(doctor, mailbox):
    mailbox.quota = (850, 1000)
    out = doctor.program("doctor", status=0).out
    assert "Mail can be sent, but: the account's storage is nearly full (85 %)." in out
    assert "All is well" not in out and "The cause" not in out


def test_usage(sendoff):
    assert "doctor" in sendoff("doctor", "me@example.org", status=64).err
    sendoff("doctor", "--nonsense", status=64)


# --- a new machine ---

def test_no_configuration(sendoff, home):
    """Names are not there on this machine's network, or they are: the cause is another."""
    done = sendoff("--json", "doctor", status=78, timeout=20)
    assert done.result["cause"] == "not-set-up"
    assert "sendoff setup" in done.result["first"]
    assert not home.config_file.exists() and not home.outbox.exists()


def test_configuration_that_cannot_be_read(doctor, home):
    home.write_config("[account icloud]\npreset = icloud\nnonsense = yes\n")
    done = doctor(status=78)
    assert_cause(done, "configuration", 78)
    assert "nonsense" in done.checks["config"]["meaning"]
    assert done.result["meaning"] == "something is wrong in the configuration"
    assert done.result["first"] == done.checks["config"]["remedy"]


def test_messages_of_an_account_that_is_gone(doctor, home):
    text = home.config_file.read_text()
    home.config_file.write_text(text.replace("icloud]", "work]").replace("= icloud", "= work", 1))
    doctor.program("send", "--queue", "a@example.org", "-m", "hi", status=0)
    home.config_file.write_text(text)
    for retried in (False, True):  # before a pass has held it, and behind that
        if retried:
            doctor.program("retry", status=78)
        done = doctor()
        assert_cause(done, "configuration", 78)
        assert done.checks["outbox"]["code"] == "account-gone"
        assert done.checks["outbox"]["facts"]["count"] == "1"
        assert "an account that is not configured any more" in done.result["meaning"]
        assert "outbox edit" in done.result["first"]


def test_messages_of_an_account_that_is_not_gone(doctor, home):
    """A preset with the sender's address does; of a file that cannot be read nobody knows."""
    doctor.program("--account", "gmail", "send", "--queue", "--from", "me@gmail.com",
                   "a@example.org", "-m", "hi", status=0)
    assert_cause(doctor(), "", 0)
    home.config_file.write_text(home.config_file.read_text() + "nonsense = yes\n")
    assert doctor(status=78).checks["outbox"]["status"] == "ok"


# --- password ---

def test_no_keyring_service(home, sandbox, mailbox, web, sendoff):
    keyring = Keyring(home, service=False)
    try:
        patient = Patient(sendoff, home, sandbox, mailbox, web)
        patient.configure()
        assert_cause(patient(), "keyring", 75)
    finally:
        keyring.stop()


def test_no_entry(doctor, sandbox):
    doctor.configure(smtp_user="another@icloud.com")
    done = doctor()
    assert_cause(done, "no-password", 77)
    assert "login" in done.result["first"]
    assert done.checks["auth"]["status"] == "skipped"
    assert done.result["also"] == []


def test_locked_keyring(doctor, keyring):
    keyring.lock()
    assert_cause(doctor(), "keyring-locked", 75)


def test_login_refused(doctor, sandbox):
    for preset, reply, cause, status in (
            ("icloud", "535 5.7.8 Error: authentication failed", "password", 77),
            ("gmail", "534 5.7.9 Application-specific password required", "app-password", 77),
            ("gmail", "534 5.7.14 Please log in via your web browser", "sign-in", 77),
            ("outlook", "535 5.7.139 Authentication unsuccessful, basic authentication is disabled",
             "oauth", 77),
            ("icloud", "535 5.7.8 Turn on two-factor authentication for this account first",
             "two-factor", 77),
            ("icloud", "454 4.7.0 Temporary authentication failure", "login-down", 75)):
        doctor.configure(preset=preset, auth="plain")
        sandbox.rule(auth=reply)
        done = doctor()
        assert_cause(done, cause, status)
        assert reply.split(" ", 2)[2] in done.checks["auth"]["facts"]["words"]


def test_a_refused_password_is_not_tried_by_imap(doctor, sandbox, mailbox):
    sandbox.rule(auth="535 5.7.8 Error: authentication failed")
    assert doctor().checks["receive"]["code"] == "not-tried"
    assert mailbox.asked("LOGIN") == []


def test_a_password_refused_before_is_not_tried_again(doctor, sandbox):
    sandbox.rule(auth="535 5.7.8 Error: authentication failed")
    doctor.program("send", "you@example.org", "-m", "hi")
    tries = len(sandbox.commands("AUTH"))
    done = doctor()
    assert_cause(done, "password", 77)
    assert done.checks["auth"]["code"] == "held"
    assert len(sandbox.commands("AUTH")) == tries
    sandbox.rule()
    assert_cause(doctor("--try-password"), "", 0)


# --- sender, size, storage ---

REFUSALS = [
    ({"mail": "550 5.7.0 From address is not one of your addresses"}, "sender", 69),
    ({"rcpt": "553 5.7.1 <me@icloud.com>: Sender address rejected: not owned by user"},
     "sender", 69),
    ({"mail": "550 5.7.1 You have exceeded your daily sending limit. Please try again later."},
     "daily-limit", 75),
    ({"mail": "552 5.2.2 mailbox is over quota"}, "storage-full", 75),
    ({"mail": "451 4.3.0 Try again later"}, "server-later", 75),
    ({"mail": "550 5.7.1 Mail is not enabled for this account"}, "service-off", 69),
    ({"greeting": "421 4.7.0 Too many connections, closing"}, "server-busy", 75),
    ({"greeting": "554 5.7.1 No service for you"}, "server-refuses", 69),
    ({"mail": "drop"}, "server-later", 75),
]


def test_refused_after_the_password(doctor, sandbox):
    for rules, cause, status in REFUSALS:
        sandbox.rule(**rules)
        assert_cause(doctor(), cause, status)


def test_without_a_handshake_nothing_is_said_of_it(doctor, sandbox):
    """Nobody spoke TLS, or this machine's own part of it was not ready."""
    known = {"version", "issuer", "subject", "not-before", "not-after"}
    assert known <= set(doctor().checks["tls"]["facts"])
    sandbox.rule(greeting="421 4.7.0 Too many connections, closing")
    assert doctor().checks["tls"]["facts"] == {}
    assert "(null)" not in report_of(doctor)
    sandbox.rule()
    doctor.configure(tls_ca_file="/nonexistent")
    done = doctor()
    assert done.checks["tls"]["code"] == "ca-file" and done.checks["tls"]["facts"] == {}
    assert "(null)" not in report_of(doctor)


def test_small_size(home, keyring, make_sandbox, web, sendoff):
    sandbox = make_sandbox("--size", "1000000")
    mailbox = Mailbox(sandbox)
    patient = Patient(sendoff, home, sandbox, mailbox, web)
    patient.configure()
    for service in ("smtp", "imap"):
        keyring.store(sandbox.host, sandbox.user, sandbox.password, service)
    done = patient()
    mailbox.stop()
    assert_cause(done, "size", 0)
    assert done.checks["size"]["code"] == "smaller"


def test_storage(doctor, mailbox):
    for quota, cause, status in (
            ((1000, 1000), "storage-full", 75), ((1500, 1000), "storage-full", 75),
            ((850, 1000), "storage-low", 0), ((800, 1000), "storage-low", 0),
            ((790, 1000), "", 0), (None, "", 0), ((5, 0), "", 0)):
        mailbox.quota = quota
        done = doctor()
        assert_cause(done, cause, status)
        if cause == "storage-low":
            assert str(quota[0] // 10) in done.result["meaning"]


@pytest.mark.parametrize("verb", ["LOGIN", "GETQUOTAROOT"])
def test_an_imap_server_that_drips_or_lies(doctor, mailbox, verb):
    """Sending is what counts: whatever it says, the server of mail is well."""
    for answer in ("drip", "close", "OK done", "NO no such thing", "BAD what",
                   "OK [" + "x" * 200000 + "]"):
        mailbox.answers[verb] = answer
        done = doctor(status=0)
        assert done.result["cause"] in ("", "receiving"), answer[:20] + str(done)


def test_quota_out_of_this_world(doctor, mailbox):
    mailbox.quota = (99999999999999999999999999, 3)
    assert doctor(status=None).result["cause"] in ("", "storage-full", "receiving")


def test_receiving_refused_while_sending_works(doctor, mailbox):
    mailbox.answers["LOGIN"] = "NO [AUTHENTICATIONFAILED] no"
    done = doctor()
    assert_cause(done, "receiving", 0)


def test_receiving_works_while_sending_does_not(doctor, sandbox):
    sandbox.rule(mail="550 5.7.0 From address is not one of your addresses")
    done = doctor()
    assert any("receiving works" in line for line in done.result["others"])


# --- the provider's feed ---

FEEDS = [
    (feed(EVENT), "outage"),
    (b"jsonCallback(" + feed(EVENT) + b");", "outage"),
    (feed({**EVENT, "eventStatus": "resolved"}), ""),
    (feed({**EVENT, "statusType": "Maintenance"}), "maintenance"),
    (feed({**EVENT, "eventStatus": "perhaps"}), "unknown"),
    (feed(EVENT, service="Photos"), "unknown"),
    (b"<html>{\"services\":[]}</body></html>", "unknown"),
    (b"", "unknown"),
    (b"{\"services\":" * 5000, "unknown"),
    (b"{\"services\":" + b"[" * 80000 + b"]" * 80000 + b"}", "unknown"),
    ((200, {"Content-Encoding": "gzip"}, gzip.compress(feed(EVENT))), "outage"),
    (gzip.compress(feed(EVENT)), "unknown"),
    ((200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * 200_000_000, 1)), "unreachable"),
    (b"x" * 20_000_000, "unreachable"),
    ((200, {"Content-Length": 10**15}, b"{"), "unreachable"),
    ((500, {}, feed(EVENT)), "unreachable"),
    ((302, {"Location": "/feed"}, b""), "unreachable"),
    (feed({**EVENT, "message": "\x1b[2Jgone\x07 \u202e me@icloud.com"}), "outage"),
]


def test_feed(doctor, home, web):
    for page, state in FEEDS:
        web.pages["/feed"] = page
        shutil.rmtree(home.state / "sendoff" / "doctor", ignore_errors=True)
        done = doctor()
        assert done.checks["status"]["code"] == state, str(done)
        assert_cause(done, "outage" if state == "outage" else "", 0)
        assert "\x1b" not in done.out and "\u202e" not in done.out
        assert "me@icloud.com" not in done.out


def test_an_outage_explains_what_fails(doctor, sandbox, web):
    web.pages["/feed"] = feed(EVENT)
    sandbox.rule(auth="454 4.7.0 Temporary authentication failure")
    done = doctor()
    assert_cause(done, "outage", 75)
    assert "wait" in done.result["first"]


def test_feed_is_kept_for_five_minutes(doctor, web):
    doctor()
    doctor()
    assert web.asked == ["/feed"]


# --- this machine ---

def test_stale_timer(doctor, home, day_old):
    """A crontab with the line in it, and no pass since January."""
    program = home.path / "bin" / "crontab"
    program.parent.mkdir(exist_ok=True)
    program.write_text('#!/bin/sh\n[ "$1" = -l ] && echo "*/10 * * * * sendoff retry '
                       '# sendoff schedule, since 20260101T000000Z"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    path = f"{program.parent}:{home.env['PATH']}"
    doctor.program.prefix = day_old
    done = doctor(env={"PATH": path})
    assert_cause(done, "schedule", 75)
    assert done.checks["schedule"]["code"] == "stopped"


def test_outbox_that_cannot_be_used(doctor, home):
    home.outbox.parent.mkdir(parents=True, exist_ok=True)
    home.outbox.write_text("a file where the folder should be")
    assert_cause(doctor(), "outbox-folder", 78)


def test_a_message_refused_for_good(doctor):
    doctor.program("send", "nosuch@example.org", "-m", "hi")
    done = doctor()
    assert_cause(done, "message-refused", 69)
    assert re.search(r"sendoff outbox show \w+", done.result["first"])


def test_a_message_with_a_misspelt_recipient(doctor):
    doctor.program("send", "--queue", "you@gmial.com", "-m", "hi")
    assert_cause(doctor(), "recipient", 69)


# --- one recipient ---

def test_recipient(doctor):
    for address, code in (("you@gmial.com", "typo"), ("you@iclod.com", "typo"),
                          ("you", "bad-address"), ("you@@example.org", "bad-address"),
                          ("you@exa mple.org", "bad-address")):
        done = doctor("--recipient", address)
        assert_cause(done, "recipient", 69)
        assert done.checks["recipient"]["code"] == code
        assert "@" not in address or address not in done.out


def test_recipient_refused_before(doctor):
    doctor.program("send", "nosuch@example.org", "-m", "hi")
    done = doctor("--recipient", "nosuch@example.org")
    assert done.checks["recipient"]["code"] == "refused-before"
    assert "User unknown" in done.checks["recipient"]["facts"]["words"]


# --- what is said to whom ---

def test_nothing_secret_is_shown(doctor, sandbox, mailbox):
    """Canaries: the password and whole addresses, which the servers repeat to our face."""
    secret, address = sandbox.password, sandbox.address
    echo = f"535 5.7.8 {address} with {secret} is wrong"
    for rules in ({"auth": echo}, {"mail": f"550 5.1.1 {address} {secret} never"}, {}):
        sandbox.rule(**rules)
        mailbox.answers = {"LOGIN": f"NO {address} {secret}"} if rules else {}
        for words in (("doctor",), ("-v", "doctor"), ("--json", "-v", "doctor")):
            done = doctor.program(*words)
            assert secret not in done.out + done.err
            assert address not in done.out + done.err
    for path in doctor.home.files():
        assert secret.encode() not in path.read_bytes() or "keyring" in str(path), path


def test_verbose_shows_the_conversation(doctor):
    done = doctor.program("-v", "doctor", status=0)
    assert re.search(r"^  > EHLO", done.err, re.M) and re.search(r"^  < 250", done.err, re.M)
    assert "AUTH" in done.err


def test_changes_nothing_but_its_notes(doctor, home):
    doctor.program("send", "--queue", "you@example.org", "-m", "hi")
    before = {path: path.read_bytes() for path in home.files()}
    doctor(status=0)
    after = {path: path.read_bytes() for path in home.files()}
    changed = {path for path in after if after[path] != before.get(path)}
    assert {path.parent.name for path in changed} <= {"doctor"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in changed)


# --- the cause table ---

def test_a_cause_of_ones_own(doctor, home, sandbox):
    book = home.config / "sendoff" / "causes.conf"
    book.write_text("[company]\nwhen = auth=password\nconfidence = likely\nexit = 77\n"
                    "meaning = the helpdesk knows about it ({account})\nfirst = call 4711\n")
    sandbox.rule(auth="535 5.7.8 Error: authentication failed")
    done = doctor()
    assert_cause(done, "company", 77)
    assert done.result["meaning"] == "the helpdesk knows about it (icloud)"
    book.write_text("[company]\nwhen = nonsense\n")
    assert "causes.conf" in doctor.program("doctor", status=78).err
