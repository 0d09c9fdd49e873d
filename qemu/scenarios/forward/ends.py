# SPDX-License-Identifier: GPL-2.0
"""Connections whose ends lie in unusual places: clients and servers on the director, and clients in the servers'
network, by each forwarding method. Prints who answered whom, and the entries that this left.
FAMILY=6: over IPv6, also link-local clients and services.

ends.py serve NAME   answer on all ports with the name and both addresses
ends.py              the trace"""

import concurrent.futures
import errno
import os
import selectors
import socket
import struct
import sys
import time

PORTS = range(9000, 9060)


def serve(name):
    chooser = selectors.DefaultSelector()
    for port in PORTS:
        chooser.register(
            socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True), selectors.EVENT_READ)
    print("serving", flush=True)
    while True:
        for key, _ in chooser.select():
            peer, address = key.fileobj.accept()
            with peer:
                peer.settimeout(2 * int(os.environ.get("SLOW", "1")))
                try:
                    peer.recv(100)
                    ends = peer.getsockname()[:2], address[:1]
                    peer.sendall(f"{name} at {ends[0][0]}:{ends[0][1]} to {ends[1][0]}".encode())
                except OSError:
                    pass


if sys.argv[1:2] == ["serve"]:
    serve(sys.argv[2])

# Which prepares the network for IPv6; servers do without.
from lvs.family import V6, wire  # noqa: E402

VIP, DIRECTOR = wire.VIP, "10.0.2.1"
RS1, RS2, RS3 = "10.0.2.11", "10.0.2.12", "10.0.2.13"
LOOPBACK = "::1" if V6 else "127.0.0.1"
vports = iter(PORTS)


def text(address):
    return wire.text(address) if V6 and ":" not in address else address


def ask(netns, port, source=None):
    """What a client there is answered at VIP:port."""
    with wire.Netns(netns):
        client = socket.socket(socket.AF_INET6 if V6 else socket.AF_INET)
    with client:
        # Some wait in vain.
        client.settimeout(min(5 * wire.SLOW, 20))
        try:
            if source:
                client.bind((text(source), 0))
            client.connect((text(VIP), port))
            client.sendall(b"?")
            answer = b"".join(iter(lambda: client.recv(200), b""))
            return answer.decode()
        except TimeoutError:
            return "nothing"
        except OSError as error:
            return errno.errorcode[error.errno]


