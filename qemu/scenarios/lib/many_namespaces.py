# SPDX-License-Identifier: GPL-2.0
"""Network namespaces by the thousand, first idle, then each with a service and connections: many_namespaces.py COUNT.

Prints how many kilobytes the kernel took for each, and for the balancer's use in it."""

import fcntl
import gc
import os
import resource
import socket
import struct
import sys
import time

from genl import Genl, address, attr, be16, be32, text, u16, u32

COUNT = int(sys.argv[1])
CONNECTIONS = 10


def kernel_memory():
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
        file.write("3")
    with open("/proc/meminfo", encoding="ascii") as file:
        lines = dict(line.split(":") for line in file)
    return sum(int(lines[key].split()[0]) for key in ("Slab", "Percpu", "VmallocUsed", "PageTables", "KernelStack"))


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, 0x8914, struct.pack("16sH22x", b"lo", 1 | 0x40))


def service():
    genl = Genl()
    parts = u16(1, 2) + u16(2, 17) + address(3, "127.0.0.1") + be16(4, 53) + text(6, "rr") \
        + attr(7, struct.pack("II", 0, 0xFFFFFFFF)) + u32(8, 0) + be32(9, 0xFFFFFFFF)
    server = address(1, "127.0.0.2") + be16(2, 53) + u32(3, 0) + u32(4, 1) + u32(5, 0) + u32(6, 0)
    for command, payload in ((1, attr(1, parts)), (5, attr(1, parts) + attr(2, server))):
        error, _ = genl.request(genl.family, command, payload)
        if error:
            raise OSError(error, os.strerror(error))
    genl.socket.close()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as sender:
        for port in range(1000, 1000 + CONNECTIONS):
            sender.sendto(struct.pack("!HHHH", port, 53, 8, 0), ("127.0.0.1", 0))
    with open("/proc/thread-self/net/ip_vs_conn", encoding="ascii") as file:
        made = sum(1 for _ in file) - 1
    if made != CONNECTIONS:
        raise RuntimeError(f"{made} connections")


def measure():
    """Kilobytes of a namespace, and of the balancer in it, and seconds to set all of the latter up."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    empty, kept = kernel_memory(), []
    for _ in range(COUNT):
        os.unshare(os.CLONE_NEWNET)
        loopback_up()
        kept.append(os.open("/proc/self/ns/net", os.O_RDONLY))
    os.setns(home, os.CLONE_NEWNET)
    idle, start = kernel_memory(), time.monotonic()
    for fd in kept:
        os.setns(fd, os.CLONE_NEWNET)
        service()
    took = time.monotonic() - start
    os.setns(home, os.CLONE_NEWNET)
    used = kernel_memory()
    for fd in kept:
        os.close(fd)
    return (idle - empty) / COUNT, (used - idle) / COUNT, took


def gone():
    """Waits until no namespace but the first is left."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    end = time.monotonic() + 300 + COUNT / 4
    while time.monotonic() < end:
        # The memory of those that are cleaned up is given back when the next one goes.
        os.unshare(os.CLONE_NEWNET)
        os.setns(home, os.CLONE_NEWNET)
        with open("/proc/slabinfo", encoding="ascii") as file:
            left = sum(int(line.split()[1]) for line in file if line.startswith("net_namespace "))
        # Some of them only wait on a CPU for reuse.
        if left < COUNT // 4 + 40:
            os.close(home)
            return
        time.sleep(0.2)
    raise TimeoutError(f"{left} namespaces are left")


gc.disable()
resource.setrlimit(resource.RLIMIT_NOFILE, (COUNT + 100, COUNT + 100))
alone, used, seconds = measure()
start = time.monotonic()
gone()
print(f"{COUNT} namespaces of {alone:.1f} kB; a service, a server and {CONNECTIONS} connections: {used:.1f} kB more each, "
      f"{seconds:.1f} s; gone after {time.monotonic() - start:.1f} s")
# The sanitized kernel puts red zones around everything.
if not 1 < used < 64 * int(os.environ.get("SLOW", 1)):
    sys.exit("that can't be right")
