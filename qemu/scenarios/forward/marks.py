# SPDX-License-Identifier: GPL-2.0
"""Services by firewall mark over several addresses, ports and protocols: prints
every packet that arrives, the connections and the counts.  FAMILY=6: over IPv6."""


from lvs.family import wire

sides = wire.sides()
client = sides.client
A, B = "10.0.1.50", "10.0.1.51"
V1, V2, V3 = wire.VIP, "10.9.0.1", "10.9.0.2"
SERVERS = [f"10.0.2.5{n}" for n in range(3)]
source = iter(range(2000, 60000))
METHODS = {"-m": "Masq", "-g": "Route", "-i": "Tunnel"}


def nft(rules):
    text = wire.run("nft", "add table ip shop; add chain ip shop in { type filter hook prerouting priority -150; }; "
                    "flush chain ip shop in; " + "; ".join(f"add rule ip shop in {rule}" for rule in rules))
    if text:
        print("nft:", text)


def service(*name, options=(), method="-m", servers=SERVERS):
    wire.ipvsadm("-A", *name, "-s", "rr", *options)
    for server in servers:
        wire.ipvsadm("-a", *name, "-r", server, method)


def begin(title, *connections):
    """Begins connections (client, protocol, virtual address, port), each answered
    by its server; prints what both sides see."""
    for address, protocol, vip, vport in connections:
        make = wire.udp if protocol == "U" else wire.tcp
        client.send(make(address, next(source), vip, vport, *(() if protocol == "U" else ("S",))))
    for side, packet in sides.show(title):
        if side == "server" and wire.protocol(packet) in (wire.TCP, wire.UDP):
            src, sport, dst, dport = wire.ports(packet)
            if dst in SERVERS:
                answer = wire.udp(dst, dport, src, sport) if wire.protocol(packet) == wire.UDP else wire.tcp(dst, dport, src, sport, "SA")
                sides.server.send(answer)
    sides.show("   answers")


def table():
    # A reader may miss what is moved as ip_vs's table grows, so two readings.
    for key, value in sorted((wire.connections() | wire.connections()).items()):
        print("  ", *key, "->", *value[:3])
    print(*wire.ipvsadm("-Ln", "--persistent-conn").splitlines()[1:], sep="\n")


wire.run("ip", "route", "add", "local", "10.9.0.0/24", "dev", "lo")
# A reader may miss what a growing table moves.
wire.run("sysctl", "-qw", "net.ipv4.vs.conn_lfactor=4")
EVERYTHING = [
    "ip daddr 10.9.0.0/24 meta mark set 1",
    f"ip daddr {V1} tcp dport {{ 80, 443 }} meta mark set 1",
    f"ip daddr {V1} udp dport 53 meta mark set 1",
]
nft(EVERYTHING)
ALL = [(A, "T", V1, 80), (A, "T", V1, 443), (A, "U", V1, 53), (A, "T", V2, 80), (B, "T", V3, 9999), (B, "U", V3, 9999)]
OTHERS = [(A, "T", V1, 81), (A, "U", V1, 80)]

for method, name in METHODS.items():
    print("==", name)
    service("-f", "1", method=method)
    begin("marked", *ALL)
    begin("not marked", *OTHERS)
    table()
    wire.ipvsadm("-C")

print("== a server's own port")
wire.ipvsadm("-A", "-f", "1", "-s", "rr")
wire.ipvsadm("-a", "-f", "1", "-r", f"{SERVERS[0]}:8080", "-m")
begin("marked", *ALL)
wire.ipvsadm("-C")

print("== precedence")
service("-f", "1", servers=SERVERS[:1])
service("-t", f"{V1}:80", servers=SERVERS[1:2])
service("-t", f"{V1}:81", servers=SERVERS[1:2])
service("-u", f"{V1}:80", servers=SERVERS[2:])
begin("the mark comes first", *ALL[:3])
begin("no mark", *OTHERS)
nft(["ip daddr 10.0.1.100 meta mark set 77"])
begin("a mark without a service", *ALL[:3], *OTHERS)
nft(EVERYTHING)
wire.ipvsadm("-D", "-f", "1")
begin("after the mark's service is gone", *ALL[:3], *OTHERS)
wire.ipvsadm("-C")

print("== no server, quiescent servers")
wire.ipvsadm("-A", "-f", "1", "-s", "rr")
begin("no server", *ALL[:3])
wire.ipvsadm("-a", "-f", "1", "-r", SERVERS[0], "-m", "-w", "0")
begin("a quiescent one", *ALL[:3])
wire.ipvsadm("-C")

print("== persistent")
service("-f", "1", options=("-p", "60"))
begin("a shop", *((address, "T", V1, port) for address in (A, B, "10.0.1.52", "10.0.1.53") for port in (80, 443)))
begin("other addresses and protocols of it", *ALL)
table()
service("-t", f"{V1}:0", options=("-p", "50"))
begin("beside a service of any port", *ALL[:3], *OTHERS)
table()
wire.ipvsadm("-C")

print("== great marks")
nft([f"ip daddr {V1} meta mark set 0xffffffff", "ip daddr 10.9.0.0/24 meta mark set 0x80000000"])
service("-f", str(0xFFFFFFFF), options=("-p", "60"))
service("-f", str(0x80000000), servers=SERVERS[1:])
begin("both", *ALL)
table()
wire.ipvsadm("-C")
