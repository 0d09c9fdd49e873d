# SPDX-License-Identifier: GPL-2.0
"""Requests that a balancer has to refuse: prints the error of each, and what it
left changed, which is nothing.

refusals.py messages       netlink messages by hand
refusals.py words TOOL...  the same command lines with each tool"""

import errno
import subprocess

from lvs import wire
from lvs.cases import case, main
from lvs.genl import Genl, address, attr, be16, be32, text, u8, u16, u32

NEW_S, SET_S, NEW_D, SET_D = 1, 2, 5, 6
SERVICE, DEST = 1, 2
V4, V6 = u16(1, 2), u16(1, 10)
NAMES = {
    "IPv4": V4 + u16(2, 6) + address(3, "10.0.1.100") + be16(4, 80),
    "IPv6": V6 + u16(2, 6) + address(3, "fd00::100") + be16(4, 80),
    "mark": V4 + u32(5, 7),
    "IPv6 mark": V6 + u32(5, 7),
}


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def rules():
    with open("/proc/thread-self/net/ip_vs", encoding="ascii") as file:
        return file.read() + run("ipvsadm", "-Sn")[1] + run("ipvsadm", "-Ln", "--thresholds")[1]


def service(name, scheduler="rr", flags=0, timeout=0, netmask=None, engine=None):
    netmask = (128 if name.startswith("IPv6") else 0xFFFFFFFF) if netmask is None else netmask
    return attr(SERVICE, NAMES[name] + text(6, scheduler) + u32(8, timeout) + be_or_host(name, netmask)
                + attr(7, flags.to_bytes(4, "little") + b"\xff\xff\xff\xff") + (text(11, engine) if engine is not None else b""))


def be_or_host(name, netmask):
    """IPv4's is a mask in network order, IPv6's a number."""
    return u32(9, netmask) if name.startswith("IPv6") else be32(9, netmask)


def server(name, weight=1, upper=0, lower=0, fwd=0, tunnel=None, host=11):
    family = 10 if name.startswith("IPv6") else 2
    found = f"fd00::{host}" if family == 10 else f"10.0.2.{host}"
    extra = b"" if tunnel is None else u8(13, tunnel[0]) + be16(14, tunnel[1]) + u16(15, tunnel[2])
    return attr(DEST, address(1, found) + be16(2, 80) + u32(3, fwd) + u32(4, weight) + u32(5, upper) + u32(6, lower) + u16(11, family) + extra)


