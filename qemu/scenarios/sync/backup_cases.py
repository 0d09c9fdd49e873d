#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Messages of all shapes for a backup, and what it has then. Prints the same under ip_vs and lvs."""

import struct
import sys
import time

from lvs import sync, wire
from lvs.cases import rules

VIP, RS1, RS2, RS3, CLIENT = wire.VIP, "10.0.2.11", "10.0.2.12", "10.0.2.13", wire.CLIENT
# Of what shows that all was heard: it counts nowhere.
NO_SERVER = "10.0.2.99"
VIP6, RS6, CLIENT6 = "2001:db8:1::100", "2001:db8:2::11", "2001:db8:1::10"
UDP, SCTP, AH, ESP = 17, 132, 51, 50
INACTIVE, NOOUTPUT, NO_CPORT, TEMPLATE = 0x100, 0x80, 0x800, 0x1000
MARK_PORT = 9
# The last entry of all that is told: always the same, in one of two states by turns, so that
# nothing ends or needs room.
MARK = ("10.0.1.63", 20000)
MARK_STATES = ((1, 0, "ESTABLISHED"), (5, INACTIVE, "TIME_WAIT"))
turn = 0
# Seconds that entries are told to live, or live by themselves.
LIVES = (60, 120, 180, 300, 400, 900, 100_000)


def counted():
    listing = wire.run("ipvsadm", "-Ln", "--persistent-conn").splitlines()
    for line in listing:
        words = line.split()
        if words[:1] == ["->"] and words[1] != "RemoteAddress:Port":
            yield f"{words[1]} {' '.join(words[3:])}"
    for line in wire.run("ipvsadm", "-Ln").splitlines():
        words = line.split()
        if words[:1] == ["->"] and words[1] != "RemoteAddress:Port":
            yield f"{words[1]} {' '.join(words[2:])}"


def life(seconds):
    """Seconds as they were told: the listing has less by now. What no timer can do is long."""
    return next((told for told in LIVES if seconds <= told), "long")


def heard(title):
    """Waits until all that was told has been heard; what there is then."""
    global turn
    turn += 1
    state, flags, name = MARK_STATES[turn % 2]
    backup.tell(sync.message(sync.entry(MARK, (VIP, MARK_PORT), (NO_SERVER, MARK_PORT), timeout=900, state=state, flags=flags), sync_id=7))
    end = time.monotonic() + 20
    while True:
        if any(row[1] == f"0A00013F:{MARK[1]:04X}" and row[4] == name for row in sync.entries()):
            # That reading may have passed the others before they were heard.
            return sync.entries()
        if time.monotonic() > end:
            sys.exit(f"{title}: not heard")
        time.sleep(0.01)


def tell(title, *messages, show_counts=False):
    """Tells all of it, and shows what there is then; the last entry shows that all was heard."""
    for data in messages:
        backup.tell(data)
    found = heard(title)
    print(f"-- {title}")
    for protocol, client, virtual, real, state, origin, seconds in found:
        if not client.startswith("0A00013F:") and seconds > 0:
            print("  ", protocol, client, virtual, real, state, origin, life(seconds))
    if show_counts:
        for line in counted():
            print("     ", line)


def client(port):
    return (CLIENT, port)


def one(port, **options):
    """A message of one entry of a client's connection to the web service."""
    options.setdefault("timeout", 900)
    return sync.message(sync.entry(client(port), options.pop("virtual", (VIP, 80)), options.pop("real", (RS1, 8080)), **options),
                        sync_id=7)


def raw(header, *entries):
    return bytes.fromhex(header) + b"".join(bytes.fromhex(entry) for entry in entries)


