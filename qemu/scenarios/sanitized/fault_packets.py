# SPDX-License-Identifier: GPL-2.0
"""Every allocation of the module on the way of a packet fails in turn.  The packet may get lost, or go on without what
there was no memory for; sent again it has to arrive, and nobody is told that there is no way.

Packets come through a tun device from a process, which is what the kernel's countdown to a fault needs; clients and
servers are all behind that device."""

import itertools
import os
import select
import socket
import struct
import subprocess
import sys

from faults import Faults, below_module, write
from lvs.packets import Tun, dgram, icmp4, ip4, ip6, sctp, segment, with_sum
from lvs.wire import Netns

VIP, SERVER, NARROW, CLIENT = "10.0.1.100", "10.0.9.50", "10.0.9.60", "10.0.9.100"
VIP6, SERVER6, CLIENT6 = "fd00:1::100", "fd00:9::50", "fd00:9::100"
SYN, SYN_ACK, ACK, PUSH = 2, 0x12, 0x10, 0x18


class Packets:
    def __init__(self):
        self.tun = Tun()
        self.faults = Faults()
        self.ports = itertools.count(20000)
        self.gave_up = False

    def arrives(self, wanted, timeout):
        def is_wanted(packet):
            self.gave_up |= gives_up(packet)
            return wanted in packet
        try:
            self.tun.receive(is_wanted, timeout)
            return True
        except TimeoutError:
            return False

    def each(self, name, make, sent=None, prepare=None, least=0):
        """make(port): packets, the last of which has to arrive; `sent` tells by which bytes.  Each try has a port of its
        own.  prepare(port): what comes before, undisturbed."""
        sent = sent or (lambda port: struct.pack("!HH", port, 80))
        lost = 0
        for number in itertools.count(1):
            port = next(self.ports)
            for packet in prepare(port) if prepare else ():
                self.tun.send(packet)
            packets = make(port)
            self.drain()
            self.faults.countdown.set(number)
            for packet in packets:
                self.put(packet)
            left = self.faults.countdown.left()
            self.faults.countdown.set(0)
            if not self.arrives(sent(port), 0 if not left else 5):
                lost += 1
                for packet in packets:
                    self.put(packet)
                if left or not self.arrives(sent(port), 5):
                    sys.exit(f"{name}, allocation {number}: the packet does not arrive")
            if self.gave_up:
                sys.exit(f"{name}, allocation {number}: the sender is told that there is no way")
            if left:
                break
        if number - 1 < least:
            sys.exit(f"{name}: only {number - 1} allocations")
        print(f"  {name}: {number - 1} failed in turn, {lost} packets lost", flush=True)
        self.faults.sites += number - 1

    def put(self, packet):
        """A packet, or what sends one."""
        if callable(packet):
            try:
                packet()
            except OSError:
                # The packet was dropped, of which a sender of this host is told.
                pass
        else:
            linear = 64 if len(packet) > 4096 else 0
            os.write(self.tun.fd, struct.pack("=BBHHHH", 0, 0, linear, 0, 0, 0) + packet)

    def drain(self):
        while select.select([self.tun.fd], [], [], 0)[0]:
            os.read(self.tun.fd, 65600)


def gives_up(packet):
    """Whether this tells a sender that its packets can't arrive, in which case clients that connect give up."""
    if packet[0] >> 4 == 4:
        return packet[9] == 1 and packet[20] == 3 and packet[21] != 4
    return packet[6] == 58 and packet[40] == 1


