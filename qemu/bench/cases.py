# SPDX-License-Identifier: GPL-2.0
"""What is measured, and what is asked of it: the ratio lvs / ip_vs of the net
cost where a case's unit is "ns", else a number of that unit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A measurement. `kind` names the function of the guest that makes it."""

    name: str
    kind: str
    target: float | None = 0.9
    # "ratio": of lvs to ip_vs; "value": of lvs alone, at most; "least": of lvs alone, at least.
    target_of: str = "ratio"
    unit: str = "ns"
    family: int = 4
    protocol: str = "udp"
    method: str = "m"
    scheduler: str = "rr"
    services: int = 1
    servers: int = 4
    flows: int = 1
    clients: int = 0
    # Neither module gets a setting.
    defaults: bool = False
    # lvs takes its early path, which ip_vs doesn't have.
    early: bool = False
    # Of XDP: which frames, whether the program gets them, how many at once.
    direction: str = "request"
    attached: bool = True
    batch: int = 64
    # A master tells other directors of connections.
    master: bool = False
    # User-mode Linux with two processors makes two calls to the host whenever it disables
    # interrupts: cases of two are for the stock kernel only, and are times.
    cpus: int = 1
    # How often at most; 0: as often as asked.
    repetitions: int = 0
    quick: bool = False
    stock: bool = False


METHODS = {"m": "NAT", "g": "DR", "i": "TUN"}


def count(number):
    """1, 50 k, 1 M."""
    for unit, size in (("M", 1000000), ("k", 1000)):
        if number >= size and number % size == 0:
            return f"{number // size} {unit}"
    return str(number)


def established():
    """Packets of flows that have begun."""
    for family in (4, 6):
        for protocol in ("udp", "tcp"):
            for flows in (1, 50000, 500000):
                for method, name in METHODS.items():
                    target = 0.6 if flows == 1 else 0.4 if family == 4 else 0.2
                    yield Case(
                        f"{protocol.upper()} {name} IPv{family}, {count(flows)} flow{'s' * (flows > 1)}",
                        "established",
                        # There is no target of its own for the largest table under IPv6.
                        target if family == 4 or flows < 500000 else 0.9,
                        family=family, protocol=protocol, method=method,
                        # Ten services make up for the generator's one address.
                        flows=499990 if family == 6 and flows == 500000 else flows,
                        services=10 if family == 6 and flows == 500000 else 1,
                        # ip_vs takes long.
                        repetitions=1 if family == 6 and flows == 500000 else 0,
                        quick=protocol == "udp" and flows < 500000 and (family == 4 or method == "m"),
                        stock=flows <= 50000 and (protocol == "udp" or (method == "m" and family == 4)),
                    )


def other_packets():
    """Replies, packets that pass by, and beginnings."""
    for family in (4, 6):
        for flows in (1, 50000, 500000) if family == 4 else (1, 50000):
            few = {"family": family, "flows": flows, "quick": flows == 50000 and family == 4,
                   "stock": flows == 1 and family == 4}
            plural = f"IPv{family}, {count(flows)} flow{'s' * (flows > 1)}"
            yield Case(f"NAT reply {plural}", "reply", 0.6, servers=1, **few)
            yield Case(f"passing by {plural}", "passing", 0.4, **few)
    for scheduler, servers in (("rr", (4, 100, 1000)), ("wlc", (4, 100, 1000)), ("mh", (4, 100, 1000))):
        for number in servers:
            target = 0.45 if scheduler == "rr" else 0.2 if (scheduler, number) == ("wlc", 1000) else 0.9
            yield Case(
                f"new connection, {scheduler}, {count(number)} servers", "beginning", target,
                scheduler=scheduler, servers=number,
                quick=(scheduler, number) in (("rr", 4), ("wlc", 1000)),
                stock=scheduler != "mh" and number in (4, 1000),
            )
    yield Case("new connection TCP, rr, 4 servers", "beginning", 0.45, protocol="tcp")
    yield Case("new connection IPv6, rr, 4 servers", "beginning", 0.45, family=6)
    yield Case("established, 50 k flows to 1 k services", "established", 0.4, services=1000, flows=50000)
    yield Case("new connection, 1 k services", "beginning", 0.45, services=1000)
    yield Case("new connection of 100 k known clients, persistent", "persistent", clients=100000)
    yield Case("NAT beside a SYN flood, 1 k flows", "flood", flows=1000)
    for flows in (50000, 500000):
        yield Case(f"as shipped: UDP NAT IPv4, {count(flows)} flows", "established",
                   0.02 if flows == 500000 else 0.4, flows=flows, defaults=True, repetitions=1 + (flows == 50000),
                   quick=flows == 50000)
        yield Case(f"as shipped: passing by, {count(flows)} flows", "passing",
                   0.02 if flows == 500000 else 0.4, flows=flows, defaults=True,
                   repetitions=1 + (flows == 50000))


