#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Whoever listens is told of what happens to services, servers and synchronisation, in its
	order, whoever did it, and how much was lost to who doesn't read; nobody else is told, and
	nobody waits"

if [[ $LVS_MODULE != lvs ]]; then
	say "ip_vs tells nobody"
	exit 0
fi
topology
load_module lvs
export STOCK=/usr/sbin/ipvsadm OURS=${OURS:-/lvs/ipvsadm-rs}
at_exit "ip netns del doomed"
python3 "$HERE/events.py"
CHECKS=$((CHECKS + 1))

heading "the module goes"
modprobe -q lvs 2>/dev/null || true
status=0
mkfifo "$RUN/lines"
in_ns director "$OURS" monitor >"$RUN/lines" 2>"$RUN/complaint" &
monitor=$!
read -r line <"$RUN/lines"
[[ $line == *" listening: generation "* ]] || fail "$line"
unload_module lvs
wait $monitor || status=$?
expect_eq "who listens ends with an error" "255 ipvsadm-rs: lvs was unloaded" "$status $(cat "$RUN/complaint")"
