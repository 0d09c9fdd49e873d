#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Servers that climb to their weight: who gets new connections meanwhile, and what listings say."""

import itertools
import json
import os
import time

from lvs import wire
from lvs.checks import check, heading, run
from lvs.genl import attr, u32
from lvs.transaction import Transaction, service
from lvs.wire import Netns

STOCK, OURS = os.environ["STOCK"], os.environ["OURS"]
VIP = wire.VIP
NEW_SERVICE, EXTRAS, SLOW_START = 60, 60, 6
SECONDS, TENTHS = 30, 10
# Connections in each tenth of the time, and in how many steps they come.
COUNT, STEPS = 400, 5
DIRECTOR = Netns("director")
clients = itertools.count(1024)
services = itertools.count(7000)


class Service:
    """A UDP service of servers that nobody sees: the director counts their connections."""

    sender = wire.Sender("client")

    def __init__(self, *options, weights=(1, 1), age=SECONDS + 1):
        self.port = next(services)
        self.words = ["-u", f"{VIP}:{self.port}"]
        run(OURS, "-A", *self.words, "--slow-start", f"{SECONDS}s", *options)
        for host, weight in enumerate(weights, 50):
            run(STOCK, "-a", *self.of(host), "-m", "-w", str(weight))
        time.sleep(age)

    def of(self, host):
        return [*self.words, "-r", f"10.0.2.{host}:{self.port}"]

    def listed(self, *options):
        document = json.loads(run(OURS, "-L", "--json", *options))
        return next(one for one in document["services"] if one.get("port") == self.port)

    def server(self, host):
        return next(one for one in self.listed()["servers"] if one["address"] == f"10.0.2.{host}")

    def state(self, host):
        return self.server(host)["state"]

    def counts(self):
        with DIRECTOR, open("/proc/thread-self/net/lvs", encoding="ascii") as file:
            rows = [row.split() for row in file]
        ends = {f"10.0.2.{host}:{self.port}": host for host in range(50, 70)}
        return {ends[row[0]]: int(row[5]) for row in rows if row and row[0] in ends}

    def begin(self, count):
        """So many new connections: what each server got of them."""
        before = self.counts()
        for _ in range(count):
            port = next(clients)
            client = f"10.0.1.{50 + port // 60000}"
            self.sender.send(wire.udp(client, 1024 + port % 60000, VIP, self.port))
        wanted = sum(before.values()) + count
        while sum(self.counts().values()) < wanted:
            time.sleep(0.01)
        return {host: number - before.get(host, 0) for host, number in self.counts().items()}

    def climb(self, host, weight, others):
        """New connections all the time: what `host` got in each tenth is on the line."""
        began = time.monotonic()
        for tenth in range(TENTHS):
            got, line = 0, 0.0
            for step in range(STEPS):
                due = began + SECONDS * (tenth * STEPS + step + 0.5) / (TENTHS * STEPS)
                time.sleep(max(0, due - time.monotonic()))
                fraction = 0.1 + 0.9 * (time.monotonic() - began) / SECONDS
                line += COUNT / STEPS * fraction * weight / (others + fraction * weight)
                got += self.begin(COUNT // STEPS)[host]
            check(f"tenth {tenth + 1}: {got} of {COUNT}, {line:.0f} on the line", abs(got - line) <= line / 5 + 2)


def heights(scheduler, weights, mine, others):
    heading(f"{scheduler}: a server of weight {mine} that comes to {weights}")
    one = Service("-s", scheduler, weights=weights)
    check("those that were there first didn't start slowly", all(one.state(host) == "active" for host in (50, 51)))
    run(STOCK, "-a", *one.of(60), "-m", "-w", str(mine))
    seen = one.server(60)
    check("the listing says that it starts", seen["state"] == "starting" and seen["slow_start"]["percent"] < 15
          and 28 <= seen["slow_start"]["seconds_left"] <= SECONDS, seen)
    seen = next(row for row in one.listed(*one.words)["servers"] if row["address"].endswith(".60"))
    check("so does that of one service", seen["state"] == "starting", seen)
    overview = run("cat", "/proc/net/lvs")
    check("and /proc/net/lvs", "starting, 10 %" in overview and "slow start 30 s" in overview, overview)
    one.climb(60, mine, others)
    time.sleep(2)
    check("then it is as the others", one.state(60) == "active" and "slow_start" not in one.server(60))
    return one


def occasions():
    heading("Who starts slowly")
    one = Service("-s", "rr", age=0)
    run(STOCK, "-a", *one.of(60), "-m")
    check("none that comes while the others are as new", one.state(60) == "active")
    time.sleep(SECONDS + 1)
    run(STOCK, "-e", *one.of(60), "-m", "-w", "0")
    check("weight 0 is quiescent", one.state(60) == "quiescent")
    run(STOCK, "-e", *one.of(60), "-m", "-w", "2")
    check("one that gets a weight again", one.state(60) == "starting")
    run(STOCK, "-e", *one.of(60), "-m", "-w", "1")
    time.sleep(SECONDS // 2)
    percent = one.server(60)["slow_start"]["percent"]
    check("another weight changes nothing", 50 <= percent <= 60, percent)
    run(STOCK, "-d", *one.of(60))
    run(STOCK, "-a", *one.of(60), "-m")
    percent = one.server(60)["slow_start"]["percent"]
    check("one that flaps begins anew", percent <= 12, percent)
    run(OURS, "drain", *one.of(60))
    check("one that is drained meanwhile doesn't", one.state(60) in ("draining", "quiescent"))
    run(OURS, "undrain", *one.of(60))
    check("one that returns from a drain", one.state(60) == "starting")
    check("gets some connections, but few", 0 < one.begin(100)[60] <= 8)
    run(OURS, "-E", *one.words, "-s", "rr", "--slow-start", "0")
    check("none once the service doesn't want it", one.state(60) == "active")
    counts = one.begin(99)
    time.sleep(2)
    counts = one.begin(99)
    check("and all get their share", set(counts.values()) == {33}, counts)
    alone = Service("-s", "rr", weights=(1,))
    run(STOCK, "-e", *alone.of(50), "-m", "-w", "0")
    run(STOCK, "-e", *alone.of(50), "-m", "-w", "1")
    check("none that is alone", alone.state(50) == "active")
    check("which gets all", alone.begin(10) == {50: 10})


def overload():
    heading("Nobody is refused for it")
    one = Service("-s", "rr", weights=(1,))
    run(STOCK, "-a", *one.of(60), "-m")
    run(STOCK, "-e", *one.of(50), "-m", "-w", "0")
    check("the only one left gets all", one.begin(20) == {50: 0, 60: 20})


def transactions():
    heading("Transactions")
    one = Service("-s", "wlc")
    document = json.loads(run(OURS, "-L", "--json"))
    mine = next(entry for entry in document["services"] if entry.get("port") == one.port)
    new = dict(mine["servers"][0], address="10.0.2.60")
    mine["servers"].append(new)
    run(OURS, "apply", "-", input=json.dumps(document))
    check("a server that an old service gets starts slowly", one.state(60) == "starting")
    check("of many connections it gets few", one.begin(200)[60] <= 15)
    check("what is listed can be applied", run(OURS, "apply", "-", "--dry-run", input=run(OURS, "-L", "--json")) == "")
    mine["port"] = next(services)
    for server in mine["servers"]:
        server["port"] = mine["port"]
    run(OURS, "apply", "-", input=json.dumps(document))
    one.port, one.words = mine["port"], ["-u", f"{VIP}:{mine['port']}"]
    check("those of a new one don't", all(one.state(host) == "active" for host in (50, 51, 60)))


def refusals():
    heading("Hashing")
    for scheduler in ("sh", "mh", "dh"):
        said = run(OURS, "-A", "-f", "9", "-s", scheduler, "--slow-start", "5", status=2)
        check(f"{scheduler} is refused", "sh, mh and dh" in said, said)
        said = run(OURS, "apply", "-", status=2,
                   input=f'[[services]]\nfwmark = 9\nscheduler = "{scheduler}"\nslow_start = "5s"\n')
        check("in a file, too", "sh, mh and dh" in said, said)
    run(OURS, "-A", "-f", "9", "-s", "rr", "--slow-start", "86401", status=2)
    with DIRECTOR:
        sender = Transaction()
    for scheduler, seconds, wanted in (("sh", 5, "EINVAL"), ("rr", 86401, "EINVAL"), ("rr", 0xFFFFFFFF, "EINVAL"),
                                       ("sh", 0, "ok")):
        extras = attr(EXTRAS, u32(SLOW_START, seconds))
        seen = sender.call(NEW_SERVICE, service(9, scheduler) + extras)
        check(f"{scheduler} and {seconds}: {wanted}", seen == wanted, seen)
    run(OURS, "-E", "-f", "9", "-s", "rr", "--slow-start", "20")
    run(STOCK, "-E", "-f", "9", "-s", "mh")
    check("a stock client that sets a hash isn't refused", "--slow-start" not in run(OURS, "-S", "-n"))
    run(STOCK, "-E", "-f", "9", "-s", "lc")
    check("and changes nothing else", "-f 9 -s lc --slow-start 20\n" in run(OURS, "-S", "-n"))
    one = Service("-s", "rr")
    run(STOCK, "-a", *one.of(60), "-m")
    check("one server starts slowly", one.state(60) == "starting")
    run(STOCK, "-E", *one.words, "-s", "sh", "-b", "sh-port")
    check("and doesn't any more when a stock client has it hash", one.state(60) == "active", one.server(60))
    run(STOCK, "-a", *one.of(61), "-m")
    check("nor does one that comes then", one.state(61) == "active", one.server(61))
    counts = one.begin(400)
    check("each has its share", all(70 <= count <= 130 for count in counts.values()), counts)
    run(STOCK, "-E", *one.words, "-s", "wlc")
    run(STOCK, "-a", *one.of(62), "-m")
    check("one that comes when it hashes no more starts slowly", one.state(62) == "starting", one.server(62))


refusals()
occasions()
overload()
transactions()
heights("rr", (1, 1), 1, 2)
heights("wrr", (30, 10), 20, 40)
heights("lc", (1, 1), 1, 2)
heights("wlc", (4, 4), 8, 8)
heights("twos", (4, 4), 8, 8)
heights("sed", (1, 3), 4, 4)
