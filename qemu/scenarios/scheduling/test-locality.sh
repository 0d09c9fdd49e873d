#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The schedulers that remember where an address went (lblc, lblcr) choose as ip_vs, have
	its settings, forget in time, and hold no more than they should however many addresses are
	asked for"

choices() { python3 "$HERE/schedulers.py" choices 1,2,10,100 lblc lblcr; }

vs=/proc/sys/net/ipv4/vs
settings() {
	local name value
	# ip_vs has them from its schedulers.
	if loaded ip_vs; then modprobe -a ip_vs_lblc ip_vs_lblcr; fi
	for name in lblc_expiration lblcr_expiration; do
		in_ns director sh -c "stat -c '%a %s' $vs/$name; cat $vs/$name"
		for value in 5 0 -3 2147483 8589934 8589935 99999999999 soon "7 8"; do
			echo "$name = $value"
			in_ns director sh -c "echo $value >$vs/$name" 2>/dev/null || echo refused
			in_ns director cat $vs/$name
		done
		echo "elsewhere $(cat $vs/$name)"
		echo "in a user's container: $(unshare --user --map-root-user --net ls $vs | grep -c "$name")"
	done
}

differential settings
expect_match "the settings can be changed" $'lblc_expiration = 5\n5\n' "$(cat "$RUN/trace.2")"
expect_match "each namespace has its own" "elsewhere 86400" "$(cat "$RUN/trace.2")"
expect_match "users' containers don't have them" "container: 0" "$(cat "$RUN/trace.2")"
differential choices

# ip_vs looks for what is too old twice an hour.
if [[ $LVS_MODULE != ip_vs ]]; then
	heading "lblc and lblcr forget"
	topology
	load_module "$LVS_MODULE"
	forgets=$(python3 "$HERE/schedulers.py" expiration)
	say "${forgets//$'\n'/; }"
	for scheduler in lblc lblcr; do
		read -r name first second third last <<<"$(grep "^$scheduler " <<<"$forgets")"
		expect_eq "$name has the server" 1 "$(grep -cx '10.8.0.[12]' <<<"$first")"
		expect_eq "$scheduler remembers for as long as the setting says" "$first $first" "$second $third"
		expect_eq "$scheduler forgets after that" 1 "$([[ $last != none && $last != "$first" ]] && echo 1)"
	done

	heading "A flood of addresses"
	# With its debugging on, the allocator keeps several times as much for each object.
	few=$(grep -q slab_debug /proc/cmdline && echo 2560 || echo 512)
	flood=$(python3 "$HERE/schedulers.py" flood)
	say "${flood//$'\n'/; }"
	for scheduler in lblc lblcr; do
		read -r name first second last grown <<<"$(grep "^$scheduler " <<<"$flood")"
		expect_match "$name has the server" '^10\.8\.0\.[12]$' "$first"
		expect_eq "$scheduler remembers the address" "$first" "$second"
		expect_eq "$scheduler forgot it for others" 1 "$([[ $last != none && $last != "$first" ]] && echo 1)"
		expect_eq "$scheduler took no memory for 20,000 addresses ($grown kB)" 1 "$((grown < few))"
	done
	remove_topology
	unload_module "$LVS_MODULE"
fi
