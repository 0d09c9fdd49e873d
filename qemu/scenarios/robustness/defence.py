# SPDX-License-Identifier: GPL-2.0
"""Prints what the settings of the defences read as memory gets scarce and is there again, which packets they drop, and
the states of connections in each mode of secure_tcp."""

import time

from lvs import wire

client = wire.Sender("client")
DEFENCES = ("drop_entry", "drop_packet", "secure_tcp")
PLENTY, SCARCE = 0, 2**31 - 1


def put(name, value):
    wire.run("sysctl", "-qw", f"net.ipv4.vs.{name}={value}")


def show(title):
    values = (wire.run("sysctl", "-n", f"net.ipv4.vs.{name}").strip() for name in DEFENCES)
    print(f"{title}:", *values)


def begun(title, first, count=40):
    """Which of so many new clients got a connection."""
    for port in range(first, first + count):
        client.send(wire.udp(wire.FAKE_CLIENT, port, wire.VIP, 53, b"new"))
    table = wire.settled_connections(ports=range(first, first + count))
    print(f"{title}:", *sorted(key[2] - first for key in table))


def states(title, port):
    for number, events in enumerate((["S"], ["S", "A"], ["S", "FA"], ["S", "A", "FA"], ["S", "A", "R"])):
        for flags in events:
            client.send(wire.tcp(wire.FAKE_CLIENT, port + number, wire.VIP, 80, flags))
    table = wire.settled_connections(ports=range(port, port + 5))
    print(f"{title}:", *(f"{key[2] - port} {entry[2]}" for key, entry in sorted(table.items())))


# Before there is a service.
for name in DEFENCES:
    put(name, 1)
show("no service")
put("amemthresh", SCARCE)
time.sleep(1.5)
show("  a second after memory got scarce")
put("amemthresh", PLENTY)
time.sleep(1.5)
show("  a second after there was plenty")

for flag, port in (("-t", 80), ("-u", 53)):
    wire.ipvsadm("-A", flag, f"{wire.VIP}:{port}", "-s", "rr")
    wire.ipvsadm("-a", flag, f"{wire.VIP}:{port}", "-r", f"{wire.FAKE_SERVER}:{port}", "-g")

for threshold in (PLENTY, SCARCE):
    for mode in (1, 2, 3, 0):
        put("amemthresh", threshold)
        for name in DEFENCES:
            # A value that is there already changes nothing before the next second.
            put(name, 0)
            put(name, mode)
        show(f"mode {mode} at threshold {threshold}")
        put("amemthresh", SCARCE - threshold)
        time.sleep(1.5)
        show("  a second after the opposite")

begun("no defence", 1000)
put("am_droprate", 7)
put("drop_packet", 3)
begun("one of seven is dropped", 2000)
put("am_droprate", 1)
time.sleep(1.5)
begun("each is dropped", 3000)
put("drop_packet", 1)
put("amemthresh", PLENTY)
time.sleep(1.5)
begun("memory is there", 4000)
put("amemthresh", SCARCE)
time.sleep(1.5)
begun("memory is scarce", 5000)
put("drop_packet", 0)
begun("no defence again", 6000)

for threshold in (PLENTY, SCARCE):
    for mode in range(4):
        put("amemthresh", threshold)
        put("secure_tcp", 0)
        put("secure_tcp", mode)
        states(f"secure_tcp {mode} at threshold {threshold}", 10000 + 10 * mode + (100 if threshold else 0))
