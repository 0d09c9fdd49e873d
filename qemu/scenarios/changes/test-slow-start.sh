#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Slow start: a server that comes to others, by being added, by its weight, by undrain or by a
	transaction, climbs from a tenth of its weight to all of it, under schedulers that go by turns,
	by loads and by lot; the first ones don't, flapping begins anew, hashing is refused"

topology
load_module "$LVS_MODULE"
export STOCK=/usr/sbin/ipvsadm OURS=${OURS:-/lvs/ipvsadm-rs}
if [[ $LVS_MODULE != lvs ]]; then
	expect_fails "a slow start" in_ns director "$OURS" -A -t $VIP:80 --slow-start 5s
	expect_match "why" "not supported by the kernel module" "$(cat "$RUN/expected-failure")"
	exit 0
fi
python3 "$HERE/slow_start.py"
CHECKS=$((CHECKS + 1))
