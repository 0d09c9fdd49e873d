# SPDX-License-Identifier: GPL-2.0
"""Prints what becomes of SCTP packets, whole and cut, right and wrong, of services of every kind."""

import transports as t
from lvs import wire
from transports import net

sides = t.sides()
client, server, show = sides.client, sides.server, sides.show
SERVICES = {  # port: (scheduler and options, server, method)
    99: ("-s rr", f"{wire.FAKE_SERVER}:9900", "-m"),
    98: ("-s rr", f"{wire.FAKE_SERVER}:98", "-m"),
    97: ("-s rr", wire.FAKE_SERVER, "-g"),
    96: ("-s rr", wire.FAKE_SERVER, "-i"),
    95: ("-s rr -p 60", f"{wire.FAKE_SERVER}:9500", "-m"),
    0: ("-s rr -p 60", wire.FAKE_SERVER, "-m"),
    94: ("-s rr", None, None),
}
for port, (options, real, method) in SERVICES.items():
    net.ipvsadm("-A", "--sctp-service", f"{wire.VIP}:{port}", *options.split())
    if real:
        net.ipvsadm("-a", "--sctp-service", f"{wire.VIP}:{port}", "-r", real, method)


def to_service(port, vport, *chunks, **kwargs):
    client.send(t.sctp(wire.FAKE_CLIENT, port, wire.VIP, vport, *chunks, **kwargs))


def from_server(sport, port, *chunks, src=wire.FAKE_SERVER, **kwargs):
    server.send(t.sctp(src, sport, wire.FAKE_CLIENT, port, *chunks, **kwargs))


for vport, rport, src in ((99, 9900, wire.FAKE_SERVER), (98, 98, wire.FAKE_SERVER), (97, 97, wire.VIP), (96, 96, wire.VIP),
                          (95, 9500, wire.FAKE_SERVER), (1234, 1234, wire.FAKE_SERVER), (94, 94, wire.FAKE_SERVER)):
    for title, chunks, more in (
        ("an INIT", ("init",), {}), ("data", (t.chunk("data", bytes(range(256)) * 4),), {}),
        ("odd data", (t.chunk("data", b"abc"), b"\1"), {}), ("data with a wrong CRC", ("data",), {"crc": b"evil"}),
        ("no chunk", (), {}), ("its last hop", ("data",), {"ttl": 1}),
    ):
        to_service(1000 + vport, vport, *chunks, **more)
        show(f"{title} to {vport}")
        from_server(rport, 1000 + vport, *chunks, src=src, **more)
        show(f"{title} back from {rport}")
    t.begun(f"to {vport}:", [1000 + vport, 0])

for size in (0, 3, 4, 11, 12, 13, 15):
    for vport in (99, 97, 1):
        client.send(t.ip(wire.FAKE_CLIENT, wire.VIP, t.SCTP, t.sctp_packet(1099 if vport == 99 else 1097, vport, "data")[:size]))
        show(f"{size} bytes of SCTP to {vport}")
    server.send(t.ip(wire.FAKE_SERVER, wire.FAKE_CLIENT, t.SCTP, t.sctp_packet(9900, 1099, "data")[:size]))
    show(f"{size} bytes of SCTP from the server")

# Ports that are used again.
to_service(3000, 99, "init")
to_service(3000, 99, "abort")
t.begun("closed:", [3000])
net.ipvsadm("-a", "--sctp-service", f"{wire.VIP}:99", "-r", "10.0.2.52:9901", "-m", "-w", "50")
for mode in (0, 1):
    t.put("conn_reuse_mode", mode)
    to_service(3000, 99, "data")
    to_service(3000, 99, "init")
    show(f"an INIT over a closed association, conn_reuse_mode {mode}")
    t.begun("then:", [3000])
