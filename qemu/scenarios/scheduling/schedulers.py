# SPDX-License-Identifier: GPL-2.0
"""Prints which server gets each connection, for every scheduler, its flags and
1 to 1,000 servers, while connections are held and ended and rules change.
FAMILY=6: over IPv6.

schedulers.py choices N,... SCHEDULER... any but twos; N servers: 1, 2, 10, 100 or 1000
schedulers.py full FILE                more servers than mh has slots
schedulers.py drain FILE               a server of weight 0 under mh
schedulers.py moves                    how many clients mh moves when a server leaves, and when it returns
schedulers.py agree                    how many clients mh moves when servers are added in another order
schedulers.py expiration               how long lblc and lblcr remember
schedulers.py flood                    more addresses than lblc and lblcr remember
schedulers.py twos N,... FILE          adds lines to the file: N, and how often each server was drawn"""

import os
import random
import subprocess
import sys
import time

import chi_squared

from lvs.cases import case, main
from lvs.family import wire

SERVERS = "10.8.0.0/16"
VIRTUAL = "10.9"
FLAGS = {
    "sh": ["", "sh-fallback", "sh-port", "sh-fallback,sh-port"],
    "mh": ["", "flag-3", "mh-fallback", "mh-port,flag-3", "mh-fallback,mh-port"],
}
# By the number of servers: how often the rules change, and the connections before each change.
ROUNDS = {1: (2, 12), 2: (3, 30), 10: (3, 50), 100: (2, 80), 1000: (1, 600)}
END = "10.0.2.62"

# Packets that leave on one CPU keep their order.
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
client = wire.Sender("client")
seen = wire.Capture("rs1")
source_port = 0
end_mark = 0


def restore(lines):
    """Gives many lines of rules to ipvsadm at once."""
    done = subprocess.run(
        ["nsenter", "--net=/run/netns/director", "ipvsadm", "-R"],
        input="".join(f"{wire.rules(line)}\n" for line in lines), capture_output=True, text=True,
    )
    if done.returncode or done.stderr:
        print("refused:", done.stderr.strip())


def prepare():
    """Routes to the made-up servers; each virtual network has its own mark."""
    wire.run("ip", "route", "add", SERVERS, "via", wire.RS1)
    wire.run("ip", "route", "add", "local", f"{VIRTUAL}.0.0/16", "dev", "lo")
    wire.run("sysctl", "-qw", "net.ipv4.vs.conn_reuse_mode=0")
    marks = ", ".join(f"{VIRTUAL}.{n}.0/24 : {n}" for n in range(1, 256))
    out = wire.run("nft", "add table ip marks; add chain ip marks in { type filter hook prerouting priority -150; }; "
                   f"add rule ip marks in meta mark set ip daddr map {{ {marks} }}")
    if out:
        sys.exit(f"nft: {out}")
    # Neighbours keep a few hundred packets while they are looked for: these are found before many
    # are sent at once.
    wire.run("ping", "-c", "1", "-W", "10", wire.RS1)
    arrived()


def arrived():
    """{(source address, port): server} of the connections begun since the last time."""
    global end_mark
    end_mark = end_mark % 60000 + 1
    client.send(wire.udp(wire.CLIENT, end_mark, END, 9))
    found = {}
    while packet := seen.next(10):
        source, sport, server, _ = wire.ports(packet)
        if server == END:
            if sport == end_mark:
                return found
        elif wire.begins(packet):
            found[source, sport] = server
    sys.exit("the mark behind the connections was lost")


