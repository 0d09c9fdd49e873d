# SPDX-License-Identifier: GPL-2.0
"""Every allocation of the module in process context fails in turn: fault_calls.py load|control.

load     insmod; the module is not loaded
control  new network namespaces, netlink commands, socket options, files and settings; the module is loaded and has no rules"""

import ctypes
import glob
import os
import socket
import struct
import time

from faults import LIBC, Faults, below_kernel, below_module, contents, write
from lvs.cases import case, main
from lvs.genl import NLM_F_ACK, NLM_F_DUMP, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_CMD_GETFAMILY, GENL_ID_CTRL, Genl, \
    address, attr, be16, be32, parse, text, u8, u16, u32

NEW_SERVICE, SET_SERVICE, DEL_SERVICE, GET_SERVICE, NEW_DEST, SET_DEST, DEL_DEST, GET_DEST = range(1, 9)
BEGIN, PUT_SERVICE, PUT_DEST, REMOVE_SERVICE, COMMIT, ABORT, GET_GENERATION = range(11, 18)
DRAIN, UNDRAIN = 20, 21
NEW_OWN_SERVICE, SET_OWN_SERVICE = 60, 61
EXTRAS = attr(60, u32(1, 5) + u32(3, 5) + u8(5, 2) + u32(6, 1))
SET_CONFIG, GET_CONFIG, GET_INFO, ZERO, FLUSH = 12, 13, 15, 16, 17
CTRL_ATTR_MCAST_GROUPS, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 7, 270, 1
SYS_FINIT_MODULE, SYS_DELETE_MODULE = 313, 176
VIP, OTHER = "10.0.1.100", "10.0.1.101"
faults = Faults()


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "system call")


# -- Loading
# --------------------------------------------------------------------------------------------------

def insmod():
    with open(os.environ["LVS_KO"], "rb") as file:
        checked(LIBC.syscall(SYS_FINIT_MODULE, file.fileno(), b"", 0))


def rmmod():
    checked(LIBC.syscall(SYS_DELETE_MODULE, b"lvs", 0))


def traces():
    """What there is to see of the module.  Slabs have no directory when that alone had no memory."""
    there = [path for pattern in ("/proc/net/ip_vs*", "/proc/net/lvs*", "/proc/sys/net/ipv4/vs", "/proc/sys/net/lvs")
             for path in sorted(glob.glob(pattern))]
    if "\nlvs " not in "\n" + contents("/proc/modules"):
        return there + glob.glob("/sys/kernel/slab/lvs*")
    return ["loaded"] + there


@case
def load():
    below_kernel("do_one_initcall")
    faults.each("insmod", insmod, rmmod, traces, least=20)
    # That is far up the stack, and the filter sees but its top.
    below_kernel("register_pernet_subsys")
    faults.each("the state of the namespaces at insmod", insmod, rmmod, traces, least=20)


# -- Netlink
# --------------------------------------------------------------------------------------------------

def service(where=VIP, scheduler="rr", protocol=socket.IPPROTO_TCP, timeout=0, more=b""):
    family = socket.AF_INET6 if ":" in where else socket.AF_INET
    return attr(1, u16(1, family) + u16(2, protocol) + address(3, where) + be16(4, 80) + text(6, scheduler)
                + attr(7, struct.pack("II", 1 if timeout else 0, 0xFFFFFFFF)) + u32(8, timeout)
                + (u32(9, 128) if family == socket.AF_INET6 else be32(9, 0xFFFFFFFF)) + more)


def mark(number):
    return attr(1, u16(1, socket.AF_INET) + u32(5, number) + text(6, "rr") + attr(7, struct.pack("II", 1, 0xFFFFFFFF))
                + u32(8, 60) + be32(9, 0xFFFFFFFF))


def server(number, weight=1, method=0, tunnel=b""):
    return attr(2, address(1, f"10.0.2.{number}") + be16(2, 80) + u32(3, method) + u32(4, weight) + u32(5, 0) + u32(6, 0)
                + u16(11, socket.AF_INET) + tunnel)


class Netlink:
    def __init__(self):
        self.genl = Genl()
        _, replies = self.genl.request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, text(CTRL_ATTR_FAMILY_NAME, "LVS"))
        self.lvs = struct.unpack("H", dict(parse(replies[0][3]))[CTRL_ATTR_FAMILY_ID])[0]

    def do(self, command, payload=b"", flags=NLM_F_ACK, family=None):
        error, replies = self.genl.request(family or self.genl.family, command, payload, flags)
        if error:
            raise OSError(error, "netlink")
        return replies

    def call(self, *args, **kwargs):
        return lambda: self.do(*args, **kwargs)

    def start(self, *calls):
        """All rules anew."""
        self.do(FLUSH)
        for command, payload in calls:
            self.do(command, payload)


