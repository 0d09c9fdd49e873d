#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Listeners, and what they are told of: `ipvsadm-rs monitor`, and sockets by hand."""

import contextlib
import errno
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from lvs.checks import SLOW, check, finished, heading, poll
from lvs.genl import NLM_F_ACK, Genl, parse
from lvs.transaction import EVENT, SEQUENCE, SERVICE, Transaction, named, server, service
from lvs.wire import Netns

STOCK, OURS = os.environ["STOCK"], os.environ["OURS"]
VIP, RS1, RS2 = "10.0.1.100", "10.0.2.11", "10.0.2.12"
TARGET = f"{VIP}:80"
SOL_NETLINK, ADD_MEMBERSHIP, MCAST_GROUPS = 270, 1, 7
NEW_SERVICE, DEL_SERVICE, NEW_DEST, SET_DEST, DEL_DEST = 1, 3, 5, 6, 7


def run(*words, **options):
    return finished(*words, **options).stdout


def stock(*words):
    return run(STOCK, *words)


class Monitor:
    """`ipvsadm-rs monitor`, which listens once this is made."""

    def __init__(self, *options, netns="director"):
        self.lines, self.seen = [], 0
        self.process = subprocess.Popen(["nsenter", f"--net=/run/netns/{netns}", OURS, "monitor", *options],
                                        stdout=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        check("it says when it listens", "listening" in first, first)
        self.first = json.loads(first) if options else first
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def told(self):
        """What it was told so far."""
        return [json.loads(line) for line in list(self.lines)]

    def since(self, what, last, seconds=60):
        """What came since this was asked last, up to an event of this kind."""
        def found():
            told = self.told()[self.seen:]
            return told if last in [event["event"] for event in told] else None
        told = poll(what, found, seconds)
        self.seen += len(told)
        return told

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(60 * SLOW)


class Member:
    """A socket in the group, which only reads when it is told to."""

    def __init__(self, netns="director", buffer=None):
        with Netns(netns):
            self.transaction = Transaction()
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
            self.socket.bind((0, 0))
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, group(self.transaction))
        self.socket.setblocking(False)

    def read(self):
        """The numbers of the events that are there, and None where some were lost."""
        numbers = []
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    data = self.socket.recv(1 << 16)
                except OSError as error:
                    if error.errno != errno.ENOBUFS:
                        raise
                    numbers.append(None)
                    continue
                nest = dict(parse(data[20:]))[EVENT]
                numbers.append(struct.unpack("Q", dict(parse(nest))[SEQUENCE])[0])
        return numbers


def group(transaction):
    """The number of the group."""
    _, replies = transaction.send.request(16, 3, struct.pack("HH4s", 8, 2, b"LVS\0"))
    groups = parse(dict(parse(replies[0][3]))[MCAST_GROUPS])
    (_, found), = groups
    attrs = dict(parse(found))
    check("the group is called events", attrs[1] == b"events\0", attrs)
    return struct.unpack("I", attrs[2])[0]


def kinds(events):
    return [event["event"] for event in events]


def in_order(events):
    """Their numbers follow each other."""
    numbers = [event["sequence"] for event in events]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def who_did_it():
    heading("changes by stock ipvsadm, one by one")
    first, text = Monitor("--json"), Monitor()
    third = Monitor("--json")
    for words in (f"-A -t {TARGET} -s rr", f"-a -t {TARGET} -r {RS1}:8080 -m -w 3",
                  f"-a -t {TARGET} -r {RS2}:8080 -m -w 1", f"-e -t {TARGET} -r {RS1}:8080 -m -w 0",
                  f"-E -t {TARGET} -s wlc -p 90", f"-d -t {TARGET} -r {RS2}:8080", f"-D -t {TARGET}",
                  "-A -f 7 -s sh", "-A -f 8 -s sh", "-C"):
        stock(*words.split())
    told = first.since("all is told", "cleared")
    check("in its order", kinds(told) == [
        "service-added", "server-added", "server-added", "server-changed", "service-changed", "server-removed",
        "service-removed", "service-added", "service-added", "cleared"], kinds(told))
    check("each number follows the one before", in_order(told) and told[0]["sequence"] == first.first["sequence"] + 1)
    check("the generation grows", all(a["generation"] < b["generation"] for a, b in zip(told, told[1:])), told)
    check("a service has its settings", told[0]["service"] == {
        "protocol": "tcp", "address": VIP, "port": 80, "family": "ipv4", "scheduler": "rr", "one_packet": False}, told[0])
    check("a server has its own", told[1]["server"]["weight"] == 3 and told[1]["server"]["forward"] == "masq", told[1])
    check("as they are after the change", told[3]["server"]["weight"] == 0 and told[4]["service"]["persistent"] == 90)
    check("what is gone has its name", told[5]["server"] == {"address": RS2, "port": 8080}, told[5])
    check("all that were removed are counted", told[-1]["count"] == 2, told[-1])
    lines = poll("people are told the same", lambda: len(text.lines) == 10 and text.lines)
    check("in words of the command line", lines[1].split(" ", 1)[1] ==
          f"server-added -t {TARGET} -r {RS1}:8080 -m -w 3\n", lines[1])
    check("all listeners are told the same", third.since("another one, too", "cleared") == told)
    check("a signal ends it well", [first.end(), text.end(signal.SIGINT), third.end(signal.SIGHUP)] == [0, 0, 0])
    check("no line is cut off", all(line.endswith("\n") for line in first.lines + text.lines + third.lines))


