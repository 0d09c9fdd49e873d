#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Packets too big for the tunnel or the next hop are answered with the right MTU: packet
	by packet as ip_vs, and 1 MB up through a tunnel of 1400 bytes"

heading "Packet by packet, the same as ip_vs"
mtu() { python3 "$HERE/mtu.py"; }
differential mtu narrow_topology
expect_match "frag-needed of the tunnel" \
	"at the client ICMP 10.0.1.100 > 10.0.1.50 type 3/4 rest 0x564|at the client ICMP 10.0.1.1 > 10.0.1.50 type 3/4 rest 0x564" \
	"$(cat "$RUN/trace.2")"

heading "From end to end"
narrow_topology
load_module "$LVS_MODULE"
tun_server rs1
web_server rs1
background rs1 python3 "$LIB/sink.py" serve 9000
admin -A -t $VIP:9000 -s rr
admin -a -t $VIP:9000 -r $RS1 -i
poll "the sink listens" 10 in_ns rs1 sh -c 'ss -Hltn "sport = :9000" | grep -q .'
expect_eq "sha256 of 1 MB up through the tunnel" "$(big_sum | cut -d' ' -f1)" \
	"$(in_ns client python3 "$LIB/sink.py" send $VIP 9000 "$RUN/www/big")"
expect_match "the client's route to the virtual address" "mtu 1380" "$(ip -n client route get $VIP)"
