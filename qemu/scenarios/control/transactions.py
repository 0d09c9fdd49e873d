# SPDX-License-Identifier: GPL-2.0
"""Transactions: what they change, what they refuse, and what is left of those that never end."""

import itertools
import os
import random
import signal
import subprocess
import sys
import time

from lvs.cases import case, equal, main
from lvs.genl import Genl, attr, u32
from lvs.transaction import (
    ABORT, COMMIT, PUT_DEST, PUT_SERVICE, REMOVE_SERVICE, SERVICE, Transaction, named, server, service,
)

VIP = "10.0.1.100"
A, B, C, D = (f"10.0.2.{n}:80" for n in (11, 12, 13, 14))


def rules():
    """The rules as ipvsadm saves them, sorted."""
    return subprocess.run(["ipvsadm", "-Sn"], capture_output=True, text=True, check=True).stdout.splitlines()


def order(protocol):
    """Addresses of the servers of a service of this protocol, in the kernel's order."""
    with open("/proc/net/ip_vs", encoding="ascii") as file:
        services = file.read().split(f"\n{protocol} ")
    servers = itertools.takewhile(lambda line: line.startswith("  ->"), services[1].splitlines()[1:])
    return [line.split()[1].split(":")[0] for line in servers]


def listed(flag="-u", port=80, *servers):
    """What `rules` says of a service by rr of these servers: (server, weight)."""
    target = f"{flag} {VIP}:{port}"
    return [f"-A {target} -s rr"] + [f"-a {target} -r {one} -m -w {weight}" for one, weight in servers]


def ipvsadm(*words):
    subprocess.run(["ipvsadm", *words], check=True)


@case
def changes():
    """Services come, change, go and stay; servers too, in their order."""
    one = Transaction()
    first = one.generation()
    equal("begin", "ok", one.begin(first))
    equal("a service of two", [], one.put(f"{VIP}:80", server(A), server(B, weight=2)))
    equal("a service by mark", [], one.put(7, server(C)))
    equal("nothing before the commit", [], rules())
    equal("what it would be", "ok", one.commit(check=True))
    equal("a check closes it", "ENOENT", one.commit())
    equal("nothing after a check", ([], first), (rules(), one.generation()))
    equal("again", [], [said for said in (one.begin(first), one.commit()) if said != "ok"])
    equal("an empty one changes nothing", first, one.generation())
    equal("begin", "ok", one.begin(first))
    equal("services", [], one.put(f"{VIP}:80", server(A), server(B, weight=2)) + one.put(7, server(C)))
    equal("commit", "ok", one.commit())
    mark = ["-A -f 7 -s rr", "-a -f 7 -r 10.0.2.13:80 -m -w 1"]
    equal("the rules", sorted(listed("-u", 80, (A, 1), (B, 2)) + mark), sorted(rules()))
    second = one.generation()
    equal("another generation", True, second != first)

    # What is the same is left alone.
    equal("the same", [], [said for said in (one.begin(second), *one.put(7, server(C)), one.commit()) if said != "ok"])
    equal("the generation stays", second, one.generation())

    # A server comes in front of those that stay, one goes, one gets another weight.
    equal("servers", [], [said for said in (one.begin(second), *one.put(f"{VIP}:80", server(B, weight=9), server(D), server(C)),
                                            one.commit()) if said != "ok"])
    equal("those", listed("-u", 80, (B, 9), (C, 1), (D, 1)), [line for line in rules() if "-u" in line])
    equal("their order", ["0A00020E", "0A00020D", "0A00020C"], order("UDP"))

    # A part leaves the rest alone; the whole doesn't.
    equal("a removal", "ok", one.begin())
    equal("of the mark", "ok", one.call(REMOVE_SERVICE, attr(SERVICE, named(7))))
    equal("commit", "ok", one.commit())
    equal("the rest", listed("-u", 80, (B, 9), (C, 1), (D, 1)), rules())
    equal("the whole", [], one.replace({f"{VIP}:90": [server(A)]}))
    equal("is all there is", listed("-u", 90, (A, 1)), rules())
    equal("nothing at all", [], one.replace({}))
    equal("no rules", [], rules())


