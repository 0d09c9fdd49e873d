#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Measures in this guest: bench.py uml|stock REPETITION CASE...  Prints a line
of JSON for the guest and for each measurement."""

import gzip
import json
import os
import sys
import time

sys.dont_write_bytecode = True
for place in ("..", "../../scenarios/lib"):
    sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), place))

import balancer
import delay
import frames
import network
import others
import packets
import pktgen
from cases import CASES

KINDS = {**packets.KINDS, **others.KINDS, **delay.KINDS, **frames.KINDS}


def about():
    """The kernel that is measured on."""
    lines = []
    if os.path.exists("/proc/config.gz"):
        with gzip.open("/proc/config.gz", "rt") as file:
            lines = file.read().splitlines()
    wanted = ("CONFIG_CC_OPTIMIZE", "CONFIG_SMP=", "CONFIG_PREEMPT", "CONFIG_HZ=", "CONFIG_CC_VERSION_TEXT",
              "CONFIG_RUSTC_VERSION_TEXT")
    return {"release": os.uname().release, "config": [line for line in lines if line.startswith(wanted)]}


def measure(case, order):
    """Runs a case: {who: [values]}."""
    values = {}
    if case.kind not in KINDS:
        return {"lvs": ["error: there is no such measurement yet"]}
    try:
        for who, value in KINDS[case.kind](case, order):
            values.setdefault(who, []).append(value)
    except (balancer.Failed, balancer.Unsupported, pktgen.PktgenError) as reason:
        values.setdefault("floor", []).append(f"error: {reason}")
    return values


def main():
    """Runs the named cases."""
    repetition, names = int(sys.argv[2]), sys.argv[3:]
    chosen = [case for case in CASES if case.name in names]
    if sys.argv[1] == "stock":
        packets.PACKETS, packets.ROUNDS, packets.NOISY = 4000, 1, False
    print(json.dumps({"kernel": about()}), flush=True)
    pktgen.load()
    network.set_up(fronts=2)
    # What comes first may have an advantage.
    order = balancer.MODULES[:: -1 if repetition % 2 else 1]
    for case in chosen:
        start = time.monotonic()
        values = measure(case, order)
        print(json.dumps({"case": case.name, "repetition": repetition, "values": values,
                          "seconds": round(time.monotonic() - start, 1)}), flush=True)


main()
