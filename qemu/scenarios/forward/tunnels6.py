# SPDX-License-Identifier: GPL-2.0
"""Tunnels whose outer packets are IPv6, or that carry the other family: prints what of an ICMP error about an outer
packet reaches the client, and what a smaller MTU does to the packets that follow.  All clients and servers are made
up; the link to the servers has an MTU of 1500."""

import struct

from lvs import wire
from lvs import wire6

GUE = ("--tun-type", "gue", "--tun-port", "6080", "--tun-nocsum")
GRE = ("--tun-type", "gre", "--tun-nocsum")
A, VIP, ROUTER, DIRECTOR = "10.0.1.50", wire.VIP, "10.0.2.55", "10.0.2.1"
sides = {4: wire.sides(), 6: wire6.sides(errors=True)}
of = {4: wire, 6: wire6}
wire.run("sysctl", "-qw", "net.ipv6.icmp.ratelimit=0")


def show(title):
    print(title)
    for family in (4, 6):
        for side, packet in sides[family].arrived():
            # What goes to the servers is described in other scenarios.
            if side == "client":
                print("   at the client:", of[family].describe(packet))


def length_at_server(family, outer, packet):
    """Sends a client's packet; the lengths of what arrives at the server, or the error that comes back."""
    seen = of[outer].Capture("rs1", wanted=lambda p: p[9 if outer == 4 else 6] in TUNNEL and len(p) > 100)
    sides[family].client.send(packet)
    show("      a packet of " + str(len(packet)))
    lengths = []
    while (found := seen.next(0.1)) is not None:
        lengths.append(len(found))
    print("      at the server:", *lengths)


TUNNEL = (4, 41, 47, 17)


def head(kind, inner):
    """Protocol and bytes between outer and inner header."""
    if kind == "ipip":
        return (4 if inner == 4 else 41), b""
    if kind == "gre":
        return 47, struct.pack("!HH", 0, 0x0800 if inner == 4 else 0x86DD)
    return 17, struct.pack("!HHHHBBH", 0xD000, 6080, 0, 0, 0, 4 if inner == 4 else 41, 0)


def outer_packet(family, target, protocol, payload):
    if family == 4:
        return wire.ip(DIRECTOR, target, protocol, payload, df=True)
    return wire6.plain(DIRECTOR, target, protocol, payload)


def error(outer, kind, code, quoted, rest):
    sides[outer].server.send(of[outer].icmp(ROUTER, DIRECTOR, kind, code, quoted, rest))


ERRORS = {4: ((3, 1, 0), (3, 4, 1400), (11, 0, 0)), 6: ((1, 0, 0), (1, 4, 0), (2, 0, 1400), (3, 0, 0), (4, 1, 6))}
port = 80
for inner in (4, 6):
    for outer in (6, 4) if inner == 6 else (6,):
        for number, (kind, options) in enumerate({"ipip": (), "gre": GRE, "gue": GUE}.items()):
            port += 1
            target = f"10.0.2.{49 + port - 80}"
            vip = VIP if inner == 4 else f"[{wire6.text(VIP)}]"
            server = target if outer == 4 else f"[{wire6.text(target)}]"
            wire.ipvsadm("-A", "-t", f"{vip}:{port}", "-s", "rr")
            wire.ipvsadm("-a", "-t", f"{vip}:{port}", "-r", f"{server}:{port}", "-i", *options)
            flow = (A, 1000, VIP, port)
            sides[inner].client.send(of[inner].tcp(*flow, "S"))
            show(f"{kind}: IPv{inner} in IPv{outer}")
            protocol, between = head(kind, inner)
            inside = of[inner].tcp(*flow, "A", bytes(100), ttl=63, df=True)
            outside = outer_packet(outer, target, protocol, between + inside)
            for what, code, rest in ERRORS[outer]:
                error(outer, what, code, outside, rest)
                show(f"   {what}/{code} about it")
            for cut in (len(outside) - 100 - 20, len(outside) - 100 - 16):
                error(outer, *ERRORS[outer][0][:2], outside[:cut], 0)
                show(f"   cut short at {cut}")
            # Of another tunnel, of none, or damaged.
            error(outer, *ERRORS[outer][0][:2], outer_packet(outer, "10.0.2.63", protocol, between + inside), 0)
            show("   about a tunnel to elsewhere")
            stranger = of[inner].tcp(A, 1001, VIP, port, "A", bytes(100), df=True)
            error(outer, *ERRORS[outer][0][:2], outer_packet(outer, target, protocol, between + stranger), 0)
            show("   about no connection")
            damaged = bytearray(of[outer].icmp(ROUTER, DIRECTOR, *ERRORS[outer][0][:2], outside, 0))
            damaged[-1] ^= 1
            sides[outer].server.send(bytes(damaged))
            show("   with a wrong checksum")
            if inner == 4:
                free = wire.tcp(*flow, "A", bytes(100), ttl=63)
                error(outer, 2, 0, outer_packet(outer, target, protocol, between + free), 1400)
                show("   too big, but it may be fragmented")
            overhead = 1400 - len(outside) + len(inside)
            for size in (1280, overhead, overhead + 1):
                head_len = 40 if inner == 4 else 60
                length_at_server(inner, outer, of[inner].tcp(*flow, "A", bytes(size - head_len), df=True))
