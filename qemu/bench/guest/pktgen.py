# SPDX-License-Identifier: GPL-2.0
"""Packets by the million on the receive path of a device, from a thread of the
kernel that is pinned to a CPU."""

import fcntl
import math
import os
import re
import struct
import subprocess
import threading
import time
from dataclasses import dataclass, field
from ipaddress import ip_address

RNDADDENTROPY = 0x40085203
PATH = "/proc/net/pktgen/"


@dataclass(frozen=True)
class Stream:
    """UDP packets from `sources` addresses and `ports` ports, or to as many with `to_clients`, to as many ports as
    there are `services`. If the numbers have no common divisor, stepping through all gives all their combinations,
    else some of them."""

    device: str
    source: str
    destination: str
    source_port: int = 20000
    destination_port: int = 80
    sources: int = 1
    ports: int = 1
    services: int = 1
    to_clients: bool = False
    mac: str = field(default="02:00:00:00:00:01")

    @property
    def flows(self):
        """How many there are."""
        return math.lcm(self.sources, self.ports, self.services)

    @property
    def shuffles(self):
        """Whether any combination is one of the flows."""
        return self.flows == self.sources * self.ports * self.services > 1


def write(name, text):
    """A command for pktgen."""
    with open(PATH + name, "w", encoding="ascii") as file:
        file.write(text + "\n")


def add(cpu, device):
    """Gives a CPU's thread a device, once the thread that had it has let it go, which it does in its own time."""
    for _ in range(200):
        try:
            return write(f"kpktgend_{cpu}", f"add_device {device}")
        except OSError:
            time.sleep(0.01)
    raise PktgenError(f"pktgen doesn't take {device}")


def settings(stream, packets, shuffled):
    """The commands that describe a stream."""
    yield "xmit_mode netif_receive"
    yield f"count {packets}"
    yield "clone_skb 0"
    yield "burst 1"
    yield "delay 0"
    yield f"dst_mac {stream.mac}"
    yield "flag UDPCSUM"
    # Packets are nobody else's, as those of a driver.
    yield "flag !SHARED"
    # The upper limit of stepped addresses belongs to the range; other upper limits don't.
    last = stream.sources - (not shuffled)
    source, destination = ip_address(stream.source), ip_address(stream.destination)
    clients, fixed = (destination, source) if stream.to_clients else (source, destination)
    ends = ("dst", "src") if stream.to_clients else ("src", "dst")
    if source.version == 6:
        yield "pkt_size 78"
        yield f"src6 {source}"
        yield f"dst6 {destination}"
    else:
        yield "pkt_size 60"
        yield f"{ends[0]}_min {clients}"
        yield f"{ends[0]}_max {clients + last}"
        yield f"{ends[1]}_min {fixed}"
        yield f"{ends[1]}_max {fixed}"
    for end, port, number in (
        ("src", stream.source_port, 1 if stream.to_clients else stream.ports),
        ("dst", stream.destination_port, stream.ports if stream.to_clients else stream.services),
    ):
        yield f"udp_{end}_min {port}"
        yield f"udp_{end}_max {port + number * (number > 1)}"
    if shuffled:
        yield "flag IPDST_RND" if stream.to_clients else "flag IPSRC_RND"
        yield "flag UDPSRC_RND"
        yield "flag UDPDST_RND"


class PktgenError(Exception):
    """A stream wasn't sent."""


class NothingArrived(PktgenError):
    """Not even one packet came through."""


def sent(device):
    """Packets a device has sent."""
    with open(f"/sys/class/net/{device}/statistics/tx_packets", encoding="ascii") as file:
        return int(file.read())


def receive(jobs, out):
    """Lets devices receive streams: [(CPU, stream, packets, shuffled)]. All devices in `out` together have to send as
    many packets as came in. Returns nanoseconds per packet, of each job."""
    before = sum(map(sent, out))
    costs = start(jobs)
    check_arrival(sum(map(sent, out)) - before, sum(packets for _, _, packets, _ in jobs))
    return costs


def check_arrival(arrived, total):
    """Fails unless all packets came through."""
    if arrived == 0:
        raise NothingArrived(f"of {total} packets none arrived")
    if arrived != total:
        raise PktgenError(f"of {total} packets {arrived} arrived")


def prepare(jobs):
    """Gives the threads their devices and what to send."""
    for thread in os.listdir(PATH):
        if thread.startswith("kpktgend_"):
            write(thread, "rem_device_all")
    for cpu, stream, packets, shuffled in jobs:
        add(cpu, stream.device)
        for command in settings(stream, packets, shuffled):
            write(stream.device, command)


def result(stream, packets):
    """Nanoseconds a packet of what is over."""
    with open(PATH + stream.device, encoding="ascii") as file:
        text = file.read()
    found = re.search(r"Result: OK: (\d+)\(c(\d+)\+d(\d+)\) usec, (\d+) ", text)
    if not found or int(found[4]) != packets:
        raise PktgenError(f"pktgen: {text.splitlines()[-2:]}")
    return int(found[1]) * 1000 / packets


def start(jobs):
    """As `receive`, whatever becomes of the packets."""
    prepare(jobs)
    write("pgctrl", "start")
    return [result(stream, packets) for _, stream, packets, _ in jobs]


class Sampler:
    """Looks every few milliseconds how many packets a device has received. Of a machine that does other work, too, most
    looks are spoiled, seldom all; the time of the looks themselves isn't the packets'."""

    PERIOD = 0.004
    FEWEST = 10

    def __init__(self, device):
        self.file = os.open(PATH + device, os.O_RDONLY)
        self.costs = []
        self.over = False

    def sofar(self):
        """Packets until now."""
        return int(re.search(rb"pkts-sofar: (\d+)", os.pread(self.file, 4096, 0))[1])

    def run(self):
        """Until it is over; before everybody else, so that no packet is received during a look."""
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
        last, end = None, 0
        while not self.over:
            time.sleep(self.PERIOD)
            begin = time.monotonic_ns()
            now = self.sofar()
            if last and now > last:
                self.costs.append((begin - end) / (now - last))
            last, end = now, time.monotonic_ns()
        os.close(self.file)

    def cost(self):
        """Nanoseconds a packet of a good moment: what a tenth of the looks saw, or less. `None` after too few."""
        return sorted(self.costs)[len(self.costs) // 10] if len(self.costs) >= self.FEWEST else None


def sample(stream, packets, shuffled, out):
    """As `receive` of one stream by CPU 0: nanoseconds a packet, in a good moment if there were moments enough."""
    before = sum(map(sent, out))
    prepare([(0, stream, packets, shuffled)])
    sampler = Sampler(stream.device)
    thread = threading.Thread(target=sampler.run)
    thread.start()
    try:
        write("pgctrl", "start")
    finally:
        sampler.over = True
        thread.join()
    check_arrival(sum(map(sent, out)) - before, packets)
    return sampler.cost() or result(stream, packets)


def load():
    """Before the first stream."""
    # A guest without entropy makes each random number anew, at great cost.
    with open("/dev/random", "wb") as file:
        fcntl.ioctl(file, RNDADDENTROPY, struct.pack("ii", 512, 64) + os.urandom(64))
    subprocess.run(["modprobe", "pktgen"], check=True)