@case
def messages():
    send = Genl()

    def good(command, payload):
        error, _ = send.request(send.family, command, payload)
        if error:
            print("a good request was refused:", errno.errorcode.get(error, error))
        return rules()

    bad = [
        ("scheduler nosuch", {"scheduler": "nosuch"}), ("scheduler RR", {"scheduler": "RR"}), ("no scheduler's name", {"scheduler": ""}),
        ("scheduler of 16 letters", {"scheduler": "x" * 16}), ("engine nosuch", {"engine": "nosuch"}), ("engine SIP", {"engine": "SIP"}),
        ("engine and scheduler", {"scheduler": "nosuch", "engine": "nosuch"}),
        ("engine beside a good scheduler, flags and time", {"scheduler": "sh", "engine": "x", "flags": 0x39, "timeout": 99}),
        ("scheduler beside a good engine", {"scheduler": "mhx", "engine": "sip", "flags": 1, "timeout": 99}),
    ]
    masks = [("prefix 0", 0), ("prefix 129", 129), ("prefix 2^32-1", 0xFFFFFFFF), ("prefix 64 in network order", 64 << 24)]
    for name in NAMES:
        cases = list(bad)
        if name.startswith("IPv6"):
            cases += [(title, {"netmask": mask, "flags": 1, "timeout": 30, "scheduler": "wrr"}) for title, mask in masks]
            cases += [("prefix and scheduler", {"netmask": 0, "scheduler": "nosuch"}), ("prefix and engine", {"netmask": 0, "engine": "x"})]
        as_it_was = rules()

        def refuse(title, command, payload):
            error, _ = send.request(send.family, command, payload)
            after = rules()
            print(f"{name}, {title}: {errno.errorcode.get(error, error)}"
                  + ("" if as_it_was == after else f"; CHANGED\n{as_it_was}---\n{after}"))

        for title, change in cases:
            refuse(f"new with {title}", NEW_S, service(name, **change))
        good(NEW_S, service(name, scheduler="wlc", flags=1, timeout=300))
        as_it_was = good(NEW_D, attr(SERVICE, NAMES[name]) + server(name, weight=3, upper=20, lower=10))
        for title, change in cases:
            refuse(f"edit to {title}", SET_S, service(name, **change))
        refuse("the same again", NEW_S, service(name, scheduler="rr"))
        for title, change in (
            ("the lower threshold above the upper", {"weight": 9, "upper": 5, "lower": 6}), ("a lower threshold alone", {"weight": 9, "lower": 1}),
            ("a negative weight", {"weight": 0xFFFFFFFF, "upper": 7}), ("the most negative weight", {"weight": 0x80000000, "fwd": 3}),
            ("GUE without a port", {"weight": 9, "fwd": 2, "tunnel": (1, 0, 0)}),
        ):
            refuse(f"new server with {title}", NEW_D, attr(SERVICE, NAMES[name]) + server(name, host=12, **change))
            refuse(f"server edited to {title}", SET_D, attr(SERVICE, NAMES[name]) + server(name, **change))
        refuse("the same server again", NEW_D, attr(SERVICE, NAMES[name]) + server(name, weight=9))
        refuse("an edit of a server that isn't there", SET_D, attr(SERVICE, NAMES[name]) + server(name, host=13))
    print(*sorted(run("ipvsadm", "-Ln")[1].splitlines()), sep="\n")


@case
def words(*tools):
    """The command lines. What a tool says is another test's matter: refused or
    taken, and what is listed then."""
    names = ["sh-fallback", "sh-port", "mh-fallback", "mh-port", "flag-1", "flag-2", "nonsense", "sh-port,mh-port",
             "sh-fallback,sh-port", "mh-fallback,mh-port", "flag-1,flag-2,flag-3", "sh-port,flag-3", ""]
    where = ("-t", "10.0.1.100:80")

    def try_out(*line):
        status, _ = run(tool, *line, "-b", flags) if flags is not None else run(tool, *line)
        listed = run(tool, "-Ln")[1].splitlines()[3:]
        print(*line[3:], "" if flags is None else repr(flags), "refused" if status else "taken", *listed)
        return listed

    for number, tool in enumerate(tools):
        print(f"== tool {number + 1}")
        for scheduler in ("rr", "wlc", "sh", "mh", "none"):
            for flags in names:
                if try_out("-A", *where, "-s", scheduler):
                    run(tool, "-D", *where)
        flags = None
        for bad in (("-s", "nosuch"), ("-s", "sh", "-p", "9", "--pe", "nosuch"), ("-s", "RR", "-p", "9"), ("-s", "x" * 40), ("-s", "rr", "--pe", "sip"),
                    ("-s", "rr", "-M", "255.255.0.0"), ("-s", "rr", "-p", "0"), ("-s", "rr", "-p", "86400000"), ("-s", "rr", "-o"), ("-s", "rr", "-b", "flag-4")):
            if try_out("-A", *where, *bad):
                run(tool, "-D", *where)
        run(tool, "-A", *where, "-s", "sh", "-b", "sh-port", "-p", "77")
        for scheduler in ("mh", "rr", "sh"):
            for flags in names:
                try_out("-E", *where, "-s", scheduler)
        flags = None
        run(tool, "-E", *where, "-s", "sh", "-b", "sh-port", "-p", "77")
        for bad in (("-s", "nosuch"), ("-s", "mh", "-p", "9", "--pe", "nosuch"), ("-s", "nosuch", "-p", "9", "-M", "255.0.0.0"), ("-s", "x" * 40)):
            try_out("-E", *where, *bad)
        run(tool, "-C")


wire.run("ip", "-6", "addr", "add", "fd00::1/64", "dev", "back", "nodad")
with wire.Netns("director"):
    main()
