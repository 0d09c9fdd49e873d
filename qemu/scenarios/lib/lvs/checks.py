# SPDX-License-Identifier: GPL-2.0
"""What a scenario in Python says of itself: headings, checks that end it, and commands that have to succeed."""

import os
import subprocess
import sys
import time

SLOW = int(os.environ.get("SLOW", "1"))


def heading(text):
    print(f"\n== {text}", flush=True)


def check(what, is_so, *seen):
    """Says that it is so, or ends the scenario with what was `seen`."""
    if not is_so:
        sys.exit(f"FAIL: {what}: {seen}")
    print(f"  {what}", flush=True)


def poll(what, condition, seconds=60):
    """Waits until it is so, and returns what the condition did."""
    end = time.monotonic() + seconds * SLOW
    while True:
        seen = condition()
        if seen:
            print(f"  {what}", flush=True)
            return seen
        if time.monotonic() > end:
            sys.exit(f"FAIL: {what}: not within the time")
        time.sleep(0.05)


def finished(*words, netns="director", status=0, **options):
    """A command that was run there and ended with this status."""
    done = subprocess.run(["nsenter", f"--net=/run/netns/{netns}", *words], capture_output=True, text=True,
                          timeout=60 * SLOW, check=False, **options)
    if done.returncode != status:
        sys.exit(f"FAIL: {words} ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done


def run(*words, **options):
    """All that such a command printed."""
    done = finished(*words, **options)
    return done.stdout + done.stderr
