#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Over IPv6, by firewall mark (-f N -6), every scheduler gives each connection to the
	server that ip_vs gives it to, while connections are held and ended and rules change"

# shellcheck disable=SC2086
choices() { FAMILY=6 python3 "$HERE/schedulers.py" choices 1,10,100 ${SCHEDULERS:-rr wrr lc wlc sed nq fo ovf none sh mh dh lblc lblcr}; }
draws() { FAMILY=6 python3 "$HERE/schedulers.py" twos 1,2,4,100,1000 "$RUN/twos"; }

differential choices
expect_no_match "no rule was refused" "refused" "$(cat "$RUN/trace.2")"
expect_match "connections reached servers" '   0\.[0-9]+ 0\.[0-9]+ 0\.[0-9]+ 0\.[0-9]+ ' "$(cat "$RUN/trace.2")"
differential draws
expect_eq "the shares of random draws" 5 "$(grep -cE '(12|36)000 connections, 0 of them to servers without weight; shares as drawn' "$RUN/trace.2")"
# The two modules' draws from one another.
expect_eq "the same distribution as of ip_vs" "1: as drawn 2: as drawn 4: as drawn 100: as drawn 1000: as drawn" \
	"$(python3 "$HERE/chi_squared.py" "$RUN/twos" 2>"$RUN/chi" | paste -sd' ')"
say "twos: $(paste -sd';' "$RUN/chi")"
