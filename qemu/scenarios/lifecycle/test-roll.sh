#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
# ROLL_SWAPS    how many swaps at least (default 100)
# ROLL_PAUSE    seconds between two swaps (default 0.2)
# ROLL_SERVERS  how many of the ten servers are replaced (default 10)
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The ten servers of each service are replaced by others, one after the other, by slow start and
	drain, while the whole rule set is swapped time after time by ipvsadm-rs apply, under web
	clients that never end, with connections that they keep and with new ones, by NAT, DR and
	TUN, over IPv4 and IPv6: no request fails, no connection is moved, and all are counted. By
	ipvsadm -C and -R under ip_vs requests fail"

: "${ROLL_SWAPS:=100}" "${ROLL_PAUSE:=0.2}" "${ROLL_SERVERS:=10}"
# A connection that was refused or forgotten is begun again.
ulimit -n 65536
VIP6=fd00:1::100
modprobe -q ip6_tunnel 2>/dev/null || true

declare -A PORT=([m]=8001 [g]=8002 [i]=8003)
SLOW_START=$((2 * SLOW))
SERVERS=10 ALL=$((SERVERS + ROLL_SERVERS)) SERVER=
# Where the servers of a virtual address are: the first ten's addresses end in 101 to 110.
declare -A AT
for ((n = 0; n <= ALL; n++)); do
	AT["$VIP,$n"]=10.0.2.$((100 + n))
	AT["[$VIP6],$n"]="[fd00:2::$((100 + n))]"
done
hosts() { seq -f 'web%g' $ALL; }

# Hosts that each serve by NAT, DR and TUN: replies from the virtual address go to the client
# directly.
network() {
	local n
	topology
	at_exit remove_hosts
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
	for ((n = 1; n <= ALL; n++)); do
		ip netns add web$n
		ip -n switch link add web$n type veth peer name eth0 netns web$n
		printf 'link set web%s %s\n' $n 'master br0' $n up | ip -n switch -batch -
		set_sysctls web$n 0
		ip -n web$n -batch - <<-END
			link set lo up
			link set tunl0 up
			link set ip6tnl0 up
			addr add 10.0.2.$((100 + n))/24 dev eth0
			addr add fd00:2::$((100 + n))/64 dev eth0 nodad
			addr add $VIP/32 dev lo
			addr add $VIP6/128 dev lo nodad
			link set eth0 up
			route add default via 10.0.2.1
			route add default via fd00:2::1
			route add 10.0.1.0/24 dev eth0 table 5
			route add fd00:1::/64 dev eth0 table 5
			rule add from $VIP table 5
		END
		ip -n web$n -6 rule add from $VIP6 table 5
	done
	# shellcheck disable=SC2046
	python3 "$HERE/roll.py" serve "${PORT[*]}" $(hosts) >"$RUN/serves" &
	SERVER=$!
	poll "the servers serve" 20 grep -qs serves "$RUN/serves"
}
remove_hosts() {
	local host
	[[ ! $SERVER ]] || kill "$SERVER" 2>/dev/null || true
	for host in $(hosts); do [[ ! -e /run/netns/$host ]] || ip netns del "$host"; done
}

targets() {
	local port
	for port in "${PORT[@]}"; do echo "$VIP:$port" "[$VIP6]:$port"; done
}
# rules SET FIRST LAST: sets 0 and 1 have the same servers that take connections, in another order,
# with other weights and schedulers; and others that don't, and other services.
rules() {
	local method port target vip n number weight scheduler=rr
	(($1 == 0)) || scheduler=wlc
	for method in m g i; do
		port=${PORT[$method]}
		for vip in $VIP "[$VIP6]"; do
			target=$vip:$port
			echo "-A -t $target -s $scheduler $OPTIONS"
			for ((n = $2; n <= $3; n++)); do
				number=$n weight=1
				(($1 == 0)) || number=$(($2 + $3 - n)) weight=$((1 + n % 3))
				echo "-a -t $target -r ${AT[$vip,$number]}:$port -$method -w $weight"
			done
			# Nobody is there.
			(($1 == 0)) || echo "-a -t $target -r ${AT[$vip,0]}:$port -$method -w 0"
		done
	done
	for ((n = 0; n < 20 * $1; n++)); do
		echo "-A -f $((n + 1)) -s mh"
		echo "-a -f $((n + 1)) -r 10.0.2.11 -m"
	done
}
# sets FIRST LAST: has the next swaps be of these servers.
sets() {
	local i
	for i in 0 1; do rules $i "$1" "$2" >"$RUN/rules.$i.new"; done
	for i in 0 1; do mv "$RUN/rules.$i.new" "$RUN/rules.$i"; done
}

