#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "TCP states and their timeouts over NAT and DR: after every sequence of three segments
	that follow a SYN they are the same as under ip_vs"

nat_states() { python3 "$HERE/states.py" nat; }
dr_states() { python3 "$HERE/states.py" dr; }

heading "States over NAT, where both directions are seen"
differential nat_states
heading "States over DR, where only the client is seen"
differential dr_states
