# SPDX-License-Identifier: GPL-2.0
"""wire over IPv6, for the same scripts: they name nodes by IPv4 addresses, which
stand for IPv6 ones both in packets and in commands.

a.b.c.d is fd00:0:a:bbcc::d, written in bytes, so that a /24 is a /64 and the
prefixes below it differ in the last byte alone."""

import re
import socket
import struct
import sys

from lvs import wire
from lvs.sides import Sides
from lvs.wire import CLIENT, FLAGS, RS1, SLOW, TCP, UDP, VIP, Netns, checksum  # noqa: F401

HEAD = 40
IPV6 = 41
ICMPV6 = 58
PROTOCOLS = {TCP: "TCP", UDP: "UDP", IPV6: "IPv6", ICMPV6: "ICMPv6"}
ETH_P_IPV6 = 0x86DD
NUMBER = re.compile(r"(\d+\.\d+\.\d+\.\d+)(/\d+)?(:\d+)?")


def packed(address):
    """The 16 bytes an IPv4 address stands for."""
    a = socket.inet_aton(address)
    return b"\xfd\0\0\0\0" + a[:3] + bytes(7) + a[3:]


def unpacked(address):
    """The IPv4 address that stands for 16 bytes."""
    return socket.inet_ntoa(address[5:8] + address[15:])


def text(address):
    return socket.inet_ntop(socket.AF_INET6, packed(address))


def length(bits):
    return bits + (40 if bits <= 24 else 96)


def translate(line):
    """Addresses, networks and masks of a command's text."""
    def one(found):
        address, network, port = found.groups()
        if address.startswith("255."):
            return str(length(sum(byte.bit_count() for byte in socket.inet_aton(address))))
        name = text(address) + (f"/{length(int(network[1:]))}" if network else "")
        return f"[{name}]{port}" if port else name
    return NUMBER.sub(one, line)


def rules(line):
    """A line of ipvsadm's."""
    return re.sub(r"-f (\d+)", r"-f \1 -6", translate(line))


def run(*command, netns="director"):
    words = [translate(word) for word in command]
    if words[0] == "ip":
        words.insert(1, "-6")
    elif words[0] == "nft":
        words = [re.sub(r"\bip (daddr|marks|shop)", lambda m: f"ip6 {m[1]}", word) for word in words]
    return wire.run(*words, netns=netns)


def ipvsadm(*args, netns="director"):
    return wire.ipvsadm(*rules(" ".join(args)).split(), netns=netns)


def prepare():
    """The topology's addresses and routes, unless they are there already."""
    for netns, *commands in (
        ("director", "addr replace 10.0.1.1/24 dev front nodad", f"addr replace {VIP}/32 dev front nodad",
         "addr replace 10.0.2.1/24 dev back nodad"),
        ("client", f"addr replace {CLIENT}/32 dev eth0 nodad", "route replace 10.0.1.1/32 dev eth0",
         "route replace default via 10.0.1.1"),
        ("rs1", f"addr replace {RS1}/32 dev eth0 nodad", "route replace 10.0.2.1/32 dev eth0",
         "route replace default via 10.0.2.1"),
        ("director", f"route replace 10.0.1.48/28 via {CLIENT}", f"route replace 10.0.2.48/28 via {RS1}"),
    ):
        for command in commands:
            if out := run("ip", *command.split(), netns=netns):
                raise OSError(f"ip {command} in {netns}: {out}")
    wire.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
    # The director answers every bad packet.
    wire.run("sysctl", "-qw", "net.ipv6.icmp.ratelimit=0")
    for netns in ("client", "rs1"):
        # Else it asks for the made-up addresses beside it itself.
        wire.run("sysctl", "-qw", "net.ipv6.conf.eth0.accept_redirects=0", netns=netns)


class Sender:
    """Sends whole IPv6 packets from a namespace, whatever their source."""

    def __init__(self, netns):
        with Netns(netns):
            self.socket = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def send(self, packet):
        self.socket.sendto(packet, (socket.inet_ntop(socket.AF_INET6, packet[24:40]), 0))


class Capture(wire.Capture):
    """Sees the TCP and UDP packets over IPv6 that come in over a device, plain or in a tunnel."""

    def __init__(self, netns, device="eth0", wanted=lambda packet: packet[6] in (TCP, UDP, IPV6)):
        super().__init__(netns, device, wanted)
        self.socket.bind((device, ETH_P_IPV6))


