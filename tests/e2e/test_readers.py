"""What `send` composes, read back by three readers that know nothing of each other: Python's
email package, mblaze, and Dovecot's IMAP ENVELOPE and BODYSTRUCTURE."""

import email
import email.header
import email.policy
import email.utils
import json
import shutil
import subprocess
import unicodedata
import urllib.parse

import pytest

LONG_ASCII = "A long subject of plain words that has to be folded because it does not fit " * 3
LONG_JAPANESE = "長い件名は何行にも分けて符号化されるが、文字の途中で切れてはならない。" * 4

CASES = [
    # name, subject, text, file name
    ("Taro Yamada", "Hello", "plain text", "report.txt"),
    ("山田 太郎", "会議の資料", "こんにちは。\n資料を送ります。", "報告書.pdf"),
    ("Müller, Jörg", "Grüße aus Köln", "Schöne Grüße", "Übersicht.xlsx"),
    ("O'Brien \"Bob\"", "Quotes \"and\" more", "it's", "it's \"it\".txt"),
    ("a.b (c)", "(parenthesis) <angle> [bracket]", "x", "a (1).txt"),
    ("😀 Emoji", "🎉 Party 👩‍👩‍👧‍👦 family", "👍🏽 ok", "🎉.png"),
    ("שלום", "שלום עולם", "טקסט בעברית", "קובץ.txt"),
    ("محمد", "مرحبا بالعالم", "نص عربي", "ملف.pdf"),
    ("ｶﾀｶﾅ", "半角ｶﾀｶﾅと全角カタカナ", "①②③ ㈱", "ｶﾀｶﾅ.csv"),
    ("髙橋 﨑", "髙橋さんと﨑さん", "外字: 髙﨑𠮷", "髙橋.docx"),
    ("Иван", "Тема письма", "Привет", "файл.doc"),
    ("김철수", "안녕하세요", "본문", "파일.hwp"),
    ("王伟", "你好，世界", "正文", "文件.zip"),
    ("がぎぐ", "がぎぐげご".replace("が", "が"), "濁点", unicodedata.normalize("NFD", "がぎぐ.txt")),
    ("x" * 60, LONG_ASCII.strip(), "long subject", "y" * 100 + ".bin"),
    ("長い名前" * 12, LONG_JAPANESE, "長い件名", "長い名前" * 18 + ".dat"),
    ("a@b", "=?UTF-8?B?bm8=?= is literal", "=?x?=", "=?UTF-8?B?bm8=?=.txt"),
    ("tab", "two  blanks   three", "a\tb", "two  blanks.txt"),
    ("dots", "...", ".\n..\n.leading dot", "...dots.txt"),
    ("from", "From here", "From the start\n>From quoted\nFrom", "From.txt"),
    ("equal", "a=b; c=d", "a=3D=\nend=", "a=b;c=d.txt"),
    ("percent", "100%", "%20", "100%25.txt"),
    ("empty", "", "", "empty.txt"),
    ("blanks", "trailing", "line with blanks   \nnext\t\n", "b.txt"),
    ("lines", "long line", "x" * 5000 + "\nあ" * 2000, "c.txt"),
    ("mixed", "ASCII と 日本語 mixed", "half 半分\n" * 50, "mixed 混在.tar.gz"),
    ("nbsp", "no\u00a0break", "soft\u00adhyphen", "nb\u00a0sp.txt"),
    ("combining", "e\u0301 and é", "n\u0303", "e\u0301.txt"),
    ("quote\\back", "back\\slash", "\\", "quo'te.txt"),
    ("ไทย", "สวัสดีชาวโลก", "ข้อความ", "ไฟล์.txt"),
    ("ends", "colon: semi; comma,", "ok", "no-extension"),
]

IMAP = """
import imaplib, json, ssl, sys
host, user, password, ca = sys.argv[1:]
imap = imaplib.IMAP4_SSL(host, ssl_context=ssl.create_default_context(cafile=ca))
imap.login(user, password)
imap.select("INBOX", readonly=True)
answer = imap.fetch("1:*", "(ENVELOPE BODYSTRUCTURE)")[1]
print(json.dumps([b"".join(part if isinstance(part, bytes) else part[0] + b"\\r\\n" + part[1]
                           for part in [item]).decode("latin-1") for item in answer]))
"""


def tokens(text):
    """An IMAP response as nested lists of strings and None."""
    at = 0
    stack = [[]]
    while at < len(text):
        char = text[at]
        if char == "(":
            stack.append([])
        elif char == ")":
            done = stack.pop()
            stack[-1].append(done)
        elif char == '"':
            word = ""
            at += 1
            while text[at] != '"':
                at += text[at] == "\\"
                word += text[at]
                at += 1
            stack[-1].append(word)
        elif char == "{":
            end = text.index("}", at)
            length = int(text[at + 1:end])
            start = text.index("\n", end) + 1
            stack[-1].append(text[start:start + length])
            at = start + length - 1
        elif not char.isspace():
            end = at
            while end < len(text) and text[end] not in "() \r\n":
                end += 1
            word = text[at:end]
            stack[-1].append(None if word == "NIL" else word)
            at = end - 1
        at += 1
    return stack[0]


def words(value):
    return str(email.header.make_header(email.header.decode_header(value or "")))


def pairs(flat):
    return dict(zip((key.lower() for key in (flat or [])[::2]), (flat or [])[1::2]))


