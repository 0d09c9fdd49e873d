# SPDX-License-Identifier: GPL-2.0
"""Prints what becomes of AH and ESP packets before and after a key exchange, of ICMP errors about them and about SCTP,
and of errors that begin connections."""


import transports as t
from lvs import wire
from lvs.cases import case, main
from transports import net

sides = t.sides()
client, server, show = sides.client, sides.server, sides.show
ISAKMP = 500
METHODS = {"nat": (f":{ISAKMP}", "-m"), "nat to another port": (":501", "-m"), "dr": ("", "-g"), "tun": ("", "-i")}


def add(flag, port, options, real, method):
    net.ipvsadm("-A", flag, f"{wire.VIP}:{port}", *options.split())
    if real:
        net.ipvsadm("-a", flag, f"{wire.VIP}:{port}", "-r", real, method)


def counted():
    """What the server has counted, which ip_vs says up to two seconds later."""
    before = None
    while True:
        line = net.ipvsadm("-Ln", "--stats").splitlines()[-1]
        if line == before and line.split()[2:] != ["0"] * 5:
            return line
        before = line
        wire.time.sleep(2.5)


def errors(title, address, inner, toward, kinds=((3, 4), (3, 3), (11, 0))):
    """Errors about a packet; those `toward` the client come from where servers are."""
    for kind, code in kinds:
        for size in (t.HEAD + 8, len(inner)):
            sender, router = (server, "10.0.2.55") if toward == "client" else (client, "10.0.1.55")
            sender.send(t.error(router, address, kind, code, inner[:size], 1200))
            show(f"{title}: {kind}/{code} about {size} bytes, toward the {toward}")


@case
def ipsec():
    for name, (port, method) in METHODS.items():
        net.ipvsadm("-C")
        t.put("expire_nodest_conn", 1)
        add("-u", ISAKMP, "-s rr", wire.FAKE_SERVER + port, method)
        to, back = (wire.FAKE_CLIENT, wire.VIP), (wire.FAKE_SERVER if method == "-m" else wire.VIP, wire.FAKE_CLIENT)
        client.send(wire_udp(wire.FAKE_CLIENT, 4000, wire.VIP, ISAKMP))
        show(f"{name}: a key exchange from another port")
        for when in ("before", "after"):
            if when == "after":
                client.send(wire_udp(wire.FAKE_CLIENT, ISAKMP, wire.VIP, ISAKMP))
                show(f"{name}: a key exchange")
            for packet, title in (
                (t.esp, "ESP"), (t.ah, "AH"), (lambda *ends: t.ah(*ends, inner=t.SCTP), "AH around SCTP"),
                (lambda *ends: t.esp(*ends, ttl=1), "ESP at its last hop"), (lambda *ends: t.esp(*ends, data=b""), "empty ESP"),
                (lambda *ends: t.ip(*ends, t.ESP, b""), "no ESP"), (lambda *ends: t.ip(*ends, t.AH, b"\x06"), "no AH"),
            ):
                client.send(packet(*to))
                show(f"{name}, {when} the exchange: {title} to the service")
                server.send(packet(*back))
                show(f"{name}, {when} the exchange: {title} from the server")
            if not t.V6:
                for offset, more in ((0, True), (16, True), (2000, False)):
                    client.send(t.esp(*to, data=b"fragment" * 2, offset=offset, more=more, ident=offset))
                    show(f"{name}, {when} the exchange: a fragment at {offset}")
                    server.send(t.esp(*back, data=b"fragment" * 2, offset=offset, more=more, ident=offset))
                    show(f"{name}, {when} the exchange: a fragment at {offset} from the server")
            inside = wire.FAKE_SERVER if method == "-m" else wire.VIP
            errors(f"{name}, {when} the exchange, ESP", wire.FAKE_CLIENT, t.esp(wire.FAKE_CLIENT, inside), "client")
            errors(f"{name}, {when} the exchange, ESP", wire.VIP, t.esp(wire.VIP, wire.FAKE_CLIENT), "server")
            errors(f"{name}, {when} the exchange, AH", wire.VIP, t.ah(wire.VIP, wire.FAKE_CLIENT), "server", [(3, 1)])
        t.begun(f"{name}:", [ISAKMP, 4000])
        if name == "nat":
            print(counted())
        net.ipvsadm("-d", "-u", f"{wire.VIP}:{ISAKMP}", "-r", wire.FAKE_SERVER + port)
        client.send(t.esp(*to))
        show(f"{name}: ESP when the server was removed")
        t.begun(f"{name}:", [ISAKMP])
        t.put("expire_nodest_conn", 0)


