#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Are the detectors of the sanitized kernel on, and has memory leaked? Runs at the end of each job
# there, since some switch themselves off when they stumble: lockdep at its first report, kmemleak
# and debug objects without memory.
set -u
failed=0

expect() {
	local what=$1
	shift
	"$@" || {
		echo "OFF: $what"
		failed=1
	}
}

option() { zcat /proc/config.gz | grep -q "^CONFIG_$1=y"; }
leaks() { sed -n '/^unreferenced object/,$p' /sys/kernel/debug/kmemleak | head -n 60; }
# Neither says a word to the log when it is off.
scan() { echo scan >/sys/kernel/debug/kmemleak; }

for name in KASAN_GENERIC SLUB_DEBUG DEBUG_ATOMIC_SLEEP DEBUG_LIST DEBUG_OBJECTS_TIMERS DEBUG_OBJECTS_WORK \
	DEBUG_OBJECTS_RCU_HEAD PROVE_RCU KUNIT; do
	expect "$name" option "$name"
done
expect "slab poisoning" grep -q 1 /sys/kernel/slab/kmalloc-64/poison
expect "fault injection of slabs" test -d /sys/kernel/debug/failslab
expect "fault injection of pages" test -d /sys/kernel/debug/fail_page_alloc
expect "lockdep" grep -qE 'debug_locks: +1' /proc/lockdep_stats
# The first scan only notes what the objects contain; those younger than 5 seconds are left out.
expect "kmemleak" scan
sleep 5.1
expect "kmemleak" scan
found=$(leaks)
[ -z "$found" ] || {
	echo "memory leaked:"
	echo "$found"
	failed=1
}
[ "$failed" -ne 0 ] || echo "all detectors are on, and no memory leaked"
exit "$failed"
