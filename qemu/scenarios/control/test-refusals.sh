#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "What is refused, with ip_vs's errors, and nothing half-changed: unknown schedulers and
	engines, masks out of range, thresholds, weights; and by both tools, flags of other
	schedulers"

messages() { python3 "$HERE/refusals.py" messages; }
words() { python3 "$HERE/refusals.py" words ipvsadm /lvs/ipvsadm-rs; }

differential messages
trace=$(cat "$RUN/trace.2")
expect_eq "refused requests that changed something" "" "$(grep -E 'CHANGED|a good request' <<<"$trace" || true)"
for name in IPv4 IPv6 mark "IPv6 mark"; do
	expect_match "unknown scheduler, $name" "$name, new with scheduler nosuch: ENOENT" "$trace"
	expect_match "edit to an unknown scheduler, $name" "$name, edit to scheduler nosuch: ENOENT" "$trace"
	expect_match "edit to an unknown engine, $name" "$name, edit to engine beside a good scheduler, flags and time: ENOENT" "$trace"
	expect_match "thresholds, $name" "$name, server edited to the lower threshold above the upper: ERANGE" "$trace"
done
expect_match "prefix of IPv6" "IPv6, edit to prefix 129: EINVAL" "$trace"

differential words
trace=$(cat "$RUN/trace.2")
expect_match "a flag of another scheduler" "-s rr 'sh-port' refused"$'\n' "$trace"
expect_match "a flag of its own" "-s sh 'sh-port' taken TCP  10.0.1.100:80 sh \\(sh-port\\)" "$trace"
expect_match "an unknown scheduler" "-s nosuch  refused TCP  10.0.1.100:80 sh \\(sh-port\\) persistent 77"$'\n' "$trace"
expect_eq "lines that the tools differ in" "" \
	"$(diff <(sed -n '/^== tool 1/,/^== tool 2/{/^==/!p}' <<<"$trace") <(sed -n '/^== tool 2/,${/^==/!p}' <<<"$trace") || true)"
