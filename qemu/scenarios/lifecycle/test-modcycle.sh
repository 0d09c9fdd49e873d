#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Loading and unloading 200 times leaks nothing; unloading under traffic, with connections
	in the table, is safe"

# Slab objects in use by caches that grow by one or more a cycle when something leaks.
slabs() { awk 'NR > 2 { print $1, $2 }' /proc/slabinfo | sort; }
own_slabs() { awk 'NR > 2 && /^(lvs|ip_vs)/ { print $1 }' /proc/slabinfo; }
memory() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(Slab|VmallocUsed|Percpu):/ { sum += $2 } END { print sum }' /proc/meminfo
}

# A cycle of ip_vs takes several times as long.
CYCLES=$([[ $LVS_MODULE == lvs ]] && echo 200 || echo 30)

heading "$CYCLES times"
for ((i = 0; i < 10; i++)); do
	load_module "$LVS_MODULE"
	unload_module "$LVS_MODULE"
done
slabs >"$RUN/slabs.before"
before=$(memory)
for ((i = 0; i < CYCLES; i++)); do
	load_module "$LVS_MODULE"
	unload_module "$LVS_MODULE"
done
after=$(memory)
slabs >"$RUN/slabs.after"
say "slab, vmalloc and per-CPU memory: $before kB before, $after kB after"
# What a cycle leaks at all is at least 200 objects of 32 bytes; caches breathe.
((after - before < 1024)) || {
	join "$RUN/slabs.before" "$RUN/slabs.after" | awk '$3 - $2 > 100 { print "    " $1 ": " $2 " -> " $3 }'
	fail "memory grew by $((after - before)) kB in $CYCLES cycles"
}
expect_eq "slab caches left behind" "" "$(own_slabs)"
expect_eq "modules left behind" "" "$(grep -E '^(lvs|ip_vs)' /proc/modules || true)"
expect_eq "files left behind" "" "$(ls -d /proc/net/ip_vs* /proc/net/lvs* /proc/sys/net/ipv4/vs 2>/dev/null || true)"

heading "Under traffic"
topology
web_server rs1 rs2 rs3
for ((i = 0; i < 5; i++)); do
	load_module "$LVS_MODULE"
	admin -A -t $VIP:80 -s rr
	for rs in $RS1 $RS2 $RS3; do admin -a -t $VIP:80 -r "$rs" -m; done
	admin -A -u $VIP:53 -s wlc
	admin -a -u $VIP:53 -r $RS1 -m
	expect_eq "requests in round $i" "rs1=5 rs2=5 rs3=5" "$(requests 15)"
	hold "http://$VIP/long" $i
	background client bash -c "while true; do echo x >/dev/udp/$VIP/53; done 2>/dev/null"
	flood=$BACKGROUND_PID
	background client curl -s -o /dev/null "http://$VIP/?[1-100000]"
	admin -C
	unload_module "$LVS_MODULE"
	kill "$flood" "$BACKGROUND_PID"
	let_go "$HELD_PID"
done
remove_topology
expect_eq "slab caches left behind" "" "$(own_slabs)"
