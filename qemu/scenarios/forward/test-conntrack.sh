#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Sanitized: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "net.ipv4.vs.conntrack: which connections netfilter tracks and how, the same as ip_vs; a
	port that is used again goes to another server at once, which ip_vs makes wait for a
	second; without it, nothing needs connection tracking"

nft_rules() { in_ns director nft "$@"; }
set_conntrack() { in_ns director sh -c "echo $1 >/proc/sys/net/ipv4/vs/conntrack"; }
# serve NS [ADDRESS...]: on its own addresses, if none are named.
serve() {
	local rs=$1 addresses=("10.0.2.1${1#rs}" "2001:db8:2::1${1#rs}")
	shift
	[[ $# -eq 0 ]] || addresses=("$@")
	# Not with the trace as its output: who reads that waits for its end.
	background "$rs" python3 "$LIB/calls.py" serve "$rs" "${addresses[@]}" >/dev/null
	poll "$rs serves" 10 serves "$rs" "${addresses[@]}"
}
serves() {
	local address
	for address in "${@:2}"; do
		[[ $address != *:* ]] || address="[$address]"
		in_ns "$1" ss -ltnH "src $address:90" | grep -q . || return 1
	done
}
# has_virtual NS...: takes packets to the virtual addresses, tunnelled ones too, and answers
# directly.
has_virtual() {
	local rs
	tun_server "$@"
	for rs; do
		ip -n "$rs" addr replace $VIP6/128 dev lo nodad
		ip -n "$rs" -6 route replace 2001:db8:1::/64 dev eth0
		ip -n "$rs" link set ip6tnl0 up
	done
}
ask() { in_ns client python3 "$LIB/calls.py" ask "$@"; }

# is_closed PORT: the director saw the end of the connection from this port.
is_closed() { in_ns director ipvsadm -Lnc | grep -E "(TIME_WAIT|FIN_WAIT|CLOSE) .*:$1 " >/dev/null; }

# has_ended PORT: the client has acknowledged the server's end, too.
has_ended() { [[ -n $(in_ns client ss -Htan state time-wait "sport = :$1") ]]; }

# tracked: netfilter's connections without what is different each time.
tracked() {
	in_ns director conntrack -L ${1:+-f "$1"} 2>/dev/null |
		sed -E '/icmp/d; s/^([a-z]+ +[0-9]+) [0-9]+/\1/; s/ (mark|use|secctx)=[^ ]*//g; s/ +$//' | sort
}

is_tracked() { tracked "$1" | grep "$2" >/dev/null; }
not_tracked() { ! is_tracked "$@"; }

# watch_states: rules that count packets of each state in each chain.
watch_states() {
	local hook
	{
		echo "table inet watch {"
		for hook in input forward output postrouting; do
			echo "chain $hook { type filter hook $hook priority 0;"
			for state in new established related invalid untracked; do
				echo "meta l4proto {tcp, udp} th dport != 53 ct state $state counter comment \"$hook $state\""
			done
			echo "}"
		done
		echo "}"
	} | nft_rules -f -
}
# seen: "CHAIN STATE" of what packets were seen; how many is compared where that is determined.
seen() {
	nft_rules list table inet watch |
		sed -n 's/.*counter packets \([0-9]*\) .*comment "\(.*\)"/\1 \2/p' |
		awk -v exact="$1" '$1 { print exact || $3 == "new" ? $0 : $2 " " $3 }'
}
forget() {
	in_ns director conntrack -F 2>/dev/null
	nft_rules reset counters table inet watch >/dev/null
	nft_rules reset rules table inet watch >/dev/null
	admin -C
}

# A call of each kind under each setting and method; what netfilter then thinks of it.
calls() {
	local method setting port=5000 family source destination rs vip
	has_virtual rs3
	watch_states
	serve rs1
	serve rs3 $VIP $VIP6
	for setting in 0 1; do
		set_conntrack $setting
		for family in ipv4 ipv6; do
			for method in -m -g -i; do
				source=$CLIENT vip=$VIP rs=$RS1
				[[ $method == -m ]] || rs=$RS3
				if [[ $family == ipv6 ]]; then
					source=$CLIENT6 vip="[$VIP6]" rs="[$RS1_6]:90"
					[[ $method == -m ]] || rs="[$RS3_6]:90"
				fi
				destination=${vip//[\[\]]/}
				port=$((port + 1))
				echo "== conntrack=$setting $family $method"
				for protocol in tcp udp; do
					admin -A -${protocol:0:1} "$vip:90" -s rr
					admin -a -${protocol:0:1} "$vip:90" -r "$rs" $method
				done
				ask tcp $source $port "$destination" 90 client
				# By DR and TUN the client's last segment passes after its FIN.
				poll "the client sent its last segment" 10 has_ended $port
				poll "the director saw the end" 10 is_closed $port
				[[ $setting-$method != 1--m ]] || poll "netfilter saw the end" 10 is_tracked "$family" "TIME_WAIT.*sport=$port "
				tracked $family
				seen ""
				forget
				admin -A -u "$vip:90" -s rr
				admin -a -u "$vip:90" -r "$rs" $method
				ask udp $source $port "$destination" 90 client
				ask udp $source $port "$destination" 90 client
				tracked $family
				seen exact
				forget
			done
		done
	done

	echo "== one packet, no reply to look for"
	set_conntrack 1
	admin -A -u $VIP:90 -s rr -o
	admin -a -u $VIP:90 -r $RS3 -g
	ask udp $CLIENT 5100 $VIP 90 once
	tracked ipv4
	forget

	echo "== a connection that is over is forgotten by both"
	admin --set 0 0 2
	admin -A -u $VIP:90 -s rr
	admin -a -u $VIP:90 -r $RS1 -m
	ask udp $CLIENT 5101 $VIP 90 x
	tracked ipv4
	poll "netfilter forgets it" 15 not_tracked ipv4 sport=5101
	tracked ipv4
	forget

	echo "== the setting counts when a connection begins"
	admin --set 0 0 300
	admin -A -u $VIP:90 -s rr
	admin -a -u $VIP:90 -r $RS1 -m
	set_conntrack 0
	ask udp $CLIENT 5102 $VIP 90 x
	set_conntrack 1
	ask udp $CLIENT 5102 $VIP 90 x
	tracked ipv4
	ask udp $CLIENT 5103 $VIP 90 x
	set_conntrack 0
	ask udp $CLIENT 5103 $VIP 90 x
	tracked ipv4
	set_conntrack 1
	forget

	echo "== masquerading in front of the servers"
	nft_rules "table ip source_nat { chain post { type nat hook postrouting priority 100;
		ip daddr $RS1 masquerade; }; }"
	admin -A -t $VIP:90 -s rr
	admin -a -t $VIP:90 -r $RS1 -m
	ask tcp $CLIENT 5104 $VIP 90 client
	poll "netfilter saw the end" 10 is_tracked ipv4 TIME_WAIT
	tracked ipv4
	forget

	echo "== a firewall on the director that goes by states"
	nft_rules "table inet firewall {
		chain in { type filter hook input priority 10; policy drop;
			icmpv6 type != 0 accept; ct state established accept; ct state new tcp dport 90 accept; }
		chain pass { type filter hook forward priority 10; policy drop; ct state established accept; }
		chain out { type filter hook output priority 10; policy drop;
			icmpv6 type != 0 accept; ct state {new, established} tcp dport 90 accept; }; }"
	admin -A -t $VIP:90 -s rr
	admin -a -t $VIP:90 -r $RS1 -m
	ask tcp $CLIENT 5105 $VIP 90 server
	nft_rules delete table inet firewall
}
network() {
	modprobe -q ip6_tunnel || true
	dual_stack
}
differential calls network

