#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --mem 512
# Floods on a machine with little memory: SYNs of two million sources, datagrams, clients of a persistent service, first
# fragments, and addresses for caches.  Memory stays bounded, an established connection goes on and new clients are served
# while each lasts.
#
# FLOOD_SOURCES  how many SYNs, each from another address (default 2,000,000; a twentieth of the others)
. "$(dirname "$0")/lib/common.sh"
. "$LIB/topology.sh"
. "$LIB/services.sh"

# The kernel with sanitizers is ten times as slow and takes more memory for each object.
[[ ! -e /sys/kernel/debug/kmemleak ]] || : "${FLOOD_SOURCES:=100000}"
: "${FLOOD_SOURCES:=2000000}"
FLOOD=$RUN/flood
compile "$FLOOD" "$LIB/flood.c" -O2

meminfo() { awk -v key="$1:" '$1 == key { print $2 }' /proc/meminfo; }
entries() { awk '$1 == "lvs_conn" || $1 == "ip_vs_conn" { n = $2 } END { print n + 0 }' /proc/slabinfo; }
scheduled() { admin -Ln --stats --exact | awk -v s="$1" '$2 == s { print $3 }'; }

# What a flood may take at most: half of the memory for connections, and the rest is small.
MEMORY=$(meminfo MemTotal)
MOST=$((MEMORY * 1024 / 2 / 128))

topology
web_server rs1 rs2 rs3
dns_server rs1 rs2 rs3
load_module "$LVS_MODULE"
admin -A -t $VIP:80 -s rr
admin -A -u $VIP:53 -s rr
admin -A -u $VIP:54 -s rr
admin -A -u $VIP:55 -s rr -p 600
admin -A -f 7 -s lblcr
for server in $RS1 $RS2 $RS3; do
	admin -a -t $VIP:80 -r $server -m
	for port in 53 54 55; do admin -a -u $VIP:$port -r $server -m; done
	admin -a -f 7 -r $server -g
done
# The flood has a link of its own.  Its packets are dropped when they are about to leave: servers are not under test.
ip netns add attacker
at_exit "ip netns del attacker"
ip link add flood netns attacker type veth peer name flood netns director
ip -n attacker link set flood arp off up
ip -n director link set flood arp off up
MAC=$(ip -n director -br link show dev flood | awk '{ print $3 }')
sysctl -qw net.core.netdev_max_backlog=100000
in_ns director nft -f - <<-END
	table ip flood {
		chain out { type filter hook postrouting priority 0; ip saddr 20.0.0.0/11 drop; }
		chain in { type filter hook prerouting priority -150; ip daddr 10.64.0.0/10 mark set 7; }
	}
END
in_ns director ip route add local 10.64.0.0/10 dev lo

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

# under_flood WHAT COMMAND...: floods until the command, which stands for a client, has been served ten times.
under_flood() {
	local what=$1 kind=$2 count=$3 port=$4 flooder watcher served=0 start=$SECONDS most least before after
	shift 4
	heading "$what"
	before=$(stat -c %s "$RUN/held.kept")
	watch_memory &
	watcher=$!
	in_ns attacker "$FLOOD" "$kind" "$count" flood "$MAC" "$port" "$@" &
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

hold "http://$VIP/slowest" kept
fewer=$((FLOOD_SOURCES / 20))
under_flood "SYNs of $FLOOD_SOURCES sources" syn "$FLOOD_SOURCES" 80
made=$(scheduled $VIP:80)
((made >= FLOOD_SOURCES * 95 / 100)) || fail "only $made connections were made: the flood did not arrive"
under_flood "Datagrams of $fewer sources" udp "$fewer" 54
under_flood "$fewer clients of a persistent service" udp "$fewer" 55
under_flood "First fragments, and no others" fragment "$fewer" 54
threshold=$(in_ns director sysctl -n net.ipv4.ipfrag_high_thresh)
held=$(in_ns director awk '$1 == "FRAG:" { print $5 }' /proc/net/sockstat)
((held <= threshold * 2)) || fail "$held bytes of fragments are held, of $threshold"
slab=$(meminfo Slab) count=$(entries)
under_flood "$fewer addresses for caches" udp "$fewer" 56 "$fewer"
(($(scheduled 7) >= fewer * 95 / 100)) || fail "the flood did not reach the caches' service"
grown=$(($(meminfo Slab) - slab - ($(entries) - count) / 8))
((grown < 8192)) || fail "the caches' addresses took $grown kB"

heading "When it is over"
expect_eq "new clients" "rs1=5 rs2=5 rs3=5" "$(requests 15)"
expect_eq "connections that were held all the time" 1 \
	"$(in_ns director awk '$2 == "0A00010A" && $8 == "ESTABLISHED" { n++ } END { print n + 0 }' /proc/net/ip_vs_conn)"
let_go "$HELD_PID"
admin -C
remove_topology
unload_module "$LVS_MODULE"
no_slabs() { ! grep -E '^(lvs|ip_vs)' /proc/slabinfo; }
poll "no slab cache is left behind" 30 no_slabs
expect_clean_log
pass
