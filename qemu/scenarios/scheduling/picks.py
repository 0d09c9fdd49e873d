# SPDX-License-Identifier: GPL-2.0
"""Prints the server chosen for every connection of a long random sequence of
connections begun, ended and held, and of edits: picks.py SCHEDULER SEED."""

import random
import sys

from lvs import wire

SCHEDULER, SEED = sys.argv[1], int(sys.argv[2])
random.seed(SEED)
PORT = 8000 + SEED
SERVICE = ("-t", f"{wire.VIP}:{PORT}")
client = wire.Sender("client")
seen = wire.Capture("rs1", wanted=lambda p: p[9] == wire.TCP and p[22:24] == PORT.to_bytes(2))
unused = [f"10.0.2.{host}" for host in range(49, 63)]
random.shuffle(unused)
weights, held = {}, []
source = iter(range(1024, 65536))


def weight():
    return random.choice([0, 1, 1, 1, 2, 3, 4, 5, 10, 100])


def add():
    if unused:
        server, value = unused.pop(), weight()
        weights[server] = value
        print("add", server, value)
        wire.ipvsadm("-a", *SERVICE, "-r", server, "-m", "-w", str(value))


def connect():
    port = next(source)
    client.send(wire.tcp(wire.FAKE_CLIENT, port, wire.VIP, PORT, "S"))
    # A refused connection shows as a packet that never comes.
    packet = seen.next(5 if any(weights.values()) else 0.1)
    server = wire.ports(packet)[2] if packet else "none"
    print(port, "->", server)
    if packet and random.random() < 0.8:
        send("A", port, server)
        held.append((port, server))


def send(flags, port, server):
    client.send(wire.tcp(wire.FAKE_CLIENT, port, wire.VIP, PORT, flags))
    # Packets to a deleted server are dropped.
    seen.next(1 if server in weights else 0.02)


def change():
    kind = random.random()
    if kind < 0.5 and weights:
        server, value = random.choice(list(weights)), weight()
        weights[server] = value
        print("edit", server, value)
        wire.ipvsadm("-e", *SERVICE, "-r", server, "-m", "-w", str(value))
    elif kind < 0.7 and len(weights) > 1:
        server = random.choice(list(weights))
        del weights[server]
        print("delete", server)
        wire.ipvsadm("-d", *SERVICE, "-r", server)
    elif kind < 0.8:
        print("edit service")
        wire.ipvsadm("-E", *SERVICE, "-s", SCHEDULER)
    elif kind < 0.85:
        other = random.choice(["rr", "wrr", "lc", "wlc"])
        print("other scheduler and back:", other)
        wire.ipvsadm("-E", *SERVICE, "-s", other)
        connect()
        wire.ipvsadm("-E", *SERVICE, "-s", SCHEDULER)
    else:
        add()


print(SCHEDULER, SEED)
wire.ipvsadm("-A", *SERVICE, "-s", SCHEDULER)
connect()
for _ in range(random.randint(1, 6)):
    add()
for _ in range(120):
    action = random.random()
    if action < 0.7:
        connect()
    elif action < 0.88:
        if held:
            send("FA", *held.pop(random.randrange(len(held))))
    else:
        change()
for line in wire.ipvsadm("-Ln", "--nosort").splitlines()[1:]:
    print(line)
wire.ipvsadm("-C")
