#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "A packet that is dropped is counted once, by its reason, in /proc/net/lvs and by the metrics,
	and whoever watches the kernel's dropped packets learns the kernel's reason that fits; packets
	that aren't dropped count nowhere"

TOOL=/lvs/ipvsadm-rs
# Only kernels with trace events tell anybody else.
EVENT=/sys/kernel/tracing/events/skb/kfree_skb
[[ -e $EVENT ]] || mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null || true

with_topology
modprobe -q tun 2>/dev/null || [[ -e /dev/net/tun ]]
python3 "$HERE/drop_reasons.py" "$EVENT" "$HERE/../sanitized"

heading "Metrics"
in_ns director "$TOOL" metrics | awk '/^lvs_dropped_packets_total/' >"$RUN/metrics"
in_ns director awk '/^  / && dropped { printf "lvs_dropped_packets_total{reason=\"%s\"} %s\n", $1, $2 } !/^  / { dropped = /^Dropped/ }' \
	/proc/net/lvs >"$RUN/procfs"
expect_eq "what was counted" "$(cat "$RUN/procfs")" "$(grep -v ' 0$' "$RUN/metrics")"
# Allocations fail on purpose on the kernel with sanitizers alone.
uncounted=no_memory
[[ ! -e /sys/kernel/debug/failslab ]] || uncounted=
expect_eq "what wasn't is there, too, and is nothing that packets alone can provoke" "$uncounted" \
	"$(sed -n 's/.*reason="\(.*\)"} 0$/\1/p' "$RUN/metrics" | xargs)"
