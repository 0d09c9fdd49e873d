# SPDX-License-Identifier: GPL-2.0
"""Packets of both families, right unless the caller spoils them, and a tun device that puts them into the director with as
many bytes in one piece as the caller likes."""

import fcntl
import os
import select
import socket
import struct
import subprocess
import time

from lvs.wire import Netns, checksum

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 1, 0x1000, 0x4000


class Tun:
    """The device `near` of the director: 10.0.9.1/24, fd00:9::1/64. What the director sends there is to be received."""

    def __init__(self):
        with Netns("director"):
            self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH22x", b"near", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR))
        commands = "link set near mtu 65535 up\naddr add 10.0.9.1/24 dev near\naddr add fd00:9::1/64 dev near nodad\n"
        subprocess.run(["ip", "-n", "director", "-batch", "-"], input=commands, text=True, check=True)
        with Netns("director"), open("/proc/sys/net/ipv4/conf/near/rp_filter", "w", encoding="ascii") as file:
            file.write("0")

    def send(self, packet, linear=0):
        """`linear`: bytes that lie in one piece, if the packet is larger than a page; 0: all of them."""
        while select.select([self.fd], [], [], 0)[0]:
            os.read(self.fd, 65600)
        try:
            os.write(self.fd, struct.pack("=BBHHHH", 0, 0, min(linear, len(packet)), 0, 0, 0) + packet)
        except OSError:
            # No IP version in the first byte, or nothing at all.
            pass

    def receive(self, wanted, timeout=5.0):
        """The next wanted packet."""
        end = time.monotonic() + timeout
        while select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
            packet = os.read(self.fd, 65600)[10:]
            if wanted(packet):
                return packet
        raise TimeoutError("nothing came")


def packed(host):
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)


def with_sum(src, dst, protocol, payload, at):
    """The payload with its checksum at an offset."""
    head = packed(src) + packed(dst) + struct.pack("!II", len(payload), protocol)
    payload = payload[:at] + b"\0\0" + payload[at + 2:]
    return payload[:at] + struct.pack("!H", checksum(head + payload) or 0xFFFF) + payload[at + 2:]


def ip4(src, dst, protocol, payload, ident=7, fragment=0):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), ident, fragment, 64, protocol, 0) + packed(src) + packed(dst)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ip6(src, dst, protocol, payload):
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + packed(src) + packed(dst) + payload


def dgram(src, sport, dst, dport, data):
    return with_sum(src, dst, 17, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data, 6)


def segment(src, sport, dst, dport, flags=2):
    return with_sum(src, dst, 6, struct.pack("!HHIIBBHHH", sport, dport, 1, 0, 0x50, flags, 8192, 0, 0), 16)


def icmp4(kind, code, payload, rest=0):
    message = struct.pack("!BBHI", kind, code, 0, rest) + payload
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


def icmp6(src, dst, kind, code, payload, rest=0):
    return with_sum(src, dst, 58, struct.pack("!BBHI", kind, code, 0, rest) + payload, 2)


def extension(kind, following, units):
    """An extension header that says it has so many units; it is as long as that."""
    if kind == 44:
        return struct.pack("!BBHI", following, 0, 0, 1)
    padding = 6 + 8 * units if kind != 51 else max(6, 4 * units + 6)
    return struct.pack("!BB", following, units) + b"\1" + bytes([padding - 2 & 0xFF]) + bytes(padding - 2)


def sctp(sport, dport, chunks):
    return struct.pack("!HHII", sport, dport, 1, 0) + chunks
