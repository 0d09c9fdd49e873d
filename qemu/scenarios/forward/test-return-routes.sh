#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The routes back to clients change while a connection goes on: each reply takes the way
	that the tables have at that moment, as under ip_vs"

VIP6=fd00:1::100
# sent_by DEVICE: packets that left the director by it.
# shellcheck disable=SC2016
sent_by() { in_ns director awk -v d="$1:" '$1 == d { n = $11 } END { print n + 0 }' /proc/net/dev; }
# ask: a question by UDP, four replies; says whether the other device sent them.
ask() {
	local before answered
	before=$(sent_by alt)
	answered=$(in_ns client python3 - "$1" <<-'END'
		import socket, sys, time
		family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
		s = socket.socket(family, socket.SOCK_DGRAM)
		s.bind(("", 7777))
		s.settimeout(0.4)
		s.sendto(b"x", (sys.argv[1], 54))
		got = 0
		try:
		    while got < 4:
		        s.recv(100)
		        got += 1
		except TimeoutError:
		    pass
		print(got)
	END
	)
	echo "alt=$(($(sent_by alt) - before)) client=$answered"
}
arrive() { [[ $(ask "$1") == "alt=0 client=4" ]]; }
route() { ip -n director "${1}" route "${@:2}"; }

trace() {
	ip -n client addr add fd00:1::10/64 dev eth0 nodad
	ip -n client route add $VIP6 via fd00:1::1
	ip -n director -batch - <<-END
		addr add fd00:1::1/64 dev front nodad
		addr add $VIP6/128 dev front nodad
		addr add fd00:2::1/64 dev back nodad
		link add alt type dummy
		link set alt arp off up
	END
	ip -n rs1 addr add fd00:2::11/64 dev eth0 nodad
	ip -n rs1 route add default via fd00:2::1
	in_ns director sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	background rs1 python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", 54))
while True:
    data, peer = s.recvfrom(100)
    for _ in range(4): s.sendto(data, peer)' >/dev/null
	listening() { in_ns rs1 ss -Hlun sport = 54 | grep -q .; }
	poll "the server" 10 listening
	admin -A -u $VIP:54 -s rr
	admin -a -u $VIP:54 -r $RS1:54 -m
	admin -A -u "[$VIP6]:54" -s rr
	admin -a -u "[$VIP6]:54" -r "[fd00:2::11]:54" -m
	# Addresses are free to be used, and neighbours known, from now on.
	poll "all answers arrive" 10 arrive $VIP
	poll "all answers arrive" 10 arrive $VIP6
	for case in "-4 $VIP $CLIENT/32" "-6 $VIP6 fd00:1::10/128"; do
		# shellcheck disable=SC2086
		set -- $case
		echo "$1 at first: $(ask "$2")"
		echo "$1 the same way: $(ask "$2")"
		route "$1" add "$3" dev alt
		echo "$1 another route: $(ask "$2")"
		route "$1" del "$3" dev alt
		echo "$1 which goes: $(ask "$2")"
		route "$1" add "$3" dev alt table 77
		ip -n director "$1" rule add from "$2" table 77 priority 100
		echo "$1 a rule for the virtual address: $(ask "$2")"
		ip -n director "$1" rule del priority 100
		echo "$1 which goes: $(ask "$2")"
		ip -n director "$1" rule add iif back table 77 priority 100
		echo "$1 a rule for what comes in by a device: $(ask "$2")"
		ip -n director "$1" rule del priority 100
		route "$1" add unreachable "$3" metric 1
		echo "$1 no route: $(ask "$2")"
		route "$1" del unreachable "$3" metric 1
		echo "$1 a route again: $(ask "$2")"
	done
	timeout 8 ip -n director link del alt && echo "the other device goes at once"
	ip -n director link set front down
	ip -n director link set front up
	ip -n director -batch - <<-END
		addr replace fd00:1::1/64 dev front nodad
		addr replace $VIP6/128 dev front nodad
	END
	echo "-4 the device was down: $(ask $VIP)"
}

heading "Replies and routes that change"
differential trace
expect_eq "replies by the other device" 4 "$(grep -c 'alt=4 client=0' "$RUN/trace.2")"
expect_eq "replies that found no way" 2 "$(grep -c 'no route: alt=0 client=0' "$RUN/trace.2")"
