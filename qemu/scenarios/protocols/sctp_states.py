# SPDX-License-Identifier: GPL-2.0
"""Prints what every chunk does to an SCTP association in every state, and which chunks begin one:
sctp_states.py nat|dr. Timeouts are told apart as far as they differ."""

import itertools
import sys

import transports as t
from lvs import wire
from transports import net

METHOD = sys.argv[1]
KINDS = ["data", "init", "init_ack", "sack", "abort", "shutdown", "shutdown_ack", "error", "cookie_echo", "cookie_ack",
         "shutdown_complete", "unknown"]
# COOKIE ECHO and ABORT in one packet; a length that hides the ABORT; one that is too small.
BUNDLES = {
    "cookie_echo+abort": (t.chunk("cookie_echo", b"12345"), t.chunk("abort")),
    "cookie_ack+abort": (t.chunk("cookie_ack"), t.chunk("abort")),
    "data+abort": (t.chunk("data", b"1234"), t.chunk("abort")),
    "cookie_echo short": (t.chunk("cookie_echo", length=3), t.chunk("abort")),
    "cookie_echo long": (t.chunk("cookie_echo", length=400), t.chunk("abort")),
    "nothing": (),
    "half a chunk": (b"\x06\0",),
}
EVENTS = [f"{side}:{kind}" for side in "cs" for kind in (*KINDS, *BUNDLES)]
# How each state is reached after the client's first INIT.
PATHS = {
    "INIT1": [], "INIT": ["c:init"], "C-SENT": ["s:init_ack"], "C-REPLIED": ["s:init_ack", "c:cookie_echo"],
    "C-WAIT": ["s:init"], "COOKIE": ["s:init", "c:init_ack"], "C-ECHOED": ["s:cookie_echo"],
    "ESTABLISHED": ["s:init_ack", "c:cookie_echo", "s:cookie_ack"],
    "S-SENT": ["s:cookie_ack", "s:shutdown"], "S-RECEIVED": ["s:cookie_ack", "c:shutdown"],
    "S-ACK-SENT": ["s:cookie_ack", "c:shutdown", "s:shutdown_ack"], "REJECTED": ["s:abort"], "CLOSED": ["c:abort"],
}
CLIENT_PATHS = {
    "INIT1": [], "INIT": ["c:init"], "C-ECHOED": ["c:init_ack"], "ESTABLISHED": ["c:cookie_echo"],
    "S-RECEIVED": ["c:cookie_echo", "c:shutdown"], "CLOSED": ["c:abort"],
}
client, server = net.Sender("client"), net.Sender("rs1")
ports = iter(range(2000, 60000))
wire.run("sysctl", "-qw", *t.ANY_REPLIES)

net.ipvsadm("-A", "--sctp-service", f"{wire.VIP}:99", "-s", "rr")
net.ipvsadm("-a", "--sctp-service", f"{wire.VIP}:99", "-r", f"{wire.FAKE_SERVER}:9900" if METHOD == "nat"
            else wire.FAKE_SERVER, "-m" if METHOD == "nat" else "-g")
SOURCE = (wire.FAKE_SERVER, 9900) if METHOD == "nat" else (wire.VIP, 99)


def play(port, event):
    side, kind = event.split(":")
    chunks = BUNDLES.get(kind, (kind,))
    if side == "c":
        client.send(t.sctp(wire.FAKE_CLIENT, port, wire.VIP, 99, *chunks))
    else:
        server.send(t.sctp(*SOURCE, wire.FAKE_CLIENT, port, *chunks))


def length(left):
    """The class of timeouts a remaining time is of, when it was set a moment ago."""
    return next((limit for limit in (4, 61, 900) if left <= limit), left)


def show(title, names):
    """Prints the associations of {port: name}, and what their server counts."""
    table = t.settled()
    for port, name in names.items():
        found = table.get(("SCTP", wire.FAKE_CLIENT, port, wire.VIP, 99))
        print(title, name, "->", f"{found[2]} {length(found[3])}" if found else "none")


def run(title, path):
    """Every event in the state that `path` leads to, some at a time: none may expire meanwhile."""
    for some in itertools.batched(EVENTS, 20):
        names = {next(ports): event for event in some}
        for port, event in names.items():
            for step in (*path, event):
                play(port, step)
        show(title, names)


run("as the first:", [])
t.put("sloppy_sctp", 1)
run("as the first, sloppy:", [])
t.put("sloppy_sctp", 0)
for name, path in (PATHS if METHOD == "nat" else CLIENT_PATHS).items():
    run(f"{name}:", ["c:init", *path])
if METHOD == "dr":
    # A reply that comes this way shows that both directions do.
    for name, path in PATHS.items():
        run(f"{name}, replies seen:", ["c:init", "s:unknown", *path])

# What a server of its own counts during an association.
net.ipvsadm("-A", "--sctp-service", f"{wire.VIP}:100", "-s", "rr")
net.ipvsadm("-a", "--sctp-service", f"{wire.VIP}:100", "-r", "10.0.2.51:9900" if METHOD == "nat" else "10.0.2.51",
            "-m" if METHOD == "nat" else "-g")
port = next(ports)
for event in ("c:init", "s:init_ack", "c:cookie_echo", "s:cookie_ack", "c:data", "c:shutdown", "s:shutdown_ack",
              "c:shutdown_complete"):
    side, kind = event.split(":")
    if side == "c":
        client.send(t.sctp(wire.FAKE_CLIENT, port, wire.VIP, 100, kind))
    else:
        server.send(t.sctp(*(("10.0.2.51", 9900) if METHOD == "nat" else (wire.VIP, 100)), wire.FAKE_CLIENT, port, kind))
    found = t.settled()["SCTP", wire.FAKE_CLIENT, port, wire.VIP, 100]
    counts = net.ipvsadm("-Ln", "--sctp-service", f"{wire.VIP}:100").splitlines()[-1].split()[-2:]
    print(event, "->", found[2], "active and inactive:", *counts)
