"""Messages of all shapes for a server without 8BITMIME, and with lines that SMTP does not carry: what
Python reads of them stays the same."""

import base64
import email
import os
import random
import re
import shutil
import subprocess

import pytest

WORDS = ["the", "quick", "Grüße", "日本語", "naïve", "=", "-- ", "From here", ".", "trailing \t", "x" * 90]
CHARSETS = ["utf-8", "utf-8", "utf-8", "latin-1", "shift_jis", "us-ascii"]


def text(pick, charset):
    """Lines of words; some 998 octets long, and a last one that need not end."""
    lines = [" ".join(pick.choices(WORDS, k=pick.randint(0, 8))) for _ in range(pick.randint(0, 9))]
    if pick.random() < 0.2:
        lines.append("é" * 400)
    if pick.random() < 0.2:
        lines.append("long line " * pick.choice([100, 101, 1500]))
    whole = "\n".join(lines) + pick.choice(["", "\n"])
    return whole.encode(charset, "ignore")


def leaf(pick):
    kind = pick.choice(["text", "text", "html", "octets", "encoded", "base64"])
    if kind == "base64":
        # As careless programs write it: all in one line.
        return (b"Content-Type: application/x-thing\nContent-Transfer-Encoding: base64\n\n"
                + base64.b64encode(bytes(range(256)) * pick.choice([1, 4])) + b"\n")
    if kind == "octets":
        # 8bit, so without NUL and in lines.
        body = b"\n".join(bytes(pick.choices(range(128, 256), k=70)) for _ in range(5)) + b"\n"
        return b"Content-Type: application/x-thing\nContent-Transfer-Encoding: 8bit\n\n" + body
    if kind == "encoded":
        return (b"Content-Type: text/plain; charset=utf-8\n"
                b"Content-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe=20\n")
    charset = pick.choice(CHARSETS)
    body = text(pick, charset)
    bit = "7bit" if body.isascii() else "8bit"
    head = "Content-Type: text/%s;\n charset=\"%s\"\nContent-Transfer-Encoding: %s\nX-Kept: yes\n\n" % (
        "html" if kind == "html" else "plain", charset, bit)
    return head.encode() + body


def entity(pick, depth):
    shape = pick.choice(["leaf", "mixed", "message"]) if depth else "leaf"
    if shape == "leaf":
        return leaf(pick)
    if shape == "message":
        inner = entity(pick, depth - 1)
        return (b"Content-Type: message/rfc822\n" + pick.choice([b"", b"Content-Transfer-Encoding: 8bit\n"])
                + b"\nSubject: inner\nMIME-Version: 1.0\n" + inner)
    boundary = b"b%d-%d" % (depth, pick.randrange(10**6))
    parts = [entity(pick, depth - 1) for _ in range(pick.randint(1, 3))]
    body = b"".join(b"--" + boundary + b"\n" + part + b"\n" for part in parts)
    return (b"Content-Type: multipart/" + pick.choice([b"mixed", b"alternative", b"related"])
            + b"; boundary=\"" + boundary + b"\"\nContent-Transfer-Encoding: 8bit\n\npreamble\n" + body
            + b"--" + boundary + b"--\nepilogue\n")


def leaves(message):
    """Type, charset and content of each leaf, line ends as LF."""
    return [(part.get_content_type(), part.get_content_charset(), part["X-Kept"],
             part.get_payload(decode=True).replace(b"\r\n", b"\n"))
            for part in message.walk() if not part.is_multipart()]


def encodings(message):
    return {part["Content-Transfer-Encoding"] for part in message.walk()}


@pytest.fixture
def make_account(home, make_sandbox, sendoff):
    def make(*options):
        sandbox = make_sandbox(*options)
        password = home.path / "password"
        password.write_text(sandbox.password)
        home.write_config(sandbox.config(password_command=f"cat {password}"))
        return sandbox

    return make


@pytest.fixture
def seven_bit_account(make_account):
    return make_account("--without", "8BITMIME")


def same(octets, original):
    """But for line ends; and a header that ends the message gets its empty line."""
    return octets.replace(b"\r\n", b"\n").rstrip(b"\n") == original.rstrip(b"\n")


def is_carried(octets):
    """The body's lines are no longer than SMTP carries."""
    return max(map(len, re.split(rb"\r?\n", octets.partition(b"\n\n")[2]))) <= 998


