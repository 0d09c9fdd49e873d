#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Servers that are drained: their clients, and what the listings say meanwhile."""

import contextlib
import errno
import json
import os
import socket
import struct
import threading

from lvs.checks import SLOW, check, heading, poll, run
from lvs.genl import (CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_CMD_GETFAMILY, GENL_ID_CTRL, Genl, address,
                      attr, be16, parse, text, u8, u16, u32)
from lvs.wire import Capture, Netns

STOCK, OURS = os.environ["STOCK"], os.environ["OURS"]
TCP, UDP = (socket.SOCK_STREAM, 0), (socket.SOCK_DGRAM, 0)
SCTP = (socket.SOCK_STREAM, socket.IPPROTO_SCTP)
OPTION = {TCP: "-t", UDP: "-u", SCTP: "--sctp-service"}
TCP_REPAIR = 19
V4 = {"vip": "10.0.1.100", "rs1": "10.0.2.11", "rs2": "10.0.2.12"}
V6 = {"vip": "2001:db8:1::100", "rs1": "2001:db8:2::11", "rs2": "2001:db8:2::12"}
SERVERS = ("rs1", "rs2")
CLIENT = "10.0.1.10"


class Server:
    """Answers each message with the name of its host, over TCP and UDP, or over SCTP, at one port."""

    def __init__(self, name, address, port, kind):
        self.name, self.taken = name, []
        with Netns(name):
            if kind == SCTP:
                # An association has all addresses that its socket is bound to.
                self.listener = socket.socket(socket.AF_INET, *SCTP)
                self.listener.bind((address, port))
                self.listener.listen()
            else:
                self.listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
                self.datagrams = socket.socket(socket.AF_INET6, *UDP)
                self.datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
                self.datagrams.bind(("::", port))
                threading.Thread(target=self.answer, daemon=True).start()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, peer = self.listener.accept()
            self.taken.append((connection, peer[1]))
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError):
            while connection.recv(100):
                connection.sendall(self.name.encode())
            connection.close()

    def answer(self):
        while True:
            # From the address that was asked, which may be the service's.
            _, to, _, peer = self.datagrams.recvmsg(100, 100)
            self.datagrams.sendmsg([self.name.encode()], to, 0, peer)

    def connection_of(self, port):
        return next(connection for connection, other in reversed(self.taken) if other == port)


