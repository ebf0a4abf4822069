"""What the session asks of the server, and what a person sees of it meanwhile."""

import re
import shutil
import socket
import subprocess
import sys
import threading
import time

import pytest

from support.home import ROOT

sys.path.insert(0, str(ROOT / "tests" / "sandbox"))
from certificates import Authority  # noqa: E402


def reports(sandbox):
    """What MAIL and RCPT of the one message asked for."""
    [mail] = sandbox.commands("MAIL")
    return mail.split()[2:], [rcpt.split()[2:] for rcpt in sandbox.commands("RCPT")]


def test_reports_are_asked_for_as_rfc_3461_says(account, sandbox):
    account("send", "a+tag=x@example.org", "b@example.org", "-m", "x", "--dsn",
            "failure,delay", status=0)
    mail, rcpts = reports(sandbox)
    assert not [word for word in mail if word.startswith("RET")]
    assert rcpts == [["NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;a+2Btag+3Dx@example.org"],
                     ["NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;b@example.org"]]


def test_reports_of_a_finished_message(account, sandbox):
    account("send", "--eml", "-", "--dsn", "never", status=0,
            input=b"From: me@icloud.com\nTo: a@example.org\n\nx\n")
    mail, rcpts = reports(sandbox)
    assert not [word for word in mail if word.startswith(("RET", "ENVID"))]
    assert rcpts == [["NOTIFY=NEVER", "ORCPT=rfc822;a@example.org"]]


def test_nothing_is_asked_of_its_own_accord(account, sandbox):
    account("send", "a@example.org", "-m", "x", status=0)
    mail, rcpts = reports(sandbox)
    assert rcpts == [[]]
    assert not [word for word in mail if word.startswith(("RET", "ENVID"))]


def test_a_server_without_dsn_gets_the_message_without_the_wish(home, keyring, make_sandbox,
                                                                sendoff):
    sandbox = make_sandbox("--without", "DSN")
    home.write_config(sandbox.config())
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    done = sendoff("send", "a@example.org", "-m", "x", "--dsn", "success", status=0)
    assert "DSN" in done.err
    mail, rcpts = reports(sandbox)
    assert rcpts == [[]]
    assert not [word for word in mail if word.startswith(("RET", "ENVID"))]
    assert len(sandbox.deliveries()) == 1


@pytest.mark.parametrize("words", ["", "sometimes", "never,failure", "failure,failure", "failure,,delay"])
def test_wishes_that_make_no_sense_are_usage(account, sandbox, words):
    done = account("send", "a@example.org", "-m", "x", "--dsn", words, status=64)
    assert "--dsn" in done.err
    assert not sandbox.commands("MAIL")


# -- what a person sees -----------------------------------------------------------------

class SlowLine:
    """A way to a server that carries so many octets a second, and buffers few."""

    def __init__(self, port, rate):
        self.to, self.rate = port, rate
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.to))
            for source, sink, rate in ((near, far, self.rate), (far, near, 0)):
                threading.Thread(target=self._carry, args=(source, sink, rate), daemon=True).start()

    def _carry(self, source, sink, rate):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
                if rate and len(data) > 2000:
                    time.sleep(len(data) / rate)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


@pytest.fixture
def slow_account(home, sandbox, sendoff):
    """The account over a line of 4 MB a second."""
    line = SlowLine(sandbox.port, 4_000_000)
    password = home.path / "password"
    password.write_text(sandbox.password)
    home.write_config("[defaults]\naccount = icloud\n\n" + sandbox.config(
        smtp_port=line.port, password_command=f"cat {password}"))
    yield sendoff
    line.close()


BAR = r"\[#*\.*\]\s+(\d+) %  [\d.]+ / ([\d.]+) MB  ([\d.]+) MB/s  \d+:\d\d left"


def look_at_bars(terminal):
    """Percentages that grow, a rate that is the line's, and nothing left of it at the end."""
    bars = re.findall(BAR, terminal.text)
    shares = [int(share) for share, _, _ in bars]
    assert len(bars) >= 3 and shares == sorted(shares) and shares[-1] > 50, terminal.text
    assert 2 < float(bars[-1][2]) < 8
    assert terminal.raw.count("\r\x1b[K") >= 1
    return bars


def test_a_bar_of_a_long_test(slow_account, sandbox):
    with slow_account.terminal("test", "--size", "10000000") as terminal:
        assert terminal.finish(60) == 0
        look_at_bars(terminal)
    assert len(sandbox.deliveries()) == 1