heading "Nothing of connection tracking is needed or loaded by itself"
# The rules of namespaces that are gone hold it for a moment.
tracking_is_out() {
	local m
	for m in nf_conntrack_netlink nft_masq nft_nat nft_chain_nat nft_ct nf_nat nf_conntrack; do
		rmmod $m 2>/dev/null || true
	done
	not_loaded nf_conntrack
}
poll "nf_conntrack is out" 30 tracking_is_out
network
load_module "$LVS_MODULE"
serve rs1
serve rs2
admin -A -t $VIP:90 -s rr
admin -a -t $VIP:90 -r $RS1 -m
admin -a -t $VIP:90 -r $RS2 -m
answers=$(for port in 6001 6002; do ask tcp $CLIENT $port $VIP 90 client; done | sort | tr '\n' ' ')
expect_eq "answers" "client rs1 client rs2 " "$answers"
if [[ $LVS_MODULE == lvs ]]; then
	expect_eq "nf_conntrack is still out" "" "$(sed -n 's/^nf_conntrack .*/loaded/p' /proc/modules)"
	set_conntrack 1
	poll "who wants tracking gets the module" 5 loaded nf_conntrack
	expect_fails "the module is held" rmmod nf_conntrack
fi
set_conntrack 1

heading "A port is used again"
watch_states
# So that the client's own TIME_WAIT is no obstacle.
in_ns client sysctl -qw net.ipv4.tcp_tw_reuse=1 net.ipv4.tcp_tw_reuse_delay=1
repeated() { in_ns client nstat -asz TcpRetransSegs | awk '/Retrans/ { print $2 }'; }
# reuse HOW PORT SOURCE VIP: two calls from one port; HOW the first one ends.  Their servers, and
# how often the client had to ask again.
reuse() {
	local before
	before=$(repeated)
	ask tcp "$3" "$2" "$4" 90 "$1"
	poll "the director saw the end" 10 is_closed "$2"
	ask tcp "$3" "$2" "$4" 90 server
	REPEATED=$(($(repeated) - before))
}
# reuse_all METHOD PORT HOW...: from this port on, each way over both families.
reuse_all() {
	local method=$1 port=$2 family how source vip servers answered
	for family in ipv4 ipv6; do
		for how in "${@:3}"; do
			source=$CLIENT vip=$VIP servers=("$RS1" "$RS2")
			[[ $family == ipv4 ]] || source=$CLIENT6 vip="[$VIP6]" servers=("[$RS1_6]:90" "[$RS2_6]:90")
			admin -C
			admin -A -t "$vip:90" -s rr
			admin -a -t "$vip:90" -r "${servers[0]}" "$method"
			admin -a -t "$vip:90" -r "${servers[1]}" "$method"
			reuse "$how" "$port" "$source" "${vip//[\[\]]/}" >"$RUN/reuse"
			answered=$(awk '{ print $2 }' "$RUN/reuse" | sort | tr '\n' ' ')
			say "conntrack=$setting, $family, $method, ended by $how: $answered, repeated SYNs: $REPEATED"
			expect_eq "servers of the two connections" "rs1 rs2 " "$answered"
			[[ $LVS_MODULE == ip_vs ]] || expect_eq "SYNs sent again" 0 "$REPEATED"
			port=$((port + 1))
		done
	done
}
for setting in 0 1; do
	set_conntrack $setting
	reuse_all -m $((6010 + setting * 10)) server reset client
done
expect_match "tracked as the later one" "src=$CLIENT dst=$VIP sport=6022 " "$(tracked ipv4)"
has_virtual rs1 rs2
serve rs1 $VIP $VIP6
serve rs2 $VIP $VIP6
# What a server ends is not seen by a director that gets no replies: FIN_WAIT has to do.
in_ns director sysctl -qw net.ipv4.vs.conn_reuse_mode=3
for setting in 0 1; do
	set_conntrack $setting
	reuse_all -g $((6030 + setting * 10)) server client
done

remove_topology
unload_module "$LVS_MODULE"
[[ $LVS_MODULE == ip_vs ]] || poll "nf_conntrack is given back" 30 sh -c 'rmmod nf_conntrack_netlink nft_ct nf_conntrack; ! grep -q "^nf_conntrack " /proc/modules'
