# SPDX-License-Identifier: GPL-2.0
"""Prints the state and timeout of TCP connections after every short sequence of
segments: states.py nat|dr."""

import itertools
import sys

from lvs import wire

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


def show(names):
    """Prints the connections of {port: name}; returns {name: state}."""
    states = {}
    table = wire.settled_connections(ports=range(min(names), max(names) + 1))
    for port, name in names.items():
        found = table.get(("TCP", wire.FAKE_CLIENT, port, wire.VIP, 80))
        states[name] = found[2] if found else "none"
        print(name, "->", f"{found[2]} {wire.nominal(found[3])}" if found else "none")
    return states


# What may begin a connection at all.
for number, event in enumerate(events):
    play(2000 + number, event)
show({2000 + number: event for number, event in enumerate(events)})

# The state after each path, and the ports whose path goes no further: a server's SYN for
# a connection that is over ends it under lvs, on purpose.
states, apart = {}, set()

# Every sequence of three events after the first SYN, shown after each; so many at
# a time that none expires meanwhile.
steps = dict(enumerate(itertools.product(events, repeat=3), 10000))
for chunk in itertools.batched(steps, 200):
    for port in chunk:
        play(port, "c:S")
    for depth in range(3):
        names = {}
        for port in chunk:
            before = states.get(" ".join(("c:S",) + steps[port][:depth]))
            if before in ("CLOSE", "TIME_WAIT") and steps[port][depth] in ("s:S", "s:SA"):
                apart.add(port)
            if port in apart:
                continue
            play(port, steps[port][depth])
            # Those whose path so far is the same show the same: one of them is enough.
            if set(steps[port][depth + 1:]) <= {events[0]}:
                names[port] = " ".join(("c:S",) + steps[port][:depth + 1])
        if names:
            states |= show(names)
