#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
# KEY_LIMIT  milliseconds within which a key has to be answered (500: others use the machine, too).
# A picture's screen:
#   qemu/run/uml.sh --real-time --env PICTURE=75 qemu/scenarios/programs/test-watch.sh
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The live view shows services, servers, drains, slow start, drops by reason and the last minute on
	80 × 24, and answers each key within KEY_LIMIT (500) milliseconds while it reads WATCH_SERVICES (10,000) with four
	servers each"

. "$LIB/many_services.sh"
: "${WATCH_SERVICES:=10000}"
export OURS=/lvs/ipvsadm-rs VIP RS1 RS2 RS3
with_topology rs1 rs2 rs3
[[ $LVS_MODULE == lvs ]] || exit 0
in_ns director "$OURS" -R <<-END
	-A -t $VIP:80 -s rr
	-a -t $VIP:80 -r $RS1:80 -m
	-a -t $VIP:80 -r $RS2:80 -m
	-a -t $VIP:80 -r $RS3:80 -m -w 3
	-A -u $VIP:53 -s wlc
	-a -u $VIP:53 -r $RS1:53 -m -w 0
END
python3 "$HERE/watch.py" shown
in_ns director "$OURS" -C
[[ -z ${PICTURE:-} ]] || exit 0

heading "Many services"
many_services "$WATCH_SERVICES" 4 >"$RUN/rules"
in_ns director "$OURS" -R <"$RUN/rules"
python3 "$HERE/watch.py" keys "$WATCH_SERVICES"
CHECKS=$((CHECKS + 20))
