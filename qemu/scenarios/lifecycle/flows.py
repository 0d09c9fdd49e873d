# SPDX-License-Identifier: GPL-2.0
"""Sends packets of many UDP flows from the client's namespace, and watches at
rs1 which server each goes to: flows.py COUNT.  The flows are begun, then sent
again in another order while the table is read and grows; every flow has to
stay with its server."""

import random
import select
import socket
import struct
import sys
import threading
import time

from lvs import wire

COUNT = int(sys.argv[1])
WINDOW = 64
random.seed(1)
client = wire.Sender("client")
head = len(wire.ip("0.0.0.0", "0.0.0.0", wire.UDP, b""))
with wire.Netns("rs1"):
    seen = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    seen.setsockopt(socket.SOL_SOCKET, wire.SO_RCVBUFFORCE, 64 << 20)
    seen.bind(("eth0", 0x0800))
chosen = {}
moved = []


def packet(flow):
    """Flows 0, 1, 2, ...: 14 clients, and ports."""
    source = f"10.0.1.{48 + flow % 14}"
    data = struct.pack("!HHHHI", 1024 + flow // 14, 53, 12, 0, flow)
    return wire.ip(source, wire.VIP, wire.UDP, data)


def collect(wanted, patience):
    """Takes what has arrived; returns how many wanted flows it was."""
    count = 0
    while count < wanted and select.select([seen], [], [], patience)[0]:
        data, where = seen.recvfrom(2048)
        if where[2] == socket.PACKET_OUTGOING or data[9] != wire.UDP or len(data) < 32:
            continue
        flow = int.from_bytes(data[28:32], "big")
        server = data[16:20]
        if chosen.setdefault(flow, server) != server:
            moved.append(flow)
        count += 1
    return count


def play(flows, title):
    """Sends one packet of each flow; what is lost on the way is sent again."""
    began, lost = time.monotonic(), 0
    for at in range(0, len(flows), WINDOW):
        window = flows[at:at + WINDOW]
        for flow in window:
            client.send(packet(flow))
        got = collect(len(window), 2)
        lost += len(window) - got
    took = time.monotonic() - began
    print(f"{title}: {len(flows)} packets, {lost} lost, {took:.1f} s, {len(moved)} moved")
    if lost or moved:
        sys.exit(f"{title}: {lost} packets lost, {len(moved)} flows moved")


stop = threading.Event()


def read_all():
    """Reads the table all the time, as an administrator would."""
    while not stop.is_set():
        wire.run("sh", "-c", "wc -l </proc/net/ip_vs_conn")
        time.sleep(0.2)


reader = threading.Thread(target=read_all)
reader.start()
flows = list(range(COUNT))
try:
    play(flows, "begun")
    random.shuffle(flows)
    play(flows, "again, shuffled")
finally:
    stop.set()
    reader.join()
shares = {}
for server in chosen.values():
    shares[socket.inet_ntoa(server)] = shares.get(socket.inet_ntoa(server), 0) + 1
print("shares:", *(f"{server}={count}" for server, count in sorted(shares.items())))