def disposition_name(parameters):
    """RFC 2231 put together by hand: another reader than the one Python has."""
    if "filename" in parameters:
        return parameters["filename"]
    pieces = [parameters["filename*"]] if "filename*" in parameters else []
    while f"filename*{len(pieces)}*" in parameters:
        pieces.append(parameters[f"filename*{len(pieces)}*"])
    charset, _, rest = "".join(pieces).split("'", 2)
    return urllib.parse.unquote(rest, encoding=charset)


def shown_name(name):
    return unicodedata.normalize("NFC", name)


def canonical(text):
    return text.replace("\r\n", "\n").rstrip("\n")


@pytest.fixture(scope="module")
def sent(shared_twin, tmp_path_factory):
    """All messages in the twin's mailbox, and the files that were attached."""
    from support.home import Home, Keyring
    from support.program import Program

    twin = shared_twin
    twin.clear()
    home = Home(tmp_path_factory.mktemp("readers") / "home")
    keyring = Keyring(home)
    files = tmp_path_factory.mktemp("files")
    try:
        keyring.store("smtp.mail.me.com", twin.user, twin.password)
        for i, (name, subject, text, file) in enumerate(CASES):
            home.write_config(
                "[account icloud]\npreset = icloud\n" f"address = {twin.address}\n"
                f"tls-ca-file = {twin.ca}\n")
            folder = files / str(i)
            folder.mkdir()
            path = folder / "data"
            path.write_bytes(bytes(range(256)) * (i + 1))
            try:
                named = folder / file
                path.rename(named)
            except OSError:
                named = path
            quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
            Program(home).within(twin.namespace)(
                "send", f"{quoted} <{twin.address}>", "-s", subject, "-a", named, "-H",
                f"X-Case: {i}", input=text, status=0)
    finally:
        keyring.stop()
        home.remove()
    end = 150
    while len(twin.messages()) < len(CASES) and end:
        end -= 1
        __import__("time").sleep(0.2)
    messages = {}
    for octets in twin.messages():
        parsed = email.message_from_bytes(octets, policy=email.policy.SMTP)
        messages[int(parsed["X-Case"])] = octets
    assert sorted(messages) == list(range(len(CASES)))
    return twin, messages


def test_python(sent):
    for i, (name, subject, text, file) in enumerate(CASES):
        message = email.message_from_bytes(sent[1][i], policy=email.policy.SMTP)
        body, part = message.iter_parts()
        assert message["Subject"] == subject, i
        # Python's newer parser puts a blank between the words of a long name.
        older = email.message_from_bytes(sent[1][i])
        shown = email.utils.parseaddr(str(older["To"]).replace("\r\n", ""))[0]
        assert words(shown) == unicodedata.normalize("NFC", name), i
        assert canonical(body.get_content()) == canonical(text), i
        assert part.get_filename() == shown_name(file), i
        content = part.get_content()
        if isinstance(content, str):
            content = part.get_payload(decode=True)
        assert content == bytes(range(256)) * (i + 1), i
        assert not message.defects and not body.defects and not part.defects, i
        assert max(map(len, sent[1][i].splitlines())) <= 998
        # What the transport wrote in front of it is not ours.
        head = sent[1][i].split(b"\n\n")[0].split(b"\nDate:", 1)[1]
        assert max(map(len, head.splitlines())) <= 78, i


@pytest.mark.skipif(not shutil.which("mshow"), reason="mblaze is not installed")
def test_mblaze(sent, tmp_path):
    for i, (name, subject, text, file) in enumerate(CASES):
        path = tmp_path / str(i)
        path.write_bytes(sent[1][i])

        def run(*command):
            return subprocess.run([*map(str, command), path], capture_output=True, check=True,
                                  env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}).stdout

        # mhdr folds runs of blanks.
        assert (" ".join(run("mhdr", "-d", "-h", "Subject").decode().split())
                == " ".join(subject.split())), i
        assert unicodedata.normalize("NFC", name) in run(
            "mhdr", "-d", "-h", "To").decode().replace("\\", "") \
            or any(c in name for c in '"\\'), i
        listed = run("mshow", "-t").decode()
        assert f'name="{shown_name(file)}"' in listed.replace("\\", "") or '"' in file, (i, listed)
        parts = subprocess.run(["mshow", "-O", path, "3"], capture_output=True, check=True).stdout
        assert parts == bytes(range(256)) * (i + 1), i


def test_dovecot(sent):
    twin, messages = sent
    done = subprocess.run([*twin.namespace.prefix, "/usr/bin/python3", "-c", IMAP,
                           "imap.mail.me.com", twin.user, twin.password, twin.ca],
                          capture_output=True, text=True, check=True)
    by_subject = {}
    whole = "\r\n".join(json.loads(done.stdout))
    for _, fields in zip(*[iter(tokens(whole))] * 2):
        found = dict(zip(fields[::2], fields[1::2]))
        envelope, structure = found["ENVELOPE"], found["BODYSTRUCTURE"]
        attached = structure[1]
        disposition = next(item for item in attached
                           if isinstance(item, list) and item and item[0] == "attachment")
        by_subject[words(envelope[1])] = (
            words(envelope[5][0][0]), words(pairs(attached[2])["name"]),
            disposition_name(pairs(disposition[1])), structure[0][:2], attached[5])
    for name, subject, _, file in CASES:
        shown, type_name, file_name, text_type, encoding = by_subject[subject]
        assert shown == unicodedata.normalize("NFC", name)
        assert file_name == shown_name(file)
        assert type_name == shown_name(file)
        assert [word.lower() for word in text_type] == ["text", "plain"]
        assert encoding.lower() == "base64"
