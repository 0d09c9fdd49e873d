# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# IPv6 beside the topology's IPv4.  Sourced after topology.sh.

VIP6=2001:db8:1::100
CLIENT6=2001:db8:1::10
RS1_6=2001:db8:2::11
RS2_6=2001:db8:2::12
RS3_6=2001:db8:2::13
export VIP6 CLIENT6 RS1_6 RS2_6 RS3_6

# dual_stack: the same network with addresses of both families; all servers are NAT servers.
dual_stack() {
	local i
	topology
	in_ns director sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	ip -n client addr add $CLIENT6/64 dev eth0 nodad
	ip -n director addr add 2001:db8:1::1/64 dev front nodad
	ip -n director addr add $VIP6/128 dev front nodad
	ip -n director addr add 2001:db8:2::1/64 dev back nodad
	ip -n client -6 route add default via 2001:db8:1::1
	for i in 1 2 3; do
		ip -n rs$i addr add 2001:db8:2::1$i/64 dev eth0 nodad
		ip -n rs$i -6 route add default via 2001:db8:2::1
	done
	# The first packet to a neighbour may wait a second for its answer.
	for i in 1 2 3; do
		poll "rs$i answers over IPv6" 10 in_ns client ping -6 -q -c 1 -W 1 2001:db8:2::1$i >/dev/null
	done
}
