#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Among 1,000 servers every scheduler gives each of 1,200 connections to the server that
	ip_vs gives it to, while connections are held and ended and rules change: whether it looks
	at all servers or keeps a tree of them"

choices() { python3 "$HERE/schedulers.py" choices 1000 rr wrr lc wlc sed nq fo ovf lblc lblcr sh mh dh none; }

differential choices
trace=$(cat "$RUN/trace.2")
expect_no_match "no rule was refused" "refused" "$trace"
for scheduler in wlc sed lblcr mh; do
	expect_match "connections of $scheduler" "== $scheduler - 1000 servers" "$trace"
done
expect_match "some hundred servers have connections" '([0-9.]+ [0-9.]+ [0-9.]+ +){100}' "$(grep '^   [0-9]' <<<"$trace" | tr -d '\n')"
