#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Timeouts that services have of their own, and what becomes of segments that come after them."""

import contextlib
import errno
import json
import os
import socket
import struct
import threading
import time

from lvs import wire
from lvs.checks import check, heading, run
from lvs.genl import attr, u8, u16, u32
from lvs.sctp import SCTP, sctp_packet
from lvs.transaction import COMMIT, PUT_SERVICE, Transaction, named, service
from lvs.wire import Netns

STOCK, OURS = os.environ["STOCK"], os.environ["OURS"]
VIP, RS1, RS1_V6, VIP_V6 = wire.VIP, "10.0.2.11", "2001:db8:2::11", "2001:db8:1::100"
NEW_SERVICE, SET_SERVICE, GET_SERVICE, EXTRAS = 60, 61, 62, 60
TCP_TIMEOUT, SCTP_TIMEOUT, ON_EXPIRY = 1, 4, 5
# Ticks of 32 bits with a sign, at the highest HZ and at the lowest.
TOO_LONG = (1 << 31) // 100


def setting(name, value=None, error=None):
    path = f"/proc/sys/net/lvs/{name}"
    with Netns("director"):
        if value is None:
            with open(path, encoding="ascii") as file:
                return int(file.read())
        try:
            with open(path, "w", encoding="ascii") as file:
                file.write(str(value))
            seen = None
        except OSError as failure:
            seen = failure.errno
    check(f"{name} = {value}: {errno.errorcode.get(error, 'done')}", seen == error, seen)
    return None


def listed(port, *options):
    document = json.loads(run(OURS, "-L", "--json", *options))
    return next(one for one in document["services"] if one.get("port") == port)


class Flow:
    """A connection of raw packets: the client's, and its server's, which answers when told to. What they send are flags
    of TCP or chunks of SCTP."""

    client, server = wire.Sender("client"), wire.Sender("rs1")

    def __init__(self, kind, port, number):
        self.kind, self.port, self.number = kind, port, number

    def send(self, *flags):
        for flag in flags:
            if self.kind == "UDP":
                packet = wire.udp(wire.FAKE_CLIENT, self.number, VIP, self.port)
            elif self.kind == "SCTP":
                packet = wire.ip(wire.FAKE_CLIENT, VIP, SCTP, sctp_packet(self.number, self.port, flag))
            else:
                packet = wire.tcp(wire.FAKE_CLIENT, self.number, VIP, self.port, flag)
            self.client.send(packet)
        return self

    def answer(self, flag):
        if self.kind == "SCTP":
            packet = wire.ip(wire.FAKE_SERVER, wire.FAKE_CLIENT, SCTP, sctp_packet(self.port, self.number, flag))
        else:
            packet = wire.tcp(wire.FAKE_SERVER, self.port, wire.FAKE_CLIENT, self.number, flag)
        self.server.send(packet)
        return self

    def associate(self):
        """All that comes before an SCTP association is established."""
        self.send("init").answer("init_ack").send("cookie_echo")
        return self.answer("cookie_ack")

    def lives(self, state, seconds):
        """It is in this state, and has just got so many seconds."""
        table = wire.settled_connections(ports=[self.number])
        seen = table.get((self.kind, wire.FAKE_CLIENT, self.number, VIP, self.port))
        is_so = seen is not None and seen[2] == state and seconds - 2 <= seen[3] <= seconds
        check(f"{self.kind} {self.port}: {state} for {seconds} s", is_so, seen)
        return self


def lives():
    heading("Connections live as their service says, others as --set does")
    run(OURS, "-A", "-t", f"{VIP}:8000", "-s", "rr", "--tcp-timeout", "20m", "--tcp-fin-timeout", "7")
    run(OURS, "-A", "-u", f"{VIP}:53", "-s", "rr", "--udp-timeout", "33s")
    run(STOCK, "-A", "-t", f"{VIP}:8001", "-s", "rr")
    run(STOCK, "-A", "-u", f"{VIP}:54", "-s", "rr")
    for option, port in (("-t", 8000), ("-t", 8001), ("-u", 53), ("-u", 54)):
        run(STOCK, "-a", option, f"{VIP}:{port}", "-r", f"{wire.FAKE_SERVER}:{port}", "-m")
    Flow("TCP", 8000, 1).send("S").lives("SYN_RECV", 60).send("A").lives("ESTABLISHED", 1200)
    Flow("TCP", 8000, 2).send("S", "A").answer("FA").lives("FIN_WAIT", 7)
    Flow("TCP", 8001, 3).send("S", "A").lives("ESTABLISHED", 900).answer("FA").lives("FIN_WAIT", 120)
    Flow("UDP", 53, 4).send("").lives("UDP", 33)
    Flow("UDP", 54, 5).send("").lives("UDP", 300)
    again = Flow("TCP", 8000, 1)
    time.sleep(30)
    again.send("A").lives("ESTABLISHED", 1200)
    time.sleep(7)
    table = wire.settled_connections()
    check("one in FIN_WAIT is gone", not any(key[2] == 2 for key in table), table)
    check("its like of another service isn't", any(key[2] == 3 for key in table), table)


