"""Hard to fool, impossible to hang: `sendoff test` against every case of tests/fault.

The whole matrix runs once, side by side, when the first test asks for it; each case and
each bar is a test of its own, so that a failure names both.
"""
import os
import sys

import pytest

from support.program import BUILD

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "fault"))
import hostile_cases  # noqa: E402
import hostile_run  # noqa: E402

# One worker runs them all, side by side; with sanitizers on a busy machine that takes its time.
pytestmark = [pytest.mark.xdist_group("hostile"), pytest.mark.timeout(1200)]
CASES = {case.name: case for case in hostile_cases.all_cases()}


@pytest.fixture(scope="module")
def results(request):
    """Runs the cases that are selected (pytest -k), all of them at once."""
    wanted = {item.callspec.params["name"] for item in request.session.items
              if "results" in getattr(item, "fixturenames", ()) and hasattr(item, "callspec")
              and item.module is request.module}
    ran = hostile_run.run_all(str(BUILD / "sendoff"), [CASES[name] for name in sorted(wanted)])
    return {result.case.name: result for result in ran}


@pytest.mark.parametrize("name", CASES)
def test_hostile(results, name):
    missed = hostile_run.failures(results[name])
    assert not missed, "; ".join(missed) + "\n" + results[name].err.decode(errors="replace")
