#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What lvs explains, and what then happens.

explain.py picks   schedulers' choices: foreseen and made, and made without being asked before
explain.py cases   all else that is explained
FAMILY=6: picks over IPv6."""

import errno
import json
import os
import random
import socket
import struct
import subprocess
import sys
import time

from lvs import wire as wire4
from lvs.family import wire
from lvs.genl import (CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_CMD_GETFAMILY, GENL_ID_CTRL, NLM_F_DUMP, Genl,
                      attr, be16, parse, text, u16, u32)
from lvs.wire import Netns

OURS = os.environ["OURS"]
VIP, TCP, UDP = wire.VIP, wire.TCP, wire.UDP
GET_EXPLANATION, DEST, QUESTION, EXPLAINED, VERDICT = 40, 3, 40, 41, 42
OUTCOMES = ["sent", "refused", "bypassed", "no-service", "backup", "ftp-data-port", "beside-ftp", "dropped"]
BY = ["turn", "load", "hash", "memory", "chance", "template", "call", "control"]
# Packets that leave on one CPU keep their order.
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def check(what, is_so, *seen):
    if not is_so:
        sys.exit(f"FAIL: {what}: {seen}")


def say(what):
    print(f"  {what}", flush=True)


def raw_address(address):
    if ":" in address:
        return socket.inet_pton(socket.AF_INET6, address)
    return wire.packed(address) if hasattr(wire, "packed") else socket.inet_aton(address).ljust(16, b"\0")


class Lvs:
    """Asks over netlink, which is faster than by a program."""

    def __init__(self):
        with Netns("director"):
            self.genl = Genl()
        name = text(CTRL_ATTR_FAMILY_NAME, "LVS")
        _, replies = self.genl.request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, name)
        self.family = struct.unpack("H", dict(parse(replies[0][3]))[CTRL_ATTR_FAMILY_ID])[0]

    def send(self, question):
        return self.genl.request(self.family, GET_EXPLANATION, question, NLM_F_DUMP)

    def ask(self, client, client_port, address, port, protocol=TCP, mark=0):
        family = socket.AF_INET6 if hasattr(wire, "packed") else socket.AF_INET
        question = (u16(1, family) + u16(2, protocol) + attr(3, raw_address(client)) + be16(4, client_port) +
                    attr(5, raw_address(address)) + be16(6, port) + u32(7, mark))
        error, replies = self.send(attr(QUESTION, question))
        check("an answer", not error, error)
        told = {"verdicts": []}
        for _, _, command, body in replies:
            attrs = dict(parse(body))
            if command == DEST:
                told["verdicts"].append(attrs[VERDICT][0])
                continue
            answer = dict(parse(attrs[EXPLAINED]))
            told["outcome"] = OUTCOMES[answer[1][0]]
            told["by"] = BY[answer[3][0]] if 3 in answer else None
            if 9 in answer:
                server = answer[9][:16 if family == socket.AF_INET6 else 4]
                server = wire.unpacked(server) if len(server) == 16 else socket.inet_ntoa(server)
                told["server"] = server, struct.unpack("!H", answer[10])[0]
        return told


def ours(*words, status=0, netns="director"):
    """The program's output."""
    done = subprocess.run(["nsenter", f"--net=/run/netns/{netns}", OURS, *words], capture_output=True, text=True)
    is_expected = status is None or done.returncode == status
    check(f"{words} ends with {status}", is_expected, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def explain(*words, status=0):
    """The program's answer for programs."""
    return json.loads(ours("explain", "--json", *map(str, words), status=status))


lvs = Lvs()
client = wire.Sender("client")
seen = wire.Capture("rs1", wanted=lambda packet: wire.protocol(packet) in (TCP, UDP))

# -- Picks -------------------------------------------------------------------------------------

CLIENTS = [f"10.0.1.{host}" for host in range(49, 63)]
SERVERS = [f"10.0.2.{host}" for host in range(49, 63)]
VIRTUAL = [f"10.9.0.{host}" for host in range(1, 9)]
MARK = 7
DETERMINISTIC = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq", "fo", "ovf"]
# What runs are about, of how many servers and steps. From 48 servers on a load tree is kept.
KINDS = [("tcp", 4, 30), ("mark", 4, 30), ("persistent", 4, 20), ("udp", 3, 10), ("tcp", 50, 20)]
FLAGS = {"sh": ["", "sh-fallback,sh-port"], "mh": ["", "mh-fallback,mh-port"]}


def connections():
    """How many there are, but for templates."""
    with Netns("director"), open("/proc/thread-self/net/ip_vs_conn", encoding="ascii") as file:
        return sum(line.split()[2] != "0000" for line in file) - 1


class Run:
    """Connections begun, held and ended, and edits between them, by chance of this seed."""

    def __init__(self, scheduler, flags, port, kind, servers, is_asked):
        self.random = random.Random(f"{scheduler}{flags}{kind}{servers}")
        self.port, self.kind, self.is_asked = port, kind, is_asked
        self.protocol = UDP if kind == "udp" else TCP
        option = {"mark": f"-f {MARK}", "udp": f"-u {VIP}:{port}"}.get(kind, f"-t {VIP}:{port}")
        self.service = option.split()
        persistent = ["-p", "300"] if kind in ("persistent", "udp") else []
        with_flags = ["-b", flags] if flags else []
        wire.ipvsadm("-A", *self.service, "-s", scheduler, *with_flags, *persistent)
        self.servers, self.drained, self.held, self.picks = {}, set(), [], []
        self.source = iter(range(1024, 65536))
        self.next_port = 8000
        self.has_thresholds = servers < 20
        for _ in range(servers):
            self.add()

    def add(self):
        server = self.random.choice(SERVERS), self.next_port
        self.next_port += 1
        limits = self.random.choice([[], [], ["-x", "4", "-y", "2"]]) if self.has_thresholds else []
        weight = self.random.choice([0, 1, 1, 2, 3, 5])
        self.servers[server] = weight
        wire.ipvsadm("-a", *self.service, "-r", f"{server[0]}:{server[1]}", "-m", "-w", str(weight), *limits)

    def connect(self):
        source, port = self.random.choice(CLIENTS), next(self.source)
        target = self.random.choice(VIRTUAL) if self.kind == "mark" else VIP
        mark = MARK if self.kind == "mark" else 0
        told = None
        if self.is_asked:
            is_often = self.kind == "tcp" and len(self.picks) == 5
            for _ in range(100 if is_often else 1):
                told = lvs.ask(source, port, target, self.port, self.protocol, mark)
        if self.protocol == UDP:
            client.send(wire.udp(source, port, target, self.port, b"x"))
        else:
            client.send(wire.tcp(source, port, target, self.port, "S"))
        # A refused connection shows as a packet that never comes.
        packet = seen.next(5 if told and told["outcome"] == "sent" else 0.2)
        server = wire.ports(packet)[2:] if packet else None
        self.picks.append(server)
        if told:
            check(f"{self.service}: who serves {source}:{port}", told.get("server") == server, told, server,
                  wire.ipvsadm("-Ln"))
            check("what becomes of it", (told["outcome"] == "sent") == bool(server), told)
            check("one is chosen", told["verdicts"].count(0) == (1 if server else 0), told)
            check("all are judged", len(told["verdicts"]) == len(self.servers), told)
        if server and self.protocol == TCP and self.random.random() < 0.8:
            self.send("A", source, port, target)
            self.held.append((source, port, target))

    def send(self, flags, source, port, target):
        client.send(wire.tcp(source, port, target, self.port, flags))
        seen.next(0.2)

    def edit(self):
        server = self.random.choice(list(self.servers))
        name = f"{server[0]}:{server[1]}"
        kind = self.random.random()
        if kind < 0.5:
            weight = self.random.choice([0, 0, 1, 2, 4])
            wire.ipvsadm("-e", *self.service, "-r", name, "-m", "-w", str(weight))
        elif kind < 0.75:
            words = wire.rules(" ".join([*self.service, "-r", name])).split()
            if server in self.drained:
                ours("undrain", *words)
                self.drained.remove(server)
            else:
                ours("drain", *words)
                self.drained.add(server)
        elif kind < 0.85 and len(self.servers) > 2:
            wire.ipvsadm("-d", *self.service, "-r", name)
            del self.servers[server]
            self.drained.discard(server)
        else:
            self.add()

    def go(self, steps):
        for _ in range(steps):
            action = self.random.random()
            if action < 0.75:
                self.connect()
            elif action < 0.88:
                if self.held:
                    self.send("FA", *self.held.pop(self.random.randrange(len(self.held))))
            else:
                self.edit()
        # Whoever has a server of that name next doesn't get this one back, with its connections.
        setting("expire_nodest_conn", 1)
        wire.ipvsadm("-D", *self.service)
        while connections():
            time.sleep(0.05)
        setting("expire_nodest_conn", 0)
        return self.picks


def prepare():
    wire.run("ip", "route", "add", "local", "10.9.0.0/24", "dev", "lo")
    out = wire.run("nft", "add table ip marks; add chain ip marks in { type filter hook prerouting priority -150; }; "
                   f"add rule ip marks in ip daddr 10.9.0.0/24 meta mark set {MARK}")
    check("a rule that marks", not out, out)


def picks():
    if hasattr(wire, "prepare"):
        wire.prepare()
    prepare()
    port = 1000
    for scheduler in DETERMINISTIC:
        total = served = 0
        for flags in FLAGS.get(scheduler, [""]):
            for kind, servers, steps in KINDS:
                both = []
                for is_asked in (True, False):
                    port += 1
                    both.append(Run(scheduler, flags, port, kind, servers, is_asked).go(steps))
                check(f"{scheduler} {kind} {servers}: the same whether asked or not", both[0] == both[1], both)
                total += len(both[0])
                served += sum(server is not None for server in both[0])
        check(f"{scheduler} serves", served > total // 4, served, total)
        say(f"{scheduler}: {total} picks foreseen, {total - served} of them refusals, the same without being asked")
    wire.run("nft", "delete table ip marks")
    wire.run("ip", "route", "del", "local", "10.9.0.0/24", "dev", "lo")


# -- Cases -------------------------------------------------------------------------------------

WEB = f"{VIP}:80"
SOURCE = "10.0.1.50"


def service(line):
    for words in line.split(";"):
        out = wire.ipvsadm(*words.split())
        check(f"{words} is taken", not out, out)


def syn(port, to=VIP, to_port=80):
    client.send(wire.tcp(SOURCE, port, to, to_port, "S"))


def setting(name, value):
    wire.run("sysctl", "-qw", f"net.ipv4.vs.{name}={value}")


def verdicts(told):
    return {f"{server['address']}:{server['port']}": server["verdict"] for server in told["servers"]}


def misses(told):
    """Services that nearly take it, and why they don't."""
    return [(near["protocol"], near["port"], near["mark"], near["reason"]) for near in told["near"]]


def drops(reason):
    with Netns("director"), open("/proc/thread-self/net/lvs", encoding="ascii") as file:
        return sum(int(line.split()[-1]) for line in file if reason in line.split())


def everything():
    """What lists and files show, but for times."""
    files = ""
    with Netns("director"):
        for name in ("ip_vs_stats", "lvs"):
            with open(f"/proc/thread-self/net/{name}", encoding="ascii") as file:
                files += file.read()
    table = {key: value[:3] for key, value in wire.connections().items()}
    return files, table, wire.run("ipvsadm", "-Ln", "--stats", "--exact"), wire.run("ipvsadm", "-Ln", "--thresholds")


def no_service_or_server():
    told = explain(SOURCE, WEB, status=1)
    check("before there was a service", told["outcome"] == "no-service" and told["service"] is None, told)
    service(f"-A -t {WEB} -s rr")
    told = explain(f"{SOURCE}:1000", WEB, status=1)
    check("no server", told["outcome"] == "refused" and told["servers"] == [], told)
    told = explain(SOURCE, f"{VIP}:81", status=1)
    rules = {rule["by"]: rule["answer"] for rule in told["rules"]}
    check("another port", told["outcome"] == "no-service" and rules["port"] == "none", told)
    check("it is near", misses(told) == [("tcp", 80, None, "other-port")] and told["near_count"] == 1, told)
    check("no mark", rules["mark"] == "inapplicable", told)
    told = explain("--udp", SOURCE, WEB, status=1)
    check("another protocol", told["outcome"] == "no-service" and told["protocol"] == "udp", told)
    check("it is near, too", misses(told) == [("tcp", 80, None, "other-protocol")], told)
    check("another address isn't", misses(explain(SOURCE, "10.0.1.1:80", status=1)) == [])
    service(f"-a -t {WEB} -r 10.0.2.49 -m -w 0; -a -t {WEB} -r 10.0.2.50 -m -w 1; -a -t {WEB} -r 10.0.2.51 -m -x 1")
    ours("drain", "-t", WEB, "-r", "10.0.2.50")
    syn(999)
    seen.next()
    told = explain(f"{SOURCE}:1000", WEB, status=1)
    expected = {"10.0.2.49:80": "quiescent", "10.0.2.50:80": "drained", "10.0.2.51:80": "overloaded"}
    check("why none takes it", verdicts(told) == expected and told["outcome"] == "refused", told)
    service("-C")
    say("no service, no server and why")


def a_connection():
    service(f"-A -t {WEB} -s rr; -a -t {WEB} -r 10.0.2.49 -m; -a -t {WEB} -r 10.0.2.50:8080 -m")
    told = explain(f"{SOURCE}:2000", WEB)
    check("none yet", told["connection"] is None and told["chosen_by"] == "turn", told)
    chosen = told["server"]
    syn(2000)
    seen.next()
    for _ in range(3):
        client.send(wire.tcp(SOURCE, 2000, VIP, 80, "A"))
        seen.next()
    before = everything()
    told = explain(f"{SOURCE}:2000", WEB, "--in", "front")
    conn = told["connection"]
    (server, port, state, expires), = wire.connections(ports=[2000]).values()
    check("its server", conn["server"] == chosen == {"address": server, "port": port}, conn, server)
    check("its state", conn["state"] == state, conn, state)
    check("its time", 0 <= conn["seconds_left"] - expires <= 1 and conn["seconds_old"] <= 5, conn, expires)
    check("its packets", conn["packets"] == 4 and not conn["packets_or_more"], conn)
    check("delivery", told["delivery"] == "here" and told["device"] == "front", told)
    way = conn["way"]
    check("its way", (way["forward"], way["device"], way["next_hop"], way["mtu"]) ==
          ("masq", "back", wire.RS1, 1500), way)
    check("the next one goes elsewhere", told["server"]["address"] != server, told)
    for _ in range(100):
        lvs.ask(SOURCE, 2000, VIP, 80)
    check("nothing changed", everything() == before, everything(), before)
    client.send(wire.tcp(SOURCE, 2000, VIP, 80, "R"))
    seen.next()
    told = explain(f"{SOURCE}:2000", WEB)
    check("over, and replaced", told["connection"]["state"] == "CLOSE" and told["connection"]["replaced"], told)
    for _ in range(10):
        client.send(wire.tcp(SOURCE, 2000, VIP, 80, "A"))
        seen.next()
    check("many packets", explain(f"{SOURCE}:2000", WEB)["connection"]["packets_or_more"])
    service(f"-d -t {WEB} -r {server}:{port}")
    told = explain(f"{SOURCE}:2000", WEB)
    check("its server is gone", told["connection"]["orphaned"], told)
    text_for_people = ours("explain", f"{SOURCE}:2000", WEB)
    for part in ("its server was removed", "gets it", "by address and port: this one"):
        check(f"people read: {part}", part in text_for_people, text_for_people)
    service("-C")
    say("a connection with its state, time, packets and way; nothing changes by asking")


def services():
    wire.run("ip", "route", "add", "local", "10.9.0.0/24", "dev", "lo")
    service(f"-A -f 5 -s rr; -a -f 5 -r 10.0.2.49 -m; -A -t {WEB} -s rr; -a -t {WEB} -r 10.0.2.50 -m;"
            f"-A -t {VIP}:0 -s rr -p 60; -a -t {VIP}:0 -r 10.0.2.51:0 -m; "
            f"-A -t {VIP}:21 -s rr -p 60; -a -t {VIP}:21 -r 10.0.2.52 -m")

    def served(*words):
        told = explain(*words)
        found = [rule["by"] for rule in told["rules"] if rule["answer"] == "found"]
        return told["server"]["address"], *found

    check("by mark", served("--mark", 5, SOURCE, WEB) == ("10.0.2.49", "mark"))
    check("by another mark", served("--mark", "0x6", SOURCE, WEB) == ("10.0.2.50", "port"))
    check("by port", served(SOURCE, WEB) == ("10.0.2.50", "port"))
    check("by any port", served(SOURCE, f"{VIP}:443") == ("10.0.2.51", "any-port"))
    told = explain("--mark", "6", SOURCE, WEB)
    check("those that are near", misses(told) ==
          [("tcp", 0, None, "earlier"), ("tcp", 21, None, "other-port"), (None, None, 5, "other-mark")], told)
    # Whoever asks for what they take gets them.
    for protocol, port, mark, reason in misses(told):
        if reason != "earlier":
            service_of = explain("--mark", mark or 0, SOURCE, f"{VIP}:{port or 80}")["service"]
            check("it takes that", (service_of["protocol"], service_of["port"], service_of["mark"]) ==
                  (protocol, port, mark), service_of)
    ours("-E", "-t", WEB, "-s", "rr", "--tcp-timeout", "77", "--on-expiry", "reset")
    own = explain(SOURCE, WEB)["service"]
    check("its own timeouts", (own["tcp_timeout_seconds"], own["udp_timeout_seconds"], own["on_expiry"]) ==
          (77, None, "reset"), own)
    check("people read them, too", "rr tcp-timeout 77 on-expiry reset" in ours("explain", SOURCE, WEB))
    check("FTP's data", served(SOURCE, f"{VIP}:2121") == ("10.0.2.52", "ftp-data"))
    service(f"-E -t {VIP}:21 -s rr")
    told = explain(SOURCE, f"{VIP}:2121", status=1)
    check("beside FTP", told["outcome"] == "beside-ftp" and set(verdicts(told).values()) == {"unasked"}, told)
    told = explain(f"{SOURCE}:20", WEB, status=1)
    check("from FTP's data port", told["outcome"] == "ftp-data-port", told)
    told = explain(SOURCE, "10.9.0.1:80", status=1)
    check("delivered, but nobody's", told["delivery"] == "here" and told["outcome"] == "no-service", told)
    told = explain("--in", "front", SOURCE, "10.0.2.11:80", status=1)
    check("not delivered", told["delivery"] == "elsewhere", told)
    # What else explains needs a device, a port, one protocol.
    ours("explain", "--in", "nothing", SOURCE, WEB, status=2)
    ours("explain", SOURCE, VIP, status=2)
    ours("explain", SOURCE, WEB, "--tcp", "--udp", status=2)
    service("-C")
    service(f"-A -t {WEB} -s twos; -a -t {WEB} -r 10.0.2.49 -m; -a -t {WEB} -r 10.0.2.50 -m -w 0")
    told = explain(SOURCE, WEB)
    check("by chance", told["server"] is None and told["chosen_by"] == "chance" and
          verdicts(told) == {"10.0.2.49:80": "chance", "10.0.2.50:80": "quiescent"}, told)
    service("-C")
    say("services by mark, port, FTP's data and any port")


def templates():
    setting("expire_quiescent_template", 0)
    service(f"-A -t {WEB} -s rr -p 100; -a -t {WEB} -r 10.0.2.49 -m; -a -t {WEB} -r 10.0.2.50 -m")
    check("none yet", explain(f"{SOURCE}:3000", WEB)["template"] is None)
    syn(3000)
    seen.next()
    told = explain(f"{SOURCE}:3001", WEB)
    template, server = told["template"], told["server"]["address"]
    check("a template", template["server"]["address"] == server and told["chosen_by"] == "template", told)
    check("it is used", not template["replaced"] and 95 <= template["seconds_left"] <= 100, template)
    check("the connection has it", explain(f"{SOURCE}:3000", WEB)["connection"]["controlled"])
    other = {"10.0.2.49": "10.0.2.50", "10.0.2.50": "10.0.2.49"}[server]
    check("the other one", verdicts(told) == {f"{server}:80": "chosen", f"{other}:80": "template"}, told)
    ours("drain", "-t", WEB, "-r", server)
    told = explain(f"{SOURCE}:3001", WEB)
    check("it is not used", told["template"]["replaced"] and told["server"]["address"] == other, told)
    syn(3001)
    check("nor when the connection comes", wire.target(seen.next()) == other)
    service("-C")
    say("persistence templates, and those that aren't used any more")


def ways():
    service(f"-A -t {WEB} -s rr; -a -t {WEB} -r {wire.RS1} -g")
    way = explain(SOURCE, WEB)["way"]
    check("DR", (way["forward"], way["device"], way["next_hop"], way["mtu"], way["early_path_reason"]) ==
          ("route", "back", wire.RS1, 1500, "off"), way)
    wire.run("sysctl", "-qw", "net.lvs.early_path=1")
    check("early", explain(SOURCE, WEB)["way"]["early_path"])
    way = explain(SOURCE, WEB, "--in", "front")["way"]
    # Where BPF can't be asked it isn't known.
    check("no XDP", not way["xdp"] and way["xdp_reason"] in ("not-attached", "unknown"), way)
    setting("conntrack", 1)
    check("not with tracking", explain(SOURCE, WEB)["way"]["early_path_reason"] == "tracked")
    setting("conntrack", 0)
    service(f"-e -t {WEB} -r {wire.RS1} -i")
    way = explain(SOURCE, WEB)["way"]
    check("TUN", (way["forward"], way["mtu"], way["source"]) == ("tunnel", 1480, "10.0.2.1"), way)
    wire.run("sysctl", "-qw", "net.lvs.early_path=0")
    service(f"-a -t {WEB} -r 10.0.1.1 -m; -d -t {WEB} -r {wire.RS1}")
    way = explain(SOURCE, WEB)["way"]
    check("this host", way["device"] is None and way["reason"] is None, way)
    service(f"-a -t {WEB} -r 10.77.0.1 -m; -d -t {WEB} -r 10.0.1.1")
    told = explain(SOURCE, WEB, status=1)
    check("no route", told["outcome"] == "dropped" and told["reason"] == "no_route" == told["way"]["reason"], told)
    service("-C")
    say("ways by NAT, DR and TUN, to this host, and none")


def what_drops():
    service(f"-A -t {WEB} -s rr; -a -t {WEB} -r 10.0.2.49 -m; -a -t {WEB} -r 10.0.2.50 -m")
    setting("am_droprate", 3)
    setting("drop_packet", 3)
    for port in range(4000, 4012):
        told = explain(f"{SOURCE}:{port}", WEB, status=None)
        before = drops("defence")
        syn(port)
        packet = seen.next(0.2)
        is_dropped = drops("defence") > before
        check("drop_packet is foreseen", (told["outcome"], told["reason"]) ==
              (("dropped", "defence") if is_dropped else ("sent", None)), told, port)
        check("dropped or not", is_dropped == (packet is None), packet)
        check("its rate", told["drop_rate"] == 3, told)
    setting("drop_packet", 0)
    told = explain(SOURCE, WEB)
    setting("conn_max", told["connections"])
    told = explain(SOURCE, WEB, status=None)
    check("conn_max without a port", told["outcome"] in ("sent", "dropped"), told)
    told = explain(f"{SOURCE}:4100", WEB, status=1)
    check("conn_max", (told["outcome"], told["reason"]) == ("dropped", "table_full"), told)
    before = drops("table_full")
    syn(4100)
    check("conn_max drops", seen.next(0.2) is None and drops("table_full") == before + 1)
    setting("conn_max", 1 << 20)
    wire.ipvsadm("-C")
    prepare()
    service("-A -f 7 -s rr; -a -f 7 -r 10.0.2.49 -m")
    for port in range(1, 513):
        syn(5000, "10.9.0.1", port)
        seen.next()
    told = explain("--mark", MARK, f"{SOURCE}:5000", "10.9.0.1:600", status=1)
    check("one port's limit", (told["outcome"], told["reason"]) == ("dropped", "port_crowded"), told)
    check("another port", explain("--mark", MARK, f"{SOURCE}:5001", "10.9.0.1:600")["outcome"] == "sent")
    before = drops("port_crowded")
    syn(5000, "10.9.0.1", 600)
    check("one port's limit drops", seen.next(0.2) is None and drops("port_crowded") == before + 1)
    wire.run("nft", "delete table ip marks")
    wire.run("ip", "route", "del", "local", "10.9.0.0/24", "dev", "lo")
    service(f"-C; -A -t {WEB} -s rr; -a -t {WEB} -r 10.0.2.49 -m")
    setting("backup_only", 1)
    service("--start-daemon backup --mcast-interface front")
    told = explain(SOURCE, WEB, status=1)
    check("a backup", told["outcome"] == "backup", told)
    service("--stop-daemon backup")
    setting("backup_only", 0)
    check("no backup any more", explain(SOURCE, WEB)["outcome"] == "sent")
    service("-C")
    say("what drops: drop_packet, conn_max, one port's limit; and a backup")


def who_may_ask():
    words = ["nsenter", "--net=/run/netns/director", "setpriv", "--reuid=65534", "--clear-groups"]
    done = subprocess.run([*words, OURS, "explain", SOURCE, WEB], capture_output=True, text=True)
    check("nobody else may ask", done.returncode == 255 and "Permission denied" in done.stderr, done)
    good = {1: u16(1, 2), 2: u16(2, 6), 3: attr(3, bytes(4)), 5: attr(5, bytes(4)), 6: be16(6, 80)}
    check("a question", lvs.send(attr(QUESTION, b"".join(good.values())))[0] == 0)
    for number, what in [*((number, b"") for number in good), (2, u16(2, 1)), (2, u16(2, 262)), (1, u16(1, 3)),
                         (3, attr(3, bytes(17))), (6, attr(6, b"\0")), (4, attr(4, b"\0"))]:
        bad = attr(QUESTION, b"".join({**good, number: what}.values()))
        error, replies = lvs.send(bad)
        check(f"malformed: {number} {what}", error in (errno.EINVAL, errno.ERANGE, errno.EAFNOSUPPORT) and not replies,
              error, replies)
    check("no question", lvs.send(b"")[0] == errno.EINVAL)
    say("who may ask, and questions that make no sense")


def cases():
    wire4.run("sysctl", "-qw", "net.ipv4.vs.conn_reuse_mode=1")
    no_service_or_server()
    a_connection()
    services()
    templates()
    ways()
    what_drops()
    who_may_ask()


{"picks": picks, "cases": cases}[sys.argv[1]]()
