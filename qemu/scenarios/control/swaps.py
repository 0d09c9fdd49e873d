# SPDX-License-Identifier: GPL-2.0
"""Swaps two sets of rules while two CPUs begin connections, one packet each, to ports 54 and 55 of the virtual address:
swaps.py transaction|restore

    set 0   port 54: FIRST         any other port: WRONG      port 55: LEFT takes all
    set 1   no service of port 54  any other port: SECOND     port 55: RIGHT takes all, by another method of choice

A packet to port 54 that goes by either set reaches FIRST or SECOND; one that sees port 54's service gone and the rest as
it was reaches WRONG. One to port 55 that sees the weights of both sets finds no server. Besides, 100 services come and
go. Prints what was sent, counted and seen."""

import os
import re
import subprocess
import sys
import time

from lvs import wire
from lvs.transaction import Transaction, server

VIP, COUNT = wire.VIP, 100000
PKTGEN = "/proc/thread-self/net/pktgen/"
FIRST, SECOND, WRONG, LEFT, RIGHT = (f"10.9.0.{n}:0" for n in (10, 20, 90, 30, 40))
PERSISTENT = 1
DIRECTOR = wire.Netns("director")


def pktgen(name, *commands):
    with DIRECTOR:
        for command in commands:
            with open(PKTGEN + name, "w", encoding="ascii") as file:
                file.write(command + "\n")


def sent(cpu):
    """Packets that this CPU has sent."""
    with DIRECTOR, open(f"{PKTGEN}front@{cpu}", encoding="ascii") as file:
        return int(re.search(r"pkts-sofar: (\d+)", file.read())[1])


def prepare():
    """Each CPU has clients of its own, whose connections are all different ones."""
    mac = wire.run("ip", "-br", "link", "show", "dev", "front").split()[2]
    threads = [f"kpktgend_{cpu % os.cpu_count()}" for cpu in (0, 1)]
    for cpu, thread in enumerate(threads):
        pktgen(thread, f"add_device front@{cpu}")
        pktgen(f"front@{cpu}", "xmit_mode netif_receive", f"count {COUNT}", "clone_skb 0", "burst 1", "pkt_size 60",
               "delay 400000", "flag !UDPSRC_RND", f"dst {VIP}", f"dst_mac {mac}",
               f"src_min 10.1.{cpu}.1", f"src_max 10.1.{cpu}.9", "udp_src_min 1024", "udp_src_max 61022",
               "udp_dst_min 54", "udp_dst_max 56")
    wire.run("nft", "add table ip seen; add set ip seen servers { type ipv4_addr; size 4096; flags dynamic; counter; }; "
                    "add chain ip seen out { type filter hook postrouting priority 0; }; "
                    "add rule ip seen out oif sink update @servers { ip daddr }")


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
prepare()
with DIRECTOR:
    transaction = Transaction() if how == "transaction" else None
swap = (lambda number: by_transaction(transaction, number)) if transaction else by_restoring
swap(0)
traffic = subprocess.Popen(["nsenter", "--net=/run/netns/director", "sh", "-c", "echo start >/proc/net/pktgen/pgctrl"])
while not all(sent(cpu) for cpu in (0, 1)):
    time.sleep(0.01)
swaps = 0
while traffic.poll() is None:
    swaps += 1
    swap(swaps % 2)
with DIRECTOR, open("/proc/thread-self/net/ip_vs_stats", encoding="ascii") as file:
    connections = int(file.readlines()[2].split()[0], 16)
found = {server: int(count) for server, count in
         re.findall(r"([\d.]+) counter packets (\d+)", wire.run("nft", "list", "set", "ip", "seen", "servers"))}
seen = {name: found.get(address.split(":")[0], 0) for name, address in
        (("first", FIRST), ("second", SECOND), ("wrong", WRONG), ("left", LEFT), ("right", RIGHT))}
print("swaps", swaps)
print("sent", sum(sent(cpu) for cpu in (0, 1)))
print("connections", connections)
print("arrived", sum(found.values()))
for name, count in seen.items():
    print(name, count)
