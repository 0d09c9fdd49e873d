#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The commands of README.md and of the howtos in docs/ work as printed: those in blocks that begin with ```sh, run where
# they say, on hosts as they come up. Every howto has to be followed here.
. "$(dirname "$0")/lib/common.sh"
. "$LIB/topology.sh"
. "$LIB/services.sh"
. "$LIB/shop.sh"

# Where README.md and docs/ are.
DOCUMENTS=${DOCUMENTS:-/lvs}
FOLLOWED=()
export PATH=/lvs:$PATH

# commands FILE [HEADING]: the blocks that begin with ```sh, of the whole file or below a heading up to the next one.
commands() {
	awk -v start="${2:-}" '
		BEGIN { here = start == "" }
		/^```/ { fenced = !fenced; inside = /^```sh$/; next }
		inside && here
		!fenced && start != "" && /^#/ { here = $0 == start }' "$DOCUMENTS/$1"
}

# follow FILE [HEADING]: runs them; a comment says on which hosts.
follow() {
	local line where=director ns before=$CHECKS
	FOLLOWED+=("$1")
	while read -r line; do
		case $line in
		'# director'*) where=director ;;
		'# each real server'*) where="rs1 rs2" ;;
		'#'* | '') ;;
		*)
			CHECKS=$((CHECKS + 1))
			for ns in $where; do
				say "$ns# $line"
				in_ns "$ns" bash -c "$line" >/dev/null || fail "$1: $line"
			done
			;;
		esac
	done < <(commands "$@")
	[[ $CHECKS -gt $before ]] || fail "$1 has no commands ${2:+below \"$2\"}"
}
first_service() { follow README.md "## A first service"; }
look_at_it() { follow README.md "### Look at it"; }

load_module "$LVS_MODULE"
for method in NAT DR TUN; do
	heading "$method"
	topology
	web_server rs1 rs2
	# The reader has none of this yet. What leaves by the director in
	# the topology would come back through it in DR and TUN as well.
	ip -n director addr del $VIP/32 dev front
	for ns in rs1 rs2; do
		ip -n $ns route del default
		[[ $method == NAT ]] || ip -n $ns route add 10.0.1.0/24 dev eth0
		in_ns $ns sh -c 'for i in /proc/sys/net/ipv4/conf/*; do echo 0 >$i/arp_ignore; echo 0 >$i/arp_announce; echo 2 >$i/rp_filter; done'
	done
	case $method in
	NAT) first_service ;;
	DR) follow docs/howto/dr.md ;;
	TUN) follow docs/howto/tun.md ;;
	esac
	expect_eq "$method: 10 requests" "rs1=5 rs2=5" "$(requests 10)"
	look_at_it
	if [[ $LVS_MODULE == lvs ]]; then
		follow docs/howto/early-path.md
		expect_eq "$method by the early path: 10 requests" "rs1=5 rs2=5" "$(requests 10)"
	fi
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
first_service
expect_eq "not yet" "rs1=2 rs2=2" "$(visits 10.0.1.101 "http://$VIP/?[1-4]")"
follow docs/howto/persistence.md
servers=$(for host in 101 102; do visits 10.0.1.$host "http://$VIP/?[1-4]"; echo; done | sort | paste -sd" ")
expect_eq "each client has one server" "rs1=4 rs2=4" "$servers"
follow docs/howto/marks.md
servers=$(for host in 101 102; do visits 10.0.1.$host "http://$VIP/?[1-4]" "https://$VIP/?[1-4]"; echo; done | sort | paste -sd" ")
expect_eq "each client has one server for HTTP and HTTPS" "rs1=8 rs2=8" "$servers"
follow docs/howto/sip.md
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
look_at_it
remove_topology
unload_module "$LVS_MODULE"

for howto in "$DOCUMENTS"/docs/howto/*.md; do
	howto=${howto#"$DOCUMENTS/"}
	[[ -z $(commands "$howto") || " ${FOLLOWED[*]} " == *" $howto "* || $LVS_MODULE != lvs ]] ||
		fail "nobody follows the commands of $howto"
done
expect_clean_log
pass
