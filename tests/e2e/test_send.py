"""sendoff send: composed, durable in the outbox, sent at once; what happens when it is not."""

import email
import email.policy
import os
import pathlib
import subprocess

import pytest


def parsed(message):
    return email.message_from_bytes(message, policy=email.policy.SMTP)


def entries(home):
    return sorted(path.name for path in (home.outbox / "entries").glob("*"))


def test_text_and_file_arrive(account, sandbox, home, tmp_path):
    data = os.urandom(100_000)
    file = tmp_path / "報告書.bin"
    file.write_bytes(data)
    done = account("--json", "send", "花子 <hanako@example.jp>", "-s", "会議の資料", "-m",
                   "こんにちは", "-a", file, status=0)
    assert done.result["status"] == "sent"
    assert done.result["recipients"][0]["address"] == "hanako@example.jp"
    assert done.result["reply"]["code"] == 250
    assert "final" in [step["phase"] for step in done.result["timeline"]]
    message = parsed(sandbox.wait_for(1)[0])
    assert message["Subject"] == "会議の資料"
    assert message["To"].addresses[0].display_name == "花子"
    assert message["Message-ID"] == done.result["message_id"]
    text, part = message.iter_parts()
    assert text.get_content().strip() == "こんにちは"
    assert part.get_filename() == "報告書.bin"
    assert part.get_content() == data
    assert entries(home) == []


def test_bcc_gets_it_and_nobody_sees(account, sandbox):
    account("send", "a@example.org", "--cc", "b@example.org", "--bcc", "hidden@example.org", "-m",
            "x", status=0)
    [delivery] = sandbox.deliveries()
    assert delivery["recipients"] == ["a@example.org", "b@example.org", "hidden@example.org"]
    assert b"hidden" not in sandbox.messages()[0]


def test_text_from_standard_input_file_and_html(account, sandbox, tmp_path):
    account("send", "a@example.org", input="from stdin\n", status=0)
    html = tmp_path / "x.html"
    html.write_text("<p>déjà</p>", encoding="latin-1")
    latin = tmp_path / "x.txt"
    latin.write_bytes("déjà vu".encode("latin-1"))
    account("send", "a@example.org", "--text-file", latin, "--charset", "latin1", "--html", html,
            status=0)
    first, second = [parsed(message) for message in sandbox.wait_for(2)]
    assert first.get_content() == "from stdin\r\n" or first.get_content() == "from stdin\n"
    assert second.get_body(("plain",)).get_content().strip() == "déjà vu"
    assert second.get_body(("html",)).get_content().strip() == "<p>déjà</p>"


@pytest.mark.parametrize("charset", ["SHIFT_JIS", "ISO-2022-JP", "UTF-16", "UTF-16LE"])
def test_a_file_in_another_character_set_than_the_terminal(account, sandbox, tmp_path, charset):
    file = tmp_path / "x.txt"
    file.write_bytes(("\ufeff" if charset == "UTF-16LE" else "").encode(charset)
                     + "見積書です。\n".encode(charset))
    account("send", "花子 <a@example.org>", "-s", "日本語の件名", "--text-file", file, "--charset", charset,
            status=0)
    message = parsed(sandbox.wait_for(1)[0])
    assert message["Subject"] == "日本語の件名"
    assert message["To"].addresses[0].display_name == "花子"
    assert message.get_content().strip() == "見積書です。"


def test_an_editors_mark_stays_in_the_file(account, sandbox, tmp_path):
    file = tmp_path / "x.txt"
    file.write_bytes(b"\xef\xbb\xbfhello\n")
    account("send", "a@example.org", "--text-file", file, status=0)
    assert parsed(sandbox.wait_for(1)[0]).get_content().strip() == "hello"


def test_nothing_to_say_is_a_message_too(account, sandbox):
    done = account("--json", "send", "a@example.org", input="", status=0)
    assert done.result["status"] == "sent"
    assert len(sandbox.wait_for(1)) == 1


