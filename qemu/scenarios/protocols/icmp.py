# SPDX-License-Identifier: GPL-2.0
"""Prints what becomes of ICMP errors about the packets of NAT and DR
connections, in both directions."""

from lvs import wire

sides = wire.sides()
client, server, show = sides.client, sides.server, sides.show
wire.ipvsadm("-A", "-t", f"{wire.VIP}:80", "-s", "rr")
wire.ipvsadm("-a", "-t", f"{wire.VIP}:80", "-r", f"{wire.FAKE_SERVER}:8080", "-m")
wire.ipvsadm("-A", "-u", f"{wire.VIP}:53", "-s", "rr")
wire.ipvsadm("-a", "-u", f"{wire.VIP}:53", "-r", f"{wire.FAKE_SERVER}:5353", "-m")
wire.ipvsadm("-A", "-t", f"{wire.VIP}:81", "-s", "rr")
wire.ipvsadm("-a", "-t", f"{wire.VIP}:81", "-r", wire.FAKE_SERVER, "-g")
ROUTER_C, ROUTER_S = "10.0.1.55", "10.0.2.55"
ERRORS = [(3, 4, 1200), (3, 3, 0), (3, 1, 0), (11, 0, 0), (4, 0, 0), (12, 0, 0)]


def flow(protocol, port, vport):
    make = wire.tcp if protocol == "TCP" else wire.udp
    extra = ("S",) if protocol == "TCP" else ()
    client.send(make(wire.FAKE_CLIENT, port, wire.VIP, vport, *extra, df=True))
    show(f"{protocol} connection {port} to {vport}")
    return make


for protocol, port, vport, rport in (("TCP", 1000, 80, 8080), ("UDP", 1000, 53, 5353), ("TCP", 1001, 81, 81)):
    make = flow(protocol, port, vport)
    flags = ("A",) if protocol == "TCP" else ()
    method_nat = vport != 81
    inside = wire.FAKE_SERVER if method_nat else wire.VIP
    request = make(wire.FAKE_CLIENT, port, inside, rport, *flags, b"request" * 20, df=True)
    reply = make(wire.VIP, vport, wire.FAKE_CLIENT, port, *flags, b"reply" * 20, df=True)
    for kind, code, rest in ERRORS:
        for size in (28, 60):
            # Something between the director and the server, about the client's packet.
            for router in (ROUTER_S, wire.FAKE_SERVER):
                server.send(wire.icmp(router, wire.FAKE_CLIENT, kind, code, request[:size], rest))
                show(f"{protocol} {vport}: {kind}/{code} from {router} about the request, {size} bytes of it")
            # Something between the client and the director, about the reply.
            for router in (ROUTER_C, wire.FAKE_CLIENT):
                client.send(wire.icmp(router, wire.VIP, kind, code, reply[:size], rest))
                show(f"{protocol} {vport}: {kind}/{code} from {router} about the reply, {size} bytes of it")

# Errors that fit no connection, are cut short, or have a wrong checksum.
flow("TCP", 1002, 80)
reply = wire.tcp(wire.VIP, 80, wire.FAKE_CLIENT, 1002, "A", b"reply")
strange = wire.tcp(wire.VIP, 80, wire.FAKE_CLIENT, 4444, "A", b"reply")
client.send(wire.icmp(ROUTER_C, wire.VIP, 3, 4, strange, 1200))
show("an error about no connection")
for size in (0, 4, 19, 20, 23):
    client.send(wire.icmp(ROUTER_C, wire.VIP, 3, 4, reply[:size], 1200))
    show(f"an error with {size} bytes of the packet")
bad = bytearray(wire.icmp(ROUTER_C, wire.VIP, 3, 4, reply, 1200))
bad[22] ^= 0x55
client.send(bytes(bad))
show("an error with a wrong checksum")
options = wire.tcp(wire.VIP, 80, wire.FAKE_CLIENT, 1002, "A", options=b"\x01" * 8)
client.send(wire.icmp(ROUTER_C, wire.VIP, 3, 4, options, 1200))
show("an error about a packet with IP options")
client.send(wire.icmp(ROUTER_C, wire.VIP, 3, 4, reply, 1200, options=b"\x01" * 8))
show("an error that has IP options itself")
fragment = wire.ip(wire.VIP, wire.FAKE_CLIENT, wire.TCP, reply[20:], offset=1480)
client.send(wire.icmp(ROUTER_C, wire.VIP, 3, 4, fragment, 1200))
show("an error about a later fragment")
client.send(wire.icmp(wire.FAKE_CLIENT, wire.VIP, 8, 0, b"ping", 0x10001))
show("an echo request to the virtual address")
client.send(wire.tcp(wire.FAKE_CLIENT, 1003, wire.VIP, 80, "S", ttl=1))
show("a packet whose time to live ends at the director")
