# SPDX-License-Identifier: GPL-2.0
"""Settings that change the way of a packet, each seen by what arrives: snat_reroute, ignore_tunneled, sloppy_tcp,
conn_reuse_mode, expire_nodest_conn, expire_quiescent_template, backup_only, and the servers' thresholds.
FAMILY=6: over IPv6."""

import time

from lvs.family import V6, wire

sides = wire.sides(errors=True) if V6 else wire.sides()
client, server, show = sides.client, sides.server, sides.show
A, VIP = "10.0.1.50", wire.VIP
SERVERS = [f"10.0.2.5{n}" for n in range(3)]
source = iter(range(2000, 60000))


def sysctl(name, value):
    wire.run("sysctl", "-qw", f"net.ipv4.vs.{name}={value}")


def service(flag, port, method, count=3, options=(), **settings):
    wire.ipvsadm("-A", flag, f"{VIP}:{port}", "-s", "rr", *options)
    for address in SERVERS[:count]:
        wire.ipvsadm("-a", flag, f"{VIP}:{port}", "-r", f"{address}:{port}", method,
                     *(word for item in settings.items() for word in item))


def entry(port, vport):
    """State and server of a client port's connection, once there is one entry: ip_vs takes its time to remove the old
    one."""
    while True:
        with wire.Netns("director"), open("/proc/thread-self/net/ip_vs_conn", encoding="ascii") as file:
            rows = [line.split() for line in file.readlines()[1:]]
        found = [row for row in rows if (int(row[2], 16), int(row[4], 16)) == (port, vport)]
        if len(found) == 1:
            # The address's last digit tells the server.
            return found[0][7], f"server {int(found[0][5][-2:], 16) % 50}"
        time.sleep(0.05)


def table(title):
    print(title)
    for key, value in sorted(wire.connections().items()):
        print("   ", *key, "->", *value[:3])


def request(port, vport, flags="S", data=b""):
    client.send(wire.tcp(A, port, VIP, vport, flags, data))


def answer(address, vport, port, flags):
    server.send(wire.tcp(address, vport, A, port, flags))


print("== snat_reroute: replies are routed by their new source")
service("-t", 80, "-m", 1)
request(1000, 80)
show("a connection")
for line in (f"rule add from {VIP} lookup 200", "route add 10.0.1.48/28 via 10.0.2.11 table 200"):
    print(wire.run("ip", *line.split()), end="")
for value in (1, 0, 1):
    sysctl("snat_reroute", value)
    answer(SERVERS[0], 80, 1000, "SA")
    show(f"a reply, {value}")
wire.run("ip", "rule", "del", "from", VIP, "lookup", "200")
wire.ipvsadm("-C")

print("== sloppy_tcp: what begins a connection")
service("-t", 81, "-m", 1)
for value in (0, 1):
    sysctl("sloppy_tcp", value)
    for flags in ("A", "FA", "PA", "R", "SR", "RA", "SA", "SF", ""):
        port = next(source)
        request(port, 81, flags)
        show(f"{value}: {flags or 'none'}")
    table(f"{value}: connections")
sysctl("sloppy_tcp", 0)
wire.ipvsadm("-C")

print("== conn_reuse_mode: a client's port is used again")
# What the client and the server send, and the state after it.
ENDS = {
    "open": ["c:S", "s:SA", "c:A"],
    "server closes first": ["c:S", "s:SA", "c:A", "s:FA", "c:A"],
    "client closes first": ["c:S", "s:SA", "c:A", "c:FA"],
    "TIME_WAIT": ["c:S", "s:SA", "c:A", "s:FA", "c:FA", "s:A"],
    "CLOSE": ["c:S", "s:SA", "c:A", "c:R"],
    "half open": ["c:S"],
}
service("-t", 82, "-m")
service("-t", 83, "-g")
service("-t", 84, "-m", options=("-p", "60"))
for mode in (1, 2, 3, 0, -1):
    sysctl("conn_reuse_mode", mode)
    for vport in (82, 83, 84):
        for name, events in ENDS.items():
            port, used = next(source), None
            for event in events:
                side, flags = event.split(":")
                if side == "c":
                    request(port, vport, flags)
                    arrived = sides.arrived()
                    used = used or wire.ports(arrived[0][1])[2]
                elif vport != 83:
                    answer(used, vport, port, flags)
                    sides.arrived()
            before = entry(port, vport)
            request(port, vport)
            if vport != 83:
                show(f"mode {mode}, port {vport}, {name}: {before[0]} of {before[1]}, a SYN")
            else:
                # Direct routing leaves the address; the listing tells the server.
                print(f"mode {mode}, port {vport}, {name}: {before[0]} of {before[1]}, a SYN reaches", len(sides.arrived()))
            after = entry(port, vport)
            print("    is", after[0], "of", after[1], "another" if after[1] != before[1] else "the same")
sysctl("conn_reuse_mode", 1)
wire.ipvsadm("-C")

