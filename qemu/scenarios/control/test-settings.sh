#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Settings that change the way of a packet, and thresholds: packet by packet as ip_vs,
	IPv4 and IPv6"

settings() { python3 "$HERE/settings.py"; }
settings6() { FAMILY=6 python3 "$HERE/settings.py"; }

for trace in settings settings6; do
	differential $trace
	seen=$(cat "$RUN/trace.2")
	expect_match "a routed reply leaves the other way" \
		$'a reply, 1\n   at the server TCP 10.0.1.100:80 > 10.0.1.50:1000 SA' "$seen"
	expect_match "and this way if it isn't routed again" \
		$'a reply, 0\n   at the client TCP 10.0.1.100:80 > 10.0.1.50:1000 SA' "$seen"
	expect_match "a port in TIME_WAIT goes to another server at once" \
		$'mode 1, port 82, TIME_WAIT: TIME_WAIT of server [0-9], a SYN\n   at the server TCP [^\n]* S ttl[^\n]*\n    is SYN_RECV of server [0-9] another' "$seen"
	expect_match "or to the same one" \
		$'mode 0, port 82, TIME_WAIT: TIME_WAIT of server [0-9], a SYN\n   at the server TCP [^\n]* S ttl[^\n]*\n    is SYN_RECV of server [0-9] the same' "$seen"
	expect_match "a server takes no more than four" $'thresholds 4 and 0: one too many\n   at the client ICMP' "$seen"
	expect_match "and recovers at three quarters" $'thresholds 4 and 0: 2 are left\n   at the server UDP' "$seen"
	expect_match "a lower threshold is heeded" $'thresholds 4 and 2: 2 are left\n   at the client ICMP' "$seen"
done