def delivered(sandbox, sendoff, seed):
    """Twelve messages through the outbox: each as it was handed over, and as it arrived."""
    pick, originals = random.Random(seed), {}
    for number in range(12):
        identity = "<%d.%d@example.org>" % (seed, number)
        message = (b"From: me@icloud.com\nTo: a@example.org\nDate: Wed, 25 Nov 2026 12:00:00 +0000\n"
                   b"Message-ID: " + identity.encode() + b"\nMIME-Version: 1.0\n"
                   + entity(pick, 3).rstrip(b"\n") + b"\n")
        if number % 2:
            message = message.replace(b"\n", b"\r\n")
        originals[identity] = message
        sendoff.named("sendmail")("-odq", "-t", "-i", input=message, status=0)
    sendoff("retry", status=0)
    arrived = sandbox.messages()
    assert len(arrived) == 12
    return [(originals[email.message_from_bytes(octets)["Message-ID"]], octets)
            for octets in arrived]


@pytest.mark.parametrize("seed", range(6))
def test_every_shape_reads_the_same(seven_bit_account, sendoff, seed):
    for original, octets in delivered(seven_bit_account, sendoff, seed):
        assert octets.isascii()
        after = email.message_from_bytes(octets)
        before = email.message_from_bytes(original)
        assert leaves(after) == leaves(before)
        before_octets = original.replace(b"\r\n", b"\n")
        if before_octets.isascii() and is_carried(before_octets):
            # What says 8bit and is not goes as it is.
            assert same(octets, before_octets)
            continue
        if before_octets.isascii():
            assert is_carried(octets)
            continue
        assert not encodings(after) & {"8bit", "8BIT", "binary"}
        assert [part.get_boundary() for part in after.walk()] == [
            part.get_boundary() for part in before.walk()]
        assert not [part.defects for part in after.walk() if part.defects]
        assert {part["Content-Transfer-Encoding"] for part in after.walk()
                if part.is_multipart()} <= {None, "7bit"}
        assert max(map(len, octets.split(b"\r\n"))) <= 998


SIGNED = {
    "pgp": b"multipart/signed; micalg=pgp-sha256; protocol=\"application/pgp-signature\"; boundary=b",
    "smime": b"multipart/signed; micalg=sha-256; protocol=\"application/pkcs7-signature\"; boundary=b",
}


@pytest.mark.parametrize("kind", SIGNED)
@pytest.mark.parametrize("bits", ["8", "7"])
def test_what_is_signed_goes_as_it_is_or_not_at_all(seven_bit_account, sendoff, kind, bits):
    message = (b"From: me@icloud.com\r\nTo: a@example.org\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\n"
               b"Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: " + SIGNED[kind]
               + b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
               + ("Grüße".encode() if bits == "8" else b"greetings")
               + b"\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nabc\r\n--b--\r\n")
    if bits == "7":
        sendoff("send", "--eml", "-", input=message, status=0)
        assert seven_bit_account.messages() == [message]
        return
    done = sendoff("send", "--eml", "-", input=message, status=65)
    assert "signed" in done.err
    assert not seven_bit_account.commands("MAIL")


@pytest.mark.parametrize("seed", range(6))
def test_lines_get_short_and_the_rest_stays(make_account, sendoff, seed):
    long = 0
    for original, octets in delivered(make_account(), sendoff, 100 + seed):
        after = email.message_from_bytes(octets)
        original = original.replace(b"\r\n", b"\n")
        before = email.message_from_bytes(original)
        assert leaves(after) == leaves(before)
        if is_carried(original):
            assert same(octets, original)
            continue
        long += 1
        assert is_carried(octets.replace(b"\r\n", b"\n"))
        for old, new in zip(before.walk(), after.walk()):
            if not old.is_multipart() and is_carried(b"\n\n" + old.get_payload().encode(
                    "utf-8", "surrogateescape")):
                assert old["Content-Transfer-Encoding"] == new["Content-Transfer-Encoding"]
    assert long > 0


def test_what_cron_says_in_one_line(make_account, sendoff):
    """No MIME at all in it; a reader must know that the words are encoded."""
    sandbox = make_account()
    line = "word " * 500
    sendoff("send", "--eml", "-", status=0, input=(
        f"From: me@icloud.com\nTo: a@example.org\nSubject: x\n\n{line}\nshort\n"))
    message = email.message_from_bytes(sandbox.messages()[0])
    assert message["MIME-Version"] == "1.0"
    assert message["Content-Transfer-Encoding"] == "quoted-printable"
    assert message.get_payload(decode=True).decode().split("\n")[:2] in (
        [line, "short"], [line + "\r", "short\r"])


def test_long_lines_that_are_signed_stay(make_account, sendoff):
    sandbox = make_account()
    message = (b"From: me@icloud.com\r\nTo: a@example.org\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\n"
               b"Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: " + SIGNED["pgp"]
               + b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + b"x" * 1001
               + b"\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nabc\r\n--b--\r\n")
    sendoff("send", "--eml", "-", input=message, status=69)
    # The server would not have it; nothing was changed to please it.
    assert "500" in sendoff("outbox", "list").out
    assert sandbox.deliveries() == []
    entry = sendoff("--json", "outbox", "list").json[0]["id"]
    assert sendoff("outbox", "export", entry).out_bytes == message


