#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The commands of README.md and of the howtos in docs/ work as printed: those in blocks
	that begin with \`\`\`sh, run where they say, on hosts as they come up. Every howto has to
	be followed here"

# Where README.md and docs/ are.
DOCUMENTS=${DOCUMENTS:-/lvs}
FOLLOWED=()
export PATH=/lvs:$PATH

# blocks KIND FILE [HEADING]: what begins with ```KIND, in the whole file or below a heading up to
# the next one.
blocks() {
	awk -v kind="$1" -v start="${3:-}" '
		BEGIN { here = start == "" }
		/^```/ { fenced = !fenced; inside = $0 == "```" kind; next }
		inside && here
		!fenced && start != "" && /^#/ { here = $0 == start }' "$DOCUMENTS/$2"
}

# follow FILE [HEADING]: runs them; a comment says on which hosts.
follow() {
	local line where=director ns before=$CHECKS
	FOLLOWED+=("$1")
	while read -r line; do
		case $line in
		'# director'*) where=director ;;
		'# each director'*) where="director director2" ;;
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
	done < <(blocks sh "$@")
	[[ $CHECKS -gt $before ]] || fail "$1 has no commands ${2:+below \"$2\"}"
}
first_service() { follow README.md "## A first service"; }
look_at_it() { follow README.md "### Look at it"; }

load_module lvs
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
	NAT)
		first_service
		follow docs/howto/apply.md
		;;
	DR) follow docs/howto/dr.md ;;
	TUN) follow docs/howto/tun.md ;;
	esac
	expect_eq "$method: 10 requests" "rs1=5 rs2=5" "$(requests 10)"
	look_at_it
	follow docs/howto/explain.md
	follow docs/howto/metrics.md
	follow docs/howto/early-path.md
	expect_eq "$method by the early path: 10 requests" "rs1=5 rs2=5" "$(requests 10)"
	if [[ -e /sys/kernel/btf/vmlinux ]]; then
		follow docs/howto/xdp.md
		expect_eq "$method with XDP: 10 requests" "rs1=5 rs2=5" "$(requests 10)"
	fi
	remove_topology
done

heading "Clients that stay"
# visits ADDRESS URL...: who answers a client of that address.
visits() { in_ns client curl -sk --interface "$1" --connect-timeout $((5 * SLOW)) --max-time $((20 * SLOW)) "${@:2}" | tally; }
# call ADDRESS SECONDS [CALL-ID]: who answers a phone.
call() { in_ns client python3 "$HERE/phone.py" call "$1" $VIP $(($2 * SLOW)) "${@:3}"; }
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
	background $ns python3 "$HERE/phone.py" answer $ns
	poll "$ns takes calls" 10 phone_listens $ns
done
first=$(call 10.0.1.101 10 first)
second=$(call 10.0.1.101 10 second)
expect_eq "two calls of a phone" "rs1 rs2" "$(printf '%s\n' "$first" "$second" | sort | paste -sd' ')"
expect_eq "a call from elsewhere" "$first" "$(call 10.0.1.102 10 first)"
expect_eq "the other one" "$second" "$(call 10.0.1.102 10 second)"
expect_eq "no call" "" "$(call 10.0.1.102 2)"
look_at_it
follow docs/howto/ftp.md
ftp_server rs1 rs2
for mode in --ftp-pasv "--ftp-port -"; do
	# shellcheck disable=SC2086
	files=$(for i in 1 2; do in_ns client curl -s --max-time $((20 * SLOW)) $mode ftp://$VIP/data; done | tally)
	expect_eq "a file of each FTP server, $mode" "rs1=1 rs2=1" "$files"
done
remove_topology

heading "Clients among the servers"
topology
web_server rs1 rs2
ip -n director addr del $VIP/32 dev front
first_service
follow docs/howto/hairpin.md
expect_eq "a client in the servers' network" "rs1=5 rs2=5" \
	"$(in_ns rs3 curl -s --connect-timeout $((5 * SLOW)) --max-time $((20 * SLOW)) "http://$VIP/?[1-10]" | tally)"
expect_eq "a server as a client" "rs1=2 rs2=2" \
	"$(in_ns rs1 curl -s --connect-timeout $((5 * SLOW)) --max-time $((20 * SLOW)) "http://$VIP/?[1-4]" | tally)"
expect_eq "a client elsewhere" "rs1=5 rs2=5" "$(requests 10)"
remove_topology

heading "keepalived"
topology
web_server rs1 rs2
servers_are() { [[ $(in_ns director ipvsadm-rs -Sn | grep -c -- ' -r ') == "$1" ]]; }
blocks keepalived docs/howto/keepalived.md >"$RUN/keepalived.conf"
background director keepalived --check --dont-fork --log-console -f "$RUN/keepalived.conf" -p "$RUN/keepalived.pid" \
	-c "$RUN/checkers.pid" >"$RUN/keepalived.log" 2>&1
FOLLOWED+=(docs/howto/keepalived.md)
poll "keepalived found both servers" 30 servers_are 2
expect_eq "keepalived's service: 10 requests" "rs1=5 rs2=5" "$(requests 10)"
kill "$(cat "$RUN/rs2/nginx.pid")"
poll "keepalived took the dead server out" 30 servers_are 1
expect_eq "keepalived's service: 10 requests more" "rs1=10" "$(requests 10)"
kill "$BACKGROUND_PID"
poll "keepalived ended" 30 servers_are 0
remove_topology

heading "Several directors"
topology
dr_server rs1 rs2
web_server rs1 rs2
ip -n director addr del $VIP/32 dev front
remove_director2() { [[ ! -e /run/netns/director2 ]] || ip netns del director2; }
at_exit remove_director2
ip netns add director2
for link in front back; do
	ip -n switch link add ${link}2 type veth peer name $link netns director2
	ip -n switch link set ${link}2 master br0 up
	ip -n director2 link set $link up
done
ip -n director2 link set lo up
ip -n director2 addr add 10.0.1.2/24 dev front
ip -n director2 addr add 10.0.2.2/24 dev back
set_sysctls director2 1
follow docs/howto/ecmp.md
ip -n client route add $VIP via 10.0.1.1
hold "http://$VIP/long" moving
ip -n client route replace $VIP via 10.0.1.2
wait "$HELD_PID"
expect_eq "a transfer that moved to the other director" "$(big_sum)" "$(sha256sum <"$RUN/held.moving")"
for director in director director2; do
	expect_eq "connections of $director" 1 "$(in_ns $director ipvsadm-rs -Lnc | grep -c '^TCP')"
done
expect_eq "its server, to both" "$(in_ns director ipvsadm-rs -Lnc | awk '/^TCP/ { print $6 }')" \
	"$(in_ns director2 ipvsadm-rs -Lnc | awk '/^TCP/ { print $6 }')"
remove_topology
remove_director2
unload_module lvs

if [[ ! -e /sys/kernel/btf/vmlinux ]]; then
	say "NOT TESTED HERE: docs/howto/xdp.md, which takes a kernel with type information: the stock kernel follows it"
	FOLLOWED+=(docs/howto/xdp.md)
fi
for howto in "$DOCUMENTS"/docs/howto/*.md; do
	howto=${howto#"$DOCUMENTS/"}
	[[ -z $(blocks sh "$howto") || " ${FOLLOWED[*]} " == *" $howto "* ]] ||
		fail "nobody follows the commands of $howto"
done
