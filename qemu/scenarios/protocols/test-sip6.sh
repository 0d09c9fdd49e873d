#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The persistence engine sip over IPv6: which server a call goes to, what counts as a
	call, what servers begin, and the templates of it all, the same as ip_vs"

for part in calls odd marks outgoing removal; do
	heading "$part"
	eval "$part() { FAMILY=6 python3 '$HERE/sip.py' $part; }"
	differential $part
	trace=$(cat "$RUN/trace.2")
	expect_match "packets reached servers" "at the server UDP 10\.0\.1\.[0-9]+:[0-9]+ > 10\.0\.2\.5[0-3]:" "$trace"
	expect_match "templates have Call-IDs" "UDP .* sip [a-z0-9]" "$trace"
done
