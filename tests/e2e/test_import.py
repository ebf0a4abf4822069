"""outbox import: every format comes in as what its program would have sent, once, with an envelope.

tests/data/queues holds what real dma, nullmailer and msmtp queue scripts wrote; the formats of
Apple Mail and Thunderbird are built here as their documentation has them.
"""

import base64
import email
import email.policy
import mailbox
import os
import pathlib
import shutil
import subprocess

import pytest

from support.home import ROOT
from support.trace import calls, traced

QUEUES = ROOT / "tests" / "data" / "queues"
CONFIG = """[defaults]
account = icloud

[account icloud]
preset = icloud
address = me@icloud.com
aliases = alias@icloud.com

[account work]
preset = smtp
smtp-host = mail.example.org
address = me@work.example
"""
HEAD = ("From: Me <me@icloud.com>\nTo: you@example.org\nSubject: {subject}\n"
        "Date: Wed, 25 Nov 2026 10:00:00 +0000\nMessage-ID: <{subject}@icloud.com>\n")


def message(subject="one", body="hello\n", more=""):
    return HEAD.format(subject=subject) + more + "\n" + body


class Import:
    def __init__(self, home, sendoff, folder):
        home.write_config(CONFIG)
        self.home, self.sendoff, self.folder = home, sendoff, folder

    def file(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def __call__(self, *words, status=0, **options):
        self.result = self.sendoff("--json", "outbox", "import", *words, status=status, **options)
        return [line for line in self.result.json if line["event"] == "message"]

    @property
    def counts(self):
        return {word: n for word, n in self.result.result.items()
                if word in ("queued", "held", "known", "skipped", "failed") and n}

    def entries(self):
        return [line for line in self.sendoff("--json", "outbox", "list", status=0).json
                if line["event"] == "entry"]

    def export(self, entry):
        return self.sendoff("outbox", "export", entry["id"], status=0).out_bytes

    def only(self):
        """The one entry: what is told of it, and its message."""
        entry, = self.entries()
        return entry, self.export(entry).decode()


@pytest.fixture
def take(home, sendoff, tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    return Import(home, sendoff, folder)


def snapshot(folder):
    return {path: (path.read_bytes(), path.stat().st_mtime_ns)
            for path in folder.rglob("*") if path.is_file()}


# --- the matrix: what stands there, and what comes of it ---

def emlx(text, flags=0):
    raw = text.encode()
    return (f"{len(raw)}   \n".encode() + raw +
            b'<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0">\n<dict>\n'
            b"\t<key>flags</key>\n\t<integer>%d</integer>\n</dict>\n</plist>\n" % flags)


def build_eml(take):
    take.file("a.eml", message("one"))
    take.file("deeper/b.eml", message("two").replace("\n", "\r\n"))
    take.file("readme.txt", "no mail")
    return take.folder


def build_maildir(take):
    box = mailbox.Maildir(take.folder / "Maildir")
    for subject in ("one", "two", "three"):
        box.add(message(subject))
    trashed = mailbox.MaildirMessage(message("thrown away"))
    trashed.set_subdir("cur")
    trashed.set_flags("T")
    box.add(trashed)
    return take.folder / "Maildir"


def build_mh(take):
    box = mailbox.MH(take.folder / "mh")
    for subject in ("one", "two"):
        box.add(message(subject))
    (take.folder / "mh" / ",3").write_text(message("removed"))
    return take.folder / "mh"


def build_mbox(take):
    box = mailbox.mbox(take.folder / "mbox", create=True)
    for subject in ("one", "two"):
        box.add(message(subject, "hello\n\nFrom here on\n"))
    box.close()
    return take.folder / "mbox"


def build_thunderbird(take):
    def one(subject, status):
        return (f"From - Wed Nov 25 10:00:00 2026\nX-Mozilla-Status: {status}\n"
                "X-Mozilla-Status2: 00000000\nX-Mozilla-Keys:                                  \n"
                "FCC: imap://me@imap.mail.me.com/Sent\nX-Identity-Key: id1\nX-Account-Key: a1\n"
                + message(subject, "hello\n>From here on\n",
                          "X-Mozilla-Draft-Info: internal/draft; vcard=0;\n receipt=0\n"
                          "Bcc: secret@example.org\nX-Mine: stays\n") + "\n")
    return take.file("Unsent Messages",
                     one("one", "0800") + one("sent", "0809") + one("two", "0801"))


def build_apple(take):
    box = "Outbox.mbox/7B2F/Data/Messages"
    take.file(f"{box}/1.emlx", emlx(message("one", more="X-Uniform-Type-Identifier: com.apple."
                                            "mail-draft\nX-Apple-Mail-Plain-Text-Draft: yes\n")))
    take.file(f"{box}/2.emlx", emlx(message("two")))
    take.file(f"{box}/3.emlx", emlx(message("deleted"), flags=2))
    return take.folder / "Outbox.mbox"


def queue(name):
    def copy(take):
        shutil.copytree(QUEUES / name, take.folder / name)
        return take.folder / name
    return copy


ONE_AND_TWO = {"one": ["you@example.org"], "two": ["you@example.org"]}
MATRIX = [
    ("eml", build_eml, ONE_AND_TWO, 0),
    ("emlx", build_apple, ONE_AND_TWO, 1),
    ("mbox", build_mbox, ONE_AND_TWO, 0),
    ("thunderbird", build_thunderbird,
     {name: ["you@example.org", "secret@example.org"] for name in ("one", "two")}, 1),
    ("maildir", build_maildir, {**ONE_AND_TWO, "three": ["you@example.org"]}, 1),
    ("mh", build_mh, ONE_AND_TWO, 0),
    ("dma", queue("dma"), {"from dma": ["you@example.org", "secret@example.org"],
                           "from dma 2": ["a@example.org", "b@example.org"]}, 0),
    ("nullmailer", queue("nullmailer"),
     {"from nullmailer": ["you@example.org", "secret@example.org"],
      "from nullmailer 2": ["a@example.org", "b@example.org"]}, 0),
    ("msmtpq", queue("msmtpq"), {"from msmtpq": ["you@example.org", "secret@example.org"]}, 0),
    ("msmtpq", queue("msmtpqueue"), {"from msmtpqueue": ["x@example.org"]}, 0),
]


@pytest.mark.parametrize("kind, build, expected, skipped", MATRIX,
                         ids=[f"{kind}-{number}" for number, (kind, *_) in enumerate(MATRIX)])
def test_matrix(take, kind, build, expected, skipped):
    source = build(take)
    before = snapshot(take.folder)
    take("--dry-run", source)
    assert not take.home.outbox.exists()
    rehearsed = take.counts
    told = take(source)
    assert take.counts == rehearsed and take.counts.get("skipped", 0) == skipped
    assert {line["format"] for line in told} == {kind}
    assert snapshot(take.folder) == before

    found = {}
    for entry in take.entries():
        raw = take.export(entry)
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        found.setdefault(parsed["Subject"], []).extend(entry["to"])
        assert entry["from"] == "me@icloud.com"
        assert parsed["Date"] and parsed["Message-ID"] and parsed["From"]
        assert not parsed["Bcc"] and b"X-Mozilla" not in raw and b"secret@" not in raw
        assert b"\n>From" not in raw and b"X-Identity" not in raw and b"X-Apple" not in raw
    assert {name: sorted(to) for name, to in found.items()} \
        == {name: sorted(to) for name, to in expected.items()}

    take(source)
    assert set(take.counts) <= {"known", "skipped"} and len(take.entries()) == len(told) - skipped
    take("--move", source)
    left = [path for path in take.folder.rglob("*") if path.is_file() and path.stat().st_size]
    assert len(left) == {"eml": 1, "emlx": 1, "maildir": 1, "mh": 1}.get(kind, 0)


def test_the_outbox_of_msmtpq_run_here(take):
    """Debian's script itself, which cannot send: nothing listens."""
    script = pathlib.Path("/usr/libexec/msmtp/msmtpq/msmtpq")
    if not script.exists():
        pytest.skip("no msmtp")
    msmtp = take.home.path / "msmtp"
    msmtp.write_text('#!/bin/sh\n[ "$1" = --version ]\n')
    msmtp.chmod(0o755)
    env = {**take.home.env, "MSMTPQ_Q": str(take.folder), "MSMTPQ_LOG": str(take.home.path / "log"),
           "EMAIL_CONN_TEST": "x", "EMAIL_QUEUE_QUIET": "t", "MSMTP": str(msmtp)}
    done = subprocess.run(["bash", script, "--account=work", "-f", "me@work.example", "-N", "never",
                           "--", "you@example.org", "b@example.org"],
                          input=message(), env=env, text=True, capture_output=True, timeout=30)
    assert list(take.folder.glob("*.mail")), done.stderr
    take("--move", take.folder)
    entry, text = take.only()
    assert entry["account"] == "work" and entry["state"] == "held"  # From is not work's
    assert entry["from"] == "me@work.example"
    assert entry["to"] == ["you@example.org", "b@example.org"]
    assert text == message() and "-N" in take.result.err
    assert not list(take.folder.iterdir())


def test_a_partial_emlx_gets_its_attachments_back(take):
    photo, notes = os.urandom(5000), "日本語\n".encode()
    parts = message("one", more="MIME-Version: 1.0\nContent-Type: multipart/mixed;\n"
                    '\tboundary="b1"\n'
                    "X-Apple-Mail-Remote-Attachments: YES\n", body=f"""
--b1
Content-Type: multipart/alternative; boundary=b2

--b2
Content-Type: text/plain

see the photo
--b2
Content-Type: text/plain; name="notes.txt"
Content-Disposition: attachment; filename="notes.txt"
Content-Transfer-Encoding: quoted-printable
X-Apple-Content-Length: {len(notes)}

--b2--

--b1
Content-Disposition: attachment; filename=photo.jpg
Content-Type: image/jpeg;
\tname=photo.jpg
X-Apple-Content-Length: {len(photo) * 4 // 3}
Content-Transfer-Encoding: base64

--b1--
""")
    take.file("Messages/7.partial.emlx", emlx(parts))
    take.file("Attachments/7/2/photo.jpg", photo)
    source = take.folder / "Messages"
    take(source, status=65)
    assert "attachment 1.2 is not on this machine" in take.result.err and not take.entries()
    take.file("Attachments/7/1.2/notes.txt", notes)
    take(source)
    _, text = take.only()
    parsed = email.message_from_string(text)
    leaves = [part for part in parsed.walk() if not part.is_multipart()]
    assert [leaf.get_payload(decode=True) for leaf in leaves] == [b"see the photo", notes, photo]
    assert "X-Apple" not in text and max(map(len, text.splitlines())) < 100
    assert base64.b64encode(photo).decode()[:76] in text


# --- mbox: nothing lost, nothing split that is one ---

def test_broken_from_lines(take):
    source = take.file("mbox", "From me@icloud.com Wed Nov 25 10:00:00 2026\n"
                       + message("one", "text\n\nFrom Kyoto we went on\nto Nara\n\n"
                                 "From Monday, Nov 30, 2026, 10:00 on:\nno header here\n"
                                 ">From here\n>>From there\n\n\n")
                       + "\nFrom MAILER Thu, 26 Nov 2026 10:00:00 +0000\n" + message("two")
                       + "From me Wed Nov 25 10:00 JST 2026\n" + message("three", ""))
    take(source)
    texts = {entry["id"]: take.export(entry).decode() for entry in take.entries()}
    assert sorted(texts.values()) == sorted([
        message("one", "text\n\nFrom Kyoto we went on\nto Nara\n\n"
                "From Monday, Nov 30, 2026, 10:00 on:\nno header here\n"
                "From here\n>From there\n\n\n"),
        message("two"), message("three", "")])


def test_a_line_that_may_begin_a_message_is_held(take):
    source = take.file("mbox", "From me@icloud.com Wed Nov 25 10:00:00 2026\n"
                       + message("one", "text\n\nFrom somebody\nTo: other@example.org\n\n"
                                 "private\n"))
    told, = take(source)
    assert told["status"] == "held" and "line 10" in told["reason"]
    entry, text = take.only()
    assert entry["state"] == "held" and text.endswith("private\n")


def test_crlf_is_the_same_message(take):
    take.file("a.eml", message())
    take.file("b.eml", message().replace("\n", "\r\n"))
    take(take.folder)
    assert take.counts == {"queued": 1, "known": 1}


# --- envelope and account ---

@pytest.mark.parametrize("preface", ["From me@icloud.com Mon May  2 16:07:05 2005\n", "\ufeff"])
def test_what_other_programs_put_before_the_header(take, preface):
    take.file("a.eml", preface + message())
    take(take.folder)
    assert take.only()[1] == message()


def test_missing_fields_are_made_and_bcc_goes(take):
    take.file("a.eml", "Return-Path: <x@y.example>\nTo: you@example.org\nBcc: secret@example.org,\n"
              " more@example.org\nSubject: bare\n\nhi\n")
    take(take.folder)
    entry, text = take.only()
    assert entry["to"] == ["you@example.org", "secret@example.org", "more@example.org"]
    assert entry["from"] == "me@icloud.com" and "secret" not in text and "Return-Path" not in text
    parsed = email.message_from_string(text)
    assert parsed["From"] == "me@icloud.com" and parsed["Date"] and "@icloud.com>" in \
        parsed["Message-ID"] and parsed["Subject"] == "bare"


def test_resent_recipients(take):
    take.file("a.eml", message(more="Resent-From: me@icloud.com\nResent-To: new@example.org\n"
                               "Resent-Bcc: secret@example.org\n"))
    take(take.folder)
    entry, text = take.only()
    assert entry["to"] == ["new@example.org", "secret@example.org"] and "secret" not in text


@pytest.mark.parametrize("sender, options, account, status, reason", [
    ("me@icloud.com", [], "icloud", "queued", ""),
    ("Alias@icloud.com", [], "icloud", "queued", ""),
    ("me@work.example", [], "work", "queued", ""),
    ("root@host.example", [], "icloud", "held", "sender"),
    ("me@icloud.com", ["--account", "work"], "work", "held", "sender"),
    ("me@icloud.com", ["--hold"], "icloud", "held", "user"),
])
def test_the_account_is_whose_address_it_is(take, sender, options, account, status, reason):
    take.file("a.eml", message().replace("me@icloud.com", sender, 1))
    told, = take(*options, take.folder)
    assert (told["account"], told["status"], told["hold"]) == (account, status, reason)
    entry, _ = take.only()
    assert entry["account"] == account and entry["state"] == status
    if reason == "sender":
        assert sender in entry["reason"] and "not an address" in entry["reason"]


def test_a_rule_that_rewrites_from(take):
    take.home.write_config(CONFIG.replace("aliases", "rewrite-from = when-foreign\naliases"))
    take.file("a.eml", message().replace("me@icloud.com", "root@host.example", 1))
    take(take.folder)
    entry, text = take.only()
    assert entry["state"] == "queued" and entry["from"] == "me@icloud.com"
    assert email.message_from_string(text)["From"].endswith("me@icloud.com>")


def test_too_large_is_held_for_it(take):
    take.home.write_config(CONFIG.replace("aliases",
                                          "wire-limit = 2000\noversize = hold\naliases"))
    take.file("a.eml", message(body="x" * 70 + "\n" * 2000))
    told, = take(take.folder)
    assert told["hold"] == "size" and "takes" in told["reason"]
    assert take.only()[0]["reason"].startswith("too large")


@pytest.mark.parametrize("words", [[], ["--dry-run"]])
@pytest.mark.parametrize("sealed", [False, True])
def test_too_large_is_told_where_it_may_be_packed(take, words, sealed):
    take.home.write_config(CONFIG.replace("aliases", "wire-limit = 2000\naliases"))
    more = 'Content-Type: multipart/signed; boundary=b\n' if sealed else ""
    take.file("a.eml", message(more=more, body=("x" * 70 + "\n") * 2000))
    told, = take(*words, take.folder)
    assert "takes" in told["reason"] and told["hold"] == ("size" if sealed else "")
    assert ("packed when it is sent" in told["reason"]) != sealed
    if not words:
        assert take.only()[0]["state"] == ("held" if sealed else "queued")


def test_what_a_mail_program_noted_in_its_folder_stays_there(take):
    mbox = message(more="Status: RO\nX-Status: A\nX-UID: 12\nX-Keywords:\n NonJunk\nContent-Length: 6\n")
    source = take.file("sent.mbox", "From me@icloud.com Wed Nov 25 10:00:00 2026\n" + mbox)
    take("--format", "mbox", source)
    _, text = take.only()
    assert text == message()


def test_more_than_one_from_is_held(take):
    take.file("a.eml", message(more="From: boss@example.org\n"))
    told, = take(take.folder)
    assert told["status"] == "held" and "more than one From" in told["reason"]


# --- bad input: told one by one, the others go on ---

def test_one_bad_message_keeps_no_other(take):
    take.file("a-good.eml", message("one"))
    take.file("b-empty.eml", "")
    take.file("c-no-recipients.eml", "From: me@icloud.com\nSubject: x\n\nhi\n")
    take.file("d-local.eml", message("d").replace("you@example.org", "root"))
    take.file("e-no-header.eml", "this is no mail\n\nat all\n")
    take.file("f-header-without-end.eml", "X: " + "y" * 1_100_000 + "\n")
    os.mkfifo(take.folder / "g-fifo.eml")
    take.file("h-nul.eml", message("nul", "a\0b\n"))
    (take.folder / "i-dangling.eml").symlink_to("nowhere")
    take.file("j-cut.emlx", emlx(message("cut"))[:100])
    take.file("k-no-number.emlx", message("number"))
    take.file("z-good.eml", message("two"))
    told = take(take.folder, status=65)
    assert take.counts == {"queued": 2, "failed": 10}
    assert all(line["reason"] for line in told if line["status"] == "failed")
    for words in ("no recipients", "“root”", "not begin with header", "NUL octet",
                  "header of the message is over",
                  "not a file", "cut short", "the length of a message"):
        assert words in take.result.err
    assert "\0" not in take.result.err
    assert sorted(entry["state"] for entry in take.entries()) == ["queued", "queued"]


def test_paths(take):
    good = take.file("good.eml", message())
    take(take.folder / "nothing", good, status=66)
    assert take.counts == {"queued": 1, "failed": 1} and "no such file" in take.result.err
    unknown = take.file("unknown", b"\x7fELF")
    take(unknown, status=65)
    assert "--format" in take.result.err
    take("--format", "mbox", good, status=65)
    assert "no message begins" in take.result.err
    assert take.sendoff("outbox", "import", status=64)
    assert take.sendoff("outbox", "import", "--format", "pst", good, status=64)


def test_damaged_queues(take):
    for name in ("dma", "nullmailer", "msmtpq"):
        shutil.copytree(QUEUES / name, take.folder / name)
    next((take.folder / "dma").glob("M*")).unlink()
    envelope = next((take.folder / "dma").glob("Q*.*"))
    next((take.folder / "msmtpq").glob("*.msmtp")).unlink()
    sorted((take.folder / "nullmailer" / "queue").iterdir())[1].write_text("me@icloud.com\n")
    take(*(take.folder / name for name in ("dma", "nullmailer", "msmtpq")), status=65)
    assert take.counts == {"queued": 4, "failed": 3} and envelope.exists()
    for words in (".msmtp with the recipients is missing", "envelope cannot be read"):
        assert words in take.result.err


def test_a_queue_somebody_works_on(take):
    shutil.copytree(QUEUES / "msmtpq", take.folder / "q")
    (take.folder / "q" / ".lock").mkdir()
    take(take.folder / "q", status=75)
    assert "msmtpq works on this queue" in take.result.err and not take.entries()
    (take.folder / "q" / ".lock").rmdir()
    take(take.folder / "q")
    assert take.counts == {"held": 1} and not (take.folder / "q" / ".lock").exists()


def test_no_account_at_all(take):
    take.home.write_config("")
    take.file("a.eml", message())
    result = take.sendoff("outbox", "import", take.folder, status=78)
    assert "→" in result.err and not list(take.home.outbox.glob("entries/*"))


# --- taken away, and never twice ---

def test_an_mbox_with_one_bad_message_is_not_emptied(take):
    source = build_mbox(take)
    before = source.read_bytes().replace(b"To: you@example.org", b"To: root", 1)
    source.write_bytes(before)
    take("--move", source, status=65)
    assert take.counts == {"queued": 1, "failed": 1} and source.read_bytes() == before


def test_again(take):
    source = take.file("a.eml", message())
    take(source)
    entry, _ = take.only()
    take.sendoff("outbox", "remove", entry["id"], status=0)
    take(source)
    assert take.counts == {"known": 1}
    take("--again", source)
    assert take.counts == {"queued": 1} and len(take.entries()) == 1


@pytest.mark.parametrize("mbox", [False, True])
def test_what_was_removed_from_the_outbox_is_not_moved_away(take, mbox):
    source = build_mbox(take) if mbox else take.file("a.eml", message())
    before = source.read_bytes()
    take(source)
    told = len(take.entries())
    take.sendoff("outbox", "remove", take.entries()[0]["id"], status=0)
    reports = take("--move", source)
    assert take.counts == {"known": told} and source.read_bytes() == before
    assert sum("left where it is" in one["reason"] for one in reports) == 1
    assert "left where it is" in take.sendoff("outbox", "import", "--move", source, status=0).out
    take.sendoff("outbox", "import", "--again", "--move", source, status=0)
    assert not source.exists() or source.read_bytes() == b""


def test_the_same_text_to_others_is_another_message(take):
    for number, to in enumerate(("a@example.org", "b@example.org")):
        take.file(f"{number}.mail", message())
        take.file(f"{number}.msmtp", f"-f me@icloud.com -- {to}\n")
    take(take.folder)
    assert take.counts == {"queued": 2}


@pytest.mark.parametrize("last", ["begun", "taken"])
def test_an_import_that_died(take, last):
    """Before the entry came in, and after it went out: it is held, not sent and not lost."""
    source = take.file("a.eml", message())
    take(source)
    entry, _ = take.only()
    record = take.home.outbox / "imported"
    lines = record.read_text().splitlines(keepends=True)
    assert [line.split()[0] for line in lines] == ["begun", "taken"]
    # The entry is still there: it was taken, whatever the record has of it.
    record.write_text(lines[0] + lines[1][:20])
    take(source)
    assert take.counts == {"known": 1}
    take.sendoff("outbox", "remove", entry["id"], status=0)
    record.write_text(lines[0] if last == "begun" else "".join(lines))
    told, = take(source)
    if last == "taken":
        assert told["status"] == "known"
    else:
        assert told["status"] == "held" and told["hold"] == "uncertain"


def test_a_source_goes_only_after_its_entry_is_durable(take, tmp_path):
    source = take.file("a.eml", message())
    trace = tmp_path / "trace"
    program = traced(take.home, trace, "rename,renameat,renameat2,fsync,unlink,unlinkat")
    program("outbox", "import", "--move", source, status=0)
    made = list(calls(trace))
    gone = next(i for i, call in enumerate(made) if "a.eml" in call and "unlink" in call)
    entered = next(i for i, call in enumerate(made) if "rename" in call and "entries/" in call)
    assert any("fsync" in call for call in made[entered:gone])
