# SPDX-License-Identifier: GPL-2.0
"""Prints the state and timeout of TCP connections after every short sequence of
segments: states.py nat|dr."""

import itertools
import sys

import wire

METHOD = sys.argv[1]
CLIENT_EVENTS = ["c:S", "c:SA", "c:A", "c:FA", "c:R", "c:P", "c:SF"]
SERVER_EVENTS = ["s:S", "s:SA", "s:A", "s:FA", "s:R", "s:P"]
events = CLIENT_EVENTS + (SERVER_EVENTS if METHOD == "nat" else [])
client, server = wire.Sender("client"), wire.Sender("rs1")

wire.ipvsadm("-A", "-t", f"{wire.VIP}:80", "-s", "rr")
wire.ipvsadm("-a", "-t", f"{wire.VIP}:80", "-r", f"{wire.FAKE_SERVER}:80", "-m" if METHOD == "nat" else "-g")


def play(port, event):
    side, flags = event.split(":")
    if side == "c":
        client.send(wire.tcp(wire.FAKE_CLIENT, port, wire.VIP, 80, flags))
    else:
        server.send(wire.tcp(wire.FAKE_SERVER, 80, wire.FAKE_CLIENT, port, flags))


def show(names, base):
    table = wire.settled_connections()
    for number, name in enumerate(names):
        found = table.get(("TCP", wire.FAKE_CLIENT, base + number, wire.VIP, 80))
        print(name, "->", f"{found[2]} {wire.nominal(found[3])}" if found else "none")


# What may begin a connection at all.
base = 2000
for number, event in enumerate(events):
    play(base + number, event)
show(events, base)

# Every sequence of three events after the first SYN, shown after each.
base = 10000
steps = list(itertools.product(events, repeat=3))
for number in range(len(steps)):
    play(base + number, "c:S")
show(["c:S"] * 3, base)
for depth in range(3):
    seen = {}
    for number, step in enumerate(steps):
        # Connections whose path so far is the same show the same: one of them is enough.
        if step[depth + 1:] == tuple([events[0]] * (2 - depth)):
            seen[number] = " ".join(("c:S",) + step[:depth + 1])
        if depth == 2 or number in seen:
            play(base + number, step[depth])
        else:
            play(base + number, step[depth])
    table = wire.settled_connections()
    for number, name in seen.items():
        found = table.get(("TCP", wire.FAKE_CLIENT, base + number, wire.VIP, 80))
        print(name, "->", f"{found[2]} {wire.nominal(found[3])}" if found else "none")
