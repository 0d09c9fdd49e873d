# SPDX-License-Identifier: GPL-2.0
"""Packets that the balancer lets pass, and packets of servers that belong to nothing: prints what becomes of a
transparent cache's clients when there is no cache (cache_bypass), and of stray replies (nat_icmp_send).
FAMILY=6: over IPv6."""


from lvs import genl
from lvs.family import V6, wire

sides = wire.sides(errors=True) if V6 else wire.sides()
client, server, show = sides.client, sides.server, sides.show
A, VIP = "10.0.1.50", wire.VIP
ORIGIN, CACHE = "10.0.2.55", "10.0.2.50"
source = iter(range(2000, 60000))


def sysctl(name, value):
    wire.run("sysctl", "-qw", f"net.ipv4.vs.{name}={value}")


def table(title):
    print(title)
    for key, value in sorted(wire.connections().items()):
        print("   ", *key, "->", *value[:3])
    for line in wire.ipvsadm("-Ln").splitlines()[3:]:
        print("   ", line)


def bypass_dest():
    """A server of the mark whose forwarding method is bypass, which ipvsadm can't make."""
    with wire.Netns("director"):
        ipvs = genl.Genl()
    family = 10 if V6 else 2
    address = wire.text("10.0.2.51") if V6 else "10.0.2.51"
    service = genl.attr(1, genl.u16(1, family) + genl.u32(5, 1))
    dest = genl.attr(2, genl.address(1, address) + genl.be16(2, 0) + genl.u32(3, 4) + genl.u32(4, 1) + genl.u32(5, 0)
                     + genl.u32(6, 0))
    ipvs("add a server that is passed by", 5, service + dest)


# All that goes to the hosts behind the director is delivered to it, as to a transparent cache.
for line in ("ip rule add fwmark 1 lookup 100", "ip route add local default dev lo table 100"):
    print(wire.run(*line.split()), end="")
print(wire.run("nft", "add table ip marks; add chain ip marks in { type filter hook prerouting priority mangle; }; "
               f"add rule ip marks in ip daddr {{ {ORIGIN}, {VIP} }} meta mark set 1"), end="")
service = ("-f", "1")
wire.ipvsadm("-A", *service, "-s", "rr")


def begin(title, protocol="T", vip=ORIGIN, vport=80, **kwargs):
    port = next(source)
    make = wire.tcp(A, port, vip, vport, "S", **kwargs) if protocol == "T" else wire.udp(A, port, vip, vport, **kwargs)
    client.send(make)
    show(title)
    return port


begin("no server, no bypass")
sysctl("cache_bypass", 1)
first = begin("no server, bypass")
datagram = begin("no server, bypass, UDP", "U", vport=53)
table("connections")
server.send(wire.tcp(ORIGIN, 80, A, first, "SA"))
show("the origin's answer")
client.send(wire.tcp(A, first, ORIGIN, 80, "A", b"request"))
show("and on")
server.send(wire.udp(ORIGIN, 53, A, datagram, b"answer"))
show("the origin's datagram")
begin("to the director itself", vip=VIP)
begin("its last hop", ttl=1)
begin("its last hop but one", ttl=2)
table("connections after that")
wire.ipvsadm("-a", *service, "-r", CACHE, "-m")
client.send(wire.tcp(A, first, ORIGIN, 80, "A", b"request"))
show("a cache is there: the old connection")
begin("a cache is there: a new one")
wire.ipvsadm("-e", *service, "-r", CACHE, "-m", "-w", "0")
begin("the cache is quiescent")
sysctl("cache_bypass", 0)
client.send(wire.tcp(A, first, ORIGIN, 80, "FA"))
show("without bypass: the old connection")
begin("without bypass: a new one")
sysctl("cache_bypass", 1)
wire.run("ip", "link", "set", "back", "mtu", "1450")
for size in (1400, 1460):
    client.send(wire.tcp(A, first, ORIGIN, 80, "A", bytes(size - 40), df=True))
    show(f"{size} bytes")
