# SPDX-License-Identifier: GPL-2.0
"""Generic netlink by hand: any message, well formed or not, and its answer."""

import errno
import os
import socket
import struct

NETLINK_GENERIC = 16
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2


def attr(kind, data=b"", length=None):
    """An attribute; `length` lies about its size."""
    size = 4 + len(data)
    return struct.pack("HH", size if length is None else length, kind) + data + bytes(-size % 4)


def u8(kind, value):
    return attr(kind, struct.pack("B", value))


def u16(kind, value):
    return attr(kind, struct.pack("H", value))


def be16(kind, value):
    return attr(kind, struct.pack("!H", value))


def u32(kind, value):
    return attr(kind, struct.pack("I", value & 0xFFFFFFFF))


def be32(kind, value):
    return attr(kind, struct.pack("!I", value))


def text(kind, value):
    return attr(kind, value.encode() + b"\0")


def address(kind, value):
    """16 bytes, as ipvsadm sends them."""
    family = socket.AF_INET6 if ":" in value else socket.AF_INET
    return attr(kind, socket.inet_pton(family, value).ljust(16, b"\0"))


def parse(data):
    """[(kind, payload)] of a run of attributes."""
    found = []
    while len(data) >= 4:
        size, kind = struct.unpack("HH", data[:4])
        found.append((kind, data[4:size]))
        data = data[(size + 3) & ~3:]
    return found


class Genl:
    """A socket and the family IPVS."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        self.socket.settimeout(10)
        self.sequence = 0
        # Flags of the end of the last list.
        self.end_flags = 0
        error, replies = self.request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, text(CTRL_ATTR_FAMILY_NAME, "IPVS"))
        if error:
            raise OSError(error, os.strerror(error))
        self.info = parse(replies[0][3])
        self.family = struct.unpack("H", dict(self.info)[CTRL_ATTR_FAMILY_ID])[0]

    def request(self, family, command, payload=b"", flags=NLM_F_ACK, version=1, raw=None):
        """(errno, [(type, flags, command, payload)])"""
        self.sequence += 1
        body = struct.pack("BBH", command, version, 0) + payload if raw is None else raw
        head = struct.pack("IHHII", 16 + len(body), family, flags | NLM_F_REQUEST, self.sequence, 0)
        self.socket.send(head + body)
        replies = []
        while True:
            data = self.socket.recv(1 << 20)
            while data:
                size, kind, got, sequence, _ = struct.unpack("IHHII", data[:16])
                message, data = data[16:size], data[(size + 3) & ~3:]
                if sequence != self.sequence:
                    continue
                if kind == NLMSG_ERROR:
                    return -struct.unpack("i", message[:4])[0], replies
                if kind == NLMSG_DONE:
                    self.end_flags = got
                    return -struct.unpack("i", message[:4])[0], replies
                replies.append((kind, got, message[0], message[4:]))
                if not flags and not got & 2:
                    return 0, replies

    def __call__(self, title, command, payload=b"", flags=NLM_F_ACK, **kwargs):
        """Sends, and prints all there is to see of the answer."""
        error, replies = self.request(self.family, command, payload, flags, **kwargs)
        print(f"{title}: {errno.errorcode.get(error, error) if error else 'ok'}")
        for kind, got, answer, body in replies:
            print("    reply", "of the family" if kind == self.family else kind, f"flags {got:#x} command {answer}", body.hex(" ", 4))
