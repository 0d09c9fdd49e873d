#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The director's devices and routes change under connections: the next packet goes the new
	way, and a device that goes, also with its namespace, is let go"

sent_by_alt() { in_ns director nft list counter inet sent alt | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }
# burst: 5 datagrams of one connection; says by which device they left.
burst() {
	local alt back before_alt i
	before_alt=$(sent_by_alt)
	in_ns rs1 nft reset counter inet count data >/dev/null
	in_ns client python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7777))
for i in range(5): s.sendto(b"x", (sys.argv[1], 54))' "$(bare "$VIRTUAL")"
	# The neighbour may have to be found first.
	for ((i = 0; i < 25; i++)); do
		sleep 0.2
		alt=$(sent_by_alt)
		back=$(in_ns rs1 nft list counter inet count data | sed -n 's/.*packets \([0-9]*\).*/\1/p')
		((alt - before_alt + back < 5)) || break
	done
	echo "alt=$((alt - before_alt)) rs1=$back"
}
bare() { tr -d '[]' <<<"$1"; }
add_alt() { ip -n director link add alt type dummy && ip -n director link set alt arp off up; }

# Of one family: VIRTUAL and SERVER are its addresses.
trace() {
	in_ns rs1 nft -f - <<-END
		table inet count {
			counter data { }
			chain in { type filter hook input priority 0; udp dport 54 counter name data drop; }
		}
	END
	# Not by the device's own counters: IPv6 speaks there of its own accord.
	in_ns director nft -f - <<-END
		table inet sent {
			counter alt { }
			chain out { type filter hook postrouting priority 300; oifname alt udp dport 54 counter name alt; }
		}
	END
	for method in -m -g; do
		admin -A -u "$VIRTUAL:54" -s rr
		admin -a -u "$VIRTUAL:54" -r "$SERVER:54" $method
		[[ $method == -m ]] || own_virtual_address
		add_alt
		echo "$method at first: $(burst)"
		ip -n director route add "$(bare "$SERVER")" dev alt
		echo "$method another route: $(burst)"
		ip -n director link set alt down
		echo "$method its device is down: $(burst)"
		ip -n director link set alt up
		ip -n director route add "$(bare "$SERVER")" dev alt
		echo "$method and up again: $(burst)"
		ip netns add elsewhere
		timeout 8 ip -n director link set alt netns elsewhere && echo "$method moved at once"
		echo "$method its device is elsewhere: $(burst)"
		ip netns del elsewhere
		add_alt
		ip -n director route add "$(bare "$SERVER")" dev alt
		echo "$method a new device: $(burst)"
		timeout 8 ip -n director link del alt && echo "$method deleted at once"
		echo "$method its device is gone: $(burst)"
		admin -C
	done
}

heading "Devices and routes that change"
VIRTUAL=$VIP SERVER=$RS1
own_virtual_address() { dr_server rs1; }
differential trace
expect_eq "bursts by the other device" 6 "$(grep -c 'alt=5 rs1=0' "$RUN/trace.2")"
expect_eq "bursts by the usual device" 8 "$(grep -c 'alt=0 rs1=5' "$RUN/trace.2")"

heading "The same over IPv6"
VIRTUAL="[fd00:0:a:1::64]" SERVER="[fd00:0:a:2::b]"
own_virtual_address() { ip -n rs1 addr replace fd00:0:a:1::64/128 dev lo nodad; }
topology6() {
	topology
	python3 -c 'from lvs import wire6'
	# The routes of the trace are more specific than this one.
	ip -n director -6 route replace fd00:0:a:2::/64 dev back
}
differential trace topology6
expect_eq "bursts by the other device" 6 "$(grep -c 'alt=5 rs1=0' "$RUN/trace.2")"
expect_eq "bursts by the usual device" 8 "$(grep -c 'alt=0 rs1=5' "$RUN/trace.2")"

heading "A server is removed under traffic, then its device goes"
load_module "$LVS_MODULE"
topology
admin -A -u $VIP:54 -s rr
background client python3 -c '
import socket
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(20)]
while True:
    for s in sockets: s.sendto(b"x", ("'$VIP'", 54))'
flood=$BACKGROUND_PID
for ((i = 0; i < 25; i++)); do
	add_alt
	ip -n director route add 10.8.0.1/32 dev alt
	admin -a -u $VIP:54 -r 10.8.0.1 -m
	# shellcheck disable=SC2016
	by_alt() { (($(in_ns director awk '$1 == "alt:" { n = $11 } END { print n + 0 }' /proc/net/dev) > 20)); }
	poll "packets leave by the device, round $i" 10 by_alt
	admin -d -u $VIP:54 -r 10.8.0.1
	CHECKS=$((CHECKS + 1))
	timeout 8 ip -n director link del alt || fail "round $i: somebody holds the device"
done
kill -9 "$flood"
remove_topology
unload_module "$LVS_MODULE"

heading "A namespace goes with 10,000 connections"
slab=$([[ $LVS_MODULE == lvs ]] && echo lvs_conn || echo ip_vs_conn)
live() { awk -v s="$slab" '$1 == s { print $2 }' /proc/slabinfo; }
load_module "$LVS_MODULE"
for round in 1 2 3; do
	topology
	pktgen_servers
	admin -A -u $VIP:54 -s rr
	for i in 2 3 4 5; do admin -a -u $VIP:54 -r 10.9.0.$i:54 -m; done
	pktgen_flows 10000 >/dev/null
	expect_eq "connections, round $round" 10000 "$(in_ns director sh -c 'grep -c ^UDP /proc/net/ip_vs_conn')"
	expect_eq "enough objects in $slab, round $round" 1 "$(($(live) >= 10000))"
	remove_topology
	# Some are counted that wait on a CPU for reuse; unloading complains of a single one left.
	few() { (($(live) < 2000)); }
	poll "memory of connections, round $round" 20 few
done
unload_module "$LVS_MODULE"
