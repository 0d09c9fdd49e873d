#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run a scenario in two user-mode guests that are joined by two pairs of datagram sockets.

usage: joined.py UML.SH OPTION... SCRIPT...   (without --peer)

The first guest runs SCRIPT. The second one carries out what that asks of it (guest/peer.py); its
output is in build/logs/NAME-peer.out. Their devices are vec0, which the scenario may use as it
likes, and vec1, by which the first guest asks. The status is the script's, or else the second
guest's, whose kernel may have complained, too.
"""

import fcntl
import os
import socket
import subprocess
import sys

LINKS = 2
# How long the second guest may take to go once the first one is gone.
GRACE = 20
# The sockets' numbers are above those that shells use for themselves.
LOWEST = 50


def run():
    pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(LINKS)]
    for pair in pairs:
        for end in pair:
            # A frame waits for its reader; the host's default holds few.
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    guests = []
    for side in range(2):
        ends = [fcntl.fcntl(pair[side].fileno(), fcntl.F_DUPFD, LOWEST) for pair in pairs]
        command = [sys.argv[1], "--joined", f"{side} {' '.join(map(str, ends))}", *sys.argv[2:]]
        guests.append(subprocess.Popen(command, pass_fds=ends))
        for end in ends:
            os.close(end)
    for pair in pairs:
        for end in pair:
            end.close()
    first, second = guests
    status = first.wait()
    try:
        other = second.wait(GRACE)
    except subprocess.TimeoutExpired:
        second.terminate()
        other = second.wait()
    return status or other


os.environ.setdefault("LC_ALL", "C.UTF-8")
sys.exit(run())
