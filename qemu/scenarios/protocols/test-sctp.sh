#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "SCTP: every chunk in every state, packets whole and cut, over IPv4 and IPv6, as under
	ip_vs"

nat_states() { python3 "$HERE/sctp_states.py" nat; }
dr_states() { python3 "$HERE/sctp_states.py" dr; }
packets() { python3 "$HERE/sctp_packets.py"; }
packets6() { FAMILY=6 python3 "$HERE/sctp_packets.py"; }

heading "States over NAT, where both directions are seen"
differential nat_states
heading "States over DR, where only the client is seen"
differential dr_states
heading "Packets over IPv4"
differential packets
heading "Packets over IPv6"
differential packets6

heading "Associations"
topology
modprobe sctp
for module in ipip ip6_tunnel; do modprobe -q $module || true; done
load_module "$LVS_MODULE"
# The nodes' IPv6 addresses, as in wire6.
python3 -c 'from lvs import wire6'
v6() { python3 -c 'import socket, sys; a = socket.inet_aton(sys.argv[1])
print(socket.inet_ntop(socket.AF_INET6, b"\xfd\0\0\0\0" + a[:3] + bytes(7) + a[3:]))' "$1"; }
VIP6=$(v6 $VIP) CLIENT6=$(v6 $CLIENT) RS1_6=$(v6 $RS1)

# serve NS ADDRESS PORT NAME
serve() {
	local there
	there=$(listeners "$1" "$3")
	background "$1" python3 "$HERE/assoc.py" serve "$2" "$3" "$4"
	poll "$4 listens at $2" 10 more_listeners "$1" "$3" "$there"
}
listeners() { in_ns "$1" grep -c " $2 " /proc/net/sctp/eps || true; }
more_listeners() { (($(listeners "$1" "$2") > $3)); }
# whole FROM ADDRESS PORT: who confirms 1 MB.
whole() { in_ns client python3 "$HERE/assoc.py" call "$1" "$2" "$3" 1000000; }
state() { in_ns director awk -v port="$(printf %04X "$1")" '$1 == "SCTP" && $5 == port { print $8 }' /proc/net/ip_vs_conn; }

# through NAME OPTIONS...: one association over IPv4 and one over IPv6 with rs1.
through() {
	local name=$1 port=$2 real=$3
	shift 3
	admin -A --sctp-service $VIP:"$port" -s rr
	admin -a --sctp-service $VIP:"$port" -r $RS1"${real:+:$real}" "$@"
	admin -A --sctp-service "[$VIP6]:$port" -s rr
	admin -a --sctp-service "[$VIP6]:$port" -r "[$RS1_6]${real:+:$real}" "$@"
	expect_eq "1 MB over IPv4, $name" "rs1 whole" "$(whole $CLIENT $VIP "$port")"
	expect_eq "1 MB over IPv6, $name" "rs1 whole" "$(whole "$CLIENT6" "$VIP6" "$port")"
}

serve rs1 $RS1 7000 rs1
serve rs1 "$RS1_6" 7001 rs1
serve rs1 $RS1 7001 rs1
serve rs1 "$RS1_6" 7000 rs1
serve rs2 $RS2 7000 rs2
serve rs3 $RS3 7000 rs3
through "NAT" 7000 7000 -m
through "NAT to another port" 99 7001 -m
for rs in $RS2 $RS3; do admin -a --sctp-service $VIP:7000 -r "$rs:7000" -m; done
expect_eq "who serves three associations" "rs1-whole=1 rs2-whole=1 rs3-whole=1" \
	"$(for i in 1 2 3; do whole $CLIENT $VIP 7000; done | tr " " - | tally)"

heading "What is counted"
admin -A --sctp-service $VIP:98 -s rr
admin -a --sctp-service $VIP:98 -r $RS1:7000 -m
in_ns client python3 "$HERE/assoc.py" call $CLIENT $VIP 98 1000 "$RUN/held" &
poll "the association is there" 10 test -e "$RUN/held"
expect_eq "its state" ESTABLISHED "$(state 98)"
expect_match "what its server counts" "-> $RS1:7000 +Masq +1 +1 +0" "$(admin -Ln --sctp-service $VIP:98)"
expect_match "the listing" "SCTP [0-9:]+ +ESTABLISHED +$CLIENT:[0-9]+ +$VIP:98 +$RS1:7000" "$(admin -Lnc)"
rm "$RUN/held"
wait $!
is_closed() { [[ $(state 98) == CLOSED ]]; }
poll "the association is closed" 10 is_closed
expect_match "what its server counts then" "-> $RS1:7000 +Masq +1 +0 +1" "$(admin -Ln --sctp-service $VIP:98)"

heading "DR and TUN"
dr_server rs1
ip -n rs1 -6 addr add "$VIP6/128" dev lo nodad
ip -n rs1 -6 route add "$CLIENT6/128" dev eth0
in_ns rs1 sh -c 'for i in tunl0 ip6tnl0; do ip link set $i up; done; echo 0 >/proc/sys/net/ipv4/conf/tunl0/rp_filter'
for port in 7002 7003; do
	serve rs1 $VIP $port rs1
	serve rs1 "$VIP6" $port rs1
done
through "DR" 7002 "" -g
through "TUN" 7003 "" -i
both_closed() { [[ $(state "$1") == $'CLOSED\nCLOSED' ]]; }
for port in 7002 7003; do poll "both associations of port $port are closed" 10 both_closed $port; done
