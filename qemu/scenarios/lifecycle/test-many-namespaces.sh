#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
# NAMESPACES  how many (default 300); 10,000 want --mem 8000 --timeout 3000
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Namespaces by the thousand, each with a service and connections: little memory each,
	nothing left behind. And the connection table's key: each namespace has its own, nothing
	that a client chooses makes long chains"

: "${NAMESPACES:=300}"
load_module "$LVS_MODULE"

heading "Many namespaces"
said=$(python3 "$HERE/many_namespaces.py" "$NAMESPACES" 2>&1) || fail "$said"
say "$said"

heading "The key of the table"
add_service() {
	in_ns "$1" "$ADMIN" -A -u $VIP:53 -s rr
	in_ns "$1" "$ADMIN" -a -u $VIP:53 -r 10.0.2.50 -g
}
topology
topology -b
for sfx in "" -b; do add_service "director$sfx"; done
# flows SUFFIX: the same ones each time, made by somebody who wants them in one chain: clients'
# addresses and ports in steps of powers of two.
flows() {
	python3 - "$1" <<-'END'
		import sys
		from lvs import wire
		sender = wire.Sender("client" + sys.argv[1])
		for step in (1, 16, 256, 1024):
		    for i in range(40):
		        for host in (50, 51, 52, 54, 58):
		            sender.send(wire.udp(f"10.0.1.{host}", 1024 + step * i, wire.VIP, 53, b"x"))
	END
}
# order SUFFIX: clients in the order of the listing, which is that of the chains.
order() { in_ns "director$1" awk 'NR > 1 { print $2 ":" $3 }' /proc/net/ip_vs_conn; }
longest() { in_ns director awk '/^Longest chain/ { print $3 }' /proc/net/lvs; }
flows ""
flows -b
first=$(order "") second=$(order -b)
expect_eq "clients of both namespaces" "$(sort <<<"$first" | md5sum)" "$(sort <<<"$second" | md5sum)"
(($(wc -l <<<"$first") > 500)) || fail "only $(wc -l <<<"$first") connections"
[[ $first != "$second" ]] || fail "two namespaces have the same key: their connections are in the same order"
if [[ $LVS_MODULE == lvs ]]; then
	say "longest chain of $(wc -l <<<"$first") connections: $(longest)"
	(($(longest) <= 16)) || fail "a chain of $(longest) connections"
fi
remove_topology -b
remove_topology
unload_module "$LVS_MODULE"
load_module "$LVS_MODULE"
topology
add_service director
flows ""
[[ $first != "$(order "")" ]] || fail "the key is the same each time"