def test_headers(account, sandbox):
    account("send", "a@example.org", "-m", "x", "-H", "X-Room: 会議室", "-H",
            "In-Reply-To: <1@example.org>", "--reply-to", "other@example.org", status=0)
    message = parsed(sandbox.wait_for(1)[0])
    assert message["X-Room"] == "会議室"
    assert message["In-Reply-To"] == "<1@example.org>"
    assert message["Reply-To"] == "other@example.org"


def test_server_down_keeps_it_and_retry_sends_it(account, sandbox, home):
    sandbox.stop()
    done = account("send", "a@example.org", "-m", "later", status=0)
    assert "refused the connection" in done.err
    assert "waits in the outbox" in done.out
    [entry] = entries(home)
    assert entry.startswith("queued.")
    sandbox.restart()
    account("retry", "--now", status=0)
    assert b"later" in sandbox.wait_for(1)[0]
    assert entries(home) == []


def test_queue_leaves_it_to_retry(account, sandbox, home):
    done = account("--json", "send", "a@example.org", "-m", "x", "--queue", status=0)
    assert done.result["status"] == "queued"
    assert entries(home)[0].endswith(done.result["id"])
    assert not sandbox.deliveries()
    account("retry", status=0)
    assert len(sandbox.wait_for(1)) == 1


@pytest.mark.parametrize("to, rules, status, word, state", [
    ("nosuch@example.org", {}, 69, "rejected", "failed-refused."),
    ("tempfail@example.org", {}, 0, "queued", "queued."),
    ("lost@example.org", {}, 75, "uncertain", "uncertain."),
    ("a@example.org", {"auth": "535 5.7.8 no"}, 77, "held", "queued."),
    ("a@example.org", {"mail": "550 5.7.0 From address is not one of your addresses"}, 69,
     "rejected", "failed-refused."),
])
def test_the_servers_word(account, sandbox, home, to, rules, status, word, state):
    sandbox.rule(**rules)
    done = account("--json", "send", to, "-m", "x", status=status)
    assert done.result["status"] == word
    assert entries(home)[0].startswith(state)
    assert entries(home)[0].endswith(done.result["id"])


def test_one_of_three_is_refused(account, home):
    done = account("--json", "send", "a@example.org", "nosuch@example.org", "b@example.org", "-m",
                   "x", status=69)
    assert done.result["status"] == "rejected"
    assert [one["status"] for one in done.result["recipients"]] == ["sent", "rejected", "sent"]
    assert len(entries(home)) == 1


def test_more_recipients_than_one_message_may_have(home, keyring, sandbox, sendoff):
    home.write_config(sandbox.config(**{"max-recipients": 2}))
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    addresses = [f"u{i}@example.org" for i in range(5)]
    done = sendoff("--json", "send", *addresses, "-m", "x", status=0)
    assert done.result["status"] == "sent"
    assert {one["status"] for one in done.result["recipients"]} == {"sent"}
    assert [len(one["recipients"]) for one in sandbox.deliveries()] == [2, 2, 1]


@pytest.mark.parametrize("arguments, status, says", [
    (["-m", "x"], 64, "no recipient"),
    (["nobody", "-m", "x"], 65, "no @"),
    (["a@example.org, b@c d", "-m", "x"], 65, "not a mail address"),
    (["a@example.org", "-m", "x", "-s", "a\nBcc: b@example.org"], 65, "line end"),
    (["a@example.org", "-m", "x", "-H", "Bcc: b@example.org"], 65, "not set with -H"),
    (["a@example.org", "-m", "x", "-H", "nonsense"], 65, "not a header"),
    (["a@example.org", "-m", "x", "-a", "/nonexistent"], 66, "cannot be read"),
    (["a@example.org", "-m", "x", "-a", "/tmp"], 66, "is a folder"),
    (["a@example.org", "-m", "x", "-a", "/dev/zero"], 66, "is not a file"),
    (["a@example.org", "--text-file", "/nonexistent"], 66, "cannot be read"),
    (["a@example.org", "--text-file", "/tmp"], 66, "cannot be read"),
    (["a@example.org", "--eml", "/tmp"], 66, "cannot be read"),
    (["a@example.org", "-m", "x", "--text-file", "/etc/hostname"], 64, "not from both"),
    (["a@example.org", "-m", "x", "--charset", "nonsense"], 65, "no character set"),
    (["--from", "else@example.org", "a@example.org", "-m", "x"], 64, "not an address of"),
])
def test_bad_input_leaves_nothing(account, sandbox, home, arguments, status, says):
    done = account("send", *arguments, status=status)
    assert says in done.err
    assert entries(home) == []
    assert not sandbox.commands("MAIL")