def equal_times():
    heading("A state's own time counts where the former state's was what --set says of it")
    run(OURS, "-E", "-t", f"{VIP}:8000", "-s", "rr", "--tcp-timeout", "120", "--tcp-fin-timeout", "5")
    Flow("TCP", 8000, 10).send("S", "A").lives("ESTABLISHED", 120).answer("FA").lives("FIN_WAIT", 5)


def associations():
    heading("SCTP's associations, too: only once they are established")
    for port, options in ((9899, ["--sctp-timeout", "25", "--tcp-timeout", "7"]), (9900, ["--tcp-timeout", "7"])):
        address = f"{VIP}:{port}"
        run(OURS, "-A", "--sctp-service", address, "-s", "rr", *options)
        run(STOCK, "-a", "--sctp-service", address, "-r", f"{wire.FAKE_SERVER}:{port}", "-m")
    early = Flow("SCTP", 9899, 50).send("init").answer("init_ack")
    table = wire.settled_connections(ports=[50])
    left = table["SCTP", wire.FAKE_CLIENT, 50, VIP, 9899][3]
    check("one that begins has the time of that", left <= 61, left)
    early.send("cookie_echo").answer("cookie_ack").lives("ESTABLISHED", 25)
    plain = Flow("SCTP", 9900, 51).associate().lives("ESTABLISHED", 900)
    setting("sctp_timeout", 70)
    plain.send("data").lives("ESTABLISHED", 70)
    early.send("data").lives("ESTABLISHED", 25)
    setting("sctp_timeout", 900)
    time.sleep(15)
    early.answer("data").lives("ESTABLISHED", 25)
    time.sleep(15)
    early.send("data").lives("ESTABLISHED", 25)
    run(OURS, "-E", "--sctp-service", f"{VIP}:9899", "-s", "rr", "--sctp-timeout", "12")
    early.send("data").lives("ESTABLISHED", 12)
    time.sleep(15)
    table = wire.settled_connections()
    check("one that nobody sends for is gone", not any(key[2] == 50 for key in table), table)
    check("its like of another service isn't", any(key[2] == 51 for key in table), table)
    early.associate().lives("ESTABLISHED", 12)
    # By DR only the client is seen.
    run(STOCK, "-A", "--sctp-service", f"{VIP}:9901", "-s", "rr")
    run(OURS, "-E", "--sctp-service", f"{VIP}:9901", "-s", "rr", "--sctp-timeout", "33")
    run(STOCK, "-a", "--sctp-service", f"{VIP}:9901", "-r", f"{wire.FAKE_SERVER}:9901", "-g")
    Flow("SCTP", 9901, 52).send("init", "cookie_echo").lives("ESTABLISHED", 33)


def changes():
    heading("What is changed counts from the next packet on")
    known = Flow("TCP", 8000, 11).send("S", "A").lives("ESTABLISHED", 120)
    run(OURS, "-E", "-t", f"{VIP}:8000", "-s", "rr", "--tcp-timeout", "50")
    known.send("A").lives("ESTABLISHED", 50)
    seen = listed(8000)
    check("what isn't said stays", (seen["tcp_timeout"], seen["tcp_fin_timeout"]) == (50, 5), seen)
    run(STOCK, "-E", "-t", f"{VIP}:8000", "-s", "wlc")
    seen = listed(8000)
    check("stock ipvsadm changes none", (seen["scheduler"], seen["tcp_timeout"], seen["tcp_fin_timeout"])
          == ("wlc", 50, 5), seen)
    check("the list of one service has them, too", listed(8000, "-t", f"{VIP}:8000")["tcp_timeout"] == 50)
    overview = run("cat", "/proc/net/lvs")
    check("and /proc/net/lvs", "tcp 50 s  tcp-fin 5 s" in overview, overview)
    plain = Flow("TCP", 8001, 12).send("S", "A").lives("ESTABLISHED", 900)
    run(OURS, "-E", "-t", f"{VIP}:8001", "-s", "rr", "--tcp-timeout", "40")
    # The namespace's chore tells it.
    time.sleep(2)
    plain.send("A").lives("ESTABLISHED", 40)
    run(OURS, "-E", "-t", f"{VIP}:8001", "-s", "rr", "--tcp-timeout", "0")
    plain.send("A").lives("ESTABLISHED", 900)
    check("0 is none", "tcp_timeout" not in listed(8001), listed(8001))


