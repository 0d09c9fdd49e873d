#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Somebody on the directors' link who has no key, but ears: what he sends makes nothing, and is counted by its reason.

forge.py record FILE SECONDS    keeps what directors send
forge.py attack FILE SECRET     sends what he recorded, and what he makes of it
forge.py replay FILE            sends all that he recorded, as it was"""

import json
import os
import random
import socket
import struct
import subprocess
import sys
import time

from lvs import sync, sync_ext
from lvs.wire import RS1, VIP, Netns

SYNC_ID = 7
VICTIM = "director2"
STRANGER = ("10.0.1.60", 1)


def open_socket():
    with Netns("client"):
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.0.1.10"))
    return out


def send(datagrams):
    with open_socket() as out:
        for number, data in enumerate(datagrams):
            out.sendto(data, (sync.GROUP, sync.PORT))
            if number % 32 == 31:
                time.sleep(0.01)


def record(path, seconds):
    found = []
    with open_socket() as ears:
        ears.bind((sync.GROUP, sync.PORT))
        ears.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(sync.GROUP) + socket.inet_aton("10.0.1.10"))
        ears.settimeout(0.1)
        end = time.monotonic() + seconds
        print("listening", flush=True)
        while time.monotonic() < end:
            try:
                found.append(ears.recv(65536))
            except TimeoutError:
                pass
    with open(path, "wb") as file:
        for data in found:
            file.write(struct.pack("!H", len(data)) + data)
    print(f"recorded {len(found)}")


def recorded(path):
    with open(path, "rb") as file:
        while head := file.read(2):
            yield file.read(struct.unpack("!H", head)[0])


def status():
    command = ["nsenter", f"--net=/run/netns/{VICTIM}", os.environ["ADMIN"], "sync", "status", "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def has_stranger():
    return any(row[1].startswith("0A00013C") for row in sync.entries(VICTIM))


def expect(title, reason, datagrams):
    """They are refused for this reason, and nothing is made."""
    datagrams = list(datagrams)
    before = status()
    send(datagrams)
    end = time.monotonic() + 30
    while (more := status()["counters"][reason] - before["counters"][reason]) < len(datagrams):
        if time.monotonic() > end:
            sys.exit(f"{title}: {more} of {len(datagrams)} were counted as {reason}")
        time.sleep(0.05)
    if has_stranger():
        sys.exit(f"{title}: a connection was made")
    print(f"  {title}: {len(datagrams)} datagrams, {reason}")


def attack(path, secret):
    genuine = [data for data in recorded(path) if (trailer := sync_ext.Trailer.of(data)) and trailer.kind != sync_ext.SIGNAL]
    if not genuine:
        sys.exit("nothing was recorded")
    boot = sync_ext.Trailer.of(genuine[0]).boot
    entry = sync.entry(STRANGER, (VIP, 80), (RS1, 8080), timeout=900)
    message = sync.message(entry, sync_id=SYNC_ID)
    key = sync_ext.Trailer.of(genuine[0]).key
    ahead = range(1 << 40, (1 << 40) + 20)
    expect("ip_vs's own", "unsigned", [message] * 20)
    expect("without a key", "unsigned", [sync_ext.seal(message, boot=boot, number=number) for number in ahead])
    expect("an unknown key", "unknown_key",
           [sync_ext.seal(message, boot=boot, number=number, key=key + 9, secret=secret) for number in ahead])
    expect("a wrong secret", "wrong_signature",
           [sync_ext.seal(message, boot=boot, number=number, key=key, secret=secret + b"x") for number in ahead])
    chance = random.Random(1)
    flipped = []
    for data in genuine[:100]:
        bad = bytearray(data)
        # Addresses, the trailer's numbers, the signature: not what says where the trailer is,
        # and of which key.
        at = chance.choice([*range(32, 44), *range(len(data) - 48, len(data))])
        bad[at] ^= 1 << chance.randrange(8)
        flipped.append(bytes(bad))
    expect("a bit that was flipped", "wrong_signature", flipped)
    expect("a recording of one who lives", "duplicate", genuine[-50:])
    # Signed right, but by somebody who doesn't answer: as a recording of one who is gone.
    expect("one who proves nothing", "unproven",
           [sync_ext.seal(message, boot=0x1234, number=number, key=key, secret=secret) for number in range(1, 21)])


match sys.argv[1:]:
    case ["record", path, seconds]:
        record(path, float(seconds))
    case ["attack", path, secret]:
        attack(path, secret.encode())
    case ["replay", path]:
        send(recorded(path))
    case _:
        sys.exit(__doc__)
