#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Each allocation of the module fails in turn: when it is loaded, in new network
	namespaces, in every change of the rules, in listings, files and settings, and on the way
	of packets. Whoever asked is told that there is no memory and nothing is half-changed, or
	the packet is lost; the next try works, and nothing leaks"

# The kernel prints its stack when it can't make a cache, which is no complaint.
LOG_IGNORES='Call Trace:'
export PYTHON_COLORS=0
# A name of the family would have ip_vs loaded while lvs is away.
echo "install ip_vs false" >/etc/modprobe.d/faults.conf
at_exit "rm -f /etc/modprobe.d/faults.conf"
remove_namespaces() { ip netns del director && ip netns del other; }
at_exit remove_namespaces

# every COMMAND...: it judges by itself and says what was wrong.
every() {
	CHECKS=$((CHECKS + 1))
	"$@" || fail "see above"
}

heading "Loading the module"
for ns in director other; do ip netns add $ns && ip -n $ns link set lo up; done
every python3 "$HERE/fault_calls.py" load

heading "Names that are taken"
for name in netlink-family socket-options; do
	insmod /lvs/lvs_trip.ko occupy=$name
	expect_fails "insmod with the $name taken" insmod "$LVS_KO"
	expect_match "what it says" "File exists|Device or resource busy" "$(<"$RUN/expected-failure")"
	expect_eq "files that it leaves" "" "$(ls -d /proc/net/ip_vs* /proc/net/lvs* /proc/sys/net/ipv4/vs /sys/kernel/slab/lvs* 2>/dev/null)"
	rmmod lvs_trip
done

load_module lvs
heading "Calls"
every nsenter --net=/run/netns/director python3 "$HERE/fault_calls.py" control
heading "Packets"
every python3 "$HERE/fault_packets.py"
heading "Threads of the kernel"
every python3 "$HERE/fault_threads.py"

remove_namespaces
unload_module lvs
