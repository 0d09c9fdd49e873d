# SPDX-License-Identifier: GPL-2.0
"""Lists that are given up half-way, and lists of rules that others change meanwhile.

usage: dumps.py abandon COUNT     begins lists of every kind and closes the socket after their first part
       dumps.py lists STOP        lists everything until the file STOP exists: each list ends, and what says that nothing
                                  changed meanwhile has every service that nobody changes, with its servers
       dumps.py change SEED STOP  adds, changes and deletes services and servers until STOP exists

Services that nobody changes have marks from FIRST on, SERVICES of them with SERVERS servers each.
"""

import errno
import os
import random
import struct
import sys

from lvs.cases import case, main
from lvs.genl import NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, Genl, GENL_ID_CTRL, address, attr, be16, be32, parse, text, u16, u32

FIRST, SERVICES, SERVERS = 100_000, 300, 3
NLM_F_DUMP_INTR = 0x10
GET_SERVICE, GET_DEST, GET_DAEMON, GET_TABLE = 4, 8, 11, 1


def service(mark):
    return attr(1, u16(1, 2) + u32(5, mark))


def full_service(mark, scheduler):
    return attr(1, u16(1, 2) + u32(5, mark) + text(6, scheduler) + attr(7, struct.pack("II", 0, 0xFFFFFFFF)) + u32(8, 0)
                + be32(9, 0xFFFFFFFF))


def server(host, weight=1):
    return attr(2, address(1, f"10.0.2.{host}") + be16(2, 80) + u32(3, 0) + u32(4, weight) + u32(5, 0) + u32(6, 0))


def family(send, name):
    """Number of a family, if it is there."""
    replies = send.request(GENL_ID_CTRL, 3, text(2, name))[1]
    return struct.unpack("H", dict(parse(replies[0][3]))[1])[0] if replies else None


@case
def abandon(count: int):
    prepare()
    for i in range(count):
        send = Genl()
        own = family(send, "LVS")
        kind, command, payload = [(send.family, GET_SERVICE, b""), (send.family, GET_DEST, service(FIRST + i % SERVICES)),
                                  (send.family, GET_DAEMON, b""), (own or send.family, GET_TABLE if own else GET_SERVICE, b"")][i % 4]
        body = struct.pack("BBH", command, 1, 0) + payload
        send.socket.send(struct.pack("IHHII", 16 + len(body), kind, NLM_F_DUMP | NLM_F_REQUEST, 99, 0) + body)
        if i % 3:
            send.socket.recv(1 << 12)
        send.socket.close()


def listed(replies):
    """Marks in a list, each with its number of servers."""
    found = {}
    mark = None
    for _, _, _, body in replies:
        # What else is said of it follows.
        kind, nest = parse(body)[0]
        if kind == 1:
            mark = struct.unpack("I", dict(parse(nest)).get(5, bytes(4)))[0]
            if mark in found:
                print(f"mark {mark} is listed twice")
            found.setdefault(mark, 0)
        else:
            found[mark] = found.get(mark, 0) + 1
    return found


@case
def lists(stop):
    send = Genl()
    own = family(send, "LVS")
    lists, consistent = 0, 0
    while not os.path.exists(stop):
        for command, payload in ((GET_SERVICE, b""), (GET_DEST, service(FIRST)), (GET_DEST, service(1)), (GET_DAEMON, b"")):
            error, replies = send.request(send.family, command, payload, NLM_F_DUMP)
            if error:
                print(f"list {command} ended with error {error}")
            if payload == service(FIRST) and len(replies) != SERVERS:
                print(f"{len(replies)} servers")
            lists += 1
        if own:
            error, replies = send.request(own, GET_TABLE, flags=NLM_F_DUMP)
            if error:
                print(f"the table ended with error {error}")
            lists += 1
            if not send.end_flags & NLM_F_DUMP_INTR:
                consistent += 1
                found = {mark: count for mark, count in listed(replies).items() if mark >= FIRST}
                if found != {FIRST + i: SERVERS for i in range(SERVICES)}:
                    print(f"a list without changes has {len(found)} services, of which "
                          f"{sum(count != SERVERS for count in found.values())} without their servers")
            for mark, wanted in ((FIRST, (0, {FIRST: SERVERS})), (FIRST - 1, (errno.ESRCH, {}))):
                error, found = send.request(own, GET_TABLE, service(mark), NLM_F_DUMP)
                if (error, listed(found)) != wanted:
                    print(f"the list of service {mark} ended with {error}, and has {listed(found)}")
            lists += 2
    print(f"{lists} lists, {consistent} of the table without changes meanwhile", file=sys.stderr)


@case
def change(seed: int, stop):
    draw = random.Random(seed)
    send = Genl()
    changes = 0
    while not os.path.exists(stop):
        mark = draw.randrange(1, 400)
        kind = draw.random()
        if kind < 0.3:
            call = (1, full_service(mark, draw.choice(["rr", "wlc", "sh"])))
        elif kind < 0.4:
            call = (2, full_service(mark, draw.choice(["rr", "wlc", "mh"])))
        elif kind < 0.55:
            call = (3, service(mark))
        elif kind < 0.8:
            call = (5, service(mark) + server(draw.randrange(1, 20)))
        elif kind < 0.9:
            call = (6, service(mark) + server(draw.randrange(1, 20), draw.randrange(10)))
        else:
            call = (7, service(mark) + server(draw.randrange(1, 20)))
        send.request(send.family, *call, NLM_F_ACK)
        changes += 1
    print(f"{changes} changes", file=sys.stderr)


def prepare():
    send = Genl()
    for i in range(SERVICES):
        send.request(send.family, 1, full_service(FIRST + i, "rr"), NLM_F_ACK)
        for host in range(SERVERS):
            send.request(send.family, 5, service(FIRST + i) + server(100 + host), NLM_F_ACK)


if __name__ == "__main__":
    main()
