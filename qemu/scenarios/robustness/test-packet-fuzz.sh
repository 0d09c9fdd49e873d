#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# FUZZ_PACKETS  how many, in each of three ways (default 60,000)
# FUZZ_SEED     the same seed makes the same packets (default 1)
# FUZZ_FAULTS   per cent of all allocations in interrupts that fail meanwhile, on the sanitized
#               kernel (default 0)
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Malformed packets of all protocols over all hooks, half of them about live connections:
	the kernel has nothing to report, and connections beside them get every byte"

# A module on the stock kernel.
modprobe -q tun 2>/dev/null || [[ -e /dev/net/tun ]]

: "${FUZZ_PACKETS:=60000}" "${FUZZ_SEED:=1}" "${FUZZ_FAULTS:=0}"
FUZZER=$RUN/packets
compile "$FUZZER" "$HERE/../../tests/fuzz/packets.c" -O2

# Services of every method, kind and family.
services() {
	local service
	ip -n director -batch - <<-END
		tuntap add fuzz mode tun vnet_hdr
		link set fuzz mtu 65535 up
		addr add 10.0.9.1/24 dev fuzz
		addr add fd00:9::1/64 dev fuzz nodad
		addr add fd00:1::100/128 dev front nodad
		addr add fd00:2::1/64 dev back nodad
	END
	in_ns director sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.conf.fuzz.rp_filter=0
	for service in "-t 80 -s rr -m" "-u 53 -s wlc -m" "-t 81 -s wrr -g" "-u 82 -s rr -i" "-u 83 -s sh -p 30 -m" \
		"-t 84 -s lblcr -p 30 -g" "-u 5060 -s rr --pe sip -p 30 -m" "-u 6080 -s mh -m" "--sctp-service 90 -s rr -m"; do
		# shellcheck disable=SC2086 # words are wanted
		add_dual_stack_service $service
	done
}

# One stream beside them, whole or not at all.  A client whose own kernel has no memory to connect
# tries again.
stream() {
	local sum own="Immediate connect fail .*: Cannot allocate memory"
	until in_ns client curl -sv --max-time $((120 * SLOW)) -o "$RUN/streamed" "http://$VIP:8080/long" 2>"$RUN/stream.log"; do
		if ! ((FUZZ_FAULTS)) || ! grep -q "$own" "$RUN/stream.log"; then
			fail "$(tail -n 5 "$RUN/stream.log")"
		fi
	done
	sum=$(sha256sum <"$RUN/streamed")
	expect_eq "bytes of a connection beside the packets" "$(big_sum)" "$sum"
}

FAULTS=1000000
# fail_some PER_CENT: so many of the allocations that can't wait fail, a million at most.
fail_some() {
	local faults=/sys/kernel/debug/failslab setting
	((FUZZ_FAULTS)) || return 0
	mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
	for setting in "verbose 0" "times $FAULTS" "interval 1" "ignore-gfp-wait 1" "probability $1"; do
		echo "${setting#* }" >"$faults/${setting% *}"
	done
}

failed() {
	local count
	((FUZZ_FAULTS)) || return 0
	count=$((FAULTS - $(</sys/kernel/debug/failslab/times)))
	say "$count allocations failed"
	((count > 0)) || fail "no allocation failed"
}

with_topology rs1 rs2 rs3
services
add_service_of_three -t 8080 -m
# A listener on all devices, which makes every packet a clone.
background director tcpdump -q -n -i any -w /dev/null
tcpdump=$BACKGROUND_PID

for way in tun vnet raw; do
	heading "Packets by $way"
	stream &
	beside=$!
	fail_some "$FUZZ_FAULTS"
	in_ns director "$FUZZER" $way "$FUZZ_SEED" "$FUZZ_PACKETS"
	failed
	fail_some 0
	wait $beside || fail "the connection beside the packets broke"
done
kill "$tcpdump"

heading "Afterwards"
connections=$(in_ns director wc -l /proc/net/ip_vs_conn | cut -d' ' -f1)
((connections > 100)) || fail "only $connections connections: the packets did not get far"
expect_eq "requests that are still served" "rs1=10 rs2=10 rs3=10" "$(requests 30)"
in_ns director cat /proc/net/ip_vs /proc/net/ip_vs_stats /proc/net/ip_vs_conn >/dev/null
