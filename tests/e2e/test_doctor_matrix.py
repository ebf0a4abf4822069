"""The doctor in worlds where one thing is wrong, or two, or nothing.

All worlds are made and looked at side by side when the first test asks; each is a test.
`tests/run e2e -k test_doctor_matrix -n 0 -s` prints the table.
"""

import concurrent.futures
import os
import tempfile
import pathlib

import pytest

import doctor_cases
from support.home import Home, Keyring
from support.namespace import NoNamespaces
from support.program import BUILD
from support.world import ADDRESS, PASSWORD, SERVERS, Certificates, World, folder_for

pytestmark = [
    pytest.mark.xdist_group("matrix"), pytest.mark.timeout(900),
    pytest.mark.skipif("asan" in str(BUILD), reason="the same code, and its time-outs pass sooner"),
]
CASES = doctor_cases.all_cases()
SIDE_BY_SIDE = 4
LIMIT = 15  # s: ten (issue 8; the totals tell), and some where four of them run at once on a busy machine


def look(folder, case, certificates, keyrings):
    world = World(folder_for(folder, case.name), case, certificates, keyrings)
    try:
        done = world.run()
        done.verbs = world.verbs
        return done
    finally:
        world.stop()


def print_totals(answers):
    for kind, cases in (("healthy", doctor_cases.HEALTHY), ("single faults", doctor_cases.SINGLE),
                        ("pairs", doctor_cases.PAIRS)):
        done = [(case, answers[case.name]) for case in cases if case.name in answers]
        right = sum(bool(answer.out) and answer.result["cause"] in case.causes
                    for case, answer in done)
        slowest = max((answer.seconds for _, answer in done), default=0)
        print(f"\n| {kind}: {right} of {len(done)} right | | | {slowest:.1f} s at most |", end="")


@pytest.fixture(scope="module")
def answers(request):
    wanted = [CASES[item.callspec.params["name"]] for item in request.session.items
              if item.module is request.module and hasattr(item, "callspec")]
    with tempfile.TemporaryDirectory(prefix="sendoff-doctor.", dir="/tmp") as folder:
        folder = pathlib.Path(folder)
        keyrings = {"open": Keyring(Home(folder / "open")),
                    "locked": Keyring(Home(folder / "locked"))}
        for keyring in keyrings.values():
            for host, service in zip(SERVERS, ("smtp", "imap")):
                keyring.store(host, ADDRESS, PASSWORD, service)
        keyrings["locked"].lock()
        certificates = Certificates(folder)
        try:
            with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
                running = {case.name: pool.submit(look, folder / "worlds", case, certificates,
                                                  keyrings) for case in wanted}
            answers = {name: future.result() for name, future in running.items()}
            yield answers
            print_totals(answers)
        except NoNamespaces as reason:
            if os.environ.get("CI"):
                pytest.fail(f"no network namespace: {reason}")
            pytest.skip(f"no network namespace: {reason}")
        finally:
            for keyring in keyrings.values():
                keyring.stop()
                keyring.home.remove()


@pytest.mark.parametrize("name", CASES)
def test_matrix(answers, name):
    case, done = CASES[name], answers[name]
    assert done.out, str(done)
    result = done.result
    print(f"\n| {name} | {result['cause'] or '-'} | {done.status} | {done.seconds:.1f} s |", end="")
    assert result["cause"] in case.causes, str(done)
    assert done.status in (case.status if isinstance(case.status, tuple) else (case.status,))
    assert done.seconds <= LIMIT
    assert not result["cause"] or (result["meaning"] and result["first"]), str(done)
    assert "DATA!" not in done.verbs and done.verbs.count("AUTH") <= 1
    assert not {"unknown", "untold"} & {*result["also"]}, str(done)
    assert PASSWORD not in done.out + done.err
