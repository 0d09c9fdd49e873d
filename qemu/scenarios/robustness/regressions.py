# SPDX-License-Identifier: GPL-2.0
"""What once corrupted memory in ip_vs, or crashed or leaked there, done to the module that is loaded.

usage: regressions.py list     prints the names
       regressions.py NAME     does it; a wrong answer ends it with an error. Whether the kernel complains is the caller's.
"""

import ctypes
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time

import told  # noqa: F401, its cases are among these
from lvs import wire
from lvs.cases import case, equal, main, rules
from lvs.genl import Genl, address, attr, be16, be32, text, u16, u32
from lvs.packets import Tun, dgram, extension, icmp4, icmp6, ip4, ip6, sctp, segment
from lvs.sockopt import set_option
from lvs.wire import CLIENT, RS1, VIP, Netns

VIP6, CLIENT6, SERVER6 = "fd00:1::100", "fd00:9::2", "fd00:2::11"
NEAR = "10.0.9.2"
SERVERS = [f"10.0.2.1{i}" for i in (1, 2, 3)]
SET_ADD, SET_EDIT, SET_TIMEOUT, SET_STARTDAEMON, SET_STOPDAEMON = 1154, 1155, 1162, 1163, 1164
GET_SERVICES, GET_DESTS = 1154, 1156
EINVAL = 22


def raw_socket(netns="director"):
    with Netns(netns):
        return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def service_record(port=99, scheduler=b"rr", mark=0, protocol=6):
    return struct.pack("=H2x", protocol) + socket.inet_aton(VIP) + struct.pack("!H2x", port) + struct.pack("=I", mark) \
        + scheduler.ljust(16, b"\0") + struct.pack("=II", 0, 0) + b"\xff" * 4


