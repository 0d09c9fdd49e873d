# SPDX-License-Identifier: GPL-2.0
"""Swaps two sets of rules while two CPUs begin connections, one packet each, to ports 54 and 55 of the virtual address:
swaps.py transaction|restore

    set 0   port 54: FIRST         any other port: WRONG      port 55: LEFT takes all
    set 1   no service of port 54  any other port: SECOND     port 55: RIGHT takes all, by another method of choice

A packet to port 54 that goes by either set reaches FIRST or SECOND; one that sees port 54's service gone and the rest as
it was reaches WRONG. One to port 55 that sees the weights of both sets finds no server. Besides, 100 services come and
go. Prints what was sent, counted and seen."""

import subprocess
import sys

from lvs import wire
from lvs.transaction import Transaction, server
from lvs.two_cpus import CPUS, DIRECTOR, prepare, seen, sent, start

VIP, COUNT = wire.VIP, 100000
FIRST, SECOND, WRONG, LEFT, RIGHT = (f"10.9.0.{n}:0" for n in (10, 20, 90, 30, 40))
PERSISTENT = 1


def rules(number):
    """[(target, settings, servers)] of a set, servers with weight."""
    if number == 0:
        return [(f"{VIP}:54", {}, [(FIRST, 1)]), (f"{VIP}:0", {"flags": PERSISTENT, "timeout": 300}, [(WRONG, 1)]),
                (f"{VIP}:55", {}, [(LEFT, 1), (RIGHT, 0)])]
    others = [(mark, {"scheduler": "mh"}, [(SECOND, 1), (LEFT, 2), (RIGHT, 3)]) for mark in range(1, 101)]
    return others + [(f"{VIP}:0", {"flags": PERSISTENT, "timeout": 300}, [(SECOND, 1)]),
                     (f"{VIP}:55", {"scheduler": "wlc"}, [(LEFT, 0), (RIGHT, 7)])]


def by_transaction(one, number):
    said = [one.begin(whole=True)]
    for target, settings, servers in rules(number):
        said += one.put(target, *(server(name, weight=weight) for name, weight in servers), **settings)
    said.append(one.commit())
    if trouble := [answer for answer in said if answer != "ok"]:
        sys.exit(f"swap: {trouble}")


def by_restoring(number):
    lines = []
    for target, settings, servers in rules(number):
        named = f"-f {target}" if isinstance(target, int) else f"-u {target}"
        persistent = " -p 300" if settings.get("flags") else ""
        lines.append(f"-A {named} -s {settings.get('scheduler', 'rr')}{persistent}")
        lines += [f"-a {named} -r {name} -m -w {weight}" for name, weight in reversed(servers)]
    for words, text in ((["-C"], ""), (["-R"], "\n".join(lines) + "\n")):
        subprocess.run(["nsenter", "--net=/run/netns/director", "ipvsadm", *words], input=text, text=True, check=True)


how = sys.argv[1]
prepare(COUNT, 400000, (54, 56))
with DIRECTOR:
    transaction = Transaction() if how == "transaction" else None
swap = (lambda number: by_transaction(transaction, number)) if transaction else by_restoring
swap(0)
traffic = start()
swaps = 0
while traffic.poll() is None:
    swaps += 1
    swap(swaps % 2)
with DIRECTOR, open("/proc/thread-self/net/ip_vs_stats", encoding="ascii") as file:
    connections = int(file.readlines()[2].split()[0], 16)
found = seen()
named = {name: found.get(address.split(":")[0], 0) for name, address in
         (("first", FIRST), ("second", SECOND), ("wrong", WRONG), ("left", LEFT), ("right", RIGHT))}
print("swaps", swaps)
print("sent", sum(sent(cpu) for cpu in CPUS))
print("connections", connections)
print("arrived", sum(found.values()))
for name, count in named.items():
    print(name, count)
