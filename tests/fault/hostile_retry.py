#!/usr/bin/python3
"""The hostile server's cases against `sendoff retry`, with two messages in the outbox.

What the pass says of its entries is counted against what the server did: sent is what it
accepted, uncertain what it had whole and did not answer, and that is one message at most.
As a program: hostile_retry.py BUILD [PATTERN [CASES-AT-ONCE]].
"""
import fnmatch
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hostile  # noqa: E402
import hostile_cases  # noqa: E402
import hostile_run  # noqa: E402
from hostile_run import ADDRESS, TIMEOUT, Result  # noqa: E402

ENTRIES = 2
BUDGET = 2  # time-outs for a session
MESSAGE = b"From: <%s>\nSubject: hostile\n\n.dot\n%s\n" % (ADDRESS.encode(), b"body " * 15)


def cases():
    return [case for case in hostile_cases.all_cases() if not case.interrupt]


def message(case):
    return MESSAGE + (b"x" * 76 + b"\n") * (case.size // 77)


def prepare(case, build, certificates, folder, port):
    """An outbox with the entries; the environment and the command that sends them."""
    environment, config = hostile_run.configure(folder, certificates, case, port)
    outbox = os.path.join(folder, "outbox")
    environment.update(SENDOFF_OUTBOX=outbox, DRIVER_ACCOUNT="hostile")
    subprocess.run([os.path.join(build, "tests", "fault", "outbox-driver"), outbox, "enqueue",
                    str(ENTRIES)], input=message(case), env=environment, check=True,
                   stdout=subprocess.DEVNULL, timeout=30)
    command = [os.path.join(build, "sendoff"), "--config", config, "--json", "-v", "retry", "--now"]
    return environment, command, outbox


def run_case(case, build, certificates, folder):
    server = hostile.Server(certificate=certificates[case.certificate], plan=case.plan,
                            **case.options)
    environment, command, outbox = prepare(case, build, certificates, folder, server.port)
    child = subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    start = time.monotonic()
    try:
        out, err = child.communicate(timeout=6 * TIMEOUT)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
    ended = time.monotonic()
    server.stop()
    result = Result(case, server.seen, child.returncode,
                    ended - server.seen.when.get("connect", start), out, err)
    result.left = len(os.listdir(os.path.join(outbox, "entries")))
    return result


def run_all(build, chosen, at_once=hostile_run.AT_ONCE):
    return hostile_run.run_all(build, chosen, at_once, run_case)


# -- the bars --------------------------------------------------------------------------
def summary(result):
    return [event for event in result.events() if event.get("event") == "result"][-1]


def check_counts(result):
    """Each entry is one thing, and the thing it truly is."""
    try:
        said = summary(result)
    except (ValueError, IndexError):
        return "no result in JSON"
    seen = result.seen
    if said["sent"] != seen.accepted:
        return "said %d sent, the server accepted %d" % (said["sent"], seen.accepted)
    unanswered = len(seen.bodies) - seen.answered
    if said["uncertain"] != unanswered:
        return "said %d uncertain, unanswered were %d" % (said["uncertain"], unanswered)
    if unanswered > 1:
        return "%d messages in doubt at once" % unanswered
    if result.left != ENTRIES - said["sent"]:
        return "%d entries left in the outbox, %d sent" % (result.left, said["sent"])
    return ""


def check_exit(result):
    said, allowed = summary(result), {75, 76}
    if said["held"] == ENTRIES and hostile_cases.USAGE_SIZE in result.case.exits:
        allowed = {hostile_cases.USAGE_SIZE}
    elif said["failed"]:
        allowed = {69}
    elif result.case.exits == {hostile_cases.CREDENTIALS}:
        allowed = {77}
    elif hostile_cases.CREDENTIALS in result.case.exits:
        allowed |= {77, 0}
    elif said["sent"] == ENTRIES:
        allowed = {0}
    return "" if result.code in allowed else "exit %d, not %s" % (result.code, sorted(allowed))


def check_class(result):
    """Sent, failed or waiting, as the case has it for one message."""
    said, right = summary(result), result.case.status
    if right == {"sent"} and not said["sent"]:
        return "nothing was sent"
    if right == {"sent"} and said["failed"]:
        return "failed though nothing was refused"
    if right == {"rejected"} and not said["failed"]:
        return "not failed though refused for good"
    if right in ({"failed"}, {"uncertain"}) and said["failed"]:
        return "failed though it was not refused for good"
    return ""


def check_time(result):
    if result.seconds > BUDGET * TIMEOUT + hostile_run.MARGIN:
        return "%.1f s, allowed %d x %d s" % (result.seconds, BUDGET, TIMEOUT)
    return ""


CHECKS = (check_counts, check_exit, check_class, check_time, hostile_run.check_trust,
          hostile_run.check_output, hostile_run.check_sound, hostile_run.check_lock_step,
          hostile_run.check_canonical)


def failures(result):
    found = check_counts(result)
    if found.startswith("no result"):
        return [found]
    return [text for text in (check(result) for check in CHECKS) if text]


def table(results):
    print("| case | what the server did | exit | sent | waiting | uncertain | held | failed "
          "| time | missed |\n|" + "---|" * 10)
    for result in results:
        said = summary(result)
        cells = [result.case.name, result.case.did, result.code, said["sent"], said["deferred"],
                 said["uncertain"], said["held"], said["failed"], "%.2f s" % result.seconds,
                 "; ".join(failures(result))]
        print("| " + " | ".join(hostile_run.cell(str(one)) for one in cells) + " |")


def main():
    pattern = sys.argv[2] if len(sys.argv) > 2 else "*"
    chosen = [case for case in cases() if fnmatch.fnmatch(case.name, pattern)]
    results = run_all(os.path.abspath(sys.argv[1]), chosen,
                      int(sys.argv[3]) if len(sys.argv) > 3 else hostile_run.AT_ONCE)
    table(results)
    missed = sum(bool(failures(result)) for result in results)
    print("\n%d cases, %d missed a bar" % (len(results), missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
