#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time --mem 512
# FLOOD_SOURCES  how many SYNs, each from another address (default 2,000,000; a twentieth of the
#                others)
. "$(dirname "$0")/../lib/scenario.sh"
. "$HERE/flood.sh"
scenario "Floods on a machine with little memory: SYNs of two million sources, datagrams, clients
	of a persistent service, first fragments, and addresses for caches. Memory stays bounded,
	an established connection goes on and new clients are served while each lasts"

# The kernel with sanitizers is ten times as slow and takes more memory for each object.
[[ ! -e /sys/kernel/debug/kmemleak ]] || : "${FLOOD_SOURCES:=100000}"
: "${FLOOD_SOURCES:=2000000}"

with_topology rs1 rs2 rs3
dns_server rs1 rs2 rs3
admin -A -t $VIP:80 -s rr
admin -A -u $VIP:53 -s rr
admin -A -u $VIP:54 -s rr
admin -A -u $VIP:55 -s rr -p 600
admin -A -f 7 -s lblcr
for server in $RS1 $RS2 $RS3; do
	admin -a -t $VIP:80 -r "$server" -m
	for port in 53 54 55; do admin -a -u $VIP:$port -r "$server" -m; done
	admin -a -f 7 -r "$server" -g
done
flood_link
in_ns director nft -f - <<-END
	table ip marks {
		chain in { type filter hook prerouting priority -150; ip daddr 10.64.0.0/10 mark set 7; }
	}
END
in_ns director ip route add local 10.64.0.0/10 dev lo

hold "http://$VIP/slowest" kept
fewer=$((FLOOD_SOURCES / 20))
under_flood "SYNs of $FLOOD_SOURCES sources" syn "$FLOOD_SOURCES" 80
made=$(scheduled $VIP:80)
((made >= FLOOD_SOURCES * 95 / 100)) || fail "only $made connections were made: the flood did not arrive"
under_flood "Datagrams of $fewer sources" udp "$fewer" 54
under_flood "$fewer clients of a persistent service" udp "$fewer" 55
under_flood "First fragments, and no others" fragment "$fewer" 54
threshold=$(in_ns director sysctl -n net.ipv4.ipfrag_high_thresh)
held=$(in_ns director awk '$1 == "FRAG:" { print $5 }' /proc/net/sockstat)
((held <= threshold * 2)) || fail "$held bytes of fragments are held, of $threshold"
slab=$(meminfo Slab) connections=$(connection_memory)
under_flood "$fewer addresses for caches" udp "$fewer" 56 "$fewer"
(($(scheduled 7) >= fewer * 95 / 100)) || fail "the flood did not reach the caches' service"
grown=$(($(meminfo Slab) - slab - ($(connection_memory) - connections)))
((grown < 8192)) || fail "the caches' addresses took $grown kB"

heading "When it is over"
expect_eq "new clients" "rs1=5 rs2=5 rs3=5" "$(requests 15)"
flood_is_over 1 "$HELD_PID"
