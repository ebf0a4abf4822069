"""What clients say of sixty failures: temporary, permanent, uncertain, sent (issue 4).

Used by bench/run --only classes.  The server and its acts are those of tests/fault; each client
gets a time limit of two seconds by its own means, and is ended after twelve.  A client is taken
at its best word: its exit status, and where that says no more than "failed", the reply code it
shows.  What is said of a message whose final answer was lost is right only if it is
"uncertain", because a queue above it would send the message twice, or never.
"""
import concurrent.futures
import os
import re
import subprocess
import sys
import time

import lab
import peers

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "fault"))
import hostile  # noqa: E402
import hostile_acts  # noqa: E402
import hostile_cases  # noqa: E402
import hostile_run  # noqa: E402

PHASES = ("connect", "greeting", "auth", "mail", "rcpt", "data", "body", "final")
LIMIT = 12
CURL_TRANSPORT = (5, 6, 7, 18, 28, 35, 52, 55, 56, 60)

SMTPLIB = """
import smtplib, socket, ssl, sys
def judge(code):
    print(code)
    sys.exit(75 if 400 <= code < 500 else 69 if 500 <= code < 600 else 76)
try:
    context = ssl.create_default_context(cafile=sys.argv[2])
    smtp = smtplib.SMTP("localhost", int(sys.argv[1]), timeout=2)
    smtp.starttls(context=context)
    smtp.login(sys.argv[4], sys.argv[5])
    smtp.sendmail(sys.argv[4], [sys.argv[6]], open(sys.argv[3], "rb").read())
    smtp.quit()
except smtplib.SMTPRecipientsRefused as refused:
    judge(next(iter(refused.recipients.values()))[0])
except smtplib.SMTPResponseException as answer:
    judge(answer.smtp_code)
except (smtplib.SMTPServerDisconnected, OSError):
    sys.exit(75)
"""


def cases():
    chosen = [case for case in hostile_cases.matrix("", PHASES, pipelining=False)
              if not case.name.endswith("/truncate")]
    return chosen + [case for case in hostile_cases.matrix("", ("quit",), pipelining=False)
                     if case.name.endswith("/silence")]


def right(case):
    """The classes that are right for it."""
    if case.status == {"uncertain"}:
        return {"uncertain"}
    if case.name.endswith("/garbage"):
        return {"temporary", "protocol"}
    if case.exits & {hostile_acts.SENT}:
        return {"sent"}
    return {"temporary"} if case.exits == {hostile_acts.TEMPORARY} else {"permanent"}


def by_sysexits(code):
    if code == 0:
        return "sent"
    return {75: "temporary", 71: "temporary", 76: "protocol"}.get(code, "permanent")


def by_reply(text, otherwise):
    """Of a client whose status tells little: the last refusing reply it shows."""
    codes = re.findall(r"^<[*~\-]*\s+([45])\d\d[ -]", text, re.M)
    if codes:
        return "temporary" if codes[-1] == "4" else "permanent"
    return otherwise


def judge_sendoff(case, code, out, err):
    result = hostile_run.Result(case, None, code, 0, out.encode(), err.encode())
    try:
        if result.status() == "uncertain":
            return "uncertain"
    except ValueError:
        pass
    return by_sysexits(code)


def judge_curl(_case, code, _out, err):
    if code == 0:
        return "sent"
    return by_reply(err, "temporary" if code in CURL_TRANSPORT else "protocol" if code == 8
                    else "permanent")


def judge_swaks(_case, code, out, err):
    return "sent" if code == 0 else by_reply(out + err, "temporary")


def judge_plain(_case, code, _out, _err):
    return by_sysexits(code)


class Classes:
    def __init__(self, bench, table):
        self.bench, self.table = bench, table
        self.certificates = {}

    def message(self, folder, size):
        path = os.path.join(folder, "message.eml")
        with open(path, "w") as out:
            out.write("From: <%s>\nTo: <%s>\nSubject: bench\n\n" % (lab.ADDRESS, lab.PEER))
            out.write(("x" * 76 + "\n") * max(1, size // 77))
        return path

    def commands(self, case, server, folder):
        """By name: the command, its standard input, the environment, its judge."""
        environment, config = hostile_run.configure(os.path.join(folder, "own"), self.certificates,
                                                    case, server.port)
        own = [os.path.join(self.bench.build, "sendoff"), "--config", config, "--json", "test"]
        if case.size:
            own += ["--size", str(case.size)]
        other = peers.Peers(folder, self.bench.peers.packages, server, self.certificates["ca"])
        message = self.message(folder, case.size)
        msmtp, text = other.msmtp(message)
        swaks = other.swaks(message)[0]
        curl = other.curl(message)[0]
        yield "sendoff", own, None, environment, judge_sendoff
        if msmtp:
            yield "msmtp", msmtp[:1] + ["--timeout=2"] + msmtp[1:], text, other.env, judge_plain
        yield ("curl", curl + ["--connect-timeout", "2", "--max-time", "6", "--verbose"], None,
               other.env, judge_curl)
        if swaks:
            yield ("swaks", [word for word in swaks if word not in ("--silent", "2")]
                   + ["--timeout", "2s"], None, other.env, judge_swaks)
        yield ("smtplib", [sys.executable, "-c", SMTPLIB, str(server.port),
                           self.certificates["ca"], message, lab.ADDRESS, lab.PASSWORD, lab.PEER],
               None, other.env, judge_plain)

    def run_client(self, case, name, number):
        """One client against one case, with a server of its own; None: it is not here."""
        folder = os.path.join(self.bench.work, "classes", "%s-%d" % (name, number))
        os.makedirs(folder)
        server = hostile.Server(certificate=self.certificates["good"], plan=case.plan,
                                **case.options)
        try:
            for found, command, stdin, environment, judge in self.commands(case, server, folder):
                if found == name:
                    return self.said(case, command, stdin, environment, judge)
            return None
        finally:
            server.stop()

    @staticmethod
    def said(case, command, stdin, environment, judge):
        with open(stdin or os.devnull, "rb") as source:
            child = subprocess.Popen(command, env=environment, stdin=source, text=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     errors="replace")
            try:
                out, err = child.communicate(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                child.kill()
                child.communicate()
                return "hangs"
        return judge(case, child.returncode, out, err)

    def run(self):
        header, row, _ = self.table
        own = os.path.join(self.bench.work, "certificates")
        os.makedirs(own)
        self.certificates = lab.hostile_certs.make(own)
        chosen = cases()
        names = ("sendoff", "msmtp", "curl", "swaks", "smtplib")
        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            jobs = {name: [pool.submit(self.run_client, case, name, number)
                           for number, case in enumerate(chosen)] for name in names}
            said = {name: [job.result() for job in jobs[name]] for name in names}
        names = [name for name in names if said[name][0] is not None]
        print("\n## The class of %d failures (%.0f s)\n" % (len(chosen), time.monotonic() - start))
        header("phase / act", "right", *names)
        hits = dict.fromkeys(names, 0)
        for number, case in enumerate(chosen):
            cells = []
            for name in names:
                met = said[name][number] in right(case)
                hits[name] += met
                cells.append(said[name][number] if met else "**%s**" % said[name][number])
            row(case.name.lstrip("/"), " or ".join(sorted(right(case))), *cells)
        row("right of %d" % len(chosen), "", *(hits[name] for name in names))
        print()
        self.bench.bar("sendoff, classes right", hits["sendoff"], len(chosen), at_most=False)
