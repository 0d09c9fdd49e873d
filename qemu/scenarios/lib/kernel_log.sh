# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the kernel said since the scenario began.
#
# LOG_IGNORES  a pattern of complaints that the scenario provokes (default: none)

MARK="scenario $NAME $$ starts"
log_mark() { echo "$MARK" >/dev/kmsg; }
kernel_log() { dmesg | sed "1,/$MARK/d"; }
# Stricter than for a whole run, whose console has what programs say, too, and stacks that are no
# complaint.
bad_log() {
	kernel_log | grep -E -e 'WARNING|BUG|[Pp]anic|refcount_t|Call Trace' -f /lvs/guest/splats |
		grep -vE "${LOG_IGNORES:-^$}" || true
}
expect_clean_log() { expect_eq "warnings in the kernel log" "" "$(bad_log)"; }
