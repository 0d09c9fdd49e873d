#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "A server is drained and returns: new connections go elsewhere, those it has go on, and
	after the deadline they do, or are reset, or forgotten; by NAT, DR and TUN, over TCP and
	UDP, SCTP and a mark, IPv4 and IPv6, with persistence, while stock ipvsadm changes its weight"

if [[ $LVS_MODULE != lvs ]]; then
	say "ip_vs drains nothing"
	exit 0
fi
dual_stack
modprobe sctp
load_module lvs
for ns in rs1 rs2; do
	ip -n $ns addr replace $VIP/32 dev lo
	ip -n $ns link set tunl0 up
	in_ns $ns sh -c 'echo 0 >/proc/sys/net/ipv4/conf/tunl0/rp_filter'
	# NAT's replies go through the director, those of DR and TUN straight to the client.
	ip -n $ns rule add from $VIP lookup 100
	ip -n $ns route add 10.0.1.0/24 dev eth0 table 100
	ip -n $ns route add default via 10.0.2.1 table 100
done
export STOCK=/usr/sbin/ipvsadm OURS=${OURS:-/lvs/ipvsadm-rs}
python3 "$HERE/drain.py"
CHECKS=$((CHECKS + 1))
