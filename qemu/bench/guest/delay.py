# SPDX-License-Identifier: GPL-2.0
"""The longest that one packet waits while the table is rebuilt or emptied.

A task of real-time priority sends a packet of a connection every millisecond; the call returns when the packet left
this host. What counts is the time from when it was due: so whoever keeps the processor, or a lock, counts too."""

import dataclasses
import gc
import os
import socket
import struct
import subprocess
import threading
import time
from ipaddress import ip_address

import balancer
import network
import packets
import pktgen

PERIOD = 1000000
CLIENT = "10.1.200.1"
# Seconds that an idle connection lives, and seconds in which all have to be gone once they are
# over.
LIFE, PATIENCE = 10, 60
# Whether the kernel makes huge pages of processes' memory behind their backs.
HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage/enabled"
# Seconds in which the kernel frees what was replaced.
AFTER = 3
# Parts that a stream is sent in, and seconds between them.
BURSTS, PAUSE = 8, 0.05


class Probe:
    """The packets that are timed."""

    def __init__(self):
        # Whoever makes them holds the probe's memory for milliseconds, in which the probe waits,
        # and no packet does.
        if os.path.exists(HUGE_PAGES):
            with open(HUGE_PAGES, "w", encoding="ascii") as file:
                file.write("never")
        network.ip("link add probe0 type veth peer name probe1", "link set probe0 up", "link set probe1 up")
        with open("/sys/class/net/probe1/address", encoding="ascii") as file:
            self.mac = bytes.fromhex(file.read().strip().replace(":", ""))
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind(("probe0", 0))
        # The link is up when its first packet arrives.
        self.frame = self.to(network.PLAIN[4])
        for _ in range(100):
            before = pktgen.sent("back")
            self.socket.send(self.frame)
            if pktgen.sent("back") > before:
                return
            time.sleep(0.05)
        raise balancer.Failed("packets of the probe don't arrive")

    def close(self):
        """Takes its devices away."""
        self.socket.close()
        network.ip("link del probe0")

    def to(self, address):
        """A UDP packet in its frame."""
        header = bytearray(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 46, 0, 0, 64, 17, 0, socket.inet_aton(CLIENT),
                                       socket.inet_aton(address)))
        total = sum(struct.unpack("!10H", header))
        header[10:12] = struct.pack("!H", ~((total & 0xffff) + (total >> 16)) & 0xffff)
        datagram = struct.pack("!4H", 20000, balancer.FIRST_PORT, 26, 0) + bytes(18)
        return self.mac + bytes(6) + b"\x08\x00" + bytes(header) + datagram

    def worst(self, ends):
        """Sends until `ends()`; returns the milliseconds of the packet that took longest."""
        policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
        gc.disable()
        worst = 0
        try:
            while not ends():
                due = time.monotonic_ns() + PERIOD
                time.sleep(PERIOD / 1e9)
                self.socket.send(self.frame)
                worst = max(worst, time.monotonic_ns() - due)
        finally:
            gc.enable()
            os.sched_setscheduler(0, policy, priority)
        return worst / 1e6

    def worst_of(self, seconds):
        """The same for so long."""
        end = time.monotonic() + seconds
        return self.worst(lambda: time.monotonic() > end)


def beside(probe, work):
    """The longest delay while a function runs in a thread of its own."""
    problems = []

    def run():
        try:
            work()
        except (balancer.Failed, pktgen.PktgenError) as reason:
            problems.append(reason)

    thread = threading.Thread(target=run)
    thread.start()
    worst = probe.worst(lambda: not thread.is_alive())
    thread.join()
    if problems:
        raise problems[0]
    return worst


def send_all(stream):
    """Each packet of a stream once; the probe's leave by the same device, so nobody counts here. Now and then the
    host has time for others: after a second without, it takes 50 ms of it even from a guest of real-time priority."""
    sources = stream.sources // BURSTS
    for burst in range(BURSTS):
        part = dataclasses.replace(stream, source=str(ip_address(stream.source) + burst * sources), sources=sources)
        pktgen.start([(0, part, part.flows, False)])
        time.sleep(PAUSE)


def growing(case, order):
    """While connections begin as fast as they can."""
    stream = packets.requests(case)
    probe = Probe()
    try:
        yield "floor", beside(probe, lambda: send_all(packets.plain(stream)))

        def with_module(_module):
            balancer.configure(case)
            probe.frame = probe.to(network.VIP[4])
            yield beside(probe, lambda: send_all(stream))
            if balancer.total(0) != stream.flows + 1:
                raise balancer.Failed(f"{balancer.total(0)} connections instead of {stream.flows + 1}")

        yield from packets.each_module(case, order, with_module)
    finally:
        probe.close()


def expiring(case, order):
    """While all end at about the same time."""
    stream = packets.requests(case)
    probe = Probe()
    try:
        yield "floor", probe.worst_of(LIFE)

        def with_module(_module):
            balancer.configure(case)
            subprocess.run(["ipvsadm", "--set", "0", "0", str(LIFE)], check=True)
            probe.frame = probe.to(network.VIP[4])
            send_all(stream)
            end = time.monotonic() + LIFE + PATIENCE
            checks = 0

            def gone():
                nonlocal checks
                checks += 1
                return checks % 1000 == 0 and (balancer.buckets()[0] <= 1 or time.monotonic() > end)

            yield probe.worst(gone)
            if balancer.buckets()[0] > 1:
                raise balancer.Failed(f"{balancer.buckets()[0]} connections are left")

        yield from packets.each_module(case, order, with_module)
    finally:
        probe.close()


def estimating(case, order):
    """While the rates of many servers are estimated."""
    probe = Probe()
    try:
        yield "floor", probe.worst_of(LIFE)

        def with_module(_module):
            balancer.configure(case, "/lvs/ipvsadm-rs")
            probe.frame = probe.to(network.VIP[4])
            yield probe.worst_of(LIFE)

        yield from packets.each_module(case, order, with_module)
    finally:
        probe.close()


def replacing(case, order):
    """While all services get other servers in one commit."""
    probe = Probe()
    sets = [balancer.rules_in_file(case, f"/tmp/rules.{number}", number) for number in (0, 1)]

    def put(number):
        """Begins it. No thread of this process, which would have the probe wait for the interpreter."""
        with open(sets[number], encoding="ascii") as file:
            return subprocess.Popen(["/lvs/ipvsadm-rs", "-R"], stdin=file)

    try:
        yield "floor", probe.worst_of(LIFE)

        def with_module(module):
            if module != "lvs":
                raise balancer.Unsupported("no transactions")
            if put(0).wait():
                raise balancer.Failed("the first rules were refused")
            probe.frame = probe.to(network.VIP[4])
            replacement = put(1)
            end = None

            def over():
                nonlocal end
                if end is None and replacement.poll() is not None:
                    end = time.monotonic() + AFTER
                return end is not None and time.monotonic() > end

            yield probe.worst(over)
            if replacement.returncode:
                raise balancer.Failed("the other rules were refused")

        yield from packets.each_module(case, order, with_module)
    finally:
        probe.close()


KINDS = {"growing": growing, "expiring": expiring, "estimating": estimating,
         "replacing": replacing}
