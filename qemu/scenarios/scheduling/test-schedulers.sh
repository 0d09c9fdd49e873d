#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The schedulers that look at loads and weights give each of a long sequence of
	connections to the server that ip_vs gives it to, for 1 to 100 servers, while connections
	are held and ended and rules change. Random draws (twos) have the same shares"

choices() { python3 "$HERE/schedulers.py" choices 1,2,10,100 rr wrr lc wlc sed nq fo ovf none; }
draws() { python3 "$HERE/schedulers.py" twos 1,2,4,100,1000 "$RUN/twos"; }

differential choices
expect_match "connections of 100 servers were seen" "wlc - 100 servers" "$(cat "$RUN/trace.1")"
differential draws
expect_eq "the shares of random draws" 5 "$(grep -cE '(12|36)000 connections, 0 of them to servers without weight; shares as drawn' "$RUN/trace.2")"
# The two modules' draws from one another.
expect_eq "the same distribution as of ip_vs" "1: as drawn 2: as drawn 4: as drawn 100: as drawn 1000: as drawn" \
	"$(python3 "$HERE/chi_squared.py" "$RUN/twos" 2>"$RUN/chi" | paste -sd' ')"
say "twos: $(paste -sd';' "$RUN/chi")"
