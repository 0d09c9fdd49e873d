# SPDX-License-Identifier: GPL-2.0
"""Prints what becomes of SIP messages to and from services with the
persistence engine sip, and the templates they leave: sip.py PART.  FAMILY=6: over IPv6."""

import os
import random
import select
import socket
import time

from lvs.cases import case, main
from lvs.family import V6 as IPV6, wire

random.seed(5)
# Three addresses are 31 letters longer each: where a row's time is, and the server's port.
TIME, SERVER_PORT = (58 + 93, 41 + 93) if IPV6 else (58, 41)
sides = wire.sides()
SERVERS = [f"10.0.2.{host}" for host in range(50, 54)]
CLIENTS = [f"10.0.1.{host}" for host in range(49, 57)]


def service(port, *options, servers=SERVERS, method="-m", at=None):
    """A service of the virtual address with its servers, all on one port."""
    where = ("-u", f"{wire.VIP}:{port}")
    wire.ipvsadm("-A", *where, "-s", "rr", "--pe", "sip", *options)
    for server in servers:
        wire.ipvsadm("-a", *where, "-r", f"{server}:{at or port}", method)


def message(call, field="Call-ID", first="INVITE sip:b@example.com SIP/2.0", padding=0):
    lines = [first, "Via: SIP/2.0/UDP a.example.com", *["X: " + 70 * "y"] * padding]
    if call is not None:
        lines.append(f"{field}: {call}")
    return ("\r\n".join(lines) + "\r\nCSeq: 1 INVITE\r\n\r\n").encode("latin-1")


def show(title):
    """Prints where packets arrived and with which addresses."""
    for side, packet in sides.arrived():
        print(title, "-> at the", side, wire.describe(packet))
        break
    else:
        print(title, "-> nowhere")


def ask(client, sport, port, data, **kwargs):
    sides.client.send(wire.udp(client, sport, wire.VIP, port, data, **kwargs))


def begin(server, sport, client, port, data):
    sides.server.send(wire.udp(server, sport, client, port, data))


def listing():
    with wire.Netns("director"), open("/proc/thread-self/net/ip_vs_conn", "rb") as file:
        # The seconds left, between the two parts, run while the table is filled.
        return sorted(file.read().split(b"\n")[1:-1], key=lambda row: (row[:TIME], row[TIME + 7:]))