def during(seconds, *actions):
    """Does all of these over and over, each in a thread."""
    end = time.monotonic() + seconds
    failures = []

    def repeat(action):
        try:
            while time.monotonic() < end:
                action()
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    threads = [threading.Thread(target=repeat, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Traffic:
    """New connections all the time: UDP and TCP of ever new clients, to a port."""

    def __init__(self, port, netns="client", source="10.0.1.50"):
        self.sender, self.port, self.source, self.next = wire.Sender(netns), port, source, 1024

    def __call__(self):
        for _ in range(20):
            self.next = self.next + 1 if self.next < 65535 else 1024
            self.sender.send(wire.udp(self.source, self.next, VIP, self.port, b"x" * 20))
            self.sender.send(wire.tcp(self.source, self.next, VIP, self.port, "S"))


# -- Calls
# --------------------------------------------------------------------------------------------------

@case
def sockopt_sizes():
    """CVE-2013-4588: sizes of socket options that overflow the stack or the answer."""
    sock, libc = raw_socket(), ctypes.CDLL(None, use_errno=True)
    for which in range(1152, 1168):
        for size in (*range(0, 130), 4095, 4096, 65535):
            # Zeros are no request that does anything; flush takes no size at all.
            if which != 1157:
                set_option(sock, which, bytes(size))
    count_too_many = [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x06186187, 0x02AAAAAB]
    for which in range(1152, 1168):
        for declared in (0, 1, 4, 8, 23, 24, 28, 44, 64, 104, 128, 4096):
            for count in count_too_many:
                room = ctypes.create_string_buffer(b"\xaa" * 8192, 8192)
                # The count of services is the first word, that of servers the fourth or so: all of
                # them.
                ctypes.memset(room, 0, declared)
                for at in range(0, declared - 3, 4):
                    room[at:at + 4] = struct.pack("=I", count)
                length = ctypes.c_int(declared)
                libc.getsockopt(sock.fileno(), socket.IPPROTO_IP, which, room, ctypes.byref(length))
                equal(f"bytes behind an answer of option {which}", b"\xaa" * (8192 - declared), room.raw[declared:])
        for length in (-1, -2147483648, 2147483647):
            room, size = ctypes.create_string_buffer(65536), ctypes.c_int(length)
            libc.getsockopt(sock.fileno(), socket.IPPROTO_IP, which, room, ctypes.byref(size))


@case
def names_without_an_end():
    """2018, "buffer overrun" of strlcpy and strlen: names that fill their place."""
    sock = raw_socket()
    equal("a scheduler's name without an end", True, set_option(sock, SET_ADD, service_record(scheduler=b"x" * 16)) != 0)
    for daemon in (SET_STARTDAEMON, SET_STOPDAEMON):
        set_option(sock, daemon, struct.pack("=i", 1) + b"y" * 16 + struct.pack("=i", 1))
    with Netns("director"):
        genl = Genl()
    for size in (1, 15, 16, 17, 64, 4000):
        for kind in (6, 11):
            parts = u16(1, 2) + u16(2, 6) + address(3, VIP) + be16(4, 98) + attr(7, struct.pack("II", 0, 0xFFFFFFFF)) \
                + u32(8, 0) + be32(9, 0xFFFFFFFF) + (b"" if kind == 6 else text(6, "rr")) + attr(kind, b"z" * size)
            error, _ = genl.request(genl.family, 1, attr(1, parts))
            equal(f"attribute {kind} of {size} bytes without an end is refused", True, error != 0)


@case
def timeouts_that_overflow():
    """2020, signed overflow: timeouts beyond what ticks can count."""
    sock = raw_socket()
    for value in (-1, 0x7FFFFFFF, -0x80000000, 0x7FFFFFFF // 250, 0x7FFFFFFF // 100, 0x7FFFFFFF // 1000):
        for at in range(3):
            values = [0, 0, 0]
            values[at] = value
            set_option(sock, SET_TIMEOUT, struct.pack("=iii", *values))
            Traffic(80)()
    equal("resetting the timeouts", 0, set_option(sock, SET_TIMEOUT, struct.pack("=iii", 900, 120, 300)))


@case
def settings_out_of_bounds():
    """2021, a table of more buckets than can be, and others: settings that are used as shifts, indexes, divisors and sizes."""
    base = "/proc/sys/net/ipv4/vs"
    values = ["-2147483648", "-1", "0", "1", "31", "32", "64", "255", "2147483647", "4294967296", "1 -1", "-1 1", "", "x" * 5000]
    with Netns("director"):
        for name in sorted(os.listdir(base)):
            path = f"{base}/{name}"
            with open(path, encoding="ascii") as file:
                before = file.read()
            for value in values:
                try:
                    with open(path, "w", encoding="ascii") as file:
                        file.write(value)
                except OSError:
                    continue
                Traffic(80)()
            try:
                with open(path, "w", encoding="ascii") as file:
                    file.write(before)
            except OSError:
                pass


@case
def services_that_fail():
    """2026, null pointers: each way in which making a service fails half-way, under traffic."""
    with Netns("director"):
        genl = Genl()
    good = [u16(1, 2), u16(2, 17), address(3, VIP), be16(4, 97), text(6, "rr"), attr(7, struct.pack("II", 0, 0xFFFFFFFF)),
            u32(8, 0), be32(9, 0xFFFFFFFF)]
    bad = [text(6, "nosuch"), text(11, "nosuch"), text(11, "sip"), text(6, ""), be32(9, 200), u16(1, 10), u32(8, 0xFFFFFFFF)]

    def calls():
        for i in range(len(good) + 1):
            without = b"".join(good[:i] + good[i + 1:])
            for extra in bad:
                for command in (1, 2):
                    genl.request(genl.family, command, attr(1, without + extra))
            genl.request(genl.family, 3, attr(1, b"".join(good[:4])))

    during(1, calls, Traffic(97))


@case
def scheduler_edited_under_traffic():
    """2015, a scheduler's data freed while packets used it."""
    names = iter(range(10 ** 9))
    kinds = ["rr", "wrr", "lblcr", "mh", "sh", "dh", "lblc", "wlc", "none"]
    rules("".join(f"-A -u {VIP}:96 -s rr\n" if not i else f"-a -u {VIP}:96 -r 10.0.2.5{i}:96 -m\n" for i in range(4)))
    during(1, lambda: rules(f"-E -u {VIP}:96 -s {kinds[next(names) % len(kinds)]}\n"), Traffic(96), Traffic(96, source="10.0.1.51"))
    equal("removing the service", "", rules(f"-D -u {VIP}:96\n"))


@case
def engine_edited_under_traffic():
    """CVE-2024-42322: the persistence engine of a service looked at without protection."""
    rules(f"-A -u {VIP}:5061 -s rr --pe sip -p 5\n-a -u {VIP}:5061 -r {RS1}:5061 -m\n")
    sender, number = wire.Sender("client"), iter(range(10 ** 9))

    def calls():
        for _ in range(20):
            i = next(number)
            body = f"INVITE sip:a@b SIP/2.0\r\nCall-ID: {i % 50}@x\r\n\r\n".encode()
            sender.send(wire.udp("10.0.1.52", 2000 + i % 5000, VIP, 5061, body))

    edits = iter(range(10 ** 9))
    during(1, lambda: rules(f"-E -u {VIP}:5061 -s rr {'--pe sip -p 5' if next(edits) % 2 else ''}\n"), calls, calls)
    equal("removing the service", "", rules(f"-D -u {VIP}:5061\n"))


# -- Packets
# --------------------------------------------------------------------------------------------------

def live(tun, port=53, client=NEAR, sport=900):
    """A UDP connection whose client is behind the tun device; returns a socket that answers as its server."""
    tun.send(ip4(client, VIP, 17, dgram(client, sport, VIP, port, b"hello")))
    table = wire.settled_connections(ports=range(sport, sport + 1))
    equal("connections of the client", 1, len(table))
    ((server, server_port, _, _),) = table.values()
    return server, server_port


@case
def inner_headers_cut_short():
    """Errors whose inner packet ends anywhere, in one piece and in pages."""
    tun = Tun()
    server, port = live(tun)
    inner = ip4(server, NEAR, 17, dgram(server, port, NEAR, 900, b"y" * 40))
    towards = ip4(NEAR, VIP, 17, dgram(NEAR, 900, VIP, 53, b"y" * 40))
    for quoted in (inner, towards):
        for cut in range(len(quoted) + 1):
            for source, target in ((NEAR, VIP), (server, NEAR)):
                packet = ip4(source, target, 1, icmp4(3, 1, quoted[:cut]))
                tun.send(packet)
                # The IP header says more than there is.
                tun.send(packet[:2] + struct.pack("!H", len(packet) + 64) + packet[4:])
        for cut in (0, 8, 19, 20, 24, 27, 28):
            packet = ip4(NEAR, VIP, 1, icmp4(3, 1, quoted[:cut] + bytes(5000)))
            tun.send(packet, linear=1)


@case
def inner_header_lengths():
    """Inner headers that lie about their length, version, fragment and protocol."""
    tun = Tun()
    server, port = live(tun)
    inner = ip4(server, NEAR, 17, dgram(server, port, NEAR, 900, b"y" * 40))
    for first in range(256):
        for kind in (3, 4, 11, 12):
            tun.send(ip4(NEAR, VIP, 1, icmp4(kind, 4, bytes([first]) + inner[1:], rest=576)))
    for protocol in range(256):
        tun.send(ip4(NEAR, VIP, 1, icmp4(3, 4, inner[:9] + bytes([protocol]) + inner[10:], rest=1400)))
    for fragment in (1, 0x1FFF, 0x2000, 0x3FFF, 0xFFFF):
        tun.send(ip4(NEAR, VIP, 1, icmp4(3, 4, inner[:6] + struct.pack("!H", fragment) + inner[8:], rest=1400)))


@case
def options_in_front_of_errors():
    """IP options of the outer and of the inner packet: the error reaches the server, translated in the right place."""
    seen = wire.Capture("rs1", wanted=lambda packet: packet[9] == 1 and packet[(packet[0] & 15) * 4] == 3)
    rules(f"-A -u {VIP}:95 -s rr\n-a -u {VIP}:95 -r {RS1}:9500 -m\n")
    client = wire.Sender("client")
    client.send(wire.udp(CLIENT, 7000, VIP, 95, b"hello"))
    for outer in (0, 4, 40):
        for inner in (0, 4, 40):
            quoted = wire.udp(VIP, 95, CLIENT, 7000, b"answer", options=b"\x01" * inner)
            client.send(wire.icmp(CLIENT, VIP, 3, 3, quoted, options=b"\x01" * outer))
            packet = seen.next()
            if packet is None:
                sys.exit(f"an error with options of {outer} and {inner} bytes did not arrive")
            at = (packet[0] & 15) * 4 + 8
            found = wire.ports(packet[at:])
            equal(f"what the error with options of {outer} and {inner} bytes is about", (RS1, 9500, CLIENT, 7000), found)
            equal("its checksum", 0, wire.checksum(packet[at - 8:]))
    equal("removing the service", "", rules(f"-D -u {VIP}:95\n"))


@case
def transport_past_the_end():
    """IPv6 extension headers that end behind the packet, alone and in errors."""
    tun = Tun()
    for kind in (0, 43, 44, 51, 60, 135):
        for units in (0, 1, 2, 15, 31, 63, 127, 255):
            for room in (0, 1, 7, 8, 16, 60):
                for protocol in (6, 17, 58, 132):
                    header = extension(kind, protocol, units)[:8 + room]
                    packet = ip6(CLIENT6, VIP6, kind, header)
                    tun.send(packet)
                    tun.send(ip6(CLIENT6, VIP6, 58, icmp6(CLIENT6, VIP6, 1, 4, packet)))
    for count in (1, 8, 16, 17, 100):
        chain = extension(60, 60, 0) * count + extension(60, 17, 0)
        tun.send(ip6(CLIENT6, VIP6, 60, chain + segment(CLIENT6, 1, VIP6, 80)))
        tun.send(ip6(CLIENT6, VIP6, 60, chain + bytes(5000)), linear=1)


@case
def checksums_behind_extensions():
    """CVE-2026-45850: a transport header behind IPv6 extension headers, with its right checksum."""
    tun = Tun()
    with Netns("rs1"):
        server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        server.bind((SERVER6, 9400))
        server.settimeout(5)
    rules(f"-A -u [{VIP6}]:94 -s rr\n-a -u [{VIP6}]:94 -r [{SERVER6}]:9400 -m\n")
    for headers in (0, 1, 3):
        chain = b"".join(extension(60, 60 if i + 1 < headers else 17, 0) for i in range(headers))
        body = dgram(CLIENT6, 4000 + headers, VIP6, 94, b"payload %d" % headers)
        tun.send(ip6(CLIENT6, VIP6, 60 if headers else 17, chain + body))
        equal(f"payload behind {headers} extension headers", b"payload %d" % headers, server.recv(100))
    equal("removing the service", "", rules(f"-D -u [{VIP6}]:94\n"))


@case
def headers_that_move():
    """Headers in pages and in clones, which move when they are read or written: what arrives is whole."""
    tun = Tun()
    with Netns("director"):
        # Sees every packet, which makes it a clone.
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    with Netns("rs1"):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind((RS1, 9300))
        server.settimeout(5)
    rules(f"-A -u {VIP}:93 -s rr\n-a -u {VIP}:93 -r {RS1}:9300 -m\n")
    for i, size in enumerate((100, 4200, 9000, 30000)):
        for linear in (1, 21, 28, 200):
            sport, payload = 5000 + i * 10 + linear % 7, random.Random(size + linear).randbytes(size)
            tun.send(ip4(NEAR, VIP, 17, dgram(NEAR, sport, VIP, 93, payload)), linear=linear)
            got, client = server.recvfrom(65535)
            equal("the client's address", (NEAR, sport), client)
            equal(f"{size} bytes with {linear} of them in one piece", True, got == payload)
            server.sendto(b"answer", client)
            answer = tun.receive(lambda packet: packet[9] == 17)
            equal("where the answer comes from", (VIP, 93, NEAR, sport), wire.ports(answer))
            # An error about it, whose inner headers lie in pages.
            inner = ip4(VIP, NEAR, 17, dgram(VIP, 93, NEAR, sport, b"answer"))
            tun.send(ip4(NEAR, VIP, 1, icmp4(3, 4, inner + bytes(size), rest=1400)), linear=linear)
    listener.close()
    equal("removing the service", "", rules(f"-D -u {VIP}:93\n"))


@case
def chunks_without_end():
    """SCTP chunks of no length, and with more than there is."""
    tun = Tun()
    for kind in range(16):
        for length in (0, 1, 2, 3, 4, 5, 8, 255, 65535):
            for count in (1, 3):
                chunk = struct.pack("!BBH", kind, 0, length) + bytes(8)
                tun.send(ip4(NEAR, VIP, 132, sctp(3000 + kind, 90, chunk * count)))
                tun.send(ip6(CLIENT6, VIP6, 132, sctp(3000 + kind, 90, chunk * count)))
    for cut in range(16):
        tun.send(ip4(NEAR, VIP, 132, sctp(3000, 90, b"\1\0\0\x14" + bytes(16))[:cut]))


@case
def calls_without_end():
    """2013, a check of the wrong value: Call-IDs at the very end of a message, empty, and endless."""
    tun = Tun()
    for name in (b"Call-ID", b"i", b"CALL-ID"):
        for separator in (b":", b": ", b" : ", b":\t", b""):
            for value in (b"", b"x", b"y" * 95, b"y" * 96, b"y" * 97, b"y" * 2000, bytes(200)):
                for end in (b"", b"\r", b"\r\n", b"\n", b"\r\n\r\n"):
                    body = b"INVITE sip:a@b SIP/2.0\r\n" + name + separator + value + end
                    tun.send(ip4(NEAR, VIP, 17, dgram(NEAR, 6000, VIP, 5060, body)))
    body = b"INVITE sip:a@b SIP/2.0\r\nX: " + b"z" * 4500 + b"\r\nCall-ID: paged"
    for linear in (1, 28, 50):
        tun.send(ip4(NEAR, VIP, 17, dgram(NEAR, 6001, VIP, 5060, body)), linear=linear)


@case
def errors_about_tunnels():
    """Errors about packets in packets, whose headers in between lie about their lengths."""
    tun = Tun()
    tun.send(ip4(NEAR, VIP, 17, dgram(NEAR, 1200, VIP, 82, b"hello")))
    inside = ip4(NEAR, VIP, 17, dgram(NEAR, 1200, VIP, 82, b"hello"))
    for server in SERVERS:
        for between, protocol in ((b"", 4), (b"\0\0\x08\0", 47)):
            for mtu in (0, 1, 20, 67, 68, 576, 65535, 0xFFFFFFFF):
                tun.send(ip4(NEAR, "10.0.2.1", 1, icmp4(3, 4, ip4("10.0.2.1", server, protocol, between + inside), rest=mtu)))
        for flags in range(0, 65536, 257):
            quoted = ip4("10.0.2.1", server, 47, struct.pack("!HH", flags, 0x0800) + inside)
            tun.send(ip4(NEAR, "10.0.2.1", 1, icmp4(3, 1, quoted)))
        for first in range(256):
            for port in (6080, 82):
                gue = bytes([first, 4, 0, 0]) + inside
                quoted = ip4("10.0.2.1", server, 17, dgram("10.0.2.1", 4000, server, port, gue))
                tun.send(ip4(NEAR, "10.0.2.1", 1, icmp4(3, 4, quoted, rest=1300)))


@case
def first_fragments_too_short():
    """First fragments that end in the transport header, and others that overlap them."""
    tun = Tun()
    whole = wire.tcp(NEAR, 1300, VIP, 80, "S", b"z" * 200)[20:]
    for cut in (8, 16, 24):
        for ident, second in enumerate((cut, 8, 0, cut + 8)):
            number = cut * 10 + ident
            tun.send(ip4(NEAR, VIP, 6, whole[:cut], ident=number, fragment=0x2000))
            tun.send(ip4(NEAR, VIP, 6, whole[second:], ident=number, fragment=second // 8))


# -- Things that come and go
# -------------------------------------------------------------------------------------------

@case
def one_packet_flag_on_kept_connections():
    """Connections that are in the table when their service gets the one-packet flag, and the other way round."""
    rules(f"-A -u {VIP}:92 -s rr\n-a -u {VIP}:92 -r 10.0.2.50:92 -m\n")
    flag, sender = iter(range(10 ** 9)), wire.Sender("client")

    def same_client():
        for port in range(2000, 2050):
            sender.send(wire.udp("10.0.1.53", port, VIP, 92, b"x"))

    during(1, lambda: rules(f"-E -u {VIP}:92 -s rr {'-o' if next(flag) % 2 else ''}\n"), same_client, same_client)
    equal("removing the service", "", rules(f"-D -u {VIP}:92\n"))


@case
def removed_servers_come_back():
    """2013 and 2017, removed servers freed while connections or schedulers held them, or taken back too early."""
    lines = f"-A -u {VIP}:91 -s {{}}\n-A -t {VIP}:91 -s {{}} -p 1\n"
    for scheduler in ("lblc", "lblcr", "mh"):
        rules(lines.format(scheduler, scheduler))

        def change():
            for flag in ("-u", "-t"):
                for i in range(4):
                    rules(f"-a {flag} {VIP}:91 -r 10.0.2.5{i}:91 -m\n")
                for i in range(4):
                    rules(f"-d {flag} {VIP}:91 -r 10.0.2.5{i}:91\n")

        during(0.7, change, Traffic(91), Traffic(91, source="10.0.1.51"))
        equal("removing the services", "", rules(f"-D -u {VIP}:91\n-D -t {VIP}:91\n"))


@case
def readers_while_all_goes():
    """Listings that look at services, servers and connections while these are removed."""
    def read():
        with Netns("director"):
            for name in ("ip_vs", "ip_vs_conn", "ip_vs_stats", "ip_vs_stats_percpu", "lvs", "lvs_conn"):
                path = f"/proc/thread-self/net/{name}"
                if os.path.exists(path):
                    with open(path, "rb") as file:
                        while file.read(100):
                            pass

    def change():
        rules("".join(f"-A -u {VIP}:{port} -s rr -p 1\n-a -u {VIP}:{port} -r 10.0.2.50:1 -m\n" for port in range(300, 340)))
        rules("".join(f"-D -u {VIP}:{port}\n" for port in range(300, 340)))

    during(1, read, read, change, lambda: wire.run("ipvsadm", "-Ln", "--stats"), Traffic(320))


@case
def rates_after_zeroing():
    """Counters that go back while their rate is estimated: no rate of an overflow."""
    rules(f"-A -u {VIP}:89 -s rr\n-a -u {VIP}:89 -r 10.0.2.50:89 -m\n")
    during(4.5, Traffic(89), lambda: (rules("-Z\n"), time.sleep(0.3)))
    for line in wire.run("ipvsadm", "-Ln", "--rate", "--exact").splitlines():
        for word in line.split()[2:]:
            equal(f"rates below 10,000,000 in '{line}'", True, not word.isdigit() or int(word) < 10_000_000)
    equal("removing the service", "", rules(f"-D -u {VIP}:89\n"))


@case
def device_goes_while_routes_are_kept():
    """CVE-2026-45917: a route kept for a device that is just going down holds it for ever."""
    rules(f"-A -u {VIP}:88 -s rr\n-a -u {VIP}:88 -r 10.7.0.9:88 -m\n-a -u {VIP}:88 -r 10.7.0.8:88 -g\n-a -u {VIP}:88 -r 10.7.0.7:88 -i\n")

    def come_and_go():
        wire.run("ip", "link", "add", "gone", "type", "dummy")
        wire.run("ip", "addr", "add", "10.7.0.1/24", "dev", "gone")
        wire.run("ip", "link", "set", "gone", "up")
        time.sleep(0.05)
        wire.run("ip", "link", "set", "gone", "down")
        wire.run("ip", "link", "set", "gone", "up")
        began = time.monotonic()
        wire.run("ip", "link", "del", "gone")
        equal("a device is let go at once", True, time.monotonic() - began < 5)

    during(2, come_and_go, Traffic(88), Traffic(88, source="10.0.1.51"))
    equal("removing the service", "", rules(f"-D -u {VIP}:88\n"))


@case
def namespaces_that_end():
    """2014, CVE-2022-49917 and -49918: a namespace that ends with connections, templates, caches, and tracking switched on; hooks
    and references that are left behind."""
    for number in range(6):
        name = f"ends{number}"
        subprocess.run(["ip", "netns", "add", name], check=True)
        for command in ("link set lo up", "link add d0 type dummy", "addr add 10.8.0.1/24 dev d0", "addr add fd00:8::1/64 dev d0 nodad",
                        "link set d0 up"):
            subprocess.run(["ip", "-n", name, *command.split()], check=True)
        with Netns(name):
            try:
                with open("/proc/sys/net/ipv4/vs/conntrack", "w", encoding="ascii") as file:
                    file.write(str(number % 2))
            except OSError:
                pass
        rules("".join(f"-A {flag} 10.8.0.1:{port} -s {scheduler} {more}\n-a {flag} 10.8.0.1:{port} -r 10.8.0.9:{port} {method}\n"
                      for flag in ("-u", "-t") for port, scheduler, more, method in
                      ((1, "rr", "", "-m"), (2, "lblcr", "-p 60", "-m"), (3, "lblc", "", "-g"), (4, "mh", "-p 60", "-i"))), netns=name)
        sender = wire.Sender(name)
        for port in range(1000, 1200):
            for service in (1, 2, 3, 4):
                sender.send(wire.udp("10.8.0.1", port, "10.8.0.1", service, b"x"))
                sender.send(wire.tcp("10.8.0.1", port, "10.8.0.1", service, "S"))
        with Netns(name), open("/proc/thread-self/net/ip_vs_conn", encoding="ascii") as file:
            equal("enough connections", True, len(file.readlines()) > 300)
        sender.socket.close()
        subprocess.run(["ip", "netns", "del", name], check=True)


@case
def callers_without_privilege():
    """Settings and calls in a namespace of somebody else's user namespace."""
    script = "import socket,sys\n" \
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n" \
        "for n in range(1152, 1168):\n" \
        "    try: s.setsockopt(0, n, bytes(44))\n" \
        "    except OSError as e: assert e.errno in (1, 92), e\n" \
        "    else: sys.exit('option %d was allowed' % n)\n"
    done = subprocess.run(["nsenter", "--net=/run/netns/director", "unshare", "--user", "--map-root-user", "python3", "-c", script],
                          capture_output=True, text=True, check=False)
    equal("options without privilege", "", done.stderr + done.stdout)


if __name__ == "__main__":
    main()
