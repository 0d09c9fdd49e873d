# SPDX-License-Identifier: GPL-2.0
"""Prints the answers to well formed and malformed messages of every command of
the family IPVS."""

import struct

from lvs.genl import NLM_F_ACK, NLM_F_DUMP, Genl, address, attr, be16, be32, parse, text, u8, u16, u32

SERVICE, DEST, DAEMON, TCP_S, FIN_S, UDP_S = 1, 2, 3, 4, 5, 6
NEW_S, SET_S, DEL_S, GET_S, NEW_D, SET_D, DEL_D, GET_D = 1, 2, 3, 4, 5, 6, 7, 8
NEW_DAEMON, DEL_DAEMON, GET_DAEMON, SET_CONFIG, GET_CONFIG, SET_INFO, GET_INFO, ZERO, FLUSH = range(9, 18)
send = Genl()


def show_rules(title):
    """A listing, sorted, as services come in an order of their own."""
    error, replies = send.request(send.family, GET_S, flags=NLM_F_DUMP)
    print(f"  rules after {title}: {error}")
    for kind, flags, command, body in sorted(replies, key=lambda reply: reply[3]):
        print(f"    {flags:#x} {command}", body.hex(" ", 4))
        service = [a for a in parse(parse(body)[0][1]) if a[0] in (1, 2, 3, 4, 5)]
        payload = attr(SERVICE, b"".join(attr(*a) for a in service))
        error, dests = send.request(send.family, GET_D, payload, flags=NLM_F_DUMP)
        for _, flags, command, dest in dests:
            print(f"      {flags:#x} {command}", dest.hex(" ", 4))


def sid(af=2, protocol=6, addr="10.0.1.100", port=80):
    """What names a service."""
    return u16(1, af) + u16(2, protocol) + address(3, addr) + be16(4, port)


def fwmark(mark, af=2):
    return u16(1, af) + u32(5, mark)


def full(ident=None, sched="rr", flags=0, mask=0xFFFFFFFF, timeout=0, netmask=0xFFFFFFFF, extra=b""):
    return (sid() if ident is None else ident) + text(6, sched) + attr(7, struct.pack("II", flags, mask)) \
        + u32(8, timeout) + be32(9, netmask) + extra


def svc(*args, **kwargs):
    return attr(SERVICE, full(*args, **kwargs))


def dest(addr="10.0.2.11", port=80, fwd=0, weight=1, upper=0, lower=0, extra=b""):
    return attr(DEST, address(1, addr) + be16(2, port) + u32(3, fwd) + u32(4, weight) + u32(5, upper) + u32(6, lower) + extra)


ID = attr(SERVICE, sid())
print("family:", [(kind, data.hex()) for kind, data in send.info if kind not in (1, 6)])
print("operations:", dict(send.info)[6].hex(" ", 4))

# Without any service.
for command in range(0, 20):
    send(f"command {command} with nothing", command)
    send(f"command {command} with an empty service", command, attr(SERVICE))
    if command not in (NEW_DAEMON, DEL_DAEMON):
        send(f"dump {command} with nothing", command, flags=NLM_F_DUMP)
send("wrong family version", GET_CONFIG, version=9)
send("no header", GET_CONFIG, raw=b"")

# Services.
send("new service", NEW_S, svc())
send("info", GET_INFO)
send("the same again", NEW_S, svc())
send("get it", GET_S, ID)
send("get without ack", GET_S, ID, flags=0)
send("get by dump", GET_S, flags=NLM_F_DUMP)
send("get by dump with an empty service", GET_S, attr(SERVICE), flags=NLM_F_DUMP)
send("address of 4 bytes", GET_S, attr(SERVICE, u16(1, 2) + u16(2, 6) + attr(3, bytes([10, 0, 1, 100])) + be16(4, 80)))
send("address of 17 bytes", GET_S, attr(SERVICE, u16(1, 2) + u16(2, 6) + attr(3, bytes(17)) + be16(4, 80)))
send("address of 0 bytes", GET_S, attr(SERVICE, u16(1, 2) + u16(2, 6) + attr(3) + be16(4, 80)))
send("unknown attribute", GET_S, attr(SERVICE, sid() + u32(77, 1)) + u32(99, 1))
send("nested flag", GET_S, attr(SERVICE | 0x8000, sid()))
send("other port", GET_S, attr(SERVICE, sid(port=81)))
send("other protocol", GET_S, attr(SERVICE, sid(protocol=17)))
for missing in range(1, 10):
    whole = [(1, u16(1, 2)), (2, u16(2, 6)), (3, address(3, "10.0.1.100")), (4, be16(4, 8000 + missing)), (6, text(6, "rr")),
             (7, attr(7, bytes(8))), (8, u32(8, 0)), (9, be32(9, 0xFFFFFFFF))]
    send(f"service without attribute {missing}", NEW_S, attr(SERVICE, b"".join(a for kind, a in whole if kind != missing)))
    short = b"".join(a if kind != missing else attr(missing, b"x") for kind, a in whole)
    send(f"service with attribute {missing} of one byte", NEW_S, attr(SERVICE, short))
    liar = b"".join(a if kind != missing else attr(missing, b"xxxx", length=200) for kind, a in whole)
    send(f"service with attribute {missing} past its end", NEW_S, attr(SERVICE, liar))