def table(title):
    """Prints the listed connections and templates, with their Call-IDs."""
    print(title)
    # A table that is growing lists only some of them.
    rows, before = listing(), None
    while [row[:TIME] for row in rows] != before:
        before = [row[:TIME] for row in rows]
        time.sleep(0.3)
        rows = listing()
    for row in rows:
        # A template that is out of use may stay listed for a while.
        if row[SERVER_PORT:SERVER_PORT + 4] != b"FFFF":
            expires = -(-int(row[TIME:TIME + 7]) // 10) * 10
            print("  ", row[:TIME].decode(), expires, repr(row[TIME + 7:])[2:-1])


def rules(title, *options):
    print(title)
    # The first line says how large the table is; ip_vs counts every other second.
    if "--stats" in options:
        time.sleep(4)
    print(wire.ipvsadm("-Ln", *options).split("\n", 1)[1], end="")


@case
def calls():
    """Calls among many clients; a template for each call and network."""
    service(5060, "-p", "100", "-M", "255.255.255.0")
    service(5061, "-p", "200")
    ports = [5060, 5061]
    if not IPV6:
        # IPv6 has no mask for everybody.
        service(5062, "-p", "200", "-M", "0.0.0.0")
        ports += [5062]
    for number in range(150):
        call = f"call{random.randrange(20)}@example.com"
        client, sport = random.choice(CLIENTS), random.randrange(1024, 60000)
        port = random.choice(ports)
        ask(client, sport, port, message(call))
        print(f"{call} of {client}:{sport} to {port}")
        if number % 10 == 9:
            sides.show("so far")
    for number in range(20):
        call = f"{number}" * 100 + "@" + "d" * 100
        ask(random.choice(CLIENTS), 2000 + number, 5060, message(call[:253 + number]))
    sides.show("Call-IDs of 200 to 272 bytes")
    table("templates and connections")
    rules("counted", "--persistent-conn")
    rules("counted", "--stats")


ODD = [
    b"", b"\r\n\r\n", b"x", b"Call-ID: a\r\n", b"A\r\nCall-ID: a", b"A\r\nCall-ID: a\r", b"A\r\nCall-ID: a\n",
    b"A\nCall-ID: b\n", b"A\rCall-ID: c\r", b"A\n\ni: d\n", b"A\r\n\r\ni: e\r\n", b"A\r\ni:f\r\n", b"A\r\nI :\tg\r\n",
    b"A\r\nCall-ID\r\n :\r\n\th\r\n", b"A\r\nCall-IDs: x\r\ni: y\r\n", b"A\r\ni1: x\r\ni: y\r\n",
    b"A\r\nix: x\r\ni: j\r\n", b"A\r\ni\r\ni: y\r\n", b"A\r\ni:\r\ni: y\r\n", b"A\r\ni: @\r\ni: k\r\n",
    b"A\r\ni: @\r\ni: @\r\ni: y\r\n", b"A\r\ni: @\r\ni: @\r\nB: long enough\r\ni: y\r\n", b"A\r\ni: l@\r\n",
    b"A\r\ni: m@n@o\r\n", b"A\r\ni: m n\r\n", b"A\r\ni: m\0\r\n", b"A\r\ni: \xe4\xff\xc0\r\n", b"A\r\ni: \xd7\r\n",
    b"A\r\ni: \xa0\r\n", b"A\r\ni\xe4: x\r\ni: o\r\n", b"A\r\n i: p\r\n", b"A\r\ni: -.!%*_+`'~()<>:\\\"/[]?{}9@q\r\n",
    b"A\r\ni: r=\r\n", b"A\r\ni: " + 255 * b"s" + b"\r\n", b"A\r\ni: " + 256 * b"s" + b"\r\n",
    b"A\r\nCALL-id: t\r\n", b"SIP/2.0 200 OK\r\ncall-id: u\r\n\r\n", 600 * b"\r\n" + b"i: v\r\n",
]
TOKENS = [
    b"\r\n", b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"@", b"i", b"I", b"i: ", b"Call-ID: ", b"CALL-ID", b"x",
    b"word", b"To: ", b";", b"\xe4", b"\xd7", b"\0",
]


@case
def odd():
    """What has a Call-ID and what is dropped."""
    service(5060, "-p", "100", "-M", "255.255.255.0", servers=SERVERS[:1])
    fuzzed = [b"A" + b"".join(random.choices(TOKENS, k=random.randrange(3, 24))) for _ in range(600)]
    for number, data in enumerate(ODD + fuzzed):
        ask(CLIENTS[0], 2000 + number, 5060, data)
        if number < len(ODD):
            show(f"{number} {data[:60]}")
    # Whole messages of the rest: which got through.
    arrived = [wire.ports(packet)[1] for side, packet in sides.arrived() if side == "server"]
    print("arrived:", len(arrived), sorted(arrived))
    table("templates and connections")
    for options in (b"", b"\x01\x01\x01\x01") if not IPV6 else ():
        ask(CLIENTS[1], 1025, 5060, message("options"), options=options)
        show(f"{len(options)} bytes of options")
    # Longer than the wire's: in fragments, the Call-ID in the last one.
    for name, order in {"in order": 1, "last first": -1}.items() if not IPV6 else ():
        data = wire.udp_segment(CLIENTS[2], 1026 + order, wire.VIP, 5060, message(name.replace(" ", "-"), padding=100))
        for at in list(range(0, len(data), 1480))[::order]:
            sides.client.send(wire.ip(CLIENTS[2], wire.VIP, wire.UDP, data[at:at + 1480], ident=100 + order, offset=at,
                                      more=at + 1480 < len(data)))
        show(f"fragments {name}")
    # Only UDP has calls; without the flag of persistence the engine is idle.
    wire.ipvsadm("-A", "-t", f"{wire.VIP}:5060", "-s", "rr", "-p", "100", "--pe", "sip")
    wire.ipvsadm("-a", "-t", f"{wire.VIP}:5060", "-r", SERVERS[0], "-m")
    sides.client.send(wire.tcp(CLIENTS[0], 1027, wire.VIP, 5060, "S", b""))
    show("TCP")
    # One of any port.
    wire.ipvsadm("-A", "-u", f"{wire.VIP}:0", "-s", "rr", "-p", "100", "--pe", "sip")
    wire.ipvsadm("-a", "-u", f"{wire.VIP}:0", "-r", SERVERS[1], "-m")
    wire.ipvsadm("-a", "-u", f"{wire.VIP}:0", "-r", SERVERS[2], "-m")
    for port, call in ((7000, "any"), (7001, "any"), (7000, "other"), (7002, None)):
        ask(CLIENTS[3], 1028, port, message(call))
        show(f"{call} to any port, {port}")
    table("templates and connections")


@case
def marks():
    """Calls to whatever is marked."""
    print(wire.run("nft", "add table ip marks; add chain ip marks p { type filter hook prerouting priority mangle; }; "
                   "add rule ip marks p ip daddr 10.0.1.100 meta l4proto { tcp, udp } th dport 5070-5079 meta mark set 7"),
          end="")
    wire.ipvsadm("-A", "-f", "7", "-s", "rr", "-p", "100", "-M", "255.255.255.0", "--pe", "sip")
    for server in SERVERS:
        wire.ipvsadm("-a", "-f", "7", "-r", server, "-m")
    for number in range(40):
        call = f"call{random.randrange(8)}"
        client, port = random.choice(CLIENTS), random.randrange(5070, 5080)
        ask(client, 3000 + number, port, message(call))
        print(f"{call} of {client} to {port}")
        if number % 10 == 9:
            sides.show("so far")
    sides.client.send(wire.tcp(CLIENTS[0], 1027, wire.VIP, 5070, "S"))
    show("TCP")
    ask(CLIENTS[0], 1028, 5070, message(None))
    show("no Call-ID")
    begin(SERVERS[0], 5070, CLIENTS[0], 9000, message("new"))
    show("opened by a server")
    table("templates and connections")


@case
def outgoing():
    """Servers that begin."""
    service(5060, "-p", "100", "-M", "255.255.255.0")
    service(5080, "-p", "200", servers=SERVERS[:2], method="-g")
    wire.ipvsadm("-A", "-u", f"{wire.VIP}:5081", "-s", "rr", "--pe", "sip")
    wire.ipvsadm("-a", "-u", f"{wire.VIP}:5081", "-r", f"{SERVERS[2]}:6081", "-m")
    wire.ipvsadm("-A", "-u", f"{wire.VIP}:5082", "-s", "rr", "-p", "100")
    wire.ipvsadm("-a", "-u", f"{wire.VIP}:5082", "-r", f"{SERVERS[3]}:6081", "-m")

    for number, server in enumerate(SERVERS + ["10.0.2.60"]):
        begin(server, 5060, CLIENTS[0], 5060 + number, message(f"by{number}"))
        show(f"{server} begins")
        ask(CLIENTS[0], 5060 + number, 5060, message("whatever"))
        show("its answer")
        ask(CLIENTS[1], 7000 + number, 5060, message(f"by{number}"))
        show("another client in that call")
        begin(server, 5060, CLIENTS[2], 7000, message(f"by{number}"))
        show("the server, to a third one")
    for what, data in (("no Call-ID", message(None)), ("nothing", b""), ("a bad one", message("a b"))):
        begin(SERVERS[0], 5060, CLIENTS[3], 5060, data)
        show(f"a server begins with {what}")
    begin(SERVERS[0], 5061, CLIENTS[3], 5061, message("port"))
    show("a server begins from another port")
    begin(SERVERS[0], 5080, CLIENTS[3], 5061, message("dr"))
    show("a server begins that isn't behind NAT")
    begin(SERVERS[2], 6081, CLIENTS[3], 5061, message("idle"))
    show("a server begins whose service isn't persistent")
    begin(SERVERS[2], 6081, CLIENTS[3], 5062, message(None))
    show("a server begins whose service isn't persistent, without a Call-ID")
    ask(CLIENTS[3], 5061, 5081, b"")
    show("its answer")
    begin(SERVERS[3], 6081, CLIENTS[3], 5061, message("none"))
    show("a server begins whose service has no engine")
    # A call whose other server takes over.
    ask(CLIENTS[4], 5060, 5060, message("moving"))
    show("a call begins")
    for server in SERVERS:
        begin(server, 5060, CLIENTS[4], 5060, message("moving"))
        show(f"{server} takes the call")
        ask(CLIENTS[4], 5060, 5060, message("moving"))
        show("the caller goes on")
        ask(CLIENTS[5], random.randrange(1024, 5000), 5060, message("moving"))
        show("from elsewhere")
    for server in SERVERS:
        begin(server, 5060, CLIENTS[4], 5060, message("moving"))
        show(f"{server} goes on")
    # The same server in two services: the last one it was added to.
    wire.ipvsadm("-A", "-u", f"{wire.VIP}:5090", "-s", "rr", "--pe", "sip")
    wire.ipvsadm("-a", "-u", f"{wire.VIP}:5090", "-r", f"{SERVERS[0]}:5060", "-m")
    begin(SERVERS[0], 5060, CLIENTS[6], 5060, message("two"))
    show("a server of two services begins")
    wire.ipvsadm("-d", "-u", f"{wire.VIP}:5090", "-r", f"{SERVERS[0]}:5060")
    begin(SERVERS[0], 5060, CLIENTS[6], 5061, message("two"))
    show("a server that left one of them begins")
    wire.ipvsadm("-e", "-u", f"{wire.VIP}:5060", "-r", f"{SERVERS[1]}:5060", "-m", "-w", "0")
    begin(SERVERS[1], 5060, CLIENTS[6], 5062, message("zero"))
    show("a server of weight 0 begins")
    wire.ipvsadm("-E", "-u", f"{wire.VIP}:5060", "-s", "rr", "-p", "100")
    begin(SERVERS[2], 5060, CLIENTS[6], 5063, message("late"))
    show("a server begins after the engine was taken off")
    table("templates and connections")
    rules("counted", "--stats")
    # From the balancer itself, whose servers' replies are looked at too.
    wire.ipvsadm("-E", "-u", f"{wire.VIP}:5060", "-s", "rr", "-p", "100", "--pe", "sip")
    wire.ipvsadm("-a", "-u", f"{wire.VIP}:5060", "-r", "10.0.1.1:5060", "-m")
    local = wire.Sender("director")
    local.send(wire.udp("10.0.1.1", 5060, CLIENTS[7], 5060, message("local")))
    show("the balancer's own server begins")


@case
def removal():
    """Templates of servers that leave, and that end."""
    slow = int(os.environ["SLOW"])
    wire.ipvsadm("--set", "0", "0", "1")
    service(5060, "-p", str(5 * slow), "-M", "255.255.255.0")
    for call in "abcd":
        ask(CLIENTS[0], ord(call), 5060, message(call))
        show(f"call {call}")
    wire.ipvsadm("-d", "-u", f"{wire.VIP}:5060", "-r", f"{SERVERS[0]}:5060")
    for call in "abcd":
        ask(CLIENTS[1], ord(call), 5060, message(call))
        show(f"call {call} after a server left")
    wire.ipvsadm("-e", "-u", f"{wire.VIP}:5060", "-r", f"{SERVERS[1]}:5060", "-m", "-w", "0")
    for call in "abcd":
        ask(CLIENTS[2], ord(call), 5060, message(call))
        show(f"call {call} while another one takes no new ones")
    wire.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/vs/expire_quiescent_template")
    for call in "abcd":
        ask(CLIENTS[3], ord(call), 5060, message(call))
        show(f"call {call} while that one is to be left")
    time.sleep(4 * slow)
    # Kept on by its use.
    ask(CLIENTS[3], 1000, 5060, message("d"))
    show("call d goes on")
    time.sleep(3 * slow)
    table("the rest")
    for call in "dcba":
        ask(CLIENTS[4], ord(call), 5060, message(call))
        show(f"call {call} again")
    for server in SERVERS[1:]:
        wire.ipvsadm("-d", "-u", f"{wire.VIP}:5060", "-r", f"{server}:5060")
    ask(CLIENTS[5], 1001, 5060, message("e"))
    show("a call without servers")
    ask(CLIENTS[5], 1002, 5060, message(None))
    show("no call, without servers")


@case
def six():
    """Calls over IPv6, from socket to socket."""
    client, director, servers = "fd00:1::10", ("fd00:1::1", "fd00:2::1"), ("fd00:2::11", "fd00:2::12")
    vip = "fd00:1::100"
    for netns, commands in {
        "client": [f"addr add {client}/64 dev eth0 nodad", f"addr add {client}1/64 dev eth0 nodad",
                   f"route add default via {director[0]}"],
        "director": [f"addr add {director[0]}/64 dev front nodad", f"addr add {vip}/128 dev front nodad",
                     f"addr add {director[1]}/64 dev back nodad"],
        **{f"rs{i + 1}": [f"addr add {address}/64 dev eth0 nodad", f"route add default via {director[1]}"]
           for i, address in enumerate(servers)},
    }.items():
        wire.run("sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6", netns=netns)
        for command in commands:
            print(wire.run("ip", "-6", *command.split(), netns=netns), end="")
    wire.run("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")

    def bound(netns, *address):
        with wire.Netns(netns):
            made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            made.bind(address)
            made.settimeout(0.7)
            return made

    backends = [bound(f"rs{i + 1}", address, 5060) for i, address in enumerate(servers)]
    where = ("-u", f"[{vip}]:5060")
    wire.ipvsadm("-A", *where, "-s", "rr", "-p", "100", "-M", "64", "--pe", "sip")
    for address in servers:
        wire.ipvsadm("-a", *where, "-r", f"[{address}]:5060", "-m")

    def who(title):
        got = []
        for number, backend in enumerate(backends):
            backend.settimeout(0.15)
            try:
                data, peer = backend.recvfrom(65535)
                got.append(f"rs{number + 1} from {peer[0]}:{peer[1]}, {len(data)} bytes")
            except TimeoutError:
                pass
        print(title, "->", "; ".join(got) or "nowhere")

    phones = [bound("client", client + suffix, 5000 + i) for i, suffix in enumerate(["", "1"] * 3)]
    # Neighbours get to know each other first, which takes them up to three seconds on each link.
    for phone in phones[:2]:
        phone.sendto(message("hello"), (vip, 5060))
        select.select(backends, [], [], 8)
        who("hello")
    for number in range(24):
        call = f"call{random.randrange(6)}"
        phone = bound("client", client + random.choice(["", "1"]), 6000 + number)
        phone.sendto(message(call, padding=40 * (number % 3)), (vip, 5060))
        who(f"{call} number {number}")
    phones[2].sendto(message(None), (vip, 5060))
    who("no Call-ID")
    for number, backend in enumerate(backends):
        backend.sendto(message(f"by{number}"), (client, 5004))
        try:
            peer = phones[4].recvfrom(65535)[1]
            print(f"rs{number + 1} begins -> {peer[0]}:{peer[1]}")
            phones[4].sendto(b"yes", peer[:2])
        except TimeoutError:
            print(f"rs{number + 1} begins -> nowhere")
        who("its answer")
        phones[5].sendto(message(f"by{number}"), (vip, 5060))
        who("another phone in that call")
    print(f"{len(listing())} rows")
    for ends, call in sorted((row.split()[:7], row.split(b"sip")[1:]) for row in listing()):
        print("  ", *ends, call)


@case
def race():
    """Both CPUs meet the packets of a call at once, if there are two: still one server for each."""
    calls, each = 400, 6
    service(5060, "-p", "100", "-M", "255.255.255.0")
    seen = wire.Capture("rs1", wanted=lambda p: p[9] == wire.UDP and p[22:24] == b"\x13\xc4")
    children = []
    for cpu in range(2):
        child = os.fork()
        if child == 0:
            os.sched_setaffinity(0, {cpu % os.cpu_count()})
            for call in range(calls):
                # In step, as far as two clocks can be.
                while time.monotonic_ns() // 2_000_000 % 2 == call % 2:
                    pass
                for number in range(each // 2):
                    ask(CLIENTS[cpu], 1024 + call * each + number, 5060, message(f"race{call}"))
            os._exit(0)
        children.append(child)
    places, count = {}, 0
    while count < calls * each and (packet := seen.next()):
        call = packet.split(b"Call-ID: ")[1].split(b"\r")[0]
        places.setdefault(call, set()).add(packet[16:20])
        count += 1
    for child in children:
        os.waitpid(child, 0)
    print(f"{count} packets of {len(places)} calls, of which {sum(len(p) > 1 for p in places.values())} are split")
    templates = [row for row in listing() if b" sip " in row]
    print(f"{len(templates)} templates of {len(set(row[65:] for row in templates))} calls")


main()