# are NUMBER COUNT STATE: so many services have the server, and each is in that state.
are() {
	local rows
	rows=$(in_ns director grep -E "^ *(10\.0\.2\.|\[fd00:2::)$((100 + $1))\]?:" /proc/net/lvs || true)
	case $3 in
	active) (($(grep -c : <<<"$rows") == $2)) && ! grep -q starting <<<"$rows" ;;
	gone) [[ -z $rows ]] ;;
	esac
}
# Server after server: another one comes, and when it has all its weight the old one is drained, and
# removed once no connection is left.
replace_servers() {
	local n target drains drain
	# None starts slowly while the others are as new.
	sleep $((SLOW_START + 1))
	for ((n = 1; n <= ROLL_SERVERS; n++)); do
		sets $n $((n + SERVERS))
		# It starts slowly meanwhile; on a busy machine nobody might look in time.
		poll "server $((n + SERVERS)) has all its weight" 60 are $((n + SERVERS)) 6 active
		drains=()
		for target in $(targets); do
			admin drain -t "$target" -r "${AT[${target%:*},$n]}:${target##*:}" --for 120s --wait &
			drains+=($!)
		done
		for drain in "${drains[@]}"; do wait "$drain" || fail "server $n has connections left"; done
		sets $((n + 1)) $((n + SERVERS))
		poll "server $n is gone" 60 are $n 0 gone
	done
}

# begin MODULE: clients, and the first rules.
begin() {
	local i
	network
	load_module "$1"
	rm -f "$RUN/stop"
	sets 1 $SERVERS
	admin -R <"$RUN/rules.0"
	# shellcheck disable=SC2046
	in_ns client python3 "$HERE/roll.py" clients "$RUN/stop" $(targets) >"$RUN/clients" 2>"$RUN/reasons" &
	CLIENTS=$!
	poll "clients are served" 60 has_connections 12
	START=$SECONDS
}
has_connections() { (($(in_ns director grep -c ESTABLISHED /proc/net/ip_vs_conn) >= $1)); }

# finish_roll MODULE SWAPS: sets REQUESTS, FAILED, MOVED and CONNECTIONS of the clients, and COUNTED
# of all and BY_SERVICE.
finish_roll() {
	touch "$RUN/stop"
	wait $CLIENTS
	read -r _ REQUESTS _ FAILED _ MOVED _ CONNECTIONS <"$RUN/clients"
	say "$1, $2 swaps in $((SECONDS - START)) s: $(<"$RUN/clients") $(<"$RUN/reasons")"
	COUNTED=$((16#$(in_ns director sed -n 3p /proc/net/ip_vs_stats | awk '{ print $1 }')))
	BY_SERVICE=$(in_ns director ipvsadm -Ln --stats --exact | awk '$1 == "TCP" { n += $3 } END { print n }')
	in_ns director ipvsadm -C
	remove_hosts
	remove_topology
	unload_module "$1"
}

heading "By apply, slow start and drain"
# A connection of DR and TUN that the client has closed is counted as long as its FIN_WAIT lasts.
OPTIONS="--slow-start $SLOW_START --tcp-fin-timeout 2"
begin lvs
replace_servers &
roller=$!
swaps=0
while ((swaps < ROLL_SWAPS)) || kill -0 $roller 2>/dev/null; do
	swaps=$((swaps + 1))
	admin apply "$RUN/rules.$((swaps % 2))" >"$RUN/applied" || fail "apply: $(<"$RUN/applied")"
	sleep "$ROLL_PAUSE"
done
wait $roller || fail "the servers weren't replaced"
expect_eq "server $((SERVERS + ROLL_SERVERS)) of each service" 6 \
	"$(admin -Sn | grep -c -- "-r [^ ]*[.:]$((100 + SERVERS + ROLL_SERVERS))\]\?:")"
finish_roll lvs $swaps
expect_eq "requests were made" 1 "$((REQUESTS > ROLL_SWAPS))"
expect_eq "failed requests" 0 "$FAILED"
expect_eq "moved connections" 0 "$MOVED"
expect_eq "connections that were counted" "$CONNECTIONS" "$COUNTED"
expect_eq "connections that services counted" "$CONNECTIONS" "$BY_SERVICE"

heading "By ipvsadm -C and -R under ip_vs"
OPTIONS="" ADMIN=ipvsadm
begin ip_vs
for ((swaps = 0; swaps < ROLL_SWAPS / 5; swaps++)); do
	n=$((swaps * ROLL_SERVERS * 5 / ROLL_SWAPS))
	sets $((1 + n)) $((SERVERS + n))
	admin -C
	admin -R <"$RUN/rules.$((swaps % 2))"
done
finish_roll ip_vs $swaps
expect_eq "requests were made" 1 "$((REQUESTS > 0))"
