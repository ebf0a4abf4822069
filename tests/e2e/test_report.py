"""The doctor's report: whole, self-contained, without secrets; looked at in a browser if one is
here (package chromium, which CI need not have)."""

import html.parser
import json
import os
import re
import shutil
import stat
import subprocess

import pytest

FRIEND = "canary.friend@secret.example"
HOSTILE = f"550 5.1.1 <script>alert(1)</script> & \"no\" {FRIEND} unknown"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
VOID = {"meta"}


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.texts.append(data)


@pytest.fixture
def report(account, sandbox, tmp_path):
    """Of an account whose password has just been refused, after a message that was refused."""
    sandbox.rule(recipients={"*": HOSTILE})
    account("send", FRIEND, "-m", "x", status=69)
    sandbox.rule(auth=f"535 5.7.8 <b>{sandbox.password}</b> is wrong for {FRIEND}")
    path = tmp_path / "report.html"
    done = account("doctor", "--report", path, status=77)
    assert str(path) in done.err + done.out
    return path


def test_whole_and_self_contained(report):
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    page = Page(report.read_text(encoding="utf-8"))
    assert not {"script", "img", "link", "iframe", "object"} & set(page.tags)
    assert not any(name in ("src", "href", "style") or name.startswith("on")
                   for name, _ in page.attributes)
    assert "url(" not in report.read_text() and "@import" not in report.read_text()
    text = " ".join(page.texts)
    for words in ("the server refuses the password", "Timeline", "Checks",
                  "What was tried", "Conversation with the server", "This machine", "sendoff 0.",
                  "support.apple.com", "550 5.1.1", "<script>alert(1)</script>"):
        assert words in text, words
    assert {"svg", "rect", "h1"} <= set(page.tags)


def test_no_secret_and_no_address(report, account, sandbox, home):
    out = account("-v", "doctor")
    log = (home.state / "sendoff" / "log").read_text(encoding="utf-8")
    places = {"report": report.read_text(encoding="utf-8"), "screen": out.out + out.err}
    for name, text in {**places, "log": log}.items():
        assert sandbox.password not in text, name
    for name, text in places.items():
        assert FRIEND not in text and "canary.friend" not in text, name
        assert not re.search(r"\bme@icloud\.com", text), name
    assert "c…@secret.example" in places["report"]


def test_in_japanese(account, sandbox, tmp_path):
    path = tmp_path / "report.html"
    account("doctor", "--report", path, env={"LC_ALL": "ja_JP.UTF-8", "LANGUAGE": "ja"})
    assert 'lang="ja"' in path.read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written(account, tmp_path):
    done = account("doctor", "--report", tmp_path / "nowhere" / "x.html", status=73)
    assert "cannot be written" in done.err and "receiving" in done.out
    path = tmp_path / "report.html"
    path.write_text("before")
    account("doctor", "--report", path)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


MEASURE = """<!doctype html><body style="margin:0"><iframe id=f width=%d height=3000 style="border:0"
src="report.html"></iframe><pre id=out></pre><script>
f.onload = () => {
  const page = f.contentDocument, seen = page.documentElement;
  const style = (e) => f.contentWindow.getComputedStyle(e);
  const pairs = [...page.querySelectorAll("p,dd,dt,strong,li,pre,h1,h2")].map(e => {
    let back = e;
    while (back && style(back).backgroundColor === "rgba(0, 0, 0, 0)") back = back.parentElement;
    return [style(e).color, back ? style(back).backgroundColor : "rgb(255, 255, 255)"];
  });
  out.textContent = JSON.stringify({wide: seen.scrollWidth,
    pairs: [...new Set(pairs.map(p => p.join("|")))], back: style(page.body).backgroundColor,
    cause: page.querySelector(".cause strong").getBoundingClientRect().top});
};
</script>"""


def luminance(colour):
    parts = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(pair):
    light, dark = sorted(map(luminance, pair.split("|")), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.skipif(not BROWSER, reason="no chromium to look at it with")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_in_a_browser(report, tmp_path, width, scheme):
    """SENDOFF_PICTURES names a folder that is to have the pictures."""
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               "--allow-file-access-from-files", f"--user-data-dir={tmp_path}/browser",
               f"--blink-settings=preferredColorScheme={['dark', 'light'].index(scheme)}",
               f"--window-size={max(width, 600)},3200", "--virtual-time-budget=3000"]
    (tmp_path / "measure.html").write_text(MEASURE % width, encoding="utf-8")
    dom = subprocess.run([*command, "--dump-dom", f"file://{tmp_path}/measure.html"], text=True,
                         capture_output=True, timeout=120, check=True).stdout
    seen = json.loads(re.search(r'<pre id="out">(.*?)</pre>', dom, re.S).group(1))
    assert seen["wide"] <= width, seen
    assert seen["cause"] < 300
    assert (luminance(seen["back"]) < 0.1) == (scheme == "dark")
    assert min(map(contrast, seen["pairs"])) >= 4.5, seen
    if os.environ.get("SENDOFF_PICTURES"):
        picture = f"{os.environ['SENDOFF_PICTURES']}/report-{scheme}-{width}.png"
        subprocess.run([*command, f"--screenshot={picture}", f"file://{tmp_path}/measure.html"],
                       capture_output=True, timeout=120, check=True)
