#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --peer --mem 1536 --ncpus 1 --real-time
. "$(dirname "$0")/../lib/scenario.sh"
. "$LIB/peer.sh"
scenario "A director in another kernel is filled: one with lvs, which asks, by bulk of which none is lost in
	its socket; and one with ip_vs, which can't ask, when a master starts"

. "$HERE/join.sh"
export ADMIN
COUNT=${COUNT:-100000}

# director NUMBER MODULE: the director of a guest, and its link to the other one.
director() {
	topology >&2
	joined_link director
	ip -n director addr add "10.77.0.$1/24" dev link0
	load_module "$2"
	in_ns director ipvsadm -R <<<"$RULES"
}
start() { in_ns director ipvsadm --start-daemon "$1" --mcast-interface "$2" --syncid 7; }
stop_all() {
	in_ns director ipvsadm --stop-daemon master 2>/dev/null || true
	in_ns director ipvsadm --stop-daemon backup 2>/dev/null || true
}
# waits SECONDS: until it is in sync; prints after how many milliseconds.
waits() {
	local begin
	begin=$(date +%s%N)
	in_ns director "$ADMIN" sync wait --timeout "$1s"
	echo $((($(date +%s%N) - begin) / 1000000))
}
# ip_vs lists only part of a table that grows.
count() { in_ns director awk '/^Conns:/ { print $2 }' /proc/net/ip_vs_status; }
status() { in_ns director "$ADMIN" sync status --json; }
# Datagrams that found no room in a socket.
overruns() { in_ns director awk '/^Udp: [0-9]/ { print $6 }' /proc/net/snmp; }
PEER_FUNCTIONS+=(director start stop_all waits count status overruns)

heading "From lvs to lvs"
director 1 lvs
start backup front
in_ns director "$ADMIN" sync wait --timeout 20s
in_ns client python3 "$HERE/told.py" "$COUNT"
poll "the first one has them" 120 has_conns director "$COUNT"
in_ns director ipvsadm --stop-daemon backup
start master link0
peer_director() { PEER_MODULE=$1 peer eval "RULES='$RULES' ADMIN=$ADMIN; director 2 $1"; }
peer_director lvs
peer start backup link0
took=$(peer eval "ADMIN=$ADMIN; waits 90")
say "$COUNT connections in $took ms, of which up to 1 s is until they have heard of each other"
expect_eq "connections there" "$COUNT" "$(peer eval "ADMIN=$ADMIN; status" | jq .connections)"
expect_eq "datagrams lost in its socket" 0 "$(peer overruns)"
expect_eq "it asked for nothing again" 0 "$(field director .counters.repaired)"
peer stop_all
peer remove_topology
peer unload_module lvs

heading "From lvs to ip_vs"
in_ns director ipvsadm --stop-daemon master
peer_director ip_vs
peer start backup link0
filled() { (($(peer count) == COUNT)); }
# It can't ask for what it lost while others had its processor; each start tells all.
tell_all() {
	in_ns director ipvsadm --stop-daemon master 2>/dev/null || true
	start master link0
	local end=$((SECONDS + 20 * SLOW))
	until filled || ((SECONDS >= end)); do sleep 0.25; done
	filled
}
poll "it is filled" 100 tell_all
say "datagrams lost in its socket: $(peer overruns)"
stop_all
peer stop_all
peer remove_topology
peer unload_module ip_vs
remove_topology