def test_invalid_text_is_told_with_its_place(account):
    done = account("send", "a@example.org", input=b"abc\xff\n", status=65)
    assert "octet 4" in done.err and "--charset" in done.err
    done = account("send", "a@example.org", input=b"abc\0\n", status=65)
    assert "NUL" in done.err


def test_fifo_does_not_hang(account, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert "not a file" in account("send", "a@example.org", "-m", "x", "-a", fifo, status=66,
                                   timeout=10).err


@pytest.mark.parametrize("words", [["--eml"], ["-m", "x", "--html"], ["--text-file"]])
def test_a_fifo_without_a_writer_does_not_hang(account, tmp_path, words):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    done = account("send", "a@example.org", *words, fifo, status=66, timeout=10)
    assert "not a file" in done.err


def test_the_pipe_of_a_shell_is_read(account, sandbox):
    script = f'{account.path} send a@example.org --text-file <(sleep 0.3; echo slow) --html <(echo "<p>x")'
    subprocess.run(["bash", "-c", script], env=account.home.env, check=True, timeout=60)
    script = f'{account.path} send --eml <(sleep 0.3; printf "To: a@example.org\n\nfinished\n")'
    subprocess.run(["bash", "-c", script], env=account.home.env, check=True, timeout=60)
    first, second = sandbox.wait_for(2)
    assert b"slow" in first and b"<p>x" in first and second.endswith(b"finished\r\n")


def test_a_finished_message_has_one_from(account, home, sandbox):
    message = b"From: me@icloud.com\nFrom: boss@example.org\nTo: a@example.org\n\nx\n"
    assert "more than one From" in account("send", "--eml", "-", input=message, status=65).err
    assert entries(home) == [] and not sandbox.commands("MAIL")
    account.named("sendmail")("-odq", "-t", input=message, status=0)
    assert entries(home)[0].startswith("held-sender.")


def test_typo_is_warned_about_and_asked_on_a_terminal(account, sandbox):
    done = account("send", "a@icluod.com", "-m", "x", status=0)
    assert "icloud.com" in done.err
    with account.terminal("send", "a@gmial.com", "-m", "x") as terminal:
        terminal.expect("Send it to this address?")
        terminal.answer("n")
        assert terminal.finish() == 65
    assert len(sandbox.deliveries()) == 1


def test_a_thousand_files_and_an_empty_one(account, sandbox, tmp_path):
    files = []
    for i in range(1000):
        path = pathlib.Path(tmp_path / f"f{i}")
        path.write_bytes(b"x" * (i % 3))
        files += ["-a", path]
    account("send", "a@example.org", "-m", "x", *files, status=0)
    message = parsed(sandbox.wait_for(1)[0])
    assert len(list(message.iter_attachments())) == 1000


def test_editor_writes_the_text(account, sandbox, tmp_path):
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho 'written there' >\"$1\"\n", encoding="utf-8")
    editor.chmod(0o755)
    with account.terminal("send", "a@example.org", env={"EDITOR": str(editor)}) as terminal:
        assert terminal.finish() == 0
    assert b"written there" in sandbox.wait_for(1)[0]


EML = (b"From: Taro <me@icloud.com>\r\nTo: a@example.org, B <b@example.org>\r\nBcc: c@example.org"
       b"\r\nReturn-Path: <x@example.org>\r\nSubject: =?UTF-8?B?5pel5pys?=\r\n"
       b"X-Odd :  kept \r\n as it is\r\n\r\n.body\r\nlast line")