wire.run("ip", "link", "set", "back", "mtu", "1500")
reply = wire.tcp(ORIGIN, 80, A, first, "A", bytes(60))
kind, code = (3, 1) if not V6 else (1, 0)
client.send(wire.icmp(A, ORIGIN, kind, code, reply))
show("an error about the origin's packet")
request = wire.tcp(A, first, ORIGIN, 80, "A", bytes(60))
server.send(wire.icmp(ORIGIN, A, kind, code, request))
show("an error about the client's packet")
sysctl("conn_max", 0)
begin("no room in the table")
sysctl("conn_max", 1 << 20)
wire.ipvsadm("-E", *service, "-s", "rr", "-o")
begin("one packet at a time, UDP", "U", vport=54)
begin("one packet at a time, TCP")
wire.ipvsadm("-E", *service, "-s", "rr", "-p", "60")
begin("persistent")
table("connections with all of these")
wire.ipvsadm("-d", *service, "-r", CACHE)
wire.ipvsadm("-E", *service, "-s", "rr")
sysctl("cache_bypass", 0)
bypass_dest()
passed = begin("a server that is passed by")
begin("a server that is passed by, to the director", vip=VIP)
server.send(wire.tcp(ORIGIN, 80, A, passed, "SA"))
show("the origin's answer")
client.send(wire.tcp(A, passed, ORIGIN, 80, "A"))
show("and on")
table("connections of it")
wire.ipvsadm("-C")
wire.ipvsadm("-A", "-t", f"{VIP}:80", "-s", "rr")
sysctl("cache_bypass", 1)
wire.run("nft", "delete table ip marks")
begin("a service by address is not passed by", vip=VIP)
wire.ipvsadm("-C")

print("== replies that belong to nothing")
wire.ipvsadm("-A", "-t", f"{VIP}:80", "-s", "rr")
wire.ipvsadm("-a", "-t", f"{VIP}:80", "-r", "10.0.2.50:8080", "-m")
wire.ipvsadm("-A", "-u", f"{VIP}:53", "-s", "rr")
wire.ipvsadm("-a", "-u", f"{VIP}:53", "-r", "10.0.2.50:5353", "-m")
wire.ipvsadm("-A", "-t", f"{VIP}:81", "-s", "rr")
wire.ipvsadm("-a", "-t", f"{VIP}:81", "-r", "10.0.2.51", "-g")
wire.ipvsadm("-A", "-f", "2", "-s", "rr")
wire.ipvsadm("-a", "-f", "2", "-r", "10.0.2.52:9090", "-m")
live = begin("a connection", vip=VIP)
STRAY = [(protocol, address, port) for protocol, address, port in (
    ("T", "10.0.2.50", 8080), ("U", "10.0.2.50", 5353), ("U", "10.0.2.50", 8080), ("T", "10.0.2.50", 5353),
    ("T", "10.0.2.50", 80), ("T", "10.0.2.51", 81), ("T", "10.0.2.52", 9090), ("U", "10.0.2.52", 9090))]
for on in (0, 1):
    sysctl("nat_icmp_send", on)
    for protocol, address, port in STRAY:
        for target in (A, "10.0.2.1"):
            for flags in ("SA", "A", "R", "RA", "FA") if (protocol, address, port) == STRAY[0] else ("A",):
                server.send(wire.tcp(address, port, target, 4000, flags) if protocol == "T" else
                            wire.udp(address, port, target, 4000, b"stray"))
                show(f"{on}: {protocol} {flags} from {address}:{port} to {target}")
    server.send(wire.tcp("10.0.2.50", 8080, A, live, "SA"))
    show(f"{on}: a reply of the connection")
    client.send(wire.tcp("10.0.2.50", 8080, VIP, 80 + on, "S"))
    show(f"{on}: the server as a client, from that port")
wire.ipvsadm("-d", "-t", f"{VIP}:80", "-r", "10.0.2.50:8080")
server.send(wire.tcp("10.0.2.50", 8080, A, 4000, "A"))
show("the server is none any more")
table("connections at the end")