def entries(port):
    """The connections to a port of the virtual address, without what each client chose."""
    with wire.Netns("director"), open("/proc/thread-self/net/ip_vs_conn", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    # The last segments of a connection may pass each other.
    for row in rows:
        row[7] = "over" if row[7] in ("FIN_WAIT", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK") else row[7]
    return sorted(" ".join((row[0], row[1], *row[3:8])) for row in rows if int(row[4], 16) == port)


CASES = []


def case(title, server, method, clients):
    """Services with one server, one for each client (namespace, source)."""
    for source in clients:
        netns, address = source if isinstance(source, tuple) else (source, None)
        port = next(vports)
        wire.ipvsadm("-A", "-t", f"{VIP}:{port}", "-s", "rr")
        wire.ipvsadm("-a", "-t", f"{VIP}:{port}", "-r", f"[::1]:{port}" if server == "::1" else server, method)
        CASES.append((f"{title} {method}, client on {netns}{' ' + address if address else ''}", netns, port, address))


def ask_all():
    """All clients at once: many wait in vain."""
    with concurrent.futures.ThreadPoolExecutor(len(CASES)) as pool:
        answers = list(pool.map(lambda case: ask(*case[1:]), CASES))
    before = None
    while (now := [entries(port) for _, _, port, _ in CASES]) != before:
        before = now
        time.sleep(0.2)
    for (title, *_), answer, rows in zip(CASES, answers, now):
        print(f"{title}: {answer}", *rows, sep="\n    ")
    CASES.clear()


for method in ("-m", "-g", "-i"):
    case("a server", RS1 if method == "-m" else RS2, method, ["client", "director", ("director", VIP)])
case("a server", RS1, "-m", [("director", LOOPBACK)])
for method in ("-m", "-g", "-i"):
    case("the director", DIRECTOR, method, ["client", "director", "rs1"])
    case("the virtual address", VIP, method, ["client", "director"])
case("another port of the director", f"{DIRECTOR}:9059", "-m", ["client", "director", "rs1"])
case("loopback", LOOPBACK, "-m", ["client", "director", ("director", LOOPBACK)])
# In the servers' network: a server answers its neighbour itself, which expects the virtual address.
case("a neighbour", RS1, "-m", ["rs3", "rs1"])
case("a neighbour", RS2, "-g", ["rs3"])
case("a neighbour", RS2, "-i", ["rs3"])
ask_all()
wire.run("ip", "route", "add", f"{RS3}/32", "via", DIRECTOR, netns="rs1")
case("a neighbour by way of the director", RS1, "-m", ["rs3"])
ask_all()

if V6:
    sides = wire.sides(errors=True)

    def between(packet, source=None, target=None):
        """The packet with other addresses of 16 bytes."""
        source, target = source or packet[8:24], target or packet[24:40]
        body = packet[40:56] + b"\0\0" + packet[58:]
        total = wire.checksum(source + target + struct.pack("!II", len(body), wire.TCP) + body)
        return packet[:8] + source + target + body[:16] + struct.pack("!H", total) + body[18:]

    def link_local(netns, device):
        with wire.Netns(netns), open("/proc/thread-self/net/if_inet6", encoding="ascii") as file:
            rows = [line.split() for line in file]
        return next(bytes.fromhex(row[0]) for row in rows if row[5] == device and row[3] == "20")

    def hide(line):
        """Link-local addresses are made of random MAC addresses."""
        return wire.re.sub(r"fe80::[0-9a-f]+:[0-9a-f:]+", "fe80::X", line)

    def show(title):
        print(title)
        for side, packet in sides.arrived():
            print("   at the", side, hide(wire.describe(packet)))

    own = link_local("client", "eth0")
    for port, method in ((9050, "-m"), (9051, "-g"), (9052, "-i")):
        wire.ipvsadm("-A", "-t", f"{VIP}:{port}", "-s", "rr")
        wire.ipvsadm("-a", "-t", f"{VIP}:{port}", "-r", "10.0.2.50", method)
        sides.client.send(between(wire.tcp("10.0.1.50", 1000, VIP, port, "S"), source=own))
        show(f"a link-local client, {method}")
    virtual = socket.inet_pton(socket.AF_INET6, "fe80::100")
    print(wire.wire.run("ip", "addr", "add", "fe80::100/64", "dev", "front", "nodad"), end="")
    print(wire.wire.ipvsadm("-A", "-t", "[fe80::100]:9053", "-s", "rr"), end="")
    print(wire.wire.ipvsadm("-a", "-t", "[fe80::100]:9053", "-r", f"[{text('10.0.2.50')}]:9053", "-m"), end="")
    print(wire.wire.ipvsadm("-a", "-t", "[fe80::100]:9053", "-r", "[fe80::2]:9053", "-m"), end="")
    with wire.Netns("client"):
        index = socket.if_nametoindex("eth0")
    for source in (own, wire.packed("10.0.1.50")):
        packet = between(wire.tcp("10.0.1.50", 1001, VIP, 9053, "S"), source, virtual)
        sides.client.socket.sendto(packet, ("fe80::100", 0, 0, index))
        show(f"to a link-local service, from {hide(wire.name(source))}")
    for port in (9050, 9051, 9052, 9053):
        for row in entries(port):
            print("   ", wire.re.sub("fe80:0000:0000:0000(:[0-9a-f]{4}){4}", "fe80::X", row))
