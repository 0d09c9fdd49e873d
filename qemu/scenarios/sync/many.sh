# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Several directors behind a router that spreads clients over those that announce the virtual
# addresses to it by BGP; BFD tells it who is dead. Sourced after scenario.sh.
#
# ROUTING  whose BGP and BFD: bird (default) or frr
#
#   client 10.0.1.10 --- router 10.0.2.1 ---+--- switch ---+--- d1 10.0.2.101 ... d4
#                                                          +--- rs1 10.0.2.11 ... rs4
#
# All have fd00 addresses of the same last numbers, too. Servers answer the client through the
# router; they and the directors have the virtual addresses on lo.

VIP=10.9.0.100
VIP6=fd00:9::100
MANY=()
: "${ROUTING:=bird}"

# host NAME NUMBER: a namespace on the switch, 10.0.2.NUMBER.
host() {
	ip netns add "$1"
	MANY+=("$1")
	ip -n switch link add "$1" type veth peer name eth0 netns "$1"
	ip -n switch link set "$1" master br0
	ip -n switch link set "$1" up
	ip -n "$1" -batch - <<-END
		link set lo up
		addr add 10.0.2.$2/24 dev eth0
		addr add fd00:2::$2/64 dev eth0 nodad
		link set eth0 up
	END
	set_sysctls "$1" 0
	# A dead one's sockets don't keep the namespace for long.
	in_ns "$1" sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_orphan_retries'
}
many_topology() {
	modprobe -q ipip 2>/dev/null || true
	at_exit remove_many
	ip netns add switch
	MANY+=(switch)
	ip -n switch link add br0 type bridge forward_delay 0 mcast_snooping 0
	ip -n switch link set br0 up
	host router 1
	set_sysctls router 1
	in_ns router sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
		echo 1 >/proc/sys/net/ipv4/fib_multipath_hash_policy
		echo 1 >/proc/sys/net/ipv6/fib_multipath_hash_policy'
	ip netns add client
	MANY+=(client)
	ip -n client link add eth0 type veth peer name front netns router
	ip -n router -batch - <<-END
		addr add 10.0.1.1/24 dev front
		addr add fd00:1::1/64 dev front nodad
		link set front up
	END
	ip -n client -batch - <<-END
		link set lo up
		addr add 10.0.1.10/24 dev eth0
		addr add fd00:1::10/64 dev eth0 nodad
		link set eth0 up
		route add default via 10.0.1.1
		route add default via fd00:1::1
	END
}
# has_virtual NS: its virtual addresses.
has_virtual() {
	ip -n "$1" addr add $VIP/32 dev lo
	ip -n "$1" addr add $VIP6/128 dev lo
}
# real_server N
real_server() {
	host "rs$1" "1$1"
	has_virtual "rs$1"
	ip -n "rs$1" route add default via 10.0.2.1
	ip -n "rs$1" -6 route add default via fd00:2::1
	ip -n "rs$1" link set tunl0 up
	set_sysctls "rs$1" 0
	background "rs$1" python3 "$HERE/echo.py" tcp/80 tcp/81
}

# gone NS: nothing runs there any more, and nothing of it is left.
gone() {
	local pids
	pids=$(ip netns pids "$1")
	# shellcheck disable=SC2086
	[[ -z $pids ]] || kill -KILL $pids
	ip netns del "$1"
}
remove_many() {
	local ns
	for ns in "${MANY[@]}"; do [[ ! -e /run/netns/$ns ]] || gone "$ns"; done
	MANY=()
}

# paths N: the router has so many to each virtual address.
paths() {
	local four six
	four=$(ip -n router -j route show $VIP | jq '.[0] | if . == null then 0 elif .nexthops then (.nexthops | length) else 1 end')
	six=$(ip -n router -6 -j route show $VIP6 | jq '.[0] | if . == null then 0 elif .nexthops then (.nexthops | length) else 1 end')
	[[ ${four:-0} == "$1" && ${six:-0} == "$1" ]]
}

# bgp_router DIRECTOR-NUMBER...  takes the virtual addresses from each of them, all paths at once
# bgp_director N                 announces them, once `announce` says so
# announce NS, drain NS          and no longer
# shellcheck source=/dev/null # bird.sh or frr.sh
. "$HERE/$ROUTING.sh"