def test_finished_message_goes_as_it_is(account, sandbox, tmp_path):
    file = tmp_path / "m.eml"
    file.write_bytes(EML)
    account("send", "--eml", file, status=0)
    [delivery] = sandbox.deliveries()
    assert delivery["recipients"] == ["a@example.org", "b@example.org", "c@example.org"]
    head, body = sandbox.messages()[0].split(b"\r\n\r\n", 1)
    assert body == b".body\r\nlast line\r\n"
    assert b"Bcc" not in head and b"Return-Path" not in head
    assert b"X-Odd :  kept \r\n as it is\r\n" in head
    assert b"\r\nDate: " in head and b"\r\nMessage-ID: <" in head


def test_finished_message_from_standard_input_to_others(account, sandbox):
    account("send", "--eml", "-", "other@example.org", input=EML, status=0)
    assert sandbox.deliveries()[0]["recipients"] == ["other@example.org"]


@pytest.mark.parametrize("message, arguments, status, says", [
    (EML.replace(b"me@icloud.com", b"else@example.org"), [], 65, "not an address of"),
    (b"From: me@icloud.com\n\nno recipient\n", [], 65, "no recipient"),
    (b"To: a@example.org, nobody\n\nx\n", [], 65, "To: “nobody”"),
    (EML + b"\0", [], 65, "NUL"),
    (EML, ["-s", "subject"], 64, "finished message"),
    (EML, ["nobody"], 65, "no @"),
    (b"X: " + b"y" * 2_000_000 + b"\n\n", ["a@example.org"], 65, "header"),
], ids=["foreign", "nobody", "bad-to", "nul", "options", "bad-argument", "long"])
def test_bad_finished_message(account, home, message, arguments, status, says):
    assert says in account("send", "--eml", "-", *arguments, input=message, status=status).err
    assert entries(home) == []
    assert list((home.outbox / "tmp").glob("*")) == []


def test_finished_message_over_the_limit_is_held(account, sandbox, home):
    message = EML + b"\r\n" + b"x" * 70 + b"\r\n" * 1 + (b"y" * 76 + b"\r\n") * 400_000
    done = account("send", "--eml", "-", input=message, status=65)
    assert "iCloud Mail takes" in done.out
    assert entries(home)[0].startswith("held-size.")
    assert not sandbox.commands("MAIL")


def test_missing_message_file(account):
    assert "cannot be read" in account("send", "--eml", "/nonexistent", status=66).err
    assert "directory" in account("send", "--eml", "/tmp", status=66).err


EIGHT_BIT = """From: me@icloud.com
To: a@example.org
Subject: plain
Date: x
Message-ID: <1@x.y>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b
Content-Transfer-Encoding: 8bit

preamble
--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

日本語の本文
.点で始まる行
From here

--b
Content-Type: message/rfc822

Subject: inner
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 8bit

<p>Grüße und noch mehr gewöhnlicher Text, der lang genug ist</p>
--b
Content-Type: text/plain; charset=us-ascii

as it is
--b--
"""


def without_8bitmime(home, keyring, make_sandbox, sendoff):
    sandbox = make_sandbox("--without", "8BITMIME")
    home.write_config(sandbox.config())
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    return sandbox


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_eight_bits_become_seven_where_the_server_wants_that(home, keyring, make_sandbox, sendoff,
                                                             line_end):
    sandbox = without_8bitmime(home, keyring, make_sandbox, sendoff)
    original = EIGHT_BIT.replace("\n", line_end).encode()
    done = sendoff("--json", "send", "--eml", "-", input=original, status=0)
    assert done.result["status"] == "sent"
    octets = sandbox.wait_for(1)[0]
    assert max(octets) < 128
    assert b"8bit" not in octets
    assert b"--b\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nas it is\r\n--b--" in octets
    before, after = parsed(original), parsed(octets)
    assert not after.defects
    text, inner, plain = after.iter_parts()
    expected = next(before.iter_parts()).get_content()
    assert (text.get_content().replace("\r\n", "\n").rstrip("\r\n")
            == expected.replace("\r\n", "\n").rstrip("\r\n"))
    assert text["Content-Transfer-Encoding"] == "base64"
    html = inner.get_content()
    assert html["Content-Transfer-Encoding"] == "quoted-printable"
    assert html.get_content().strip() == (
        "<p>Grüße und noch mehr gewöhnlicher Text, der lang genug ist</p>")


