#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# How long lvs-upgrade takes with many connections; no test, since time is the machine's.
# COUNT: connections (100000); ROUNDS: upgrades (5).
. "$(dirname "$0")/../lib/scenario.sh"
scenario "lvs-upgrade with ${COUNT:=100000} connections: the pause"

. "$HERE/clients.sh"
. "$HERE/upgrades.sh"

echo_service
start_clients silent/tcp/$VIP/7000/0
all_alive "at first"
in_ns director /lvs/ipvsadm-rs save-state "$RUN/one"
expect_eq "connections that were made" "$COUNT" "$(in_ns director python3 "$HERE/clone_records.py" "$RUN/one" "$COUNT")"
for ((round = 0; round < ${ROUNDS:-5}; round++)); do
	# A table that grows isn't listed.
	upgrade_again
	all_alive "after upgrade $((round + 1))"
done
exec 8>&-
