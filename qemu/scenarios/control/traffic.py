# SPDX-License-Identifier: GPL-2.0
"""Sends the same traffic every time: TCP and UDP over NAT, DR and TUN services,
replies of NAT servers, packets that are dropped and packets of no service."""

from lvs import wire

sides = wire.sides()
client, server = sides.client, sides.server
for method, port in (("-m", 80), ("-g", 81), ("-i", 82)):
    for flag in ("-t", "-u"):
        service = (flag, f"{wire.VIP}:{port}")
        wire.ipvsadm("-A", *service, "-s", "wrr")
        for host, weight in (("10.0.2.50", 1), ("10.0.2.51", 2), ("10.0.2.52", 0)):
            wire.ipvsadm("-a", *service, "-r", f"{host}:{port + 1000}", method, "-w", str(weight))
wire.ipvsadm("-A", "-t", f"{wire.VIP}:90", "-s", "lc")
wire.ipvsadm("-A", "-u", f"{wire.VIP}:91", "-s", "wlc")
wire.ipvsadm("-a", "-u", f"{wire.VIP}:91", "-r", "10.0.2.53:91", "-m", "-w", "7", "-x", "100", "-y", "5")

for number in range(30):
    port = 2000 + number
    for vport in (80, 81, 82):
        client.send(wire.tcp(wire.FAKE_CLIENT, port, wire.VIP, vport, "S"))
        client.send(wire.tcp(wire.FAKE_CLIENT, port, wire.VIP, vport, "A", bytes(number)))
        if number % 3 == 0:
            client.send(wire.tcp(wire.FAKE_CLIENT, port, wire.VIP, vport, "FA"))
        client.send(wire.udp(wire.FAKE_CLIENT, port, wire.VIP, vport, bytes(100 + number)))
for _, packet in sides.arrived():
    # The servers of NAT answer all but FIN, twice.
    src, sport, dst, dport = wire.ports(packet)
    if dport == 1080 and packet[9] == wire.UDP:
        for size in (5, 500):
            server.send(wire.udp(dst, dport, src, sport, bytes(size)))
    elif dport == 1080 and packet[33] == 2:
        server.send(wire.tcp(dst, dport, src, sport, "SA"))
        server.send(wire.tcp(dst, dport, src, sport, "PA", bytes(1000)))
for number in range(5):
    # No server, no connection, no service.
    client.send(wire.tcp(wire.FAKE_CLIENT, 3000 + number, wire.VIP, 90, "S"))
    client.send(wire.tcp(wire.FAKE_CLIENT, 3000 + number, wire.VIP, 80, "A"))
    client.send(wire.udp(wire.FAKE_CLIENT, 3000 + number, wire.VIP, 99))
    client.send(wire.udp(wire.FAKE_CLIENT, 3000, wire.VIP, 91))
sides.arrived()