for af in (0, 1, 7, 10, 255):
    send(f"address family {af}", NEW_S, attr(SERVICE, full(sid(af=af, port=7000))))
for name in ("", "nonesuch", "x" * 15, "x" * 16, "x" * 17, "rr\0x"):
    send(f"scheduler {name!r}", NEW_S, svc(sid(port=7100), sched=name))
send("scheduler without NUL", NEW_S, attr(SERVICE, sid(port=7101) + attr(6, b"rr") + attr(7, bytes(8)) + u32(8, 0) + be32(9, 0xFFFFFFFF)))
send("unknown engine", NEW_S, svc(sid(port=7102), extra=text(11, "nonesuch")))
send("engine name too long", NEW_S, svc(sid(port=7102), extra=text(11, "x" * 17)))
for flags, mask in ((2, 0xFFFFFFFF), (0xFFFFFFF0, 0xFFFFFFFF), (0x38, 8), (0, 0)):
    port = 7200 + flags % 97
    send(f"flags {flags:#x}/{mask:#x}", NEW_S, svc(sid(port=port), flags=flags, mask=mask))
    send("    gives", GET_S, attr(SERVICE, sid(port=port)))
send("flags of 4 bytes", NEW_S, attr(SERVICE, sid(port=7301) + text(6, "rr") + attr(7, bytes(4)) + u32(8, 0) + be32(9, 0xFFFFFFFF)))
send("flags of 12 bytes", NEW_S, attr(SERVICE, sid(port=7302) + text(6, "rr") + attr(7, bytes(12)) + u32(8, 0) + be32(9, 0xFFFFFFFF)))
for protocol in (0, 1, 6, 17, 132, 255, 256, 65535):
    send(f"protocol {protocol}", NEW_S, svc(sid(protocol=protocol, port=7400)))
    send("    gives", GET_S, attr(SERVICE, sid(protocol=protocol, port=7400)))
send("port 0", NEW_S, svc(sid(port=0)))
send("address 0", NEW_S, svc(sid(addr="0.0.0.0")))
show_rules("all kinds of services")

# Changes of services.
send("edit", SET_S, svc(sched="wrr"))
send("edited", GET_S, ID)
send("edit an unknown one", SET_S, svc(sid(port=4444)))
send("edit to an unknown scheduler", SET_S, svc(sched="nonesuch"))
send("edit without the rest", SET_S, ID)
send("after refused edits", GET_S, ID)
send("delete an unknown one", DEL_S, attr(SERVICE, sid(port=4444)))
send("delete without a name", DEL_S, attr(SERVICE, u16(1, 2)))
send("zero an unknown one", ZERO, attr(SERVICE, sid(port=4444)))
send("zero a malformed one", ZERO, attr(SERVICE, u16(1, 2)))
send("zero it", ZERO, ID)
send("zero all", ZERO)

# Servers.
send("new server", NEW_D, ID + dest())
send("the same again", NEW_D, ID + dest(weight=5))
send("server of an unknown service", NEW_D, attr(SERVICE, sid(port=4444)) + dest())
send("server without a service", NEW_D, dest())
send("no server", NEW_D, ID)
send("empty server", NEW_D, ID + attr(DEST))
for missing in range(1, 7):
    whole = [(1, address(1, "10.0.2.12")), (2, be16(2, 8100 + missing)), (3, u32(3, 0)), (4, u32(4, 1)), (5, u32(5, 0)), (6, u32(6, 0))]
    send(f"server without attribute {missing}", NEW_D, ID + attr(DEST, b"".join(a for kind, a in whole if kind != missing)))
    send(f"server with attribute {missing} of one byte", NEW_D, ID + attr(DEST, b"".join(a if kind != missing else attr(missing, b"x") for kind, a in whole)))