def transactions():
    heading("changes in one step")
    stock(*f"-A -t {TARGET} -s rr".split())
    stock(*f"-a -t {TARGET} -r {RS1} -m -w 1".split())
    stock(*f"-A -u {TARGET} -s rr".split())
    monitor = Monitor("--json")
    rules = f"-A -t {TARGET} -s rr\n-a -t {TARGET} -r {RS1} -m -w 5\n-a -t {TARGET} -r {RS2} -m\n-A -f 3 -s lc\n-a -f 3 -r {RS1} -g\n"
    run(OURS, "apply", "-", input=rules)
    told = monitor.since("apply is told", "committed")
    check("each of its changes, and then all", sorted(kinds(told[:-1])) == [
        "server-added", "server-added", "server-changed", "service-added", "service-removed"], kinds(told))
    check("of one generation", len({event["generation"] for event in told}) == 1 and in_order(told), told)
    check("with their numbers", told[-1]["changes"] == {
        "services_added": 1, "services_changed": 1, "services_removed": 1, "servers_added": 2, "servers_changed": 1,
        "servers_removed": 0, "told": True}, told[-1])
    order = [(event["event"], event.get("service", {}).get("fwmark")) for event in told]
    check("a service comes before its servers", order.index(("service-added", 3)) < order.index(("server-added", 3)))
    run(OURS, "apply", "-", input=rules)
    many = "".join(f"-A -f {mark} -s rr\n-a -f {mark} -r {RS1} -g\n" for mark in range(101, 601))
    with tempfile.TemporaryFile("w+") as file:
        file.write(many)
        file.seek(0)
        run(OURS, "-R", stdin=file)
    told = monitor.since("nothing is told of what changes nothing, and of many changes only how many", "committed")
    check("in one event", kinds(told) == ["committed"] and not told[0]["changes"]["told"], told)
    check("with the right numbers", told[0]["changes"]["services_added"] == 500
          and told[0]["changes"]["servers_added"] == 500, told)
    check("which is the first after", told[0]["sequence"] == monitor.told()[-2]["sequence"] + 1)
    with Netns("director"):
        aborted = Transaction()
    for command, payload in ((11, b""), (12, service(TARGET)), (16, b"")):
        check("a transaction goes on", aborted.call(command, payload) == "ok")
    stock("-C")
    check("one that is aborted is told to nobody", kinds(monitor.since("all are gone", "cleared")) == ["cleared"])
    monitor.end()


