#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
# ROLL_SWAPS  how many swaps (default 100)
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The whole rule set is swapped time after time by ipvsadm-rs apply under web clients that
	never end, with connections that they keep and with new ones, by NAT, DR and TUN, over IPv4
	and IPv6: no request fails, no connection is moved, and all connections are counted. By
	ipvsadm -C and -R under ip_vs requests fail"

: "${ROLL_SWAPS:=100}"
# A connection that was refused or forgotten is begun again.
ulimit -n 65536
VIP6=fd00:1::100
modprobe -q ip6_tunnel 2>/dev/null || true

# The servers of a method: rs1's for NAT, rs2's for DR, rs3's for TUN, three addresses each.
declare -A RS=([m]=1 [g]=2 [i]=3) PORT=([m]=8001 [g]=8002 [i]=8003)

network() {
	local i n method
	topology
	in_ns director sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	ip -n director -batch - <<-END
		addr add fd00:1::1/64 dev front nodad
		addr add $VIP6/128 dev front nodad
		addr add fd00:2::1/64 dev back nodad
	END
	ip -n client -batch - <<-END
		addr add fd00:1::10/64 dev eth0 nodad
		route add default via fd00:1::1
	END
	for i in 1 2 3; do
		for n in 1 2 3; do
			((n == 1)) || ip -n rs$i addr add 10.0.2.$n$i/24 dev eth0
			ip -n rs$i addr add fd00:2::$n$i/64 dev eth0 nodad
		done
		ip -n rs$i -6 route add default via fd00:2::1
	done
	tun_server rs3
	dr_server rs2
	for i in 2 3; do
		ip -n rs$i addr add $VIP6/128 dev lo nodad
		ip -n rs$i -6 route replace fd00:1::/64 dev eth0
	done
	ip -n rs3 link set ip6tnl0 up
	for method in m g i; do
		i=${RS[$method]}
		rm -f "$RUN/serves.$i"
		background "rs$i" python3 "$HERE/roll.py" serve "rs$i" "${PORT[$method]}" >"$RUN/serves.$i"
		poll "rs$i serves" 20 grep -q serves "$RUN/serves.$i"
	done
}

# rules NUMBER: sets 0 and 1 have the same servers that take connections, in another order, with
# other weights and schedulers; and others that don't, and other services.
rules() {
	local method i port vip prefix n weight scheduler
	for method in m g i; do
		i=${RS[$method]} port=${PORT[$method]}
		for vip in "$VIP" "[$VIP6]"; do
			scheduler=rr
			(($1 == 0)) || scheduler=wlc
			echo "-A -t $vip:$port -s $scheduler"
			for n in 1 2 3; do
				(($1 == 0)) || n=$((4 - n))
				weight=$((1 + ($1 * n)))
				((n < 3)) || weight=0
				if [[ $vip == "$VIP" ]]; then prefix=10.0.2.$n$i; else prefix="[fd00:2::$n$i]"; fi
				((n == 3 && $1 == 0)) || echo "-a -t $vip:$port -r $prefix:$port -$method -w $weight"
			done
		done
	done
	for ((n = 0; n < 20 * $1; n++)); do
		echo "-A -f $((n + 1)) -s mh"
		echo "-a -f $((n + 1)) -r 10.0.2.11 -m"
	done
}

targets() {
	local port
	for port in 8001 8002 8003; do echo "$VIP:$port" "[$VIP6]:$port"; done
}

# roll MODULE HOW COUNT: sets REQUESTS, FAILED, MOVED and CONNECTIONS of the clients, and COUNTED.
roll() {
	local i start clients
	network
	load_module "$1"
	for i in 0 1; do rules $i >"$RUN/rules.$i"; done
	in_ns director ipvsadm -R <"$RUN/rules.0"
	rm -f "$RUN/stop"
	# shellcheck disable=SC2046
	in_ns client python3 "$HERE/roll.py" clients "$RUN/stop" $(targets) >"$RUN/clients" 2>"$RUN/reasons" &
	clients=$!
	poll "clients are served" 20 has_connections 24
	start=$SECONDS
	for ((i = 1; i <= $3; i++)); do
		case $2 in
		apply) in_ns director "$ADMIN" apply "$RUN/rules.$((i % 2))" >"$RUN/applied" || fail "apply: $(<"$RUN/applied")" ;;
		restore)
			in_ns director ipvsadm -C
			in_ns director ipvsadm -R <"$RUN/rules.$((i % 2))"
			;;
		esac
	done
	touch "$RUN/stop"
	wait $clients
	read -r _ REQUESTS _ FAILED _ MOVED _ CONNECTIONS <"$RUN/clients"
	say "$1, $3 swaps in $((SECONDS - start)) s: $(<"$RUN/clients") $(<"$RUN/reasons")"
	COUNTED=$((16#$(in_ns director sed -n 3p /proc/net/ip_vs_stats | awk '{ print $1 }')))
	in_ns director ipvsadm -C
	remove_topology
	unload_module "$1"
}
has_connections() { (($(in_ns director grep -c ESTABLISHED /proc/net/ip_vs_conn) >= $1 / 2)); }

heading "By apply"
roll lvs apply "$ROLL_SWAPS"
expect_eq "requests were made" 1 "$((REQUESTS > ROLL_SWAPS))"
expect_eq "failed requests" 0 "$FAILED"
expect_eq "moved connections" 0 "$MOVED"
expect_eq "connections that were counted" "$CONNECTIONS" "$COUNTED"

heading "By ipvsadm -C and -R under ip_vs"
roll ip_vs restore "$((ROLL_SWAPS / 5))"
