#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What other directors say of a connection: which word holds, of live, bulk and sweep."""

import json
import os
import socket
import subprocess
import sys
import time

from lvs import sync, sync_ext
from lvs.wire import RS1, VIP, Netns

SYNC_ID = 7
VICTIM = "director2"
CLIENT = ("10.0.1.61", 4000)
ROW = "0A00013D:0FA0"
STATES = {1: "ESTABLISHED", 4: "FIN_WAIT", 7: "CLOSE_WAIT"}
ONE, OTHER = 0x111, 0x222
numbers = {ONE: 0, OTHER: 0}
signals = 0

with Netns("client"):
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.0.1.10"))


def status():
    command = ["nsenter", f"--net=/run/netns/{VICTIM}", os.environ["ADMIN"], "sync", "status", "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def counters():
    return status()["counters"]


def all_live():
    """Those who said something are there still."""
    global signals
    signals += 1
    for boot in (ONE, OTHER):
        hello = sync_ext.hello(SYNC_ID)
        data = sync_ext.seal(hello, kind=sync_ext.SIGNAL, boot=boot, number=signals, as_of=numbers[boot])
        out.sendto(data, (sync.GROUP, sync.PORT))


def say(title, boot, kind, state, expected, reason, number=None):
    """This director says it; then the connection is in the expected state, and the reason was counted."""
    before = counters()
    all_live()
    numbers[boot] = numbers.get(boot, 0) + (number is None)
    entry = sync.entry(CLIENT, (VIP, 80), (RS1, 8080), timeout=900, state=state)
    data = sync_ext.seal(sync.message(entry, sync_id=SYNC_ID), kind=kind, boot=boot, number=number or numbers[boot])
    out.sendto(data, (sync.GROUP, sync.PORT))
    end = time.monotonic() + 20
    while (now := counters())[reason] == before[reason]:
        if time.monotonic() > end:
            sys.exit(f"{title}: not counted as {reason}")
        time.sleep(0.02)
    found = [row[4] for row in sync.entries(VICTIM) if row[1] == ROW]
    if found != [STATES[expected]]:
        sys.exit(f"{title}: {found} instead of {STATES[expected]}")
    print(f"  {title}: {reason}, {found[0]}")


LIVE, BULK, SWEEP = sync_ext.LIVE, sync_ext.BULK, sync_ext.SWEEP
say("one tells", ONE, LIVE, 1, 1, "made")
say("another one knows better", OTHER, LIVE, 7, 7, "updated")
say("the first one's bulk is older", ONE, BULK, 1, 7, "older")
say("and its sweep", ONE, SWEEP, 1, 7, "older")
say("what is the same is no change", ONE, SWEEP, 7, 7, "updated")
say("it had the last word then", ONE, BULK, 4, 4, "updated")
say("a copy", ONE, BULK, 4, 4, "duplicate", number=numbers[ONE])
say("something live of the other one", OTHER, LIVE, 1, 1, "updated")
say("its own, come back", int(status()["boot_id"], 16), LIVE, 7, 1, "own")
