#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Defences against floods: their modes and what they drop, as ip_vs; half-open connections
	go, others stay"

heading "Modes, dropped packets and states, the same as ip_vs"
defence() { python3 "$HERE/defence.py"; }
differential defence

heading "drop_entry: half-open connections go, established ones stay"
with_topology rs1
admin -A -t $VIP:80 -s rr
admin -a -t $VIP:80 -r $RS1:80 -m
hold "http://$VIP/slow" kept
python3 -c "
from lvs import wire
client = wire.Sender('client')
for port in range(20000, 23000):
    client.send(wire.tcp(wire.FAKE_CLIENT, port, wire.VIP, 80, 'S'))"
half_open() { in_ns director awk '$8 ~ /SYN/ { n++ } END { print n + 0 }' /proc/net/ip_vs_conn; }
expect_eq "half-open connections" 3000 "$(half_open)"
in_ns director sysctl -qw net.ipv4.vs.drop_entry=3
dropped() { (($(half_open) < 2900)); }
poll "some of them are dropped" 20 dropped
say "$(half_open) of 3000 are left"
expect_eq "established connections" 1 "$(in_ns director grep -c ESTABLISHED /proc/net/ip_vs_conn)"
expect_eq "a new client's answer" "rs1=1" "$(requests 1)"
let_go "$HELD_PID"
