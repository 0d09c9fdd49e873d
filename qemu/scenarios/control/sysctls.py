# SPDX-License-Identifier: GPL-2.0
"""Prints every file of net.ipv4.vs as it is found in a network namespace: its mode, its default, and what becomes of
writes: sysctls.py TITLE. With --shared, what another namespace wrote is shown beside."""

import errno
import os
import sys

DIRECTORY = "/proc/sys/net/ipv4/vs"
# They follow the machine's memory and processors, the same for both modules.
MACHINE = {"sync_qlen_max", "est_cpulist"}
# Written one after the other, from the default on.
WRITES = [
    "0", "1", "2", "3", "4", "-1", "8", "-8", "9", "-9", "19", "-20", "20", "-21", "64", "100",
    "1073741824", "1073741825", "2147483647", "2147483648", "-2147483648", "-2147483649",
    "18446744073709551615", "18446744073709551616", "99999999999999999999999999", "0x10", "010",
    "", "\n", " ", "x", "1x", "x1", "1 ", " 1", "1\n", "1\n2", "1 2", "1\t2", "2 1", "0 0", "5 5", "3 0", "-1 5", "1,2",
    "0-1", "1.5", "+1", "--1", "1 2 3", "1\0", "\0", "9" * 5000, " " * 5000 + "1",
]


def read(name):
    with open(f"{DIRECTORY}/{name}", encoding="ascii") as file:
        return file.read()


def attempt(name, data):
    """How a write ends, as text."""
    try:
        descriptor = os.open(f"{DIRECTORY}/{name}", os.O_WRONLY)
    except OSError as error:
        return f"open {errno.errorcode[error.errno]}"
    try:
        return f"wrote {os.write(descriptor, data)}"
    except OSError as error:
        return errno.errorcode[error.errno]
    finally:
        os.close(descriptor)


def shown(data):
    return repr(data) if len(data) < 40 else f"{data[:3]!r} and on for {len(data)}"


for name in sorted(os.listdir(DIRECTORY)):
    if name == "debug_level":
        continue
    default = read(name)
    print(f"{sys.argv[1]} {name} {os.stat(f'{DIRECTORY}/{name}').st_mode & 0o7777:04o} default {default!r}")
    for data in WRITES:
        print(f"    {shown(data)} -> {attempt(name, data.encode())}, then {read(name)!r}")
    # Two writes through one file, and one behind its beginning.
    try:
        with open(f"{DIRECTORY}/{name}", "r+b", buffering=0) as file:
            results = []
            for data in (b"1", b"2"):
                try:
                    results.append(file.write(data))
                except OSError as error:
                    results.append(errno.errorcode[error.errno])
            print("    twice in one file ->", *results, "then", repr(read(name)))
    except OSError as error:
        print("    not to be opened:", errno.errorcode[error.errno])
    print("    the default again ->", attempt(name, default.encode()), "then", repr(read(name)))
    # In parts.
    with open(f"{DIRECTORY}/{name}", "rb", buffering=0) as file:
        print("    read by bytes:", b"".join(iter(lambda: file.read(1), b"")))
