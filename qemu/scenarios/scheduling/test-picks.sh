#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "rr, wrr, lc and wlc choose the very servers that ip_vs chooses, for the same connections
	begun, held and ended and the same edits between them"

picks() {
	local seed=0 scheduler round
	for scheduler in rr wrr lc wlc; do
		for round in 1 2; do
			seed=$((seed + 1))
			python3 "$HERE/picks.py" $scheduler $seed
		done
	done
}

differential picks
