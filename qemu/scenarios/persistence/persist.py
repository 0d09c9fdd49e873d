# SPDX-License-Identifier: GPL-2.0
"""Persistent services: prints the server of every connection, the templates and
the times they have left, for all kinds of services and changes of the rules.
FAMILY=6: over IPv6."""

import sys
import time

from lvs.cases import CASES, case, run
from lvs.family import wire

sides = wire.sides()
client = sides.client
VIP = ""
A, B, C = "10.0.1.50", "10.0.1.51", "10.0.1.200"
SERVERS = [f"10.0.2.5{n}" for n in range(4)]
source = iter(range(2000, 60000))


def sysctl(name, value):
    wire.run("sysctl", "-qw", f"net.ipv4.vs.{name}={value}")


def service(flag, name, *options):
    """A service with three servers; its name and its flag."""
    wire.ipvsadm("-A", flag, name, "-s", "rr", *options)
    for server in SERVERS[:3]:
        real = server if name.endswith((":21", ":0")) or flag == "-f" else f"{server}:8000"
        wire.ipvsadm("-a", flag, name, "-r", real, "-m")
    return flag, name


def connect(address, vport, flags=("S",), port=None):
    """Begins a connection; its key."""
    port = port or next(source)
    vip = VIP
    for flag in flags:
        client.send(wire.udp(address, port, vip, vport) if flag == "U" else wire.tcp(address, port, vip, vport, flag))
    return address, port, vip, vport


def servers(title, *keys):
    """Prints which server each of the connections reached."""
    found = {}
    for side, packet in sides.arrived():
        if side == "server":
            src, sport, dst, dport = wire.ports(packet)
            found[src, sport] = f"{dst}:{dport}"
    print(f"{title}:", *(found.get(key[:2], "none") for key in keys))


def entries():
    """The table. A reader may miss what is moved as ip_vs's table grows, so two readings."""
    found = wire.connections()
    time.sleep(0.05)
    return sorted((found | wire.connections()).items())


def templates(title, *expected):
    """Prints the templates; times as expected, if they can be after a slow test."""
    print(f"{title}:")
    for key, (server, port, state, left) in entries():
        if key[2:4] == (0, VIP):
            near = [time for time in expected if time - 15 <= left <= time]
            print("  ", *key, "->", server, port, state, f"at most {near[0]}" if near else left)


def listing(*what):
    for line in wire.ipvsadm("-Ln", *what).splitlines()[1:]:
        print("  ", line)


def clear():
    wire.ipvsadm("-C")


@case
def by_address():
    name = service("-t", f"{VIP}:80", "-p", "30")
    service("-u", f"{VIP}:53", "-p", "50")
    servers("one client", *(connect(A, 80) for _ in range(4)))
    servers("another", *(connect(B, 80, "SA") for _ in range(4)))
    servers("a third", connect(C, 80), connect(C, 80))
    servers("its queries", *(connect(C, 53, "U") for _ in range(3)))
    templates("templates", 30, 50)
    listing("--persistent-conn")
    listing()
    wire.ipvsadm("-E", *name, "-s", "rr", "-p", "100")
    servers("longer timeout", connect(A, 80), connect("10.0.1.52", 80))
    templates("longer timeout", 30, 50, 100)
    wire.ipvsadm("-E", *name, "-s", "rr", "-p", "70", "-M", "255.255.255.0")
    servers("a network", connect(A, 80), connect(B, 80), connect(C, 80))
    templates("a network", 30, 50, 70, 100)
    wire.ipvsadm("-E", *name, "-s", "rr")
    servers("no longer persistent", connect(A, 80), connect(A, 80), connect(B, 80))
    wire.ipvsadm("-E", *name, "-s", "rr", "-p", "80")
    servers("persistent again", connect(A, 80), connect(B, 80), connect(C, 80))
    listing("--persistent-conn")
    clear()


@case
def clock():
    """Times to a second: a new connection restarts them, nothing else does."""
    service("-t", f"{VIP}:87", "-p", "30")

    def left(title, began):
        passed = time.monotonic() - began
        seconds = [value[3] for key, value in entries() if key[2:4] == (0, VIP)]
        late = time.monotonic() - began
        right = all(30 - late - 1.2 <= each <= 30 - passed + 0.2 for each in seconds)
        print(f"{title}:", "right" if seconds and right else f"{seconds} after {passed:.2f} s")

    first = time.monotonic()
    held = connect(A, 87, "SA")
    sides.arrived()
    left("at first", first)
    time.sleep(2.3)
    client.send(wire.tcp(held[0], held[1], VIP, 87, "A"))
    sides.arrived()
    left("after a packet of its connection", first)
    client.send(wire.tcp(held[0], held[1], VIP, 87, "R"))
    sides.arrived()
    left("after the end of its connection", first)
    again = time.monotonic()
    connect(A, 87)
    sides.arrived()
    left("after another connection", again)
    clear()


@case
def masks():
    service("-t", f"{VIP}:81", "-p", "30", "-M", "255.255.255.240")
    servers("of 10.0.1.48/28", *(connect(f"10.0.1.{n}", 81) for n in (48, 50, 55, 62, 63)))
    servers("of 10.0.1.64/28", *(connect(f"10.0.1.{n}", 81) for n in (64, 70)))
    servers("of 10.0.1.192/28", *(connect(f"10.0.1.{n}", 81) for n in (200, 193)))
    templates("masks", 30)
    listing("--persistent-conn")
    clear()


