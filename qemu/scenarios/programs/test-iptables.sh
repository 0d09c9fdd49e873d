#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "iptables' match ipvs: each option and its inversion, in each chain, for each forwarding method
	and in both families, by both back ends; the rules that Docker Swarm, kube-router and Seesaw
	set up; what is refused: the same as under ip_vs"

DIRECTOR=10.0.2.1 DIRECTOR6=2001:db8:2::1
CHAINS="INPUT FORWARD OUTPUT POSTROUTING"

# Back ends that the kernel has: not every one has the legacy tables.
backends() {
	local backend
	for backend in nft legacy; do
		! in_ns director iptables-$backend -t mangle -S >/dev/null 2>&1 || echo $backend
	done
}
tables() { in_ns director "$@"; }
set_conntrack() { in_ns director sh -c "echo $1 >/proc/sys/net/ipv4/vs/conntrack"; }
call() { in_ns client python3 "$LIB/calls.py" ask "$@" || echo "no answer"; }

serve() {
	background "$1" python3 "$LIB/calls.py" serve "$@" >/dev/null
	poll "$1 serves" 10 serves "$@"
}
serves() {
	local address
	for address in "${@:2}"; do
		[[ $address != *:* ]] || address="[$address]"
		in_ns "$1" ss -ltnuH "src $address:90" | grep -q . || return 1
	done
}

# has_virtual NS: owns the virtual addresses silently, takes tunnels and answers the client
# directly.
has_virtual() {
	tun_server "$1"
	ip -n "$1" addr replace $VIP6/128 dev lo nodad
	ip -n "$1" -6 route replace 2001:db8:1::/64 dev eth0
	ip -n "$1" link set ip6tnl0 up
}

# options VIRTUAL NET OTHER-NET: every option, its inversion, and some together.
options() {
	cat <<-END
		--ipvs
		! --ipvs
		--vproto 17
		! --vproto 17
		--vproto 6
		! --vproto 6
		--vproto 1
		--vaddr $1
		! --vaddr $1
		--vaddr $2
		! --vaddr $2
		--vaddr $3
		! --vaddr $3
		--vport 90
		! --vport 90
		--vport 91
		! --vport 91
		--vdir ORIGINAL
		--vdir REPLY
		--vmethod MASQ
		! --vmethod MASQ
		--vmethod GATE
		! --vmethod GATE
		--vmethod IPIP
		! --vmethod IPIP
		--vportctl 90
		! --vportctl 90
		--vportctl 21
		! --vportctl 21
		--ipvs --vport 90
		--vproto 17 --vaddr $1 --vport 90
		--vproto 17 ! --vaddr $1 --vport 90
		--vaddr $2 --vport 90 --vmethod MASQ --vdir ORIGINAL
		--vaddr $2 --vport 90 --vmethod MASQ --vdir REPLY
		--vport 90 ! --vmethod MASQ --vportctl 90
	END
}

# rules TOOL OPTIONS-ARGUMENT...: counts what matches in each chain.
rules() {
	local chain option others=()
	[[ $1 != ip6* ]] || others=(! -p ipv6-icmp)
	{
		echo "*mangle"
		for chain in $CHAINS; do
			options "${@:2}" | while read -r option; do
				# Neighbours are looked for whenever they are.
				echo "-A $chain ${others[*]} -m ipvs $option"
			done
		done
		echo COMMIT
	} | tables "$1-restore"
}

# counted TOOL EXACT: the rules that matched, and how many packets where that is determined.
counted() {
	tables "$1" -t mangle -L -nvx |
		awk -v exact="$2" '/^Chain/ { chain = $2 } $1 ~ /^[0-9]+$/ && $1 > 0 {
			count = exact ? $1 : "some"
			sub(/^ *[0-9]+ +[0-9]+ +/, ""); gsub(/ +/, " "); print chain, count, $0 }'
	tables "$1" -t mangle -Z
}

