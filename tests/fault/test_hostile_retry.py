"""Two messages in the outbox and a hostile server: what `sendoff retry` says of them is so."""

import os
import pathlib
import subprocess
import time

import pytest

import hostile
import hostile_acts
import hostile_certs
import hostile_retry

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SENDOFF_BUILD", ROOT)).resolve()
# One worker runs them all, side by side; on a busy machine that takes its time.
pytestmark = [pytest.mark.xdist_group("hostile"), pytest.mark.timeout(1200)]
CASES = {case.name: case for case in hostile_retry.cases()}


@pytest.fixture(scope="module")
def results(request):
    """Runs the cases that are selected (pytest -k), side by side."""
    wanted = {item.callspec.params["name"] for item in request.session.items
              if "results" in getattr(item, "fixturenames", ()) and hasattr(item, "callspec")
              and item.module is request.module}
    ran = hostile_retry.run_all(str(BUILD), [CASES[name] for name in sorted(wanted)])
    return {result.case.name: result for result in ran}


@pytest.mark.parametrize("name", CASES)
def test_hostile_retry(results, name):
    missed = hostile_retry.failures(results[name])
    assert not missed, "; ".join(missed) + "\n" + results[name].err.decode(errors="replace")


def test_after_a_signal_no_other_message_leaves(tmp_path):
    """The answer that was waited for comes together with those to the next message's commands."""
    running = {}

    def answer_late(c):
        running["child"].terminate()
        time.sleep(0.4)
        c.seen.answered += 1
        c.seen.accepted += 1
        c.say(b"250 2.0.0 Ok\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.1.5 Ok\r\n354 go on\r\n")
        c.silence()

    certificates = hostile_certs.make(tmp_path)
    case = hostile_acts.Case("signal/two", "", {75}, {"sent"}, {"final": answer_late})
    server = hostile.Server(certificate=certificates["good"], plan=case.plan)
    environment, command, outbox = hostile_retry.prepare(case, str(BUILD), certificates,
                                                         str(tmp_path / "run"), server.port)
    running["child"] = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = running["child"].communicate(timeout=30)
    server.stop()
    assert server.seen.accepted == 1, err
    [left] = os.listdir(os.path.join(outbox, "entries"))
    assert left.startswith("queued."), (left, err)