def test_a_bar_of_a_long_message_and_of_the_backlog(slow_account, sandbox, tmp_path):
    file = tmp_path / "film.mp4"
    file.write_bytes(bytes(range(256)) * 30_000)
    with slow_account.terminal("send", "a@example.org", "-m", "x", "-a", str(file)) as terminal:
        assert terminal.finish(60) == 0
        look_at_bars(terminal)
    slow_account("send", "a@example.org", "-m", "x", "-a", file, "--queue", status=0)
    with slow_account.terminal("retry") as terminal:
        assert terminal.finish(60) == 0
        look_at_bars(terminal)
    assert len(sandbox.deliveries()) == 2


def test_no_bar_of_a_short_message_nor_without_a_terminal(slow_account, tmp_path):
    with slow_account.terminal("send", "a@example.org", "-m", "x") as terminal:
        assert terminal.finish(60) == 0
        assert "MB/s" not in terminal.text
    file = tmp_path / "film.mp4"
    file.write_bytes(bytes(range(256)) * 30_000)
    done = slow_account("send", "a@example.org", "-m", "x", "-a", file, status=0)
    assert "MB/s" not in done.err + done.out


# -- TLS between two commands --------------------------------------------------------------

class ByHand:
    """openssl s_server, spoken for line by line: its one-letter commands change the keys."""

    def __init__(self, folder, *options):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        authority = Authority(str(folder))
        chain = authority.issue(["localhost"], "good")
        self.ca = authority.path
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", "openssl", "s_server", "-accept", f"127.0.0.1:{self.port}",
             "-cert", chain, "-key", chain, "-crlf", "-naccept", "1", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.heard = b""
        self.await_("ACCEPT")

    def await_(self, words, seconds=10):
        end = time.monotonic() + seconds
        while words.encode() not in self.heard and time.monotonic() < end:
            data = self.process.stdout.read(65536)
            if not data:
                break
            self.heard += data
        assert words.encode() in self.heard, self.heard.decode(errors="replace")
        self.heard = self.heard.split(words.encode(), 1)[1]

    def say(self, text):
        """Data, which the client answers: one read of openssl's input is one piece of it."""
        self.process.stdin.write((text + "\n").encode())

    def command(self, letter):
        """A change of keys, read by itself: openssl tells what came of it."""
        self.say(letter)
        self.await_("SSL_do_handshake -> ")

    def stop(self):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def by_hand(tmp_path, home, sendoff):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    made = []

    def make(*options):
        server = ByHand(tmp_path / "tls", *options)
        made.append(server)
        password = home.path / "password"
        password.write_text("secret")
        home.write_config("[account hand]\naddress = me@example.org\nsmtp-host = localhost\n"
                          f"smtp-port = {server.port}\nsmtp-security = tls\n"
                          f"tls-ca-file = {server.ca}\npassword-command = cat {password}\n"
                          "timeout = 5\n")
        return server

    yield make
    for server in made:
        server.stop()


def log_in(server):
    server.say("220 by.hand ESMTP")
    server.await_("EHLO")
    server.say("250-by.hand\n250 AUTH PLAIN")
    server.await_("AUTH PLAIN")


def test_new_keys_between_commands_are_taken(by_hand, sendoff):
    server = by_hand("-tls1_3")
    process = sendoff.start("--json", "test")
    log_in(server)
    server.command("k")  # KeyUpdate
    server.say("235 2.7.0 Ok")
    server.await_("MAIL FROM")
    server.command("K")  # KeyUpdate that asks for ours
    server.say("250 2.1.0 Ok")
    server.await_("RCPT TO")
    server.say("250 2.1.5 Ok")
    server.await_("DATA")
    server.command("K")
    server.say("354 Go")
    server.await_("\r\n.\r\n")
    server.command("k")
    server.say("250 2.0.0 Ok: queued as HAND")
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert b'"status":"sent"' in out


def test_another_handshake_is_not_made(by_hand, sendoff):
    server = by_hand("-tls1_2")
    process = sendoff.start("--json", "test")
    log_in(server)
    server.say("235 2.7.0 Ok")
    server.await_("MAIL FROM")
    server.command("r")
    out, err = process.communicate(timeout=30)
    assert process.returncode in (75, 76), err
    assert b'"status":"failed"' in out
