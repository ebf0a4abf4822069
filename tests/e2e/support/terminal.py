"""A program on a pseudo-terminal: expect() what it says, answer(), finish()."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r")


class Terminal:
    """Use as a context manager: what still runs at the end is ended."""

    def __init__(self, command, env, cwd, columns):
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(command, env=env, cwd=cwd, stdin=slave, stdout=slave,
                                        stderr=slave, preexec_fn=own_terminal, close_fds=True)
        os.close(slave)
        self.raw = ""
        self._seen = 0

    @property
    def text(self):
        """All it said so far, without escape sequences."""
        return ESCAPES.sub("", self.raw)

    @property
    def echoes(self):
        """Whether what is typed now would be shown."""
        return bool(termios.tcgetattr(self._master)[3] & termios.ECHO)

    def _read(self, seconds):
        if not select.select([self._master], [], [], max(0, seconds))[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:
            data = b""
        self.raw += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, pattern, timeout=20):
        """Waits for a match in what was said since the last one."""
        end = time.monotonic() + timeout
        while True:
            match = re.search(pattern, self.text[self._seen:])
            if match:
                self._seen += match.end()
                return match
            alive = self._read(end - time.monotonic())
            if (not alive or time.monotonic() >= end) and not re.search(
                    pattern, self.text[self._seen:]):
                raise AssertionError(f"{pattern!r} did not come:\n{self.text}")

    def type(self, text):
        os.write(self._master, text.encode())

    def answer(self, line):
        self.type(line + "\n")

    def interrupt(self):
        self.type("\x03")

    def finish(self, timeout=30):
        """The exit status, once it has ended by itself."""
        end = time.monotonic() + timeout
        while time.monotonic() < end and self._read(end - time.monotonic()):
            pass
        return self.process.wait(max(1, end - time.monotonic()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._master)
