#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Are the detectors of the sanitized kernel really on? Some switch themselves off when they stumble early in the boot.
set -u
failed=0

expect() {
	local what=$1
	shift
	if "$@"; then
		echo "on:  $what"
	else
		echo "OFF: $what"
		failed=1
	fi
}

option() { zcat /proc/config.gz | grep -q "^CONFIG_$1=y"; }

expect "KASAN" option KASAN_GENERIC
expect "debug objects" option DEBUG_OBJECTS_RCU_HEAD
expect "list checks" option DEBUG_LIST
expect "sleep in atomic context" option DEBUG_ATOMIC_SLEEP
expect "RCU proofs" option PROVE_RCU
expect "kmemleak" sh -c 'echo scan >/sys/kernel/debug/kmemleak'
expect "fault injection of slab" test -d /sys/kernel/debug/failslab
expect "KUnit" option KUNIT
expect "lockdep" grep -qE 'debug_locks: +1' /proc/lockdep_stats
exit "$failed"
