#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What the live view shows on a terminal of 80 columns and 24 rows, and how soon it answers keys.

watch.py shown         a few services under traffic
watch.py keys SERVICES as many services with four servers each: how long keys take

PICTURE=SECONDS: with `shown`, traffic for so long, and then the screen for docs/pictures.py."""

import json
import math
import os
import socket
import statistics
import subprocess
import sys
import time

from lvs.checks import check, finished
from lvs.terminal import Program
from lvs.wire import Netns

OURS = os.environ["OURS"]
DIRECTOR = ["nsenter", "--net=/run/netns/director"]
# A key has to be answered within this time, in seconds; on a quiet machine 0.05 are enough.
LIMIT = int(os.environ.get("KEY_LIMIT", 500)) / 1000
# Seconds in which a server climbs to its weight.
SLOW_START = 8
KEYS = {"down": "\x1b[B", "right": "\x1b[C", "page down": "\x1b[6~", "end": "G", "begin": "g"}


def ours(*words):
    finished(OURS, *words)


def watch(*words):
    return Program([*DIRECTOR, OURS, "watch", *words])


def has(*parts):
    return lambda screen: all(part in screen.text() for part in parts)


# -- What is shown -----------------------------------------------------------------------------


def shown():
    vip, rs1, rs2, rs3 = (os.environ[name] for name in ("VIP", "RS1", "RS2", "RS3"))
    seconds = float(os.environ.get("PICTURE", 0))
    # By turns each server of a service gets one of them, so that a drain isn't over at once.
    with Netns("client"):
        held = [socket.create_connection((vip, 80)) for _ in range(5)]
    traffic = subprocess.Popen(["nsenter", "--net=/run/netns/client", sys.executable, os.path.abspath(__file__),
                                "traffic", vip, str(seconds or SLOW_START + 6)])
    view = watch("--interval", "1")
    if seconds:
        # The last events of the minute that is pictured.
        view.wait(lambda screen: False, seconds - 14 - SLOW_START)
    ours("drain", "-t", f"{vip}:80", "-r", f"{rs2}:80", "--for", "300s")
    # A server climbs that comes to others which are there for longer than the time.
    ours("-A", "-t", f"{vip}:8080", "-s", "wlc", "--slow-start", f"{SLOW_START}s")
    ours("-a", "-t", f"{vip}:8080", "-r", f"{rs1}:80", "-m", "-w", "100")
    time.sleep(SLOW_START + 1)
    ours("-a", "-t", f"{vip}:8080", "-r", f"{rs3}:80", "-m", "-w", "100")
    parts = [f"TCP {vip}:80", f"-> {rs2}:80", "drain 4m", "slow ", f"UDP {vip}:53", "weight 0", "Dropped: ", "no_server",
             "InPkt/s 60s", "lvs: "]
    took = view.wait(has(*parts))
    check("services, states with their time, and drops", took is not None, view.screen.text())
    check("a spark line", view.wait(lambda screen: "█" in screen.text()) is not None, view.screen.text())
    check("packets a second of drops", view.wait(has("no_server", "/s)")) is not None, view.screen.text())
    check("no line is wider than the screen", len(view.screen.line(23)) <= 80 and "p pause" in view.screen.line(23),
          view.screen.text())
    if seconds:
        view.wait(lambda screen: False, 12)
        print("SCREEN", json.dumps(view.screen.cells), flush=True)
    traffic.wait()
    view.press("d")
    check("reasons", view.wait(has("Dropped because", "no_server")) is not None, view.screen.text())
    view.press("d")
    check("services again", view.wait(has(f"TCP {vip}:80")) is not None, view.screen.text())
    view.press("/drain\r")
    check("a filter by state", view.wait(lambda screen: "filter: drain" in screen.text() and
                                         "slow" not in screen.text() and "drain 4m" in screen.text()) is not None,
          view.screen.text())
    for one in held:
        one.close()
    check("it ends well", view.end() == 0)


def traffic(vip, seconds):
    """Connections that come in waves, to a service, and datagrams that no server takes."""
    begun = time.monotonic()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    while (now := time.monotonic() - begun) < float(seconds):
        for _ in range(int(6 + 5 * math.sin(now / 6))):
            for port in (80, 8080):
                try:
                    with socket.create_connection((vip, port), timeout=1) as connection:
                        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                        while connection.recv(65536):
                            pass
                except OSError:
                    pass
        for _ in range(3):
            try:
                udp.sendto(b"x", (vip, 53))
            except OSError:
                pass
        time.sleep(0.05)


# -- Keys --------------------------------------------------------------------------------------


def keys(services):
    view = watch()
    total = services * 5
    took = view.wait(has(f"{services} services, {services * 4} servers", f"of {total} "), 120)
    check("all of them are read", took is not None, view.screen.text())
    print(f"  {total} rows are there after {took:.1f} s", flush=True)
    status = view.screen.rows - 1
    before = [""]

    def changed(screen):
        return screen.text() != before[0]

    steps = [
        ("down", KEYS["down"], lambda s: s.line(status).startswith("2-")),
        ("page down", KEYS["page down"], lambda s: s.line(status).startswith("2") and not s.line(status).startswith("2-")),
        ("end", KEYS["end"], lambda s: f"-{total} of" in s.line(status)),
        ("begin", KEYS["begin"], lambda s: s.line(status).startswith("1-")),
        ("without servers", "s", lambda s: f"of {services} " in s.line(status)),
        ("with servers", "s", lambda s: f"of {total} " in s.line(status)),
        ("sort", KEYS["right"], lambda s: s.has_style("Weight", 2, 3)),
        ("reverse", "r", changed),
        ("next column", KEYS["right"], lambda s: s.has_style("Active", 2, 3)),
        ("previous column", "\x1b[D", lambda s: s.has_style("Weight", 2, 3)),
        ("reverse again", "r", changed),
        ("unsorted", "\x1b[D", lambda s: not s.has_style("Weight", 2, 3)),
        ("filter", "/", lambda s: s.line(status).startswith("/_")),
        ("letter", "9", lambda s: s.line(status).startswith("/9_")),
        ("another", ".", lambda s: s.line(status).startswith("/9._")),
        ("given up", "\x1b", lambda s: f"of {total} " in s.line(status)),
        ("drops", "d", lambda s: "Dropped because" in s.text()),
        ("back", "d", lambda s: f"of {total} " in s.line(status)),
    ]
    times = {}
    # The table is read beside it all the time.
    for _ in range(9):
        for name, key, is_so in steps:
            while view.read(0.02):
                pass
            before[0] = view.screen.text()
            view.press(key)
            begun = time.monotonic()
            if view.wait(is_so, 10) is None:
                sys.exit(f"FAIL: {name} isn't answered: {view.screen.text()}")
            times.setdefault(name, []).append(time.monotonic() - begun)
    for name, all_of in times.items():
        middle, most = statistics.median(all_of), max(all_of)
        # What other work on the machine adds to one of them doesn't count.
        check(f"{name} is answered within {LIMIT * 1000:.0f} ms: {middle * 1000:.1f}, {most * 1000:.1f} at most",
              middle <= LIMIT)
    check("it ends well", view.end() == 0)


if __name__ == "__main__":
    if sys.argv[1] == "shown":
        shown()
    elif sys.argv[1] == "traffic":
        traffic(*sys.argv[2:])
    else:
        keys(int(sys.argv[2]))
