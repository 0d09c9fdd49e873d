# SPDX-License-Identifier: GPL-2.0
"""The cases of XDP: frames that a device received, the same ones for the program and, without it, for the stack. The
harness, which makes the frame and drops it, is the floor.

A frame is used again and again: the program that stands in for the driver writes its headers first, at the cost of the
harness."""

import os
import socket
import struct
import subprocess

import balancer
import network
from lvs import bpf
from lvs.bpf import insn, load64

FRAMES = 20000
BATCH = 64
PASS, DROP = bpf.returning("PASS"), bpf.returning("DROP")
DATA, END, HEADERS = 7, 8, 80


def checksum(data):
    data += b"\0" * (len(data) & 1)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(family, protocol, source, destination, ports, flags=0x10, mac=network.FRONT_MAC):
    """One with right checksums, of the smallest size."""
    if protocol == "udp":
        transport, at, number = struct.pack("!4H", *ports, 26, 0) + bytes(18), 6, 17
    else:
        transport, at, number = struct.pack("!HHIIBBHHH", *ports, 1, 1, 0x50, flags, 8192, 0, 0), 16, 6
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    ends = socket.inet_pton(kind, source) + socket.inet_pton(kind, destination)
    total = checksum(ends + struct.pack("!II", len(transport), number) + transport)
    transport = transport[:at] + struct.pack("!H", total) + transport[at + 2:]
    if family == 4:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(transport), 0, 0, 64, number, 0) + ends
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    else:
        head = struct.pack("!IHBB", 6 << 28, len(transport), number, 64) + ends
    ether = bytes.fromhex((mac + network.OTHER_MAC).replace(":", "")) + (b"\x08\0" if family == 4 else b"\x86\xdd")
    return (ether + head + transport).ljust(60, b"\0")


def driver(given, rest):
    """A program that writes the frame's headers and goes on with `rest`; register 6 is its argument, 7 where the frame
    begins."""
    length = min(len(given), HEADERS) // 8 * 8
    code = insn(0xBF, 6, 1) + insn(0x61, DATA, 1, 0) + insn(0x61, END, 1, 4)
    code += insn(0xBF, 2, DATA) + insn(0x07, 2, 0, 0, length)
    # To the end if the frame is shorter, which none is.
    code += insn(0xBD, 2, END, 2) + PASS
    for at in range(0, length, 8):
        code += load64(2, int.from_bytes(given[at:at + 8], "little")) + insn(0x7B, DATA, 2, at)
    return code + rest


def forwarding(family):
    """Plain forwarding by the helper that looks a route up, as samples of the kernel do it."""
    at, source, size = -64, 26 if family == 4 else 22, 4 if family == 4 else 16
    code = b"".join(insn(0x7A, 10, 0, at + place) for place in range(0, 64, 8))
    code += insn(0x72, 10, 0, at, socket.AF_INET if family == 4 else socket.AF_INET6)

    def copy(width, to, place):
        load, store = {1: (0x71, 0x73), 4: (0x61, 0x63)}[width]
        return insn(load, 2, DATA, place) + insn(store, 10, 2, at + to)

    code += copy(1, 1, 23 if family == 4 else 20)
    for place in range(0, size, 4):
        code += copy(4, 16 + place, source + place) + copy(4, 32 + place, source + size + place)
    # The device: rx ifindex.
    code += insn(0x61, 2, 6, 12) + insn(0x63, 10, 2, at + 8)
    code += insn(0x69, 2, DATA, 16 if family == 4 else 18) + insn(0xDC, 2, 0, 0, 16) + insn(0x6B, 10, 2, at + 6)
    code += insn(0xBF, 1, 6) + insn(0xBF, 2, 10) + insn(0x07, 2, 0, 0, at) + insn(0xB7, 3, 0, 0, 64) + insn(0xB7, 4)
    code += insn(0x85, 0, 0, 0, 69)
    code += insn(0x15, 0, 0, 2) + PASS
    if family == 4:
        # One hop less, and its sum.
        code += insn(0x71, 2, DATA, 22) + insn(0x07, 2, 0, 0, -1) + insn(0x73, DATA, 2, 22)
        code += insn(0x69, 2, DATA, 24) + insn(0x07, 2, 0, 0, 1) + insn(0xB7, 3, 0, 0, 0xFFFF)
        code += insn(0xAD, 2, 3, 1) + insn(0x07, 2, 0, 0, 1) + insn(0x6B, DATA, 2, 24)
    else:
        code += insn(0x71, 2, DATA, 21) + insn(0x07, 2, 0, 0, -1) + insn(0x73, DATA, 2, 21)
    # smac is at 52, dmac at 58.
    for to, place in ((0, 58), (2, 60), (4, 62), (6, 52), (8, 54), (10, 56)):
        code += insn(0x69, 2, 10, at + place) + insn(0x6B, DATA, 2, to)
    return code + insn(0x61, 1, 10, at + 8) + insn(0xB7, 2) + insn(0x85, 0, 0, 0, 23) + bpf.EXIT


def index(device):
    return socket.if_nametoindex(device)


def sent(device):
    with open(f"/sys/class/net/{device}/statistics/tx_packets", encoding="ascii") as file:
        return int(file.read())


def run(given, rest, device="xfront", out=None, count=None, batch=BATCH, types=()):
    """What a frame costs by a program that ends with `rest`; all of them have to leave by `out`."""
    count = count or FRAMES
    program = bpf.load(driver(given, rest), b"bench", types)
    before = sent(out) if out else 0
    try:
        cost = bpf.run(program, given, index(device), count, batch)
    except OSError as error:
        raise balancer.Unsupported(str(error)) from error
    finally:
        os.close(program)
    if out and sent(out) - before != count:
        raise balancer.Failed(f"{sent(out) - before} frames left instead of {count}")
    return cost


