# SPDX-License-Identifier: GPL-2.0
"""Allocations that fail on purpose, on a kernel with fault injection: each allocation of a call in turn, found by trying.

The kernel counts down for one process, and its filter leaves alone what is not allocated below a given piece of code, so
that the Nth allocation is the Nth of the module.  Faults are of slabs, pages and per-CPU memory."""

import ctypes
import errno
import os
import sys

FAULT_KINDS = ("/sys/kernel/debug/failslab", "/sys/kernel/debug/fail_page_alloc")
LIBC = ctypes.CDLL(None, use_errno=True)


def write(path, value):
    """By one call, which isn't repeated when it fails, as that of a file object would be."""
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, str(value).encode())
    finally:
        os.close(file)


def contents(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def code_of(function):
    """The addresses of a function of the kernel."""
    symbols = sorted((int(line.split()[0], 16), line.split()[2]) for line in contents("/proc/kallsyms").splitlines())
    start = next(address for address, name in symbols if name == function)
    return start, next(address for address, _ in symbols if address > start)


def below(start, end):
    """Faults where a caller is in these addresses, but not what kmemleak notes of each allocation."""
    notes = code_of("__alloc_object")
    for kind in FAULT_KINDS:
        write(f"{kind}/probability", 0)
        write(f"{kind}/verbose", 0)
        write(f"{kind}/ignore-gfp-wait", "N")
        write(f"{kind}/stacktrace-depth", 32)
        write(f"{kind}/require-start", start)
        write(f"{kind}/require-end", end)
        write(f"{kind}/reject-start", notes[0])
        write(f"{kind}/reject-end", notes[1])
    write("/sys/kernel/debug/fail_page_alloc/min-order", 0)
    # Packets whose data moves are another kind, which would be counted as well.
    write("/sys/kernel/debug/fail_skb_realloc/require-start", 1)
    write("/sys/kernel/debug/fail_skb_realloc/require-end", 2)


def below_module():
    """Below code of the loaded module."""
    code = [int(line.split()[0], 16) for line in contents("/proc/kallsyms").splitlines()
            if line.endswith("[lvs]") and line.split()[1] in "tT"]
    # The end of the last function is in its page.
    below(min(code), (max(code) | 4095) + 1)


def below_kernel(function):
    """Below a function of the kernel."""
    below(*code_of(function))


class Countdown:
    """The number of the allocation of this process that is to fail."""

    def __init__(self):
        self.file = os.open("/proc/self/fail-nth", os.O_RDWR)

    def set(self, number):
        os.pwrite(self.file, str(number).encode(), 0)

    def left(self):
        """Whether there were fewer allocations than that."""
        return int(os.pread(self.file, 32, 0).rstrip(b"\0\n")) > 0


class Faults:
    def __init__(self):
        self.countdown = Countdown()
        self.sites = 0

    def each(self, name, call, undo=lambda: None, look=lambda: None, least=1):
        """Makes the call, which has to be possible, with each of its allocations failing in turn, until it has no more of
        them.  It either does without or fails for want of memory, and then changes nothing of what `look` sees and can be
        repeated.  `undo` takes back what the call did.  There have to be at least so many allocations."""
        before = look()
        call()
        after = look()
        undo()
        self.same(name, 0, "undone", before, look())
        number = harmless = 0
        while True:
            number += 1
            self.countdown.set(number)
            failure = None
            try:
                call()
            except OSError as error:
                failure = error.errno
            left = self.countdown.left()
            self.countdown.set(0)
            if failure is None:
                harmless += not left
            else:
                if left or failure != errno.ENOMEM:
                    sys.exit(f"{name}, allocation {number}: {errno.errorcode.get(failure, failure)}")
                self.same(name, number, "failed", before, look())
                call()
            self.same(name, number, "done", after, look())
            undo()
            if left:
                break
        self.same(name, number, "undone at last", before, look())
        if number - 1 < least:
            sys.exit(f"{name}: only {number - 1} allocations")
        print(f"  {name}: {number - 1} failed in turn, {harmless} of them without consequence", flush=True)
        self.sites += number - 1

    @staticmethod
    def same(name, number, what, wanted, found):
        if wanted != found:
            sys.exit(f"{name}, allocation {number}, {what}: expected\n{wanted}\nfound\n{found}")
