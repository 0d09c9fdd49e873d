# SPDX-License-Identifier: GPL-2.0
"""Prints what becomes of fragments and of extension headers over IPv6, to and from NAT, DR and TUN services."""

import struct

from lvs import wire6 as wire

HOP_BY_HOP, ROUTING, FRAGMENT, NOTHING, OPTIONS = 0, 43, 44, 59, 60
NAMES = {HOP_BY_HOP: "hop-by-hop", ROUTING: "routing", FRAGMENT: "fragment", OPTIONS: "options"}
CLIENT, VIP, SERVER = "10.0.1.50", wire.VIP, "10.0.2.50"
sides = wire.sides(errors=True, also=NAMES)
client, server = sides.client, sides.server
for method, port in (("-m", 53), ("-g", 54), ("-i", 55)):
    for flag in ("-u", "-t"):
        wire.ipvsadm("-A", flag, f"{VIP}:{port}", "-s", "rr")
        wire.ipvsadm("-a", flag, f"{VIP}:{port}", "-r", f"{SERVER}:{5300 if method == '-m' else port}", method)


def with_sum(src, dst, protocol, body):
    """A datagram or segment with its checksum."""
    return wire.ip(src, dst, protocol, body)[wire.HEAD:]


def datagram(src, sport, dst, dport, size):
    return with_sum(src, dst, wire.UDP, struct.pack("!HHHH", sport, dport, 8 + size, 0) + bytes(i % 251 for i in range(size)))


def chained(chain, last):
    """Extension headers by their numbers, in front of a header of type `last`: the first one's type and all bytes."""
    result, following = b"", last
    for kind in reversed(chain):
        # A routing header of segments that are visited; padding elsewhere.
        rest = bytes((4, 0, 0, 0, 0, 0)) if kind == ROUTING else bytes((1, 4, 0, 0, 0, 0))
        result = bytes((following, 0)) + rest + result
        following = kind
    return following, result


def packet(src, dst, chain, protocol, body, ttl=64):
    first, headers = chained(chain, protocol)
    return wire.plain(src, dst, first, headers + body, ttl)


def fragments(src, dst, body, ident, step=1448, before=(), inside=(), ttl=64, protocol=wire.UDP):
    """The fragments of what `body` and the headers `inside` are, behind the headers `before`."""
    first, headers = chained(inside, protocol)
    body = headers + body
    for at in range(0, len(body), step):
        part = struct.pack("!BBHI", first, 0, at | (at + step < len(body)), ident) + body[at:at + step]
        yield packet(src, dst, before, FRAGMENT, part, ttl)


def describe(octets):
    """One line about a packet, its number of fragmentation left out."""
    chain, kind, at = [], octets[6], wire.HEAD
    if kind == wire.IPV6:
        return f"IPv6 {wire.name(octets[8:24])} > {wire.name(octets[24:40])} carries [{describe(octets[40:])}]"
    if kind not in NAMES:
        return wire.describe(octets)
    while kind in NAMES:
        text = NAMES[kind]
        if kind == FRAGMENT:
            offset = struct.unpack("!H", octets[at + 2:at + 4])[0]
            text += f" at {offset & ~7}{' and more' if offset & 1 else ''}"
        elif kind == ROUTING:
            text += f" {octets[at + 2]}/{octets[at + 3]}"
        chain.append(text)
        kind, at = octets[at], at + 8 + 8 * (octets[at + 1] if kind != FRAGMENT else 0)
        if chain[-1].startswith("fragment"):
            break
    ports = ""
    if not (chain[-1].startswith("fragment") and " at 0" not in chain[-1]) and kind in (wire.TCP, wire.UDP):
        ports = " ports {} {}".format(*struct.unpack("!HH", octets[at:at + 4]))
    return (f"{wire.name(octets[8:24])} > {wire.name(octets[24:40])} {', '.join(chain)}, then {kind}{ports} "
            f"ttl {octets[7]} len {len(octets) - 40}")


def show(title):
    print(title)
    parts, last, kind = {}, None, None
    for side, octets in sides.arrived():
        print("   at the", side, describe(octets))
        while octets[6] == wire.IPV6:
            octets = octets[wire.HEAD:]
        last = octets
        kind, at = octets[6], wire.HEAD
        while kind in (HOP_BY_HOP, ROUTING, OPTIONS):
            kind, at = octets[at], at + 8
        offset = 0
        if kind == FRAGMENT:
            kind, offset, at = octets[at], struct.unpack("!H", octets[at + 2:at + 4])[0] & ~7, at + 8
            # What lies behind it is part of the first fragment.
            while kind in (ROUTING, OPTIONS) and not offset:
                kind, at = octets[at], at + 8
        parts[offset] = octets[at:]
    if last is not None and kind in (wire.TCP, wire.UDP):
        whole = b"".join(parts[at] for at in sorted(parts))
        head = last[8:40] + struct.pack("!II", len(whole), kind)
        print("   whole:", len(whole), "bytes, checksum", "bad" if wire.checksum(head + whole) else "good")