def drains():
    heading("drains")
    stock(*f"-A -t {TARGET} -s rr".split())
    stock(*f"-a -t {TARGET} -r {RS1} -m -w 2".split())
    monitor = Monitor("--json")
    run(OURS, "-E", "-t", TARGET, "-s", "rr", "--tcp-timeout", "10m")
    told = monitor.since("a change of what ip_vs's services don't have is told", "service-changed")
    check("with that", told[-1]["service"]["tcp_timeout"] == 600, told)
    names = ["-t", TARGET, "-r", RS1]
    run(OURS, "drain", *names, "--for", "30s")
    told = monitor.since("one without connections ends at once", "drain-ended")
    check("it is told when it begins and ends, and how", kinds(told) == ["drained", "drain-ended"]
          and told[1]["outcome"] == "empty", told)
    check("with what it is to be", told[0]["server"]["drain"]["weight"] == 2
          and told[0]["server"]["state"] == "draining" and told[0]["server"]["weight"] == 0, told[0])
    # A keepalived that sees it fail and come back.
    stock(*f"-e -t {TARGET} -r {RS1} -m -w 0".split())
    stock(*f"-e -t {TARGET} -r {RS1} -m -w 4".split())
    run(OURS, "undrain", *names)
    told = monitor.since("it returns", "undrained")
    check("with the weight that it was given", kinds(told) == ["server-changed", "server-changed", "undrained"]
          and told[2]["server"]["weight"] == 4 and "drain" not in told[2]["server"], told)
    with Netns("rs1"):
        listener = socket.create_server(("", 80))
    for then, outcome in (("keep", "kept"), ("reset", "reset"), ("forget", "forgotten")):
        with Netns("client"):
            client = socket.create_connection((VIP, 80), 10 * SLOW)
        listener.accept()
        run(OURS, "drain", *names, "--for", "3s", "--then", then)
        told = monitor.since(f"its deadline comes, and what is left is {outcome}", "drain-ended")
        check("as it was told to", kinds(told) == ["drained", "drain-ended"] and told[1]["outcome"] == outcome, told)
        run(OURS, "undrain", *names)
        monitor.since("it returns", "undrained")
        client.close()
    listener.close()
    run(OURS, "undrain", *names)
    stock("-C")
    check("one that isn't drained doesn't return", kinds(monitor.since("it goes", "cleared")) == ["cleared"])
    monitor.end()