class Case:
    """One service from its first rule to its last."""

    def __init__(self, number, scheduler, flags, size):
        self.number, self.scheduler, self.size = number, scheduler, size
        self.random = random.Random(f"{scheduler} {flags} {size}")
        self.service = f"-f {number}"
        self.options = f"-s {scheduler}" + (f" -b {flags}" if flags else "")
        self.unused = iter(range(1, 65535))
        self.servers, self.held, self.next_client = [], [], 0
        print("==", scheduler, flags or "-", size, "servers")

    def weight(self):
        weight = self.random.choice([0, 1, 1, 1, 2, 3, 5, 10, 40, 100, 1000])
        # Here mh differs from ip_vs's on purpose, which this flag and those with a fallback undo.
        return weight or int(self.options == "-s mh")

    def add(self):
        number = next(self.unused)
        server = f"10.8.{number >> 8}.{number & 255}"
        self.servers.append(server)
        return f"-a {self.service} -r {server} -m -w {self.weight()}"

    def edit(self):
        """One change of the rules."""
        kind = self.random.random()
        if kind < 0.25 or not self.servers:
            return self.add()
        server = self.random.choice(self.servers)
        if kind < 0.4 and len(self.servers) > 1:
            self.servers.remove(server)
            return f"-d {self.service} -r {server}"
        if kind < 0.5:
            return f"-E {self.service} {self.options}"
        line = f"-e {self.service} -r {server} -m -w {self.weight()}"
        if kind < 0.75:
            # Thresholds that are soon met.
            upper = self.random.randint(1, 12)
            line += f" -x {upper}" + (f" -y {self.random.randint(1, upper)}" if kind < 0.65 else "")
        return line

    def packet(self, connection, flags):
        address, port, target = connection
        return wire.tcp(address, port, target, 80, flags)

    def connect(self, count):
        """Begins connections and prints whom they went to, then holds or ends some."""
        global source_port
        begun = []
        for _ in range(count):
            source_port = source_port % 64000 + 1
            address = f"{self.random.randint(11, 99)}.{self.random.randint(0, 255)}.{self.random.randint(0, 255)}.{self.random.randint(1, 254)}"
            target = f"{VIRTUAL}.{self.number}.{self.random.randint(0, self.targets)}"
            connection = address, 1000 + source_port, target
            kind = self.random.random()
            begun.append(connection)
            if kind < 0.3:
                client.send(wire.udp(address, connection[1], target, 80))
                continue
            client.send(self.packet(connection, "S"))
            if kind < 0.9:
                client.send(self.packet(connection, "A"))
                self.held.append(connection)
            if self.held and self.random.random() < 0.5:
                client.send(self.packet(self.held.pop(self.random.randrange(len(self.held))), self.random.choice(["FA", "R"])))
        servers = arrived()
        chosen = [servers.get((address, port), "none").removeprefix("10.8.") for address, port, _ in begun]
        for at in range(0, count, 12):
            print("  ", *chosen[at:at + 12])

    def run(self, rounds, count):
        # Few addresses, so that the schedulers by destination see each several times.
        self.targets = 11 if self.scheduler.startswith("lblc") else 255
        restore([f"-A {self.service} {self.options}"])
        self.connect(2)
        restore([self.add() for _ in range(self.size)])
        for _ in range(rounds):
            self.connect(count)
            edits = [self.edit() for _ in range(self.random.randint(1, 6))]
            print(*edits, sep="\n")
            restore(edits)
        self.connect(count)
        listing = wire.ipvsadm("-Ln", "--nosort").splitlines()[3:]
        print(*(line for line in listing if self.size < 1000 or not line.endswith(" 0         ")), sep="\n")
        restore([f"-D {self.service}"])


def numbers(text):
    """Of a text like 1,2,10."""
    return [int(number) for number in text.split(",")]


@case
def choices(sizes: numbers, *schedulers):
    number = 0
    for scheduler in schedulers:
        for flags in FLAGS.get(scheduler, [""]):
            for size in sizes if not flags else [size for size in sizes if size in (10, 100)]:
                number += 1
                Case(number, scheduler, flags, size).run(*ROUNDS[size])


@case
def full(name):
    """mh takes as many servers as its table has slots. ip_vs lists one more that
    is added later and never picks it; whether that was refused goes to a file."""
    servers = [f"10.8.{n >> 8}.{n & 255}" for n in range(1, 4095)]
    print("== mh with 4,094 servers")
    restore(["-A -f 251 -s rr"] + [f"-a -f 251 -r {server} -g -w 1" for server in servers])
    wire.ipvsadm("-E", "-f", "251", "-s", "mh")
    print(wire.ipvsadm("-Ln").splitlines()[3])
    wire.ipvsadm("-d", "-f", "251", "-r", servers[0])
    wire.ipvsadm("-E", "-f", "251", "-s", "mh")
    listing = wire.ipvsadm("-Ln").splitlines()
    print(listing[3], len(listing) - 4)
    with open(name, "w", encoding="ascii") as file:
        file.write(wire.run("ipvsadm", "-a", "-f", "251", "-r", servers[0], "-g") and "refused")
    restore(["-D -f 251"])


