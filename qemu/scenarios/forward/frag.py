# SPDX-License-Identifier: GPL-2.0
"""Prints what becomes of fragments of datagrams to and from a NAT and a DR
service."""

from lvs import wire

sides = wire.sides()
client, server = sides.client, sides.server
for method, port in (("-m", 53), ("-g", 54), ("-i", 55)):
    wire.ipvsadm("-A", "-u", f"{wire.VIP}:{port}", "-s", "rr")
    wire.ipvsadm("-a", "-u", f"{wire.VIP}:{port}", "-r", wire.FAKE_SERVER, method)


def fragments(src, sport, dst, dport, size, ident, step=1480):
    """The fragments of a datagram of that many bytes."""
    data = wire.udp_segment(src, sport, dst, dport, bytes(i % 251 for i in range(size)))
    return [
        wire.ip(src, dst, wire.UDP, data[at:at + step], ident=ident, offset=at, more=at + step < len(data))
        for at in range(0, len(data), step)
    ]


def show(title):
    # What left the director as several packets is put together again.
    data, last = {}, None
    for _, packet in sides.show(title):
        at = (int.from_bytes(packet[6:8], "big") & 0x1FFF) * 8
        data[at] = packet[(packet[0] & 15) * 4:int.from_bytes(packet[2:4], "big")]
        last = packet
    if last is not None and last[9] == wire.UDP:
        whole = b"".join(data[at] for at in sorted(data))
        head = wire.pseudo(*map(wire.socket.inet_ntoa, (last[12:16], last[16:20])), wire.UDP, len(whole))
        print("   whole:", len(whole), "bytes, checksum", "bad" if wire.checksum(head + whole) else "good")


for port in (53, 54, 55):
    for number, (name, order) in enumerate(
        {"in order": [0, 1, 2, 3, 4, 5], "last first": [5, 4, 3, 2, 1, 0], "mixed": [2, 0, 5, 1, 4, 3]}.items()
    ):
        parts = fragments(wire.FAKE_CLIENT, 1000, wire.VIP, port, 8192, 100 * port + number)
        for i in order:
            client.send(parts[i])
        show(f"8 kB to port {port}, {name}")
    client.send(wire.udp(wire.FAKE_CLIENT, 1000, wire.VIP, port, b"small"))
    show(f"a small one to port {port}")
    for part in fragments(wire.FAKE_CLIENT, 1001, wire.VIP, port, 8192, 7, 1480)[1:]:
        client.send(part)
    show(f"all but the first fragment to port {port}")
for name, order in {"in order": [0, 1, 2, 3, 4, 5], "last first": [5, 4, 3, 2, 1, 0]}.items():
    parts = fragments(wire.FAKE_SERVER, 53, wire.FAKE_CLIENT, 1000, 8192, 99 + len(name))
    for i in order:
        server.send(parts[i])
    show(f"8 kB from the server, {name}")
for part in fragments(wire.FAKE_CLIENT, 1005, wire.VIP, 53, 100, 8, 24):
    client.send(part)
show("a small datagram in tiny fragments")