@case
def refusals():
    """What is wrong is said when it comes, and then nothing changes."""
    one, other = Transaction(), Transaction()
    for command in (PUT_SERVICE, PUT_DEST, REMOVE_SERVICE, COMMIT, ABORT):
        equal(f"command {command} without a transaction", "ENOENT", one.call(command, service(1) + server(A)))
    ipvsadm("-A", "-u", f"{VIP}:80", "-s", "rr")
    before, generation = rules(), one.generation()
    equal("a generation of another time", "ESTALE", one.begin(generation + 1))
    equal("begin", "ok", one.begin(generation))
    equal("two of one socket", "EBUSY", one.begin())
    equal("one of another", "ok", other.begin(generation))
    equal("abort", "ok", other.call(ABORT))

    # After a refusal nothing is committed.
    for title, command, payload, wanted in (
        ("an unknown scheduler", PUT_SERVICE, service(1, scheduler="nosuch"), "ENOENT"),
        ("no service", PUT_SERVICE, b"", "EINVAL"),
        ("a service without all", PUT_SERVICE, attr(SERVICE, named(1)), "EINVAL"),
        ("a server without a service", PUT_DEST, server(A), "ESRCH"),
    ):
        equal(title, wanted, one.call(command, payload))
        equal(f"after {title}", "ECANCELED", one.commit())
        equal("begin", "ok", one.begin(generation))
    for title, payload, wanted in (
        ("no server", b"", "EINVAL"),
        ("a negative weight", server(A, weight=-1), "ERANGE"),
        ("thresholds the wrong way round", server(A, upper=1, lower=2), "ERANGE"),
        ("an address for many", server("224.0.0.1:80"), "EINVAL"),
        ("another family without a tunnel", server("[fd00:2::11]:80"), "EINVAL"),
    ):
        equal("a service", [], one.put(5))
        equal(title, wanted, one.call(PUT_DEST, payload))
        equal(f"after {title}", "ECANCELED", one.commit())
        equal("begin", "ok", one.begin(generation))
    equal("a service and a server", [], one.put(5, server(A)))
    equal("the server twice", "EEXIST", one.call(PUT_DEST, server(A, weight=3)))
    equal("commit", "ECANCELED", one.commit())
    equal("begin", "ok", one.begin(generation))
    equal("services", [], one.put(5) + one.put(6))
    equal("a service twice", "EEXIST", one.call(PUT_SERVICE, service(5)))
    equal("abort", "ok", one.call(ABORT))
    equal("begin", "ok", one.begin(generation))
    equal("a service that isn't there", "ok", one.call(REMOVE_SERVICE, attr(SERVICE, named(99))))
    equal("commit", "ESRCH", one.commit())
    equal("what there was", (before, generation), (rules(), one.generation()))

    # Somebody else changes the rules meanwhile.
    equal("begin", "ok", one.begin(generation))
    equal("a service", [], one.put(5, server(A)))
    ipvsadm("-a", "-u", f"{VIP}:80", "-r", A, "-m")
    before = rules()
    equal("commit", "ESTALE", one.commit())
    equal("what there was", before, rules())
    equal("begin", "ok", one.begin(one.generation()))
    ipvsadm("-C")
    equal("commit after a flush", "ESTALE", one.commit())
    equal("what there was", [], rules())
    equal("begin without a generation", "ok", one.begin())
    equal("a service", [], one.put(5))
    ipvsadm("-A", "-f", "6")
    equal("commit", "ok", one.commit())
    equal("both", ["-A -f 5 -s rr", "-A -f 6 -s wlc"], sorted(rules()))
    ipvsadm("-C")


