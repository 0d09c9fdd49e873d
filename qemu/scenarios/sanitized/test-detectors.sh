#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Each detector of the sanitized kernel notices the error it is there for: a module makes
	them on purpose"

TRIP=/lvs/lvs_trip.ko
# Every complaint is one that it wants.
LOG_IGNORES=.

# expect_report ERROR PATTERN: what the kernel says when the error is made.
expect_report() {
	local mark="error $1 follows"
	said() { dmesg | sed "1,/$mark/d" | grep -m 1 -E "$1"; }
	echo "$mark" >/dev/kmsg
	insmod $TRIP "error=$1"
	rmmod lvs_trip
	poll "report of $1" 20 said "$2" >"$RUN/report"
	say "$1: $(sed -n '1s/^\[[^]]*\] //p' "$RUN/report")"
}

/lvs/guest/detectors.sh

heading "Locking and RCU"
expect_report unprotected-reader 'suspicious RCU usage'
expect_report sleep-in-atomic 'BUG: (sleeping function called from invalid context|scheduling while atomic)'
# From here on lockdep is off.
expect_report lock-inversion 'possible circular locking dependency'
expect_eq "lockdep after a report" 0 "$(awk '/debug_locks:/ { print $2 }' /proc/lockdep_stats)"

heading "Memory"
insmod $TRIP error=leak
rmmod lvs_trip
expect_fails "the check at the end of a job" /lvs/guest/detectors.sh
expect_match "what it says of lockdep" "OFF: lockdep" "$(<"$RUN/expected-failure")"
expect_match "what it says of the leak" "unreferenced object 0x[0-9a-f]+ .size 4[0-9]{3}" "$(<"$RUN/expected-failure")"
expect_report use-after-free 'BUG: KASAN: slab-use-after-free in use_after_free'
expect_report out-of-bounds 'BUG: KASAN: slab-out-of-bounds in out_of_bounds'
expect_report overwritten-padding 'Right Redzone overwritten'
expect_report broken-list 'list_add corruption'
expect_report active-timer 'ODEBUG: free active .* timer_list'
expect_report active-work 'ODEBUG: free active .* (work_struct|timer_list)'
expect_report double-call-rcu 'ODEBUG: activate active .* rcu_head'
