#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The counters of services, servers and the whole are those of ip_vs for the same traffic,
	also after zeroing and after a server was removed"

stats() { in_ns director ipvsadm -Ln --stats --exact; }
total() { in_ns director sed -n 3p /proc/net/ip_vs_stats; }
# ip_vs brings its counters up to date every two seconds.
settle() {
	local before now
	now=$(stats; total)
	until [[ $now == "${before:-}" ]]; do
		before=$now
		sleep 2.2
		now=$(stats; total)
	done
}

counters() {
	python3 "$HERE/traffic.py"
	settle
	echo "after the traffic"
	stats
	total
	in_ns director ipvsadm -Ln
	in_ns director ipvsadm -Ln --thresholds
	in_ns director ipvsadm -Ln --persistent-conn
	in_ns director ipvsadm -Z -t $VIP:80
	echo "one service zeroed"
	stats
	total
	in_ns director ipvsadm -d -t $VIP:81 -r 10.0.2.50:81
	echo "one server removed"
	stats
	in_ns director ipvsadm -Z
	echo "everything zeroed"
	stats
	total
}

differential counters
expect_match "TCP over NAT was counted" "$VIP:80 +30 +70 +60" "$(cat "$RUN/trace.2")"