def is_error(packet):
    return packet[6] == ICMPV6 and packet[HEAD] < 128


def sides(errors=False, also=()):
    """What arrives at the client and at rs1: TCP, UDP and tunnels, ICMPv6's `errors`, and what begins with a
    header `also`."""
    def wanted(packet):
        # Groups are reported behind a header, too.
        behind = packet[6] in also and packet[24] != 0xFF
        return packet[6] in (TCP, UDP, IPV6) or behind or (errors and is_error(packet))

    return Sides(sys.modules[__name__], wanted)


def plain(src, dst, protocol, payload, ttl=64):
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, ttl) + packed(src) + packed(dst) + payload


def ip(src, dst, protocol, payload, ttl=64):
    total = checksum(packed(src) + packed(dst) + struct.pack("!II", len(payload), protocol) + payload)
    at = {TCP: 16, UDP: 6, ICMPV6: 2}[protocol]
    payload = payload[:at] + struct.pack("!H", total or 0xFFFF) + payload[at + 2:]
    return plain(src, dst, protocol, payload, ttl)


def tcp(src, sport, dst, dport, flags, data=b"", ttl=64, df=True):
    bits = sum(1 << FLAGS.index(flag) for flag in flags)
    segment = struct.pack("!HHIIBBHHH", sport, dport, 1000, 2000, 0x50, bits, 8192, 0, 0) + data
    return ip(src, dst, TCP, segment, ttl)


def udp(src, sport, dst, dport, data=b"", ttl=64):
    return ip(src, dst, UDP, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data, ttl)


def icmp(src, dst, kind, code, payload, rest=0):
    return ip(src, dst, ICMPV6, struct.pack("!BBHI", kind, code, 0, rest) + payload)


def name(address):
    """16 bytes as the IPv4 address that stands for them, if there is one."""
    stands = address[:5] == b"\xfd\0\0\0\0" and address[8:15] == bytes(7)
    return unpacked(address) if stands else socket.inet_ntop(socket.AF_INET6, address)


def describe(packet, inner=False):
    """One line about a packet, with everything a balancer may touch."""
    size, protocol, hops = struct.unpack("!HBB", packet[4:8])
    src, dst, body = packet[8:24], packet[24:40], packet[HEAD:]
    text = f"{PROTOCOLS.get(protocol, protocol)} {name(src)}"
    if protocol == IPV6:
        return f"{text} > {name(dst)} carries [{describe(body)}] ttl {hops} len {size}"
    if protocol in (TCP, UDP):
        sport, dport = struct.unpack("!HH", body[:4])
        text += f":{sport} > {name(dst)}:{dport}"
    else:
        text += f" > {name(dst)}"
    if protocol == TCP and len(body) >= 14:
        text += " " + "".join(flag for bit, flag in enumerate(FLAGS) if body[13] & 1 << bit)
    if protocol == ICMPV6:
        text += f" type {body[0]}/{body[1]} rest {struct.unpack('!I', body[4:8])[0]:#x}"
        if body[0] < 128:
            text += f" about [{describe(body[8:], inner=True)}]"
    text += f" ttl {hops} len {size}"
    if not inner and protocol in PROTOCOLS:
        if checksum(src + dst + struct.pack("!II", len(body), protocol) + body):
            text += " BAD checksum"
    return text


def ports(packet):
    return (unpacked(packet[8:24]), *struct.unpack("!H", packet[HEAD:HEAD + 2]), unpacked(packet[24:40]),
            *struct.unpack("!H", packet[HEAD + 2:HEAD + 4]))


def target(packet):
    """Where a TCP or UDP packet goes."""
    return ports(packet)[2] if packet[6] in (TCP, UDP) else None


def is_for_many(_packet):
    return False


def protocol(packet):
    return packet[6]


def begins(packet):
    """Whether it begins a connection."""
    return packet[6] == UDP or packet[6] == TCP and packet[HEAD + 13] == 2


def connections(netns="director"):
    table = {}
    with Netns(netns), open("/proc/thread-self/net/ip_vs_conn", encoding="ascii") as file:
        lines = file.readlines()[1:]
    for line in lines:
        field = line.split()
        address = []
        for at in (1, 3, 5):
            address.append(unpacked(socket.inet_pton(socket.AF_INET6, field[at])))
        port = [int(field[at], 16) for at in (2, 4, 6)]
        table[field[0], address[0], port[0], address[1], port[1]] = (address[2], port[2], field[7], int(field[8]))
    return table


prepare()