@pytest.mark.parametrize("preamble, boundary", [("Grüße", "b"), ("", "not-there")])
def test_what_stands_in_no_part_is_not_sent_in_8_bits(seven_bit_account, sendoff, preamble, boundary):
    message = (f"From: me@icloud.com\nTo: a@example.org\nMIME-Version: 1.0\nContent-Type: multipart/mixed; "
               f"boundary={boundary}\n\n{preamble}\n--b\nContent-Type: text/plain; charset=utf-8\n\nGrüße\n--b--\n")
    done = sendoff("send", "--eml", "-", input=message, status=65)
    assert "7-bit" in done.err
    assert not seven_bit_account.commands("MAIL")


def test_a_signed_part_beside_one_that_is_converted(seven_bit_account, sendoff):
    """Its header says 8bit though nothing in it is: the signature covers that word."""
    signed = (b"Content-Type: " + SIGNED["pgp"].replace(b"boundary=b", b"boundary=s")
              + b"\r\n\r\n--s\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\nplain"
              + b"\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\nabc\r\n--s--\r\n")
    message = (b"From: me@icloud.com\r\nTo: a@example.org\r\nMIME-Version: 1.0\r\n"
               b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
               b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "Grüße".encode()
               + b"\r\n--b\r\n" + signed + b"--b--\r\n")
    sendoff("send", "--eml", "-", input=message, status=0)
    [octets] = seven_bit_account.messages()
    assert octets.isascii() and signed in octets


@pytest.mark.skipif(shutil.which("strace") is None or "asan" in os.environ.get("SENDOFF_BUILD", ""),
                    reason="needs strace, and a build without sanitizers")
def test_what_cannot_be_read_while_it_is_converted_is_not_sent(seven_bit_account, sendoff, home,
                                                               tmp_path):
    body = "é".encode() * 100 + b"\n"
    sendoff.named("sendmail")("-odq", "-i", "a@example.org", status=0,
                              input=b"Subject: x\nContent-Type: text/plain; charset=utf-8\n\n" + 2000 * body)
    outcomes = set()
    for number in range(1, 40):
        [entry] = (home.outbox / "entries").iterdir()
        done = subprocess.run(["strace", "-f", "-o", tmp_path / "log", "-P", entry, "-e",
                               f"inject=pread64:error=EIO:when={number}",
                               *sendoff.command(["retry", "--now"])], env=sendoff.environment({}),
                              capture_output=True, timeout=60)
        outcomes.add(done.returncode)
        if seven_bit_account.deliveries():
            break
    [octets] = seven_bit_account.messages()
    assert email.message_from_bytes(octets).get_payload(decode=True).replace(b"\r\n", b"\n") == 2000 * body
    assert number > 10 and outcomes - {0}


BARE = b"\x01a\rb\r\nc\r\rd\re\r\n"


def with_part(head, body=BARE, kind=b"mixed"):
    return (b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/" + kind + b"; boundary=b\r\n\r\n"
            b"--b\r\n" + head + b"\r\n\r\n" + body + b"\r\n--b--\r\n")


@pytest.mark.parametrize("head", [
    b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary",
    b"Content-Type: image/png", b"Content-Type: application/x-a\r\nContent-Transfer-Encoding: 8bit",
])
def test_a_bare_cr_in_what_is_no_text_is_kept(make_account, sendoff, head):
    sandbox = make_account()
    sendoff.named("sendmail")("-odi", "-i", "a@example.org", input=with_part(head), status=0)
    [octets] = sandbox.messages()
    [part] = email.message_from_bytes(octets).get_payload()
    assert part.get_payload(decode=True) == BARE and part["Content-Transfer-Encoding"] == "base64"


def test_a_bare_cr_in_text_is_a_line_end(make_account, sendoff):
    sandbox = make_account()
    sendoff.named("sendmail")("-odi", "-i", "a@example.org", status=0,
                              input=with_part(b"Content-Type: text/plain", b"one\rtwo\r\rthree"))
    [part] = email.message_from_bytes(sandbox.messages()[0]).get_payload()
    assert part.get_payload(decode=True) == b"one\r\ntwo\r\n\r\nthree"


def test_a_bare_cr_that_is_signed_is_refused(make_account, sendoff, home):
    sandbox = make_account()
    message = with_part(b"Content-Type: text/plain", b"one\rtwo", b"signed")
    done = sendoff("send", "--eml", "-", "a@example.org", input=b"From: me@icloud.com\r\n" + message, status=65)
    assert "bare CR" in done.err and sandbox.deliveries() == []
    [entry] = (home.outbox / "entries").iterdir()
    assert entry.name.startswith("failed-refused.") and b"one\rtwo" in entry.read_bytes()
