#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Servers, weights, thresholds and the scheduler of a service change all the time while
	two CPUs begin connections: none is lost or refused, none goes to a server that was
	removed or has weight 0, and all are counted once"

modprobe -q pktgen 2>/dev/null || [[ -e /proc/net/pktgen ]]

# round TITLE SEED SCHEDULER...: sets SENT, CONNECTIONS, PACKETS, ARRIVED, ENTRIES.
round() {
	local said
	heading "$1"
	shift
	topology
	load_module "$LVS_MODULE"
	pktgen_servers
	# Nothing expires meanwhile.
	admin --set 0 0 900
	said=$(python3 "$HERE/edits.py" "$@" 2>"$RUN/rounds") || fail "edits: $said $(cat "$RUN/rounds")"
	say "$(tail -n 1 "$RUN/rounds"); ${said//$'\n'/; }"
	expect_eq "complaints" "" "$(grep -E 'refused|round|nft' <<<"$said" || true)"
	SENT=$(sed -n 's/^sent //p' <<<"$said")
	read -r _ CONNECTIONS _ PACKETS _ _ ARRIVED < <(grep '^connections ' <<<"$said")
	ENTRIES=$(sed -n 's/^entries //p' <<<"$said")
	expect_eq "connections of a server that stayed" "of the one that was never removed: 0 more than arrived" \
		"$(grep '^of the one' <<<"$said")"
	expect_eq "packets, one of each connection" "$CONNECTIONS" "$PACKETS"
	expect_eq "packets that arrived at servers" "$CONNECTIONS" "$ARRIVED"
	expect_eq "entries of the table" "$CONNECTIONS" "$ENTRIES"
	remove_topology
	unload_module "$LVS_MODULE"
}

round "Schedulers that always find somebody" 1 wlc rr wrr lc sed nq fo twos lblc lblcr
expect_eq "packets sent" 300000 "$SENT"
expect_eq "connections" "$SENT" "$CONNECTIONS"
round "Schedulers that may refuse" 2 sh mh dh ovf none
expect_eq "packets sent" 300000 "$SENT"
expect_eq "some were refused, not all" 1 "$((CONNECTIONS > SENT / 20 && CONNECTIONS < SENT))"
