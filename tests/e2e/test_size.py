"""Over the limit: packed, linked, held or refused, and never pushed at the server."""

import email
import email.message
import email.policy
import hashlib
import io
import os
import random
import re
import signal
import subprocess
import time
import zipfile

import pytest

from support.program import Program
from support.servers import wait_for

MB = 1000 * 1000


def parsed(message):
    return email.message_from_bytes(message, policy=email.policy.SMTP)


def entries(home):
    return sorted(path.name for path in (home.outbox / "entries").glob("*"))


def nothing_temporary(home):
    return list((home.outbox / "tmp").glob("*")) == []


def words(octets, seed=1):
    pick = random.Random(seed)
    line = " ".join(pick.choice(["alpha", "beta", "gamma", "delta", str(pick.random())])
                    for _ in range(20_000)) + "\n"
    return (line * (octets // len(line) + 1))[:octets].encode()


@pytest.fixture
def big_text(tmp_path):
    file = tmp_path / "報告書.txt"
    file.write_bytes(words(25 * MB))
    return file


@pytest.fixture
def big_random(tmp_path):
    file = tmp_path / "film.mov"
    file.write_bytes(os.urandom(25 * MB))
    return file


def with_link_command(home, sandbox, keyring, script, tmp_path, **keys):
    command = tmp_path / "link"
    command.write_text("#!/bin/sh\n" + script, encoding="utf-8")
    command.chmod(0o755)
    home.write_config(sandbox.config(**{"link-command": f"{command} put", **keys}))
    keyring.store(sandbox.host, sandbox.user, sandbox.password)


def test_text_is_packed(account, sandbox, home, big_text):
    done = account("--json", "send", "a@example.org", "-m", "x", "-a", big_text, status=0)
    assert done.result["status"] == "sent"
    assert "25.0 MB became" in done.err
    _, part = parsed(sandbox.wait_for(1)[0]).iter_parts()
    assert part.get_filename() == "報告書.txt.zip"
    assert part.get_content_type() == "application/zip"
    with zipfile.ZipFile(io.BytesIO(part.get_content())) as archive:
        [entry] = archive.infolist()
        assert entry.filename == "報告書.txt"
        assert entry.flag_bits & 0x800  # the name is UTF-8
        assert archive.read(entry) == big_text.read_bytes()
    assert nothing_temporary(home)


def test_several_are_packed_into_one_with_names_kept_apart(account, sandbox, tmp_path):
    files = []
    for i in range(3):
        folder = tmp_path / str(i)
        folder.mkdir()
        (folder / "same.txt").write_bytes(words(9 * MB, i))
        files += ["-a", folder / "same.txt"]
    account("send", "a@example.org", "-m", "x", *files, status=0)
    _, part = parsed(sandbox.wait_for(1)[0]).iter_parts()
    assert part.get_filename() == "attachments.zip"
    with zipfile.ZipFile(io.BytesIO(part.get_content())) as archive:
        assert archive.namelist() == ["same.txt", "same (2).txt", "same (3).txt"]


def test_what_does_not_shrink_is_known_soon_and_held(account, sandbox, home, big_random):
    done = account("send", "a@example.org", "-m", "x", "-a", big_random, status=65)
    assert "would not help" in done.err
    assert "iCloud Mail takes 20.0 MB" in done.out and "film.mov" in done.out
    assert "Mail Drop" in done.out
    [entry] = entries(home)
    assert entry.startswith("held-size.")
    assert f"sendoff outbox edit {entry.split('.')[-1]} --link 'film.mov'=URL" in done.out
    assert all(len(line) < 80 for line in done.out.splitlines()
               if "sendoff outbox edit" not in line)
    assert not sandbox.commands("MAIL")
    assert nothing_temporary(home)


def test_refuse_keeps_nothing(account, home, big_random):
    done = account("send", "a@example.org", "-m", "x", "-a", big_random, "--oversize", "refuse",
                   status=65)
    assert "iCloud Mail takes" in done.err
    assert entries(home) == []


def test_link_command(home, sandbox, keyring, sendoff, tmp_path, big_random):
    with_link_command(home, sandbox, keyring,
                      'echo uploading; echo "https://cloud.example/s/1?a=1&b=2"; '
                      'echo "expires 2027-01-31"; echo "$@" >"$0.log"', tmp_path)
    small = tmp_path / "small.txt"
    small.write_text("small")
    done = sendoff("--json", "send", "a@example.org", "-m", "x", "-a", small, "-a", big_random,
                   status=0)
    assert done.result["status"] == "sent"
    assert (tmp_path / "link.log").read_text().strip() == f"put {big_random}"
    _, kept, note = parsed(sandbox.wait_for(1)[0]).iter_parts()
    assert kept.get_filename() == "small.txt"
    text = note.get_body(("plain",)).get_content()
    html = note.get_body(("html",)).get_content()
    digest = hashlib.sha256(big_random.read_bytes()).hexdigest()
    for said in ("film.mov", "25.0 MB", "2027-01-31", digest):
        assert said in text and said in html
    assert "https://cloud.example/s/1?a=1&b=2" in text
    assert "https://cloud.example/s/1?a=1&amp;b=2" in html


@pytest.mark.parametrize("script, says", [
    ("echo no such remote >&2; exit 3", "failed with status 3: no such remote"),
    ("echo done", "printed no address"),
    ("echo 'javascript:alert(1)'", "printed no address"),
    ("cat /dev/zero", "wrote more than 1024 KB"),
])
def test_link_command_that_fails_leaves_it_held(home, sandbox, keyring, sendoff, tmp_path, script,
                                                says):
    with_link_command(home, sandbox, keyring, script, tmp_path, **{"message-limit": 100_000})
    file = tmp_path / "f.bin"
    file.write_bytes(os.urandom(200_000))
    done = sendoff("send", "a@example.org", "-m", "x", "-a", file, status=65, timeout=30)
    assert says in done.err
    assert entries(home)[0].startswith("held-size.")


def test_link_command_has_more_time_than_a_step_with_the_server(home, sandbox, keyring, sendoff, tmp_path):
    with_link_command(home, sandbox, keyring, "sleep 3; echo https://cloud.example/f", tmp_path,
                      timeout=1, **{"message-limit": 100_000})
    file = tmp_path / "f.bin"
    file.write_bytes(os.urandom(200_000))
    sendoff("send", "a@example.org", "-m", "x", "-a", file, status=0, timeout=30)


def test_link_in_the_users_language(home, sandbox, keyring, sendoff, tmp_path, big_random):
    home.write_config(sandbox.config())
    keyring.store(sandbox.host, sandbox.user, sandbox.password)
    sendoff("send", "a@example.org", "-m", "x", "-a", big_random, "--link",
            "film.mov=https://cloud.example/f", env={"LANGUAGE": "ja", "LC_ALL": "C.UTF-8"},
            status=0)
    _, note = parsed(sandbox.wait_for(1)[0]).iter_parts()
    assert "https://cloud.example/f" in note.get_body(("plain",)).get_content()


@pytest.mark.parametrize("link", ["film.mov", "=https://x.example/", "film.mov=ftp://x.example/f",
                                  "film.mov=http://x.example/a b"])
def test_bad_link(account, home, big_random, link):
    account("send", "a@example.org", "-m", "x", "-a", big_random, "--link", link, status=64)
    assert entries(home) == []


def test_link_to_a_file_that_is_not_attached_needs_the_file(account):
    account("send", "a@example.org", "-m", "x", "--link", "/nonexistent=https://x.example/",
            status=66)


def test_blocked_types_are_warned_about(account, tmp_path):
    program = tmp_path / "setup.exe"
    program.write_bytes(b"MZ")
    assert "setup.exe" in account("send", "a@example.org", "-m", "x", "-a", program, status=0).err


def test_six_gigabytes_are_judged_without_being_read(account, home, tmp_path):
    if os.environ.get("SENDOFF_BUILD", "").endswith("asan"):
        pytest.skip("the same code, many times slower")
    huge = tmp_path / "huge.bin"
    with open(huge, "wb") as file:
        file.truncate(6 * 1000 * MB)
        for at in range(0, 6 * 1000 * MB, 100 * MB):
            file.seek(at)
            file.write(os.urandom(MB))
    begin = time.monotonic()
    done = account("send", "a@example.org", "-m", "x", "-a", huge, "--oversize", "zip,refuse",
                   status=65, timeout=120)
    assert "takes 20.0 MB" in done.err
    assert time.monotonic() - begin < 100
    assert entries(home) == [] and nothing_temporary(home)


def test_interrupt_while_packing_leaves_nothing(account, home, tmp_path):
    slow = tmp_path / "slow.txt"
    with open(slow, "wb") as file:
        file.truncate(4000 * MB)  # zeros: worth the packing, and it takes long
    process = account.start("send", "a@example.org", "-m", "x", "-a", slow, "--oversize",
                            "zip,refuse")

    def is_packing():
        # The program is the leader of its session.
        return subprocess.run(["pgrep", "-s", str(process.pid), "-x", "sendoff-zip"],
                              stdout=subprocess.DEVNULL).returncode == 0

    wait_for(is_packing)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT, err
    assert not is_packing()
    assert entries(home) == [] and nothing_temporary(home)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_while_a_finished_message_is_packed_leaves_nothing(account, home, tmp_path, ending):
    slow = tmp_path / "slow.eml"
    slow.write_bytes(finished("slow.csv", words(200 * MB)).as_bytes())
    process = account.start("send", "--eml", slow, "--oversize", "zip,hold")
    wait_for(lambda: packer_of(process.pid), 60)
    process.send_signal(ending)
    _, said = process.communicate(timeout=20)
    assert process.returncode == -ending and b"nothing is kept" in said
    assert entries(home) == [] and nothing_temporary(home)


def test_a_finished_message_that_cannot_be_taken_apart_is_held(account, sandbox, home):
    """The header of a part is larger than what is read: neither packed nor sent over the limit."""
    home.write_config(home.config_file.read_text() + "message-limit = 1 MB\n")
    message = (b"From: me@icloud.com\nTo: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n"
               b"--b\n" + b"X-Long: " + b"x" * 70 + b"\n" + (b" " + b"x" * 70 + b"\n") * 18_000
               + b"\nhello\n--b--\n")
    done = account("send", "--eml", "-", input=message, status=65)
    assert "Too large" in done.out and "held" in done.out
    account("retry", "--now", status=0)
    assert [name.split(".")[0] for name in entries(home)] == ["held-size"] and sandbox.deliveries() == []


@pytest.fixture
def held(account, home, big_random, tmp_path):
    """A message that waits because of film.mov; its id."""
    small = tmp_path / "小.txt"
    small.write_text("small\n", encoding="utf-8")
    account("send", "a@example.org", "-s", "件名", "-m", "本文", "-a", big_random, "-a", small,
            status=65)
    return entries(home)[0].split(".")[-1]


def test_edit_link_finishes_the_job(account, sandbox, home, held, big_random):
    done = account("--json", "outbox", "edit", held, "--link",
                   "film.mov=https://cloud.example/f?a=1&b=2", status=0)
    assert done.result["status"] == "sent" and done.result["id"] == held
    message = parsed(sandbox.wait_for(1)[0])
    text, note, small = message.iter_parts()
    assert message["Subject"] == "件名"
    assert text.get_content().strip() == "本文"
    assert small.get_filename() == "小.txt" and small.get_content() == "small\n"
    said = note.get_body(("plain",)).get_content()
    assert hashlib.sha256(big_random.read_bytes()).hexdigest() in said
    assert "https://cloud.example/f?a=1&b=2" in said and "25.0 MB" in said
    assert entries(home) == [] and nothing_temporary(home)


def test_edit_drop(account, sandbox, held):
    account("outbox", "edit", held, "--drop", "film.mov", status=0)
    names = [part.get_filename() for part in parsed(sandbox.wait_for(1)[0]).iter_parts()]
    assert names == [None, "小.txt"]


def test_edit_zip(account, sandbox, home, big_text):
    account("send", "a@example.org", "-m", "x", "-a", big_text, "--oversize", "hold", status=65)
    held = entries(home)[0].split(".")[-1]
    account("outbox", "edit", held, "--zip", status=0)
    _, part = parsed(sandbox.wait_for(1)[0]).iter_parts()
    assert part.get_filename() == "報告書.txt.zip"
    with zipfile.ZipFile(io.BytesIO(part.get_content())) as archive:
        assert archive.read("報告書.txt") == big_text.read_bytes()
    assert nothing_temporary(home)


WITHOUT_PRIVILEGES = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]


def queue_too_large(account, file):
    """As a mail program would hand it over."""
    message = email.message.EmailMessage(email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = "me@icloud.com", "a@example.org", "x"
    message.set_content("x")
    message.add_attachment(file.read_bytes(), maintype="text", subtype="x-log", filename="log.txt")
    account.named("sendmail")("-odq", "-t", input=message.as_bytes(), status=0)


def test_what_waits_is_packed_without_privileges(account, sandbox, home, big_text):
    """The archive is made by another process, which may not look into this one."""
    queue_too_large(account, big_text)
    plain = Program(home, prefix=WITHOUT_PRIVILEGES if os.geteuid() == 0 else ())
    plain("retry", status=0)
    _, part = parsed(sandbox.wait_for(1)[0]).iter_parts()
    assert part.get_filename() == "log.txt.zip" and entries(home) == []


def test_what_cannot_be_taken_apart_is_held(account, home, tmp_path):
    """A header of a part that is larger than any: neither sent over the limit nor tried for ever."""
    home.write_config(home.config_file.read_text() + "message-limit = 1 MB\n")
    message = (b"Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nX-Long: "
               + b"x\n " * 500_000 + b"\n\nbody\n--b--\n")
    account.named("sendmail")("-odq", "a@example.org", input=message, status=0)
    account("retry", status=65)
    assert [name.split(".")[0] for name in entries(home)] == ["held-size"]
    assert account("retry", status=0).err == ""


def test_a_runner_stopped_while_packing_leaves_it_queued(account, sandbox, home, tmp_path):
    slow = tmp_path / "slow.txt"
    slow.write_bytes(words(200 * MB))
    home.write_config(home.config_file.read_text() + "sendmail-limit = 500 MB\n")
    queue_too_large(account, slow)
    runner = account.start("retry")
    wait_for(lambda: packer_of(runner.pid), 60)
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(20) == -signal.SIGTERM
    assert [name.split(".")[0] for name in entries(home)] == ["queued"] and nothing_temporary(home)


def packer_of(session):
    """The process of that session that packs, if it is at it."""
    done = subprocess.run(["pgrep", "-s", str(session), "-x", "sendoff-zip"], capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize("arguments, status, says", [
    (["--link", "other.mov=https://x.example/"], 64, "film.mov"),
    (["--drop", "other.mov"], 64, "no attachment"),
    (["--link", "film.mov"], 64, "which link"),
])
def test_edit_with_a_wrong_name_changes_nothing(account, home, held, arguments, status, says):
    before = entries(home)
    assert says in account("outbox", "edit", held, *arguments, status=status).err
    assert entries(home) == before


def test_signed_message_is_never_changed(account, home):
    message = (b"From: me@icloud.com\nTo: a@example.org\nContent-Type: multipart/signed;"
               b" boundary=b\n\n--b\nContent-Type: application/pdf; name=x.pdf\n\ndata\n--b\n"
               b"Content-Type: application/pgp-signature; name=s.asc\n\nsig\n--b--\n")
    account("send", "--eml", "-", "--queue", input=message, status=0)
    entry = entries(home)[0].split(".")[-1]
    done = account("outbox", "edit", entry, "--drop", "x.pdf", status=65)
    assert "signed" in done.err
    assert account("outbox", "export", entry, status=0).out_bytes.endswith(
        message.split(b"\n\n", 1)[1])


def test_finished_message_is_judged_by_what_is_in_it(account, home):
    """20 MB of content is the limit, though 28 MB may travel."""
    head = (b"From: me@icloud.com\nTo: a@example.org\nContent-Type: application/pdf; name=x.pdf\n"
            b"Content-Transfer-Encoding: base64\n\n")
    line = b"A" * 76 + b"\n"
    fits, over = 20 * MB // 57, 20 * MB // 57 + 1
    words = ("send", "--eml", "-", "--queue", "--oversize", "hold")
    assert account(*words, input=head + line * fits).status == 0
    assert account(*words, input=head + line * over).status == 65
    assert [name.split(".")[0] for name in entries(home)] == ["held-size", "queued"]


def finished(name, data):
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = "me@icloud.com", "a@example.org", "件名"
    message.set_content("本文")
    message.add_attachment(data, maintype="text", subtype="csv", filename=name)
    message.add_attachment(b"small", maintype="application", subtype="pdf", filename="s.pdf")
    return message


def test_finished_message_is_packed_inside(account, sandbox, home, big_text):
    message = finished("報告.csv", big_text.read_bytes())
    done = account("--json", "send", "--eml", "-", input=message.as_bytes(), status=0)
    assert done.result["status"] == "sent"
    arrived = parsed(sandbox.wait_for(1)[0])
    assert arrived["Subject"] == "件名"
    text, part = arrived.iter_parts()
    assert text.get_content().strip() == "本文"
    assert part.get_filename() == "attachments.zip"
    with zipfile.ZipFile(io.BytesIO(part.get_content())) as archive:
        assert archive.read("報告.csv") == big_text.read_bytes()
        assert archive.read("s.pdf") == b"small"
    assert entries(home) == [] and nothing_temporary(home)


def test_signed_message_over_the_limit_is_held_as_it_is(account, sandbox, home, big_text):
    inner = finished("a.csv", big_text.read_bytes()).as_bytes()
    body = inner.split(b"Content-Type: multipart/mixed", 1)[1]
    message = (b"From: me@icloud.com\r\nTo: a@example.org\r\nDate: x\r\nMessage-ID: <1@x.y>\r\n"
               b"Content-Type: multipart/signed; boundary=sig\r\n\r\n--sig\r\n"
               b"Content-Type: multipart/mixed" + body + b"\r\n--sig\r\n\r\nsignature\r\n--sig--\r\n")
    account("send", "--eml", "-", input=message, status=65)
    [entry] = entries(home)
    assert entry.startswith("held-size.")
    kept = account("outbox", "export", entry.split(".")[-1], status=0).out_bytes
    assert kept == message
    assert not sandbox.commands("MAIL")


MAIL = """
import smtplib, ssl, sys
host, user, password, ca, size = sys.argv[1:]
smtp = smtplib.SMTP(host, 587)
smtp.ehlo()
smtp.starttls(context=ssl.create_default_context(cafile=ca))
smtp.login(user, password)
print(smtp.docmd(f"MAIL FROM:<{user}> SIZE={size}")[0])
if size == "28319744":
    smtp.docmd(f"RCPT TO:<{user}>")
    lines, rest = divmod(int(size) - 6, 78)
    print(smtp.data("x: y\\r\\n" + ("x" * 76 + "\\r\\n") * (lines - 1) + "y" * (76 + rest) + "\\r\\n")[0])
"""


def test_the_edge_to_the_octet(home, keyring, twin, sendoff, tmp_path):
    """What is let through the server takes.  It counts what it writes in front of the message, too,
    so one of exactly its SIZE it refuses after all of it was sent: 1024 octets are left for
    that, and nothing is stopped but for them."""
    limit = 28319744
    most = limit - 1024
    home.write_config("[account icloud]\npreset = icloud\nmessage-limit = 0\noversize = hold\n"
                      f"address = {twin.address}\ntls-ca-file = {twin.ca}\n")
    keyring.store("smtp.mail.me.com", twin.user, twin.password)
    sendoff = sendoff.within(twin.namespace)
    head = (f"From: {twin.address}\r\nTo: {twin.address}\r\nDate: x\r\nMessage-ID: <1@x.y>\r\n"
            "\r\n").encode()

    def message(size):
        lines, rest = divmod(size - len(head), 78)
        return head + (b"x" * 76 + b"\r\n") * (lines - 1) + b"y" * (76 + rest) + b"\r\n"

    file = tmp_path / "m.eml"
    file.write_bytes(message(most))
    assert len(message(most)) == most
    done = sendoff("--json", "send", "--eml", file, status=0, timeout=120)
    assert done.result["status"] == "sent"
    file.write_bytes(message(most + 1))
    done = sendoff("--json", "send", "--eml", file, status=65)
    assert done.result["status"] == "held"

    def server_says(size):
        return subprocess.run([*twin.namespace.prefix, "/usr/bin/python3", "-c", MAIL,
                               "smtp.mail.me.com", twin.user, twin.password, twin.ca, str(size)],
                              capture_output=True, text=True, check=True).stdout.strip()

    assert server_says(limit) == "250\n552"
    assert server_says(limit + 1) == "552"


def test_nineteen_point_nine_megabytes_go_as_they_are(account, sandbox, tmp_path):
    file = tmp_path / "f.bin"
    file.write_bytes(os.urandom(19_900_000))
    account("send", "a@example.org", "-m", "x", "-a", file, status=0)
    _, part = parsed(sandbox.wait_for(1)[0]).iter_parts()
    assert part.get_filename() == "f.bin"


def test_imported_message_is_packed_when_it_is_sent(account, sandbox, home, big_text, tmp_path):
    file = tmp_path / "old.eml"
    file.write_bytes(finished("a.csv", big_text.read_bytes()).as_bytes())
    account("outbox", "import", file, status=0)
    account("retry", "--now", status=0)
    _, part = parsed(sandbox.wait_for(1)[0]).iter_parts()
    assert part.get_filename() == "attachments.zip"
    assert entries(home) == [] and nothing_temporary(home)


def test_what_is_held_says_which_part_is_how_large_and_the_command(account, home):
    message = finished("große Datei.csv", os.urandom(100_000)).as_bytes()
    home.write_config(home.config_file.read_text() + "message-limit = 50 kB\n")
    done = account("send", "--eml", "-", "--oversize", "hold", input=message, status=65)
    held = entries(home)[0].split(".")[-1]
    command = f"sendoff outbox edit {held} --link 'große Datei.csv'=URL"
    for said in (done.out, account("outbox", "show", held, status=0).out):
        assert re.search(r"große Datei.csv +100.0 kB\ns.pdf +5 ", said)
        assert command in said and "Mail Drop" in said
    done = account("send", "a@example.org", "-m", "x" * 60_000, "--oversize", "hold", status=65)
    held = next(name.split(".")[-1] for name in entries(home) if held not in name)
    assert "→" in account("outbox", "show", held, status=0).out


def test_what_is_held_and_signed_says_so(account, home):
    message = finished("a.csv", os.urandom(100_000)).as_bytes().replace(b"multipart/mixed", b"multipart/signed")
    home.write_config(home.config_file.read_text() + "message-limit = 50 kB\n")
    done = account("send", "--eml", "-", input=message, status=65)
    assert "signed" in done.out and "--link" not in done.out
