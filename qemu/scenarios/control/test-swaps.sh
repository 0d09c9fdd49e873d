#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Two sets of rules are swapped by transactions all the time while two CPUs begin
	connections: no packet sees a part of one set and a part of the other, none finds no
	service or no server, and all are counted once. By ipvsadm -C and -R packets are lost"

modprobe -q pktgen 2>/dev/null || [[ -e /proc/net/pktgen ]]

# swaps HOW MODULE: sets what swaps.py says as SAID[NAME].
declare -A SAID
swaps() {
	local name value
	topology
	load_module "$2"
	pktgen_servers
	# Nothing expires meanwhile.
	in_ns director ipvsadm --set 0 0 900
	python3 "$HERE/swaps.py" "$1" >"$RUN/said" || fail "swaps: $(<"$RUN/said")"
	while read -r name value; do SAID[$name]=$value; done <"$RUN/said"
	say "$(paste -sd, "$RUN/said")"
	in_ns director ipvsadm -C
	remove_topology
	unload_module "$2"
}

heading "By transactions"
swaps transaction lvs
expect_eq "many swaps" 1 "$((SAID[swaps] >= 20))"
expect_eq "packets sent" 200000 "${SAID[sent]}"
expect_eq "connections" "${SAID[sent]}" "${SAID[connections]}"
expect_eq "packets that arrived at servers" "${SAID[sent]}" "${SAID[arrived]}"
expect_eq "packets that saw a part of each set" 0 "${SAID[wrong]}"
for name in first second left right; do expect_eq "some reached $name" 1 "$((SAID[$name] > 0))"; done
expect_eq "those to port 54" $((SAID[sent] / 2)) $((SAID[first] + SAID[second]))

heading "By ipvsadm -C and -R, under ip_vs"
swaps restore ip_vs
say "of ${SAID[sent]} packets $((SAID[sent] - SAID[arrived])) were lost, and ${SAID[wrong]} saw a part of each set"
