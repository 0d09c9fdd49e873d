#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# TCP states and their timeouts over NAT and DR: after every sequence of three
# segments that follow a SYN they are the same as under ip_vs.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/topology.sh"
. "$LIB/services.sh"
. "$LIB/differential.sh"

nat_states() { python3 "$HERE/states.py" nat; }
dr_states() { python3 "$HERE/states.py" dr; }

heading "States over NAT, where both directions are seen"
differential nat_states
heading "States over DR, where only the client is seen"
differential dr_states
expect_clean_log
pass
