"""A clock of its own for a program: libfaketime, preloaded by hand.

The program of that name also shares memory with whatever follows, which is not always to be had.
"""

import glob


def clock(when, monotonic=False):
    """The environment for it: "+600s", "+6d", "@2026-11-27 10:00:57" (TZ=UTC).  What a program
    measures stays true unless monotonic."""
    [library] = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    env = {"LD_PRELOAD": library, "FAKETIME": when, "FAKETIME_DISABLE_SHM": "1"}
    return env if monotonic else {**env, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
