#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --append ipv6.disable=1
. "$(dirname "$0")/../lib/scenario.sh"
scenario "A kernel that was booted without IPv6, where ip_vs once looked into tables that do not
	exist (2017): services and servers of that family are refused as ip_vs refuses them, and
	IPv4 works"

[[ ! -e /proc/sys/net/ipv6 ]] || fail "this guest has IPv6"
setup() {
	topology
	web_server rs1
}
calls() {
	local line status
	for line in "-A -t [fd00::1]:80 -s rr" "-A -f 1 -6 -s rr" "-A -t $VIP:80 -s rr" "-a -t $VIP:80 -r [fd00::2]:80 -i" \
		"-a -t $VIP:80 -r $RS1 -m" "-Ln -6" "-D -t [fd00::1]:80"; do
		status=0
		# shellcheck disable=SC2086 # words are wanted
		in_ns director ipvsadm $line >"$RUN/said" 2>&1 || status=$?
		echo "$line: $status $(cat "$RUN/said")"
	done
	requests 3
	in_ns director ipvsadm -Sn
}
differential calls setup
expect_match "IPv4 requests" "rs1=3" "$(cat "$RUN/trace.2")"
expect_no_match "services of IPv6" "fd00" "$(grep '^-A -t .* -s rr$' "$RUN/trace.2" || true)"
