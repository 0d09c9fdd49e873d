#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Timeouts set with --set: shown to the second while they run, entries gone soon after,
	kept by further packets, unchanged by 0, refused when absurd"

with_topology
admin -A -t $VIP:80 -s rr
admin -a -t $VIP:80 -r 10.0.2.50 -m
admin -A -u $VIP:53 -s rr
admin -a -u $VIP:53 -r 10.0.2.50 -m

heading "The values"
values() { admin -L --timeout; }
expect_eq "at first" "Timeout (tcp tcpfin udp): 900 120 300" "$(values)"
admin --set 0 7 0
expect_eq "after --set 0 7 0" "Timeout (tcp tcpfin udp): 900 7 300" "$(values)"
expect_fails "a timeout over INT_MAX/HZ" admin --set 2147483647 1 1
expect_eq "after a refused --set" "Timeout (tcp tcpfin udp): 900 7 300" "$(values)"
admin --set 8 4 3
expect_eq "after --set 8 4 3" "Timeout (tcp tcpfin udp): 8 4 3" "$(values)"

heading "Entries live as long as they should"
cat >"$RUN/life.py" <<'END'
import sys
import time
from lvs import wire

client = wire.Sender("client")


def key(protocol, port):
    return protocol, wire.FAKE_CLIENT, port, wire.VIP, 80 if protocol == "TCP" else 53


def begin(port, flags):
    for flag in flags:
        client.send(wire.tcp(wire.FAKE_CLIENT, port, wire.VIP, 80, flag))


began = time.monotonic()
begin(1, ["S"])
begin(2, ["S", "A"])
begin(3, ["S", "A"])
begin(4, ["S", "A", "FA"])
client.send(wire.udp(wire.FAKE_CLIENT, 5, wire.VIP, 53))
client.send(wire.udp(wire.FAKE_CLIENT, 6, wire.VIP, 53))
expected = {key("TCP", 1): ("SYN_RECV", 60), key("TCP", 2): ("ESTABLISHED", 8), key("TCP", 4): ("CLOSE_WAIT", 60),
            key("UDP", 5): ("UDP", 3)}
kept = {key("TCP", 3): ("ESTABLISHED", 8), key("UDP", 6): ("UDP", 3)}
table = wire.settled_connections()
passed = time.monotonic() - began
for name, (state, timeout) in (expected | kept).items():
    _, _, found, left = table[name]
    if found != state or not timeout - passed - 1 <= left <= timeout:
        sys.exit(f"{name}: expected {state} {timeout} less {passed:.2f} s, got {found} {left}")
print("states and times are right after", f"{passed:.2f} s")
ends, last = {}, {}
while (now := time.monotonic() - began) < 13:
    table = wire.connections()
    for name, (_, timeout) in expected.items():
        if name not in table:
            ends.setdefault(name, now)
        elif timeout < 60:
            left = table[name][3]
            late = time.monotonic() - began
            if not timeout - late - 1.5 <= left <= max(0, timeout - now + 1.5):
                sys.exit(f"{name}: after {now:.2f} s {left} s are left of {timeout}")
    for name in kept:
        if name not in table:
            sys.exit(f"{name} is gone after {now:.2f} s although packets went on")
    client.send(wire.tcp(wire.FAKE_CLIENT, 3, wire.VIP, 80, "A"))
    client.send(wire.udp(wire.FAKE_CLIENT, 6, wire.VIP, 53))
    time.sleep(0.2)
for name, (_, timeout) in expected.items():
    if timeout < 60 and not timeout - 0.5 <= ends.get(name, 1e9) <= timeout + 4:
        sys.exit(f"{name}: gone after {ends.get(name)} s instead of {timeout}")
    if timeout == 60 and name in ends:
        sys.exit(f"{name}: gone after {ends[name]} s instead of {timeout}")
    print(name[0], name[2], "gone after", f"{ends[name]:.1f} s" if name in ends else "a longer time")
END
life=$(python3 "$RUN/life.py" 2>&1) || fail "life of entries: $life"
say "$life"

heading "A changed value takes effect with the next packet"
admin --set 900 120 300
python3 -c "
from lvs import wire
client = wire.Sender('client')
client.send(wire.tcp(wire.FAKE_CLIENT, 3, wire.VIP, 80, 'A'))
client.send(wire.udp(wire.FAKE_CLIENT, 6, wire.VIP, 53))
table = wire.settled_connections()
print(*sorted((k[0], wire.nominal(v[3])) for k, v in table.items() if k[2] in (3, 6)))" >"$RUN/new"
expect_eq "timeouts after --set 900 120 300" "('TCP', 900) ('UDP', 300)" "$(cat "$RUN/new")"
