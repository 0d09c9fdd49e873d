#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The first services of README.md work as printed: its commands for each
# forwarding method, run where it says, on hosts as they come up.
. "$(dirname "$0")/lib/common.sh"
. "$LIB/topology.sh"
. "$LIB/services.sh"

README=${README:-/lvs/README.md}
export PATH=/lvs:$PATH

# block START: the commands of the first code block below a line that begins so.
block() {
	awk -v start="$1" 'index($0, start) == 1 { found = 1 }
		found && /^```/ { if (inside) exit; inside = 1; next }
		inside' "$README"
}

# follow START: runs them; a comment says on which hosts.
follow() {
	local line where=director ns
	while read -r line; do
		case $line in
		'# director'*) where=director ;;
		'# each real server'*) where="rs1 rs2" ;;
		'#'* | '') ;;
		*)
			CHECKS=$((CHECKS + 1))
			for ns in $where; do
				say "$ns# $line"
				in_ns "$ns" bash -c "$line" >/dev/null || fail "README: $line"
			done
			;;
		esac
	done < <(block "$1")
}

load_module "$LVS_MODULE"
for method in NAT DR TUN; do
	heading "$method"
	topology
	web_server rs1 rs2
	# The README's reader has none of this yet. What leaves by the director in
	# the topology would come back through it in DR and TUN as well.
	ip -n director addr del $VIP/32 dev front
	for ns in rs1 rs2; do
		ip -n $ns route del default
		[[ $method == NAT ]] || ip -n $ns route add 10.0.1.0/24 dev eth0
		in_ns $ns sh -c 'for i in /proc/sys/net/ipv4/conf/*; do echo 0 >$i/arp_ignore; echo 0 >$i/arp_announce; echo 2 >$i/rp_filter; done'
	done
	follow "### A first service"
	follow "**$method**"
	expect_eq "$method: 10 requests" "rs1=5 rs2=5" "$(requests 10)"
	follow "Look at it:"
	remove_topology
done
unload_module "$LVS_MODULE"
expect_clean_log
pass
