# SPDX-License-Identifier: GPL-2.0
"""Calls to configure the balancer by a grammar, well formed and not: netlink messages and socket options.

usage: control_fuzz.py calls SEED COUNT   prints each call's errno, for comparison
       control_fuzz.py silent SEED COUNT  only makes them, and of the family LVS as many, transactions mostly
       control_fuzz.py options            each socket option once, and its errno
       control_fuzz.py commands [all]     each netlink command, whole and as a dump, and its errno; `all`: also of daemons
       control_fuzz.py settings           each setting, and whether it may be opened for writing
"""

import ctypes
import errno
import os
import random
import socket
import struct

from lvs.cases import case, main
from lvs.genl import NLM_F_ACK, NLM_F_DUMP, Genl, address, attr, be16, be32, parse, text, u8, u16, u32
from lvs.sockopt import set_option

SCHEDULERS = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "", "x" * 15, "nosuch"]
ADDRESSES = ["10.0.1.100", "10.0.1.101", "0.0.0.0", "255.255.255.255", "127.0.0.1", "224.0.0.1"]
SERVERS = ["10.0.2.11", "10.0.2.12", "10.0.2.13", "10.0.1.1", "0.0.0.0", "127.0.0.1", "255.255.255.255"]
EDGES = [0, 1, 2, 3, 4, 7, 100, 255, 256, 65535, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
# Daemons of ip_vs start threads and lvs has none yet.
DAEMON_COMMANDS = (9, 10, 11)
COMMANDS = [command for command in range(19) if command not in DAEMON_COMMANDS]
LIBC = ctypes.CDLL(None, use_errno=True)


def number(draw):
    return draw.choice(EDGES) if draw.random() < 0.5 else draw.randrange(8)


def service_attributes(draw):
    parts = []
    if draw.random() < 0.25:
        parts += [u16(1, 2), u32(5, draw.choice([1, 2, 0xFFFFFFFF]))]
    elif draw.random() < 0.2:
        parts += [u16(1, 10), u16(2, draw.choice([6, 17])), address(3, draw.choice(["fd00:1::100", "::"])), be16(4, 80)]
    else:
        parts += [u16(1, draw.choice([2, 2, 2, 2, 0, 11])), u16(2, draw.choice([6, 6, 17, 17, 132, 0, 47])),
                  address(3, draw.choice(ADDRESSES[:2] if draw.random() < 0.8 else ADDRESSES)),
                  be16(4, draw.choice([80, 80, 53, 0]))]
    parts += [text(6, draw.choice(SCHEDULERS[:9] if draw.random() < 0.8 else SCHEDULERS)),
              attr(7, struct.pack("II", draw.choice([0, 1, 8, 9, 0x18, 0xFFFFFFFF]), draw.choice([0, 0xFFFFFFFF]))),
              u32(8, draw.choice([0, 30, 300, number(draw)])),
              be32(9, draw.choice([0xFFFFFFFF, 0xFFFFFF00, 0, 24, 128]))]
    if draw.random() < 0.1:
        parts.append(text(11, draw.choice(["sip", "nosuch"])))
    return spoiled(draw, parts)


def server_attributes(draw):
    if draw.random() < 0.1:
        parts = [address(1, draw.choice(["fd00:2::11", "::1"])), u16(11, 10)]
    else:
        parts = [address(1, draw.choice(SERVERS[:3] if draw.random() < 0.8 else SERVERS))]
    parts += [be16(2, draw.choice([80, 80, 8080, 0])), u32(3, draw.choice([0, 1, 2, 3, 4, number(draw)])),
              u32(4, number(draw)), u32(5, number(draw)), u32(6, number(draw))]
    if draw.random() < 0.1:
        parts += [u8(13, number(draw) & 3), be16(14, number(draw) & 0xFFFF), u16(15, number(draw) & 0xFFFF)]
    return spoiled(draw, parts)


def spoiled(draw, parts):
    """In any order half of the time; one time in four something is missing, double, of an odd size, or lies about its size."""
    if draw.random() < 0.5:
        draw.shuffle(parts)
    if draw.random() < 0.75:
        return b"".join(parts)
    at = draw.randrange(len(parts))
    what = draw.randrange(4)
    if what == 0:
        del parts[at]
    elif what == 1:
        parts.insert(at, parts[draw.randrange(len(parts))])
    elif what == 2:
        parts[at] = attr(draw.randrange(18), draw.randbytes(draw.randrange(24)))
    else:
        parts[at] = attr(draw.randrange(18), draw.randbytes(8), length=draw.choice([0, 3, 4, 5, 200, 65535]))
    return b"".join(parts)


def daemon_attributes(draw):
    return spoiled(draw, [u32(1, draw.choice([1, 2, number(draw)])), text(2, draw.choice(["lo", "nosuch", "x" * 15])),
                          u32(3, number(draw)), u16(4, number(draw) & 0xFFFF), be32(5, number(draw)),
                          be16(7, number(draw) & 0xFFFF), u8(8, number(draw) & 0xFF)])


def message(draw, commands):
    """Command, payload and flags of a netlink message."""
    command = draw.choice([1, 1, 1, 2, 3, 5, 5, 5, 6, 7] if draw.random() < 0.6 else commands)
    payload = b""
    if command in DAEMON_COMMANDS:
        payload += attr(3, daemon_attributes(draw))
    if draw.random() < 0.95:
        payload += attr(1, service_attributes(draw))
    if draw.random() < 0.7 or command in (5, 6, 7):
        payload += attr(2, server_attributes(draw))
    if command == 12:
        payload += u32(4, number(draw) & 0xFFFF) + u32(5, number(draw) & 0xFFFF) + u32(6, number(draw) & 0xFFFF)
    return command, payload, NLM_F_DUMP if draw.random() < 0.1 else NLM_F_ACK


def service_record(draw):
    fwmark = draw.choice([0, 0, 0, 1, 2])
    return struct.pack("=HxxI", draw.choice([6, 6, 17, 132, 0, 47]), 0)[:4] \
        + socket.inet_aton(draw.choice(ADDRESSES[:2] if draw.random() < 0.8 else ADDRESSES)) \
        + struct.pack("!Hxx", draw.choice([80, 53, 0])) + struct.pack("I", fwmark) \
        + draw.choice(SCHEDULERS).encode().ljust(16, b"\0" if draw.random() < 0.9 else b"y") \
        + struct.pack("II", draw.choice([0, 1, 2, 0xFFFFFFFF]), number(draw)) \
        + struct.pack("!I", draw.choice([0xFFFFFFFF, 0xFFFFFF00, 0]))


def server_record(draw):
    return socket.inet_aton(draw.choice(SERVERS)) + struct.pack("!Hxx", draw.choice([80, 8080, 0])) \
        + struct.pack("IIII", number(draw), number(draw), number(draw), number(draw))


def option(draw):
    """Number and bytes of a socket option to set; those about daemons are left out."""
    which = draw.choice([n for n in range(16) if n not in (11, 12)])
    data = service_record(draw)
    if which in (7, 8, 9):
        data += server_record(draw)
    elif which == 10:
        data = struct.pack("iii", number(draw) & 0xFFFF, number(draw) & 0xFFFF, number(draw) & 0xFFFF)
    elif which == 5:
        data = b""
    if draw.random() < 0.1:
        data = data[:draw.randrange(len(data) + 1)] + draw.randbytes(draw.randrange(8))
    return 1152 + which, data


def name(error):
    return errno.errorcode.get(error, error) if error else "ok"


def get_option(sock, which, data, length):
    """The errno, and how long the answer is."""
    room = ctypes.create_string_buffer(data.ljust(1 << 16, b"\0"))
    size = ctypes.c_int(length)
    if LIBC.getsockopt(sock.fileno(), socket.IPPROTO_IP, which, room, ctypes.byref(size)):
        return ctypes.get_errno(), 0
    return 0, size.value


def extras(draw):
    """A service's own timeouts, its `on_expiry` and its slow start."""
    parts = [u32(kind, draw.choice([0, 1, 5, 30, number(draw)])) for kind in (1, 2, 3, 4, 6) if draw.random() < 0.4]
    if draw.random() < 0.4:
        parts.append(u8(5, draw.randrange(4)))
    return attr(60, spoiled(draw, parts) if parts else b"")


def own_message(draw):
    """Command and payload of a message of the family LVS: of a transaction mostly, in an order that makes sense now and
    then; else drains, and services with what ip_vs's don't have."""
    command = draw.choice([11, 11, 11, 12, 12, 12, 13, 13, 13, 13, 13, 14, 15, 15, 16, 17, 20, 20, 21, 22, 60, 61, 62,
                           draw.randrange(25)])
    payload = b""
    if command in (11, 15) and draw.random() < 0.7 or draw.random() < 0.05:
        payload += attr(11, spoiled(draw, [u8(2, draw.randrange(3)), u8(3, draw.choice([0, 0, 0, 1, 255]))] + (
            [u32(1, number(draw))] if draw.random() < 0.1 else [])))
    if command in (12, 14, 20, 21, 22, 60, 61, 62) and draw.random() < 0.97:
        payload += attr(1, service_attributes(draw))
    if command in (13, 20, 21, 22) and draw.random() < 0.97:
        payload += attr(2, server_attributes(draw))
    if command == 20 and draw.random() < 0.8:
        payload += attr(20, spoiled(draw, [u32(1, draw.choice([1, 1, 2, number(draw)])), u8(2, draw.randrange(4)),
                                           u8(3, draw.randrange(3))]))
    if command in (12, 60, 61) and draw.random() < 0.5:
        payload += extras(draw)
    return command, payload


def own_family(send):
    """The number of the family LVS, where there is one."""
    error, replies = send.request(16, 3, text(2, "LVS"))
    return None if error else struct.unpack("H", dict(parse(replies[0][3]))[1])[0]


def make_calls(seed, count, show):
    draw = random.Random(seed)
    send = Genl()
    own = None if show else own_family(send)
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for i in range(count):
        if own and draw.random() < 0.5:
            send.request(own, *own_message(draw), NLM_F_DUMP if draw.random() < 0.02 else NLM_F_ACK)
            continue
        kind = draw.random()
        if kind < 0.6:
            command, payload, flags = message(draw, COMMANDS if show else range(19))
            title, error = f"command {command} flags {flags:#x}", send.request(send.family, command, payload, flags)[0]
        elif kind < 0.9:
            which, data = option(draw)
            title, error = f"set {which} ({len(data)} bytes)", set_option(sock, which, data)
        else:
            which, data = draw.choice([1152, 1153, 1154, 1155, 1156, 1157, 1158, 1160]), service_record(draw)
            length = draw.choice([0, 4, 24, 44, 64, 128, 4096])
            title, error = f"get {which} ({length} bytes)", get_option(sock, which, data, length)[0]
        if show:
            print(f"{i} {title}: {name(error)}")


@case
def options():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    draw = random.Random(1)
    record = struct.pack("=Hxx", 6) + socket.inet_aton("10.0.1.100") + struct.pack("!Hxx", 80) + bytes(4) \
        + b"rr".ljust(16, b"\0") + bytes(8) + b"\xff" * 4
    for which in range(1151, 1169):
        for data in (b"", bytes(12), record, record + server_record(draw), bytes(200)):
            print(f"set {which} ({len(data)} bytes): {name(set_option(sock, which, data))}")
        for length in (0, 12, 24, 44, 64, 4096):
            print(f"get {which} ({length} bytes):", *map(name, get_option(sock, which, record, length)[:1]))


@case
def commands(which="those"):
    """Those that ip_vs has, or `all` numbers."""
    numbers = range(19) if which == "all" else COMMANDS
    genl, draw = Genl(), random.Random(1)
    whole = attr(1, u16(1, 2) + u16(2, 6) + address(3, "10.0.1.101") + be16(4, 80) + text(6, "rr")
                 + attr(7, struct.pack("II", 0, 0xFFFFFFFF)) + u32(8, 0) + be32(9, 0xFFFFFFFF)) + attr(2, server_attributes(draw))
    for command in numbers:
        for payload in (b"", whole):
            for flags in (NLM_F_ACK, NLM_F_DUMP):
                error, replies = genl.request(genl.family, command, payload, flags)
                print(f"command {command} ({len(payload)} bytes, flags {flags:#x}): {name(error)}, {len(replies)} replies")


@case
def settings():
    base = "/proc/sys/net/ipv4/vs"
    # ip_vs has those of lblc and lblcr once these are loaded.
    for setting in sorted(name for name in os.listdir(base) if not name.startswith("lblc")):
        try:
            os.close(os.open(f"{base}/{setting}", os.O_WRONLY))
            error = 0
        except OSError as refusal:
            error = refusal.errno
        print(f"setting {setting}: {name(error)}")


@case
def calls(seed: int, count: int):
    """Says what each was answered."""
    make_calls(seed, count, True)


@case
def silent(seed: int, count: int):
    make_calls(seed, count, False)
    os._exit(0)


if __name__ == "__main__":
    main()