# A table that grows lists only some of its entries under ip_vs; this one stays as it is.
print(wire.run("sysctl", "-w", "net.ipv4.vs.conn_lfactor=8"), end="")
print(rules(f"""-A -t {VIP}:80 -s rr
-a -t {VIP}:80 -r {RS1}:8080 -m
-a -t {VIP}:80 -r {RS2}:8080 -g -w 0
-A -u {VIP}:53 -s rr
-a -u {VIP}:53 -r {RS1}:53 -m -x 3 -y 1
-A -t {VIP}:83 -s rr -p 300
-a -t {VIP}:83 -r {RS1}:83 -m
-A -f 9 -s rr -p 300
-a -f 9 -r {RS1}:0 -m
-a -f 9 -r {RS2}:0 -g
-A -t {VIP}:0 -s rr -p 60
-a -t {VIP}:0 -r {RS3}:0 -i
-A -u {VIP}:5060 -s rr -p 60 --pe sip
-a -u {VIP}:5060 -r {RS1}:5060 -m
-A -t [{VIP6}]:80 -s rr
-a -t [{VIP6}]:80 -r [{RS6}]:8080 -m
-A -t {VIP}:21 -s rr
-a -t {VIP}:21 -r {RS1}:21 -m
"""), end="")
backup = sync.Backup(sync_id=7)

print("== Captured from ip_vs")
tell("a connection by NAT", raw("0007002c01010000", "000600240000000000019c4100501f9000000000000003840a0000010a0000640a010015"))
tell("it closes", raw("0007002c01010000", "000600240000010000079c4100501f90000000000000003c0a0000010a0000640a010015"))
tell("it is over", raw("0007002c01010000", "000600240000010000059c4100501f9000000000000000780a0000010a0000640a010015"))
tell("by DR", raw("0007002c01010000", "000600240000008300019c4a1f901f9000000000000003840a0000010a0000640a000016"))
tell("UDP", raw("0007002c01010000", "001100240000010000009c5400350035000000000000012c0a0000010a0000640a010015"))
tell("IPv6", raw("0007005001010000", "010600480000000000019c5e00501f900000000000000384fd000000000000000000000000000001"
                                     "fd000000000000000000000000000100fd010000000000000000000000000021"))
tell("a template", raw("0007002c01010000", "00060024000011000000000000501f90000000000000012c0a0000010a0000640a010015"))
tell("it is confirmed", raw("0007002c01010000", "00060024000011000001000000501f90000000000000012c0a0000010a0000640a010015"))
tell("a mark's template", raw("0007002c01010000", "00000024000011000001000000000000000000090000012c0a000001000000090a010015"))
tell("its connection", raw("0007002c01010000", "000600240000000000019c720050005000000009000003840a0000010a0000640a010015"))
tell("a call's template", raw("0007003801010000", "00110030000011000000000013c413c4000000000000003c0a0000010a0000640a010015020561626340680303736970"))
tell("version 0", raw("0107001c", "00069c8700501f900a0000010a0000640a01001500000001"))
tell("version 0, a template", raw("0107001c", "0006000000511f900a0000010a0000640a01001511000001"))
print(wire.run("sed", "1d", "/proc/net/ip_vs_conn").count("sip"))

print("== Messages")
whole = [sync.entry(client(1000 + i), (VIP, 80), (RS1, 8080)) for i in range(3)]
tell("three entries", sync.message(*whole, sync_id=7), show_counts=True)
tell("another id", sync.message(sync.entry(client(1010), (VIP, 80), (RS1, 8080)), sync_id=8))
tell("no id", sync.message(sync.entry(client(1011), (VIP, 80), (RS1, 8080)), sync_id=0))
tell("a size too small", sync.message(sync.entry(client(1012), (VIP, 80), (RS1, 8080)), sync_id=7, size=43))
tell("a size too large", sync.message(sync.entry(client(1013), (VIP, 80), (RS1, 8080)), sync_id=7, size=45))
tell("bytes behind it", sync.message(sync.entry(client(1014), (VIP, 80), (RS1, 8080)), sync_id=7, size=44 + 5) + b"12345")
tell("more counted than there are", sync.message(sync.entry(client(1015), (VIP, 80), (RS1, 8080)), sync_id=7, count=9))
tell("fewer", sync.message(sync.entry(client(1016), (VIP, 80), (RS1, 8080)), sync.entry(client(1017), (VIP, 80), (RS1, 8080)), sync_id=7, count=1))
for version in (0, 2, -1, 0x4C):
    tell(f"version {version}", sync.message(sync.entry(client(1018), (VIP, 80), (RS1, 8080)), sync_id=7, version=version))
