#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every way to ask for a daemon, and what is answered and shown then."""

import glob
import socket
import struct
import time

from lvs.genl import NLM_F_DUMP, Genl, address, attr, be16, text, u8, u16, u32
from lvs.sockopt import set_option

SERVICE, DEST, DAEMON = 1, 2, 3
NEW_SERVICE, DEL_SERVICE, NEW_DEST, SET_DEST, DEL_DEST, NEW_DAEMON, DEL_DAEMON, GET_DAEMON = 1, 3, 5, 6, 7, 9, 10, 11
MASTER, BACKUP = 1, 2
STATE, DEVICE, SYNC_ID, MAX_LEN, GROUP, GROUP6, PORT, TTL = range(1, 9)
SO_GET_DAEMON, SO_START, SO_STOP = 1159, 1163, 1164

genl = Genl()
options = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def group(value):
    return attr(GROUP, socket.inet_aton(value))


def group6(value):
    return attr(GROUP6, socket.inet_pton(socket.AF_INET6, value))


def listed():
    genl("  listed", GET_DAEMON, flags=NLM_F_DUMP)
    try:
        record = options.getsockopt(socket.IPPROTO_IP, SO_GET_DAEMON, 48)
        print("  option", record.hex(" ", 4))
    except OSError as error:
        print("  option", error.errno)


def thread_states():
    """Those of the daemons' threads."""
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="ascii") as file:
                name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        if name.startswith("ipvs-"):
            yield rest.split()[0]


def settle():
    """Waits until all threads have begun their work: ip_vs answers EINTR when asked to stop one before."""
    end = time.monotonic() + 20
    while any(state not in "SI" for state in thread_states()) and time.monotonic() < end:
        time.sleep(0.001)


def start(title, state=MASTER, device="front", sync_id=0, more=b"", show=True, stop=True):
    genl(title, NEW_DAEMON, attr(DAEMON, u32(STATE, state) + text(DEVICE, device) + u32(SYNC_ID, sync_id) + more))
    if show:
        listed()
    settle()
    if stop:
        genl("  stopped", DEL_DAEMON, attr(DAEMON, u32(STATE, state)))


def stop(title, state, more=b""):
    genl(title, DEL_DAEMON, attr(DAEMON, u32(STATE, state) + more))


print("== what is missing")
whole = [u32(STATE, MASTER), text(DEVICE, "front"), u32(SYNC_ID, 1)]
genl("no daemon", NEW_DAEMON)
genl("an empty one", NEW_DAEMON, attr(DAEMON))
for left_out in range(3):
    rest = b"".join(part for number, part in enumerate(whole) if number != left_out)
    genl(f"without {left_out}", NEW_DAEMON, attr(DAEMON, rest))
    stop("  stopped", MASTER)
genl("a name without an end", NEW_DAEMON, attr(DAEMON, whole[0] + attr(DEVICE, b"x" * 16) + whole[2]))
genl("a number of 2 bytes", NEW_DAEMON, attr(DAEMON, u16(STATE, 1) + whole[1] + whole[2]))
genl("stop without a state", DEL_DAEMON, attr(DAEMON, whole[1]))
stop("stop what doesn't run", MASTER)
stop("stop what doesn't run", BACKUP)
for state in (0, 3, 4, 0xFFFFFFFF):
    stop(f"stop {state}", state)
    start(f"start {state}", state, show=False, stop=False)
    start(f"start {state} on no device", state, "nowhere", show=False, stop=False)

print("== devices")
for state in (MASTER, BACKUP):
    for device in ("", "nowhere", "lo", "front", "down0", "bare0", "jumbo0", "small0"):
        start(f"{state} on {device!r}", state, device)

print("== groups, ports, ttl")
for state in (MASTER, BACKUP):
    for name, more in (
        ("10.0.0.1", group("10.0.0.1")), ("223.255.255.255", group("223.255.255.255")), ("239.1.2.3", group("239.1.2.3")),
        ("fe80::1", group6("fe80::1")), ("ff02::51", group6("ff02::51")), ("ff05::1:2", group6("ff05::1:2")),
        ("both", group("224.1.1.1") + group6("fe80::1")), ("neither", group("10.0.0.1") + group6("ff02::51")),
        ("a short one", attr(GROUP, b"\xe0\0")), ("a short one of IPv6", attr(GROUP6, b"\xff\2")),
        ("port 0", u16(PORT, 0)), ("port 1234", u16(PORT, 1234)), ("port 65535", u16(PORT, 65535)),
        ("ttl 0", u8(TTL, 0)), ("ttl 255", u8(TTL, 255)), ("all", group6("ff02::7") + u16(PORT, 99) + u8(TTL, 9)),
    ):
        start(f"{state}: {name}", state, more=more)

