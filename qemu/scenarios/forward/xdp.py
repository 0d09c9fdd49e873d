# SPDX-License-Identifier: GPL-2.0
"""Single frames through the program that is attached: what becomes of each, to the byte.

xdp.py frames PROGRAM FAMILY    the network is that of test-xdp.sh, with DNS at port 53 of the virtual address
xdp.py other PATH               pins another program there
"""

import json
import socket
import struct
import subprocess

from lvs import bpf
from lvs.cases import case, equal, main
from lvs.packets import dgram, ip4, ip6, packed, segment, with_sum
from lvs.wire import Netns, checksum

PORT, PROBED = 17000, 53
ADDRESSES = {
    "4": {"vip": "10.0.1.100", "client": "10.0.1.10", "server": "10.0.2.11", "tcp": "10.0.1.100"},
    "6": {"vip": "2001:db8:1::100", "client": "2001:db8:1::10", "server": "2001:db8:2::11", "tcp": "2001:db8:1::100"},
}
QUERY = bytes.fromhex("123401000001000000000000") + b"\3who\0" + bytes.fromhex("00100001")


def sh(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def device(netns, name):
    """Number and MAC."""
    link = json.loads(sh("ip", "-n", netns, "-j", "link", "show", "dev", name))[0]
    return link["ifindex"], bytes.fromhex(link["address"].replace(":", ""))


class World:
    """The director's ends, and a connection of UDP and one of TCP through it."""

    def __init__(self, program, family):
        self.is_v6 = family == "6"
        self.at = ADDRESSES[family]
        self.front, self.front_mac = device("director", "front")
        self.back, self.back_mac = device("director", "back")
        self.client_mac = device("client", "eth0")[1]
        self.server_mac = device("rs1", "eth0")[1]
        with Netns("director"):
            self.fd = bpf.program(program)
        self.neighbours("permanent")
        self.sockets = [self.ask(socket.SOCK_DGRAM), self.ask(socket.SOCK_STREAM)]

    def neighbours(self, state):
        for address, mac, name in ((self.at["server"], self.server_mac, "back"), (self.at["client"], self.client_mac, "front")):
            sh("ip", "-n", "director", "neigh", "replace", address, "lladdr", mac.hex(":"), "nud", state, "dev", name)

    def ask(self, kind):
        """A connection that both sides have used."""
        with Netns("client"):
            sock = socket.socket(socket.AF_INET6 if self.is_v6 else socket.AF_INET, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.settimeout(20)
        sock.bind((self.at["client"], PORT))
        sock.connect((self.at["vip"], PROBED))
        query = QUERY if kind == socket.SOCK_DGRAM else struct.pack("!H", len(QUERY)) + QUERY
        sock.send(query)
        if not sock.recv(512):
            raise TimeoutError("no answer")
        return sock

    def ip(self, src, dst, protocol, payload):
        return (ip6 if self.is_v6 else ip4)(src, dst, protocol, payload)

    def ether(self, packet, mac=None, source=None):
        kind = b"\x86\xdd" if self.is_v6 else b"\x08\x00"
        return (mac or self.front_mac) + (source or self.client_mac) + kind + packet

    def request(self, transport=None, **kwargs):
        """A client's frame."""
        at = self.at
        data = transport or dgram(at["client"], PORT, at["vip"], PROBED, b"0123456789" * 4)
        return self.ether(self.ip(at["client"], at["vip"], 6 if transport else 17, data), **kwargs)

    def tcp(self, flags):
        return segment(self.at["client"], PORT, self.at["vip"], PROBED, flags)

    def reply(self, transport=None):
        """A server's frame."""
        at = self.at
        data = transport or dgram(at["server"], PROBED, at["client"], PORT, b"an answer")
        return self.ether(self.ip(at["server"], at["client"], 6 if transport else 17, data), self.back_mac, self.server_mac)

    def run(self, frame, index=None):
        with Netns("director"):
            return bpf.run(self.fd, frame, index or self.front)

    def translated(self, frame, to, source, end, address):
        """What a frame becomes: other ends of the link, an address of the packet, a hop less, right sums."""
        packet = bytearray(frame[14:])
        start = (8 if self.is_v6 else 12) + (0 if end == "source" else len(packed(address)))
        packet[start:start + len(packed(address))] = packed(address)
        packet[7 if self.is_v6 else 8] -= 1
        head, protocol = (40, packet[6]) if self.is_v6 else (20, packet[9])
        if not self.is_v6:
            packet[10:12] = b"\0\0"
            packet[10:12] = struct.pack("!H", checksum(bytes(packet[:20])))
        family = socket.AF_INET6 if self.is_v6 else socket.AF_INET
        size = len(packed(address))
        first = 8 if self.is_v6 else 12
        ends = [socket.inet_ntop(family, bytes(packet[first + i * size:first + (i + 1) * size])) for i in (0, 1)]
        packet[head:] = with_sum(*ends, protocol, bytes(packet[head:]), 6 if protocol == 17 else 16)
        return to + source + frame[12:14] + bytes(packet)


def patched(frame, at, data, is_v6=True):
    """Other bytes; an IPv4 header's checksum is right again."""
    frame = bytearray(frame)
    frame[at:at + len(data)] = data
    if not is_v6:
        frame[24:26] = b"\0\0"
        frame[24:26] = struct.pack("!H", checksum(bytes(frame[14:14 + (frame[14] & 15) * 4])))
    return bytes(frame)


def becomes(what, wanted, got):
    equal(what, ("REDIRECT", wanted.hex()), (got[0], got[1].hex()))


def leaves(world, flags=()):
    """Frames of the connections leave, translated: datagrams, and segments with these flags."""
    at = world.at
    requests = {"datagram": world.request()}
    requests |= {f"segment of flags {bits}": world.request(world.tcp(bits)) for bits in flags}
    for what, frame in requests.items():
        wanted = world.translated(frame, world.server_mac, world.back_mac, "destination", at["server"])
        becomes(f"a client's {what}", wanted, world.run(frame))
    replies = {"datagram": world.reply()}
    if flags:
        replies["segment"] = world.reply(segment(at["server"], PROBED, at["client"], PORT, 0x10))
    for what, frame in replies.items():
        wanted = world.translated(frame, world.client_mac, world.front_mac, "source", at["vip"])
        becomes(f"a server's {what}", wanted, world.run(frame, world.back))
    # What a link pads a short frame with stays behind it.
    frame = world.request()
    action, became = world.run(frame + bytes(7))
    equal("a padded one", ("REDIRECT", len(frame) + 7), (action, len(became)))


def passed(world, what, frame, index=None):
    action, became = world.run(frame, index)
    equal(f"{what} is passed", "PASS", action)
    equal(f"{what} is unchanged", frame.hex(), became.hex())
    return 1


def passes(world):
    """Everything else is passed on, unchanged. How many kinds."""
    at, v6, plain = world.at, world.is_v6, world.request()
    count = 0
    fields = {"hops": 21, "protocol": 20, "length": 18} if v6 else {"hops": 22, "protocol": 23, "length": 16}
    transport = 54 if v6 else 34
    other = dgram(at["client"], PORT + 1, at["vip"], PROBED, b"x" * 20)
    pseudo = packed(at["client"]) + packed(at["vip"]) + struct.pack("!II", len(plain) - transport, 17)
    partial = struct.pack("!H", ~checksum(pseudo) & 0xFFFF)
    kinds = {
        "a SYN": world.request(world.tcp(2)),
        "a SYN of the server": world.reply(segment(at["server"], PROBED, at["client"], PORT, 0x12)),
        "another flow": world.ether(world.ip(at["client"], at["vip"], 17, other)),
        "another MAC": patched(plain, 0, b"\x02\0\0\0\0\x77"),
        "broadcast": patched(plain, 0, b"\xff" * 6),
        "ARP": patched(plain, 12, b"\x08\x06"),
        "the last hop": patched(plain, fields["hops"], b"\1", v6),
        "no hop": patched(plain, fields["hops"], b"\0", v6),
        "ICMP": patched(plain, fields["protocol"], b"\x3a" if v6 else b"\1", v6),
        "SCTP": patched(plain, fields["protocol"], b"\x84", v6),
        "more bytes than there are": patched(plain, fields["length"], b"\x01\x00", v6),
        "too few bytes": patched(plain, fields["length"], b"\0\4" if v6 else b"\0\x18", v6),
        "a partial checksum": patched(plain, transport + 6, partial),
        "an unknown VLAN": plain[:12] + b"\x81\0\0\x63" + plain[12:],
        "two tags": plain[:12] + b"\x88\xa8\0\x0a\x81\0\0\x0a" + plain[12:],
        "a tag of priority": plain[:12] + b"\x81\0\xa0\0" + plain[12:],
        "another version": patched(plain, 14, b"\x55", v6),
    }
    if v6:
        kinds["options"] = patched(plain[:54] + b"\x11\0\1\4\0\0\0\0" + plain[54:], 18, struct.pack("!HB", len(plain) - 54 + 8, 0))
        kinds["a fragment"] = patched(plain[:54] + b"\x11\0\0\1\0\0\0\1" + plain[54:], 18, struct.pack("!HB", len(plain) - 54 + 8, 44))
    else:
        longer = patched(plain[:34] + b"\1\1\1\0" + plain[34:], 14, b"\x46")
        kinds["options"] = patched(longer, 16, struct.pack("!H", len(longer) - 14), v6)
        kinds["a fragment"] = patched(plain, 20, b"\x20\0", v6)
        kinds["a later fragment"] = patched(plain, 20, b"\0\x10", v6)
        kinds["a wrong header checksum"] = patched(plain, 24, b"\x12\x34")
    for what, frame in kinds.items():
        index = world.back if what.endswith("the server") else world.front
        count += passed(world, what, frame, index)
    return count


def director(*words):
    sh("ip", "-n", "director", *words)


def while_changed(world):
    """What the director's administrator changes has frames pass, and leave again when it is changed back."""
    at, plain, count = world.at, world.request(), 0

    def settles():
        """The next packet by the normal path teaches what was forgotten."""
        world.sockets[0].send(QUERY)
        world.sockets[0].recv(512)
        equal("then frames leave again", "REDIRECT", world.run(plain)[0])

    def sysctl(name, value):
        sh("nsenter", "--net=/run/netns/director", "sysctl", "-qw", f"{name}={value}")

    world.neighbours("stale")
    count += passed(world, "a neighbour that may be gone", plain)
    director("neigh", "del", at["server"], "dev", "back")
    count += passed(world, "an unknown neighbour", plain)
    world.neighbours("permanent")
    equal("a known one", "REDIRECT", world.run(plain)[0])
    for change in ("add", "del"):
        director("route", change, at["server"], "dev", "back")
        count += passed(world, f"after a route's {change}", plain)
        settles()
    sysctl("net.ipv4.vs.conntrack", 1)
    count += passed(world, "conntrack=1", plain)
    sysctl("net.ipv4.vs.conntrack", 0)
    settles()
    policy = ["xfrm", "policy", "add", "src", at["vip"], "dst", at["client"], "dir", "out", "action", "allow"]
    director(*policy)
    count += passed(world, "an IPsec policy", plain)
    director("xfrm", "policy", "flush")
    settles()
    director("link", "set", "back", "mtu", "1300")
    settles()
    long = dgram(at["client"], PORT, at["vip"], PROBED, bytes(1350))
    big = world.ether(world.ip(at["client"], at["vip"], 17, long))
    count += passed(world, "what is too big", big)
    director("link", "set", "back", "mtu", "1500")
    settles()
    equal("what fits", "REDIRECT", world.run(big)[0])
    sh("nsenter", "--net=/run/netns/director", "ethtool", "-K", "front", "rx-vlan-hw-parse", "on")
    count += passed(world, "with tags that can't be seen", plain)
    sh("nsenter", "--net=/run/netns/director", "ethtool", "-K", "front", "rx-vlan-hw-parse", "off")
    equal("and seen again", "REDIRECT", world.run(plain)[0])
    return count


@case
def frames(program: int, family):
    world = World(program, family)
    # The server may close its end later on.
    leaves(world, (0x10, 0x18, 0x11))
    count = passes(world) + while_changed(world)
    leaves(world)
    world.neighbours("reachable")
    print(f"  IPv{family}: {count} kinds of frames were passed on unchanged")


@case
def other(path):
    with Netns("director"):
        bpf.pin(bpf.load(bpf.returning("PASS"), b"other"), path)


main()
