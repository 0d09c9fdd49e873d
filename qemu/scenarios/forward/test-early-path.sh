#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The early path: packets of established connections skip the director's filter chains
	when it is on and don't when it is off, whatever the method; what it can't do exactly
	takes the normal path"

topology
# The first server is reached by NAT, the others get the virtual address.
dr_server rs2
tun_server rs3
web_server rs1 rs2 rs3
load_module lvs

# What the director's filters see of 1 MB that a client gets from port $1.
filtered() {
	in_ns director nft reset counters >/dev/null
	expect_eq "sha256 of what port $1 serves" "$(big_sum)" \
		"$(in_ns client curl -s --max-time 30 "http://$VIP:$1/big" | sha256sum)"
	in_ns director nft list counters | awk '/packets/ { sum += $2 } END { print sum }'
}

in_ns director nft -f - <<-END
	table inet seen {
		counter requests {}
		counter replies {}
		chain input { type filter hook input priority -300; tcp dport { 80, 81 } counter name requests; }
		chain forward { type filter hook forward priority -300; tcp sport { 80, 8080 } counter name replies; }
	}
END
early() { in_ns director sysctl -qw "net.lvs.early_path=$1"; }

heading "The setting"
expect_eq "by default" 0 "$(in_ns director sysctl -n net.lvs.early_path)"
expect_fails "another number" in_ns director sh -c 'echo 2 >/proc/sys/net/lvs/early_path'
expect_eq "then" 0 "$(in_ns director sysctl -n net.lvs.early_path)"

for way in "m 81 $RS1:80" "g 80 $RS2" "i 80 $RS3"; do
	read -r method port rs <<<"$way"
	heading "Method -$method"
	admin -A -t $VIP:"$port" -s rr
	admin -a -t $VIP:"$port" -r "$rs" -"$method"
	early 0
	seen=$(filtered "$port")
	((seen > 5)) || fail "only $seen packets of 1 MB were seen with the early path off"
	early 1
	on=$(filtered "$port")
	say "packets seen: $seen with the early path off, $on with it on"
	# The client's SYN, and the server's.
	((on >= 1 && on <= 2)) || fail "$on packets were seen with the early path on"
	inbound=$(admin -Ln --stats --exact | awk -v s="$VIP:$port" '$2 == s { print $4 }')
	((inbound > 10)) || fail "only $inbound of the client's packets were counted"
	admin -D -t $VIP:"$port"
done

heading "What it leaves alone"
admin -A -t $VIP:81 -s rr
admin -a -t $VIP:81 -r "$RS1:80" -m
in_ns director sysctl -qw net.ipv4.vs.conntrack=1
seen=$(filtered 81)
((seen > 5)) || fail "only $seen packets were seen with connection tracking on"
in_ns director sysctl -qw net.ipv4.vs.conntrack=0

heading "A server that is removed"
expect_eq "an answer" rs1 "$(in_ns client curl -s --max-time 10 "http://$VIP:81/")"
admin -d -t $VIP:81 -r "$RS1:80"
expect_fails "no server" in_ns client curl -s --max-time 3 "http://$VIP:81/"

heading "Without services"
admin -C
expect_eq "the setting stays" 1 "$(in_ns director sysctl -n net.lvs.early_path)"