def rules():
    return contents("/proc/net/ip_vs")


def three(scheduler="rr", timeout=0):
    return [(NEW_SERVICE, service(scheduler=scheduler, timeout=timeout))] + [
        (NEW_DEST, service() + server(20 + n, n)) for n in (1, 2, 3)]


def many(count, scheduler):
    """So many servers that the service keeps a tournament."""
    return [(NEW_SERVICE, service(scheduler=scheduler))] + [(NEW_DEST, service() + server(100 + n)) for n in range(count)]


def change_rules(netlink):
    def each(name, command, payload, restore, least=1):
        faults.each(name, netlink.call(command, payload), lambda: netlink.start(*restore), rules, least)

    for name, payload in [(f"a service of {scheduler}", service(OTHER, scheduler)) for scheduler in (
            "rr", "wrr", "sh", "mh", "lblcr", "twos")] + [
            ("a service of IPv6", service("fd00:1::100")), ("a service of a mark", mark(7)),
            ("a service of SIP", service(OTHER, protocol=socket.IPPROTO_UDP, timeout=60, more=text(11, "sip")))]:
        netlink.start(*three())
        each(name, NEW_SERVICE, payload, three())
    for scheduler in ("rr", "wlc", "mh", "sh", "lblcr"):
        start = three(scheduler)
        netlink.start(*start)
        each(f"a server of {scheduler}", NEW_DEST, service() + server(11), start)
        each(f"a change of a server of {scheduler}", SET_DEST, service() + server(22, 5, 3), start, least=0)
        each(f"removal of a server of {scheduler}", DEL_DEST, service() + server(22), start, least=0)
        each(f"removal of a service of {scheduler}", DEL_SERVICE, service(), start, least=0)
    start = many(48, "wlc")
    netlink.start(*start)
    each("a server of a tournament", NEW_DEST, service() + server(11), start)
    each("the end of a tournament", DEL_DEST, service() + server(100), start, least=0)
    start = many(3, "wlc")
    netlink.start(*start)
    for kind in (1, 2):
        each(f"a server behind a tunnel of kind {kind}", NEW_DEST, service() + server(
            11, 1, 2, u8(13, kind) + be16(14, 6080 if kind == 1 else 0) + u16(15, 1)), start)
    netlink.start(*three())
    for scheduler in ("wlc", "mh", "lblc", "none"):
        each(f"change from rr to {scheduler}", SET_SERVICE, service(scheduler=scheduler), three(), least=0)
    each("flush", FLUSH, b"", three(), least=0)
    each("reset of statistics", ZERO, b"", three(), least=0)
    each("timeouts", SET_CONFIG, u32(4, 900) + u32(5, 120) + u32(6, 300), three(), least=0)
    for name, family, command, payload, flags in (
            ("a service's listing", None, GET_SERVICE, service(), 0), ("services", None, GET_SERVICE, b"", NLM_F_DUMP),
            ("servers", None, GET_DEST, service(), NLM_F_DUMP), ("configuration", None, GET_CONFIG, b"", 0),
            ("information", None, GET_INFO, b"", 0), ("the whole table", netlink.lvs, 1, b"", NLM_F_DUMP)):
        faults.each(name, netlink.call(command, payload, flags, family), look=rules, least=0)


def all_at_once(netlink, whole, *messages):
    """A transaction, as a call: whoever is refused one of its messages aborts."""
    def call():
        try:
            netlink.do(BEGIN, attr(11, u8(2, whole)), family=netlink.lvs)
            for command, payload in messages:
                netlink.do(command, payload, family=netlink.lvs)
            netlink.do(COMMIT, family=netlink.lvs)
        except OSError:
            # The commit closes it, even if that fails.
            netlink.genl.request(netlink.lvs, ABORT)
            raise
    return call


def own_rules():
    """With what services have beyond ip_vs's."""
    return rules() + "".join(row for row in contents("/proc/net/lvs").splitlines(True) if " slow start " in row)


