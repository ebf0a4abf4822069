"""A pass over 100,000 entries of which none is due, beside a bare readdir (issue 6).

Used by bench/run --only idle.  The bar is twice the bare readdir and what `retry` takes over an
empty outbox; that no entry is opened is seen by strace, where that is installed.
"""
import os
import random
import shutil
import subprocess
import time

from lab import best, measure

ENTRIES, ROUNDS = 100_000, 9
LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # of an entry's id (doc/INTERNALS.md)


class Idle:
    def __init__(self, bench, table):
        self.bench, self.table = bench, table

    def fill(self, folder):
        """Names alone: whoever opens one finds that it is no entry, and moves it aside."""
        pick = random.Random(6)
        due = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + 3000))
        for _ in range(ENTRIES):
            name = f"queued.{due}." + "".join(pick.choices(LETTERS, k=16))
            os.close(os.open(os.path.join(folder, name), os.O_CREAT | os.O_WRONLY, 0o600))

    def opened(self, command, env):
        log = os.path.join(self.bench.work, "opened")
        subprocess.run(["strace", "-f", "-e", "trace=open,openat", "-o", log, *command], env=env,
                       check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(log, encoding="utf-8", errors="replace") as lines:
            return sum('"entries/' in line for line in lines)

    def run(self):
        header, row, number = self.table
        program, env = self.bench.home()
        env["SENDOFF_OUTBOX"] = os.path.join(env["HOME"], "outbox")
        retry = [*program, "retry"]
        folder = os.path.join(env["SENDOFF_OUTBOX"], "entries")
        with open(self.bench.small, "rb") as message:
            subprocess.run([program[0], "sendmail", *program[1:], "-odq", "me@example.org"],
                           stdin=message, env=env, check=True)
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        commands = {"retry, 100,000 not due": retry, "find": ["find", folder],
                    "bare readdir": [os.path.join(self.bench.build, "bench", "readdir"), folder]}
        server = self.bench.server
        empty = best([measure(server, retry, env=env) for _ in range(ROUNDS)], "wall_ms")
        self.fill(folder)
        runs = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                runs[name].append(measure(server, command, env=env))
        wall = {name: best(done, "wall_ms") for name, done in runs.items()}
        print("\n## A pass over %s entries, none of them due (best of %d)\n" % (
            f"{ENTRIES:,}", ROUNDS))
        header("program", "ms", "x readdir", "exit")
        row("retry, empty outbox", number(empty), "-", 0)
        for name, done in runs.items():
            row(name, number(wall[name]), "%.2f" % (wall[name] / wall["bare readdir"]),
                done[0].code)
        if len(os.listdir(folder)) != ENTRIES:
            raise SystemExit("entries were moved by a pass that had nothing to do")
        print()
        own = wall["retry, 100,000 not due"]
        self.bench.bar("retry to twice the bare readdir and its start-up",
                       own / (2 * wall["bare readdir"] + empty), 1)
        if shutil.which("strace"):
            self.bench.bar("entries opened", self.opened(retry, env), 0)
