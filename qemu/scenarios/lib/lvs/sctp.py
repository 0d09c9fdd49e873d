# SPDX-License-Identifier: GPL-2.0
"""SCTP packets, without what carries them."""

import struct

SCTP = 132
CHUNKS = {
    "data": 0, "init": 1, "init_ack": 2, "sack": 3, "heartbeat": 4, "abort": 6, "shutdown": 7, "shutdown_ack": 8,
    "error": 9, "cookie_echo": 10, "cookie_ack": 11, "shutdown_complete": 14, "unknown": 200,
}


def crc_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


TABLE = list(crc_table())


def crc32c(data):
    """As it lies in an SCTP header."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def chunk(name, data=b"", length=None):
    """A chunk, padded."""
    length = 4 + len(data) if length is None else length
    return struct.pack("!BBH", CHUNKS[name], 0, length) + data + b"\0" * (-len(data) % 4)


def sctp_packet(sport, dport, *chunks, crc=None):
    """An SCTP packet without its IP header; a chunk is its name or its bytes."""
    body = b"".join(chunk(one, b"body") if isinstance(one, str) else one for one in chunks)
    head = struct.pack("!HHI", sport, dport, 0x1234567)
    return head + (crc32c(head + bytes(4) + body) if crc is None else crc) + body
