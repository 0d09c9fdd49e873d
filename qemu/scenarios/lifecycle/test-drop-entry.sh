#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "drop_entry: connections that have been idle for a minute after few packets go, those of
	fewer packets first; those that are used, or were used much, stay"

with_topology
admin -A -u $VIP:53 -s rr
admin -a -u $VIP:53 -r 10.0.2.50:53 -m
admin -A -t $VIP:80 -s rr
admin -a -t $VIP:80 -r 10.0.2.50:80 -m
admin -A -u $VIP:54 -s rr -o -p 600
admin -a -u $VIP:54 -r 10.0.2.50:54 -m

# send PROTOCOL FIRST-PORT COUNT PACKETS: each of so many clients sends so many packets.
send() {
	python3 - "$@" <<-'END'
		import sys
		from lvs import wire
		client = wire.Sender("client")
		protocol, first, count, packets = sys.argv[1], *map(int, sys.argv[2:])
		for port in range(first, first + count):
		    for number in range(packets):
		        if protocol == "udp":
		            client.send(wire.udp(wire.FAKE_CLIENT, port, wire.VIP, 53, b"x"))
		        elif protocol == "template":
		            client.send(wire.udp(f"10.0.1.{port}", 1000, wire.VIP, 54, b"x"))
		        else:
		            client.send(wire.tcp(wire.FAKE_CLIENT, port, wire.VIP, 80, "A" if number else "S"))
	END
}
# left FIRST-PORT COUNT: how many of them the table still holds.
left() {
	in_ns director awk -v first="$1" -v count="$2" '
		function number(hex, i, n) { for (i = 1; i <= 4; i++) n = 16 * n + index("0123456789ABCDEF", substr(hex, i, 1)) - 1; return n }
		NR > 1 { port = number($3); n += port >= first && port < first + count }
		END { print n + 0 }' /proc/net/ip_vs_conn
}

send udp 1000 400 1
send udp 2000 400 8
send udp 3000 300 9
send udp 4000 300 40
send tcp 5000 300 2
send tcp 6000 300 12
send udp 7000 300 1
send template 48 15 2
in_ns director sysctl -qw net.ipv4.vs.drop_entry=3
send udp 8000 200 1
started=$SECONDS
expect_eq "templates" 15 "$(left 0 1)"
while ((SECONDS - started < 45)); do sleep 1; done
send udp 7000 300 1
expect_eq "idle for less than a minute" 200 "$(left 8000 200)"

# A 32nd of the table is looked at each second.
gone() { (($(left "$1" "$2") <= $3)); }
poll "many of one packet are gone" 60 gone 1000 400 250
expect_eq "those that sent another packet meanwhile" 300 "$(left 7000 300)"
ones=$((400 - $(left 1000 400))) eights=$((400 - $(left 2000 400)))
say "gone: $ones of 400 with one packet, $eights of 400 with eight"
expect_eq "those of eight packets are spared: fewer than half as many are gone" 1 $((eights * 2 < ones))
poll "many established ones of two packets are gone" 60 gone 5000 300 200
poll "some of eight packets are gone" 90 gone 2000 400 399
poll "some templates of one-packet services are gone" 90 gone 0 1 14
for first in 3000 4000 6000; do expect_eq "connections of more packets, from $first" 300 "$(left $first 300)"; done