tell("spare bits", sync.message(sync.entry(client(1019), (VIP, 80), (RS1, 8080)), sync_id=7, spare=1))
for what, bad in (("version", {"version": 1}), ("type", {"kind": 2}), ("size", {"size": 35}), ("size of IPv6", {"kind": 1}), ("long size", {"size": 4000})):
    tell(f"an entry of another {what} between two",
         sync.message(sync.entry(client(1020), (VIP, 80), (RS1, 8080)), sync.entry(client(1021), (VIP, 80), (RS1, 8080), **bad),
                      sync.entry(client(1022), (VIP, 80), (RS1, 8080)), sync_id=7))

print("== Options")
SEQ = struct.pack("!IIIIII", 1000, 5, 3, 0, 0, 0)
for number, (what, options) in enumerate((
        ("sequence numbers", b"\1\x18" + SEQ), ("optional ones", b"\x41\x18" + SEQ), ("short ones", b"\1\x17" + SEQ[:23]),
        ("twice", (b"\1\x18" + SEQ) * 2), ("unknown", b"\5\3abc"), ("unknown and optional", b"\x45\3abc"), ("no length", b"\1"),
        ("length 0", b"\5\0"), ("longer than the entry", b"\x45\x20abc"), ("data without a name", b"\2\3abc"),
        ("a name without data", b"\3\3sip"), ("another engine", b"\2\3abc\3\3dns"), ("a long name", b"\2\3abc\3\x11" + b"s" * 17),
        ("twice data", b"\2\3abc\2\3abc\3\3sip"))):
    tell(f"{what}", sync.message(sync.entry(client(1100 + 3 * number), (VIP, 80), (RS1, 8080), options=options, flags=0x600 if "seq" in what else 0),
                                 sync.entry(client(1101 + 3 * number), (VIP, 80), (RS1, 8080)), sync_id=7))
tell("a call of 255 bytes", sync.message(sync.entry((CLIENT, 0), (VIP, 5060), (RS1, 5060), protocol=UDP, flags=TEMPLATE | INACTIVE, state=1,
                                                    timeout=60, options=b"\2\xff" + b"x" * 255 + b"\3\3sip"), sync_id=7))
print(sorted(len(line.split()[-1]) for line in wire.run("cat", "/proc/net/ip_vs_conn").splitlines() if " sip " in line))

print("== Protocols, states, flags")
for protocol, states in ((6, (0, 1, 10, 11, 0x101)), (UDP, (0, 1)), (SCTP, (0, 8, 13, 14)), (AH, (0, 1)), (ESP, (0, 1)), (99, (0, 1)), (1, (0,))):
    tell(f"protocol {protocol}", *(one(1200 + number, protocol=protocol, state=state) for number, state in enumerate(states)))
for flags in (0x20, 0x40, 0x80, 0x100, 0x180, 0x200, 0x400, 0x2000, 0x10000, 0xFFFFE000, NO_CPORT | TEMPLATE):
    tell(f"flags {flags:#x}", one(1210 + flags.bit_length(), flags=flags), show_counts=True)
for state in (0, 1, 2):
    for protocol in (6, 0, 99):
        tell(f"a template in state {state}, protocol {protocol}",
             sync.message(sync.entry((CLIENT, 0), (VIP, 84 + state), (RS1, 80), protocol=protocol, flags=TEMPLATE, state=state), sync_id=7))
for method in range(8):
    tell(f"method {method}, with and without a server", one(1240 + method, flags=method),
         one(1250 + method, flags=method, virtual=(VIP, 77), real=(RS3, 77)) if method != 4 else one(1300))

print("== Times")
for number, seconds in enumerate((0, 1, 400, 100_000, 0x7FFFFFFF, 0xFFFFFFFF)):
    tell(f"{seconds} s", one(1310 + number, timeout=seconds) if seconds != 1 else b"", one(1320 + number, timeout=seconds, state=5) if seconds != 1 else b"",
         sync.message(sync.entry((CLIENT, 0), (VIP, 100 + number), (RS1, 80), flags=TEMPLATE, timeout=seconds), sync_id=7) if seconds != 1 else b"")

