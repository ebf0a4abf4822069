"""A day without the server: how often each entry is tried, and when, against the backoff promised
(1 min doubling, ±20 %, at most 1 h).  `tests/run e2e -k outage -s` prints the tables."""

import pytest

from support.clock import clock
from support.program import BUILD

pytestmark = [
    pytest.mark.skipif("asan" in str(BUILD), reason="hundreds of runs of the same code"),
    pytest.mark.timeout(600),
]
EVERY, DAY = 600, 86400  # s: cron's step, and the length of the outage


class Cron:
    """retry every ten minutes, by a clock of its own."""

    def __init__(self, account):
        self.account, self.now = account, 0

    def call(self, *words):
        return self.account(*words, env=clock(f"+{self.now}s"))

    def run_for(self, seconds, look):
        """look() after each run: a value that counts attempts; when it rose, and how it ended."""
        end, tries, times, statuses = self.now + seconds, look(), [], set()
        while self.now < end:
            self.now += EVERY
            statuses.add(self.call("retry").status)
            if look() != tries:
                times.append(self.now)
                tries = look()
        return times, statuses


def promised(n):
    """Seconds between the attempts n and n + 1, counted from 1."""
    return min(60 * 2 ** (n - 1), 3600)


def check(times, name):
    """times: of every attempt but the first, which was at 0."""
    gaps = [later - earlier for earlier, later in zip([0, *times], times)]
    print(f"\n{name}: {len(times) + 1} attempts in 24 h")
    print("| attempt | at | after | promised |\n|---|---|---|---|")
    for n, (at, gap) in enumerate(zip(times, gaps), 1):
        print(f"| {n + 1} | {at // 3600}:{at % 3600 // 60:02d} | {gap // 60} min | "
              f"{promised(n) // 60} min |")
        # Not before its time, and at the next run of cron after it.
        assert 0.8 * promised(n) - 1 <= gap <= 1.2 * promised(n) + 2 * EVERY, (n, gap)
    assert 20 <= len(times) <= 36


def test_a_server_that_says_later(account, home, sandbox):
    sandbox.rule(recipients={"*": "451 4.3.2 system not accepting messages"})
    account("send", "a@example.org", "-m", "x", status=0)
    [log] = (home.outbox / "attempts").iterdir()
    cron = Cron(account)
    times, statuses = cron.run_for(DAY, lambda: log.stat().st_size)
    check(times, "451 to every recipient")
    assert statuses <= {0, 75}
    sandbox.rule()
    cron.run_for(2 * 3600, lambda: len(sandbox.deliveries()))
    assert len(sandbox.deliveries()) == 1


def test_a_server_that_cannot_be_reached(account, home, sandbox):
    for n in range(3):
        account("send", "--queue", f"a{n}@example.org", "-m", "x", status=0)
    sandbox.stop()
    hold = home.outbox / "accounts" / "icloud.hold"
    account("retry", status=75)
    cron = Cron(account)
    times, statuses = cron.run_for(DAY, lambda: hold.read_text().split("\t")[3])
    check(times, "connection refused, three entries of one account")
    assert statuses == {75}
    sandbox.restart()
    cron.run_for(2 * 3600, lambda: len(sandbox.deliveries()))
    assert len(sandbox.deliveries()) == 3  # each once
