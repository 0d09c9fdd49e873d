# SPDX-License-Identifier: GPL-2.0
"""Adds rules with iptables' match ipvs to tables of every family that nft has, which no program would, and prints what the
kernel says to each."""
import errno
import socket
import struct

NFNL_BATCH_BEGIN, NFNL_BATCH_END, NFTABLES = 16, 17, 10
NEW_TABLE, DELETE_TABLE, NEW_CHAIN, NEW_RULE = 0, 2, 3, 6
REQUEST, ACK, CREATE = 1, 4, 0x400
FAMILIES = {"inet": 1, "ip": 2, "arp": 3, "netdev": 5, "bridge": 7, "ip6": 10}
OPTIONS = bytes(39) + bytes([1])


def attribute(kind, payload, nested=False):
    data = struct.pack("=HH", 4 + len(payload), kind | (0x8000 if nested else 0)) + payload
    return data + bytes(-len(data) % 4)


def text(kind, value):
    return attribute(kind, value.encode() + b"\0")


def number(kind, value):
    return attribute(kind, struct.pack(">I", value))


def message(kind, flags, sequence, family, attributes, resource=0):
    payload = struct.pack(">BBH", family, 0, resource) + attributes
    return struct.pack("=IHHII", 16 + len(payload), kind, REQUEST | flags, sequence, 0) + payload


def match(name, revision, options):
    data = text(1, name) + number(2, revision) + attribute(3, options)
    return attribute(1, text(1, "match") + attribute(2, data, True), True)


def attempt(family, name="ipvs", revision=0, options=OPTIONS):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as sock:
        sock.settimeout(10)
        rule = text(1, "t") + text(2, "c") + attribute(4, match(name, revision, options), True)
        parts = [(NEW_TABLE, text(1, "t")), (NEW_CHAIN, text(1, "t") + text(3, "c")), (NEW_RULE, rule)]
        batch = message(NFNL_BATCH_BEGIN, 0, 1, 0, b"", NFTABLES)
        for sequence, (kind, attributes) in enumerate(parts, 2):
            batch += message(NFTABLES << 8 | kind, ACK | CREATE, sequence, family, attributes)
        batch += message(NFNL_BATCH_END, 0, 9, 0, b"", NFTABLES)
        sock.send(batch)
        said = None
        while said is None:
            answers = sock.recv(65536)
            while answers:
                length, kind, _, sequence, _ = struct.unpack_from("=IHHII", answers)
                if kind == 2 and sequence == 4:
                    said = struct.unpack_from("=i", answers, 16)[0]
                answers = answers[(length + 3) & ~3:]
        removal = message(NFNL_BATCH_BEGIN, 0, 1, 0, b"", NFTABLES)
        removal += message(NFTABLES << 8 | DELETE_TABLE, ACK, 2, family, text(1, "t"))
        removal += message(NFNL_BATCH_END, 0, 3, 0, b"", NFTABLES)
        sock.send(removal)
        sock.recv(65536)
        return errno.errorcode.get(-said, said)


for name, family in FAMILIES.items():
    print(name, attempt(family))
for revision in 1, 255:
    print("revision", revision, attempt(2, revision=revision))
for length in 0, 32, 39, 41, 48:
    print("bytes", length, attempt(2, options=bytes(length)))
print("no option", attempt(2, options=bytes(40)))
print("all options", attempt(2, options=bytes(38) + b"\xff\xff"))
