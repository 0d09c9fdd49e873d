# SPDX-License-Identifier: GPL-2.0
"""Sends a packet of a connection every millisecond, in real-time priority, for some seconds: probe.py ADDRESS PORT SECONDS.

Prints the microseconds of the one that took longest, from when it was due until it had gone through the director: the
call returns only then, as the virtual links run in the sender's context. Whoever keeps the processor or a lock counts."""

import gc
import os
import socket
import sys
import time

PERIOD = 1000000

address, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect((address, port))
sock.send(b"x")
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
gc.disable()
worst = 0
end = time.monotonic() + seconds
while time.monotonic() < end:
    due = time.monotonic_ns() + PERIOD
    time.sleep(PERIOD / 1e9)
    sock.send(b"x")
    worst = max(worst, time.monotonic_ns() - due)
print(worst // 1000)
