#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "ICMP errors about balanced connections reach the side they are for, with the addresses
	inside rewritten: from end to end, and packet by packet as ip_vs"

heading "Packet by packet, the same as ip_vs"
icmp() { python3 "$HERE/icmp.py"; }
differential icmp

with_topology rs1
admin -A -t $VIP:80 -s rr
admin -a -t $VIP:80 -r $RS1 -m
admin -A -u $VIP:7777 -s rr
admin -a -u $VIP:7777 -r $RS1 -m

heading "A closed UDP port of the real server is reported to the client"
got=$(in_ns client python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.connect(('$VIP', 7777))
s.send(b'anybody?')
try:
    s.recv(100)
except ConnectionRefusedError:
    print('refused')")
expect_eq "what the client's socket sees" refused "$got"

heading "The path towards the client is narrower"
# The client sits behind a router with a smaller MTU.
ip netns add far
at_exit "ip netns del far"
ip -n client link add lan type veth peer name lan netns far
ip -n client addr add 10.0.3.1/24 dev lan
ip -n client link set lan up mtu 1300
ip -n far -batch - <<-END
	link set lo up
	addr add 10.0.3.2/24 dev lan
	link set lan up
	route add default via 10.0.3.1
END
in_ns client sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
ip -n director route add 10.0.3.0/24 via $CLIENT
expect_eq "sha256 of 1 MB over MTU 1300" "$(big_sum)" \
	"$(in_ns far curl -s --max-time 30 "http://$VIP/big" | sha256sum)"
expect_match "the real server's route to the client" "mtu 1300" "$(ip -n rs1 route get 10.0.3.2)"

heading "The path towards the real server is narrower"
ip netns add deep
at_exit "ip netns del deep"
ip -n rs1 link add lan type veth peer name lan netns deep
ip -n rs1 addr add 10.0.4.1/24 dev lan
ip -n rs1 link set lan up mtu 1300
ip -n deep -batch - <<-END
	link set lo up
	addr add 10.0.4.2/24 dev lan
	link set lan up
	route add default via 10.0.4.1
END
in_ns rs1 sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
ip -n director route add 10.0.4.0/24 via $RS1
background deep python3 "$LIB/sink.py" serve 9000
admin -A -t $VIP:9000 -s rr
admin -a -t $VIP:9000 -r 10.0.4.2 -m
poll "the sink listens" 10 in_ns deep sh -c 'ss -Hltn "sport = :9000" | grep -q .'
expect_eq "sha256 of 1 MB sent over MTU 1300" "$(big_sum | cut -d' ' -f1)" \
	"$(in_ns client python3 "$LIB/sink.py" send $VIP 9000 "$RUN/www/big")"
expect_match "the client's route to the virtual address" "mtu 1300" "$(ip -n client route get $VIP)"
kill -9 "$BACKGROUND_PID"
