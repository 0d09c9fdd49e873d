#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""told.py COUNT [ADDRESS]: tells the directors of the group that there are so many connections, as another one of them
would, by the device with this address. To be run in the namespace of a client."""

import socket
import sys
import time

from lvs import sync, sync_ext
from lvs.wire import RS1, VIP

COUNT = int(sys.argv[1])
ADDRESS = sys.argv[2] if len(sys.argv) > 2 else "10.0.1.10"
EACH, BURST, PAUSE = 38, 64, 0.01
SYNC_ID = 7


def client(number):
    return f"172.{16 + (number >> 20)}.{number >> 12 & 255}.{number >> 4 & 255}", 1024 + (number & 15)


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(ADDRESS))
    sent = 0
    for begin in range(0, COUNT, EACH):
        numbers = range(begin, min(begin + EACH, COUNT))
        entries = [sync.entry(client(number), (VIP, 80), (RS1, 8080), timeout=3600) for number in numbers]
        sent += 1
        message = sync.message(*entries, sync_id=SYNC_ID)
        out.sendto(sync_ext.seal(message, boot=0x70, number=sent), (sync.GROUP, sync.PORT))
        if sent % BURST == 0:
            time.sleep(PAUSE)
print(f"told of {COUNT} connections in {sent} datagrams")
