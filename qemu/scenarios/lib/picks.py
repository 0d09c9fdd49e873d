# SPDX-License-Identifier: GPL-2.0
"""Prints the server chosen for every connection of a long random sequence of
connections begun, ended and held, and of edits: picks.py SCHEDULER SEED."""

import random
import sys

import wire

SCHEDULER, SEED = sys.argv[1], int(sys.argv[2])
random.seed(SEED)
PORT = 8000 + SEED
SERVICE = ("-t", f"{wire.VIP}:{PORT}")
client = wire.Sender("client")
seen = wire.Capture("rs1", wanted=lambda p: p[9] == wire.TCP and wire.ports(p)[3] == PORT)
unused = [f"10.0.2.{host}" for host in range(49, 63)]
random.shuffle(unused)
servers, held = [], []
source = iter(range(1024, 65536))


def weight():
    return random.choice([0, 1, 1, 1, 2, 3, 4, 5, 10, 100])


def add():
    if unused:
        server, value = unused.pop(), weight()
        servers.append(server)
        print("add", server, value)
        wire.ipvsadm("-a", *SERVICE, "-r", server, "-g", "-w", str(value))


def connect():
    port = next(source)
    client.send(wire.tcp(wire.FAKE_CLIENT, port, wire.VIP, PORT, "S"))
    # A refused connection shows as a packet that never comes.
    packet = seen.next(5 if alive() else 0.1)
    if packet is None:
        print(port, "-> none")
        return
    # With DR the destination is the link address; the table knows the server.
    server = wire.connections()["TCP", wire.FAKE_CLIENT, port, wire.VIP, PORT][0]
    print(port, "->", server)
    kind = random.random()
    if kind < 0.8:
        send(port, "A")
        held.append(port)


def send(port, flags):
    client.send(wire.tcp(wire.FAKE_CLIENT, port, wire.VIP, PORT, flags))
    seen.next(1)


def alive():
    return any(line.split()[3] != "0" for line in wire.ipvsadm("-Ln").splitlines() if "  -> 10." in line)


def change():
    kind = random.random()
    if kind < 0.5 and servers:
        server, value = random.choice(servers), weight()
        print("edit", server, value)
        wire.ipvsadm("-e", *SERVICE, "-r", server, "-g", "-w", str(value))
    elif kind < 0.7 and len(servers) > 1:
        server = servers.pop(random.randrange(len(servers)))
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
            send(held.pop(random.randrange(len(held))), "FA")
    else:
        change()
for line in wire.ipvsadm("-Ln", "--nosort").splitlines()[1:]:
    print(line)
wire.ipvsadm("-C")