class Client:
    """A client's socket, which may be asked who serves it."""

    def __init__(self, target, kind=TCP, port=0):
        family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
        with Netns("client"):
            self.socket = socket.socket(family, *kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.settimeout(10 * SLOW)
        self.socket.bind((CLIENT if kind == SCTP else "", port))
        self.socket.connect(target)
        self.port = self.socket.getsockname()[1]

    def ask(self):
        try:
            self.socket.send(b"who")
            return self.socket.recv(100).decode() or "end"
        except ConnectionResetError:
            return "reset"

    def close(self):
        self.socket.close()

    def vanish(self):
        """Nobody is told."""
        self.socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        self.socket.close()


class Service:
    """A service of two servers, in turn."""

    ports = iter(range(8000, 9000))

    def __init__(self, addresses=V4, kind=TCP, method="-m", options=("-s", "rr"), mark=None):
        self.addresses, self.kind, self.port, self.mark = addresses, kind, next(self.ports), mark
        self.target = (addresses["vip"], self.port)
        self.servers = {name: Server(name, addresses[name], self.port, kind) for name in SERVERS}
        self.words = [OPTION[kind], self.end("vip")]
        if mark:
            self.words = ["-f", str(mark)]
            run("nft", f"""table ip mark{mark} {{
                chain incoming {{
                    type filter hook prerouting priority mangle
                    ip daddr {addresses["vip"]} tcp dport {self.port} meta mark set {mark}
                }}
            }}""")
        run(STOCK, "-A", *self.words, *options)
        for name in SERVERS:
            run(STOCK, "-a", *self.of(name), method, "-w", "1")

    def end(self, name):
        address = self.addresses[name]
        return f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"

    def of(self, name):
        return [*self.words, "-r", self.end(name)]

    def drain(self, *options, status=0):
        return run(OURS, "drain", *self.of("rs1"), *options, status=status)

    def undrain(self):
        run(OURS, "undrain", *self.of("rs1"))

    def client(self, port=0):
        return Client(self.target, self.kind, port)

    def client_of(self, name):
        """A client that this server serves."""
        while True:
            client = self.client()
            if client.ask() == name:
                return client
            client.close()

    def new_clients(self, count=6):
        """Who serves so many of them."""
        names = set()
        for _ in range(count):
            client = self.client()
            names.add(client.ask())
            client.close()
        return names

    def listed(self, *options):
        document = json.loads(run(OURS, "-L", "--json", *options))
        name = ("fwmark", self.mark) if self.mark else ("port", self.port)
        service = next(one for one in document["services"] if one.get(name[0]) == name[1])
        return next(one for one in service["servers"] if one["address"] == self.addresses["rs1"])

    def is_over(self):
        return self.listed().get("drain", {}).get("over")

    def stock_weight(self):
        rows = run(STOCK, "-Ln", *self.words).splitlines()
        return next(row.split()[3] for row in rows if self.end("rs1") in row)

    def entries(self):
        """Entries that go to rs1."""
        rows = json.loads(run(OURS, "-Lc", "--json"))["connections"]
        return [row for row in rows
                if row["virtual_port"] == self.port and row["server_address"] == self.addresses["rs1"]]


def until_none_is_left(name, **options):
    heading(f"{name}: until none is left")
    service = Service(**options)
    known = service.client_of("rs1")
    service.drain()
    check("stock ipvsadm shows weight 0", service.stock_weight() == "0")
    seen = service.listed()
    check("the listing says that it is drained", seen["state"] == "draining" and seen["weight"] == 0
          and seen["drain"]["weight"] == 1 and not seen["drain"]["over"], seen)
    check("new clients go elsewhere", service.new_clients() == {"rs2"})
    check("the known one stays", known.ask() == "rs1")
    if service.kind == UDP:
        # Nothing says that it is over but that it is silent for its timeout.
        run(STOCK, "--set", "0", "0", "2")
        check("it stays with shorter timeouts, too", known.ask() == "rs1")
        poll("it ends when nothing came for the timeout", service.is_over, 20)
        run(STOCK, "--set", "0", "0", "300")
    else:
        if options.get("method", "-m") != "-m":
            # The director doesn't see that the server closes.
            run(STOCK, "--set", "0", "1", "0")
        known.close()
        poll("it ends with its last connection", service.is_over, 20)
        run(STOCK, "--set", "0", "120", "0")
    check("it is quiescent then", service.listed()["state"] == "quiescent")
    check("and gets no clients", service.new_clients() == {"rs2"})
    service.undrain()
    check("it returns with its weight", service.stock_weight() == "1")
    check("and with clients", service.new_clients() == {"rs1", "rs2"})
    seen = service.listed()
    check("and is as it was", seen["state"] == "active" and "drain" not in seen, seen)


def errors_at(name, address):
    """What tells a host that nobody is there: ICMP, port unreachable."""
    return Capture(name, wanted=lambda packet: packet[9] == 1 and packet[16:20] == socket.inet_aton(address)
                   and packet[20:22] == b"\3\3")


def deadline_resets():
    heading("At the deadline clients and servers are reset")
    service = Service()
    known = [service.client_of("rs1") for _ in range(2)]
    direct = Client((V4["rs1"], service.port))
    check("a client of the server itself", direct.ask() == "rs1")
    service.drain("--for", "1s", "--then", "reset", "--wait")
    check("no entry is left", service.entries() == [], service.entries())
    check("the client's next packet is answered with a reset", known[0].ask() == "reset")
    its_own = service.servers["rs1"].connection_of(known[1].port)
    its_own.sendall(b"more")

    def is_reset():
        try:
            its_own.send(b"more")
            return False
        except (ConnectionResetError, BrokenPipeError):
            return True

    poll("so is the server's", is_reset, 10)
    check("the client of the server itself isn't", direct.ask() == "rs1")
    check("the other's is, too", known[1].ask() == "reset")


def deadline_resets_v6():
    heading("The same over IPv6")
    service = Service(addresses=V6)
    known = service.client_of("rs1")
    service.drain("--for", "1s", "--then", "reset", "--wait")
    check("the client's next packet is answered with a reset", known.ask() == "reset")


def deadline_forgets_or_keeps():
    heading("At the deadline connections are forgotten, or go on")
    service = Service()
    known = service.client_of("rs1")
    service.drain("--for", "1s", "--then", "forget", "--wait")
    check("a connection that was forgotten doesn't go on", known.ask() != "rs1")
    check("no entry is left", service.entries() == [], service.entries())
    service = Service()
    known = service.client_of("rs1")
    service.drain("--for", "1s", "--then", "keep", "--wait", status=1)
    check("the status says that some are left", True)
    check("it goes on", known.ask() == "rs1")
    check("it takes no others", service.new_clients() == {"rs2"})
    service = Service(kind=UDP)
    known = service.client_of("rs1")
    service.drain("--for", "1s", "--then", "reset", "--wait")
    check("a client of UDP goes on elsewhere", known.ask() == "rs2")
    told = errors_at("rs1", V4["rs1"])
    server = service.servers["rs1"].datagrams
    server.sendto(b"more", (f"::ffff:{CLIENT}", known.port))
    check("its server that goes on is told", told.next() is not None)


def deadline_of_marks_and_sctp():
    heading("At the deadline, a service by mark, and SCTP")
    service = Service(mark=10)
    known = service.client_of("rs1")
    service.drain("--for", "1s", "--then", "reset", "--wait")
    check("no entry is left", service.entries() == [], service.entries())
    check("the client's next packet is answered with a reset", known.ask() == "reset")
    service = Service(kind=SCTP)
    known = service.client_of("rs1")
    service.drain("--for", "1s", "--then", "keep", "--wait", status=1)
    check("an association goes on", known.ask() == "rs1")
    check("its server takes no others", service.new_clients() == {"rs2"})
    service.drain("--for", "1s", "--then", "forget", "--wait")
    check("it is forgotten", service.entries() == [], service.entries())
    service.undrain()
    known = service.client_of("rs1")
    service.drain("--for", "1s", "--then", "reset", "--wait")
    check("no entry is left", service.entries() == [], service.entries())
    told = errors_at("client", CLIENT)
    known.socket.send(b"who")
    check("its client is told", told.next() is not None)
    told = errors_at("rs1", V4["rs1"])
    service.servers["rs1"].connection_of(known.port).send(b"more")
    check("and its server", told.next() is not None)


def persistence():
    heading("Persistent clients")
    for where, then in (("move", "rs2"), ("keep", "rs1")):
        service = Service(options=("-s", "rr", "-p", "300"))
        first = service.client()
        if first.ask() != "rs1":
            # The client is held by the other one: that is drained first, so that it moves.
            run(OURS, "drain", *service.of("rs2"))
            check("the client moves", service.client().ask() == "rs1")
            run(OURS, "undrain", *service.of("rs2"))
        known = service.client()
        check("the client is held", known.ask() == "rs1")
        service.drain("--persistent", where)
        check(f"{where}: its next connection", service.client().ask() == then)
        check(f"{where}: its connection", known.ask() == "rs1")


def a_port_is_used_again():
    heading("A client uses its port again")
    service = Service()
    known = service.client_of("rs1")
    known.vanish()
    service.drain()
    again = service.client(known.port)
    check("it isn't led back by its old entry", again.ask() == "rs2")


def others_change_the_weight():
    heading("A stock client changes the server meanwhile")
    service = Service()
    known = service.client_of("rs1")
    service.drain("--for", "600s", "--then", "reset")
    listed = service.listed()["drain"]
    check("the time that is left is told", 0 < listed["seconds_left"] <= 600, listed)
    overview = run("cat", "/proc/net/lvs")
    check("/proc/net/lvs tells it", "draining" in overview and "then reset" in overview, overview)
    run(STOCK, "-e", *service.of("rs1"), "-m", "-w", "5")
    check("another weight ends no drain", service.stock_weight() == "0")
    check("nor does it bring clients", service.new_clients() == {"rs2"})
    run(STOCK, "-e", *service.of("rs1"), "-m", "-w", "0")
    check("weight 0 neither", service.listed()["state"] == "draining")
    run(STOCK, "-e", *service.of("rs1"), "-m", "-w", "7")
    document = run(OURS, "-L", "--json")
    check("what is listed can be applied", run(OURS, "apply", "-", "--dry-run", input=document) == "")
    service.undrain()
    check("it returns with the last one", service.stock_weight() == "7")
    service.drain()
    run(STOCK, "-d", *service.of("rs1"))
    run(STOCK, "-a", *service.of("rs1"), "-m", "-w", "2")
    check("one that is removed and added isn't drained", service.stock_weight() == "2")
    check("its connection is still there", known.ask() == "rs1")
    run(OURS, "undrain", *service.of("rs1"))
    said = run(OURS, "drain", *service.words, "-r", "10.9.9.9", status=255)
    check("an unknown server is refused", "No such destination" in said, said)


def refusals():
    heading("What makes no sense is refused")
    service = Service()
    with Netns("director"):
        genl = Genl()
    _, replies = genl.request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, text(CTRL_ATTR_FAMILY_NAME, "LVS"))
    family = struct.unpack("H", dict(parse(replies[0][3]))[CTRL_ATTR_FAMILY_ID])[0]
    named = attr(1, u16(1, socket.AF_INET) + u16(2, socket.IPPROTO_TCP) + address(3, V4["vip"]) + be16(4, service.port))
    other = attr(1, u16(1, socket.AF_INET) + u16(2, socket.IPPROTO_TCP) + address(3, V4["vip"]) + be16(4, 1))
    server = attr(2, address(1, V4["rs1"]) + be16(2, service.port))
    drain, undrain, get = 20, 21, 22
    for command, payload, error in (
            (drain, named + server, 0),
            (drain, named + server + attr(20, b""), 0),
            (drain, named + server + attr(20, u32(1, 1)), 0),
            (drain, named + server + attr(20, u32(1, 0)), errno.EINVAL),
            (drain, named + server + attr(20, u32(1, 1 << 31)), errno.EINVAL),
            (drain, named + server + attr(20, u8(2, 3)), errno.EINVAL),
            (drain, named + server + attr(20, u8(3, 2)), errno.EINVAL),
            (drain, named + server + attr(20, u16(1, 1)), errno.EINVAL),
            (drain, named + server + attr(20, b"xyz"), errno.ERANGE),
            (drain, named, errno.EINVAL),
            (drain, server, errno.EINVAL),
            (drain, b"", errno.EINVAL),
            (drain, other + server, errno.ESRCH),
            (get, named + server, 0),
            (get, named + attr(2, address(1, V4["rs1"]) + be16(2, 1)), errno.ENOENT),
            (get, b"", errno.EINVAL),
            (undrain, named + server, 0),
            (undrain, named + server, 0),
            (undrain, other + server, errno.ESRCH),
            (undrain, b"", errno.EINVAL),
    ):
        seen, _ = genl.request(family, command, payload)
        check(f"command {command}, {len(payload)} bytes: {errno.errorcode.get(error, 'done')}", seen == error, seen)


until_none_is_left("TCP by NAT")
until_none_is_left("TCP by DR", method="-g")
until_none_is_left("TCP by TUN", method="-i")
until_none_is_left("UDP by NAT", kind=UDP)
until_none_is_left("TCP by NAT over IPv6", addresses=V6)
until_none_is_left("UDP by NAT over IPv6", addresses=V6, kind=UDP)
until_none_is_left("SCTP by NAT", kind=SCTP)
until_none_is_left("A mark by NAT", mark=9)
deadline_resets()
deadline_resets_v6()
deadline_forgets_or_keeps()
deadline_of_marks_and_sctp()
persistence()
a_port_is_used_again()
others_change_the_weight()
refusals()