def set_up():
    """Two devices beside those of the other cases, with the networks of these."""
    if os.path.exists("/sys/class/net/xfront"):
        return
    done = subprocess.run(["insmod", "/lvs/lvs_sink.ko"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise balancer.Unsupported(f"no devices that drop frames: {done.stderr.strip()}")
    commands = []
    for name, mac, other in (("xfront", network.FRONT_MAC, 1), ("xback", network.BACK_MAC, 2)):
        commands += [f"link add {name} address {mac} type lvs_sink", f"link set {name} up",
                     f"addr add 10.21.{other}.1/24 dev {name}", f"addr add fd21:{other}::1/64 dev {name} nodad"]
    commands += ["addr add 10.21.1.100/32 dev xfront", "addr add fd21:1::100/128 dev xfront nodad"]
    for device, addresses in (("xfront", ("10.21.1.254", "fd21:1::fe")),
                              ("xback", ("10.21.2.100", "10.21.2.101", "fd21:2::100", "fd21:2::101"))):
        commands += [f"neigh add {address} lladdr {network.OTHER_MAC} dev {device}" for address in addresses]
    commands += ["route add 10.22.0.0/16 via 10.21.1.254", "route add fd22::/64 via fd21:1::fe"]
    network.ip(*commands)


WORLD = {4: {"client": "10.22.0.1", "vip": "10.21.1.100", "plain": "10.21.2.100", "server": "10.21.2.101"},
         6: {"client": "fd22::1", "vip": "fd21:1::100", "plain": "fd21:2::100", "server": "fd21:2::101"}}
CLIENT_PORT, PORT = 20000, 443


def configure(case):
    """The service and its server."""
    at, bracket = WORLD[case.family], "[{}]" if case.family == 6 else "{}"
    flag, port = "-t" if case.protocol == "tcp" else "-u", 8080 if case.method == "m" else PORT
    service = f"{flag} {bracket.format(at['vip'])}:{PORT}"
    rules = f"-A {service} -s rr\n-a {service} -r {bracket.format(at['server'])}:{port} -{case.method}\n"
    done = balancer.run("ipvsadm", "-R", input=rules)
    if done.returncode or done.stderr:
        raise balancer.Unsupported((done.stderr or done.stdout).strip())
    return port


def request(case, flags=0x10):
    at = WORLD[case.family]
    return frame(case.family, case.protocol, at["client"], at["vip"], (CLIENT_PORT, PORT), flags)


def answer(case, port, flags=0x10):
    at = WORLD[case.family]
    return frame(case.family, case.protocol, at["server"], at["client"], (port, CLIENT_PORT), flags, network.BACK_MAC)


def passing_by(case):
    at = WORLD[case.family]
    return frame(case.family, case.protocol, at["client"], at["plain"], (CLIENT_PORT, PORT))


def begin(case):
    """The flow begins, by the stack; the frame of the case, and the devices that it comes in and leaves by."""
    port = configure(case)
    first, second = (2, 0x12) if case.protocol == "tcp" else (0x10, 0x10)
    run(request(case, first), PASS, "xfront", "xback", 1)
    if case.method == "m":
        run(answer(case, port, second), PASS, "xback", "xfront", 1)
    run(request(case), PASS, "xfront", "xback", 64)
    if case.direction == "reply":
        run(answer(case, port), PASS, "xback", "xfront", 64)
        return answer(case, port), "xback", "xfront"
    if case.direction == "passing":
        return passing_by(case), "xfront", "xback"
    return request(case), "xfront", "xback"


def frames(case, order):
    """Frames of a flow: by the stack with ip_vs, by XDP with lvs."""
    set_up()
    yield "floor", run(request(case), DROP, batch=case.batch)

    def with_module(module):
        given, device, out = begin(case)
        if module == "ip_vs" or not case.attached:
            yield run(given, PASS, device, out, batch=case.batch)
            return
        rest, types = bpf.call(bpf.function_number("lvs", "lvs_xdp_balance")), [bpf.module_types("lvs")]
        rest = insn(0xBF, 1, 6) + rest + bpf.EXIT
        column = {"reply": 2, "request": 1}.get(case.direction)
        before = balancer.total(column) if column else 0
        yield run(given, rest, device, out, batch=case.batch, types=types)
        if column and balancer.total(column) - before != FRAMES:
            raise balancer.Failed(f"{balancer.total(column) - before} frames were counted instead of {FRAMES}")
        os.close(types[0])

    for module in order:
        balancer.load(module, case)
        try:
            yield from ((module, value) for value in with_module(module))
        except balancer.Unsupported as reason:
            yield module, f"unsupported: {reason}"
        except (balancer.Failed, OSError, LookupError) as reason:
            yield module, f"error: {reason}"
        finally:
            balancer.unload(module)


def forwarded(case, _order):
    """Frames that are no balancer's, none being there: by the stack (as ip_vs's) and by XDP (as lvs's)."""
    set_up()
    given = passing_by(case)
    yield "floor", run(given, DROP, batch=case.batch)
    yield "ip_vs", run(given, PASS, "xfront", "xback", batch=case.batch)
    yield "lvs", run(given, forwarding(case.family), "xfront", "xback", batch=case.batch)


KINDS = {"frames": frames, "forwarded": forwarded}
