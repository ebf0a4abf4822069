"""What a caller waits for: sendmail beside the sendmails of others (issue 6, issue 7).

Used by bench/run --only enqueue.  One process a message of 1 KB, from its start to its end,
each program in turn so that all meet the same machine and the same disk; the median counts.  The
others run in roots of their own (peers.py) and only queue, as -odq does; what delivers there is
not running, but for Postfix, whose pickup takes the message out of the way, and for dma's second
row: like sendmail without -odq it leaves a process behind that delivers at once.
"""
import json
import os
import statistics
import subprocess
import sys
import time

from lab import ADDRESS, PEER

# Runs inside a peer's root, so that the root is made once: a line on standard input, N runs.
LOOP = """
import json, os, sys, time
message, command = sys.argv[1], sys.argv[2:]
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        begin = time.perf_counter_ns()
        child = os.posix_spawn(command[0], command, os.environ, file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, message, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
        status = os.waitpid(child, 0)[1]
        times.append((time.perf_counter_ns() - begin) / 1e6)
        if status:
            sys.exit("status %d" % status)
    print(json.dumps(times), flush=True)
"""


def bare(folder, data):
    """write, fsync, rename, fsync of the folder: what no program can go below."""
    fd = os.open(folder + "/tmp", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(fd, data)
    os.fsync(fd)
    os.close(fd)
    os.rename(folder + "/tmp", folder + "/new")
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(handle)
    os.close(handle)
    os.unlink(folder + "/new")


class Candidate:
    def __init__(self, name, command, message, prefix=(), env=None, kind="sendmail"):
        self.name, self.kind, self.times = name, kind, []
        self.process = subprocess.Popen(
            [*prefix, sys.executable if not prefix else "/usr/bin/python3", "-c", LOOP, message,
             *command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def run(self, times):
        self.process.stdin.write("%d\n" % times)
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if line:
            self.times += json.loads(line)
        return bool(line)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)


class Enqueue:
    def __init__(self, bench, table):
        self.bench, self.table = bench, table
        self.work, self.peers = bench.work, bench.peers

    def write(self, name, text):
        path = os.path.join(self.work, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def sendoff(self, *flags):
        program, env = self.bench.home()
        env["SENDOFF_OUTBOX"] = os.path.join(env["HOME"], "outbox")
        return [program[0], "sendmail", *program[1:], "-i", "-f", ADDRESS, *flags, PEER], env

    def candidates(self):
        small = self.bench.small
        for name, flags in (("sendoff sendmail -odq", ["-odq"]), ("sendoff sendmail", [])):
            command, env = self.sendoff(*flags)
            yield Candidate(name, command, small, env=env, kind="own")
        with open(small, encoding="utf-8") as file:
            text = file.read()
        nullmailer = self.bench.mail_server("nullmailer")
        if nullmailer:
            queued = self.write("nullmailer.in", "%s\n%s\n\n%s" % (ADDRESS, PEER, text))
            prefix = nullmailer.root.command()
            nullmailer.root.run("chown", "-R", "mail:", "/var/spool/nullmailer")
            yield Candidate("nullmailer-queue", ["/usr/sbin/nullmailer-queue"], queued, prefix,
                            kind="queue")
            yield Candidate("nullmailer's sendmail", ["/usr/sbin/sendmail", "-i", "-f", ADDRESS,
                                                      PEER], small, prefix)
        for name, title in (("dma", "dma's sendmail"), ("dma_at_once", "dma's, delivering")):
            dma = self.bench.mail_server(name)
            if dma:
                yield Candidate(title, ["/usr/sbin/dma", "-i", "-f", ADDRESS, PEER], small,
                                dma.root.command(), kind=name)
        script = os.path.join(self.peers.packages.unpack("msmtp"),
                              "usr/libexec/msmtp/msmtpqueue/msmtp-enqueue.sh")
        if os.path.exists(script):
            yield Candidate("msmtp's queue script", ["/bin/sh", script, "-f", ADDRESS, PEER],
                            small, env={**self.peers.env, "HOME": self.work})
        postfix = self.bench.mail_server("postfix")
        if postfix:
            self.postfix = postfix
            yield Candidate("Postfix's sendmail", ["/usr/sbin/sendmail", "-i", "-f", ADDRESS,
                                                   PEER], small, postfix.root.command())

    def bare_times(self, n):
        folder = os.path.join(self.work, "bare")
        os.makedirs(folder, exist_ok=True)
        with open(self.bench.small, "rb") as file:
            data = file.read()
        times = []
        for _ in range(n):
            begin = time.perf_counter_ns()
            bare(folder, data)
            times.append((time.perf_counter_ns() - begin) / 1e6)
        return times

    def run(self):
        header, row, number = self.table
        self.postfix = None
        rounds, each = (6, 10) if self.bench.wish.quick else (20, 15)
        wanted = list(self.candidates())
        bare_times = []
        for _ in range(rounds):
            bare_times += self.bare_times(each)
            wanted = [one for one in wanted if one.run(each)]
        for one in wanted:
            one.stop()
        if self.postfix:
            self.postfix.stop()
        medians = {one.name: statistics.median(one.times) for one in wanted}
        print("\n## One message handed over, as a process (median of %d)\n" % (rounds * each))
        header("program", "ms", "best ms", "x nullmailer-queue")
        row("bare write, fsync, rename, fsync", number(statistics.median(bare_times), 2),
            number(min(bare_times), 2), "-")
        for one in wanted:
            queue = medians.get("nullmailer-queue")
            row(one.name, number(medians[one.name], 2), number(min(one.times), 2),
                "%.2f" % (medians[one.name] / queue) if queue else "-")
        print()
        own = medians["sendoff sendmail -odq"]
        if "nullmailer-queue" in medians:
            self.bench.bar("sendmail -odq to nullmailer-queue", own / medians["nullmailer-queue"],
                           1.3)
        for one in wanted:
            for name in ("sendoff sendmail -odq", "sendoff sendmail"):
                if one.kind in ("sendmail", "dma" if name.endswith("q") else "dma_at_once"):
                    self.bench.bar("%s to %s" % (name, one.name),
                                   medians[name] / medians[one.name], 1)