@case
def life():
    """ESP keeps the exchange's connection alive, in both directions."""
    net.ipvsadm("--set", "0", "0", "3")
    add("-u", ISAKMP, "-s rr", f"{wire.FAKE_SERVER}:{ISAKMP}", "-m")
    client.send(wire_udp(wire.FAKE_CLIENT, ISAKMP, wire.VIP, ISAKMP))
    for side in ("the client", "the server") * 4:
        wire.time.sleep(1)
        if side == "the client":
            client.send(t.esp(wire.FAKE_CLIENT, wire.VIP))
        else:
            server.send(t.esp(wire.FAKE_SERVER, wire.FAKE_CLIENT))
        t.begun(f"after ESP from {side}:", [ISAKMP])
    sides.arrived()


@case
def sctp():
    for name, (port, method) in {"nat": (":9900", "-m"), "dr": ("", "-g"), "tun": ("", "-i")}.items():
        net.ipvsadm("-C")
        t.put("expire_nodest_conn", 1)
        add("--sctp-service", 99, "-s rr", wire.FAKE_SERVER + port, method)
        client.send(t.sctp(wire.FAKE_CLIENT, 1000, wire.VIP, 99, "data"))
        client.send(t.sctp(wire.FAKE_CLIENT, 1000, wire.VIP, 99, "init"))
        show(f"{name}: an association")
        t.put("expire_nodest_conn", 0)
        ends = (wire.FAKE_SERVER, 9900) if method == "-m" else (wire.VIP, 99)
        errors(f"{name}, SCTP", wire.FAKE_CLIENT, t.sctp(wire.FAKE_CLIENT, 1000, *ends, "data"), "client")
        errors(f"{name}, SCTP", wire.VIP, t.sctp(wire.VIP, 99, wire.FAKE_CLIENT, 1000, "data"), "server")
        for size in (0, 3, 4):
            inner = t.sctp(wire.VIP, 99, wire.FAKE_CLIENT, 1000, "data")[:t.HEAD + size]
            client.send(t.error("10.0.1.55", wire.VIP, 3, 4, inner, 1200))
            show(f"{name}, SCTP: an error with {size} bytes of the header")
        client.send(t.error("10.0.1.55", wire.VIP, 3, 4, t.sctp(wire.VIP, 99, wire.FAKE_CLIENT, 1000, "data"), 1200, flip=0x55))
        show(f"{name}, SCTP: an error with a wrong checksum")
        t.begun(f"{name}:", [1000])