print("== Servers")
tell("by DR, of weight 0", one(1400, real=(RS2, 8080)), show_counts=True)
tell("one that isn't there", one(1401, real=(RS3, 8080)), show_counts=True)
tell("told again", one(1401, real=(RS3, 8080), state=7, flags=INACTIVE, timeout=60), show_counts=True)
print(rules(f"-a -t {VIP}:80 -r {RS3}:8080 -i\n"), end="")
tell("it is there now", show_counts=True)
tell("and told again", one(1401, real=(RS3, 8080)), show_counts=True)
tell("it closes", one(1401, real=(RS3, 8080), state=7, flags=INACTIVE, timeout=60), show_counts=True)
tell("it opens", one(1401, real=(RS3, 8080)), show_counts=True)
tell("it goes to another server", one(1401, real=(RS1, 8080)), show_counts=True)
tell("late news of the former one", one(1401, real=(RS3, 8080), state=5, flags=INACTIVE, timeout=120), show_counts=True)
tell("up to the upper threshold", *(one(1410 + i, virtual=(VIP, 53), real=(RS1, 53), protocol=UDP, state=0, flags=INACTIVE) for i in range(5)),
     show_counts=True)
tell("by a mark", one(1420, virtual=(VIP, 85), real=(RS1, 85), mark=9), one(1421, virtual=(VIP, 85), real=(RS2, 85), mark=9, flags=3),
     one(1422, virtual=(VIP, 85), real=(RS1, 85), mark=8), show_counts=True)
tell("of a service of any port", one(1430, virtual=(VIP, 9999), real=(RS3, 9999)), show_counts=True)
tell("to port 20 and beyond 1024, where FTP is", one(1431, virtual=(VIP, 20), real=(RS1, 21)), one(1432, virtual=(VIP, 5000), real=(RS1, 21)), show_counts=True)
tell("templates", sync.message(
    sync.entry((CLIENT, 0), (VIP, 83), (RS1, 83), flags=TEMPLATE | INACTIVE, state=1, timeout=300),
    sync.entry((CLIENT, 0), (VIP, 0), (RS3, 0), flags=TEMPLATE | INACTIVE, state=0, timeout=60),
    sync.entry((CLIENT, 0), ("0.0.0.9", 0), (RS1, 0), protocol=0, flags=TEMPLATE | INACTIVE, state=1, timeout=300, mark=9), sync_id=7), show_counts=True)
tell("one moves", sync.message(sync.entry((CLIENT, 0), (VIP, 83), (RS2, 83), flags=TEMPLATE | INACTIVE, state=1, timeout=300), sync_id=7), show_counts=True)
tell("IPv6", sync.message(sync.entry((CLIENT6, 1440), (VIP6, 80), (RS6, 8080)), sync.entry(client(1441), (VIP, 80), (RS1, 8080)), sync_id=7), show_counts=True)

print("== Version 0")
tell("all kinds", sync.message0(
    sync.entry0(client(1500), (VIP, 80), (RS1, 8080)), sync.entry0(client(1501), (VIP, 80), (RS1, 8080), flags=0x200, sequences=bytes(24)),
    sync.entry0(client(1502), (VIP, 53), (RS1, 53), protocol=UDP, state=0), sync.entry0((CLIENT, 0), (VIP, 83), (RS1, 83), flags=TEMPLATE),
    sync.entry0(client(1503), (VIP, 80), (RS1, 8080), state=77), sync.entry0(client(1504), (VIP, 80), (RS1, 8080)), sync_id=7), show_counts=True)
tell("cut", sync.message0(sync.entry0(client(1510), (VIP, 80), (RS1, 8080)), sync.entry0(client(1511), (VIP, 80), (RS1, 8080))[:23], sync_id=7))

print("== No room")
print(wire.run("sysctl", "-w", "net.ipv4.vs.conn_max=1"), end="")
tell_limit = [one(1600 + i) for i in range(4)]
for data in tell_limit:
    backup.tell(data)
heard("no room")
print(wire.run("sysctl", "-w", "net.ipv4.vs.conn_max=1000000"), end="")
tell("they weren't made")
print("stopped", backup.stop())
