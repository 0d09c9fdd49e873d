# SPDX-License-Identifier: GPL-2.0
"""Every allocation of the module in the kernel's own threads fails in turn: those of the chore that makes the table larger
and starts the thread for rates.  Meanwhile all goes on as it was, and the chore tries again by itself.

The countdown to the fault is set for all threads of the work queues, one of which runs the chore."""

import glob
import os
import sys
import time

from faults import below_kernel, contents, write
from lvs.loopback_service import add_service, connect, loopback_up

CONNECTIONS = 1000
FEWEST_BUCKETS = 256
# Seconds in which the chore, which runs each second, has done it after all.
PATIENCE = 20
LEAST = 4
KTHREADD = 2


def workers():
    """The threads of work queues: children of kthreadd."""
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            name, rest = contents(stat).split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        if name.startswith("kworker") and int(rest.split()[1]) == KTHREADD:
            yield stat.split("/")[2]


def count_down(number):
    """The Nth allocation of each of them is to fail; none with 0."""
    armed = 0
    for worker in workers():
        try:
            write(f"/proc/{worker}/fail-nth", number)
            armed += 1
        except OSError:
            # It ended meanwhile.
            pass
    return armed


def failed():
    """How many of them had their fault."""
    count = 0
    for worker in workers():
        try:
            count += contents(f"/proc/{worker}/fail-nth").rstrip("\0\n") == "0"
        except OSError:
            pass
    return count


def estimators():
    """How many threads for rates there are."""
    count = 0
    for comm in glob.glob("/proc/[0-9]*/comm"):
        try:
            count += contents(comm).startswith("lvs-est")
        except OSError:
            pass
    return count


def chore():
    """The name of the function that all of it is called by."""
    names = [line.split()[2] for line in contents("/proc/kallsyms").splitlines()
             if line.endswith("[lvs]") and "NetnsState" in line and "Worker3run" in line]
    if len(names) != 1:
        sys.exit(f"the chore's function is one of {names}")
    return names[0]


def state():
    """Connections, buckets and whether rates are estimated."""
    with open("/proc/thread-self/net/lvs", encoding="ascii") as file:
        lines = [line.split() for line in file]
    values = {words[0]: words[-1] for words in lines if len(words) == 2}
    return int(values["Connections"]), int(values["Buckets"]), estimators() - OTHERS


def attempt(number):
    """In a namespace of its own; returns whether there were that many allocations."""
    os.unshare(os.CLONE_NEWNET)
    loopback_up()
    write("/proc/sys/net/ipv4/vs/est_cpulist", "0")
    before = count_down(number)
    add_service()
    connect(CONNECTIONS)
    if state()[0] != CONNECTIONS:
        sys.exit(f"allocation {number}: {state()[0]} connections of {CONNECTIONS}")
    end = time.monotonic() + PATIENCE
    while True:
        connections, buckets, threads = state()
        if buckets > FEWEST_BUCKETS and threads == 1:
            break
        if time.monotonic() > end:
            sys.exit(f"allocation {number}: after {PATIENCE} s there are {buckets} buckets and {threads} threads for rates")
        time.sleep(0.1)
    had_it = failed()
    count_down(0)
    connect(CONNECTIONS)
    if state()[0] != CONNECTIONS or before == 0:
        sys.exit(f"allocation {number}: {connections}, then {state()[0]} connections of {CONNECTIONS}; {before} threads")
    return had_it > 0


# Of other namespaces.
OTHERS = estimators()
below_kernel(chore())
home = os.open("/proc/self/ns/net", os.O_RDONLY)
sites = 0
while attempt(sites + 1):
    sites += 1
    # The thread for rates of this one ends with it.
    os.setns(home, os.CLONE_NEWNET)
    end = time.monotonic() + PATIENCE
    while estimators() > OTHERS:
        if time.monotonic() > end:
            sys.exit("a namespace doesn't end")
        time.sleep(0.1)
if sites < LEAST:
    sys.exit(f"only {sites} allocations")
print(f"  a table that grows, and the thread for rates: {sites} failed in turn", flush=True)