def told():
    """With a master that tells other directors."""
    for protocol in ("udp", "tcp"):
        for flows in (1, 50000):
            yield Case(f"with a master: {protocol.upper()} NAT IPv4, {count(flows)} flow{'s' * (flows > 1)}", "established",
                       0.6 if flows == 1 else 0.4, protocol=protocol, flows=flows, master=True, stock=flows == 1)
        yield Case(f"with a master: new connection {protocol.upper()}, rr, 4 servers", "beginning", 0.45, protocol=protocol, master=True,
                   stock=protocol == "udp")


def early():
    """Packets that leave early: these are to cost no more than ones that are forwarded plainly."""
    for family in (4, 6):
        for flows in (1, 50000):
            plural = f"IPv{family}, {count(flows)} flow{'s' * (flows > 1)}"
            few = {"family": family, "flows": flows, "early": True, "stock": flows == 1}
            for method, name in METHODS.items():
                yield Case(f"early path: UDP {name} {plural}", "established", 0, "value", method=method,
                           quick=family == 4 and method == "m", **few)
            yield Case(f"early path: NAT reply {plural}", "reply", 0, "value", servers=1, **few)
    yield Case("early path: passing by IPv4, 1 flow", "passing", 0.4, early=True, stock=True)


def frames():
    """Frames in front of the stack, each beside ip_vs by the stack."""
    for family, target in ((4, 700), (6, 850)):
        few = {"family": family, "target_of": "value", "stock": True}
        for protocol in ("udp", "tcp"):
            for method, direction, name in (("m", "request", "NAT"), ("m", "reply", "NAT reply"), ("g", "request", "DR")):
                yield Case(f"XDP: {protocol.upper()} {name} IPv{family}", "frames", target, protocol=protocol, method=method,
                           direction=direction, **few)
        yield Case(f"XDP: passing by IPv{family}", "frames", None, direction="passing", **few)
        yield Case(f"XDP: passing by IPv{family}, not attached", "frames", None, direction="passing", attached=False, **few)
        yield Case(f"XDP: plain forwarding IPv{family}, by the stack and by bpf_fib_lookup", "forwarded", None, **few)
    yield Case("XDP: UDP NAT IPv4, one by one", "frames", None, "value", batch=1, stock=True)


def others():
    """What isn't a time per packet."""
    yield Case("memory of a connection", "memory", 144, "value", "bytes", flows=1000000, repetitions=3)
    yield Case("configure 1 k services of 4", "configure", 0.9, unit="ms", services=1000)
    for name, kind in (("in one commit", "replace"), ("line by line", "restore")):
        yield Case(f"replace 10 k services of 4, {name}", kind, 1, unit="ms", services=10000, repetitions=1, stock=True)
    yield Case("memory while 10 k services of 4 are replaced in one commit / of the rules", "peak", 2, "value", "times",
               services=10000, repetitions=1, stock=True)
    yield Case("list 1 k services of 4", "list", 0.9, unit="ms", services=1000)
    yield Case("flush 1 k services of 4", "flush", 0.9, unit="ms", services=1000)
    yield Case("worst delay of a packet, table growing to 1 M", "growing", 1, "value", "ms", flows=1000000, stock=True)
    yield Case("worst delay of a packet, 1 M connections expiring", "expiring", 1, "value", "ms", flows=1000000, stock=True)
    yield Case("worst delay of a packet, 100 k servers estimated", "estimating", 1, "value", "ms", services=20000, servers=5,
               stock=True)
    yield Case("worst delay of a packet, 10 k services of 4 replaced in one commit", "replacing", 1, "value", "ms",
               services=10000, stock=True, repetitions=1)
    yield Case("packets of two CPUs / of one", "scaling", 1.8, "least", "times", flows=50000, cpus=2,
               stock=True)


CASES = [*established(), *other_packets(), *told(), *early(), *frames(), *others()]
