# SPDX-License-Identifier: GPL-2.0
"""Transactions of the family LVS by hand, message by message."""

import errno
import struct

from lvs.genl import GENL_ID_CTRL, NLM_F_ACK, Genl, address, attr, be16, be32, parse, text, u8, u16, u32

BEGIN, PUT_SERVICE, PUT_DEST, REMOVE_SERVICE, COMMIT, ABORT, GET_GENERATION = range(11, 18)
SERVICE, DEST, TRANSACTION, EVENT = 1, 2, 11, 30
SEQUENCE = 2
GENERATION, WHOLE, CHECK = 1, 2, 3


def named(target, protocol=17):
    """What names a service: `ADDRESS:PORT` or the number of a mark."""
    if isinstance(target, int):
        return u16(1, 2) + u32(5, target)
    host, port = target.rsplit(":", 1)
    host = host.strip("[]")
    return u16(1, 10 if ":" in host else 2) + u16(2, protocol) + address(3, host) + be16(4, int(port))


def service(target, scheduler="rr", protocol=17, flags=0, timeout=0):
    """The attribute of a whole service."""
    mask = u32(9, 128) if isinstance(target, str) and "[" in target else be32(9, 0xFFFFFFFF)
    return attr(SERVICE, named(target, protocol) + text(6, scheduler) + attr(7, struct.pack("II", flags, 0xFFFFFFFF))
                + u32(8, timeout) + mask)


def server(target, weight=1, method=0, upper=0, lower=0, extra=b""):
    """The attribute of a whole server."""
    host, port = target.rsplit(":", 1)
    host = host.strip("[]")
    return attr(DEST, u16(11, 10 if ":" in host else 2) + address(1, host) + be16(2, int(port)) + u32(3, method)
                + u32(4, weight) + u32(5, upper) + u32(6, lower) + extra)


class Transaction:
    """A socket that may have a transaction open."""

    def __init__(self):
        self.send = Genl()
        error, replies = self.send.request(GENL_ID_CTRL, 3, text(2, "LVS"))
        if error:
            raise OSError(error, "the family LVS")
        self.family = struct.unpack("H", dict(parse(replies[0][3]))[1])[0]

    def call(self, command, payload=b""):
        """The name of the error, or ok."""
        error, _ = self.send.request(self.family, command, payload, NLM_F_ACK)
        return errno.errorcode.get(error, error) if error else "ok"

    def generation(self):
        """The generation of the rules."""
        error, replies = self.send.request(self.family, GET_GENERATION)
        if error:
            raise OSError(error, "the generation")
        nest = dict(parse(replies[0][3]))[TRANSACTION]
        return struct.unpack("I", dict(parse(nest))[GENERATION])[0]

    def last_event(self):
        """The number of the last event."""
        error, replies = self.send.request(self.family, GET_GENERATION)
        if error:
            raise OSError(error, "the last event")
        nest = dict(parse(replies[0][3]))[EVENT]
        return struct.unpack("Q", dict(parse(nest))[SEQUENCE])[0]

    def begin(self, generation=None, whole=False):
        """Opens a transaction."""
        nest = b"" if generation is None else u32(GENERATION, generation)
        nest += u8(WHOLE, 1) if whole else b""
        return self.call(BEGIN, attr(TRANSACTION, nest) if nest else b"")

    def commit(self, check=False):
        """Puts it in force, or asks whether that would do."""
        return self.call(COMMIT, attr(TRANSACTION, u8(CHECK, 1)) if check else b"")

    def put(self, target, *servers, **settings):
        """A service and its servers, newest first; what was answered other than ok."""
        answers = [self.call(PUT_SERVICE, service(target, **settings))]
        answers += [self.call(PUT_DEST, one if isinstance(one, bytes) else server(one)) for one in servers]
        return [answer for answer in answers if answer != "ok"]

    def replace(self, services, whole=True):
        """A whole transaction: {target: [server, ...]}. What went wrong."""
        said = [self.begin(whole=whole)]
        for target, servers in services.items():
            said += self.put(target, *servers)
        said.append(self.commit())
        return [answer for answer in said if answer != "ok"]
