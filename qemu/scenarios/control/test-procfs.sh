#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The files in /proc/net are byte for byte those of ip_vs after the same rules and
	traffic, but for the order of services and connections (a random key), seconds that ran
	and, in ip_vs_status, what each module tells of itself"

FILES="ip_vs ip_vs_app ip_vs_conn ip_vs_conn_sync ip_vs_stats ip_vs_stats_percpu"

# The checksums below cover the first line too.
any_size() { sed 's/(size=[0-9]*)/(size=any)/'; }

# Services sorted, each with its servers in their order.
by_service() { any_size | awk 'NR <= 3 { print; next } /^[A-Z]/ { key = $0 } { print key "|" NR "|" $0 }' | sort -s -t'|' -k1,1 | sed 's/.*|//'; }
# by_conn [FIELD]: remaining seconds, field 9 or another, run while the table is read;
# test-states is about them.  Here their column counts.
by_conn() {
	awk -v field="${1:-9}" 'NR == 1 { print; next }
		substr($0, length($0) - 6) ~ /^ *[0-9]+$/ && $field <= 900 { print substr($0, 1, length($0) - 7) " seconds"; next }
		{ print "strange: " $0 }' | sort
}

# The first three lines of the counters; rates depend on the time.
totals() { sed -n '1,3p'; }
percpu_sum() { sed -n '1,2p;/^  ~/p'; }

# Which chains are how long hangs on a random key, how large the table of connections is and how
# rates are estimated on the module: of these the form counts.
status_form() {
	sed -E -e 's/^(Conn buckets:\t)[0-9]+ \([0-9]+ bits/\1N (N bits/' \
		-e 's/^(Conn|Service) buckets (len-)[1-7]:\t[0-9]+ \([0-9]+%\)$/\1 buckets \2N:\tN (N%)/' \
		-e 's/^(Conn|Service) buckets empty:\t[0-9]+ \([0-9]+%\)$/\1 buckets empty:\tN (N%)/' \
		-e 's/^(Stats thread slots:\t)[0-9]+ \(max [0-9]+\)$/\1N (max N)/' \
		-e 's/^(Stats (chain max len|thread ests):\t)[0-9]+$/\1N/' | uniq
}

# ip_vs brings its counters up to date every two seconds.
settle() {
	local before now
	now=$(in_ns director cat /proc/net/ip_vs_stats | totals)
	until [[ $now == "${before:-}" ]]; do
		before=$now
		sleep 2.5
		now=$(in_ns director cat /proc/net/ip_vs_stats | totals)
	done
}

proc() {
	# lvs has this helper in it.
	! loaded ip_vs || modprobe ip_vs_ftp
	echo "before the first service"
	for file in $FILES; do
		echo "--- $file $(in_ns director stat -c '%A %U %G %s' "/proc/net/$file")"
		in_ns director cat "/proc/net/$file"
	done
	echo "--- ip_vs_status $(in_ns director stat -c '%A %U %G %s' /proc/net/ip_vs_status)"
	in_ns director cat /proc/net/ip_vs_status | status_form
	python3 "$HERE/traffic.py"
	# The sysctl folder and other files may come later; rules of every shape.
	in_ns director ipvsadm -A -t 10.0.1.77:65535 -s rr
	in_ns director ipvsadm -a -t 10.0.1.77:65535 -r 10.0.2.55:1 -m -w 2147483647
	in_ns director ipvsadm -a -t 10.0.1.77:65535 -r 10.0.2.56:65535 -m -w 65536
	echo "after the traffic"
	echo "--- ip_vs"
	in_ns director cat /proc/net/ip_vs | by_service
	echo "--- ip_vs_conn"
	in_ns director cat /proc/net/ip_vs_conn | by_conn
	echo "--- ip_vs_conn_sync"
	in_ns director cat /proc/net/ip_vs_conn_sync | by_conn 10
	echo "--- ip_vs_app"
	in_ns director cat /proc/net/ip_vs_app
	# By then the tables have the size that fits, too.
	settle
	echo "--- ip_vs_status"
	in_ns director cat /proc/net/ip_vs_status | status_form
	echo "--- ip_vs_stats"
	in_ns director cat /proc/net/ip_vs_stats | totals
	in_ns director cat /proc/net/ip_vs_stats | sed -n '4,5p;7,$p' | wc
	echo "--- ip_vs_stats_percpu"
	in_ns director cat /proc/net/ip_vs_stats_percpu | percpu_sum
	# Digits do not count, and of rates not even how many there are.
	in_ns director cat /proc/net/ip_vs_stats_percpu | sed -e 's/[0-9A-F]/0/g' -e '/s\/s/{n;s/[ 0-9A-F]/./g}' | cut -c1-30
	echo "--- read in small pieces it is the same"
	in_ns director dd if=/proc/net/ip_vs_conn bs=67 status=none | by_conn | md5sum
	in_ns director dd if=/proc/net/ip_vs_conn_sync bs=53 status=none | by_conn 10 | md5sum
	in_ns director dd if=/proc/net/ip_vs bs=41 status=none | by_service | md5sum
	in_ns director dd if=/proc/net/ip_vs_status bs=7 status=none | status_form
	echo "--- after all rules are gone"
	in_ns director ipvsadm -C
	in_ns director cat /proc/net/ip_vs
	in_ns director cat /proc/net/ip_vs_conn | by_conn
	in_ns director cat /proc/net/ip_vs_status | status_form
}

differential proc
