#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
# CASES  names, to do some of them only
. "$(dirname "$0")/../lib/scenario.sh"
scenario "What once corrupted memory in ip_vs, crashed or leaked there, by name: after each the
	kernel has nothing to report and clients are served. Each is a function of regressions.py,
	which says when it was published"

# A module on the stock kernel.
modprobe -q tun 2>/dev/null || [[ -e /dev/net/tun ]]

with_topology rs1 rs2 rs3
ip -n director -batch - <<-END
	addr add fd00:1::100/128 dev front nodad
	addr add fd00:2::1/64 dev back nodad
END
in_ns director sysctl -qw net.ipv6.conf.all.forwarding=1
ip -n rs1 addr add fd00:2::11/64 dev eth0 nodad
ip -n rs1 route add default via fd00:2::1
# Of every method and kind, over both families; one for requests besides.
for service in "-t 80 -s rr -m" "-u 53 -s wlc -m" "-u 82 -s rr -i" "-u 5060 -s rr --pe sip -p 30 -m" "--sctp-service 90 -s rr -m" \
	"-u 83 -s sh -p 30 -g"; do
	# shellcheck disable=SC2086 # words are wanted
	add_dual_stack_service $service
done
rules=$(admin -Sn | sort)
expect_eq "requests at first" "rs1=1 rs2=1 rs3=1" "$(requests 3)"

for name in ${CASES:-$(python3 "$HERE/regressions.py" list)}; do
	start=$SECONDS
	said=$(timeout 60 python3 "$HERE/regressions.py" "$name" 2>&1) || fail "$name: $said"
	expect_eq "$name: warnings in the kernel log" "" "$(bad_log)"
	expect_eq "$name: rules after it" "" "$(diff <(echo "$rules") <(admin -Sn | sort) || true)"
	expect_eq "$name: requests after it" "rs1=1 rs2=1 rs3=1" "$(requests 3)"
	say "ok $name ($((SECONDS - start)) s)"
done
