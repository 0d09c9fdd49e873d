#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Persistent services send a client where its first connection went, as ip_vs does: by
	address, network, FTP and any port, for as long, whatever becomes of servers and settings;
	and the listings say the same"

# shellcheck disable=SC2086
persistence() { python3 "$HERE/persist.py" ${CASES:-}; }

differential persistence
trace=$(cat "$RUN/trace.2")
one='10\.0\.2\.5[0-9]:8000'
expect_match "a client keeps its server" "one client: ($one) \\1 \\1 \\1"$'\n' "$trace "
expect_no_match "two clients have different ones" $'one client: ([0-9.]*):.*another: \\1:.*a third' "$trace"
expect_match "data connections go where the control connection went" \
	$'control: (10\\.0\\.2\\.5[0-9]):21 .*data to other ports: \\1:30000 \\1:40000 \\1:1024 \\1:20\n' "$trace"
expect_match "weight 0 keeps known clients" "all quiescent: known clients: $one $one $one"$'\n'"all quiescent: an unknown one: none" "$trace"