@case
def scheduled():
    """Errors about what a service sent to a client of whom nothing is known."""
    add("-t", 80, "-s rr", f"{wire.FAKE_SERVER}:8080", "-m")
    add("-u", 53, "-s rr", wire.FAKE_SERVER, "-g")
    add("--sctp-service", 99, "-s rr", f"{wire.FAKE_SERVER}:9900", "-m")
    add("-t", 81, "-s rr", wire.FAKE_SERVER, "-i")
    add("-t", 82, "-s rr -p 60", f"{wire.FAKE_SERVER}:82", "-m")
    add("-t", 83, "-s rr", None, None)
    add("-u", 84, "-s rr -o", f"{wire.FAKE_SERVER}:84", "-m")
    add("-u", 5060, "-s rr --pe sip -p 60", f"{wire.FAKE_SERVER}:5060", "-m")
    add("-t", 21, "-s rr -p 60", None, None)
    add("-u", ISAKMP, "-s rr", wire.FAKE_SERVER, "-m")
    makers = {"TCP": lambda port, cport: wire_tcp(wire.VIP, port, wire.FAKE_CLIENT, cport, "A"),
              "UDP": lambda port, cport: wire_udp(wire.VIP, port, wire.FAKE_CLIENT, cport),
              "SCTP": lambda port, cport: t.sctp(wire.VIP, port, wire.FAKE_CLIENT, cport, "data")}
    cport = 2000
    for value in (0, 1):
        t.put("schedule_icmp", value)
        for name, port in (("TCP", 80), ("UDP", 53), ("SCTP", 99), ("TCP", 81), ("TCP", 82), ("TCP", 83), ("UDP", 84),
                           ("UDP", 5060), ("TCP", 21), ("TCP", 2222), ("TCP", 9999)):
            for flip in (0x55, 0):
                cport += 1
                inner = makers[name](port, cport)
                client.send(t.error("10.0.1.55", wire.VIP, 3, 4, inner, 1200, flip=flip))
                show(f"schedule_icmp {value}: an error about {name} from {port}" + (", damaged" if flip else ""))
                t.begun("then:", [cport, 0])
                if not flip and name != "UDP":
                    # What its server sends finds the connection.
                    server.send(t.sctp(wire.FAKE_SERVER, 9900, wire.FAKE_CLIENT, cport, "cookie_ack") if name == "SCTP"
                                else wire_tcp(wire.FAKE_SERVER, 8080, wire.FAKE_CLIENT, cport, "A"))
                    show("the server's answer")
                    t.begun("then:", [cport])
        client.send(t.error("10.0.1.55", wire.VIP, 3, 4, makers["TCP"](80, 20), 1200))
        show("an error about data to FTP's data port")
        client.send(t.error("10.0.1.55", wire.VIP, 3, 4, t.esp(wire.VIP, wire.FAKE_CLIENT), 1200))
        show("an error about ESP")
        t.begun("then:", [ISAKMP, 20])
        if not t.V6:
            later = wire.ip(wire.VIP, wire.FAKE_CLIENT, wire.TCP, bytes(40), offset=1480)
            client.send(t.error("10.0.1.55", wire.VIP, 3, 4, later, 1200))
            show("an error about a later fragment")


@case
def sloppy():
    """What may begin a TCP connection, and what is left alone inside tunnels."""
    add("-t", 80, "-s rr", f"{wire.FAKE_SERVER}:8080", "-m")
    add("-u", 53, "-s rr", f"{wire.FAKE_SERVER}:5353", "-m")
    port = 2000
    for value in (0, 1):
        t.put("sloppy_tcp", value)
        for flags in ("S", "SA", "A", "F", "FA", "R", "RA", "SR", "P", "U"):
            port += 1
            client.send(wire_tcp(wire.FAKE_CLIENT, port, wire.VIP, 80, flags))
            show(f"sloppy_tcp {value}: {flags}")
            t.begun("then:", [port])
    if t.V6:
        return
    wire.run("ip", "link", "set", "tunl0", "up")
    wire.run("sysctl", "-qw", "net.ipv4.conf.tunl0.rp_filter=0", "net.ipv4.conf.all.rp_filter=0")
    for value in (0, 1, 0):
        t.put("ignore_tunneled", value)
        port += 1
        inner = wire.udp(wire.FAKE_CLIENT, port, wire.VIP, 53, b"inside")
        client.send(wire.ip(wire.FAKE_CLIENT, "10.0.1.1", wire.IPIP, inner))
        show(f"ignore_tunneled {value}: a request in a tunnel")
        client.send(wire.udp(wire.FAKE_CLIENT, port, wire.VIP, 53, b"outside"))
        show(f"ignore_tunneled {value}: a request")
        t.begun("then:", [port])


wire_tcp, wire_udp = net.tcp, net.udp
main()
