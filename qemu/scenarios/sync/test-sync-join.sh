#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time --mem 1024
. "$(dirname "$0")/../lib/scenario.sh"
scenario "A director that joins, or returns, is filled by one that has all, and says when it is: over
	links that lose or are narrow, too, by several threads; what was said later isn't undone; two
	masters; clocks that jump; one that vanishes while it is filled"

. "$HERE/second.sh"
. "$HERE/join.sh"
export ADMIN
COUNT=${COUNT:-20000}

# join NS [ROLE]: it joins, and has all.
join() {
	local begin now
	begin=$(date +%s%N)
	daemon "$1" "${2:-backup}"
	sync "$1" wait --timeout 90s || fail "$1 isn't in sync: $(sync "$1" status)"
	now=$(date +%s%N)
	say "$1: in sync after $(((now - begin) / 1000000)) ms, with $(conns "$1") connections"
	expect_eq "connections of $1" "$COUNT" "$(conns "$1")"
	expect_eq "its phase" "in sync" "$(field "$1" .phase)"
}
# leave NS: it forgets all.
leave() {
	forget "$1"
	local end=$((SECONDS + 6))
	forgets() { ((SECONDS >= end)); }
	poll "$1 forgets the others" 10 forgets
}
netem() {
	local ns
	for ns in director director2; do
		tc -n $ns qdisc replace dev front root netem "$@"
	done
}
plain() {
	local ns
	for ns in director director2; do
		tc -n $ns qdisc del dev front root
	done
}

second_director
load_module "$LVS_MODULE"
modprobe -q sch_netem
for ns in director director2; do in_ns $ns ipvsadm -R <<<"$RULES"; done

heading "Alone"
expect_eq "phase without a daemon" off "$(field director .phase)"
expect_fails "in sync without a daemon" sync director wait --timeout 200ms
daemon director backup
expect_eq "phase at first" starting "$(field director .phase)"
expect_fails "in sync at once" sync director wait --timeout 200ms
sync director wait --timeout 20s
expect_eq "phase" alone "$(field director .phase)"
expect_match "the file" "In sync +yes" "$(in_ns director cat /proc/net/lvs)"

heading "$COUNT connections, and a director that joins"
in_ns client python3 "$HERE/told.py" "$COUNT"
poll "the first one has them" 60 has_conns director "$COUNT"
expect_eq "it is alone" alone "$(field director .phase)"
daemon director master
join director2
expect_eq "whom it asked" "$(field director .boot_id)" "$(field director2 .donor)"
same_rules='[.peers[] | select(.silent_seconds < 2 and .connections > 0) | .same_rules] | all'
expect_eq "the rules are the same" true "$(field director2 "$same_rules")"
in_ns director2 ipvsadm -A -t $VIP:81 -s rr
poll "others are noticed" 5 is director "$same_rules" false
in_ns director2 ipvsadm -D -t $VIP:81
poll "the same ones again" 5 is director "$same_rules" true

heading "The master returns empty, and is filled by the backup"
leave director
join director master
expect_eq "whom it asked" "$(field director2 .boot_id)" "$(field director .donor)"

heading "A change of roles costs nothing"
boot=$(field director2 .boot_id)
stop director2 backup
daemon director2 master
expect_eq "in sync at once" true "$(field director2 .in_sync)"
expect_eq "the same boot id" "$boot" "$(field director2 .boot_id)"
stop director2 master

for loss in 1 10 50; do
	heading "$loss % are lost"
	leave director2
	netem loss $loss%
	join director2
	plain
	say "missed and repaired: $(field director .counters.repaired)"
done
repaired=$(field director .counters.repaired)
((repaired > 0)) || fail "nothing was repaired"

heading "Some come twice, some late"
leave director2
netem delay 5ms 5ms duplicate 20% reorder 30%
join director2
plain

heading "A link with room for less than a message"
leave director2
for ns in director director2; do ip -n $ns link set front mtu 900; done
join director2
for ns in director director2; do ip -n $ns link set front mtu 1500; done

heading "Clocks that jump, by ten years ahead and back, while it is filled"
leave director2
netem delay 100ms
daemon director2 backup
poll "it is being filled" 20 is director2 .phase filling
real=$(date +%s) began=$(cut -d. -f1 /proc/uptime)
date -s "@$((real + 315360000))" >/dev/null
sync director2 wait --timeout 90s
date -s "@$((real - 315360000))" >/dev/null
stop director2 backup
daemon director2 backup
sync director2 wait --timeout 90s
date -s "@$((real + $(cut -d. -f1 /proc/uptime) - began))" >/dev/null
plain
expect_eq "connections of director2" "$COUNT" "$(conns director2)"
expect_eq "none is over" "$COUNT" "$(conns director)"

heading "What was said later isn't undone"
python3 "$HERE/older.py"

heading "Two masters, each a backup, too"
daemon director backup
daemon director2 master
poll "both are in sync" 20 is director2 .in_sync true
before=$(field director .counters.signals_sent)
start=$SECONDS
passed() { ((SECONDS >= start + 3)); }
poll "some seconds pass" 10 passed
signals=$(($(field director .counters.signals_sent) - before))
((signals <= 10)) || fail "$signals signals in $((SECONDS - start)) s"
say "$signals signals in $((SECONDS - start)) s"

heading "By four threads"
for ns in director director2; do
	leave_daemons() { stop "$1" master 2>/dev/null; stop "$1" backup 2>/dev/null; true; }
	leave_daemons $ns
	in_ns $ns sysctl -qw net.ipv4.vs.sync_ports=4
done
leave director2
daemon director master
sync director wait --timeout 20s
# One more if the two had time to tell each other all.
COUNT=$(conns director)
join director2

heading "One that vanishes while it is filled"
leave director2
netem delay 100ms
daemon director2 backup
poll "it is being filled" 20 is director2 .phase filling
remove_second_director
poll "it isn't waited for" 20 is director '[.peers[] | select(.silent_seconds < 4 and .in_sync == false)] | length' 0
expect_eq "the other one is in sync" true "$(field director .in_sync)"
