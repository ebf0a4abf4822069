"""The program with its system calls written down by strace."""

import shutil

import pytest

from .program import Program


def traced(home, trace, names):
    """Runs it in `home`; `trace` holds the calls of the last run."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    # The leak sanitizer is a tracer itself, and there can be only one.
    home.env["ASAN_OPTIONS"] = home.env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    return Program(home, prefix=["strace", "-f", "-s", "100000", "-v", "-e", f"trace={names}",
                                 "-o", trace])


def calls(trace):
    """The calls in `trace`, one a line; those that another process interrupted made whole."""
    begun = {}
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        process, text = line.split(maxsplit=1)
        if text.endswith("<unfinished ...>"):
            begun[process] = text.removesuffix("<unfinished ...>")
            continue
        if text.startswith("<... "):
            text = begun.pop(process, "") + text.split("resumed>", 1)[1]
        yield text
