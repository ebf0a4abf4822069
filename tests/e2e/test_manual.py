"""The manual: a page and a --help for each command, and both know the same options."""

import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOC = ROOT / "doc"
PAGES = sorted(path.name for path in DOC.glob("*.[15]"))
EVERYWHERE = {"help", "help-all", "help-global", "account", "from", "config", "json", "verbose",
              "quiet"}


def words_under(help_text, title):
    """The names a list of commands explains: "Commands:" in --help."""
    block = help_text.split(f"\n{title}:\n", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^  (\S+)", block, re.MULTILINE)


def page_of(command):
    """The text of its page without troff; a page may stand for several."""
    source = (DOC / f"sendoff-{command}.1").read_text(encoding="utf-8")
    other = re.match(r"\.so man1/(\S+)", source)
    if other:
        source = (DOC / other[1]).read_text(encoding="utf-8")
    return source.replace("\\-", "-")


def options_in(help_text):
    return set(re.findall(r"--([a-z][a-z-]+)", help_text)) - EVERYWHERE


def test_each_command_explains_itself_and_has_a_page(sendoff):
    commands = words_under(sendoff("--help", status=0).out, "Commands")
    assert {"test", "outbox", "retry"} <= set(commands)
    missing = []
    for command in commands:
        text = sendoff(command, "--help", status=0).out
        assert f"sendoff {command}" in text
        page = page_of(command)
        missing += [f"{command} --{name}" for name in options_in(text) if f"--{name}" not in page]
    assert missing == []


def test_each_verb_of_outbox_explains_itself_and_is_in_a_page(sendoff):
    verbs = words_under(sendoff("outbox", "--help", status=0).out, "Verbs")
    assert {"list", "show", "edit"} <= set(verbs)
    missing = []
    for verb in verbs:
        text = sendoff("outbox", verb, "--help", status=0).out
        own = DOC / f"sendoff-outbox-{verb}.1"
        page = page_of(f"outbox-{verb}" if own.exists() else "outbox")
        assert verb in page
        missing += [f"{verb} --{name}" for name in options_in(text) if f"--{name}" not in page]
    assert missing == []


def test_help_fits_eighty_columns(sendoff):
    texts = [sendoff("--help", status=0).out, sendoff("outbox", "--help", status=0).out]
    texts += [sendoff(command, "--help", status=0).out
              for command in words_under(texts[0], "Commands")]
    assert [line for text in texts for line in text.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("page", PAGES)
def test_page_is_well_formed_installed_and_refers_to_pages_that_are(page):
    source = (DOC / page).read_text(encoding="utf-8")
    assert f"doc/{page}" in (DOC / "Makefile-doc.am").read_text(encoding="utf-8")
    for name, section in re.findall(r"(sendoff[\w\\-]*) \(([15])\)", source):
        assert (DOC / f"{name}.{section}".replace("\\-", "-")).exists(), name
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-I", str(DOC.parent), "-man", "-ww", "-z", "-Tutf8",
                               str(DOC / page)], capture_output=True, text=True, check=False)
        assert "warning" not in done.stderr or source.startswith(".so "), done.stderr


def test_every_key_of_the_configuration_is_explained():
    keys = re.findall(r'^  \{ "([a-z-]+)", ',
                      (ROOT / "src/model/config-key.c").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(keys) > 35
    page = (DOC / "sendoff-config.5").read_text(encoding="utf-8").replace("\\-", "-")
    example = (ROOT / "config/example.conf").read_text(encoding="utf-8")
    assert [key for key in keys if not re.search(rf"(?<![\w-]){key}(?![\w-])", page)] == []
    assert [key for key in keys if not re.search(rf"^#?{key} = ", example, re.MULTILINE)] == []


def test_the_first_step_is_one_that_can_be_taken(sendoff):
    """On a new machine: what the usage names first, and what the other commands then name."""
    assert "First steps: sendoff setup," in sendoff(status=64).out + sendoff(status=64).err
    for command in ("login", "test"):
        assert "sendoff setup" in sendoff(command, status=78).err