def command(*words):
    done = subprocess.run(["nsenter", "--net=/run/netns/director", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(words)}: {done.stderr}")


def rules(*services):
    """Services anew: (options of the service, options of its server)."""
    command(os.environ["ADMIN"], "-C")
    for service, server in services:
        kind = service.split()[:2]
        command(os.environ["ADMIN"], "-A", *service.split())
        command(os.environ["ADMIN"], "-a", *kind, *server.split())


def syn(port):
    return [ip4(CLIENT, VIP, 6, segment(CLIENT, port, VIP, 80, SYN))]


def syn6(port):
    return [ip6(CLIENT6, VIP6, 6, segment(CLIENT6, port, VIP6, 80, SYN))]


def datagram(size):
    return lambda port: [ip4(CLIENT, VIP, 17, dgram(CLIENT, port, VIP, 80, bytes(size)))]


def setting(name, value):
    with Netns("director"):
        write(f"/proc/sys/{name}", value)


def begin(packets):
    """New connections, by method, family and kind of service."""
    nat = f"-r {SERVER}:80 -m"
    for name, service, server, make in (
            ("NAT", f"-t {VIP}:80 -s rr", nat, syn), ("NAT over IPv6", f"-t [{VIP6}]:80 -s rr", f"-r [{SERVER6}]:80 -m", syn6),
            ("DR", f"-t {VIP}:80 -s wlc", f"-r {SERVER} -g", syn), ("IP-in-IP", f"-t {VIP}:80 -s rr", f"-r {SERVER} -i", syn),
            ("GRE", f"-t {VIP}:80 -s rr", f"-r {SERVER} -i --tun-type gre --tun-csum", syn),
            ("GUE", f"-t {VIP}:80 -s rr", f"-r {SERVER} -i --tun-type gue --tun-port 6080 --tun-csum", syn),
            ("IPv4 in IPv6", f"-t {VIP}:80 -s rr", f"-r [{SERVER6}] -i", syn),
            ("IPv6 in IPv6", f"-t [{VIP6}]:80 -s rr", f"-r [{SERVER6}] -i", syn6),
            ("persistence", f"-t {VIP}:80 -s sh -p 60", nat, syn), ("one packet", f"-u {VIP}:80 -s rr -o", nat, datagram(9)),
            ("data in pages", f"-u {VIP}:80 -s mh", nat, datagram(9000))):
        # Each try with new servers, whose routes have to be found.
        def anew(_port, rule=(service, server)):
            rules(rule)
            return ()
        packets.each(name, make, prepare=anew, least=2)
    rules((f"--sctp-service {VIP}:80 -s rr", nat))
    init = struct.pack("!BBHIIHHI", 1, 0, 20, 7, 8192, 1, 1, 9)
    packets.each("SCTP", lambda port: [ip4(CLIENT, VIP, 132, crc(sctp(port, 80, init)))], least=1)
    rules((f"-u {VIP}:80 -s rr -p 60 --pe sip", nat))
    packets.each("SIP", lambda port: [ip4(CLIENT, VIP, 17, dgram(
        CLIENT, port, VIP, 80, f"INVITE sip:b@x SIP/2.0\r\nCall-ID: {port}\r\n\r\n".encode()))], least=1)
    rules(("-f 7 -s lblcr", f"-r {SERVER} -g"))
    packets.each("a mark, a cache", lambda port: [ip4(CLIENT, f"10.7.{port >> 8}.{port & 255}", 6, segment(
        CLIENT, port, f"10.7.{port >> 8}.{port & 255}", 80, SYN))], least=1)
    rules((f"-u {VIP}:80 -s rr", nat))

    def fragments(port):
        whole = dgram(CLIENT, port, VIP, 80, bytes(1000))
        return [ip4(CLIENT, VIP, 17, whole[:512], port, 0x2000), ip4(CLIENT, VIP, 17, whole[512:], port, 64)]
    packets.each("fragments", fragments, least=1)

    def local(port):
        with Netns("director"):
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind(("10.0.9.1", port))
        return [lambda: sender.sendto(b"x", (VIP, 80))]
    packets.each("the director as a client", local, least=1)


def crc(packet):
    """With SCTP's checksum."""
    value = 0xFFFFFFFF
    for byte in packet:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return packet[:8] + struct.pack("<I", value ^ 0xFFFFFFFF) + packet[12:]


def syn_ack(port, src=SERVER):
    return ip4(src, CLIENT, 6, segment(src, 80, CLIENT, port, SYN_ACK))


def go_on(packets):
    """Connections that are there."""
    def handshake(port):
        return [*syn(port), syn_ack(port), ip4(CLIENT, VIP, 6, segment(CLIENT, port, VIP, 80, ACK))]

    def acknowledgment(port):
        return [ip4(CLIENT, VIP, 6, segment(CLIENT, port, VIP, 80, ACK))]

    def reply(port):
        return struct.pack("!HH", 80, port)
    rules((f"-t {VIP}:80 -s rr", f"-r {SERVER}:80 -m"))
    packets.each("a reply", lambda port: [syn_ack(port)], reply, syn)
    packets.each("an established connection", acknowledgment, None, handshake)
    packets.each("an ICMP error of a server's side", lambda port: [ip4(SERVER, CLIENT, 1, icmp4(3, 4, ip4(
        CLIENT, SERVER, 6, segment(CLIENT, port, SERVER, 80, ACK)), 1300))], None, handshake)
    packets.each("an ICMP error of a client's side", lambda port: [ip4(CLIENT, VIP, 1, icmp4(3, 4, ip4(
        VIP, CLIENT, 6, segment(VIP, 80, CLIENT, port, ACK)), 1300))], reply, handshake)
    setting("net/lvs/early_path", 1)
    packets.each("an established connection, early path", acknowledgment, None, handshake)
    setting("net/lvs/early_path", 0)
    rules((f"-u {VIP}:80 -s rr", f"-r {NARROW} -i"))
    packets.each("too big for the tunnel", lambda port: [df(CLIENT, VIP, 17, dgram(CLIENT, port, VIP, 80, bytes(1290)))])
    for tracked in (0, 1):
        setting("net/ipv4/vs/conntrack", tracked)
        rules((f"-t {VIP}:80 -s rr", f"-r {SERVER}:80 -m"))
        packets.each(f"NAT, conntrack={tracked}", syn, least=1)
        ftp(packets, f"FTP, conntrack={tracked}")
    setting("net/ipv4/vs/conntrack", 0)


def df(src, dst, protocol, payload):
    return ip4(src, dst, protocol, payload, 7, 0x4000)


def ftp(packets, name):
    """The server announces where it waits for a data connection."""
    rules((f"-t {VIP}:21 -s rr -p 60", f"-r {SERVER}:21 -m"))

    def text(src, sport, dst, dport, sequence, data):
        head = struct.pack("!HHIIBBHHH", sport, dport, sequence, 2, 0x50, PUSH, 8192, 0, 0)
        return ip4(src, dst, 6, with_sum(src, dst, 6, head + data, 16))

    def handshake(port):
        return [ip4(CLIENT, VIP, 6, segment(CLIENT, port, VIP, 21, SYN)),
                ip4(SERVER, CLIENT, 6, segment(SERVER, 21, CLIENT, port, SYN_ACK)),
                ip4(CLIENT, VIP, 6, segment(CLIENT, port, VIP, 21, ACK)), text(CLIENT, port, VIP, 21, 2, b"PASV\r\n")]

    def announcement(port):
        where = f"{SERVER.replace('.', ',')},{port >> 8},{port & 255}"
        return [text(SERVER, 21, CLIENT, port, 2, f"227 Entering Passive Mode ({where}).\r\n".encode())]
    packets.each(name, announcement, lambda port: VIP.replace(".", ",").encode(), handshake, least=1)


def main():
    packets = Packets()
    for words in ("ip addr add 10.0.1.100/32 dev lo", "ip addr add fd00:1::100/128 dev lo nodad",
                  "ip route add local 10.7.0.0/16 dev lo", "ip route add 10.0.9.60/32 dev near mtu lock 1300",
                  "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 "
                  "net.ipv4.icmp_ratelimit=0 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.near.send_redirects=0",
                  "nft add table ip marks",
                  "nft add chain ip marks pre { type filter hook prerouting priority mangle ; }",
                  "nft add rule ip marks pre ip daddr 10.7.0.0/16 meta mark set 7"):
        command(*words.split())
    below_module()
    begin(packets)
    go_on(packets)
    command(os.environ["ADMIN"], "-C")
    print(f"  {packets.faults.sites} allocations failed in turn")


main()
