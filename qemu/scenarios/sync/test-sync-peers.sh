#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Directors without multicast: peers are told by unicast, ask and fill each other; who isn't a peer
	isn't heard; by several threads, too"

. "$HERE/second.sh"
. "$HERE/join.sh"
COUNT=2000

peer() { sync "$1" peer "${@:2}"; }
# send PORT: somebody sends a datagram to the second director alone.
send() {
	in_ns client python3 - "$1" <<-'END'
		import socket, sys
		from lvs import sync
		from lvs.wire import RS1, VIP
		message = sync.message(sync.entry(("10.0.1.62", 1), (VIP, 80), (RS1, 8080)), sync_id=7)
		with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
		    out.sendto(message, ("10.0.1.2", int(sys.argv[1])))
	END
}

second_director
load_module "$LVS_MODULE"
for ns in director director2; do in_ns $ns ipvsadm -R <<<"$RULES"; done

heading "Peers are added, listed and removed"
expect_fails "a group" peer director add 224.0.0.1
peer director add 10.0.1.2
peer director add "[fd00::2]:9000"
expect_fails "one that is there" peer director add 10.0.1.2
expect_eq "the list" "10.0.1.2 fd00::2" "$(field director '[.peers[].address] | join(" ")')"
expect_eq "its port" 9000 "$(field director '.peers[1].port')"
peer director remove "[fd00::2]:9000"
expect_fails "one that isn't there" peer director remove "[fd00::2]:9000"
for number in $(seq 15); do peer director add "10.99.0.$number"; done
expect_fails "a 17th" peer director add 10.99.0.99
for number in $(seq 15); do peer director remove "10.99.0.$number"; done

for threads in 1 2; do
	heading "Without multicast, by $threads threads"
	for ns in director director2; do in_ns $ns sysctl -qw net.ipv4.vs.sync_ports=$threads; done
	daemon director backup
	sync director wait --timeout 20s
	in_ns client python3 "$HERE/told.py" $COUNT
	poll "the first one has all" 20 has_conns director $COUNT
	for ns in director director2; do
		in_ns $ns nft add table ip deaf
		in_ns $ns nft 'add chain ip deaf in { type filter hook prerouting priority -300; }'
		in_ns $ns nft add rule ip deaf in ip daddr 224.0.0.81 drop
	done
	daemon director master
	daemon director2 backup
	sync director2 wait --timeout 20s
	expect_eq "without a peer" alone "$(field director2 .phase)"
	send $((8848 + threads - 1))
	expect_eq "connections" 0 "$(conns director2)"
	peer director2 add 10.0.1.1
	[[ $threads == 1 ]] || peer director add 10.0.1.2
	poll "it is filled" 40 has_conns director2 $COUNT
	poll "in sync" 20 is director2 .phase "in sync"
	before=$(field director2 .counters.not_a_peer)
	send $((8848 + threads - 1))
	poll "who isn't a peer isn't heard" 10 is director2 ".counters.not_a_peer > $before" true
	expect_eq "connections" $COUNT "$(conns director2)"
	peer director2 remove 10.0.1.1
	peer director remove 10.0.1.2
	for ns in director director2; do
		in_ns $ns nft delete table ip deaf
		forget $ns
	done
	start=$SECONDS
	forgets() { ((SECONDS > start + 6)); }
	poll "both forget" 10 forgets
done
remove_second_director
