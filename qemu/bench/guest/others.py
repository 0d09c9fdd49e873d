# SPDX-License-Identifier: GPL-2.0
"""The cases that aren't a time per packet of one stream: memory, control,
floods, several CPUs."""

import dataclasses
import os
import re
import subprocess
import threading
import time

import balancer
import network
import packets
import pktgen


def free():
    """Bytes of memory that are free, once what can be freed is. What is available counts slabs that call themselves
    reclaimable."""
    os.sync()
    for _ in range(2):
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
            file.write("3")
        time.sleep(0.3)
    with open("/proc/meminfo", encoding="ascii") as file:
        pages = int(re.search(r"MemFree:\s+(\d+)", file.read())[1]) * 1024
    # Processors keep freed pages for themselves.
    with open("/proc/zoneinfo", encoding="ascii") as file:
        kept = sum(map(int, re.findall(r"^\s+count:\s+(\d+)", file.read(), re.M)))
    return pages + kept * os.sysconf("SC_PAGE_SIZE")


def memory(case, order):
    """Bytes of a connection: what is gone when there are a million, by their number."""

    def with_module(_module):
        balancer.configure(case)
        before = free()
        stream = packets.requests(case)
        pktgen.receive([(0, stream, stream.flows, False)], ["back"])
        balancer.settle(stream.flows)
        yield (before - free()) / stream.flows

    yield from packets.each_module(case, order, with_module)


def timed(command, **kwargs):
    """Milliseconds of a command."""
    start = time.monotonic()
    done = subprocess.run(command, check=False, capture_output=True, text=True, **kwargs)
    took = (time.monotonic() - start) * 1000
    if done.returncode or done.stderr:
        raise balancer.Unsupported(done.stderr.strip())
    return took, done.stdout


def control(case, order, wanted):
    """Milliseconds of `ipvsadm -R`, `-Ln` or `-C` with many services."""
    text = "\n".join(balancer.rules(case)) + "\n"

    def with_module(_module):
        for _ in range(2):
            costs = {"configure": timed(["ipvsadm", "-R"], input=text)[0]}
            costs["list"], listing = timed(["ipvsadm", "-Ln"])
            if listing.count("->") != case.services * case.servers + 1:
                raise balancer.Failed("the listing isn't complete")
            costs["flush"] = timed(["ipvsadm", "-C"])[0]
            yield costs[wanted]

    yield from packets.each_module(case, order, with_module)


def replace(case, order, in_one_step=True):
    """Milliseconds in which ipvsadm-rs replaces many services' servers by others: line by line, or under lvs by one
    commit, as it does with a file."""
    sets = [balancer.rules_in_file(case, f"/tmp/rules.{number}", number) for number in (0, 1)]

    def with_module(module):
        # Where nothing disturbs, once is enough.
        for turn, number in enumerate((0, 1, 0) if packets.NOISY else (0, 1)):
            with open(sets[number], encoding="ascii") as file:
                if module == "lvs" and in_one_step:
                    took = timed(["/lvs/ipvsadm-rs", "-R"], stdin=file)[0]
                else:
                    took = timed(["/lvs/ipvsadm-rs", "-R"], input=file.read())[0]
            if balancer.servers_listed() != case.services * case.servers:
                raise balancer.Failed("not all servers are there")
            if turn:
                yield took

    yield from packets.each_module(case, order, with_module)


def of_kernel():
    """Bytes that the kernel has for itself, processes and files left out."""
    with open("/proc/meminfo", encoding="ascii") as file:
        return sum(map(int, re.findall(r"^(?:Slab|VmallocUsed|Percpu):\s+(\d+)", file.read(), re.M))) * 1024


