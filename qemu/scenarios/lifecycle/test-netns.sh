#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Network namespaces: services in one are invisible in others, the same VIP in two, and a
	namespace that goes away under traffic with live connections"

topology
topology -b
web_server rs1 rs2 rs3 rs1-b rs2-b rs3-b
load_module "$LVS_MODULE"
rules() { in_ns "$1" "$ADMIN" -Ln; }
requests_b() { in_ns client-b curl -s --connect-timeout 5 --max-time 20 "http://$VIP/?[1-$1]" | tally; }

heading "Services are where they were made"
empty=$(rules director)
admin -A -t $VIP:80 -s rr
admin -a -t $VIP:80 -r $RS1 -m
admin -a -t $VIP:80 -r $RS2 -m
for ns in director-b client rs1; do
	expect_eq "rules in $ns" "$empty" "$(rules $ns)"
	expect_eq "services in the files of $ns" 3 "$(in_ns $ns sh -c 'wc -l </proc/net/ip_vs')"
done
expect_eq "rules in the first namespace" "" "$("$ADMIN" -Sn)"

heading "The same VIP in two"
in_ns director-b "$ADMIN" -A -t $VIP:80 -s wrr
in_ns director-b "$ADMIN" -a -t $VIP:80 -r $RS1 -m -w 2
in_ns director-b "$ADMIN" -a -t $VIP:80 -r $RS3 -m -w 1
expect_eq "requests in the first" "rs1=5 rs2=5" "$(requests 10)"
expect_eq "requests in the second" "rs1-b=6 rs3-b=3" "$(requests_b 9)"
expect_eq "connections in the first" 10 "$(in_ns director sh -c 'grep -c ^TCP /proc/net/ip_vs_conn')"
expect_eq "connections in the second" 9 "$(in_ns director-b sh -c 'grep -c ^TCP /proc/net/ip_vs_conn')"
in_ns director-b "$ADMIN" --set 100 50 25
expect_eq "timeouts of the first" "Timeout (tcp tcpfin udp): 900 120 300" "$(admin -L --timeout)"
in_ns director-b "$ADMIN" -C
expect_eq "requests in the first after the second was cleared" "rs1=5 rs2=5" "$(requests 10)"

heading "A namespace goes away under traffic, with connections"
for round in 1 2; do
	in_ns director-b "$ADMIN" -A -t $VIP:80 -s rr
	for rs in $RS1 $RS2 $RS3; do in_ns director-b "$ADMIN" -a -t $VIP:80 -r "$rs" -m; done
	in_ns director-b "$ADMIN" -A -u $VIP:53 -s rr
	in_ns director-b "$ADMIN" -a -u $VIP:53 -r $RS1 -m
	expect_eq "requests in the second, round $round" "rs1-b=5 rs2-b=5 rs3-b=5" "$(requests_b 15)"
	background client-b bash -c "while true; do echo x >/dev/udp/$VIP/53; done 2>/dev/null"
	background client-b curl -s -o /dev/null "http://$VIP/?[1-100000]"
	many() { (($(in_ns director-b sh -c 'grep -c ^UDP /proc/net/ip_vs_conn') > 20)); }
	poll "connections of the flood" 10 many
	remove_topology -b
	gone() { ! kernel_log | tail -n 3 | grep -q waiting; }
	poll "the namespace is gone" 10 gone
	expect_eq "requests in the first, round $round" "rs1=5 rs2=5" "$(requests 10)"
	topology -b
	web_server rs1-b rs2-b rs3-b
done

heading "Many namespaces come and go"
for ((i = 0; i < 10; i++)); do
	ip netns add many$i
	ip -n many$i link set lo up
	in_ns many$i "$ADMIN" -A -u 127.0.0.1:53 -s rr
	in_ns many$i "$ADMIN" -a -u 127.0.0.1:53 -r 127.0.0.1:53 -m
	in_ns many$i bash -c 'for i in 1 2 3; do echo x >/dev/udp/127.0.0.1/53; done 2>/dev/null' || true
done
for ((i = 0; i < 10; i++)); do ip netns del many$i; done
expect_eq "requests in the first" "rs1=5 rs2=5" "$(requests 10)"

remove_topology -b
