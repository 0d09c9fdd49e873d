# SPDX-License-Identifier: GPL-2.0
"""The cases that are a time per packet. Each yields (who, nanoseconds), who
being "floor", "ip_vs" or "lvs"."""

import dataclasses

import balancer
import network
import pktgen

PACKETS = 200000
# How often a stream is measured, and how often new connections are, in an empty table each time.
SLICES = 2
ROUNDS = 2
# Whether what else the machine does may spoil some of the time. Instructions are counted whatever
# it does.
NOISY = True
# Flows as addresses times ports times services; the generator has one address only for IPv6.
SHAPES = {
    4: {1: (1, 1, 1), 1000: (8, 125, 1), 50000: (16, 3125, 1), 500000: (32, 15625, 1),
        1000000: (64, 15625, 1)},
    6: {1: (1, 1, 1), 50000: (1, 50000, 1), 499990: (1, 49999, 10)},
}
ACK, SYN = 0x10, 0x02


def requests(case, device="front0"):
    """The stream from the clients to the case's service."""
    sources, ports, services = SHAPES[case.family][case.flows]
    # Each flow has one of many services.
    services = max(services, case.services)
    return pktgen.Stream(
        device, network.CLIENTS[case.family], network.VIP[case.family], source_port=10000,
        destination_port=balancer.FIRST_PORT, sources=sources, ports=ports, services=services)


def replies(case):
    """The stream back."""
    stream = requests(case)
    return dataclasses.replace(
        stream, device="back", source=network.server(case.family, 0), destination=stream.source, source_port=8080,
        destination_port=stream.source_port, to_clients=True, mac=network.BACK_MAC)


def plain(stream):
    """The same stream, past the balancer."""
    if stream.to_clients:
        return stream
    family = 6 if ":" in stream.source else 4
    return dataclasses.replace(stream, destination=network.PLAIN[family])


def slices(stream, packets, shuffled, out):
    """Measures a stream several times."""
    for _ in range(SLICES):
        yield (pktgen.sample(stream, packets, shuffled, [out]) if NOISY else
               pktgen.receive([(0, stream, packets, shuffled)], [out])[0])


@dataclasses.dataclass
class LastFloor:
    """The stream that was measured last without a module: neighbouring cases have the same."""

    stream: tuple = ()
    costs: tuple = ()


def floor(case, stream, packets, shuffled, out):
    """What the stream costs without a module."""
    key = (case.protocol, stream, packets)
    if LastFloor.stream != key:
        LastFloor.stream, LastFloor.costs = key, tuple(slices(stream, packets, shuffled, out))
    for cost in LastFloor.costs:
        yield "floor", cost


class Segments:
    """Makes segments of a case's packets if it is one of TCP."""

    def __init__(self, case):
        self.case = case

    def become(self, flags):
        """From now on they have these flags."""
        if self.case.protocol == "tcp":
            network.rewrite_nothing()
            network.rewrite_as_tcp({"front0": flags, "back": flags}, self.case.family)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.case.protocol == "tcp":
            network.rewrite_nothing()


def each_module(case, order, body):
    """Runs a generator with each of the modules loaded; what it can't do is passed on as a word."""
    for module in order:
        balancer.load(module, case)
        try:
            yield from ((module, value) for value in body(module))
        except balancer.Unsupported as reason:
            yield module, f"unsupported: {reason}"
        except (balancer.Failed, pktgen.PktgenError) as reason:
            yield module, f"error: {reason}"
        finally:
            balancer.unload(module)


def begin(case, segments):
    """Configures the balancer and begins all flows of the case."""
    balancer.configure(case)
    stream = requests(case)
    segments.become(SYN)
    try:
        pktgen.receive([(0, stream, stream.flows, False)], ["back"])
    except pktgen.NothingArrived as reason:
        raise balancer.Unsupported("the module took the rules, but balances none of these packets") from reason
    segments.become(ACK)
    balancer.settle(stream.flows)


def measure(case, order, stream, out, counter):
    """Measures a stream without a module and with each; `counter` is the column of the statistics that has to count
    it."""
    # As shipped, ip_vs needs a hundred times longer.
    packets = PACKETS // 10 if case.defaults else PACKETS
    with Segments(case) as segments:
        segments.become(ACK)
        yield from floor(case, plain(stream), packets, stream.shuffles, out)

        def with_module(_module):
            begin(case, segments)
            before, begun = balancer.total(counter or 1), balancer.total(0)
            yield from slices(stream, packets, stream.shuffles, out)
            counted = balancer.total(counter or 1) - before
            expected = packets * SLICES if counter else 0
            if counted != expected:
                raise balancer.Failed(f"{counted} packets were balanced instead of {expected}")
            if balancer.total(0) != begun:
                raise balancer.Failed(f"{balancer.total(0) - begun} connections began")

        yield from each_module(case, order, with_module)


def established(case, order):
    """Packets of known clients."""
    yield from measure(case, order, requests(case), "back", 1)


def reply(case, order):
    """Packets of servers."""
    yield from measure(case, order, replies(case), "front0", 2)


def passing(case, order):
    """Packets that are none of the balancer's business, while its table has as many connections."""
    yield from measure(case, order, plain(requests(case)), "back", None)


def beginning(case, order):
    """First packets."""
    stream = pktgen.Stream("front0", network.CLIENTS[case.family], network.VIP[case.family], source_port=10000,
                           destination_port=balancer.FIRST_PORT, services=case.services,
                           sources=16 if case.family == 4 else 1, ports=15625 if case.family == 4 else 50000)
    packets = min(stream.flows, 200000)
    with Segments(case) as segments:
        segments.become(SYN)
        yield from floor(case, plain(stream), PACKETS, False, "back")

        def with_module(_module):
            balancer.configure(case)
            yield pktgen.receive([(0, stream, packets, False)], ["back"])[0]
            if balancer.total(0) != packets:
                raise balancer.Failed(f"{balancer.total(0)} connections instead of {packets}")

        for _ in range(ROUNDS):
            yield from each_module(case, order, with_module)


KINDS = {"established": established, "reply": reply, "passing": passing, "beginning": beginning}
