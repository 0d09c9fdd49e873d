#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Clients of a transparent cache reach the origin when no cache is there (cache_bypass),
	servers are told of replies that nobody awaits (nat_icmp_send): packet by packet as ip_vs,
	IPv4 and IPv6"

bypass() { python3 "$HERE/bypass.py"; }
bypass6() { FAMILY=6 python3 "$HERE/bypass.py"; }

differential bypass
trace=$(cat "$RUN/trace.2")
expect_match "the client's packet reaches the origin" \
	$'no server, bypass\n   at the server TCP 10.0.1.50:[0-9]+ > 10.0.2.55:80 S ttl 63' "$trace"
expect_match "the listing shows no server" "10.0.1.50 [0-9]+ 10.0.2.55 80 -> 0.0.0.0 0 SYN_RECV" "$trace"
expect_match "a server is told" \
	$'1: U A from 10.0.2.50:5353 to 10.0.1.50\n   at the server ICMP 10.0.2.1 > 10.0.2.50 type 3/3' "$trace"
expect_match "a reset is no reason" $'1: T R from 10.0.2.50:8080 to 10.0.1.50\n   at the client TCP' "$trace"

differential bypass6
trace=$(cat "$RUN/trace.2")
expect_match "the client's packet reaches the origin" \
	$'no server, bypass\n   at the server TCP 10.0.1.50:[0-9]+ > 10.0.2.55:80 S ttl 63' "$trace"
expect_match "a server is told" \
	$'1: U A from 10.0.2.50:5353 to 10.0.1.50\n   at the server ICMPv6 10.0.2.1 > 10.0.2.50 type 1/4' "$trace"