@case
def drain(name):
    """mh with a server of weight 0: its clients go elsewhere, unless flag-3 has
    them refused as by ip_vs. Prints what is the same; how many were refused goes
    to a file."""
    servers = [f"10.8.0.{n}" for n in range(1, 6)]
    clients = [f"30.0.{n}.1" for n in range(250)]
    for flags in ["", " -b flag-3", " -b mh-fallback"]:
        restore([f"-A -f 252 -s mh{flags}"] + [f"-a -f 252 -r {server} -m -w 1" for server in servers])
        before = mapping(clients)
        restore(["-e -f 252 -r 10.8.0.3 -m -w 0"])
        during = mapping(clients)
        restore(["-e -f 252 -r 10.8.0.3 -m -w 1"])
        after = mapping(clients)
        print("drained:", before.count(servers[2]), "clients; others moved:",
              sum(old != new for old, new in zip(before, during) if old != servers[2]),
              "; still there:", during.count(servers[2]), "; returned:", before == after)
        with open(name, "a", encoding="ascii") as file:
            print(flags.split()[-1] if flags else "none", sum(new is None for new in during), file=file)
        restore(["-D -f 252"])


@case
def moves():
    """Percent of 2,000 clients that get another server when one of N leaves, when it
    returns, and from before to after: the mean of four sets of servers."""
    clients = [f"31.0.{n >> 8}.{n & 255}" for n in range(2000)]
    sets = range(2, 6)
    for count in (2, 5, 10, 20):
        moved = [0, 0, 0]
        for network in sets:
            servers = [f"10.8.{network}.{n}" for n in range(1, count + 1)]
            restore(["-A -f 252 -s mh"] + [f"-a -f 252 -r {server} -m -w 1" for server in servers])
            before = mapping(clients)
            restore([f"-d -f 252 -r {servers[count // 2]}"])
            without = mapping(clients)
            restore([f"-a -f 252 -r {servers[count // 2]} -m -w 1"])
            after = mapping(clients)
            restore(["-D -f 252"])
            for number, pair in enumerate(((before, without), (without, after), (before, after))):
                moved[number] += sum(old != new for old, new in zip(*pair))
        print("servers", count, "percent that moved", *(f"{each * 100 / len(clients) / len(sets):.2f}" for each in moved))


@case
def agree():
    """How many of 2,000 clients go elsewhere if 30 servers were added in the reverse order, with and
    without the flag that directors agree by, which comes and goes without the servers."""
    clients = [f"31.0.{n >> 8}.{n & 255}" for n in range(2000)]
    servers = [f"10.8.7.{n}" for n in range(1, 31)]

    def difference(one, other):
        return sum(old != new for old, new in zip(one, other))

    maps = {}
    for order in servers, servers[::-1]:
        restore(["-A -f 252 -s mh"] + [f"-a -f 252 -r {server} -m -w 1" for server in order])
        for flags in "", "-b mh-agree":
            wire.run("/lvs/ipvsadm-rs", "-E", "-f", "252", "-s", "mh", *flags.split())
            maps.setdefault(flags, []).append(mapping(clients))
        print(wire.run("/lvs/ipvsadm-rs", "-S").splitlines()[0])
        restore(["-D -f 252"])
    for flags, (one, other) in maps.items():
        print(flags.split()[-1] if flags else "none", difference(one, other))


def mapping(clients):
    """The server of a new connection of each client to mark 252."""
    global source_port
    source_port += 1
    # Not from FTP's data port, which isn't scheduled.
    port = 1000 + source_port
    servers = []
    for at in range(0, len(clients), 250):
        some = clients[at:at + 250]
        for address in some:
            client.send(wire.udp(address, port, f"{VIRTUAL}.252.1", 53))
        found = arrived()
        servers += [found.get((address, port)) for address in some]
    return servers


@case
def expiration():
    """lblc and lblcr forget an address that nobody asked for longer than the
    setting says."""
    global source_port
    for scheduler in ["lblc", "lblcr"]:
        restore([f"-A -f 253 -s {scheduler}", "-a -f 253 -r 10.8.0.1 -m -w 5", "-a -f 253 -r 10.8.0.2 -m -w 5"])
        chosen = []
        for seconds, pause in [(86400, 0), (86400, 2.5), (1, 0), (1, 2.5)]:
            wire.run("sysctl", "-qw", f"net.ipv4.vs.{scheduler}_expiration={seconds}")
            time.sleep(pause)
            source_port += 1
            connection = "31.0.0.1", source_port, f"{VIRTUAL}.253.1"
            for flags in "SA":
                client.send(wire.tcp(*connection, 80, flags))
            chosen.append(arrived().get(connection[:2], "none"))
        print(scheduler, *chosen)
        restore(["-D -f 253"])


