#!/usr/bin/python3
"""Runs a client against the hostile server's cases and judges what it said and did.

As a program it prints the table of cases in Markdown (`hostile_run.py PROGRAM [PATTERN
[CASES-AT-ONCE]]`) and ends with 1 when a bar was missed.  tests/e2e/test_hostile.py uses run_all().
"""
import base64
import concurrent.futures
import fnmatch
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hostile  # noqa: E402
import hostile_cases  # noqa: E402
import hostile_certs  # noqa: E402

ADDRESS, PASSWORD = "me@example.org", "hx7q-wvut-k2pd-zzrm"
TIMEOUT = 2    # seconds, configured
PATIENCE = 10  # the same where nothing is to be waited for, or it would pass within the margin
MARGIN = 3.0   # seconds that a busy machine or a sanitizer may add
AT_ONCE = 4 if "ASAN_OPTIONS" in os.environ else 8  # cases side by side: they mostly wait

# Whatever could steer a terminal or hide text (C0 but tab and newline, DEL, C1, bidi).
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass
class Result:
    case: object
    seen: object
    code: int
    seconds: float  # from the connection (or the signal, or the last answer) to its exit
    out: bytes
    err: bytes
    left: int = 0  # entries in the outbox afterwards, where there is one

    def events(self):
        return [json.loads(line) for line in self.out.decode().splitlines() if line.strip()]

    def status(self):
        ends = [event for event in self.events() if event.get("event") == "result"]
        return ends[-1]["status"] if ends else ""


def secrets():
    plain = "\0%s\0%s" % (ADDRESS, PASSWORD)
    return [PASSWORD.encode(), base64.b64encode(PASSWORD.encode()),
            base64.b64encode(plain.encode())]


def ends_at_once(case):
    return bool(case.interrupt) or "/quit/" in case.name


def configure(folder, certificates, case, port):
    """A private home with one account; returns the environment."""
    os.makedirs(folder, mode=0o700)
    with open(os.path.join(folder, "password"), "w") as out:
        out.write(PASSWORD + "\n")
    text = """[defaults]
account = hostile

[account hostile]
address = %s
smtp-host = localhost
smtp-port = %d
smtp-security = %s
smtp-user = %s
tls-ca-file = %s
password-command = cat '%s'
timeout = %d
""" % (ADDRESS, port, "tls" if case.options.get("implicit") else "starttls", ADDRESS,
       certificates["ca"], os.path.join(folder, "password"),
       PATIENCE if ends_at_once(case) else TIMEOUT)
    config = os.path.join(folder, "config")
    with open(config, "w") as out:
        out.write(text)
    os.chmod(config, 0o600)
    environment = {key: value for key, value in os.environ.items()
                   if not key.startswith(("XDG_", "DBUS_", "SENDOFF", "LC_", "LANGUAGE"))}
    environment.update(HOME=folder, LANG="C.UTF-8", XDG_RUNTIME_DIR=folder)
    return environment, config


def state(pid):
    """How it stands ("S": it sleeps) and how often it has been woken or put aside so far."""
    with open("/proc/%d/status" % pid) as file:
        text = file.read()
    return re.findall(r"(?m)^(?:State|voluntary_ctxt_switches|nonvoluntary_ctxt_switches):\s+(\w+)",
                      text)


def await_phase(server, phase, child):
    """It has come to the server; now the client waits: it sleeps, and nothing wakes it."""
    end = time.monotonic() + PATIENCE / 2
    while phase not in server.seen.phases and time.monotonic() < end:
        time.sleep(0.01)
    before = None
    while time.monotonic() < end and child.poll() is None:
        now = state(child.pid)
        if now == before and now[0] == "S":
            break
        before = now
        time.sleep(0.1)


def run_case(case, program, certificates, folder):
    server = hostile.Server(certificate=certificates[case.certificate], plan=case.plan,
                            **case.options)
    environment, config = configure(folder, certificates, case, server.port)
    command = [program, "--config", config, "--json", "-v", "test"]
    if case.size:
        command += ["--size", str(case.size)]
    start = time.monotonic()
    child = subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if case.interrupt:
        await_phase(server, case.interrupt, child)
        start = time.monotonic()
        child.terminate()
    try:
        out, err = child.communicate(timeout=6 * TIMEOUT)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
    ended = time.monotonic()
    server.stop()
    if not case.interrupt:
        start = server.seen.when.get("final" if "/quit/" in case.name else "connect", start)
    return Result(case, server.seen, child.returncode, ended - start, out, err)


def run_all(program, cases, at_once=AT_ONCE, run_one=run_case):
    """run_one(case, program, certificates, folder) for each, side by side."""
    with tempfile.TemporaryDirectory(prefix="hostile") as folder:
        certificates = hostile_certs.make(folder)
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            waiting = [pool.submit(run_one, case, program, certificates,
                                   os.path.join(folder, str(number)))
                       for number, case in enumerate(cases)]
            return [one.result() for one in waiting]


