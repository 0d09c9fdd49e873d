#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Explain names the server that a client's next connection then gets, by every scheduler that
	doesn't draw, with persistence, marks and drains; it finds the connection that is there, the way,
	and what drops packets; and asking changes nothing"

with_topology
export OURS=${OURS:-/lvs/ipvsadm-rs}
if [[ $LVS_MODULE != lvs ]]; then
	status=0
	text=$(in_ns director "$OURS" explain $CLIENT $VIP:80 2>&1) || status=$?
	expect_eq "the status without lvs" 2 $status
	expect_match "what is missing" "only lvs explains, and it isn't loaded" "$text"
	exit 0
fi
python3 "$HERE/explain.py" cases
python3 "$HERE/explain.py" picks
FAMILY=6 python3 "$HERE/explain.py" picks
CHECKS=$((CHECKS + 3))
