#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The director as a client and as a server, clients in the servers' network, link-local
	clients: who is answered, and what the table holds; as under ip_vs, over IPv4 and IPv6.
	Over IPv6 ip_vs 7.3 keeps the device whose address a server on the director has, so that
	its namespace never goes away: ours has to go"

modprobe -q ip6_tunnel || true

# Everybody answers on the same ports; rs2 also takes packets for the virtual address.
ends_topology() {
	local ns
	topology
	tun_server rs2
	for ns in rs1 rs2 rs3 director; do
		background $ns python3 "$HERE/ends.py" serve $ns >"$RUN/serving.$ns"
		poll "$ns serves" 10 grep -q serving "$RUN/serving.$ns"
	done
}

# The same addresses as wire6 gives the others.
ends_topology6() {
	ends_topology
	python3 - <<-END
		from lvs import wire6
		for netns, own in (("rs2", "10.0.2.12"), ("rs3", "10.0.2.13")):
		    for command in (f"addr add {own}/32 dev eth0 nodad", "route add 10.0.2.1/32 dev eth0",
		                    "route add default via 10.0.2.1"):
		        print(wire6.run("ip", *command.split(), netns=netns), end="")
		    print(wire6.run("ip", "route", "add", f"{own}/32", "dev", "back"), end="")
		    for other in ("10.0.2.11", "10.0.2.12", "10.0.2.13"):
		        if other != own:
		            print(wire6.run("ip", "route", "add", f"{other}/32", "dev", "eth0", netns=netns), end="")
		print(wire6.run("ip", "route", "add", "10.0.2.11/32", "dev", "back"), end="")
		print(wire6.run("ip", "route", "add", "10.0.2.12/32", "dev", "eth0", netns="rs1"), end="")
		print(wire6.run("ip", "addr", "add", "$VIP/32", "dev", "lo", "nodad", netns="rs2"), end="")
	END
	ip -n rs2 link set ip6tnl0 up
}

ends() { python3 "$HERE/ends.py"; }
# The addresses are there already.
ends6() { FAMILY=6 python3 "$HERE/ends.py"; }

differential ends ends_topology
seen=$(cat "$RUN/trace.2")
expect_match "the director as a client" 'a server -m, client on director: rs1 at' "$seen"
expect_match "the director as a server" 'the director -g, client on client: director at' "$seen"
expect_match "a neighbour's answer takes the way back through the director" \
	'a neighbour by way of the director -m, client on rs3: rs1 at' "$seen"
expect_match "a neighbour that is answered directly" 'a neighbour -m, client on rs3: (nothing|ECONN)' "$seen"

heading "IPv6"
IP_VS_KEEPS_DEVICES=1 differential ends6 ends_topology6
seen=$(cat "$RUN/trace.2")
# answered TITLE WHO: who answers that client.
answered() { expect_match "$1" "(^|"$'\n'")$1: $2" "$seen"; }
for client in client director; do
	answered "a server -m, client on $client" "rs1 at fd00:0:a:2::b:90.. to"
	answered "the director -m, client on $client" "director at fd00:0:a:2::1:90.. to"
	answered "another port of the director -m, client on $client" "director at fd00:0:a:2::1:9059 to"
done
for method in -g -i; do
	answered "a server $method, client on client" "rs2 at fd00:0:a:1::64:90.. to fd00:0:a:1::a"
	answered "the director $method, client on client" "director at fd00:0:a:1::64:90.. to"
	answered "a neighbour $method, client on rs3" "rs2 at fd00:0:a:1::64:90.. to fd00:0:a:2::d"
done
answered "loopback -m, client on director" "director at ::1:90.. to"
answered "loopback -m, client on client" "nothing"
answered "a neighbour by way of the director -m, client on rs3" "rs1 at fd00:0:a:2::b:90.. to fd00:0:a:2::d"
expect_match "NAT of a link-local client" "a link-local client, -m"$'\n   at the server TCP fe80::X > 10.0.2.50:9050 S ttl 63' "$seen"
expect_match "direct routing of one" "a link-local client, -g"$'\n   at the server TCP fe80::X > 10.0.1.100:9051 S ttl 63' "$seen"
expect_match "a link-local service" "to a link-local service, from 10.0.1.50"$'\n   at the server TCP 10.0.1.50:1001 > 10.0.2.50:9053 S ttl 63' "$seen"
expect_match "a link-local server is refused" "fe80::2.:9053 -m -> Invalid operation" "$seen"