def peak(case, order):
    """How many times the rules' memory the kernel has while lvs replaces all of them in one commit."""
    sets = [balancer.rules_in_file(case, f"/tmp/rules.{number}", number) for number in (0, 1)]

    def put(number):
        with open(sets[number], encoding="ascii") as file:
            timed(["/lvs/ipvsadm-rs", "-R"], stdin=file)

    def with_module(module):
        if module != "lvs":
            raise balancer.Unsupported("no transactions")
        before = of_kernel()
        put(0)
        rules = of_kernel() - before
        most = 0
        thread = threading.Thread(target=put, args=(1,))
        thread.start()
        # Ahead of the commit, which sleeps when it has all that it needs.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        try:
            while thread.is_alive():
                most = max(most, of_kernel())
                time.sleep(0.002)
        finally:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        thread.join()
        if balancer.servers_listed() != case.services * case.servers:
            raise balancer.Failed("not all servers are there")
        yield (most - before) / rules

    yield from packets.each_module(case, order, with_module)


def persistent(case, order):
    """New connections of clients that are known already."""
    stream = dataclasses.replace(packets.requests(dataclasses.replace(case, flows=1)), source="10.64.0.0",
                                 sources=case.clients)
    known = dataclasses.replace(stream, source_port=20000, ports=7)
    number = case.clients * 2
    yield from packets.floor(case, packets.plain(known), number, False, "back")

    def with_module(_module):
        balancer.configure(case)
        pktgen.receive([(0, stream, case.clients, False)], ["back"])
        balancer.settle(None)
        yield pktgen.receive([(0, known, number, False)], ["back"])[0]
        if balancer.total(0) != case.clients + number:
            raise balancer.Failed(f"{balancer.total(0)} connections instead of {case.clients + number}")
        entries = balancer.buckets()[0]
        if entries != 2 * case.clients + number:
            raise balancer.Unsupported(f"{entries} entries aren't {case.clients} templates and the connections")

    yield from packets.each_module(case, order, with_module)


def flood(case, order):
    """Half of the packets are first ones, of clients that are never heard of again."""
    case = dataclasses.replace(case, protocol="tcp")
    good = packets.requests(case)
    # As many different ones as there are packets; the other device makes them SYNs.
    bad = dataclasses.replace(good, device="front1", source="10.64.0.0", source_port=1024, sources=4096, ports=49)
    number = bad.flows // 2

    def jobs(change):
        return [(0, change(good), number, True), (0, change(bad), number, False)]

    def rewrite(flags):
        network.rewrite_nothing()
        network.rewrite_as_tcp({"front0": flags, "front1": packets.SYN}, 4)

    rewrite(packets.ACK)
    for _ in range(packets.SLICES):
        yield "floor", sum(pktgen.receive(jobs(packets.plain), ["back"])) / 2

    def with_module(_module):
        balancer.configure(case)
        rewrite(packets.SYN)
        pktgen.receive([(0, good, good.flows, False)], ["back"])
        rewrite(packets.ACK)
        balancer.settle(good.flows)
        yield sum(pktgen.receive(jobs(lambda stream: stream), ["back"])) / 2

    yield from packets.each_module(case, order, with_module)
    network.rewrite_nothing()


def scaling(case, order):
    """How many times the packets of one CPU two of them balance."""
    stream = packets.requests(case)
    streams = [stream, dataclasses.replace(stream, device="front1", source="10.64.0.1")]
    number = packets.PACKETS * 2

    def with_module(_module):
        balancer.configure(case)
        for one in streams:
            pktgen.receive([(0, one, one.flows, False)], ["back"])
        balancer.settle(2 * stream.flows)
        for _ in range(packets.SLICES * 2):
            alone = min(pktgen.receive([(cpu, streams[cpu], number, True)], ["back"])[0] for cpu in (0, 1))
            both = pktgen.receive([(cpu, one, number, True) for cpu, one in enumerate(streams)], ["back"])
            yield sum(alone / one for one in both)

    yield from packets.each_module(case, order, with_module)


KINDS = {
    "memory": memory,
    "configure": lambda case, order: control(case, order, "configure"),
    "list": lambda case, order: control(case, order, "list"),
    "flush": lambda case, order: control(case, order, "flush"),
    "replace": replace,
    "restore": lambda case, order: replace(case, order, in_one_step=False),
    "peak": peak,
    "persistent": persistent,
    "flood": flood,
    "scaling": scaling,
}
