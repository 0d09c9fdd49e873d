# SPDX-License-Identifier: GPL-2.0
"""What lvs puts behind messages of synchronisation: trailers and signals, by hand."""

import hashlib
import hmac
import struct

LIVE, BULK, SWEEP, SIGNAL = range(4)
HELLO, REQUEST, DONE, ACK, MISSING = range(1, 6)
TAG = 16


def seal(message, kind=LIVE, boot=1, number=1, repeats=0, as_of=None, key=0, secret=b""):
    """The message with its trailer, signed if there is a secret."""
    padded = message + bytes(-len(message) % 4)
    padded = padded[:2] + struct.pack("!H", len(padded) + 56) + padded[4:]
    as_of = number if as_of is None else as_of
    body = padded + b"LVS1" + struct.pack("!BBHQQQQ", kind, 0, key, boot, number, repeats, as_of)
    tag = hmac.new(secret, body, hashlib.sha256).digest()[:TAG] if key else bytes(TAG)
    return body + tag


def signal(says, fields, sync_id=0, to=0):
    """A signal without its trailer."""
    body = struct.pack("!Q", to) + fields
    return struct.pack("!BBHBBH", 0, sync_id, 8 + len(body), says, 0x4C, 0) + body


def hello(sync_id=0, to=0, nonce=0, echo=0, kept_from=1, rules=0, entries=0, bits=0):
    """That somebody is there."""
    return signal(HELLO, struct.pack("!QQQQIB3x", nonce, echo, kept_from, rules, entries, bits), sync_id, to)


class Trailer:
    """That of a datagram; None of one without."""

    def __init__(self, data):
        self.kind, _, self.key, self.boot, self.number, self.repeats, self.as_of = struct.unpack("!BBHQQQQ", data[-52:-16])

    @staticmethod
    def of(data):
        """The trailer of data, if it has one."""
        return Trailer(data) if len(data) >= 64 and data[-56:-52] == b"LVS1" else None
