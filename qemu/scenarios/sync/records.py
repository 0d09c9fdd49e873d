#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Records of connections that are wrong, sent to lvs by hand: records.py FILE SEED COUNT, where FILE is one of
save-state. Prints what came of malformed requests, and how many records were sent of those with flipped bits."""

import random
import struct
import sys

from lvs.genl import GENL_ID_CTRL, NLM_F_ACK, Genl, attr, parse, text, u16, u32

GET_CONNS, CONN, LOAD_CONNS, SET_COUNTERS = 50, 51, 52, 54
SERVICE, DEST, RECORDS, ELAPSED, LOADED, POSITION, COUNTERS = 1, 2, 50, 51, 52, 53, 54
NLM_F_DUMP = 0x300
HEADER = 112

genl = Genl()
_, replies = genl.request(GENL_ID_CTRL, 3, text(2, "LVS"))
family = struct.unpack("H", dict(parse(replies[0][3]))[1])[0]


def load(records, more=b""):
    """(errno, made, there, over, refused, without room)"""
    error, answers = genl.request(family, LOAD_CONNS, attr(RECORDS, records) + more)
    if error:
        return (error,)
    counts = dict(parse(dict(parse(answers[0][3]))[LOADED]))
    return (0, *(struct.unpack("I", counts[number])[0] for number in range(1, 6)))


with open(sys.argv[1], "rb") as file:
    state = file.read()
at = HEADER + struct.unpack(">Q", state[88:96])[0]
records = []
while at < len(state):
    size = struct.unpack(">H", state[at:at + 2])[0]
    records.append(state[at:at + size])
    at += size
one = records[0]

print("no records:", genl.request(family, LOAD_CONNS)[0])
print("none of them:", *load(b""))
print("a piece:", *load(b"\0"))
print("a head:", *load(one[:16]))
print("cut off:", *load(one[:-4]))
print("of no size:", *load(bytes(64)))
print("too long:", *load(struct.pack(">H", 60000) + one[2:]))
print("of another format:", *load(one[:2] + b"\2" + one[3:]))
print("over:", *load(one, u32(ELAPSED, 0xFFFFFFFF)))
print("a short time:", *load(one, attr(ELAPSED, b"\1")))
print("a position of nothing:", genl.request(family, SET_COUNTERS, attr(POSITION, bytes(8)))[0])
print("counters of no service:", genl.request(family, SET_COUNTERS, attr(SERVICE, u16(1, 2) + u32(5, 77)))[0])
print("short counters:", genl.request(family, SET_COUNTERS, attr(COUNTERS, attr(1, b"\1")))[0])
print("a server of nothing:", genl.request(family, SET_COUNTERS, attr(DEST, b""))[0])

chance = random.Random(int(sys.argv[2]))
sent = came = 0
for _ in range(int(sys.argv[3])):
    batch = []
    for record in chance.choices(records, k=chance.randrange(1, 40)):
        changed = bytearray(record)
        for _ in range(chance.choice((0, 1, 1, 2, 8))):
            # Mostly what isn't the size, behind which nothing can be read.
            place = chance.randrange(2, len(changed)) if chance.random() < 0.98 else chance.randrange(2)
            changed[place] ^= 1 << chance.randrange(8)
        batch.append(bytes(changed))
    error, *counts = load(b"".join(batch), u32(ELAPSED, chance.choice((0, 0, 1000, 1 << 20))))
    assert not error, error
    # A size that became smaller makes several of one, each of which has a size at least.
    assert 2 * sum(counts) <= sum(map(len, batch)), counts
    sent += len(batch)
    came += counts[0]
assert came, "none was made"
error, listed = genl.request(family, GET_CONNS, flags=NLM_F_DUMP)
assert not error and listed, error
print("sent", sent, "records", file=sys.stderr)
