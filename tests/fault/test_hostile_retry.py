"""Two messages in the outbox and a hostile server: what `sendoff retry` says of them is so."""

import os
import pathlib

import pytest

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