ORDERS = {"in order": [0, 1, 2, 3, 4, 5], "last first": [5, 4, 3, 2, 1, 0], "mixed": [2, 0, 5, 1, 4, 3]}
ident = iter(range(1, 10000))
for port in (53, 54, 55):
    body = datagram(CLIENT, 1000, VIP, port, 8192)
    for name, order in ORDERS.items():
        pieces = list(fragments(CLIENT, VIP, body, next(ident)))
        for i in order:
            client.send(pieces[i])
        show(f"8 kB to port {port}, {name}")
    client.send(packet(CLIENT, VIP, (), wire.UDP, datagram(CLIENT, 1000, VIP, port, 5)))
    show(f"a small one to port {port}")
    for piece in list(fragments(CLIENT, VIP, datagram(CLIENT, 1001, VIP, port, 8192), next(ident)))[1:]:
        client.send(piece)
    show(f"all but the first fragment to port {port}")
    for name, size, step in (("one whole fragment", 100, 1448), ("tiny fragments", 100, 24), ("fragments of 1280", 3000, 1232)):
        for piece in fragments(CLIENT, VIP, datagram(CLIENT, 1002, VIP, port, size), next(ident), step):
            client.send(piece)
        show(f"{name} to port {port}")
    number = next(ident)
    pieces = list(fragments(CLIENT, VIP, datagram(CLIENT, 1003, VIP, port, 2800), number))
    overlap = list(fragments(CLIENT, VIP, datagram(CLIENT, 1003, VIP, port, 2800), number, 1440))
    for piece in (pieces[0], overlap[1]):
        client.send(piece)
    show(f"fragments that overlap to port {port}")
    for piece in fragments(CLIENT, VIP, datagram(CLIENT, 1004, VIP, port, 3000), next(ident), ttl=1):
        client.send(piece)
    show(f"the last hop of fragments to port {port}")
    for before, inside in (((HOP_BY_HOP,), ()), ((), (OPTIONS,)), ((OPTIONS,), (OPTIONS,)), ((HOP_BY_HOP, ROUTING), ())):
        for piece in fragments(CLIENT, VIP, datagram(CLIENT, 1005, VIP, port, 3000), next(ident), 1400, before, inside):
            client.send(piece)
        show(f"fragments behind {before} of {inside} to port {port}")
    for chain in ((HOP_BY_HOP,), (OPTIONS,), (ROUTING,), (OPTIONS, OPTIONS, OPTIONS), (HOP_BY_HOP, OPTIONS, ROUTING, OPTIONS)):
        client.send(packet(CLIENT, VIP, chain, wire.UDP, datagram(CLIENT, 1006, VIP, port, 50)))
        show(f"a datagram behind {chain} to port {port}")
        segment = wire.tcp(CLIENT, 1007 + len(chain), VIP, port, "S")[wire.HEAD:]
        client.send(packet(CLIENT, VIP, chain, wire.TCP, segment))
        show(f"a SYN behind {chain} to port {port}")
    client.send(packet(CLIENT, VIP, (OPTIONS,), NOTHING, b""))
    show(f"nothing behind options to port {port}")

body = datagram(SERVER, 5300, CLIENT, 1000, 8192)
for name, order in ORDERS.items():
    pieces = list(fragments(SERVER, CLIENT, body, next(ident)))
    for i in order:
        server.send(pieces[i])
    show(f"8 kB from the server, {name}")
for chain in ((HOP_BY_HOP,), (OPTIONS,), (ROUTING,), (HOP_BY_HOP, OPTIONS, ROUTING, OPTIONS)):
    server.send(packet(SERVER, CLIENT, chain, wire.UDP, datagram(SERVER, 5300, CLIENT, 1000, 50)))
    show(f"a datagram behind {chain} from the server")
    for piece in fragments(SERVER, CLIENT, datagram(SERVER, 5300, CLIENT, 1000, 3000), next(ident), 1400, chain[:1]):
        server.send(piece)
    show(f"fragments behind {chain[:1]} from the server")
wire.wire.run("ip", "link", "set", "back", "mtu", "1400")
for port in (53, 54, 55):
    for step in (1448, 1232):
        for piece in fragments(CLIENT, VIP, datagram(CLIENT, 1000, VIP, port, 3000), next(ident), step):
            client.send(piece)
        show(f"fragments of {step} to port {port}, where 1400 is the most")
wire.wire.run("ip", "link", "set", "back", "mtu", "1500")
for key, value in sorted(wire.connections().items()):
    print(*key, "->", *value[:3])