# a service of one server: service PROTOCOL VIRTUAL SERVER METHOD [OPTION...]
service() {
	admin -A "-${1:0:1}" "$2" -s rr "${@:5}"
	admin -a "-${1:0:1}" "$2" -r "$3" "$4"
}

# Packets of each kind past all rules.
packets() {
	local backend family tool setting method port=5000 source vip server method_server direct
	has_virtual rs3
	serve rs1 $RS1 $RS1_6
	serve rs3 $VIP $VIP6
	for backend in $(backends); do
		for family in 4 6; do
			tool=iptables-$backend source=$CLIENT vip=$VIP server=$RS1 method_server=$RS3 direct=$RS1
			rule_arguments=("$VIP" 10.0.1.0/24 10.7.0.0/16)
			if [[ $family == 6 ]]; then
				tool=ip6tables-$backend source=$CLIENT6 vip="[$VIP6]" server="[$RS1_6]" method_server="[$RS3_6]"
				direct=$RS1_6
				rule_arguments=("$VIP6" 2001:db8:1::/64 2001:db8:7::/64)
			fi
			rules "$tool" "${rule_arguments[@]}"
			echo "== $tool says"
			tables "$tool" -t mangle -S
			for setting in 0 1; do
				set_conntrack $setting
				for method in -m -g -i; do
					[[ $method == -m ]] || server=$method_server
					for persistent in "" "-p 300"; do
						[[ -z $persistent || $method == -m ]] || continue
						echo "== $tool conntrack=$setting $method $persistent udp"
						port=$((port + 1))
						# shellcheck disable=SC2086
						service udp "$vip:90" "$server:90" $method $persistent
						call udp $source $port "${vip//[\[\]]/}" 90 first
						call udp $source $port "${vip//[\[\]]/}" 90 second
						counted "$tool" exact
						admin -C
						conntrack_flush
					done
					echo "== $tool conntrack=$setting $method tcp"
					port=$((port + 1))
					service tcp "$vip:90" "$server:90" $method
					call tcp $source $port "${vip//[\[\]]/}" 90 client
					counted "$tool" ""
					admin -C
					conntrack_flush
				done
				server=$RS1
				[[ $family == 4 ]] || server="[$RS1_6]"
			done
			echo "== $tool: a packet of no service, and one that nobody takes at the server"
			port=$((port + 1))
			service udp "$vip:91" "$server:91" -m
			call udp $source $port $direct 90 direct
			in_ns client python3 "$HERE/../forward/udp_refused.py" "${vip//[\[\]]/}" 91
			counted "$tool" exact
			admin -C
			tables "$tool" -t mangle -F
		done
	done
}
conntrack_flush() { in_ns director conntrack -F 2>/dev/null; }

network() {
	modprobe -q ip6_tunnel || true
	dual_stack
}
IP_VS_KEEPS_DEVICES=1 differential packets network

# answers FAMILY: who answers six requests to the service.
answers() {
	local port answer=() vip=$VIP source=$CLIENT
	[[ $1 == 4 ]] || vip=$VIP6 source=$CLIENT6
	for port in 6001 6002 6003 6004 6005 6006; do
		answer+=("$(call tcp $source $port $vip 90 client)")
	done
	[[ ${answer[*]} != *"no answer"* ]] || fail "answers: ${answer[*]}"
	printf '%s\n' "${answer[@]}" | sort | uniq -c
}

# Servers that only know their own network: their answers come back if the director's address is
# the source.
lost_servers() {
	local i
	for i in 1 2 3; do
		ip -n rs$i route del default
		ip -n rs$i -6 route del default
		serve rs$i 10.0.2.1$i 2001:db8:2::1$i
	done
}

