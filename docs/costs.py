#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Counts the instructions of a scheduler's choice among 10 and 1,000 servers, and prints the table of
them in docs/schedulers.md. Needs valgrind:

    cargo build --release -p lvs-engine --example schedulers && docs/costs.py TARGET/release/examples/schedulers
"""

import re
import subprocess
import sys

PICKS = 20000
if len(sys.argv) != 2:
    sys.exit(__doc__)
SCHEDULERS = subprocess.check_output([sys.argv[1], "names"], text=True).split()


def instructions(*case):
    """Of a pick: the difference that twice as many picks make."""
    def run(picks):
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.argv[1], "work", *case, str(picks)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
        return int(re.search(r"Collected : (\d+)", said)[1])
    return (run(2 * PICKS) - run(PICKS)) / PICKS


idle = instructions("none", "10", "module")
print("| `-s` | 10 servers | 1,000 servers | ratio | 1,000 by a scan |")
print("|--|--:|--:|--:|--:|")
for name in SCHEDULERS:
    few, many, scan = (instructions(name, *case) - idle for case in (("10", "module"), ("1000", "module"), ("1000", "scan")))
    # The rest never look at all servers.
    by_scan = f"{scan:,.0f}" if scan > 2 * many else ""
    print(f"| `{name}` | {few:.0f} | {many:.0f} | {many / few:.2f} | {by_scan} |", flush=True)
