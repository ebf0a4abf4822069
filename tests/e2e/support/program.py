"""Running sendoff: with a time limit, its output taken apart, on a terminal when asked."""

import json
import os
import pathlib
import re
import subprocess
import time

from .home import ROOT
from .terminal import Terminal

BUILD = pathlib.Path(os.environ.get("SENDOFF_BUILD", ROOT)).resolve()
# A defect that a sanitizer finds is one whatever else the test looks at.
SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|runtime error:")


class Result:
    """Exit status, stdout and stderr as text, and stdout's JSON Lines."""

    def __init__(self, command, status, out, err, seconds):
        self.command = command
        self.status = status
        self.out_bytes = out
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode("utf-8", "replace")
        self.seconds = seconds
        assert not SANITIZER.search(self.err), str(self)

    @property
    def json(self):
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]

    @property
    def result(self):
        """The closing object of --json."""
        last = self.json[-1]
        assert last["event"] == "result", str(self)
        return last

    def __str__(self):
        words = " ".join(map(str, self.command))
        return f"$ {words}\n[exit {self.status}]\n--- stdout\n{self.out}\n--- stderr\n{self.err}"

    __repr__ = __str__


class Program:
    """sendoff(*arguments) runs it in `home`; `status` is what it must exit with, if given."""

    def __init__(self, home, name="sendoff", prefix=()):
        self.home = home
        self.path = BUILD / name
        self.prefix = list(prefix)

    def within(self, namespace):
        """The same program in a network namespace."""
        return Program(self.home, self.path.name, namespace.prefix)

    def named(self, name):
        """Run under another argv[0], as `sendmail` is."""
        link = self.home.path / "bin" / name
        link.parent.mkdir(exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(BUILD / "sendoff")
        other = Program(self.home, "sendoff", self.prefix)
        other.path = link
        return other

    def command(self, arguments):
        return [*self.prefix, str(self.path), *map(str, arguments)]

    def environment(self, env):
        merged = {**self.home.env, **(env or {})}
        return {name: str(value) for name, value in merged.items() if value is not None}

    def __call__(self, *arguments, input=b"", env=None, timeout=60, status=None, cwd=None):
        command = self.command(arguments)
        if isinstance(input, str):
            input = input.encode()
        start = time.monotonic()
        done = subprocess.run(command, input=input, capture_output=True, timeout=timeout,
                              env=self.environment(env), cwd=cwd or self.home.path)
        result = Result(command, done.returncode, done.stdout, done.stderr,
                        time.monotonic() - start)
        assert status is None or result.status == status, str(result)
        return result

    def start(self, *arguments, env=None, cwd=None, **options):
        """A running one (subprocess.Popen, in a session of its own); the test ends it."""
        return subprocess.Popen(self.command(arguments), env=self.environment(env),
                                cwd=cwd or self.home.path, start_new_session=True,
                                **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                                   "stderr": subprocess.PIPE, **options})

    def terminal(self, *arguments, env=None, cwd=None, columns=100):
        """A running one on a terminal: see support/terminal.py."""
        return Terminal(self.command(arguments), self.environment({"TERM": "xterm", **(env or {})}),
                        cwd or self.home.path, columns)
