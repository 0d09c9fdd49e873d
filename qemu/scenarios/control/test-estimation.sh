#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
# For many servers, what the thread takes of a processor and what packets wait while it runs are
# printed; no check is about them:
#   qemu/run/uml.sh --mem 3072 --timeout 600 --env ESTIMATION_SERVICES=20000 \
#       --env ESTIMATION_SECONDS=20 --env ESTIMATION_TURNS=5 \
#       qemu/scenarios/control/test-estimation.sh
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Rates are estimated as under ip_vs, in a thread that heeds run_estimation, est_nice and
	est_cpulist"

: "${ESTIMATION_SERVICES:=1000}" "${ESTIMATION_SECONDS:=4}" "${ESTIMATION_TURNS:=1}"
BURST=$((20000 / SLOW))
LAST_CPU=$(($(nproc) - 1))

set_to() { in_ns director sysctl -qw "net.ipv4.vs.$1=$2"; }
threads() { pgrep '^(ipvs-e:|lvs-est)' || true; }
# Niceness and processors of every thread.
described() {
	local pid
	for pid in $(threads); do
		echo "nice $(awk '{ print $19 }' "/proc/$pid/stat" 2>/dev/null) on $(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$pid/status" 2>/dev/null)"
	done
}
are() { [[ $(described) == "$1" ]]; }
rate() { in_ns director ipvsadm -Ln --rate | awk -v s="$VIP:54" '$2 == s { print $4 }'; }
counted() { [[ $(rate) -ge $((BURST / 10)) ]]; }
decayed() { (($(rate) < $1)); }

# Nanoseconds, or else ticks of 10 ms, that the threads have run.
ran() {
	local pid sum=0 ns
	for pid in $(threads); do
		if [[ -r /proc/$pid/schedstat ]]; then
			read -r ns _ <"/proc/$pid/schedstat"
		else
			ns=$(awk '{ print ($14 + $15) * 10000000 }' "/proc/$pid/stat")
		fi
		sum=$((sum + ns))
	done
	echo "$sum"
}

settings() {
	heading "$1: settings"
	expect_eq "threads before the first service" "" "$(described)"
	in_ns director ipvsadm -A -u $VIP:54 -s rr
	in_ns director ipvsadm -a -u $VIP:54 -r 10.9.0.50 -m
	poll "a thread runs" 10 are "nice 0 on $(< /sys/devices/system/cpu/online)"
	set_to est_nice 5
	poll "est_nice" 10 are "nice 5 on $(< /sys/devices/system/cpu/online)"
	set_to est_cpulist "$LAST_CPU"
	poll "est_cpulist" 10 are "nice 5 on $LAST_CPU"
	set_to est_cpulist ""
	poll "an empty est_cpulist" 10 are ""
	set_to est_cpulist 0
	set_to est_nice 0
	poll "est_cpulist again" 10 are "nice 0 on 0"
	set_to run_estimation 0
	poll "run_estimation=0" 10 are ""
	set_to run_estimation 1
	poll "run_estimation=1" 10 are "nice 0 on 0"
}

# A burst of packets, and from then on nothing: every two seconds the rate is three quarters of
# what it was.
rates() {
	local i value
	heading "$1: rates"
	pktgen_flows $BURST >/dev/null
	poll "packets are counted" 10 counted
	for ((i = 0; i < 80; i++)); do
		rate
		sleep 0.1
	done >"$RUN/rates"
	say "packets a second: $(uniq "$RUN/rates" | paste -sd' ')"
	expect_eq "values that aren't a burst's" "" "$(uniq "$RUN/rates" | awk -v burst=$BURST '
		# Part of the burst may have come after the rate was updated.
		NR <= 2 { if ($1 < burst / 20 || $1 > burst / 8) print; last = $1; next }
		# Whoever reads seldom misses some.
		{ for (k = 1; k <= 4; k++) { last *= 0.75; if ($1 >= last - k - 1 && $1 <= last + k + 1) break }
		  if (k > 4) print; last = $1 }')"
	(($(uniq "$RUN/rates" | wc -l) >= 3)) || fail "the rate does not change"
	set_to run_estimation 0
	poll "the thread ends" 10 are ""
	value=$(rate)
	sleep 4
	expect_eq "the rate while nothing is estimated" "$value" "$(rate)"
	set_to run_estimation 1
	poll "the rate moves again" 10 decayed "$value"
}

# delays: the longest delay of a packet in each turn, microseconds, the shortest first.  What other
# tasks of the machine cause comes and goes; what the estimation causes is in every turn, for a
# turn is longer than the two seconds of a round.
delays() { for _ in $(seq "$ESTIMATION_TURNS"); do in_ns client python3 "$HERE/probe.py" $VIP 7 3; done | sort -n | paste -sd' '; }

many() {
	local before
	heading "$1: $ESTIMATION_SERVICES services of 5 servers"
	in_ns director ipvsadm -A -u $VIP:7 -s rr
	in_ns director ipvsadm -a -u $VIP:7 -r 10.9.0.60:7 -m
	in_ns director "$ADMIN" -R <"$RUN/many"
	# ip_vs measures its speed first.
	sleep 4
	before=$(ran)
	sleep "$ESTIMATION_SECONDS"
	say "the threads ran for $((($(ran) - before) / 1000 / ESTIMATION_SECONDS)) microseconds a second"
	say "the longest delays of packets, microseconds: $(delays)"
	set_to run_estimation 0
	poll "the thread ends" 10 are ""
	say "without estimation: $(delays)"
	set_to run_estimation 1
}

awk -v n="$ESTIMATION_SERVICES" 'BEGIN {
	for (s = 1; s <= n; s++) {
		print "-A -f " s " -s rr"
		for (d = 1; d <= 5; d++) print "-a -f " s " -r 10.9." int(s / 250) % 250 "." s % 250 + d " -m"
	}
}' >"$RUN/many"

for module in ip_vs "$LVS_MODULE"; do
	topology
	load_module "$module"
	pktgen_servers
	settings "$module"
	rates "$module"
	many "$module"
	remove_topology
	unload_module "$module"
done
expect_eq "threads afterwards" "" "$(threads)"
