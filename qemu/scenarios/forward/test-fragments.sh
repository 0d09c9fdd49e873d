#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Datagrams in fragments on the wire, and IPv6 extension headers, to and from NAT, DR and
	TUN services: packet by packet as ip_vs, and from end to end"

heading "Packet by packet, the same as ip_vs"
frag() { python3 "$HERE/frag.py"; }
differential frag
frag6() { python3 "$HERE/frag6.py"; }
differential frag6

heading "From end to end"
with_topology
dr_server rs2
tun_server rs3
for i in 1 2 3; do
	background rs$i python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('$([[ $i == 1 ]] && echo $RS1 || echo $VIP)', 7000))
while True:
    data, peer = s.recvfrom(65535)
    s.sendto(b'rs$i' + data[::-1], peer)"
	poll "the echo server of rs$i listens" 10 in_ns rs$i sh -c 'ss -Hlun "sport = :7000" | grep -q .'
done
admin -A -u $VIP:7000 -s rr
admin -a -u $VIP:7000 -r $RS1 -m
admin -a -u $VIP:7000 -r $RS2 -g
admin -a -u $VIP:7000 -r $RS3 -i
got=$(in_ns client python3 -c "
import os, socket
kept = []
for i in range(9):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    # No other one gets its port.
    kept.append(s)
    s.settimeout(10)
    s.connect(('$VIP', 7000))
    # Otherwise the socket learns the path's MTU and refuses what is bigger.
    s.setsockopt(socket.IPPROTO_IP, 10, 0)
    for size in (8000, 20000):
        data = os.urandom(size)
        s.send(data)
        answer = s.recv(65535)
        print(answer[:3].decode() if answer[3:] == data[::-1] else 'wrong answer')" | tally)
expect_eq "18 datagrams of 8 and 20 kB" "rs1=6 rs2=6 rs3=6" "$got"
