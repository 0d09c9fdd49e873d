#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "All settings of net.ipv4.vs in the first network namespace, in another one and in one of
	a user namespace: mode, default, and what becomes of valid, wrong and odd writes, line by
	line as ip_vs. And the sizes that svc_lfactor and conn_tab_bits give the tables"

# ip_vs has the settings of these schedulers while they are loaded.
schedulers() {
	if loaded ip_vs; then modprobe -a ip_vs_lblc ip_vs_lblcr; fi
}

sysctls() {
	# As far as nobody had it write: the limit in the first namespace is what others begin with.
	python3 "$HERE/sysctls.py" first
	ip netns add other
	ip netns exec other python3 "$HERE/sysctls.py" other
	ip netns del other
	unshare --user --map-root-user --net --mount sh -c '
		mount -t proc proc /proc 2>/dev/null
		mount -t sysfs sysfs /sys 2>/dev/null
		exec python3 "$0" user' "$HERE/sysctls.py"
	# What the first namespace allows is inherited, and lowered for all when it is lowered.
	sysctl -qw net.ipv4.vs.conn_max=1000
	ip netns add other
	in_ns other sysctl -n net.ipv4.vs.conn_max
	unshare --user --map-root-user --net sh -c '
		cd /proc/sys/net/ipv4/vs
		cat conn_max
		for value in 1001 1000 999 1000 -1; do echo "$value: $(echo $value 2>&1 >conn_max)"; cat conn_max; done'
	in_ns other sh -c 'echo 2000 >/proc/sys/net/ipv4/vs/conn_max; cat /proc/sys/net/ipv4/vs/conn_max'
	sysctl -n net.ipv4.vs.conn_max
	ip netns del other
}

heading "Settings, line by line as ip_vs"
DIFF_LINES=200 differential sysctls schedulers
expect_eq "settings in each namespace" "34 34 32" \
	"$(for i in first other user; do grep -c "^$i [a-z_]* 0[64]44 default" "$RUN/trace.2"; done | tr '\n' ' ' | sed 's/ $//')"

# shown: the lines about services that don't depend on where the hash puts them, when they stay the
# same.
shown() {
	local now before=''
	while now=$(in_ns director sed -n 's/^Service[^:]*s:.*/&/p' /proc/net/ip_vs_status | grep -v len | grep -v empty) &&
		[[ $now != "$before" ]]; do
		before=$now
		sleep 0.3
	done
	echo "$1: ${now//$'\n'/, }"
}
services() {
	local i
	shown "none"
	for ((i = 1; i <= 70; i++)); do
		in_ns director ipvsadm -A -t 10.3.0.1:$i -s rr
		case $i in 1 | 2 | 3 | 4 | 5 | 8 | 9 | 16 | 17 | 32 | 33 | 64 | 65 | 70) shown "$i services" ;; esac
	done
	for i in 0 8 -8 4 -1 -2; do
		in_ns director sysctl -qw net.ipv4.vs.svc_lfactor=$i
		shown "load factor $i"
	done
	for ((i = 70; i >= 1; i--)); do
		in_ns director ipvsadm -D -t 10.3.0.1:$i
		case $i in 36 | 20 | 10 | 9 | 8 | 7 | 6 | 5 | 4 | 3 | 2 | 1) shown "without number $i" ;; esac
	done
	in_ns director sysctl -qw net.ipv4.vs.svc_lfactor=-8
	shown "load factor -8"
	in_ns director ipvsadm -A -f 7 -s rr
	shown "one service"
	in_ns director ipvsadm -C
}

heading "The table of services"
differential services
expect_match "it grows" "70 services: Services:.70, Service buckets:.512 \(9 bits, lfactor -2\)" "$(cat "$RUN/trace.2")"

heading "The parameter conn_tab_bits"
# loads VALUE: what comes of it.
loads() {
	local error
	case $LVS_MODULE in
	lvs) error=$(insmod "$LVS_KO" conn_tab_bits="$1" 2>&1) || true ;;
	ip_vs) error=$(modprobe ip_vs conn_tab_bits="$1" 2>&1) || true ;;
	esac
	if loaded "$LVS_MODULE"; then
		echo "$1: $(cat "/sys/module/$LVS_MODULE/parameters/conn_tab_bits") $(stat -c %a "/sys/module/$LVS_MODULE/parameters/conn_tab_bits")"
		unload_module "$LVS_MODULE"
	else
		echo "$1: ${error##*: }"
	fi
}
for bits in "8 8 444" "7 8 444" "-1 8 444" "0 8 444" "0x9 9 444" "12 12 444" "x Invalid parameters" \
	"99999999999 Numerical result out of range"; do
	expect_eq "conn_tab_bits=${bits%% *}" "${bits%% *}: ${bits#* }" "$(loads "${bits%% *}")"
done
# No more than so many connections fit into half of the memory.
expect_match "conn_tab_bits=27 in $(awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo) MiB" "27: (2[0-7]|1[6-9]) 444" "$(loads 27)"

heading "A small table holds more connections than it has buckets"
case $LVS_MODULE in
ip_vs) modprobe ip_vs conn_tab_bits=8 ;;
*) insmod "$LVS_KO" conn_tab_bits=8 ;;
esac
topology
admin -A -u $VIP:53 -s rr
admin -a -u $VIP:53 -r 10.0.2.50:53 -m
in_ns client python3 -c "
import socket
for port in range(20000, 23000):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('', port)); s.sendto(b'x', ('$VIP', 53)); s.close()"
poll "3000 connections" 10 sh -c "nsenter --net=/run/netns/director grep -q '^Conns:.3000$' /proc/net/ip_vs_status"
expect_match "buckets" "Conn buckets:.256 \(8 bits" "$(in_ns director cat /proc/net/ip_vs_status)"
