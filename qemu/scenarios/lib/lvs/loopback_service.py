# SPDX-License-Identifier: GPL-2.0
"""A service and its clients within one network namespace, by its loopback device."""

import fcntl
import os
import socket
import struct

from lvs.genl import Genl, address, attr, be16, be32, text, u16, u32


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, 0x8914, struct.pack("16sH22x", b"lo", 1 | 0x40))


def add_service():
    """UDP port 53 of 127.0.0.1, with a server."""
    genl = Genl()
    parts = u16(1, 2) + u16(2, 17) + address(3, "127.0.0.1") + be16(4, 53) + text(6, "rr") \
        + attr(7, struct.pack("II", 0, 0xFFFFFFFF)) + u32(8, 0) + be32(9, 0xFFFFFFFF)
    server = address(1, "127.0.0.2") + be16(2, 53) + u32(3, 0) + u32(4, 1) + u32(5, 0) + u32(6, 0)
    for command, payload in ((1, attr(1, parts)), (5, attr(1, parts) + attr(2, server))):
        error, _ = genl.request(genl.family, command, payload)
        if error:
            raise OSError(error, os.strerror(error))
    genl.socket.close()


def connect(count):
    """Sends the first packet of each of so many connections, or one more of it."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as sender:
        for port in range(1000, 1000 + count):
            sender.sendto(struct.pack("!HHHH", port, 53, 8, 0), ("127.0.0.1", 0))
