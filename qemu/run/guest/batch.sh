#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run several tests one after the other in one guest, each on a clean system: no processes,
# namespaces, rules or modules of the one before.
#
# usage: batch.sh SECONDS:TEST...   (files below /lvs; each may take so many seconds)
# The reader finds a test's output between the lines "@@ begin NAME" and "@@ end NAME STATUS". A
# kernel that has detectors of errors is asked after each test, so that what they found has a name;
# since most of them report but once, the tests after such a one are left to another boot.
kernel_said() { dmesg | sed "1,/lvs-guest: test $1\$/d"; }

clean_up() {
	local pid ns
	for pid in $(ps -eo pid= --ppid 2 -p 2 --deselect); do
		case $pid in
		1 | "$$" | "$PPID") ;;
		*) kill -KILL "$pid" 2>/dev/null ;;
		esac
	done
	for ns in $(ip netns list | cut -d' ' -f1); do ip netns del "$ns"; done
	nft flush ruleset
	# Hooks and timers of the namespaces go away in the background.
	for _ in $(seq 50); do
		[ "$(grep -cE '^(lvs|ip_vs) ' /proc/modules)" -ne 0 ] || break
		rmmod lvs 2>/dev/null || modprobe -r ip_vs_ftp ip_vs 2>/dev/null
		while read -r module; do
			rmmod "$module" 2>/dev/null
		done < <(sed -n 's/^\(ip_vs_[a-z_]*\) .*/\1/p' /proc/modules)
		sleep 0.1
	done
}

# Sees to it that the detectors are on and have found nothing.
detectors() { [ ! -e /sys/kernel/debug/kmemleak ] || /lvs/guest/detectors.sh; }

for test; do
	limit=${test%%:*}
	test=${test#*:}
	name=$(basename "$test" .sh)
	echo "@@ begin $name"
	echo "lvs-guest: test $name" >/dev/kmsg
	timeout --kill-after=5 "$limit" "$test"
	status=$?
	[ "$status" -ne 124 ] || echo "gave up after $limit s"
	clean_up
	complained=
	detectors || complained=1
	if kernel_said "$name" | grep -qE -f /lvs/guest/splats; then
		echo "the kernel complained:"
		kernel_said "$name" | grep -E -A 25 -f /lvs/guest/splats | head -n 60
		complained=1
	fi
	[ -z "$complained" ] || [ "$status" -ne 0 ] || status=1
	echo "@@ end $name $status"
	[ -z "$complained" ] || [ ! -e /sys/kernel/debug/kmemleak ] || exit 1
done