def transactions(netlink, told=""):
    """Each of their messages."""
    for scheduler in ("rr", "wlc", "mh", "lblcr"):
        netlink.start(*three(scheduler))
        own = EXTRAS if scheduler == "wlc" else b""
        for name, messages in (
                ("services", [(PUT_SERVICE, service(OTHER, scheduler) + own), (PUT_DEST, server(11)), (PUT_DEST, server(12)),
                              (PUT_SERVICE, mark(7)), (PUT_DEST, server(13, 1, 2))]),
                ("servers", [(PUT_SERVICE, service(scheduler=scheduler) + own), (PUT_DEST, server(11)),
                             (PUT_DEST, server(22, 7))]),
                ("a scheduler", [(PUT_SERVICE, service(scheduler="wrr" if scheduler == "lblcr" else "lblcr")),
                                 (PUT_DEST, server(22)), (PUT_DEST, server(23))])):
            for whole in (0, 1):
                faults.each(f"a transaction of {name}, {scheduler}{', of all' * whole}{told}",
                            all_at_once(netlink, whole, *messages),
                            lambda scheduler=scheduler: netlink.start(*three(scheduler)), own_rules, 4)
    netlink.start(*three())
    faults.each(f"a transaction of many servers{told}", all_at_once(netlink, 1, (PUT_SERVICE, service(scheduler="wlc")), *(
        (PUT_DEST, server(100 + n)) for n in range(50))), lambda: netlink.start(*three()), rules, 50)
    faults.each(f"a removal by a transaction{told}", all_at_once(netlink, 0, (REMOVE_SERVICE, service())),
                lambda: netlink.start(*three()), rules)
    faults.each("the generation", netlink.call(GET_GENERATION, family=netlink.lvs), look=rules, least=0)


def drains(netlink, told=""):
    """Drains, and services with what those of ip_vs don't have."""
    drained = service() + server(22)

    def restore():
        netlink.start(*three())

    def slow():
        """A service with a slow start, that is old enough for it, and a server that rests."""
        restore()
        netlink.do(SET_OWN_SERVICE, service() + EXTRAS, family=netlink.lvs)
        netlink.do(SET_DEST, service() + server(22, 0))
        time.sleep(1.1)

    def back():
        restore()
        netlink.do(DRAIN, drained, family=netlink.lvs)

    restore()
    faults.each(f"a drain{told}", netlink.call(DRAIN, drained + attr(20, u32(1, 60) + u8(2, 1)), family=netlink.lvs),
                restore, rules, 0)
    back()
    faults.each(f"the end of a drain{told}", netlink.call(UNDRAIN, drained, family=netlink.lvs), back, rules, 0)
    restore()
    faults.each(f"a service with timeouts and a slow start{told}",
                netlink.call(NEW_OWN_SERVICE, service(OTHER) + EXTRAS, family=netlink.lvs), restore, own_rules)
    faults.each(f"timeouts and a slow start{told}", netlink.call(SET_OWN_SERVICE, service() + EXTRAS, family=netlink.lvs),
                restore, own_rules, 0)
    slow()
    faults.each(f"a server that starts slowly{told}", netlink.call(SET_DEST, service() + server(22, 5)), slow, rules,
                0)


def listeners(netlink):
    """What can't be told for want of memory is lost to who listens, and is done all the same."""
    _, replies = netlink.genl.request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, text(CTRL_ATTR_FAMILY_NAME, "LVS"))
    (_, group), = parse(dict(parse(replies[0][3]))[CTRL_ATTR_MCAST_GROUPS])
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16) as member:
        member.bind((0, 0))
        member.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, struct.unpack("I", dict(parse(group))[2])[0])
        netlink.start(*three())
        for name, command, payload in (("a server", NEW_DEST, service() + server(11)),
                                       ("a change", SET_DEST, service() + server(22, 5, 3)),
                                       ("a removal", DEL_SERVICE, service()), ("a flush", FLUSH, b"")):
            faults.each(f"{name} that is told", netlink.call(command, payload), lambda: netlink.start(*three()), rules)
        transactions(netlink, " that is told")
        drains(netlink, " that is told")
        netlink.start(*three())


# -- Socket options
# --------------------------------------------------------------------------------------------------

BASE = 1152
ADD, EDIT, DEL, FLUSH_ALL, ADD_SERVER, DEL_SERVER, EDIT_SERVER, TIMEOUT, ZERO_ALL = 2, 3, 4, 5, 7, 8, 9, 10, 15
GET_VERSION, GET_INFORMATION, GET_SERVICES, GET_ONE, GET_SERVERS, GET_TIMEOUT = 0, 1, 2, 3, 4, 6


