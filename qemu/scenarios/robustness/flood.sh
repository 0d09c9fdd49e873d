# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Floods from a link of their own, and what must hold while one lasts.  Sourced after services.sh.

FLOOD=$RUN/flood
compile "$FLOOD" "$HERE/flood.c" -O2

meminfo() { awk -v key="$1:" '$1 == key { print $2 }' /proc/meminfo; }
entries() { awk '$1 == "lvs_conn" || $1 == "ip_vs_conn" { n = $2 } END { print n + 0 }' /proc/slabinfo; }
# Kilobytes of the pages that connections lie in, with the places of those that are gone.
connection_memory() { awk '$1 == "lvs_conn" || $1 == "ip_vs_conn" { kb = $15 * $6 * 4 } END { print kb + 0 }' /proc/slabinfo; }
scheduled() { admin -Ln --stats --exact | awk -v s="$1" '$2 == s { print $3 }'; }

# What a flood may take at most: half of the memory for connections, and the rest is small.
MEMORY=$(meminfo MemTotal)
MOST=$((MEMORY * 1024 / 2 / 128))

# flood_link: connects the attacker with the director, which drops what the flood's sources send,
# and what is sent to them, when it is about to leave: servers are not under test.
flood_link() {
	ip netns add attacker
	at_exit "ip netns del attacker"
	ip link add flood netns attacker type veth peer name flood netns director
	ip -n attacker link set flood arp off up
	ip -n director link set flood arp off up
	ip -n director route add 20.0.0.0/11 dev flood
	in_ns director sysctl -qw net.ipv4.conf.flood.rp_filter=0
	MAC=$(ip -n director -br link show dev flood | awk '{ print $3 }')
	sysctl -qw net.core.netdev_max_backlog=100000
	in_ns director nft -f - <<-END
		table ip flood {
			chain out { type filter hook postrouting priority 0; ip saddr 20.0.0.0/11 drop; ip daddr 20.0.0.0/11 drop; }
		}
	END
}

# flood KIND COUNT PORT [DESTINATIONS]
flood() { in_ns attacker "$FLOOD" "$1" "$2" flood "$MAC" "${@:3}"; }

# watch_memory: the least that was available and the most connections, in a file.
watch_memory() {
	local least=$MEMORY most=0 now
	while sleep 0.3; do
		now=$(meminfo MemAvailable)
		((now >= least)) || least=$now
		now=$(entries)
		((now <= most)) || most=$now
		echo "$least $most" >"$RUN/watched.new"
		mv "$RUN/watched.new" "$RUN/watched"
	done
}

# under_flood WHAT KIND COUNT PORT [DESTINATIONS]: floods while others ask; "kept" is a connection
# that is held.
under_flood() {
	local what=$1 count=$3 flooder watcher served=0 start=$SECONDS most least before
	shift
	heading "$what"
	before=$(stat -c %s "$RUN/held.kept")
	watch_memory &
	watcher=$!
	flood "$@" &
	flooder=$!
	while kill -0 $flooder 2>/dev/null; do
		expect_match "a new client's answer during it" "^rs[123]=1$" "$(requests 1)"
		expect_match "a query's answer during it" "^rs[123]=1$" "$(queries 1)"
		served=$((served + 1))
		sleep 0.2
	done
	wait $flooder
	poll "memory was looked at" 10 test -s "$RUN/watched"
	kill $watcher
	wait $watcher 2>/dev/null || true
	read -r least most <"$RUN/watched"
	rm -f "$RUN/watched"
	say "$count packets in $((SECONDS - start)) s; $served clients served; at most $most connections in memory; at least $((least / 1024)) MiB available"
	((served > 0)) || fail "no client was served during the flood"
	# Those that are freed after a grace period are among them.
	((most <= MOST * 11 / 10)) || fail "$most connections, more than $MOST take half of the memory"
	((least > MEMORY / 8)) || fail "only $least kB of memory were left of $MEMORY"
	more() { (($(stat -c %s "$RUN/held.kept") > before)); }
	poll "the established connection goes on" 5 more
}

# flood_is_over HELD PID...: so many connections were held all the time; lets them go.
flood_is_over() {
	expect_eq "connections that were held all the time" "$1" \
		"$(in_ns director awk '$2 == "0A00010A" && $8 == "ESTABLISHED" { n++ } END { print n + 0 }' /proc/net/ip_vs_conn)"
	let_go "${@:2}"
	admin -C
}
