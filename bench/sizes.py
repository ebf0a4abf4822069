"""Files of all sizes given to `sendoff send`: what is chosen, and what it costs (issue 5).

Used by bench/run --only sizes.  The account has iCloud's limits.
"""
import os
import random
import subprocess
import time

import lab
from lab import best, measure

MB = 1000 * 1000


def words(octets, seed=1):
    pick = random.Random(seed)
    line = " ".join(pick.choice(["alpha", "beta", "gamma", "delta", "%03d" % pick.randrange(1000)])
                    for _ in range(20_000)) + "\n"
    return (line * (octets // len(line) + 1))[:octets].encode()


def write(path, octets, text):
    """In pieces, so that a gigabyte needs no memory here."""
    with open(path, "wb") as out:
        while octets > 0:
            piece = min(octets, 50 * MB)
            out.write(words(piece) if text else os.urandom(piece))
            octets -= piece
    return path


class Sizes:
    def __init__(self, bench, table):
        self.bench, self.table = bench, table
        self.work = bench.work

    def path(self, name):
        return os.path.join(self.work, name)

    def send(self, file, *more):
        program, env = self.bench.home()
        with open(program[2], "a") as config:
            config.write("message-limit = 20 MB\nwire-limit = 28319744\n")
        return measure(self.bench.server, program + ["send", lab.PEER, "-m", "text", "-a", file,
                                                     *more], env=env, seconds=300)

    def choices(self):
        header, row, number = self.table
        print("\n## What becomes of a file (iCloud's limits, zip,link,hold)\n")
        header("file", "exit", "chosen", "wall ms", "CPU ms", "peak MiB", "octets on the wire")
        peak = 0
        for name, octets, text in (("text, 1 MB", 1 * MB, True), ("text, 100 MB", 100 * MB, True),
                                   ("random, 19 MB", 19 * MB, False),
                                   ("random, 30 MB", 30 * MB, False),
                                   ("random, 1 GB", 1000 * MB, False)):
            file = write(self.path("f"), octets, text)
            run = self.send(file)
            chosen = ("packed" if "became" in run.out else "held" if run.code == 65 else
                      "as it is" if run.code == 0 else "?")
            peak = max(peak, run.peak_kib / 1024)
            row(name, run.code, chosen, number(run.wall_ms), number(run.cpu_ms),
                number(run.peak_kib / 1024), run.stats["bytes"] if run.stats["messages"] else "-")
            os.unlink(file)
        print()
        self.bench.bar("peak memory, MiB", peak, 32)

    def attachment(self):
        """19 MB composed and sent, against base64 and the bare TLS loop."""
        header, row, number = self.table
        file = write(self.path("a"), 19 * MB, False)
        wire = self.path("a.wire")
        with open(wire, "wb") as out:
            text = subprocess.run(["base64", file], stdout=subprocess.PIPE, check=True).stdout
            out.write(text.replace(b"\n", b"\r\n"))
        times = max(3, self.bench.wish.repeat // 3)
        server = self.bench.server
        runs = {"send": [], "base64": [], "loop": []}
        for _ in range(times):
            runs["send"].append(self.send(file))
            runs["base64"].append(measure(server, ["sh", "-c", "base64 <%s >/dev/null" % file]))
            runs["loop"] += self.bench.runs(server, self.bench.hand("--bulk", wire), 1)
        print("\n## 19 MB attached (best of %d)\n" % times)
        header("program", "CPU ms", "wall ms", "peak MiB")
        for name, done in runs.items():
            row(name, number(best(done, "cpu_ms")), number(best(done, "wall_ms")),
                number(best(done, "peak_kib") / 1024))
        print()
        self.bench.bar("send, CPU to base64 and the bare loop", best(runs["send"], "cpu_ms")
                       / (best(runs["base64"], "cpu_ms") + best(runs["loop"], "cpu_ms")), 1.5)

    def archive(self):
        """100 MB of text packed, and a film that is known not to shrink."""
        file = write(self.path("t.txt"), 100 * MB, True)
        zipped = self.path("t.zip")
        program = os.path.join(self.bench.build, "sendoff-zip")

        def timed(*command, out=None):
            begin = time.monotonic()
            with open(out or os.devnull, "wb") as sink:
                subprocess.run(command, stdout=sink, stderr=subprocess.DEVNULL, check=False)
            return time.monotonic() - begin

        own = min(timed(program, file, "t.txt", out=zipped) for _ in range(3))
        print("\n## Packing\n")
        print("- sendoff-zip, 100 MB of text: %.2f s" % own)
        bsdtar = self.bench.peers.packages.program("libarchive-tools", "usr/bin/bsdtar")
        if bsdtar:
            other = min(timed(bsdtar, "-a", "-cf", zipped, file) for _ in range(3))
            print("- bsdtar -a: %.2f s" % other)
            self.bench.bar("sendoff-zip to bsdtar -a", own / other, 1.0)
        else:
            print("!! bsdtar (libarchive-tools) is not to be had, left out")
        film = write(self.path("film"), 1000 * MB, False)
        held = self.send(film, "--oversize", "zip,refuse")
        plain = self.send(film, "--oversize", "refuse")
        print("- a film of 1 GB judged: %.3f s, without zip %.3f s" % (
            held.wall_ms / 1e3, plain.wall_ms / 1e3))
        self.bench.bar("seconds to know that it will not shrink",
                       (held.wall_ms - plain.wall_ms) / 1e3, 0.2)

    def run(self):
        self.choices()
        self.attachment()
        self.archive()
