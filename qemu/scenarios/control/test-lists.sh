#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Lists that a client gives up half-way, and lists while others change the rules: each
	list ends, without an error, and the one of the whole table is complete unless it says
	that something changed meanwhile"

topology
for module in ip_vs "$LVS_MODULE"; do
	load_module "$module"
	rm -f "$RUN/stop"
	in_ns director python3 "$HERE/dumps.py" abandon 200
	in_ns director ipvsadm -Sn | sort >"$RUN/steady"
	workers=()
	for i in 1 2; do
		in_ns director python3 "$HERE/dumps.py" lists "$RUN/stop" >"$RUN/lists.$i" 2>"$RUN/said.$i" &
		workers+=($!)
		in_ns director python3 "$HERE/dumps.py" change "$i" "$RUN/stop" 2>"$RUN/changed.$i" &
		workers+=($!)
	done
	for i in $(seq 10); do
		in_ns director "$ADMIN" -Ln --nosort >"$RUN/listing"
		# Where the table is resized meanwhile a service may be missing, under either
		# module; its servers may not.
		expect_eq "services of mark 100000 and higher without their servers" "" "$(awk '
			/^FWM/ { mark = $2; if (mark >= 100000) servers[mark] = 0; next }
			mark >= 100000 { servers[mark]++ }
			END { for (mark in servers) if (servers[mark] != 3) print mark, servers[mark] }' "$RUN/listing")"
	done
	touch "$RUN/stop"
	for worker in "${workers[@]}"; do wait "$worker" || fail "$module: $(cat "$RUN"/said.* "$RUN"/changed.*)"; done
	say "$module: $(cat "$RUN"/said.* "$RUN"/changed.* | paste -sd,)"
	expect_eq "$module: what the lists lacked" "" "$(sort -u "$RUN/lists.1" "$RUN/lists.2" | head -n 5)"
	expect_eq "$module: the rules nobody changed" "" "$(in_ns director ipvsadm -Sn | sort | comm -13 - "$RUN/steady")"
	in_ns director ipvsadm -C
	unload_module "$module"
done