def service_record(where, scheduler=b"rr"):
    return struct.pack("=H2x4s2sxxI16sII4s", socket.IPPROTO_TCP, socket.inet_aton(where), struct.pack("!H", 80), 0, scheduler,
                       0, 0, b"\xff" * 4)


def server_record(where, weight):
    return struct.pack("=4s2sxxIiII", socket.inet_aton(where), struct.pack("!H", 80), 0, weight, 0, 0)


def socket_options(netlink):
    control = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def put(name, option, data, least=0):
        faults.each(f"option {name}", lambda: control.setsockopt(socket.IPPROTO_IP, BASE + option, data),
                    lambda: netlink.start(*three()), rules, least)

    def get(name, option, request, size):
        """Such an option reads its request from where it puts its answer."""
        def call():
            buffer, length = ctypes.create_string_buffer(request, size), ctypes.c_uint(size)
            checked(LIBC.getsockopt(control.fileno(), socket.IPPROTO_IP, BASE + option, buffer, ctypes.byref(length)))
        faults.each(f"option {name}", call, look=rules, least=0)

    netlink.start(*three())
    one = service_record(VIP)
    put("add a service", ADD, service_record(OTHER), 1)
    put("edit a service", EDIT, service_record(VIP, b"mh"), 1)
    put("delete a service", DEL, one)
    put("add a server", ADD_SERVER, one + server_record("10.0.2.11", 1), 1)
    put("edit a server", EDIT_SERVER, one + server_record("10.0.2.21", 5))
    put("delete a server", DEL_SERVER, one + server_record("10.0.2.21", 1))
    put("timeouts", TIMEOUT, struct.pack("III", 900, 120, 300))
    put("reset", ZERO_ALL, bytes(44))
    put("flush", FLUSH_ALL, b"")
    get("version", GET_VERSION, b"", 64)
    get("information", GET_INFORMATION, b"", 12)
    get("timeouts", GET_TIMEOUT, b"", 12)
    # Headers and entries of one service and its three servers, with their statistics.
    get("services", GET_SERVICES, struct.pack("I", 1), 8 + 104)
    get("a service", GET_ONE, one[:16], 104)
    get("servers", GET_SERVERS, one[:16] + struct.pack("I", 3), 24 + 3 * 96)


# -- Namespaces, files, settings
# ----------------------------------------------------------------------------------------

def namespaces(netlink):
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    faults.each("a new network namespace", lambda: os.unshare(os.CLONE_NEWNET), lambda: os.setns(home), least=10)

    def first_service():
        os.unshare(os.CLONE_NEWNET)
        Netlink().do(NEW_SERVICE, service(OTHER))

    def fresh():
        os.setns(home)

    # The namespace itself is not the subject: where it has no memory, the call is repeated like
    # any other.
    faults.each("the first service of a namespace", first_service, fresh, least=10)


def files():
    for name in ("ip_vs", "ip_vs_app", "ip_vs_conn", "ip_vs_conn_sync", "ip_vs_stats", "ip_vs_stats_percpu", "ip_vs_status",
                 "lvs", "lvs_conn"):
        faults.each(f"/proc/net/{name}", lambda path=f"/proc/net/{name}": contents(path), look=rules, least=0)


def settings():
    for path in sorted(glob.glob("/proc/sys/net/ipv4/vs/*") + glob.glob("/proc/sys/net/lvs/*")):
        if not os.access(path, os.W_OK):
            continue
        value = contents(path).strip()
        if value:
            faults.each(path.removeprefix("/proc/sys/"), lambda: write(path, value), look=lambda: contents(path), least=0)
    for path in ("/proc/sys/net/lvs/early_path", "/proc/sys/net/ipv4/vs/conntrack", "/proc/sys/net/ipv4/vs/run_estimation"):
        was = int(contents(path))
        faults.each(f"{path.removeprefix('/proc/sys/')} changed", lambda: write(path, 1 - was), lambda: write(path, was),
                    lambda: contents(path), least=0)


@case
def control():
    netlink = Netlink()
    below_module()
    namespaces(netlink)
    change_rules(netlink)
    netlink.start(*three())
    transactions(netlink)
    drains(netlink)
    listeners(netlink)
    socket_options(netlink)
    netlink.start(*three(timeout=300))
    files()
    settings()
    netlink.do(FLUSH)


main()
print(f"  {faults.sites} allocations failed in turn")
