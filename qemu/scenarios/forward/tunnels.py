# SPDX-License-Identifier: GPL-2.0
"""Prints the packets of GRE and GUE tunnels to the byte, packets around the MTU that each leaves, and what becomes
of ICMP errors about them; the link to the servers has an MTU of 1400."""

from lvs import wire

GUE = ("--tun-type", "gue", "--tun-port", "6080")
TUNNELS = {
    80: ("--tun-type", "gre", "--tun-nocsum"),
    81: ("--tun-type", "gre", "--tun-csum"),
    82: (*GUE, "--tun-nocsum"),
    83: (*GUE, "--tun-csum"),
    84: (*GUE, "--tun-remcsum"),
    85: ("--tun-type", "ipip"),
}
sides = wire.sides()
client, server = sides.client, sides.server


def show(title, size=None):
    """Prints what arrived; of tunnels' packets also what lies inside, but for the source port of GUE."""
    print(title)
    for side, packet in sides.arrived():
        print("   at the", side, wire.describe(packet))
        if side == "server" and packet[9] in (wire.UDP, 47):
            print("     ", packet[20 + 2 * (packet[9] == wire.UDP):][:size].hex())


for port, options in TUNNELS.items():
    # Each in a service of its own; errors find a tunnel by its server's address and port.
    target = f"10.0.2.{port - 80 + 50}"
    for flag in ("-t", "-u"):
        wire.ipvsadm("-A", flag, f"{wire.VIP}:{port}", "-s", "rr")
        wire.ipvsadm("-a", flag, f"{wire.VIP}:{port}", "-r", target, "-i", *options)
    for df in (True, False):
        client.send(wire.tcp(wire.FAKE_CLIENT, 1000, wire.VIP, port, "S", df=df, tos=0x13, ttl=33))
        show(f"a connection through {options}, DF {df}")
    client.send(wire.tcp(wire.FAKE_CLIENT, 1000, wire.VIP, port, "A", b"odd"))
    show("an odd number of bytes")
    client.send(wire.udp(wire.FAKE_CLIENT, 1000, wire.VIP, port, b"UDP"))
    show("UDP")
    client.send(wire.udp(wire.FAKE_CLIENT, 1000, wire.VIP, port, b"UDP", with_checksum=False))
    show("UDP without checksum")
    for size in (1360, 1361, 1367, 1368, 1369, 1371, 1372, 1373, 1375, 1376, 1377, 1380, 1381):
        client.send(wire.tcp(wire.FAKE_CLIENT, 1000, wire.VIP, port, "A", bytes(size - 40), df=True))
        show(f"{size} bytes, DF", 60)
    client.send(wire.tcp(wire.FAKE_CLIENT, 1000, wire.VIP, port, "A", bytes(1460)))
    show("1500 bytes, fragmented outside", 60)
# Errors about the tunnels' own packets, from a router behind the director; the last are of no
# tunnel here.
HEADS = {
    80: (47, "00000800"),
    81: (47, "8000080012340000"),
    82: (17, "d00017c00000000000040000"),
    83: (17, "d00017c00000123400040000"),
    84: (17, "d00017c00000123402040001800000000014" + "0024"),
    85: (4, ""),
}
STRANGE = {80: (47, "20000800"), 81: (4, ""), 82: (17, "d00017c10000000000040000"), 83: (17, "d00017c00000000040040000")}
for heads, kinds in ((HEADS, ((3, 4, 1300), (3, 1, 0), (11, 0, 0))), (STRANGE, ((3, 1, 0),))):
    for port, (protocol, head) in heads.items():
        inner = wire.tcp(wire.FAKE_CLIENT, 1000, wire.VIP, port, "A", bytes(100), df=True)
        outer = wire.ip("10.0.2.1", f"10.0.2.{port - 80 + 50}", protocol, bytes.fromhex(head) + inner, df=True)
        for kind, code, rest in kinds:
            for cut in (12, 28, 100):
                quoted = outer[:20 + len(head) // 2 + cut]
                server.send(wire.icmp("10.0.2.55", "10.0.2.1", kind, code, quoted, rest))
                show(f"{kind}/{code} about a packet to port {port}, {cut} bytes of what is inside")
        for size in (1260, 1350):
            client.send(wire.tcp(wire.FAKE_CLIENT, 1000, wire.VIP, port, "A", bytes(size - 40), df=True))
            show(f"{size} bytes to port {port} after that", 60)
wire.run("sh", "-c", "echo 0 >/proc/sys/net/ipv4/vs/pmtu_disc")
for port, options in TUNNELS.items():
    client.send(wire.tcp(wire.FAKE_CLIENT, 1000, wire.VIP, port, "A", bytes(1460), df=True))
    show(f"without path MTU discovery: {options}", 60)