print("== expire_nodest_conn: connections of a server that is removed or quiescent")
for value in (0, 1):
    sysctl("expire_nodest_conn", value)
    service("-t", 85, "-m", 2)
    service("-u", 85, "-m", 2)
    for number in range(4):
        request(3000 + number, 85)
        client.send(wire.udp(A, 3000 + number, VIP, 85))
    sides.arrived()
    for flag in ("-t", "-u"):
        wire.ipvsadm("-e", flag, f"{VIP}:85", "-r", f"{SERVERS[0]}:85", "-m", "-w", "0")
    for number in range(4):
        request(3000 + number, 85)
        client.send(wire.udp(A, 3000 + number, VIP, 85))
        show(f"{value}: quiescent, connection {number} again")
    for flag in ("-t", "-u"):
        wire.ipvsadm("-d", flag, f"{VIP}:85", "-r", f"{SERVERS[1]}:85")
    # ip_vs has another thread end the connections.
    time.sleep(0.5)
    table(f"{value}: connections after a removal")
    for flag in ("-t", "-u"):
        wire.ipvsadm("-a", flag, f"{VIP}:85", "-r", f"{SERVERS[2]}:85", "-m")
    for number in range(4):
        request(3000 + number, 85, "A")
        client.send(wire.udp(A, 3000 + number, VIP, 85))
        show(f"{value}: a server was removed, connection {number}")
    wire.ipvsadm("-C")
    for number in range(4):
        request(3000 + number, 85, "A")
        client.send(wire.udp(A, 3000 + number, VIP, 85))
    show(f"{value}: the service was removed")
    # Those that are left belong to no service.
    time.sleep(0.5)
    table(f"{value}: connections after the service's removal")
sysctl("expire_nodest_conn", 0)

print("== expire_quiescent_template: clients of a server of weight 0")
service("-t", 86, "-m", 2, options=("-p", "60"))
for value in (0, 1):
    sysctl("expire_quiescent_template", value)
    for address in SERVERS[:2]:
        wire.ipvsadm("-e", "-t", f"{VIP}:86", "-r", f"{address}:86", "-m", "-w", "1")
    request(next(source), 86)
    first = wire.ports(sides.arrived()[0][1])[2]
    wire.ipvsadm("-e", "-t", f"{VIP}:86", "-r", f"{first}:86", "-m", "-w", "0")
    for number in range(2):
        request(next(source), 86)
        second = wire.ports(sides.arrived()[0][1])[2]
        print(f"{value}: the client of a quiescent server goes to", "it" if second == first else "another")
sysctl("expire_quiescent_template", 0)
wire.ipvsadm("-C")

print("== thresholds: a server takes no more, until enough have gone")
for lower, left in (("0", 3), ("0", 2), ("2", 2), ("2", 1), ("3", 2)):
    port = 90 + 5 * int(lower) + left
    wire.ipvsadm("-A", "-u", f"{VIP}:{port}", "-s", "rr")
    wire.ipvsadm("-a", "-u", f"{VIP}:{port}", "-r", f"{SERVERS[0]}:{port}", "-m", "-x", "4", "-y", lower)

    def connect(title, life):
        wire.ipvsadm("--set", "0", "0", str(life))
        client.send(wire.udp(A, next(source), VIP, port))
        show(f"thresholds 4 and {lower}: {title}")

    for number in range(4):
        connect(f"connection {number}", 300 if number < left else 4)
    connect("one too many", 300)

    def inactive():
        lines = wire.ipvsadm("-Ln", "-u", f"{VIP}:{port}").splitlines()
        return int(lines[-1].split()[-1])

    while inactive() > left:
        time.sleep(0.1)
    connect(f"{left} are left", 300)
    connect("another", 300)
    wire.ipvsadm("-e", "-u", f"{VIP}:{port}", "-r", f"{SERVERS[0]}:{port}", "-m", "-x", "0")
    connect("without thresholds", 300)
    wire.ipvsadm("-e", "-u", f"{VIP}:{port}", "-r", f"{SERVERS[0]}:{port}", "-m", "-x", "3", "-y", "1")
    connect("with lower ones", 300)
wire.ipvsadm("-C")

if not V6:
    print("== ignore_tunneled: what comes out of a tunnel of others")
    service("-t", 87, "-m", 1)
    wire.run("ip", "link", "set", "tunl0", "up")
    for name in ("tunl0", "all"):
        wire.run("sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter=0")
    for value in (0, 1):
        sysctl("ignore_tunneled", value)
        inside = wire.tcp(A, next(source), VIP, 87, "S")
        client.send(wire.ip(A, "10.0.1.1", wire.IPIP, inside))
        show(f"{value}: a SYN inside of a packet to the director")
    sysctl("ignore_tunneled", 0)
    wire.ipvsadm("-C")

print("== backup_only: a director that is a backup")
service("-t", 88, "-m", 1)
request(4000, 88)
show("a connection")
sysctl("backup_only", 1)
request(4000, 88, "A")
show("without a daemon it goes on")
answer(SERVERS[0], 88, 4000, "SA")
show("its reply")
wire.ipvsadm("--start-daemon", "backup", "--mcast-interface", "front")
request(4000, 88, "A")
show("with a backup daemon it is left alone")
request(4001, 88)
show("and so is one that begins")
answer(SERVERS[0], 88, 4000, "A")
show("a reply is translated")
sysctl("backup_only", 0)
request(4000, 88, "A")
show("without the setting it goes on")
sysctl("backup_only", 1)
while "Interrupted" in wire.run("ipvsadm", "--stop-daemon", "backup", netns="director"):
    pass
request(4000, 88, "A")
show("without the daemon as well")
sysctl("backup_only", 0)
