# SPDX-License-Identifier: GPL-2.0
"""Messages of other directors that once did harm: cases of regressions.py."""

import random
import struct
import sys
import time

from lvs import sync, wire
from lvs.cases import case, equal, rules
from lvs.wire import CLIENT, RS1, VIP


def heard(backup, tellings, ports):
    """The director's entries of clients with these ports, once it has heard all that it is told. One more entry tells so."""
    mark = next(MARKS)
    for telling in tellings:
        backup.tell(telling)
    backup.tell(sync.message(sync.entry(("10.0.1.63", mark), (VIP, 9), (RS1, 9), timeout=30)))
    for _ in range(200):
        found = sync.entries()
        if any(row[1].endswith(f":{mark:04X}") for row in found):
            return [row for row in found if int(row[1].split(":")[1], 16) in ports]
        time.sleep(0.05)
    sys.exit("the backup heard nothing")


MARKS = iter(range(20000, 30000))


@case
def synced_before_its_server():
    """CVE-2026-80714: told of before its server was there, whose flag of one packet a later telling would have copied."""
    backup = sync.Backup()
    telling = sync.message(sync.entry((CLIENT, 1500), (VIP, 96), (RS1, 9600), protocol=sync.UDP, state=0, timeout=6))
    equal("entries without a server", 1, len(heard(backup, [telling], {1500})))
    rules(f"-A -u {VIP}:96 -s rr -o\n-a -u {VIP}:96 -r {RS1}:9600 -m\n")
    equal("the entry once its server is there", 1, len(heard(backup, [telling] * 3, {1500})))
    wire.ipvsadm("--set", "0", "0", "1")
    client = wire.Sender("client")
    for _ in range(20):
        client.send(wire.udp(CLIENT, 1500, VIP, 96, b"x"))
    equal("removing the service", "", rules(f"-D -u {VIP}:96\n"))
    for _ in range(200):
        if not any(row[1].endswith(":05DC") for row in sync.entries()):
            break
        time.sleep(0.1)
    else:
        sys.exit("the entry did not end")
    wire.ipvsadm("--set", "0", "0", "300")
    equal("stopping the backup", 0, backup.stop())


@case
def synced_flags_and_states():
    """What version 0 let in, and version 1 only warned of: flags that no message may have, and states that aren't."""
    backup = sync.Backup()
    ends = ((CLIENT, 1501), (VIP, 80), (RS1, 80))
    for number in range(256):
        bad = [
            sync.message(sync.entry(*ends, flags=sync.ONE_PACKET)), sync.message0(sync.entry0(*ends, flags=sync.ONE_PACKET)),
            sync.message(sync.entry(*ends, flags=sync.TEMPLATE | sync.NO_CPORT)),
            sync.message0(sync.entry0(*ends, flags=sync.TEMPLATE | sync.NO_CPORT)),
            sync.message(sync.entry(*ends, state=11 + number)), sync.message0(sync.entry0(*ends, state=11 + 251 * number)),
            sync.message(sync.entry(*ends, flags=sync.TEMPLATE, state=2 + number)),
            sync.message(sync.entry(*ends, protocol=sync.UDP, state=1 + number)),
        ]
        if number not in (6, 17, 50, 51, 132):
            bad += [sync.message(sync.entry(*ends, protocol=number, state=0)), sync.message0(sync.entry0(*ends, protocol=number))]
        for telling in bad:
            backup.tell(telling)
        if number % 32 == 31:
            equal("entries of what no message may say", [], heard(backup, [], {1501}))
    equal("stopping the backup", 0, backup.stop())


@case
def synced_noise():
    """Messages of any size and content: nothing is read behind their end."""
    backup = sync.Backup()
    noise = random.Random(1)
    whole = sync.message(*(sync.entry((CLIENT, 1502 + i), (VIP, 80), (RS1, 80), options=b"\x02\x05abc@h\x03\x03sip") for i in range(5)))
    for size in range(0, 1472, 3):
        backup.tell(noise.randbytes(size))
    for cut in range(len(whole)):
        backup.tell(whole[:cut])
        backup.tell(whole[:2] + struct.pack("!H", cut) + whole[4:cut])
        damaged = bytearray(whole)
        damaged[cut] = noise.randrange(256)
        backup.tell(bytes(damaged))
    for _ in range(60):
        backup.tell(b"")
    heard(backup, [], set())
    equal("stopping the backup", 0, backup.stop())
