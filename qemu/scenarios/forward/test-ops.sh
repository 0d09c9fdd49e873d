#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "One-packet scheduling: packet by packet as ip_vs, and a flood of which nothing stays"

heading "Packet by packet, the same as ip_vs"
ops() { python3 "$HERE/ops.py"; }
differential ops

heading "DNS through tunnels, each query elsewhere from one port"
topology
tun_server rs1 rs2 rs3
dns_server rs1 rs2 rs3
load_module "$LVS_MODULE"
admin -A -u $VIP:53 -s rr -o
for rs in $RS1 $RS2 $RS3; do admin -a -u $VIP:53 -r "$rs" -i; done
got=$(for i in 1 2 3 4 5 6; do
	in_ns client dig +short +timeout=3 +tries=1 -b "$CLIENT#4444" "@$VIP" who TXT
done | tr -d '"' | tally)
expect_eq "answers" "rs1=2 rs2=2 rs3=2" "$got"
expect_eq "entries in the table" 1 "$(in_ns director sh -c 'wc -l </proc/net/ip_vs_conn')"

heading "A flood"
in_ns client python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(30000):
    s.sendto(b'x' * 12, ('$VIP', 53))"
poll "all packets are counted" 10 sh -c "nsenter --net=/run/netns/director ipvsadm -Ln --stats --exact | grep -q 'UDP .* 30006 *30006'"
expect_eq "entries in the table" 1 "$(in_ns director sh -c 'wc -l </proc/net/ip_vs_conn')"
expect_match "no server counts a connection" "-> $RS1:53 +Tunnel +1 +0 +0" "$(admin -Ln)"