# balanced FAMILY SERVICE-OPTION...: the service and its three servers.
balanced() {
	local servers=("$RS1:90" "$RS2:90" "$RS3:90") server
	[[ $1 == 4 ]] || servers=("[$RS1_6]:90" "[$RS2_6]:90" "[$RS3_6]:90")
	admin -A "${@:2}" -s rr
	for server in "${servers[@]}"; do admin -a "${@:2}" -r "$server" -m; done
}

# mark_packets TOOL: those to port 90. Not every kernel has the target MARK for IPv6.
mark_packets() {
	if [[ $1 == ip6* ]]; then
		tables nft "table ip6 marks { chain pre { type filter hook prerouting priority -150; tcp dport 90 mark set 256; }; }"
	else
		tables "$1" -t mangle -A PREROUTING -p tcp --dport 90 -j MARK --set-mark 256
	fi
}
unmark_packets() {
	if [[ $1 == ip6* ]]; then
		tables nft delete table ip6 marks
	else
		tables "$1" -t mangle -F
	fi
}

# What others set up: the same answers, and without their rules none.
others() {
	local backend family tool vip net director mark service
	lost_servers
	for backend in $(backends); do
		for family in 4 6; do
			tool=iptables-$backend vip=$VIP net=10.0.2.0/24 director=$DIRECTOR mark=(-f 256) service=$VIP:90
			if [[ $family == 6 ]]; then
				tool=ip6tables-$backend vip=$VIP6 net=2001:db8:2::/64 director=$DIRECTOR6
				mark=(-f 256 -6) service="[$VIP6]:90"
			fi
			set_conntrack 1

			echo "== $tool: Docker Swarm's ingress"
			mark_packets "$tool"
			tables "$tool" -t nat -A POSTROUTING -d $net -m ipvs --ipvs -j SNAT --to-source $director
			balanced $family "${mark[@]}"
			answers $family
			tables "$tool" -t nat -S POSTROUTING
			admin -C
			tables "$tool" -t nat -F
			unmark_packets "$tool"
			conntrack_flush

			echo "== $tool: kube-router's one-armed NAT"
			tables "$tool" -t nat -A POSTROUTING -m ipvs --vdir ORIGINAL --vmethod MASQ -m comment --comment "" \
				! -s $net -j SNAT --to-source $director
			balanced $family -t "$service"
			answers $family
			tables "$tool" -t nat -S POSTROUTING
			admin -C
			tables "$tool" -t nat -F
			conntrack_flush

			echo "== $tool: Seesaw"
			mark_packets "$tool"
			tables "$tool" -t nat -A POSTROUTING -m ipvs -p tcp --vaddr $vip --vport 90 \
				-j SNAT --to-source $director --random
			tables "$tool" -A INPUT -p tcp -d $vip --dport 90 -j ACCEPT
			tables "$tool" -A INPUT -d $vip -j DROP
			balanced $family "${mark[@]}"
			answers $family
			tables "$tool" -t nat -S POSTROUTING
			admin -C
			tables "$tool" -F INPUT
			tables "$tool" -t nat -F
			unmark_packets "$tool"
			conntrack_flush
		done
	done
}
differential others network

# What is refused.
refusals() {
	local backend arguments
	for backend in $(backends); do
		while read -r arguments; do
			# shellcheck disable=SC2086
			tables iptables-$backend -A FORWARD -m ipvs $arguments 2>&1 || true
		done <<-END

			--vport
			--vport 90 --vport 91
			--vmethod TUN
			--vdir BOTH
			--vproto nonsense
			--vaddr $VIP6
			! --vdir REPLY --vdir REPLY
			! --ipvs --vport 90
		END
		tables iptables-"$backend" -S FORWARD
	done
	in_ns director python3 "$HERE/foreign_match.py"
}
differential refusals network

if [[ $LVS_MODULE == lvs ]]; then
	heading "A rule holds the module"
	network
	load_module lvs
	tables iptables -A FORWARD -m ipvs --ipvs
	expect_fails "rmmod beside a rule" rmmod lvs
	tables iptables -F FORWARD
fi