# -- the bars --------------------------------------------------------------------------
def check_class(result):
    if result.code not in result.case.exits:
        return "exit %s, not %s" % (result.code, sorted(result.case.exits))
    return ""


def check_status(result):
    try:
        status = result.status()
    except (ValueError, KeyError) as error:
        return "output is not JSON Lines: %s" % error
    if status not in result.case.status:
        return "status %r, not %s" % (status, sorted(result.case.status))
    return ""


def check_reached(result):
    """The signal came when it was to come."""
    phase = result.case.interrupt
    return "SIGTERM came before " + phase if phase and phase not in result.seen.phases else ""


def check_truth(result):
    """What was said against what the server did."""
    try:
        status = result.status()
    except (ValueError, KeyError):
        return "no status to compare"
    truth = result.seen.truth()
    said = {"sent": "sent", "uncertain": "uncertain"}.get(status, "unsent")
    if said != truth and not (said == "uncertain" and truth == "sent"):
        return "said %s, was %s" % (said, truth)
    return ""


def check_time(result):
    """Twice the time-out for a session; at once after a signal; nobody waits for QUIT."""
    allowed = 0 if ends_at_once(result.case) else 2 * TIMEOUT
    if result.case.interrupt == "final":
        allowed = 1  # the last answer is worth a second
    if result.seconds > allowed + MARGIN:
        return "%.1f s, allowed %d s" % (result.seconds, allowed)
    return ""


def check_trust(result):
    """No secret in clear ever; nothing of value to a server that is not verified."""
    seen = result.seen
    reached = bytes(seen.clear) + (b"" if result.case.verified else bytes(seen.sealed))
    if any(secret in reached for secret in secrets()) or re.search(rb"(?im)^AUTH ", reached):
        return "a password reached a server that was not verified"
    if re.search(rb"(?im)^(MAIL FROM|Subject):", reached):
        return "a message reached a server that was not verified"
    return ""


def check_output(result):
    for name, octets in (("stdout", result.out), ("stderr", result.err)):
        if any(secret in octets for secret in secrets()):
            return "the password stands on " + name
        try:
            text = octets.decode()
        except UnicodeDecodeError:
            return name + " is not UTF-8"
        if name == "stdout":  # what a reader of the JSON gets
            text += " ".join(_strings([json.loads(one) for one in text.splitlines() if one]))
        bad = UNSAFE.search(text)
        if bad:
            return "%r on %s" % (bad.group(), name)
    return ""


def _strings(value):
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [text for one in value for text in _strings(one)] if isinstance(value, list) else []


def check_sound(result):
    """Nothing a sanitizer or the system would say of a broken program."""
    for mark in (b"AddressSanitizer", b"LeakSanitizer", b"runtime error:", b"GLib-CRITICAL",
                 b"sendoff-CRITICAL"):
        if mark in result.err:
            return "stderr has " + mark.decode()
    return ""


def check_lock_step(result):
    if result.seen.early and not result.case.name.startswith("breaker/closes"):
        return "a command came before the last one was answered"
    return ""


def check_canonical(result):
    """Nothing that arrived has a bare CR or LF, or could end the data early."""
    for body in result.seen.bodies:
        if re.search(rb"\r(?!\n)|(?<!\r)\n", body):
            return "a bare CR or LF arrived"
    return ""


CHECKS = (check_class, check_status, check_reached, check_truth, check_time, check_trust,
          check_output, check_sound, check_lock_step, check_canonical)


def failures(result):
    return [text for text in (check(result) for check in CHECKS) if text]


def cell(text):
    return text.replace("\r", "\\r").replace("\n", "\\n").replace("|", "/")


def table(results):
    print("| case | what the server did | exit | status | truth | time | missed |")
    print("|---|---|---|---|---|---|---|")
    for result in results:
        try:
            status = result.status()
        except (ValueError, KeyError):
            status = "?"
        print("| %s | %s | %d | %s | %s | %.2f s | %s |" % (
            cell(result.case.name), cell(result.case.did), result.code, status,
            result.seen.truth(), result.seconds, cell("; ".join(failures(result)))))


def main():
    program = os.path.abspath(sys.argv[1])
    pattern = sys.argv[2] if len(sys.argv) > 2 else "*"
    cases = [case for case in hostile_cases.all_cases() if fnmatch.fnmatch(case.name, pattern)]
    start = time.monotonic()
    results = run_all(program, cases, int(sys.argv[3]) if len(sys.argv) > 3 else AT_ONCE)
    table(results)
    missed = sum(bool(failures(result)) for result in results)
    print("\n%d cases in %.0f s, %d missed a bar, slowest %.2f s with timeout %d s" % (
        len(results), time.monotonic() - start, missed,
        max(result.seconds for result in results), TIMEOUT))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
