# SPDX-License-Identifier: GPL-2.0
"""Prints what becomes of packets around the MTU of the way to the server, for
each forwarding method; the link to the servers has an MTU of 1400."""

from lvs import wire

sides = wire.sides()
client, server, show = sides.client, sides.server, sides.show
for method, port in (("-m", 80), ("-g", 81), ("-i", 82)):
    for flag in ("-t", "-u"):
        wire.ipvsadm("-A", flag, f"{wire.VIP}:{port}", "-s", "rr")
        wire.ipvsadm("-a", flag, f"{wire.VIP}:{port}", "-r", wire.FAKE_SERVER, method)


for port in (80, 81, 82):
    client.send(wire.tcp(wire.FAKE_CLIENT, 1000, wire.VIP, port, "S"))
    show(f"a connection to port {port}")
    for df in (True, False):
        for size in (1379, 1380, 1381, 1399, 1400, 1401, 1500):
            client.send(wire.tcp(wire.FAKE_CLIENT, 1000, wire.VIP, port, "A", bytes(size - 40), df=df))
            show(f"TCP to port {port}, {size} bytes, DF {df}")
    for size in (1380, 1381, 1400, 1401):
        client.send(wire.udp(wire.FAKE_CLIENT, 1000, wire.VIP, port, bytes(size - 28), df=True))
        show(f"UDP to port {port}, {size} bytes")

# Errors about the tunnel's own packets, from a router behind the director.
inner = wire.tcp(wire.FAKE_CLIENT, 1000, wire.VIP, 82, "A", bytes(100), df=True)
outer = wire.ip("10.0.2.1", wire.FAKE_SERVER, wire.IPIP, inner, df=True)
for kind, code, rest in ((3, 4, 1300), (3, 1, 0), (11, 0, 0)):
    for size in (48, 128):
        server.send(wire.icmp("10.0.2.55", "10.0.2.1", kind, code, outer[:size], rest))
        show(f"{kind}/{code} about the tunnel, {size} bytes of it")
for size in (1280, 1281, 1350):
    client.send(wire.tcp(wire.FAKE_CLIENT, 1000, wire.VIP, 82, "A", bytes(size - 40), df=True))
    show(f"{size} bytes into the tunnel after that")
