#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The persistence engine sip: which server a call goes to, what counts as a call, what
	servers begin, and the templates of it all, the same as ip_vs"

calls() { python3 "$HERE/sip.py" calls; }
odd() { python3 "$HERE/sip.py" odd; }
marks() { python3 "$HERE/sip.py" marks; }
outgoing() { python3 "$HERE/sip.py" outgoing; }
removal() { python3 "$HERE/sip.py" removal; }
six() { python3 "$HERE/sip.py" six; }

heading "Calls of many clients"
differential calls
heading "What is a Call-ID"
differential odd
heading "Calls by firewall mark"
differential marks
heading "Servers that begin"
differential outgoing
heading "Servers that leave, templates that end"
differential removal
heading "Over IPv6"
differential six
heading "Calls met by two CPUs at once"
with_topology
python3 "$HERE/sip.py" race >"$RUN/race"
expect_eq "a race" "2400 packets of 400 calls, of which 0 are split
400 templates of 400 calls" "$(cat "$RUN/race")"