print("== lengths")
for state in (MASTER, BACKUP):
    for family, more in (("IPv4", b""), ("IPv6", group6("ff02::51"))):
        for length in (0, 1, 7, 1023, 1024, 1025, 1472, 9000, 65487, 65507, 65508, 65535):
            start(f"{state} of {length}, {family}", state, more=u16(MAX_LEN, length) + more)

print("== ids")
for sync_id in (0, 1, 255, 256, 1000, 0x7FFFFFFF, 0xFFFFFFFF):
    start(f"id {sync_id}", BACKUP, sync_id=sync_id)

print("== both at once, and twice")
start("master", MASTER, sync_id=3, stop=False)
start("backup", BACKUP, "back", sync_id=4, stop=False, more=u16(PORT, 5000))
start("master again", MASTER, stop=False, show=False)
start("backup again", BACKUP, stop=False, show=False)
start("master again on no device", MASTER, "nowhere", stop=False, show=False)
start("3 while both run", 3, stop=False, show=False)
stop("stop the master with another id", MASTER, u32(SYNC_ID, 77) + text(DEVICE, "nowhere"))
listed()
stop("and again", MASTER)
stop("stop the backup", BACKUP)
listed()

print("== socket options")
for title, record in (
    ("master", struct.pack("=i16si", MASTER, b"front", 5)), ("backup", struct.pack("=i16si", BACKUP, b"back", -1)),
    ("no name", struct.pack("=i16si", MASTER, b"", 5)), ("no end of it", struct.pack("=i", MASTER) + b"y" * 16 + b"\0\0\0\0"),
    ("no device", struct.pack("=i16si", MASTER, b"nowhere", 5)), ("state 3", struct.pack("=i16si", 3, b"front", 5)),
    ("too short", struct.pack("=i16s", MASTER, b"front")), ("too long", struct.pack("=i16sii", MASTER, b"front", 1, 1)),
):
    print(title, set_option(options, SO_START, record))
    listed()
    settle()
    print("  stopped", set_option(options, SO_STOP, record))
for size in (0, 24, 47, 49, 100):
    try:
        print("room for", size, len(options.getsockopt(socket.IPPROTO_IP, SO_GET_DAEMON, size)))
    except OSError as error:
        print("room for", size, error.errno)

print("== servers of another family")
web = attr(SERVICE, u16(1, 2) + u16(2, 6) + address(3, "10.0.1.100") + be16(4, 80))
whole_web = attr(SERVICE, u16(1, 2) + u16(2, 6) + address(3, "10.0.1.100") + be16(4, 80) + text(6, "rr") +
                 attr(7, struct.pack("II", 0, 0xFFFFFFFF)) + u32(8, 0) + u32(9, 0xFFFFFFFF))


def server(value, family, method, weight=1):
    return attr(DEST, u16(11, family) + address(1, value) + be16(2, 80) + u32(3, method) + u32(4, weight) + u32(5, 0) + u32(6, 0))


STRANGER = server("fd00:2::11", 10, 2)
genl("a service", NEW_SERVICE, whole_web)
genl("with such a server", NEW_DEST, web + STRANGER)
start("master beside it", MASTER)
start("backup beside it", BACKUP)
print("by option", set_option(options, SO_START, struct.pack("=i16si", MASTER, b"front", 5)))
settle()
genl("the server is changed", SET_DEST, web + server("fd00:2::11", 10, 2, 5))
genl("the server goes", DEL_DEST, web + STRANGER)
print("stopped", set_option(options, SO_STOP, struct.pack("=i16si", MASTER, b"front", 5)))
genl("it comes back", NEW_DEST, web + STRANGER)
genl("the service goes", DEL_SERVICE, web)
start("master now", MASTER, stop=False)
genl("the service again", NEW_SERVICE, whole_web)
genl("such a server while a daemon runs", NEW_DEST, web + STRANGER)
genl("one of its own family", NEW_DEST, web + server("10.0.2.11", 2, 2))
stop("stop", MASTER)
genl("such a server now", NEW_DEST, web + STRANGER)
genl("the service goes", DEL_SERVICE, web)
