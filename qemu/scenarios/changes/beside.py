# SPDX-License-Identifier: GPL-2.0
"""Transactions beside other clients: beside.py COUNT puts services of marks in force and removes them again, so often,
and lists all between; prints how many were refused."""

import json
import os
import subprocess
import sys

from lvs.transaction import BEGIN, COMMIT, PUT_DEST, PUT_SERVICE, REMOVE_SERVICE, SERVICE, Transaction, named, server
from lvs.genl import attr, be32, text, u32

MARKS = range(100, 110)


def whole(mark):
    return attr(SERVICE, named(mark) + text(6, "rr") + attr(7, bytes(4) + b"\xff" * 4) + u32(8, 0) + be32(9, 0xFFFFFFFF))


def main(count):
    sender = Transaction()
    refused = 0
    for number in range(count):
        calls = [(BEGIN, b"")]
        for mark in MARKS:
            if number % 2:
                calls.append((REMOVE_SERVICE, attr(SERVICE, named(mark))))
            else:
                calls += [(PUT_SERVICE, whole(mark)), (PUT_DEST, server("10.0.2.11:0", 1, 3))]
        calls.append((COMMIT, b""))
        refused += any([sender.call(*call) != "ok" for call in calls])
        listed = json.loads(subprocess.run([os.environ["OURS"], "-L", "--json"], capture_output=True, check=True).stdout)
        marks = [one["fwmark"] for one in listed["services"] if "fwmark" in one]
        if len(marks) not in (0, len(MARKS)):
            sys.exit(f"a part of a transaction is listed: {marks}")
    print(refused)


main(int(sys.argv[1]))