@case
def unfinished():
    """Whoever goes in the middle leaves nothing: 64 may be open, and are again after those have gone."""
    for how in ("close", "kill"):
        sockets = []
        if how == "close":
            sockets = [Transaction() for _ in range(64)]
            for i, one in enumerate(sockets):
                equal(f"transaction {i}", "ok", one.begin())
                equal("a service", [], one.put(i + 1, server(A), server(B)))
        else:
            child = subprocess.Popen([sys.executable, __file__, "hold", "64"], stdout=subprocess.PIPE, text=True)
            equal("the child", "open", child.stdout.readline().strip())
        equal("one too many", "ENOSPC", Transaction().begin())
        if how == "close":
            for one in sockets:
                one.send.socket.close()
        else:
            child.send_signal(signal.SIGKILL)
            child.wait()
        after = Transaction()
        equal(f"after {how}", ["ok", "ok"], [after.begin(), after.call(ABORT)])
        equal("none of it", [], rules())
    # One that dies in the middle: with its last process, which is killed.
    child = subprocess.Popen(["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
                              sys.executable, __file__, "hold", "3"], stdout=subprocess.PIPE, text=True)
    equal("the child in a namespace of its own", "open", child.stdout.readline().strip())
    child.kill()
    child.wait()


@case
def generation():
    print(Transaction().generation())


@case
def hold(count: int):
    sockets = [Transaction() for _ in range(count)]
    for one in sockets:
        equal("begin", "ok", one.begin())
        equal("a service", [], one.put(1, server(A)))
    print("open", flush=True)
    signal.pause()


@case
def concurrent(seed: int, seconds: int):
    """Transactions of several sockets, single changes and lists, all at once. Each transaction says in the weights of its
    services which it was: they are all of one."""
    draw = random.Random(seed)
    one, plain = Transaction(), Genl()
    end, committed, stale = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        kind = draw.random()
        if kind < 0.2:
            plain.request(plain.family, 5, attr(SERVICE, named(900)) + server(A))
            plain.request(plain.family, 7, attr(SERVICE, named(900)) + server(A))
            continue
        if kind < 0.25:
            plain.request(plain.family, 17)
            continue
        weight = draw.randrange(1, 1 << 20)
        if one.begin(one.generation(), whole=True) == "ESTALE":
            stale += 1
            continue
        said = one.put(900)
        for mark in range(1, draw.randrange(2, 30)):
            said += one.put(mark, *(server(f"10.0.2.{host}:80", weight=weight)
                                    for host in draw.sample(range(11, 31), draw.randrange(1, 5))))
        if draw.random() < 0.1:
            one.call(ABORT)
            continue
        equal("messages", [], said)
        answer = one.commit()
        if answer == "ESTALE":
            stale += 1
        else:
            equal("commit", "ok", answer)
            committed += 1
    print(f"{committed} committed, {stale} stale", file=sys.stderr)
    if not committed:
        sys.exit("none was committed")


@case
def look(stop):
    """Lists that say that nothing changed meanwhile have services of one transaction alone."""
    from lvs.genl import NLM_F_DUMP, parse
    import struct
    one = Transaction()
    consistent = 0
    while not os.path.exists(stop):
        _, replies = one.send.request(one.family, 1, flags=NLM_F_DUMP)
        if one.send.end_flags & 0x10:
            continue
        weights = set()
        mark = None
        for *_, body in replies:
            # What else is said of it follows.
            kind, nest = parse(body)[0]
            values = dict(parse(nest))
            if kind == SERVICE:
                mark = struct.unpack("I", values[5])[0]
            elif mark != 900:
                weights.add(struct.unpack("I", values[4])[0])
        if len(weights) > 1:
            sys.exit(f"services of several transactions: {weights}")
        consistent += 1
    print(f"{consistent} lists", file=sys.stderr)


if __name__ == "__main__":
    main()