to_service(3000, 99, "init")
t.begun("an INIT over one that isn't closed:", [3000])
t.put("expire_nodest_conn", 1)
net.ipvsadm("-e", "--sctp-service", f"{wire.VIP}:99", "-r", "10.0.2.52:9901", "-m", "-w", "0")
to_service(3000, 99, "data")
t.begun("data when its server has weight 0:", [3000])
to_service(3000, 99, "init")
t.begun("an INIT when its server has weight 0:", [3000])
t.put("expire_nodest_conn", 0)
net.ipvsadm("-d", "--sctp-service", f"{wire.VIP}:98", "-r", f"{wire.FAKE_SERVER}:98")
to_service(1098, 98, "data")
show("data when its server was removed")

# Replies that nobody awaits: the server is told, but of an ABORT.
for on in (1, 0):
    t.put("nat_icmp_send", on)
    for chunks in (("data",), ("init_ack",), ("abort",), ("data", "abort"), ("cookie_echo", "abort"), ()):
        from_server(9900, 3999, *chunks)
        show(f"nat_icmp_send {on}: {'+'.join(chunks) or 'no chunk'} for nobody")

# Persistence and marks.
for port in (4000, 4001):
    to_service(port, 95, "init")
    from_server(9500, port, "init_ack")
    to_service(port, 95, "cookie_echo")
    t.begun("persistent, on the way:", [port, 0])
    from_server(9500, port, "cookie_ack")
    t.begun("persistent, established:", [port, 0])
sides.arrived()
wire.run("nft", "add table inet marks; add chain inet marks in { type filter hook prerouting priority -150; }; "
         "add rule inet marks in meta l4proto sctp sctp dport 7000-7010 meta mark set 5")
net.ipvsadm("-A", *net.rules("-f 5").split(), "-s", "rr")
net.ipvsadm("-a", *net.rules("-f 5").split(), "-r", wire.FAKE_SERVER, "-m")
for port in (7000, 7001):
    to_service(5000 + port, port, "init")
    from_server(port, 5000 + port, "init_ack")
    show(f"by mark, port {port}")
    t.begun("by mark:", [5000 + port])

# Hashing with the client's port.
wire.run("ipvsadm", "-C")
for scheduler, first in (("sh", 6000), ("mh", 6100)):
    ports = range(first, first + 40)
    net.ipvsadm("-A", "--sctp-service", f"{wire.VIP}:80", "-s", scheduler, "-b", f"{scheduler}-port")
    for number in range(4):
        net.ipvsadm("-a", "--sctp-service", f"{wire.VIP}:80", "-r", f"10.0.2.{50 + number}:80", "-m")
    for port in ports:
        to_service(port, 80, "init")
    table = t.settled()
    print(scheduler, *(table["SCTP", wire.FAKE_CLIENT, port, wire.VIP, 80][0] for port in ports))
    net.ipvsadm("-C")
sides.arrived()

if not t.V6:
    # Fragments, in any order.
    for vport, method in ((81, "-m"), (82, "-g")):
        net.ipvsadm("-A", "--sctp-service", f"{wire.VIP}:{vport}", "-s", "rr")
        net.ipvsadm("-a", "--sctp-service", f"{wire.VIP}:{vport}", "-r", wire.FAKE_SERVER + (":8100" if method == "-m" else ""), method)
        to_service(8000, vport, "init")
        show(f"an INIT to {vport}")
        for order in ([0, 1, 2], [2, 0, 1], [1, 2]):
            whole = t.sctp_packet(8000, vport, t.chunk("data", bytes(i % 251 for i in range(3500))))
            for at in (1480 * number for number in order):
                client.send(wire.ip(wire.FAKE_CLIENT, wire.VIP, t.SCTP, whole[at:at + 1480], ident=100 + vport * len(order) + order[0],
                                    offset=at, more=at + 1480 < len(whole)))
            parts = {}
            for _, packet in show(f"fragments {order} to {vport}"):
                parts[int.from_bytes(packet[6:8], "big") & 0x1FFF] = packet[20:int.from_bytes(packet[2:4], "big")]
            joined = b"".join(parts[at] for at in sorted(parts))
            if joined:
                print("   whole:", len(joined), "CRC", "good" if t.crc32c(joined[:8] + bytes(4) + joined[12:]) == joined[8:12] else "bad")