@case
def flood():
    """20,000 addresses, more than lblc and lblcr remember, while there are so few
    connections that nothing else can grow."""
    def kilobytes():
        with open("/proc/meminfo", encoding="ascii") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith(("VmallocUsed", "Slab")))

    def ask(port):
        connection = "32.0.0.2", port, f"{VIRTUAL}.254.1"
        for flags in "SA":
            client.send(wire.tcp(*connection, 80, flags))
        return arrived().get(connection[:2], "none")

    wire.run("nft", "add rule ip marks in ip daddr 11.254.0.0/16 meta mark set 254")
    wire.run("ip", "route", "add", "local", "11.254.0.0/16", "dev", "lo")
    for turn, scheduler in enumerate(["lblc", "lblcr"]):
        restore([f"-A -f 254 -s {scheduler}"] + [f"-a -f 254 -r 10.8.0.{n} -m -w 5" for n in (1, 2)])
        answers = [ask(turn + 1), ask(turn + 3)]
        wire.run("sysctl", "-qw", "net.ipv4.vs.conn_max=16")
        before = kilobytes()
        for at in range(0, 20000, 500):
            for address in range(at, at + 500):
                client.send(wire.udp("32.0.0.1", 1000, f"11.254.{address >> 8}.{address & 255}", 53))
            # One at a time, so that no queue overflows.
            time.sleep(0.01)
        after = kilobytes()
        wire.run("sysctl", "-qw", f"net.ipv4.vs.conn_max={1 << 30}")
        print(scheduler, *answers, ask(turn + 5), after - before)
        restore(["-D -f 254"])


@case
def twos(sizes: numbers, name):
    for size in sizes:
        draw_twos(size, name)


def draw_twos(size, name):
    """Servers of unequal weights and fixed loads, one of 10 without weight: one packet
    is a connection that leaves nothing behind, so all draws are alike. That their
    shares are those of the algorithm is said here; a line of the file is for comparison."""
    total = 12000 if size <= 100 else 36000
    # Servers that were removed come back with their connections; these are other ones.
    servers = [f"10.8.{min(size, 200) + n // 250}.{n % 250 + 1}" for n in range(size)]
    weights = [0 if n % 10 == 5 else n * 7 % 10 + 1 for n in range(size)]
    # Of a thousand the first hundred have something to do.
    loads = [weight * (n * 3 % 8) if n < 100 else 0 for n, weight in enumerate(weights)]
    restore(["-A -f 250 -s rr"] + [f"-a -f 250 -r {server} -m -w 0" for server in servers])
    port = 1000
    for server, load in zip(servers, loads):
        if load:
            restore([f"-e -f 250 -r {server} -m -w 1"])
            for _ in range(load):
                port += 1
                for flags in "SA":
                    client.send(wire.tcp(f"20.0.1.{min(size, 200)}", port, f"{VIRTUAL}.250.1", 80, flags))
            arrived()
            restore([f"-e -f 250 -r {server} -m -w 0"])
    restore([f"-e -f 250 -r {server} -m -w {weight}" for server, weight in zip(servers, weights)] + ["-E -f 250 -s twos -o"])
    counts = dict.fromkeys(servers, 0)
    for at in range(0, total, 500):
        for number in range(at, at + 500):
            client.send(wire.udp("20.0.0.2", 1000 + number, f"{VIRTUAL}.250.1", 53))
        for server in arrived().values():
            counts[server] += 1
    with open(name, "a", encoding="ascii") as file:
        print(size, *counts.values(), file=file)
    unused = sum(count for count, weight in zip(counts.values(), weights) if not weight)
    print(f"twos: {size} servers, {sum(counts.values())} connections, {unused} of them to servers without weight; shares",
          chi_squared.against([wanted * total for wanted in drawn(weights, loads)], list(counts.values())))
    restore(["-D -f 250"])


def drawn(weights, loads):
    """The chance of each server: the less loaded for its weight of two draws, the first of equals."""
    # 0 to the sum of the weights is drawn: the newest server's weight counts one more.
    parts = weights[:-1] + [weights[-1] + 1]
    every = sum(parts) ** 2
    chances = [0.0] * len(weights)
    for first, part in enumerate(parts):
        for second, other in enumerate(parts):
            if part and other:
                better = second if loads[first] * weights[second] > loads[second] * weights[first] else first
                chances[better] += part * other / every
    return chances


prepare()
main()
