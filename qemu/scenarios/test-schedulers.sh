#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The schedulers that look at loads and weights give each of a long sequence of
# connections to the server that ip_vs gives it to, for 1 to 100 servers, while
# connections are held and ended and rules change.  Random draws (twos) have the
# same shares.
. "$(dirname "$0")/lib/common.sh"
. "$LIB/topology.sh"
. "$LIB/services.sh"
. "$LIB/differential.sh"

choices() { python3 "$LIB/schedulers.py" choices 1,2,10,100 rr wrr lc wlc sed nq fo ovf none; }
draws() { python3 "$LIB/schedulers.py" twos "$RUN/twos"; }

differential choices
expect_match "connections of 100 servers were seen" "wlc - 100 servers" "$(cat "$RUN/trace.1")"
differential draws
expect_eq "the shares of random draws" "twos: 6000 connections; shares as drawn" "$(cat "$RUN/trace.2")"

# Chi-squared for two samples of four classes; 16.27 is exceeded once in 1,000.
chi=$(awk '{ for (i = 1; i <= NF; i++) n[NR, i] = $i } END {
	for (i = 1; i <= NF; i++) chi += (n[1, i] - n[2, i]) ^ 2 / (n[1, i] + n[2, i])
	printf "%.2f", chi }' "$RUN/twos")
say "twos drew: $(tr '\n' ';' <"$RUN/twos") chi-squared $chi"
expect_eq "chi-squared below 16.27" 1 "$(awk "BEGIN { print ($chi < 16.27) }")"
expect_clean_log
pass
