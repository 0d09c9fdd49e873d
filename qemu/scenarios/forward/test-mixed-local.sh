#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "NAT, DR and TUN servers and the director itself in one service, for TCP and UDP; the
	director as a client of its own service; a service with a server that is the director by
	NAT"

topology
dr_server rs2
tun_server rs3
web_server rs1 rs2 rs3 director
dns_server rs1 rs2 rs3 director
load_module "$LVS_MODULE"
# A port that a client uses again begins a new connection, also when DR shows the director only one
# side of the old one.
in_ns director sysctl -qw net.ipv4.vs.conn_reuse_mode=3

heading "Four methods in one service"
for service in "-t $VIP:80" "-u $VIP:53"; do
	# shellcheck disable=SC2086
	{
		admin -A $service -s rr
		admin -a $service -r $RS1 -m
		admin -a $service -r $RS2 -g
		admin -a $service -r $RS3 -i
		admin -a $service -r 10.0.2.1 -g
	}
done
expect_eq "40 requests" "director=10 rs1=10 rs2=10 rs3=10" "$(requests 40)"
expect_eq "8 DNS queries" "director=2 rs1=2 rs2=2 rs3=2" "$(queries 8)"
admin -e -t $VIP:80 -r 10.0.2.1 -g -w 0
expect_eq "30 requests with the director at weight 0" "rs1=10 rs2=10 rs3=10" "$(requests 30)"

heading "The director as a server by each method"
for method in -m -g -i; do
	admin -C
	admin -A -t $VIP:80 -s rr
	admin -a -t $VIP:80 -r 10.0.2.1 $method
	admin -a -t $VIP:80 -r $RS1 -m
	expect_eq "10 requests, the director by $method" "director=5 rs1=5" "$(requests 10)"
done

heading "The director as a client of a NAT service"
admin -C
admin -A -t $VIP:80 -s rr
admin -a -t $VIP:80 -r $RS1 -m
admin -a -t $VIP:80 -r $RS2 -m
nat_server rs2
expect_eq "10 requests of the director" "rs1=5 rs2=5" \
	"$(in_ns director curl -s --max-time 20 "http://$VIP/?[1-10]" | tally)"
