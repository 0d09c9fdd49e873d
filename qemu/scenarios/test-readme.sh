#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# README.md's services work as printed: its commands for each forwarding method,
# run where it says, on hosts as they come up, and those for clients that stay.
. "$(dirname "$0")/lib/common.sh"
. "$LIB/topology.sh"
. "$LIB/services.sh"
. "$LIB/shop.sh"

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

heading "Clients that stay"
# visits ADDRESS URL...: who answers a client of that address.
visits() { in_ns client curl -sk --interface "$1" --connect-timeout $((5 * SLOW)) --max-time $((20 * SLOW)) "${@:2}" | tally; }
# call ADDRESS SECONDS [CALL-ID]: who answers a phone.
call() { in_ns client python3 "$LIB/phone.py" call "$1" $VIP $(($2 * SLOW)) "${@:3}"; }
phone_listens() { in_ns "$1" ss -Hlun "sport = :5060" | grep -q .; }
topology
ip -n director addr del $VIP/32 dev front
shop_servers rs1 rs2
ip -n client addr add 10.0.1.101/24 dev eth0
ip -n client addr add 10.0.1.102/24 dev eth0
follow "### A first service"
follow "**NAT**"
expect_eq "not yet" "rs1=2 rs2=2" "$(visits 10.0.1.101 "http://$VIP/?[1-4]")"
follow "**Persistence**"
servers=$(for host in 101 102; do visits 10.0.1.$host "http://$VIP/?[1-4]"; echo; done | sort | paste -sd" ")
expect_eq "each client has one server" "rs1=4 rs2=4" "$servers"
follow "**Firewall marks**"
servers=$(for host in 101 102; do visits 10.0.1.$host "http://$VIP/?[1-4]" "https://$VIP/?[1-4]"; echo; done | sort | paste -sd" ")
expect_eq "each client has one server for HTTP and HTTPS" "rs1=8 rs2=8" "$servers"
follow "**SIP calls**"
for ns in rs1 rs2; do
	background $ns python3 "$LIB/phone.py" answer $ns
	poll "$ns takes calls" 10 phone_listens $ns
done
first=$(call 10.0.1.101 10 first)
second=$(call 10.0.1.101 10 second)
expect_eq "two calls of a phone" "rs1 rs2" "$(printf '%s\n' "$first" "$second" | sort | paste -sd' ')"
expect_eq "a call from elsewhere" "$first" "$(call 10.0.1.102 10 first)"
expect_eq "the other one" "$second" "$(call 10.0.1.102 10 second)"
expect_eq "no call" "" "$(call 10.0.1.102 2)"
follow "Look at it:"
remove_topology
unload_module "$LVS_MODULE"
expect_clean_log
pass
