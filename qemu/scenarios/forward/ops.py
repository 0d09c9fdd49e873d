# SPDX-License-Identifier: GPL-2.0
"""Prints which server each packet of services with one-packet scheduling reaches, what becomes of replies, what stays
in the table and what is counted."""

import time

from lvs import wire

sides = wire.sides()
SERVERS = [f"10.0.2.{host}" for host in range(50, 53)]
CLIENTS = [f"10.0.1.{host}" for host in (50, 51)]


def service(name, *options, at=None, method="-m"):
    flag = "-f" if name.isdigit() else "-u"
    wire.ipvsadm("-A", flag, name, "-s", "rr", *options)
    for server in SERVERS:
        wire.ipvsadm("-a", flag, name, "-r", server + (f":{at}" if at else ""), method)


def listing(title):
    """The table, and what the services counted."""
    print(title)
    with wire.Netns("director"), open("/proc/thread-self/net/ip_vs_conn", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    # All but the seconds left; several templates may differ in their Call-IDs alone. Invalid ones,
    # which ip_vs keeps until their time is over, have port FFFF.
    for row in sorted(row[:8] + row[9:] for row in rows if row[6] != "FFFF"):
        print("   ", *row)
    print(wire.ipvsadm("-Ln"), wire.ipvsadm("-Ln", "--stats", "--exact"), sep="")


def sip(call):
    lines = ("INVITE sip:b@example.com SIP/2.0", "Via: SIP/2.0/UDP a.example.com", f"Call-ID: {call}")
    return ("\r\n".join(lines) + "\r\nCSeq: 1 INVITE\r\n\r\n").encode()


VIP = wire.VIP
service(f"{VIP}:53", "-o", at=5353)
service(f"{VIP}:54", "-o", method="-g")
service(f"{VIP}:55", "-o", method="-i")
service(f"{VIP}:56", "-o", "-p", "60", at=56)
service("7", "-o")
wire.run("nft", "add table ip m; add chain ip m p { type filter hook prerouting priority mangle; }; "
         "add rule ip m p ip daddr 10.0.1.100 th dport 9000-9100 meta mark set 7")
for port in (53, 54, 55, 56, 9000):
    for number in range(6):
        sides.client.send(wire.udp(CLIENTS[number // 4], 1000, VIP, port, f"packet {number}".encode()))
        sides.show(f"packet {number} to port {port}")
sides.client.send(wire.udp(CLIENTS[0], 1000, VIP, 53, bytes(1000))[:1028])
sides.show("a large packet")
for number in range(2):
    sides.client.send(wire.tcp(CLIENTS[0], 1001, VIP, 9001, "S"))
    sides.show("TCP by mark: a connection as any other")
for server in SERVERS:
    sides.server.send(wire.udp(server, 5353, CLIENTS[0], 1000, b"reply"))
    sides.show(f"a reply of {server}")
sides.server.send(wire.icmp(SERVERS[0], CLIENTS[0], 3, 3, wire.udp(CLIENTS[0], 1000, SERVERS[0], 5353, b"packet")))
sides.show("an error of a server")
time.sleep(2.2)
listing("The table")

wire.ipvsadm("-C")
service(f"{VIP}:5060", "-o", "-p", "60", "--pe", "sip", at=5060)
for number in range(8):
    sides.client.send(wire.udp(CLIENTS[number % 2], 2000 + number, VIP, 5060, sip(f"call{number % 4}")))
    sides.show(f"message {number}")
for server in SERVERS:
    for call in ("call0", "call1", "new"):
        sides.server.send(wire.udp(server, 5060, CLIENTS[0], 2000, sip(call)))
        sides.show(f"a message of {server} of {call}")
time.sleep(2.2)
listing("Templates")

wire.ipvsadm("-C")
wire.run("sysctl", "-qw", "net.ipv4.vs.conn_max=0")
service(f"{VIP}:53", "-o", at=5353)
for limit in (0, 1, 1000):
    wire.run("sysctl", "-qw", f"net.ipv4.vs.conn_max={limit}")
    sides.client.send(wire.udp(CLIENTS[0], 1000, VIP, 53, b"limited"))
    sides.show(f"with at most {limit} connections")
wire.ipvsadm("-E", "-u", f"{VIP}:53", "-s", "wlc")
for number in range(3):
    sides.client.send(wire.udp(CLIENTS[0], 1000, VIP, 53, b"no longer"))
    sides.show("once it is a service as any other")
wire.ipvsadm("-E", "-u", f"{VIP}:53", "-s", "rr", "-o")
for number in range(3):
    sides.client.send(wire.udp(CLIENTS[0], 1000 + number // 2, VIP, 53, b"again"))
    sides.show("what is in the table stays until it ends")
