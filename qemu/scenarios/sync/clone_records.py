#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes connections of many clients from 20.0.0.0 on: clone_records.py FILE COUNT, each as the first connection of FILE,
one of save-state, which is of IPv4 and nothing controls."""

import struct
import sys

from lvs.genl import GENL_ID_CTRL, Genl, attr, parse, text

LOAD_CONNS, RECORDS, LOADED = 52, 50, 52
# Of a record: where the client's address stands.
CLIENT = 16 + 24

genl = Genl()
_, replies = genl.request(GENL_ID_CTRL, 3, text(2, "LVS"))
family = struct.unpack("H", dict(parse(replies[0][3]))[1])[0]
with open(sys.argv[1], "rb") as file:
    state = file.read()
at = 112 + struct.unpack(">Q", state[88:96])[0]
record = state[at:at + struct.unpack(">H", state[at:at + 2])[0]]
count, made = int(sys.argv[2]), 0
for first in range(0, count, 1000):
    batch = b"".join(record[:CLIENT] + struct.pack(">I", (20 << 24) + number) + record[CLIENT + 4:]
                     for number in range(first, min(first + 1000, count)))
    error, answers = genl.request(family, LOAD_CONNS, attr(RECORDS, batch))
    assert not error, error
    made += struct.unpack("I", dict(parse(dict(parse(answers[0][3]))[LOADED]))[1])[0]
print(made)
