# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Network namespaces joined by veth pairs to one switch.  Sourced after expect.sh.
#
#   client 10.0.1.10 ---+                +--- rs1 10.0.2.11
#                       +--- switch -----+--- rs2 10.0.2.12
#   director -- front --+                +--- rs3 10.0.2.13
#     10.0.1.1, VIP     |
#            -- back ---+
#     10.0.2.1
#
# A NAT real server has its default route through the director.  A DR or TUN
# real server has the VIP on lo without ARP and answers the client directly.

VIP=10.0.1.100
CLIENT=10.0.1.10
RS1=10.0.2.11
RS2=10.0.2.12
RS3=10.0.2.13
# Addresses nobody owns: the director sends them to the client's and to rs1's
# interface, where a capture sees them and no TCP stack answers.
FAKE_CLIENTS=10.0.1.48/28
FAKE_SERVERS=10.0.2.48/28
export VIP CLIENT RS1 RS2 RS3

in_ns() {
	local ns=$1
	shift
	nsenter --net="/run/netns/$ns" "$@"
}
# background NS COMMAND...: its process is in BACKGROUND_PID; ends with the topology.
background() {
	local ns=$1
	shift
	(exec nsenter --net="/run/netns/$ns" "$@") &
	BACKGROUND_PID=$!
	disown
}
admin() { in_ns director "$ADMIN" "$@"; }

# Values for every interface of the netns that exists now or later.
set_sysctls() {
	# shellcheck disable=SC2016
	in_ns "$1" sh -c '
		cd /proc/sys/net/ipv4
		for i in conf/*; do
			echo 0 >$i/rp_filter; echo 0 >$i/send_redirects
			echo 1 >$i/arp_ignore; echo 2 >$i/arp_announce
		done
		# The director answers every bad packet, not one a second.
		echo 0 >icmp_ratelimit
		echo '"$2"' >ip_forward'
}

# topology [SUFFIX]: makes the namespaces; with a suffix a second, separate set.
topology() {
	local sfx=${1:-} i
	modprobe -q ipip 2>/dev/null || true
	local ns="switch client director rs1 rs2 rs3"
	for i in $ns; do
		ip netns add "$i$sfx"
		ip -n "$i$sfx" link set lo up
	done
	at_exit "remove_topology $sfx"
	ip -n "switch$sfx" link add br0 type bridge forward_delay 0
	{
		echo "link add eth0 netns client$sfx type veth peer name client netns switch$sfx"
		echo "link add front netns director$sfx type veth peer name front netns switch$sfx"
		echo "link add back netns director$sfx type veth peer name back netns switch$sfx"
		for i in 1 2 3; do
			echo "link add eth0 netns rs$i$sfx type veth peer name rs$i netns switch$sfx"
		done
	} | ip -batch -
	{
		for i in br0 client front back rs1 rs2 rs3; do
			[[ $i == br0 ]] || echo "link set $i master br0"
			echo "link set $i up"
		done
	} | ip -n "switch$sfx" -batch -
	ip -n "client$sfx" -batch - <<-END
		addr add $CLIENT/24 dev eth0
		link set eth0 up
		route add default via 10.0.1.1
		route add $FAKE_CLIENTS via 10.0.1.1
	END
	ip -n "director$sfx" -batch - <<-END
		addr add 10.0.1.1/24 dev front
		addr add $VIP/32 dev front
		addr add 10.0.2.1/24 dev back
		link set front up
		link set back up
		route add $FAKE_CLIENTS via $CLIENT
		route add $FAKE_SERVERS via $RS1
	END
	for i in 1 2 3; do
		ip -n "rs$i$sfx" -batch - <<-END
			addr add 10.0.2.1$i/24 dev eth0
			link set eth0 up
			route add default via 10.0.2.1
			route add $FAKE_SERVERS via 10.0.2.1
		END
		set_sysctls "rs$i$sfx" 0
	done
	set_sysctls "client$sfx" 0
	set_sysctls "director$sfx" 1
}

# narrow_topology: the way from the director to rs1 takes 1400 bytes.
narrow_topology() {
	topology
	ip -n director link set back mtu 1400
	ip -n rs1 link set eth0 mtu 1400
}

# nat_server NS...: replies go back through the director.
nat_server() {
	local ns
	for ns; do
		ip -n "$ns" addr del $VIP/32 dev lo 2>/dev/null || true
		ip -n "$ns" route del 10.0.1.0/24 2>/dev/null || true
	done
}

# dr_server NS...: owns the VIP silently and answers the client directly.
dr_server() {
	local ns
	for ns; do
		ip -n "$ns" addr replace $VIP/32 dev lo
		ip -n "$ns" route replace 10.0.1.0/24 dev eth0
	done
}

# tun_server NS...: like dr_server, and takes ipip packets.
tun_server() {
	local ns
	dr_server "$@"
	for ns; do
		ip -n "$ns" link set tunl0 up
		in_ns "$ns" sh -c 'echo 0 >/proc/sys/net/ipv4/conf/tunl0/rp_filter'
	done
}

remove_topology() {
	local sfx=${1:-} i
	for i in switch client director rs1 rs2 rs3; do
		[[ -e /run/netns/$i$sfx ]] || continue
		# shellcheck disable=SC2046
		kill -9 $(ip netns pids "$i$sfx") 2>/dev/null || true
		ip netns del "$i$sfx"
	done
}

# tunnel_ends NS ADDRESS ADDRESS6 DEVICE...: the host takes tunnels of every kind and of both
# families, by devices that it has and by new ones for GRE and for anything in IPv6.
tunnel_ends() {
	local ns=$1 tunnel
	ip -n "$ns" -batch - <<-END
		link add gre4 type gre local $2 remote any
		link add gre6 type ip6gre local $3 remote any
		link add any6 type ip6tnl mode any local $3 remote any
	END
	in_ns "$ns" ip fou add port 6080 gue
	in_ns "$ns" ip fou add port 6080 gue -6
	for tunnel in "${@:4}" any6 gre4 gre6; do ip -n "$ns" link set "$tunnel" up; done
	set_sysctls "$ns" 0
}
