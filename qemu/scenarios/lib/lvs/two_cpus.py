# SPDX-License-Identifier: GPL-2.0
"""Two CPUs that begin connections to the virtual address, one packet each, as pktgen makes them on the director's device
`front`, and what the servers behind its device `sink` get of them."""

import os
import re
import subprocess
import time

from lvs import wire

PKTGEN = "/proc/thread-self/net/pktgen/"
DIRECTOR = wire.Netns("director")
CPUS = (0, 1)


def pktgen(name, *commands):
    with DIRECTOR:
        for command in commands:
            with open(PKTGEN + name, "w", encoding="ascii") as file:
                file.write(command + "\n")


def prepare(count, delay, ports):
    """Each CPU has clients of its own, whose connections are all different ones: so many, to these ports (first, last), a
    packet each `delay` nanoseconds. What nft has to say."""
    mac = wire.run("ip", "-br", "link", "show", "dev", "front").split()[2]
    for cpu in CPUS:
        pktgen(f"kpktgend_{cpu % os.cpu_count()}", f"add_device front@{cpu}")
        pktgen(f"front@{cpu}", "xmit_mode netif_receive", f"count {count}", "clone_skb 0", "burst 1", "pkt_size 60",
               f"delay {delay}", "flag !UDPSRC_RND", f"dst {wire.VIP}", f"dst_mac {mac}",
               f"src_min 10.1.{cpu}.1", f"src_max 10.1.{cpu}.9", "udp_src_min 1024", "udp_src_max 61022",
               f"udp_dst_min {ports[0]}", f"udp_dst_max {ports[1]}")
    return wire.run("nft", "add table ip seen; add set ip seen servers { type ipv4_addr; size 4096; flags dynamic; counter; }; "
                           "add chain ip seen out { type filter hook postrouting priority 0; }; "
                           "add rule ip seen out oif sink update @servers { ip daddr }")


def start():
    """The process that ends when both CPUs have sent all; each has begun."""
    traffic = subprocess.Popen(["nsenter", "--net=/run/netns/director", "sh", "-c", "echo start >/proc/net/pktgen/pgctrl"])
    while not all(sent(cpu) for cpu in CPUS):
        time.sleep(0.01)
    return traffic


def sent(cpu):
    """Packets that this CPU has sent."""
    with DIRECTOR, open(f"{PKTGEN}front@{cpu}", encoding="ascii") as file:
        return int(re.search(r"pkts-sofar: (\d+)", file.read())[1])


def seen():
    """Packets that each server's address has got."""
    out = wire.run("nft", "list", "set", "ip", "seen", "servers")
    return {server: int(count) for server, count in re.findall(r"([\d.]+) counter packets (\d+)", out)}
