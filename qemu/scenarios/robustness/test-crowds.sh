#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time --mem 384
# CROWD  how many persistent clients (default 1,200,000, which with their connections is more than
#        memory may take)
. "$(dirname "$0")/../lib/scenario.sh"
. "$HERE/flood.sh"
scenario "Crowds that nothing but a limit keeps away: a client that connects to every port of a
	service from one port of its own, and persistent clients by the million whom servers
	answered, on a machine with little memory. Who was there goes on, others are served, and
	memory comes back"

# The kernel with sanitizers is ten times as slow and takes more memory for each object.
[[ ! -e /sys/kernel/debug/kmemleak ]] || : "${CROWD:=100000}"
: "${CROWD:=1200000}"
# Connections of one client port.
LIMIT=512

longest() { in_ns director awk '/^Longest chain/ { print $3 }' /proc/net/lvs; }
# ports: to which the crowd's one port, 5000 of 10.0.1.50, has connections, in order.
ports() { in_ns director awk '$2 == "0A000132" && $3 == "1388" { print $5 }' /proc/net/ip_vs_conn | sort; }
none() { [[ -z $(ports) ]]; }
# ask SOURCE-PORT PORT: who answers the client with the crowd's address; nothing if nobody does.
ask() {
	in_ns client dig +short +timeout=$SLOW +tries=1 -b "10.0.1.50#$1" -p "$2" @$VIP who TXT | sed -n 's/"//gp'
}
# service FLAG NAME OPTIONS...: with all three servers.
service() {
	local server
	admin -A "$@"
	for server in $RS1 $RS2 $RS3; do admin -a "$1" "$2" -r "$server" -m; done
}

topology
web_server rs1 rs2 rs3
dns_server rs1 rs2 rs3
DNS_PORT=5300 dns_server rs1 rs2 rs3
ip -n client addr add 10.0.1.50/32 dev eth0
load_module "$LVS_MODULE"
flood_link
in_ns director nft -f - <<-END
	table ip marks {
		chain in { type filter hook prerouting priority -150; ip daddr $VIP meta l4proto udp mark set 7; }
	}
END
service -t $VIP:80 -s rr
hold "http://$VIP/slowest" kept
KEPT_PID=$HELD_PID

# milliseconds COMMAND...
milliseconds() {
	local began=$EPOCHREALTIME
	"$@"
	awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%d", (b - a) * 1000 }'
}

# crowd FLAG NAME OPTIONS...: a service for all ports.
crowd() {
	local packets=$((100000 / SLOW)) wanted each one
	wanted=$(printf '%04X\n' $(seq $LIMIT))
	service "$@"
	each=$(milliseconds flood udp $packets 57)
	one=$(milliseconds flood crowd $packets 0)
	say "$packets packets of as many clients: $each ms; of one client port: $one ms; longest chain: $(longest)"
	expect_eq "ports to which the client has connections" "$wanted" "$(ports)"
	((one <= 10 * each + 5000)) || fail "$packets packets of one client port took $one ms, of many $each ms"
	# Some others are in its chain by chance.
	(($(longest) <= LIMIT + 32)) || fail "a chain of $(longest)"
	under_flood "Others meanwhile" crowd $((3 * packets)) 0
	expect_eq "ports to which the client has connections" "$wanted" "$(ports)"
	expect_match "an answer by a connection that is there" "^rs[123]$" "$(ask 5000 53)"
	expect_eq "an answer by one more" "" "$(ask 5000 5300)"
	expect_match "an answer to another port" "^rs[123]$" "$(ask 5001 5300)"
	# Their last packets let them live for that long.
	admin --set 0 0 2
	flood crowd $LIMIT 0
	poll "they expire" 30 none
	admin --set 0 0 300
	expect_match "an answer after that" "^rs[123]$" "$(ask 5000 5300)"
	flood crowd $packets 0
	expect_eq "as many again, with that one" $LIMIT "$(ports | wc -l)"
	in_ns director sysctl -qw net.ipv4.vs.expire_nodest_conn=1
	admin -D "$1" "$2"
	poll "they end with their servers" 30 none
	in_ns director sysctl -qw net.ipv4.vs.expire_nodest_conn=0
}

heading "One client port, all ports of a mark"
crowd -f 7 -s rr
heading "One client port, all ports of an address"
in_ns director nft delete table ip marks
crowd -u $VIP:0 -s rr -p 600

heading "Persistent clients that are answered"
service -u $VIP:53 -s rr
service -t $VIP:8080 -s rr -p 600
persistent() { admin -A -u $VIP:55 -s rr -p "$1" && admin -a -u $VIP:55 -r $RS1 -m; }
persistent 600
# templates STATE: of the latter service.
templates() { in_ns director awk -v s="$1" '$3 == "0000" && $5 == "0037" && $8 == s { n++ } END { print n + 0 }' /proc/net/ip_vs_conn; }
hold "http://$VIP:8080/slowest" own
OWN_PID=$HELD_PID own=$HELD_BY
available=$(meminfo MemAvailable)
before=$(entries)
under_flood "Others meanwhile" answered $((2 * CROWD)) 55
remembered=$(templates ASSURED)
say "$remembered of them are remembered, and $(templates NONE) that were not answered"
((remembered >= CROWD / 4)) || fail "only $remembered clients were answered"
expect_eq "the server of a client that was persistent before" "$own=3" "$(requests 3 $VIP:8080)"
expect_eq "new clients" "rs1=10 rs2=10 rs3=10" "$(requests 30)"

heading "When it is over"
# returned MIB: the memory of the crowd, but for so much.
returned() { (($(entries) <= before + 1000 && $(meminfo MemAvailable) + $1 * 1024 >= available)); }
in_ns director sysctl -qw net.ipv4.vs.expire_nodest_conn=1
admin -D -u $VIP:55
poll "clients are forgotten with their servers, and memory returns" 60 returned 16
in_ns director sysctl -qw net.ipv4.vs.expire_nodest_conn=0
# Another crowd expires by itself: its connections after two seconds, then its templates.
persistent 10
admin --set 0 0 2
flood answered $((CROWD / 10)) 55
(($(scheduled $VIP:55) >= CROWD / 20)) || fail "only $(scheduled $VIP:55) clients came"
forgotten() { [[ $(templates ASSURED) == 0 && $(templates NONE) == 0 ]] && returned 16; }
poll "the others are forgotten after their time" 60 forgotten
flood_is_over 2 "$KEPT_PID" "$OWN_PID"
