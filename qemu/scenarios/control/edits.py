# SPDX-License-Identifier: GPL-2.0
"""Changes servers, weights, thresholds and the scheduler of a service while two CPUs
begin connections to it, one packet each: edits.py SEED SCHEDULER...

Prints what is wrong, and at the end what was sent and what was counted."""

import os
import random
import subprocess
import sys
import time

from lvs import wire
from lvs.two_cpus import CPUS, DIRECTOR, prepare, seen, sent, start

VIP, PORT, COUNT = wire.VIP, 54, 150000
SERVICE = f"-u {VIP}:{PORT}"
seed, schedulers = int(sys.argv[1]), sys.argv[2:]
draw = random.Random(seed)
weights, sum_of_edits = {}, 0


def said(title, text):
    if text:
        print(f"{title}: {text.strip()}")


def restore(lines):
    """Gives rules to the tool at once."""
    global sum_of_edits
    sum_of_edits += len(lines)
    done = subprocess.run(["nsenter", "--net=/run/netns/director", os.environ["ADMIN"], "-R"],
                          input="".join(f"{line}\n" for line in lines), capture_output=True, text=True)
    said("refused", done.stderr)


def step(packets=20):
    """Waits until both CPUs have begun more connections: what they were about before is over.
    False when they are done."""
    goals = [min(sent(cpu) + packets, COUNT) for cpu in CPUS]
    end = time.monotonic() + 20
    while any(sent(cpu) < goal for cpu, goal in zip(CPUS, goals)):
        if time.monotonic() > end:
            sys.exit(f"no connection began for 20 s: {[sent(cpu) for cpu in CPUS]} of {COUNT}")
    return max(goals) < COUNT


def weight():
    return draw.choice([0, 1, 1, 2, 3, 10, 100])


def add():
    free = [name for name in (f"10.9.0.{n}" for n in range(10, 110)) if name not in weights]
    server = draw.choice(free)
    weights[server] = weight()
    return f"-a {SERVICE} -r {server} -m -w {weights[server]}"


def edit():
    """A change; whoever stays open is left alone: 10.9.0.9."""
    kind = draw.random()
    if kind < 0.1:
        return f"-E {SERVICE} -s {draw.choice(schedulers)}"
    if kind < 0.35 and len(weights) < 90 or len(weights) < 3:
        return add()
    server = draw.choice(list(weights))
    if kind < 0.6:
        del weights[server]
        return f"-d {SERVICE} -r {server}"
    weights[server] = weight()
    return f"-e {SERVICE} -r {server} -m -w {weights[server]}" + (" -x 500 -y 400" if kind > 0.9 else "")


def stays_closed(rounds):
    """Servers that were removed or have weight 0 get nothing any more."""
    closed = [f"10.9.0.{n}" for n in range(10, 110) if not weights.get(f"10.9.0.{n}")]
    if not step():
        return
    before = seen()
    step(200)
    after = seen()
    for server in closed:
        if before.get(server) != after.get(server):
            print(f"round {rounds}: {server}, weight {weights.get(server)}, had {before.get(server)} packets and got more: {after.get(server)}")


def listing():
    """Service's connections and incoming packets, and each server's."""
    rows = [line.split() for line in wire.ipvsadm("-Ln", "--stats", "--exact").splitlines()]
    service = next(row for row in rows if row[0] == "UDP")
    return (int(service[2]), int(service[3])), {row[1].split(":")[0]: int(row[2]) for row in rows if row[0] == "->" and row[1][0].isdigit()}


said("nft", prepare(COUNT, 30000, (PORT, PORT)))
restore([f"-A {SERVICE} -s {schedulers[0]}", f"-a {SERVICE} -r 10.9.0.9 -m -w 5"] + [add() for _ in range(60)])
traffic = start()
rounds = 0
while step():
    rounds += 1
    # Now many servers, now few.
    if rounds % 20 == 10:
        gone = draw.sample(sorted(weights), len(weights) - 4)
        restore([f"-d {SERVICE} -r {server}" for server in gone])
        for server in gone:
            del weights[server]
    elif rounds % 20 == 0:
        restore([add() for _ in range(60)])
    restore([edit() for _ in range(draw.randint(1, 6))])
    if rounds % 5 == 0:
        stays_closed(rounds)
traffic.wait()
all_sent = sum(sent(cpu) for cpu in CPUS)
with DIRECTOR, open("/proc/thread-self/net/ip_vs_conn", encoding="ascii") as file:
    entries = sum(1 for _ in file) - 1
# What servers counted while they were removed comes to their service within two seconds.
end = time.monotonic() + 20
(connections, packets), servers = listing()
while connections != entries and time.monotonic() < end:
    time.sleep(0.2)
    (connections, packets), servers = listing()
at_servers = seen()
print("sent", all_sent)
print("connections", connections, "packets", packets, "at servers", sum(at_servers.values()))
print("of the one that was never removed:", servers["10.9.0.9"] - at_servers.get("10.9.0.9", 0), "more than arrived")
print("entries", entries)
print(f"{rounds} rounds, {sum_of_edits} changes", file=sys.stderr)
