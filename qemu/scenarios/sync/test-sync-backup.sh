#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "What a backup makes of messages of all shapes: those captured from ip_vs, wrong ones, each
	option, protocol, state, flag and time, servers that are there, come later or change, version 0.
	The same entries and counts under ip_vs and lvs"

told() { python3 "$HERE/backup_cases.py"; }
differential told dual_stack
