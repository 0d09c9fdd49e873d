#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "A service's own timeouts: its connections live by them, state by state, others by --set; they
	are changed, kept by stock ipvsadm, saved, restored, applied and refused; a segment of a
	connection that was forgotten goes on to the host, is reset or dropped, as service and
	namespace say"

dual_stack
load_module "$LVS_MODULE"
export STOCK=/usr/sbin/ipvsadm OURS=${OURS:-/lvs/ipvsadm-rs}
if [[ $LVS_MODULE != lvs ]]; then
	expect_fails "a timeout of a service's own" in_ns director "$OURS" -A -t $VIP:80 --tcp-timeout 5
	expect_match "why" "not supported by the kernel module" "$(cat "$RUN/expected-failure")"
	exit 0
fi
python3 "$HERE/service_timeouts.py"
CHECKS=$((CHECKS + 1))
