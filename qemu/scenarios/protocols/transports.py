# SPDX-License-Identifier: GPL-2.0
"""SCTP, AH and ESP packets and ICMP errors about any packets, made and seen by hand over the family in $FAMILY (4 by
default). Nodes have IPv4 addresses as in wire, which stand for IPv6 ones as in wire6."""

import socket
import struct
import zlib

from lvs import wire
from lvs.family import V6
from lvs.sctp import SCTP, chunk, crc32c, sctp_packet
from lvs.sides import Sides

ESP, AH = 50, 51
if V6:
    from lvs import wire6
    net, ICMP, HEAD = wire6, 58, 40
else:
    net, ICMP, HEAD = wire, wire.ICMP, 20

NAMES = {6: "TCP", 17: "UDP", 1: "ICMP", 58: "ICMP", 4: "IPIP", 41: "IPIP", SCTP: "SCTP", ESP: "ESP", AH: "AH"}
# Has the director take replies from its virtual address, as DR servers send them, and pass them on.
ANY_REPLIES = ("net.ipv4.conf.all.accept_local=1", "net.ipv4.conf.back.accept_local=1")
# IPv4's errors, and what IPv6 has in their place.
ERRORS_V6 = {(3, 4): (2, 0), (3, 3): (1, 4), (3, 1): (1, 3), (11, 0): (3, 0)}


def ip(src, dst, protocol, payload, **kwargs):
    if not V6:
        return wire.ip(src, dst, protocol, payload, **kwargs)
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, kwargs.get("ttl", 64)) + \
        wire6.packed(src) + wire6.packed(dst) + payload


def sctp(src, sport, dst, dport, *chunks, crc=None, **kwargs):
    return ip(src, dst, SCTP, sctp_packet(sport, dport, *chunks, crc=crc), **kwargs)


def esp(src, dst, data=b"encrypted", **kwargs):
    return ip(src, dst, ESP, struct.pack("!II", 0x1001, 7) + data, **kwargs)


def ah(src, dst, inner=ESP, data=b"authenticated", **kwargs):
    return ip(src, dst, AH, struct.pack("!BBHII", inner, 4, 0, 0x1002, 8) + bytes(12) + data, **kwargs)


def error(src, dst, kind, code, about, rest=0, flip=0):
    """An ICMP error; with `flip` its checksum is wrong."""
    if not V6:
        packet = bytearray(wire.icmp(src, dst, kind, code, about, rest))
    else:
        message = struct.pack("!BBHI", *ERRORS_V6[kind, code], 0, rest) + about
        total = wire.checksum(wire6.packed(src) + wire6.packed(dst) + struct.pack("!II", len(message), ICMP) + message)
        packet = bytearray(ip(src, dst, ICMP, message[:2] + struct.pack("!H", total) + message[4:]))
    packet[HEAD + 2] ^= flip
    return bytes(packet)


def address(octets):
    return wire6.unpacked(octets) if len(octets) == 16 else socket.inet_ntoa(octets)


def describe(packet, inner=False):
    """One line about a packet, with everything a balancer may touch."""
    if V6:
        head, length, protocol, ttl = 40, 40 + struct.unpack("!H", packet[4:6])[0], packet[6], packet[7]
        src, dst, fragment = packet[8:24], packet[24:40], 0
    else:
        head, length = (packet[0] & 15) * 4, struct.unpack("!H", packet[2:4])[0]
        protocol, ttl, src, dst = packet[9], packet[8], packet[12:16], packet[16:20]
        fragment = struct.unpack("!H", packet[6:8])[0]
    body = packet[head:] if inner else packet[head:length]
    whole = not fragment & 0x3FFF and len(body) == length - head
    text, bad = NAMES.get(protocol, str(protocol)), []
    if not V6 and wire.checksum(packet[:head]):
        bad.append("ip")
    src, dst = address(src), address(dst)
    if protocol in (6, 17, SCTP) and not fragment & 0x1FFF and len(body) >= 4:
        sport, dport = struct.unpack("!HH", body[:4])
        text += f" {src}:{sport} > {dst}:{dport}"
    else:
        text += f" {src} > {dst}"
    if protocol == SCTP and whole:
        if crc32c(body[:8] + bytes(4) + body[12:]) != body[8:12]:
            bad.append("crc")
        text += f" chunk {body[12] if len(body) > 12 else 'none'} data {zlib.crc32(body[12:]):08x}"
    elif protocol in (ESP, AH):
        text += f" data {zlib.crc32(body):08x}"
    elif protocol == ICMP and whole:
        covered = body
        if V6:
            covered = packet[8:40] + struct.pack("!II", len(body), ICMP) + body
        if wire.checksum(covered):
            bad.append("icmp")
        text += f" type {body[0]}/{body[1]} about [{describe(body[8:], inner=True)}]"
    elif protocol in (4, 41) and whole:
        text += f" carries [{describe(body)}]"
    text += f" ttl {ttl} len {length}"
    if fragment:
        text += f" df={fragment >> 14 & 1} mf={fragment >> 13 & 1} off={(fragment & 0x1FFF) * 8}"
    return text + (f" BAD checksum: {' '.join(bad)}" if bad and not inner else "")


def interesting(packet):
    """No neighbour discovery."""
    return packet[6] in (wire.TCP, wire.UDP, SCTP, ESP, AH, 41) or packet[6] == ICMP and packet[40] < 128


def sides():
    """What arrives at the client and at rs1, of the protocols above."""
    made = Sides(net, interesting if V6 else None, describe)
    wire.run("sysctl", "-qw", *ANY_REPLIES, "net.ipv6.icmp.ratelimit=0")
    return made


def begun(title, ports):
    """Prints the connections from some client ports."""
    table = {key: value for key, value in settled().items() if key[2] in ports}
    for key, value in sorted(table.items()):
        print("  ", title, *key, "->", *value[:3])
    if not table:
        print("  ", title, "none")


def settled():
    """The table once the packets sent so far have had their effect."""
    before = None
    while True:
        wire.time.sleep(0.05)
        now = net.connections()
        if before is not None and {k: v[:3] for k, v in now.items()} == {k: v[:3] for k, v in before.items()}:
            return now
        before = now


def put(name, value):
    wire.run("sysctl", "-qw", f"net.ipv4.vs.{name}={value}")