def files():
    heading("Files have them")
    saved = run(OURS, "-S", "-n")
    check("saved", "-s wlc --tcp-timeout 50 --tcp-fin-timeout 5\n" in saved and "--udp-timeout 33\n" in saved, saved)
    document = run(OURS, "-L", "--json")
    check("what is listed can be applied", run(OURS, "apply", "-", "--dry-run", input=document) == "")
    known = Flow("TCP", 8000, 13).send("S", "A").lives("ESTABLISHED", 50)
    run(OURS, "apply", "-", input=f"""
        [[services]]
        protocol = "tcp"
        address = "{VIP}"
        port = 8000
        tcp_timeout = "1m"
        sctp_timeout = 9
        on_expiry = "reset"
        [[services.servers]]
        address = "{wire.FAKE_SERVER}"
        forward = "masq"
    """)
    seen = listed(8000)
    check("a file says all of them", seen["tcp_timeout"] == 60 and "tcp_fin_timeout" not in seen
          and seen["sctp_timeout"] == 9 and seen["on_expiry"] == "reset", seen)
    known.send("A").lives("ESTABLISHED", 60)
    said = run(OURS, "apply", "-", status=2, input='[[services]]\nfwmark = 1\ntcp_timeout = "soon"\n')
    check("a time that is none is refused", "soon" in said, said)
    run(OURS, "-C")
    run(OURS, "-R", input=saved)
    check("restored line by line", run(OURS, "-S", "-n") == saved)
    with open("/tmp/saved", "w", encoding="ascii") as file:
        file.write("-C\n" + saved)
    with open("/tmp/saved", encoding="ascii") as file:
        run(OURS, "-R", stdin=file)
    check("restored in one step", run(OURS, "-S", "-n") == saved)
    for words in (["--tcp-timeout", "x"], ["--udp-timeout", "2678401"], ["--on-expiry", "never"],
                  ["--sctp-timeout", "-1"]):
        run(OURS, "-E", "-t", f"{VIP}:8000", *words, status=2)
    check("nothing is half changed", run(OURS, "-S", "-n") == saved)


def namespaces():
    heading("Settings of the namespace are --set's")
    run(OURS, "--set", "800", "100", "200")
    seen = [setting(name) for name in ("tcp_timeout", "tcp_fin_timeout", "udp_timeout", "sctp_timeout", "on_expiry")]
    check("as set", seen == [800, 100, 200, 900, 0], seen)
    setting("tcp_timeout", 700)
    setting("udp_timeout", 70)
    setting("sctp_timeout", 90)
    check("as written", "700 100 70" in run(STOCK, "-L", "--timeout"))
    Flow("TCP", 8001, 40).send("S", "A").lives("ESTABLISHED", 700)
    Flow("UDP", 54, 41).send("").lives("UDP", 70)
    for name in ("tcp_timeout", "tcp_fin_timeout", "udp_timeout", "sctp_timeout"):
        for value in (0, -1, TOO_LONG + 1):
            setting(name, value, errno.EINVAL)
    for value in (-1, 3):
        setting("on_expiry", value, errno.EINVAL)
    check("what was refused changed nothing", "700 100 70" in run(STOCK, "-L", "--timeout"))
    run(OURS, "--set", "900", "120", "300")


def stray(vip=VIP, port=80):
    """What a client gets that goes on with a connection which was forgotten."""
    family = socket.AF_INET6 if ":" in vip else socket.AF_INET
    with Netns("client"):
        client = socket.socket(family, socket.SOCK_STREAM)
    client.connect((vip, port))
    time.sleep(8)
    client.settimeout(3)
    try:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        return client.recv(100)
    except ConnectionResetError:
        return "reset"
    except TimeoutError:
        return "silence"
    finally:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()


def serve(connection):
    with contextlib.suppress(OSError):
        while connection.recv(100):
            pass


def listen(port):
    """A server of both families on rs1 that says nothing."""
    with Netns("rs1"):
        listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)

    def accept():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def dropped():
    rows = [row.split() for row in run("cat", "/proc/net/lvs").splitlines()]
    return sum(int(row[1]) for row in rows if row[:1] == ["ended"])


