"""The outbox from outside: list, show, hold, release, edit, export, remove, verify; retry."""

import email
import email.policy
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pytest

from support.program import BUILD
from support.servers import Sandbox

MESSAGE = (b"From: me@icloud.com\nTo: \"A\" <a@example.org>,\n b@example.org\n"
           b"Subject: =?UTF-8?B?5pel5pys6Kqe?=\nMessage-ID: <1@example.org>\n\nhello\n")


class Outbox:
    def __init__(self, home):
        self.home = home
        self.path = home.outbox

    def driver(self, *words, message=MESSAGE):
        done = subprocess.run([BUILD / "tests" / "fault" / "outbox-driver", self.path,
                               *map(str, words)],
                              input=message, env=self.home.env, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().split()

    def put(self, count=1, due=None, message=MESSAGE):
        return self.driver("enqueue", count, *([due] if due else []), message=message)

    def names(self):
        return sorted(path.name for path in (self.path / "entries").glob("*"))

    def file(self, entry):
        return next((self.path / "entries").glob(f"*.{entry}"))


@pytest.fixture
def outbox(home):
    return Outbox(home)


def entries(result):
    return [line for line in result.json if line["event"] == "entry"]


def test_list(sendoff, outbox):
    assert sendoff("outbox", "list", status=0).out == ""
    first, second = outbox.put(2)
    listed = sendoff("outbox", "list", "--json", status=0)
    assert {entry["id"] for entry in entries(listed)} == {first, second}
    assert listed.result["entries"] == 2
    entry = entries(listed)[0]
    assert entry["state"] == "queued" and entry["account"] == "icloud"
    assert entry["from"] == "me@icloud.com" and entry["attempts"] == 0
    assert entry["to"] == ["a@example.org", "b@example.org"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry["due"])
    assert entry["size"] == len(MESSAGE) + MESSAGE.count(b"\n")
    shown = sendoff("outbox", "list", status=0).out
    assert first[:8] in shown and "a@example.org and 1 more" in shown


def test_list_filters(sendoff, outbox):
    first, second = outbox.put(2)
    sendoff("outbox", "hold", first, status=0)
    for filters, expected in ((["--state", "held"], {first}), (["--state", "queued"], {second}),
                              (["--account", "icloud"], {first, second}),
                              (["--account", "gmail"], set()), (["--to", "b@ex"], {first, second}),
                              (["--to", "nobody"], set())):
        listed = sendoff("outbox", "list", "--json", *filters, status=0)
        assert {entry["id"] for entry in entries(listed)} == expected, filters
    assert sendoff("outbox", "list", "--state", "asleep").status == 64
    for filters in (["--state", "failed"], ["--to", "nobody"], ["--account", "gmail"]):
        assert "No entry matches" in sendoff("outbox", "list", *filters, status=0).err


def test_ids(sendoff, outbox):
    ids = outbox.put(40)
    assert sendoff("outbox", "show", ids[0][:10], status=0)
    assert sendoff("outbox", "show", "nosuchid").status == 66
    letters = [entry[0] for entry in ids]
    common = next(letter for letter in letters if letters.count(letter) > 1)
    ambiguous = sendoff("outbox", "show", common)
    assert ambiguous.status == 64 and common in ambiguous.err


def test_show(sendoff, outbox):
    entry, = outbox.put()
    outbox.driver("run", "partial", outbox.home.path / "server")
    shown = sendoff("outbox", "show", entry, status=0).out
    assert "Subject: 日本語" in shown and "accepted" in shown and "server:25" not in shown
    result = sendoff("outbox", "show", entry, "--json", status=0)
    assert result.result["subject"] == "日本語" and result.result["attempts"] == 1
    attempts = [line for line in result.json if line["event"] == "attempt"]
    assert {line["address"]: line["outcome"] for line in attempts} \
        == {"a@example.org": "accepted", "b@example.org": "deferred"}


def test_show_is_safe(sendoff, outbox):
    entry, = outbox.put(message=b"Subject: \x1b]0;title\x07\x1b[31m\xff\nTo: a\x00b\n\n")
    shown = sendoff("outbox", "show", entry, status=0)
    assert "\x1b" not in shown.out and "\x07" not in shown.out


def test_hold_and_release(sendoff, outbox):
    entry, = outbox.put()
    sendoff("outbox", "hold", entry[:8], status=0)
    assert outbox.names()[0].startswith("held-user.")
    listed = entries(sendoff("outbox", "list", "--json"))[0]
    assert listed["state"] == "held" and listed["due"] == "" and "held by you" in listed["reason"]
    sendoff("outbox", "release", entry, status=0)
    assert outbox.names()[0].startswith("queued.")


def test_remove_and_export(sendoff, outbox):
    entry, = outbox.put()
    exported = sendoff("outbox", "export", entry, status=0)
    assert exported.out_bytes == MESSAGE
    sendoff("outbox", "remove", entry, status=0)
    assert outbox.names() == []
    assert sendoff("outbox", "remove", entry).status == 66


def test_edit_recipients(sendoff, outbox):
    entry, = outbox.put()
    outbox.driver("run", "partial", outbox.home.path / "server")
    sendoff("outbox", "edit", entry, "--change", "b@example.org=c@example.org", status=0)
    listed = entries(sendoff("outbox", "list", "--json"))[0]
    assert listed["to"] == ["a@example.org", "c@example.org"]
    text = sendoff("outbox", "export", entry).out_bytes
    assert text == MESSAGE.replace(b"b@example.org", b"c@example.org")
    # a@ has it already, c@ has not.
    outbox.driver("run", "accept", outbox.home.path / "server")
    sent = (outbox.home.path / "server").read_text().split("\n")
    assert sent == [f"{entry} a@example.org", f"{entry} c@example.org", ""]
    assert sendoff("outbox", "verify").status == 0


def test_edit_refuses(sendoff, outbox):
    entry, = outbox.put()
    before = outbox.file(entry).read_bytes()
    for words, status in ((["--to", "no address"], 65), (["--to", "a@b\nX: y"], 65),
                          (["--change", "z@example.org=a@example.org"], 64),
                          (["--change", "nothing"], 64), ([], 64)):
        assert sendoff("outbox", "edit", entry, *words).status == status, words
    assert outbox.file(entry).read_bytes() == before


@pytest.mark.parametrize("message", [
    MESSAGE, b"From: me@icloud.com\nTo: a@example.org\nContent-Type: text/plain; charset=x-bogus\n\nx\n"])
def test_looking_at_a_message_changes_nothing(account, outbox, message):
    entry, = outbox.put(message=message)
    account("outbox", "hold", entry, status=0)
    before = outbox.names()
    assert "nothing was changed" in account("outbox", "edit", "-e", entry, env={"EDITOR": "true", "VISUAL": None},
                                            status=0).err
    assert outbox.names() == before and before[0].startswith("held-user.")


def test_addresses_that_cannot_be_followed_are_not_changed(account, outbox):
    message = b"From: me@icloud.com\nTo: a@example.org\nContent-Type: text/plain; charset=x-bogus\n\nx\n"
    entry, = outbox.put(message=message)
    done = account("outbox", "edit", "-e", entry, env={"EDITOR": "sed -i s/a@/right@/", "VISUAL": None}, status=65)
    assert "--to" in done.err
    assert account("outbox", "export", entry, status=0).out_bytes == message
    account("outbox", "edit", "-e", entry, env={"EDITOR": "sed -i s/^x/y/", "VISUAL": None}, status=0)
    assert account("outbox", "export", entry, status=0).out_bytes == message.replace(b"\nx\n", b"\ny\n")


def test_edit_in_editor(sendoff, outbox, tmp_path):
    entry, = outbox.put()
    editor = tmp_path / "ed it"
    editor.write_text("#!/bin/sh\nsed -i 's/^hello/bye/' \"$1\"\n")
    editor.chmod(0o755)
    sendoff("outbox", "edit", "-e", entry, env={"EDITOR": f"'{editor}'"}, status=0)
    assert sendoff("outbox", "export", entry).out_bytes == MESSAGE.replace(b"hello", b"bye")
    for spoil in ("false", "true > \"$1\"; :"):
        spoiled = sendoff("outbox", "edit", "-e", entry, env={"EDITOR": spoil})
        assert spoiled.status in (65, 75), str(spoiled)
    assert b"bye" in sendoff("outbox", "export", entry).out_bytes


def edited(sendoff, outbox, entry, script, status=0):
    """outbox edit with a Python function of the shown text as editor; what it was shown."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=outbox.home.path))
    editor = folder / "editor.py"
    editor.write_text(f"""import pathlib, sys
path = pathlib.Path(sys.argv[1])
text = path.read_bytes().decode()
pathlib.Path({str(folder / 'shown')!r}).write_text(text)
text = ({script})(text)
if text is not None:
    path.write_bytes(text.encode())
""")
    done = sendoff("outbox", "edit", "-e", entry, env={"EDITOR": f"{sys.executable} {editor}"}, status=status)
    return (folder / "shown").read_text(), done


ENCODED = ("From: =?UTF-8?B?6Iqx5a2Q?= <me@icloud.com>\r\n"
           "To: =?UTF-8?Q?M=C3=BCller=2C_J=C3=B6rg?= <a@example.org>,\r\n b@example.org\r\n"
           "Subject: =?ISO-2022-JP?B?GyRCMnE1RBsoQg==?=\r\n\t=?ISO-2022-JP?B?GyRCO3FOQRsoQg==?=\r\n"
           "MIME-Version: 1.0\r\nX-Other:  two  blanks \r\n"
           "Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n"
           "Message-ID: <1@example.org>\r\n\r\n%s")
ALTERNATIVE = ("--b1\r\nContent-Type: text/plain; charset=iso-8859-1; format=flowed\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\nContent-Language: de\r\n\r\n"
               "gr=FC=DF dich, =\r\nJ=F6rg\r\n--b1\r\nContent-Type: text/html\r\n\r\n<p>x\r\n--b1--\r\n")
MESSAGES = {
    "base64": (ENCODED % ("text/plain; charset=utf-8", "base64", "44GT44KT44Gr44Gh44GvCg==\r\n"),
               "こんにちは\n"),
    "sjis": ((ENCODED % ("text/plain; charset=Shift_JIS", "8bit", "ZZZ\r\n")).encode()
             .replace(b"ZZZ", "見積".encode("shift_jis")), "見積\n"),
    "quoted": (ENCODED % ("text/plain; charset=iso-8859-1", "quoted-printable", "gr=FC=DF=20\r\nx"),
               "grüß \nx\n"),
    "parts": (ENCODED % ('multipart/alternative; boundary=b1', "7bit", ALTERNATIVE),
              "grüß dich, Jörg\n"),
}
MESSAGES = {name: (message if isinstance(message, bytes) else message.encode(), text)
            for name, (message, text) in MESSAGES.items()}
SHOWN = ("From: 花子 <me@icloud.com>\nTo: \"Müller, Jörg\" <a@example.org>, b@example.org\n"
         "Subject: 会議資料\nX-Other: two  blanks\nMessage-ID: <1@example.org>\n\n")


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("save", ["lambda text: None", "lambda text: text",
                                  "lambda text: text.replace('\\n', '\\r\\n')"])
def test_editor_shows_it_decoded_and_keeps_what_is_not_changed(sendoff, outbox, name, save):
    message, text = MESSAGES[name]
    entry, = outbox.put(message=message)
    shown, _ = edited(sendoff, outbox, entry, save)
    assert shown == SHOWN + text
    assert sendoff("outbox", "export", entry).out_bytes == message


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("word", ["plain", "日本語とü 😀", "long " * 400, "--b1"])
def test_editor_changes_the_text_alone(sendoff, outbox, name, word):
    message, text = MESSAGES[name]
    entry, = outbox.put(message=message)
    edited(sendoff, outbox, entry, f"lambda text: text.replace({text!r}, {word!r} + '\\nx\\n')")
    after = sendoff("outbox", "export", entry).out_bytes
    assert after.split(b"MIME-Version")[0] == message.split(b"MIME-Version")[0]
    parsed = email.message_from_bytes(after, policy=email.policy.SMTP)
    part = parsed.get_body(("plain",))
    assert part.get_content().replace("\r\n", "\n").rstrip("\n") == f"{word}\nx"
    assert max(map(len, after.split(b"\r\n"))) <= 998 and after.isascii()
    if name == "parts":
        assert part["Content-Language"] == "de" and part.get_param("format") == "flowed"
        assert after.endswith(message[message.index(b"\r\n--b1\r\nContent-Type: text/html"):])
    assert sendoff("outbox", "verify").status == 0


def test_editor_changes_the_header(sendoff, outbox):
    message, _ = MESSAGES["base64"]
    entry, = outbox.put(message=message)
    _, done = edited(sendoff, outbox, entry, "lambda text: text.replace('資料', '延期').replace("
                     "'\"Müller, Jörg\" <a@', '\"Ö, P\" <c@').replace('X-Other', 'Bcc: d@example.org\\nX-Other')")
    after = sendoff("outbox", "export", entry).out_bytes
    parsed = email.message_from_bytes(after, policy=email.policy.SMTP)
    assert after.isascii() and parsed["Subject"] == "会議延期" and parsed["Bcc"] is None
    assert [(one.display_name, one.addr_spec) for one in parsed["To"].addresses] \
        == [("Ö, P", "c@example.org"), ("", "b@example.org")]
    assert after.split(b"MIME-Version")[1] == message.split(b"MIME-Version")[1]
    assert entries(sendoff("outbox", "list", "--json"))[0]["to"] \
        == ["b@example.org", "c@example.org", "d@example.org"]
    assert "b@example.org, c@example.org, d@example.org" in done.err


@pytest.mark.parametrize("script, status", [
    ("lambda text: text.replace('b@example.org', 'b@')", 65),
    ("lambda text: text.replace('X-Other:', 'Content-Type:')", 65),
    ("lambda text: text.replace('X-Other:', 'no field')", 65),
    ("lambda text: ''", 65),
    ("lambda text: text.replace('<me@icloud.com>', '<you@icloud.com>')", 64),
    ("lambda text: '\\n'.join(line for line in text.split('\\n') if not line.startswith(('To', 'b@')))", 65),
])
def test_editor_spoils_it(sendoff, outbox, write_config, script, status):
    write_config(TWO_ACCOUNTS)
    entry, = outbox.put(message=MESSAGES["parts"][0])
    before = outbox.file(entry).read_bytes()
    edited(sendoff, outbox, entry, script, status=status)
    assert outbox.file(entry).read_bytes() == before


def test_editor_changes_the_sender(sendoff, outbox, write_config):
    write_config(TWO_ACCOUNTS.replace("me@icloud.com", "me@icloud.com\naliases = i@icloud.com"))
    entry, = outbox.put(message=MESSAGES["base64"][0])
    edited(sendoff, outbox, entry, "lambda text: text.replace('<me@', '<i@')")
    assert entries(sendoff("outbox", "list", "--json"))[0]["from"] == "i@icloud.com"


def test_editor_leaves_what_is_signed(sendoff, outbox):
    message = (ENCODED % ("multipart/signed; boundary=b1", "7bit", ALTERNATIVE)).encode()
    entry, = outbox.put(message=message)
    shown, _ = edited(sendoff, outbox, entry, "lambda text: text.replace('資料', '延期')")
    assert shown == SHOWN
    after = sendoff("outbox", "export", entry).out_bytes
    assert after != message and after.split(b"MIME-Version")[1] == message.split(b"MIME-Version")[1]
    _, done = edited(sendoff, outbox, entry, "lambda text: text + 'more'", status=65)
    assert "signed" in done.err


def test_editor_gets_what_cannot_be_decoded_as_it_is(sendoff, outbox):
    message = (ENCODED % ("text/plain; charset=nosuch", "base64", "/w==\r\n")).encode()
    entry, = outbox.put(message=message)
    shown, _ = edited(sendoff, outbox, entry, "lambda text: text")
    assert shown.encode() == message.replace(b"\r\n", b"\n")


TWO_ACCOUNTS = ("[defaults]\naccount = icloud\n\n"
                "[account icloud]\npreset = icloud\naddress = me@icloud.com\n\n"
                "[account work]\npreset = gmail\naddress = me@example.com\naliases = my@example.com\n")


@pytest.mark.parametrize("words, sender, field", [
    (["--account", "work"], "me@example.com", b"Me <me@example.com>"),
    (["--account", "work", "--from", "my@example.com"], "my@example.com", b"Me <my@example.com>"),
    (["--account", "icloud"], "me@icloud.com", b"Me <me@icloud.com>"),
])
def test_edit_account_and_sender(sendoff, outbox, write_config, words, sender, field):
    write_config(TWO_ACCOUNTS)
    message = MESSAGE.replace(b"From: me@icloud.com", b"From: Me\n <me@icloud.com>")
    entry, = outbox.put(message=message)
    sendoff("outbox", "edit", entry, *words, status=0)
    listed, = entries(sendoff("outbox", "list", "--json"))
    assert listed["from"] == sender and listed["account"] == words[1]
    expected = message if sender == "me@icloud.com" else message.replace(b"Me\n <me@icloud.com>", field)
    assert sendoff("outbox", "export", entry).out_bytes == expected
    assert sendoff("outbox", "verify").status == 0


def test_edit_keeps_a_sender_that_is_the_other_accounts_too(sendoff, outbox, write_config):
    write_config(TWO_ACCOUNTS.replace("aliases = ", "aliases = me@icloud.com, "))
    entry, = outbox.put()
    sendoff("outbox", "edit", entry, "--account", "work", status=0)
    assert entries(sendoff("outbox", "list", "--json"))[0]["from"] == "me@icloud.com"
    assert sendoff("outbox", "export", entry).out_bytes == MESSAGE


def test_edit_refuses_a_sender_of_somebody_else(sendoff, outbox, write_config):
    write_config(TWO_ACCOUNTS)
    entry, = outbox.put()
    before = outbox.file(entry).read_bytes()
    for words, status in ((["--from", "x@example.org"], 64), (["--from", "me@example.com"], 64),
                          (["--account", "nosuch"], 78), (["--from", "nonsense"], 65)):
        assert sendoff("outbox", "edit", entry, *words).status == status, words
    assert outbox.file(entry).read_bytes() == before


def test_verify(sendoff, outbox):
    good, bad, changed = outbox.put(3)
    assert sendoff("outbox", "verify", status=0)
    with outbox.file(bad).open("ab") as file:
        file.write(b"x")
    text = outbox.file(changed).read_bytes()
    outbox.file(changed).write_bytes(text.replace(b"hello", b"jello"))
    (outbox.path / "entries" / "notes").write_text("x")
    (outbox.path / "tmp" / "0000000000000000").write_text("x")
    (outbox.path / "attempts" / "0000000000000000").write_text("x")
    result = sendoff("outbox", "verify", "--json")
    assert result.status == 65
    files = {line["file"].rsplit(".", 1)[-1].rsplit("/", 1)[-1]
             for line in result.json if line["event"] == "problem"}
    assert files == {bad, changed, "notes", "0000000000000000"}
    assert len(outbox.names()) == 4  # nothing is moved without being told to
    assert sendoff("outbox", "verify", "--repair").status == 65
    assert sendoff("outbox", "verify", status=0)
    assert [name.rsplit(".", 1)[1] for name in outbox.names()] == [good]


def test_overview(sendoff, outbox):
    assert sendoff("outbox").status == 64
    assert "release" in sendoff("outbox", "--help", status=0).out
    assert "Lists" in sendoff("outbox", "list", "--help", status=0).out
    assert sendoff("outbox", "fly").status == 64
    assert sendoff("outbox", "--json", "list", status=0).result["entries"] == 0


@pytest.mark.parametrize("mode, status", [(0o755, 73), (0o500, 73)])
def test_folder_mode(sendoff, outbox, mode, status):
    outbox.put()
    outbox.path.chmod(mode)
    refused = sendoff("outbox", "list")
    assert refused.status == status and "chmod 700" in refused.err
    outbox.path.chmod(0o700)


# --- retry ---------------------------------------------------------------------------


def test_retry_sends(account, outbox, sandbox):
    outbox.put(3)
    done = account("retry", "--json", status=0)
    assert done.result["status"] == "sent" and done.result["sent"] == 3
    assert len(sandbox.deliveries()) == 3 and outbox.names() == []
    assert sandbox.deliveries()[0]["recipients"] == ["a@example.org", "b@example.org"]
    assert sandbox.messages()[0] == MESSAGE.replace(b"\n", b"\r\n")
    silent = account("retry", status=0)
    assert silent.out == silent.err == ""


@pytest.mark.parametrize("rules, status, kept", [
    ({}, 0, []),
    ({"final": "552 5.3.4 Message size exceeds the limit"}, 65, ["held-size"]),
    ({"recipients": {"*": "550 5.1.1 no such user"}}, 69, ["failed-refused"]),
    ({"recipients": {"b@*": "550 5.1.1 no such user", "a@*": "451 4.7.1 later"}}, 75, ["queued"]),
    ({"final": "451 4.3.0 later"}, 75, ["queued"]),
    ({"final": "drop"}, 75, ["uncertain"]),
    ({"auth": "535 5.7.8 wrong"}, 77, ["queued"]),
])
def test_retry_ends_with(account, outbox, sandbox, rules, status, kept):
    outbox.put()
    sandbox.rule(**rules)
    account("retry", status=status)
    assert [name.split(".")[0] for name in outbox.names()] == kept


def test_retry_is_quiet_under_cron(account, outbox):
    outbox.put()
    done = account("retry", status=0)
    assert done.out == done.err == ""


def test_retry_defers_a_recipient(account, outbox, sandbox):
    outbox.put()
    sandbox.rule(recipients={"b@example.org": "451 4.7.1 greylisted"})
    assert account("retry").status == 75
    entry = entries(account("outbox", "list", "--json"))[0]
    assert entry["attempts"] == 1 and "greylisted" in entry["reason"]
    assert account("retry", status=0).out == ""  # not due
    sandbox.rule(recipients={})
    account("retry", "--now", status=0)
    assert [delivery["recipients"] for delivery in sandbox.deliveries()] \
        == [["a@example.org"], ["b@example.org"]]


def test_retry_fails_what_is_refused(account, outbox, sandbox):
    entry, = outbox.put()
    sandbox.rule(recipients={"b@example.org": "550 5.1.1 no such user"})
    failed = account("retry")
    assert failed.status == 69 and failed.err.count("\n") == 1 and "no such user" in failed.err
    assert account("retry", status=0).err == ""
    assert outbox.names()[0].startswith("failed-refused.")
    assert sandbox.deliveries()[0]["recipients"] == ["a@example.org"]
    sandbox.rule(recipients={})
    account("outbox", "edit", entry, "--change", "b@example.org=c@example.org", status=0)
    account("retry", status=0)
    assert sandbox.deliveries()[1]["recipients"] == ["c@example.org"] and outbox.names() == []


def test_a_refused_password_is_tried_once(account, home, keyring, outbox, sandbox):
    outbox.put(200)
    keyring.store(sandbox.host, sandbox.user, "aaaa-bbbb-cccc-dddd")
    first = account("retry")
    assert first.status == 77 and "535" in first.err
    tries = len(sandbox.commands("AUTH"))
    assert 1 <= tries <= 2  # PLAIN, and LOGIN if the server might prefer it
    second = account("retry")
    assert second.status == 77 and second.err == ""
    assert account("retry", "--now").status == 77
    assert len(sandbox.commands("AUTH")) == tries
    listed = entries(account("outbox", "list", "--json"))
    assert len(listed) == 200 and {entry["state"] for entry in listed} == {"held"}
    assert "535" in listed[0]["reason"] and listed[0]["due"] == ""
    account("login", "--password-stdin", input=sandbox.password + "\n", status=0)
    account("retry", status=0)
    assert len(sandbox.deliveries()) == 200 and outbox.names() == []


def test_an_unreachable_server_is_left_alone(account, home, outbox, sandbox):
    outbox.put(5)
    sandbox.stop()
    first = account("retry")
    assert first.status == 75 and first.err != ""
    second = account("retry")
    assert second.status == 75 and second.err == ""  # it rests, and that is known
    listed = entries(account("outbox", "list", "--json"))
    assert sorted(entry["attempts"] for entry in listed) == [0, 0, 0, 0, 1]
    assert all("could not be reached" in entry["reason"] for entry in listed)
    hold = (outbox.path / "accounts" / "icloud.hold").read_text().split("\t")
    assert hold[0] == "connection" and hold[3] == "1"
    # By hand before the rest is over, it grows no longer for that; when it is over, it does.
    path = outbox.path / "accounts" / "icloud.hold"
    for _ in range(3):
        assert account("retry", "--now").status == 75
    assert path.read_text().split("\t") == hold
    path.write_text("\t".join([hold[0], hold[1], hold[1], *hold[3:]]))
    assert account("retry", "--now").status == 75
    assert path.read_text().split("\t")[3] == "2"


def test_a_lost_last_word_is_uncertain(account, outbox, sandbox):
    entry, = outbox.put()
    sandbox.rule(final="drop")
    said = account("retry")
    assert said.status == 75 and entry in said.err and "may have arrived" in said.err
    listed = entries(account("outbox", "list", "--json"))[0]
    assert listed["state"] == "uncertain" and listed["due"] != "" and listed["attempts"] == 1
    sandbox.rule()
    account("retry", "--now", status=0)
    assert outbox.names() == []
    assert b"Message-ID: <1@example.org>" in sandbox.messages()[-1]


def test_uncertain_can_be_held(account, home, outbox, sandbox):
    config = home.config_file
    config.write_text(config.read_text() + "uncertain = hold\n")
    outbox.put()
    sandbox.rule(final="drop")
    assert account("retry").status == 75
    assert outbox.names()[0].startswith("held-uncertain.")
    assert account("retry", "--now", status=0)


def test_an_account_that_is_gone(account, home, outbox, sandbox):
    home.env["DRIVER_ACCOUNT"] = "work"
    outbox.put(2)
    text = home.config_file.read_text()
    gone = account("retry")
    assert gone.status == 78 and gone.err.count("no account “work”") == 2
    assert all(name.startswith("held-account.") for name in outbox.names())
    home.config_file.write_text(text.replace("account icloud", "account work")
                                .replace("account = icloud", "account = work"))
    ids = [name.rsplit(".", 1)[1] for name in outbox.names()]
    account("outbox", "release", *ids, status=0)
    account("retry", status=0)
    assert len(sandbox.deliveries()) == 2


def test_a_daily_limit_lets_the_account_rest(account, outbox, sandbox):
    outbox.put(3)
    sandbox.rule(mail="550 5.7.1 You have exceeded your daily sending limit. Please try again later.")
    assert account("retry").status == 75
    assert len(sandbox.commands("MAIL")) <= 2  # the next was on its way
    assert (outbox.path / "accounts" / "icloud.hold").read_text().startswith("limit\t")
    before = len(sandbox.commands("EHLO"))
    assert account("retry").status == 75
    assert len(sandbox.commands("EHLO")) == before
    assert all(name.startswith("queued.") for name in outbox.names())
    sandbox.rule()
    account("retry", "--now", status=0)
    assert len(sandbox.deliveries()) == 3
    assert not (outbox.path / "accounts" / "icloud.hold").exists()


def test_the_budget_of_a_day(account, home, outbox, sandbox):
    config = home.config_file
    config.write_text(config.read_text() + "daily-messages = 2\n")
    outbox.put(3)
    assert account("retry").status == 75
    assert len(sandbox.deliveries()) == 2
    entry = entries(account("outbox", "list", "--json"))[0]
    assert entry["state"] == "queued" and "in a day" in entry["reason"]
    assert outbox.names()[0].startswith("queued-budget.")
    assert account("retry", status=0).err == ""  # not due before tomorrow
    assert len(sandbox.deliveries()) == 2


def test_more_recipients_than_one_message_may_have(account, home, outbox, sandbox):
    config = home.config_file
    config.write_text(config.read_text() + "max-recipients = 1\n")
    outbox.put()
    for _ in range(2):
        account("retry")
    assert [delivery["recipients"] for delivery in sandbox.deliveries()] \
        == [["a@example.org"], ["b@example.org"]]
    assert outbox.names() == []


def test_two_runners_share_the_work(account, outbox, sandbox):
    outbox.put(60)
    runners = [account.start("retry", "--json") for _ in range(3)]
    for runner in runners:
        out, err = runner.communicate(timeout=60)
        assert runner.returncode == 0, err
    assert len(sandbox.deliveries()) == 60 and outbox.names() == []


def test_a_killed_runner(account, home, outbox, sandbox):
    """kill -9 at any time of a session: none is lost, none is sent twice in silence."""
    ids = outbox.put(100, message=MESSAGE.replace(b"<1@", b"<%d@" % os.getpid()))
    home.config_file.write_text(home.config_file.read_text() + "uncertain = hold\n")
    sandbox.rule(pause=0.01)
    kills = in_session = 0
    usual = 0.05  # seconds to the first message: measured by the runs that do not get that far
    while any(name.startswith("queued.") for name in outbox.names()) and kills < 60:
        before = sandbox.received()
        runner = account.start("retry")
        time.sleep(usual * (1 + (kills * 37 % 100) / 50))
        runner.kill()
        runner.communicate()
        kills += 1
        if sandbox.received() == before:
            usual *= 1.2
        elif runner.returncode == -signal.SIGKILL:
            in_session += 1
    sandbox.rule()
    account("retry")
    assert in_session > 0, f"{kills} kills, none of them in a session"
    assert all(name.startswith("held-uncertain.") for name in outbox.names())
    uncertain = {name.rsplit(".", 1)[1] for name in outbox.names()}
    assert len(uncertain) <= kills
    delivered = len(sandbox.deliveries())
    assert len(ids) - len(uncertain) <= delivered <= len(ids)
    account("outbox", "verify", status=0)


def test_a_pass_with_nothing_due_reads_the_names_once(account, outbox, tmp_path):
    if shutil.which("strace") is None or "asan" in str(BUILD):
        pytest.skip("needs strace, and a build without sanitizers")
    for _ in range(3):
        outbox.put(due=int(time.time()) + 900)
    log = tmp_path / "log"
    done = subprocess.run(["strace", "-f", "-e", "trace=openat", "-o", log,
                           *account.command(["retry"])],
                          env=account.environment({}), capture_output=True, timeout=60)
    assert done.returncode == 0 and done.stdout + done.stderr == b""
    lines = log.read_text(errors="replace").splitlines()
    assert [line for line in lines if '"entries/' in line] == []
    assert len([line for line in lines if ', ".", ' in line and "O_DIRECTORY" in line]) == 1
    # A name that is none of ours is still seen to.
    (outbox.path / "entries" / "foreign").write_text("x")
    account("retry", status=0)
    assert not (outbox.path / "entries" / "foreign").exists()
    assert len(outbox.names()) == 3


def calls_of_the_session(program, log):
    """[(name, how many of that name so far)] of the main thread, from the first entry's opening on."""
    done = subprocess.run(["strace", "-f", "-o", log, *program.command(["retry"])],
                          env=program.environment({}), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = log.read_text(errors="replace").split("\n")
    main = lines[0].split()[0]
    count, calls, started = {}, [], False
    for line in lines:
        called = re.match(rf"{main} +(\w+)\(", line)
        if called:
            name = called[1]
            count[name] = count.get(name, 0) + 1
            started = started or '"entries/' in line and name == "openat"
            if started:
                calls.append((name, count[name], line))
    return calls


def test_a_runner_killed_at_each_call(account, home, outbox, sandbox, tmp_path):
    """In a real session with TLS, from the entry's opening to the end."""
    if shutil.which("strace") is None or "asan" in str(BUILD):
        pytest.skip("needs strace, and a build without sanitizers")
    home.config_file.write_text(home.config_file.read_text() + "uncertain = hold\n")
    outbox.put()
    calls = calls_of_the_session(account, tmp_path / "calls")
    assert len(sandbox.deliveries()) == 1
    # All from the mark on; before it nothing can go wrong, so one in ten will do.
    mark = next(i for i, call in enumerate(calls) if "sending." in call[2])
    chosen = calls[:mark:10] + calls[mark:]
    uncertain = 0
    for turn, (name, number, line) in enumerate(chosen):
        entry, = outbox.put(message=MESSAGE.replace(b"<1@", b"<turn-%d@" % turn))
        before = len(sandbox.deliveries())
        subprocess.run(["strace", "-f", "-o", tmp_path / "log", "-e",
                        f"inject={name}:signal=KILL:when={number}", *account.command(["retry"])],
                       env=account.environment({}), capture_output=True, timeout=60)
        account("retry")
        wait_until(lambda: len(sandbox.deliveries()) > before, 0.2)
        came = len(sandbox.deliveries()) - before
        held = [left for left in outbox.names() if left.startswith("held-uncertain.")]
        assert came <= 1, f"sent twice: {line}"
        assert len(held) == 1 or came == 1, f"lost: {line}"
        assert outbox.names() == held
        uncertain += len(held)
        for _ in held:
            account("outbox", "remove", entry, status=0)
    # Counted and said: from the mark to the removal, some ten calls.
    assert 2 <= uncertain <= 25, (uncertain, len(chosen))
    sys.stdout.write(f"{len(chosen)} of {len(calls)} calls, {uncertain} uncertain\n")


def test_a_stopped_runner_ends_cleanly(account, outbox, sandbox):
    outbox.put()
    sandbox.rule(final="hang")
    runner = account.start("retry")
    assert wait_until(lambda: sandbox.received() == 1)
    runner.terminate()
    out, err = runner.communicate(timeout=10)
    assert runner.returncode == -15, err
    assert outbox.names()[0].startswith("uncertain."), outbox.names()


# --- retry --watch -------------------------------------------------------------------


class Watcher:
    def __init__(self, program, **options):
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.path = tempfile.mktemp(prefix="sendoff-notify.", dir="/tmp")
        self.notify.bind(self.path)
        self.notify.settimeout(10)
        self.process = program.start("retry", "--watch", env={"NOTIFY_SOCKET": self.path},
                                     **options)
        assert self.notify.recv(100) == b"READY=1"

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        out, err = self.process.communicate(timeout=10)
        self.notify.close()
        os.unlink(self.path)
        # Behind nsenter it is nsenter's status.
        assert self.process.returncode in (0, -signal.SIGTERM), err
        return out.decode(), err.decode()


@pytest.fixture
def watcher(account):
    watcher = Watcher(account)
    yield watcher
    if watcher.process.poll() is None:
        watcher.stop()


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def cpu_ticks(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def wakes(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[1])


def stands_still(process):
    """For a second it has not woken up."""
    before = wakes(process)
    time.sleep(1)
    return wakes(process) == before


def test_watch_sends_what_is_added(watcher, outbox, sandbox):
    outbox.put()
    assert wait_until(lambda: len(sandbox.deliveries()) == 1, 15)
    assert wait_until(lambda: outbox.names() == [], 15)
    assert watcher.stop() == ("", "")
    assert watcher.process.returncode == 0


def test_what_is_queued_while_somebody_watches_is_not_warned_of(watcher, account, home, outbox):
    warned = "nothing sends what waits"
    assert warned not in account("send", "a@example.org", "-m", "x", "--queue", status=0).err
    watcher.stop()
    assert warned in account("send", "a@example.org", "-m", "x", "--queue", status=0).err


def test_watch_sends_what_falls_due(watcher, outbox, sandbox):
    due = int(time.time()) + 6
    outbox.put(due=due)
    time.sleep(0.5)
    early = sandbox.deliveries()
    assert not early or time.time() >= due
    assert wait_until(lambda: len(sandbox.deliveries()) == 1, 15)


def test_watch_sends_what_is_released_and_after_login(watcher, account, keyring, outbox, sandbox):
    entry, = outbox.put(due=int(time.time()) + 900)
    account("outbox", "hold", entry, status=0)
    account("outbox", "release", entry, status=0)
    assert wait_until(lambda: len(sandbox.deliveries()) == 1, 15)
    keyring.store(sandbox.host, sandbox.user, "aaaa-bbbb-cccc-dddd")
    outbox.put()
    assert wait_until((outbox.path / "accounts" / "icloud.hold").exists, 15)
    account("login", "--password-stdin", input=sandbox.password + "\n", status=0)
    assert wait_until(lambda: len(sandbox.deliveries()) == 2, 15)


def test_watch_sleeps(watcher, outbox, sandbox):
    outbox.put(due=int(time.time()) + 900)
    assert wait_until(lambda: stands_still(watcher.process), 30)
    ticks, switches = cpu_ticks(watcher.process), wakes(watcher.process)
    time.sleep(3)
    assert cpu_ticks(watcher.process) - ticks <= 1
    assert wakes(watcher.process) - switches <= 2


def test_watch_ends_in_mid_session(watcher, outbox, sandbox):
    sandbox.rule(final="hang")
    outbox.put()
    assert wait_until(lambda: sandbox.received() == 1)
    watcher.stop()
    assert outbox.names()[0].startswith("uncertain.")


def test_watch_follows_the_network(home, keyring, sendoff, outbox, namespace, tmp_path):
    """The server cannot be reached; then a network comes: what waits leaves within a second."""
    sandbox = Sandbox(tmp_path / "inside", namespace=namespace)
    home.write_config("[defaults]\naccount = icloud\n\n" + sandbox.config())
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    namespace.nft([f"tcp dport {sandbox.port} reject with tcp reset"])
    watcher = Watcher(sendoff.within(namespace))
    try:
        outbox.put(3)
        assert wait_until((outbox.path / "accounts" / "icloud.hold").exists, 15)
        assert (outbox.path / "accounts" / "icloud.hold").read_text().startswith("connection\t")
        namespace.run("nft", "flush", "ruleset")
        time.sleep(1)
        assert sandbox.deliveries() == []  # it rests
        namespace.run("ip", "link", "add", "out", "type", "veth", "peer", "name", "there")
        namespace.run("ip", "address", "add", "192.0.2.2/24", "dev", "out")
        for device in ("there", "out"):
            namespace.run("ip", "link", "set", device, "up")
        namespace.run("ip", "route", "add", "default", "via", "192.0.2.1")
        assert wait_until(lambda: len(sandbox.deliveries()) == 3, 1.5)
    finally:
        watcher.stop()
        sandbox.stop()


def with_on_failure(home, sandbox, keyring, tmp_path, script):
    command = tmp_path / "on-failure"
    command.write_text("#!/bin/sh\n" + script)
    command.chmod(0o755)
    home.write_config(sandbox.config(**{"on-failure": f"'{command}' 'a word'"}))
    keyring.store(sandbox.host, sandbox.user, sandbox.password)


def test_on_failure_gets_a_message_that_says_why(home, keyring, sandbox, sendoff, tmp_path):
    told = tmp_path / "told"
    with_on_failure(home, sandbox, keyring, tmp_path, f'echo "$1" >>{told}; cat >>{told}')
    done = sendoff("--json", "send", "nosuch@example.org", "-s", "件名", "-m", "x", status=69)
    message = email.message_from_string(told.read_text().split("\n", 1)[1],
                                        policy=email.policy.default)
    assert told.read_text().startswith("a word\n")
    assert message["Subject"] == "sendoff: 件名"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_content()
    assert "nosuch@example.org: 550 5.1.1" in text
    assert f"sendoff outbox edit {done.result['id']}" in text
    told.unlink()
    sendoff("retry", status=0)
    assert not told.exists()  # once, and not for what had failed before


@pytest.mark.parametrize("script, says", [
    ("echo no mailer >&2; exit 3", "it failed with status 3: no mailer"),
    ("cat >/dev/null; kill -9 $$", "it failed with status 137"),
])
def test_on_failure_that_fails_is_told_and_changes_nothing(home, keyring, sandbox, sendoff,
                                                           tmp_path, script, says):
    with_on_failure(home, sandbox, keyring, tmp_path, script)
    done = sendoff("send", "nosuch@example.org", "-m", "x", status=69)
    assert says in done.err
    assert [name.split(".")[0] for name in os.listdir(home.outbox / "entries")] == [
        "failed-refused"]


@pytest.mark.parametrize("runners", [1, 4])
def test_a_wrong_password_is_tried_once_by_however_many(account, keyring, sandbox, outbox,
                                                        runners):
    outbox.put(200)
    keyring.store(sandbox.host, sandbox.user, "aaaa-bbbb-cccc-dddd")
    started = [account.start("retry") for _ in range(runners)]
    assert {process.wait(60) for process in started} == {77}
    assert len(sandbox.commands("AUTH")) == 1
    assert len(outbox.names()) == 200
    assert account("retry").status == 77
    assert len(sandbox.commands("AUTH")) == 1
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    account("login", "--password-stdin", input=sandbox.password + "\n", status=0)
    account("retry", "--now", status=0)
    assert len(sandbox.deliveries()) == 200
