#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
. "$HERE/second.sh"
scenario "Two directors that each tell the other: a connection that is used lives on both, one that
	nobody uses any more ends on both, and so does one that the other director uses"

# entries NS: the client's ports of its connections.
entries() { in_ns "$1" awk '$1 == "UDP" { print $3 }' /proc/net/ip_vs_conn | sort | xargs; }
# both PORTS: what either has.
both() { [[ $(entries director) == "$1" && $(entries director2) == "$1" ]]; }

second_director
background rs1 python3 "$HERE/echo.py" udp/53
load_module lvs
for ns in director director2; do
	in_ns $ns ipvsadm -A -u $VIP:53 -s rr
	in_ns $ns ipvsadm -a -u $VIP:53 -r $RS1:53 -m
	in_ns $ns ipvsadm --set 0 0 6
	for daemon in master backup; do in_ns $ns ipvsadm --start-daemon $daemon --mcast-interface front --syncid 7; done
done
in_ns client python3 - <<-'END'
	import socket, time
	used, left = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
	for port, one in ((0x5001, used), (0x5002, left)):
	    one.bind(("", port))
	    one.connect(("10.0.1.100", 53))
	    for _ in range(5):
	        one.send(b"x")
	        one.recv(9)
	# Three lives of the other.
	end = time.monotonic() + 18
	while time.monotonic() < end:
	    used.send(b"x")
	    used.recv(9)
	    time.sleep(0.5)
END
expect_eq "what is left of those that aren't used" "5001 5001" "$(entries director) $(entries director2)"
poll "the used one ends, too" 20 both ""
remove_second_director