def loads():
    heading("servers that are overloaded")
    stock(*"--set 0 0 3".split())
    stock(*f"-A -u {TARGET} -s rr".split())
    stock(*f"-a -u {TARGET} -r {RS1} -m -x 2 -y 1".split())
    monitor = Monitor("--json")
    with Netns("client"):
        clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for client in clients:
        client.sendto(b"hello", (VIP, 80))
    told = monitor.since("connections bring it to its threshold", "overloaded")
    check("it is told once", kinds(told) == ["overloaded"] and told[0]["server"]["address"] == RS1, told)
    told = monitor.since("they end, and it is available", "available")
    check("and that is told once", kinds(told) == ["available"], told)
    clients[0].sendto(b"hello", (VIP, 80))
    # Back and forth, maybe between two looks: the last word is right, after its opposite.
    for upper in (1, 0) * 10:
        stock(*f"-e -u {TARGET} -r {RS1} -m -x {upper}".split())
    stock(*f"-e -u {TARGET} -r {RS1} -m -x 1".split())
    told = monitor.since("thresholds overload it, too", "overloaded")
    time.sleep(3)
    told += monitor.told()[monitor.seen:]
    monitor.seen = len(monitor.lines)
    words = [kind for kind in kinds(told) if kind != "server-changed"]
    check("a server isn't overloaded twice", words == ["overloaded", "available"] * (len(words) // 2) + words[len(words) & ~1:],
          words)
    for client in clients:
        client.close()
    stock("-C")
    stock(*"--set 900 120 300".split())
    monitor.end()


def synchronisation():
    heading("synchronisation")
    stock(*f"-A -t {TARGET} -s rr".split())
    monitor = Monitor("--json")
    stock(*"--start-daemon master --mcast-interface front --syncid 7".split())
    told = monitor.since("a daemon that runs is told", "synchronisation")
    poll("nobody else is there", lambda: any(event.get("phase") == "alone" for event in monitor.told()))
    monitor.seen = len(monitor.lines)
    stock(*"--stop-daemon master".split())
    told = monitor.since("that it is stopped, too", "synchronisation")
    check("it is off", told[-1]["phase"] == "off" and not told[-1]["in_sync"], told)
    stock("-C")
    monitor.end()


def deaf_ones():
    heading("who doesn't read")
    member = Member(buffer=8192)
    monitor = Monitor("--json")
    with Netns("director"):
        send = Genl()
    base = monitor.first["sequence"]
    stock(*f"-A -t {TARGET} -s rr".split())
    names = struct.pack("HH", 4 + len(named(TARGET, 6)), SERVICE) + named(TARGET, 6)
    check("a server is added", send.request(send.family, NEW_DEST, names + server(f"{RS1}:80"), NLM_F_ACK)[0] == 0)

    def edit(count):
        for weight in range(count):
            error, _ = send.request(send.family, SET_DEST, names + server(f"{RS1}:80", weight), NLM_F_ACK)
            if error:
                sys.exit(f"FAIL: an edit beside who doesn't read: {error}")

    edit(500)
    last = member.transaction.last_event()
    check("changes go on as if nobody listened", last == base + 502, last, base)
    numbers = member.read()
    check("who doesn't read learns that it lost events", None in numbers, numbers)
    kept = [number for number in numbers if number]
    check("and has the first ones", kept == list(range(base + 1, base + 1 + len(kept))) and len(kept) < 500, kept)
    edit(1)
    check("and then the next one", member.read() == [last + 1])
    poll("who reads has all", lambda: len(monitor.lines) == 503)
    check("in their order", in_order(monitor.told()))

    os.kill(monitor.process.pid, signal.SIGSTOP)
    edit(4000)
    os.kill(monitor.process.pid, signal.SIGCONT)
    poll("one that was stopped says what it lost", lambda: "lost" in kinds(monitor.told()))
    edit(1)
    last = member.transaction.last_event()
    told = poll("it goes on then", lambda: monitor.told()[-1].get("sequence") == last and monitor.told())
    lost = sum(event["count"] for event in told if event["event"] == "lost")
    events = [event for event in told if event["event"] != "lost"]
    check("what it lost and what it was told is all", lost > 1000 and lost + len(events) == last - base,
          lost, len(events), last, base)
    stock("-C")
    monitor.end()
    member.socket.close()

    blocked = subprocess.Popen(["nsenter", "--net=/run/netns/director", OURS, "monitor"], stdout=subprocess.PIPE)
    blocked.stdout.readline()
    stock(*f"-A -t {TARGET} -s rr".split())
    check("a server is added", send.request(send.family, NEW_DEST, names + server(f"{RS1}:80"), NLM_F_ACK)[0] == 0)
    edit(2000)
    blocked.send_signal(signal.SIGTERM)
    check("one whose pipe is full ends by a signal", blocked.wait(60 * SLOW) == 0)
    check("and has cut off no line", blocked.stdout.read().endswith(b"\n"))
    stock("-C")


def elsewhere():
    heading("who isn't told")
    with Netns("director"):
        asks = Transaction()
    before = asks.last_event()
    stock(*f"-A -t {TARGET} -s rr".split())
    check("while nobody listens nothing is counted", asks.last_event() == before)
    here, there = Member(), Member("rs2")
    stock("-C")
    check("a change is told", here.read() == [before + 1])
    run(STOCK, "-A", "-f", "1", netns="rs2")
    run(STOCK, "-C", netns="rs2")
    check("in its namespace", there.read() == [1, 2] and not here.read())
    there.socket.close()
    here.socket.close()

    number = group(asks)
    for who, drops, expected in (("nobody", lambda: os.setuid(65534), "1"), ("root", lambda: None, "0")):
        tried = subprocess.run([sys.executable, "-c", f"""
import socket
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
try:
    s.setsockopt({SOL_NETLINK}, {ADD_MEMBERSHIP}, {number})
    print(0)
except OSError as error:
    print(error.errno)
"""], capture_output=True, text=True, check=False, preexec_fn=drops)
        check(f"{who} may join or not", tried.stdout.strip() == expected, tried)


def dying():
    heading("a namespace that ends beside a listener")
    run("ip", "netns", "add", "doomed", netns="director")
    monitor = Monitor("--json", netns="doomed")
    run(STOCK, "-A", "-f", "1", netns="doomed")
    monitor.since("it is told", "service-added")
    run("ip", "netns", "del", "doomed", netns="director")
    check("nothing happens while somebody listens", monitor.process.poll() is None and len(monitor.lines) == 1)
    os.kill(monitor.process.pid, signal.SIGKILL)
    monitor.process.wait()
    member = Member()
    stock("-C")
    poll("others are told as before", lambda: member.read())


if __name__ == "__main__":
    for case in (who_did_it, transactions, drains, loads, synchronisation, deaf_ones, elsewhere, dying):
        case()