def fates():
    heading("A segment that comes too late")
    listen(80)
    address, options = f"{VIP}:80", ["-s", "rr"]
    run(OURS, "-A", "-t", address, *options, "--tcp-timeout", "5")
    run(STOCK, "-a", "-t", address, "-r", f"{RS1}:80", "-m")
    fates = (("inherit", 0, "reset", False), ("silent", 0, "silence", True), ("reset", 0, "reset", True),
             ("inherit", 1, "silence", True), ("inherit", 2, "reset", True), ("reset", 1, "reset", True),
             ("silent", 2, "silence", True))
    for own, namespace, wanted, is_ours in fates:
        run(OURS, "-E", "-t", address, *options, "--on-expiry", own)
        setting("on_expiry", namespace)
        before = dropped()
        seen = stray()
        # The host answers with a reset by itself.
        check(f"{own} in a namespace of {namespace}: {wanted}", seen == wanted and (dropped() > before) == is_ours, seen,
              dropped() - before)
    setting("on_expiry", 0)
    run(OURS, "-E", "-t", address, *options, "--on-expiry", "reset")
    before = dropped()
    outside = Flow("TCP", 81, 30).send("A")
    wire.settled_connections()
    check("another port isn't the service's", dropped() == before)
    outside.port = 80
    outside.send("R")
    wire.settled_connections()
    check("nor is a reset answered", dropped() == before)
    run(OURS, "-A", "-t", f"{VIP}:0", "-s", "rr", "-p", "--on-expiry", "silent")
    outside.port = 81
    outside.send("A")
    wire.settled_connections()
    check("a service of all ports speaks of none", dropped() == before)
    run(OURS, "-A", "-t", f"[{VIP_V6}]:80", *options, "--tcp-timeout", "5", "--on-expiry", "reset")
    run(STOCK, "-a", "-t", f"[{VIP_V6}]:80", "-r", f"[{RS1_V6}]:80", "-m")
    before = dropped()
    check("over IPv6, too", stray(VIP_V6) == "reset" and dropped() > before)


def refusals():
    heading("What makes no sense is refused")
    with Netns("director"):
        sender = Transaction()
    one = service(f"{VIP}:9000", protocol=6)

    def tell(command, *parts):
        return sender.call(command, b"".join(parts))

    def extras(nest):
        return attr(EXTRAS, nest)

    for what, command, parts, wanted in (
            ("changed before it is there", SET_SERVICE, [one, extras(u32(1, 5))], "ESRCH"),
            ("too long", NEW_SERVICE, [one, extras(u32(TCP_TIMEOUT, TOO_LONG + 1))], "EINVAL"),
            ("much too long", NEW_SERVICE, [one, extras(u32(SCTP_TIMEOUT, 0xFFFFFFFF))], "EINVAL"),
            ("no such fate", NEW_SERVICE, [one, extras(u8(ON_EXPIRY, 3))], "EINVAL"),
            ("a number of 16 bits", NEW_SERVICE, [one, extras(u16(TCP_TIMEOUT, 5))], "EINVAL"),
            ("not a nest", NEW_SERVICE, [one, extras(b"xyz")], "ERANGE"),
            ("no service", NEW_SERVICE, [extras(u32(1, 5))], "EINVAL"),
            ("nothing", NEW_SERVICE, [], "EINVAL"),
            ("asked for before it is there", GET_SERVICE, [one], "ESRCH"),
            ("added", NEW_SERVICE, [one, extras(u32(1, 5) + u8(ON_EXPIRY, 2))], "ok"),
            ("added again", NEW_SERVICE, [one], "EEXIST"),
            ("asked for", GET_SERVICE, [attr(1, named(f"{VIP}:9000", 6))], "ok"),
            ("changed", SET_SERVICE, [one, extras(u32(2, 6))], "ok"),
            ("changed, and nothing said", SET_SERVICE, [one], "ok"),
            ("changed wrongly", SET_SERVICE, [one, extras(u32(1, 7) + u8(ON_EXPIRY, 9))], "EINVAL"),
    ):
        seen = tell(command, *parts)
        check(f"{what}: {wanted}", seen == wanted, seen)
    seen = listed(9000)
    check("all that was taken is there", (seen["tcp_timeout"], seen["tcp_fin_timeout"], seen["on_expiry"])
          == (5, 6, "reset"), seen)
    for what, nest, wanted in (("refused", extras(u32(1, TOO_LONG + 1)), "EINVAL"), ("taken", extras(u32(3, 8)), "ok"),
                               ("taken without any", b"", "ok")):
        sender.begin()
        seen = tell(PUT_SERVICE, one, nest)
        check(f"in a transaction {what}", seen == wanted, seen)
        check("which is put in force or not", tell(COMMIT) == ("ok" if wanted == "ok" else "ECANCELED"))
        seen = listed(9000)
        wanted = {"refused": (5, 6, None), "taken": (None, None, 8), "taken without any": (None,) * 3}[what]
        seen = tuple(seen.get(f"{name}_timeout") for name in ("tcp", "tcp_fin", "udp"))
        check(f"and the service is so: {wanted}", seen == wanted, seen)


lives()
equal_times()
associations()
changes()
files()
namespaces()
fates()
refusals()
