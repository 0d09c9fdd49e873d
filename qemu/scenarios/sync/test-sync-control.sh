#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --append log_buf_len=4M
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The synchronisation daemons' commands, as ip_vs has them: every error and the order of
	checks, defaults and lengths, lists, lines in the log, threads, ports, files; a daemon holds the
	module; a namespace goes with its daemons"

# Devices of all kinds that a daemon may be asked to use.
devices() {
	topology
	ip -n director -batch - <<-END
		link add down0 type dummy
		link add bare0 type dummy
		link set bare0 up
		link add jumbo0 mtu 9000 type dummy
		link set jumbo0 up
		addr add 10.9.1.1/24 dev jumbo0
		link add small0 mtu 1300 type dummy
		link set small0 up
		addr add 10.9.2.1/24 dev small0
	END
	poll "the addresses are sure to be nobody else's" 20 no_tentative
}
no_tentative() { [[ -z $(ip -n director -o -6 addr show tentative) ]]; }

# What the module said since the last mark, without what differs from run to run.
said() {
	kernel_log | sed -n "/sync mark $1\$/,\$p" |
		sed -nE 's/^.*(IPVS|lvs): //p' | grep -E 'sync thread|mcast|multicast|daemon' |
		sed -E 's/thread [0-9]+ \.\.\./thread N .../' | sort
}
mark() { echo "sync mark $1" >/dev/kmsg; }

heading "Requests of every shape"
requests_of_daemons() {
	local now
	now=$(date +%s%N)
	mark "$now"
	in_ns director python3 "$HERE/control_cases.py"
	echo "-- the log"
	said "$now" | uniq -c
}
differential requests_of_daemons devices

threads() { ps -e -o comm= | sed -nE 's/^(ipvs-[mb]):[0-9]+:([0-9]+)$/\1 \2/p' | sort; }
ports() { in_ns director ss -Hlun4 | awk '{ print $4 }' | sed -n '/224.0.0.81/p' | sort; }
setting() { in_ns director sysctl -w "net.ipv4.vs.$1" 2>&1 || echo refused; }
ask() { in_ns director ipvsadm "$@" 2>&1 || echo "status $?"; }
exhausted() { [[ -z $(threads) ]]; }
some() { [[ -n $(threads) ]]; }
# Both daemons have as many threads, all of which have begun.
as_many() {
	local masters backups
	masters=$(threads | grep -c ipvs-m)
	backups=$(threads | grep -c ipvs-b)
	((masters == backups))
}

# ip_vs answers EINTR when asked to stop a thread that hasn't begun.
# shellcheck disable=SC2009 # the state is what is asked for
settled() { ! ps -e -o comm=,stat= | grep '^ipvs-' | grep -qv ' [SI]'; }

heading "Threads and ports"
several() {
	for count in 0 3 -1 4 1 2; do
		echo "-- $count"
		setting sync_ports=$count
		ask --start-daemon backup --mcast-interface front --syncid 7
		poll "threads" 10 some >&2
		threads
		ports
		ask -L --daemon
		setting sync_ports=8
		# The second one has as many as the first.
		ask --start-daemon master --mcast-interface back --syncid 7
		poll "threads of both" 10 as_many >&2
		poll "they have begun" 10 settled >&2
		threads
		ask -Ln --daemon
		ask --stop-daemon backup
		ask --stop-daemon master
		ask --stop-daemon master
		threads
		ports
	done
	setting sync_ports=1
	for size in 0 4096 1000000; do
		setting sync_sock_size=$size
		ask --start-daemon master --mcast-interface front
		ask --start-daemon backup --mcast-interface front --mcast-group ff02::51
		poll "they have begun" 10 settled >&2
		ask -L --daemon
		ask --stop-daemon master
		ask --stop-daemon backup
	done
}
differential several devices

heading "Settings"
settings_of_sync() {
	local name value
	for name in sync_version sync_threshold sync_refresh_period sync_retries sync_persist_mode backup_only; do
		for value in -1 0 1 2 3 4 '0 0' '3 0' '3 50' '50 3' '3 3' '-1 5' '5'; do
			setting "$name=$value"
			in_ns director sysctl "net.ipv4.vs.$name"
		done
	done
	in_ns director cat /proc/net/ip_vs_conn_sync
}
differential settings_of_sync devices

heading "The module is held as long as a daemon runs"
load_module "$LVS_MODULE"
topology
ask --start-daemon master --mcast-interface front
ask --start-daemon backup --mcast-interface front
expect_fails "rmmod with two daemons" rmmod "$LVS_MODULE"
ask --stop-daemon master
expect_fails "rmmod with one" rmmod "$LVS_MODULE"
ask --stop-daemon backup
unload_module "$LVS_MODULE"
load_module "$LVS_MODULE"

heading "A namespace goes with its daemons"
for i in 1 2 3 4 5 6 7 8; do
	ask --start-daemon master --mcast-interface front --syncid $i
	ask --start-daemon backup --mcast-interface front --syncid $i
	remove_topology
	topology
done
remove_topology
poll "no thread is left" 20 exhausted
unload_module "$LVS_MODULE"

heading "A device that goes, and comes back under its name"
load_module "$LVS_MODULE"
devices
ask --start-daemon master --mcast-interface small0
ask --start-daemon backup --mcast-interface small0
ip -n director link set small0 down
ip -n director link set small0 up
ip -n director link del small0
expect_match "they are listed still" 'master sync daemon \(mcast=small0' "$(ask -L --daemon)"
if [[ $LVS_MODULE == lvs ]]; then
	ip -n director link add small0 type dummy
	ip -n director link set small0 up
	index=$(in_ns director cat /sys/class/net/small0/ifindex 2>/dev/null || ip -n director -j link show small0 | jq '.[0].ifindex')
	listens_again() { in_ns director cat /proc/net/igmp | grep -A3 "^$index" | grep -q 510000E0; }
	poll "the group is joined on the new device" 10 listens_again
fi
ask --stop-daemon master
ask --stop-daemon backup