@case
def ftp():
    service("-t", f"{VIP}:21", "-p", "30")
    control = connect(A, 21, "SA")
    servers("control", control, connect(B, 21))
    servers("data to other ports", *(connect(A, port) for port in (30000, 40000, 1024, 20)))
    servers("of the other client", *(connect(B, port) for port in (30001, 20)))
    servers("data first", connect(C, 33333), connect(C, 21))
    servers("no port of FTP", connect(A, 443), connect(A, 1023))
    servers("from the data port", connect(A, 30002, port=20))
    templates("ftp", 30)
    listing("--persistent-conn")
    clear()


@case
def any_port():
    service("-t", f"{VIP}:0", "-p", "30")
    service("-u", f"{VIP}:0", "-p", "60")
    service("-t", f"{VIP}:90", "-p", "90")
    servers("ports", *(connect(A, port) for port in (1, 80, 443, 50000)))
    servers("another client", *(connect(B, port) for port in (443, 80)))
    servers("udp", *(connect(B, port, "U") for port in (443, 80)))
    servers("a service of its own", *(connect(B, 90) for _ in range(2)))
    templates("any port", 30, 60, 90)
    listing("--persistent-conn")
    clear()


@case
def held():
    """Connections that outlive the timeout."""
    service("-t", f"{VIP}:82", "-p", "5")
    long = connect(A, 82, "SA")
    servers("long", long, connect(B, 82, ("S", "R")))
    templates("at first", 5)
    time.sleep(7.5)
    # It is looked at again after 60 s.
    print("a template is held:", sum(key[2] == 0 and key[1] == A and key[3] == VIP for key, _ in entries()))
    servers("same server", *(connect(A, 82) for _ in range(3)))
    clear()


@case
def assured():
    service("-u", f"{VIP}:54", "-p", "30")
    connect(A, 54, "U")
    connect(B, 54, "U")
    for side, packet in sides.arrived():
        src, sport, dst, dport = wire.ports(packet)
        if side == "server" and src == A:
            sides.server.send(wire.udp(dst, dport, src, sport, b"answer"))
    service("-t", f"{VIP}:83", "-p", "30")
    connect(A, 83, "SA")
    connect(B, 83, "S")
    sides.arrived()
    templates("assured by an answer or an established connection", 30)
    clear()


@case
def quiescent():
    name = service("-t", f"{VIP}:84", "-p", "30")
    first = connect(A, 84)
    servers("first", first, connect(B, 84), connect(C, 84))
    for server in SERVERS[:3]:
        wire.ipvsadm("-e", *name, "-r", f"{server}:8000", "-m", "-w", "0")
    servers("all quiescent: known clients", connect(A, 84), connect(B, 84), connect(C, 84))
    servers("all quiescent: an unknown one", connect("10.0.1.60", 84))
    templates("quiescent", 30)
    wire.ipvsadm("-e", *name, "-r", f"{SERVERS[1]}:8000", "-m", "-w", "1")
    sysctl("expire_quiescent_template", 1)
    servers("quiescent templates expire", connect(A, 84), connect(B, 84), connect(C, 84))
    print("valid templates:")
    for key, value in entries():
        # ip_vs keeps the invalid ones in the table until their time is over.
        if key[2:4] == (0, VIP) and value[1] != 0xFFFF:
            print("  ", *key, "->", *value[:3])
    wire.ipvsadm("-e", *name, "-r", f"{SERVERS[1]}:8000", "-m", "-w", "0")
    servers("nobody left", connect(A, 84), connect(B, 84))
    sysctl("expire_quiescent_template", 0)
    clear()


@case
def limits():
    """Servers overloaded and removed."""
    name = service("-t", f"{VIP}:85", "-p", "30")
    first = [connect(f"10.0.1.{n}", 85, "SA") for n in (48, 49, 50)]
    servers("first", *first)
    for server in SERVERS[:3]:
        wire.ipvsadm("-e", *name, "-r", f"{server}:8000", "-m", "-x", "2")
    servers("known clients of an overloaded server", *(connect(f"10.0.1.{n}", 85, "SA") for n in (48, 48, 49, 49, 50, 50)))
    servers("unknown clients", *(connect(f"10.0.1.{n}", 85) for n in (51, 52)))
    listing("--persistent-conn")
    listing("--thresholds")
    wire.ipvsadm("-d", *name, "-r", f"{SERVERS[0]}:8000")
    wire.ipvsadm("-a", *name, "-r", f"{SERVERS[3]}:8000", "-m")
    servers("after a server left", *(connect(f"10.0.1.{n}", 85, "SA") for n in (48, 49, 50, 48, 49, 50)))
    listing("--persistent-conn")
    wire.ipvsadm("-a", *name, "-r", f"{SERVERS[0]}:8000", "-m")
    servers("after it returned", *(connect(f"10.0.1.{n}", 85, "SA") for n in (48, 49, 50, 53, 54)))
    clear()


@case
def no_scheduler():
    name = service("-t", f"{VIP}:86", "-p", "30")
    servers("known", connect(A, 86))
    wire.ipvsadm("-E", *name, "-s", "none", "-p", "30")
    servers("without a scheduler: known, unknown", connect(A, 86), connect(B, 86))
    clear()


wire.run("ip", "route", "add", "local", "10.9.0.0/24", "dev", "lo")
# A reader may miss what a growing table moves.
wire.run("sysctl", "-qw", "net.ipv4.vs.conn_lfactor=4")
for number, name in enumerate(CASES):
    # An address of its own, so that nothing of the others is in the table.
    VIP = f"10.9.0.{number + 1}"
    if not sys.argv[1:] or name in sys.argv[1:]:
        print("==", name)
        run(name)
