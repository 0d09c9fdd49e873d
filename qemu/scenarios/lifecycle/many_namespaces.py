# SPDX-License-Identifier: GPL-2.0
"""Network namespaces by the thousand, first idle, then each with a service and connections: many_namespaces.py COUNT.

Prints how many kilobytes the kernel took for each, and for the balancer's use in it."""

import gc
import os
import resource
import sys
import time

from lvs.loopback_service import add_service, connect, loopback_up

COUNT = int(sys.argv[1])
CONNECTIONS = 10


def kernel_memory():
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
        file.write("3")
    with open("/proc/meminfo", encoding="ascii") as file:
        lines = dict(line.split(":") for line in file)
    return sum(int(lines[key].split()[0]) for key in ("Slab", "Percpu", "VmallocUsed", "PageTables", "KernelStack"))


def service():
    add_service()
    connect(CONNECTIONS)
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
