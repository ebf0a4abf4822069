"""The program with its system calls written down by strace."""

import shutil

import pytest

from .program import Program


def traced(home, trace, calls):
    """Runs it in `home`; `trace` holds the calls of the last run."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    # The leak sanitizer is a tracer itself, and there can be only one.
    home.env["ASAN_OPTIONS"] = home.env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    return Program(home, prefix=["strace", "-f", "-s", "100000", "-v", "-e", f"trace={calls}",
                                 "-o", trace])
