#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "A real server gets another forwarding method, or leaves, while connections of before run
	and while a client uses its ports again"

W=$VIP:80

# by METHOD: the service's one server, which is set up for both ways.
by() {
	admin -C
	admin -A -t $W -s rr
	admin -a -t $W -r $RS1 "$1"
}

# again PORT [TARGET]: who answers a request from this port of the client's to the service, or to
# TARGET. The server closes first, so the client has the port back at once.
again() {
	local name
	name=$(printf 'GET / HTTP/1.0\r\n\r\n' | in_ns client timeout $((6 * SLOW)) \
		socat -,ignoreeof "TCP:${2:-$W},sourceport=$1,connect-timeout=$((4 * SLOW))" 2>/dev/null |
		sed -n 's/^X-Server: \([a-z0-9]*\).*/\1/p') || true
	echo "${name:-nobody}"
}

size_of() { stat -c %s "$RUN/held.1"; }
grown() { (($(size_of) > $1)); }

with_topology rs1 rs2
# DR needs the virtual address; replies to the client go through the director, where NAT wants
# them, and another way to DR's. The two methods' replies differ in their source.
ip -n rs1 addr replace $VIP/32 dev lo
ip -n rs1 link set tunl0 up
in_ns rs1 sh -c 'echo 0 >/proc/sys/net/ipv4/conf/tunl0/rp_filter'
ip -n rs1 rule add from $VIP lookup 100
ip -n rs1 route add 10.0.1.0/24 dev eth0 table 100
ip -n rs1 route add default via 10.0.2.1 table 100

heading "A download goes on by its method, and new clients go by the server's"
for old in -m -g -i; do
	for new in -m -g -i; do
		[[ $old != "$new" ]] || continue
		by $old
		hold "http://$W/slow" 1
		by $new
		for turn in 1 2 3; do
			# The client acknowledges what arrives, which looks up the old way whenever
			# that was forgotten.
			ip -n director route add 10.9.9.9 via $RS2
			poll "the download by $old goes on" 20 grown "$(size_of)"
			expect_eq "5 requests by $new, turn $turn, while one by $old runs" "rs1=5" "$(requests 5)"
			ip -n director route del 10.9.9.9
		done
		let_go "$HELD_PID"
	done
done

heading "A port is used again after the server got another method"
by -g
expect_eq "a request by DR" rs1 "$(again 7001)"
by -m
nat_server rs1
expect_eq "the same port by NAT" rs1 "$(again 7001)"

heading "A port is used again after the server left"
# rs2's answer passes the director, rs1's by DR doesn't: in either case the connection is closing.
dr_server rs1
by -g
expect_eq "a request by DR" rs1 "$(again 7002)"
admin -a -t $W -r $RS2 -m
admin -d -t $W -r $RS1
expect_eq "the same port to another server" rs2 "$(again 7002)"

if [[ $LVS_MODULE == lvs ]]; then
	# The new connection is younger than the old one was.
	age() { in_ns director awk -v client=$CLIENT:7002 '$2 == client { print $(NF - 3) }' /proc/net/lvs_conn; }
	younger=$(age)
	sleep 2
	expect_match "ages of the connection" '^[0-9] [2-9]$' "$younger $(age)"
fi

heading "conn_reuse_mode=0: it belongs to the old connection all the same"
admin -C
by -g
expect_eq "a request by DR" rs1 "$(again 7003)"
admin -a -t $W -r $RS2 -m
admin -d -t $W -r $RS1
in_ns director sysctl -qw net.ipv4.vs.conn_reuse_mode=0
expect_eq "the same port, the old server" nobody "$(again 7003)"

heading "A port used for the service is used for its NAT server itself"
in_ns director sysctl -qw net.ipv4.vs.conn_reuse_mode=1
admin -C
by -m
nat_server rs1
expect_eq "a request by NAT" rs1 "$(again 7004)"
# Its answer is no longer one of the connection that is over.
expect_eq "the same port to the server" rs1 "$(again 7004 $RS1:80)"
expect_eq "the same port to the service again" rs1 "$(again 7004)"