for weight in (0, 65535, 2**31 - 1, 2**31, 2**32 - 1):
    send(f"weight {weight}", NEW_D, ID + dest(port=1000 + weight % 1001, weight=weight))
    send(f"weight {weight} by edit", SET_D, ID + dest(weight=weight))
for upper, lower in ((5, 5), (5, 6), (0, 1), (2**31 - 1, 1), (2**31, 1), (2**32 - 1, 2**32 - 1)):
    send(f"thresholds {upper} {lower}", NEW_D, ID + dest(port=3000 + upper % 1000 + lower % 100, upper=upper, lower=lower))
    send(f"thresholds {upper} {lower} by edit", SET_D, ID + dest(upper=upper, lower=lower))
for fwd in range(0, 9):
    send(f"forwarding method {fwd}", NEW_D, ID + dest(port=5000 + fwd, fwd=fwd))
send("forwarding flags", NEW_D, ID + dest(port=5020, fwd=0xFFFFFFF8))
for name in ("0.0.0.0", "224.0.0.1", "255.255.255.255", "10.0.2.255", "10.0.2.1", "127.0.0.1", "10.99.99.99"):
    send(f"server at {name}", NEW_D, ID + dest(addr=name, port=6000))
send("server port 0", NEW_D, ID + dest(port=0))
for af in (0, 2, 1, 10, 77):
    send(f"server of family {af}", NEW_D, ID + dest(port=6100 + af, extra=u16(11, af)))
for kind, port, flags in ((0, 0, 0), (1, 0, 0), (1, 6080, 1), (1, 6080, 2), (2, 0, 0), (2, 0, 1), (3, 0, 0), (255, 9, 65535)):
    extra = u8(13, kind) + be16(14, port) + u16(15, flags)
    send(f"tunnel {kind} {port} {flags}", NEW_D, ID + dest(addr="10.0.2.77", port=6200 + kind + port % 50 + flags % 50, fwd=2, extra=extra))
send("edit an unknown server", SET_D, ID + dest(port=4444))
send("delete an unknown server", DEL_D, ID + dest(port=4444))
send("delete without a port", DEL_D, ID + attr(DEST, address(1, "10.0.2.11")))
send("edit a server", SET_D, ID + dest(fwd=3, weight=9, upper=20, lower=10))
send("servers, not by dump", GET_D, ID)
send("servers by dump", GET_D, ID, flags=NLM_F_DUMP)
send("servers of an unknown service", GET_D, attr(SERVICE, sid(port=4444)), flags=NLM_F_DUMP)
send("servers of a malformed service", GET_D, attr(SERVICE, u16(1, 2)), flags=NLM_F_DUMP)
send("delete by its name alone", DEL_D, ID + attr(DEST, address(1, "10.0.2.11") + be16(2, 80)))
show_rules("all kinds of servers")

# Configuration.
send("configuration", GET_CONFIG)
for value in (0, 1, 21474836, 21474837, 2**31 - 1, 2**31, 2**32 - 1):
    send(f"set TCP {value}", SET_CONFIG, u32(TCP_S, value))
    send(f"set FIN, UDP {value}", SET_CONFIG, u32(FIN_S, value) + u32(UDP_S, value))
    if value < 21000000:
        send("    gives", GET_CONFIG)
send("set nothing", SET_CONFIG)
send("set with 2 bytes", SET_CONFIG, attr(TCP_S, b"ab"))
send("set with 8 bytes", SET_CONFIG, attr(TCP_S, bytes(8)))
send("set all", SET_CONFIG, u32(TCP_S, 900) + u32(FIN_S, 120) + u32(UDP_S, 300))
send("configuration", GET_CONFIG)
send("info", GET_INFO)

# The end.
send("delete the service", DEL_S, ID)
send("delete it again", DEL_S, ID)
send("flush", FLUSH)
send("flush again", FLUSH)
show_rules("a flush")