@pytest.mark.parametrize("message, says", [
    (EIGHT_BIT.replace("multipart/mixed", "multipart/signed"), "signed"),
    (EIGHT_BIT.replace("Subject: plain", "Subject: 件名"), "header"),
])
def test_what_may_not_be_converted_is_refused(home, keyring, make_sandbox, sendoff, message, says):
    sandbox = without_8bitmime(home, keyring, make_sandbox, sendoff)
    done = sendoff("send", "--eml", "-", input=message.encode(), status=65)
    assert says in done.err
    assert not sandbox.commands("MAIL")
    assert entries(home)[0].startswith("failed-refused.")


@pytest.mark.parametrize("options", [("--without", "SMTPUTF8"), ()])
def test_names_of_domains_need_no_smtputf8(home, keyring, make_sandbox, sendoff, options):
    sandbox = make_sandbox(*options)
    home.write_config(sandbox.config())
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    sendoff("send", "a@例え.jp", "-m", "x", status=0)
    assert sandbox.deliveries()[0]["recipients"] == ["a@xn--r8jz45g.jp"]
    assert b"To: a@xn--r8jz45g.jp" in sandbox.messages()[0]
    assert "SMTPUTF8" not in sandbox.commands("MAIL")[0]
    if not options:
        return
    assert "SMTPUTF8" in sendoff("send", "用户@example.jp", "-m", "x", status=69).err


def test_reports_are_asked_for(account, sandbox, home):
    account("send", "a@example.org", "-m", "x", "--dsn", "success,Failure", status=0)
    account("send", "--eml", "-", "a@example.org", "--dsn", "never", input=EML, status=0)
    asked = [str(command) for command in sandbox.commands("RCPT")]
    assert "NOTIFY=SUCCESS,FAILURE" in asked[0] and "NOTIFY=NEVER" in asked[1]
    assert "not a value for --dsn" in account("send", "a@example.org", "-m", "x", "--dsn",
                                              "never,success", status=64).err


@pytest.mark.parametrize("locale", ["C", ""])
def test_words_on_the_command_line_of_a_timer(account, sandbox, locale):
    """cron and systemd give no locale; the octets are what they are."""
    env = {"LANG": None, "LC_ALL": locale or None}
    account("send", "花子 <a@example.org>", "--cc", "ü <b@example.org>", "-s", "日本", "-m", "grüß",
            "-H", "X-Room: 会議室", env=env, status=0)
    message = parsed(sandbox.wait_for(1)[0])
    assert message["Subject"] == "日本" and message["X-Room"] == "会議室"
    assert message["To"].addresses[0].display_name == "花子"
    assert message["Cc"].addresses[0].display_name == "ü"
    assert message.get_content().strip() == "grüß"


def test_words_on_the_command_line_in_another_character_set(account, sandbox):
    words = ["send", b"a@example.org", b"-s", b"\xe4", b"-m", b"gr\xfc"]
    done = subprocess.run([account.path, *words], env=account.home.env, capture_output=True, timeout=60)
    assert done.returncode == 65 and "octet 1" in done.stderr.decode()
    done = subprocess.run([account.path, *words, "--charset=iso-8859-1"], env=account.home.env,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    message = parsed(sandbox.wait_for(1)[0])
    assert message["Subject"] == "ä" and message.get_content().strip() == "grü"


@pytest.mark.parametrize("option", ["--account", "--from"])
def test_a_name_that_is_no_text_is_shown_as_octets(account, option):
    done = subprocess.run([account.path, b"send", b"a@example.org", b"-m", b"x", option, b"\xe4\x1b@example.org"],
                          env=account.home.env, capture_output=True, timeout=60)
    assert done.returncode in (64, 78) and b"\\xE4\\x1B" in done.stderr and b"\x1b" not in done.stderr
