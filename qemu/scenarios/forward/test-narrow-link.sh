#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Links narrower than the ends know of, with a router before each: behind the real
	server's side for what clients send, and behind the client's side for what servers send.
	Path MTU discovery has to get through the balancer: transfers are whole, and the ends know
	the MTU that is left to them; NAT, DR and tunnels over IPv4 as under ip_vs, which relays
	no error about those over IPv6"

SERVER=10.0.4.2 SERVER6=2001:db8:4::2
FAR=10.0.5.2 FAR6=2001:db8:5::2
for module in ip6_tunnel ip6_gre ip_gre fou fou6 sit; do modprobe -q $module || true; done
head -c 1048576 /dev/urandom >"$RUN/upload"
sum=$(sha256sum <"$RUN/upload" | cut -d' ' -f1)

# far_host ROUTER NS SUBNET MTU: addresses and routes of the two ends of behind's link.
far_host() {
	local router=$1 ns=$2 subnet=$3 mtu=$4
	ip -n "$router" -batch - <<-END
		addr add 10.0.$subnet.1/24 dev lan
		addr add 2001:db8:$subnet::1/64 dev lan nodad
		link set lan up mtu $mtu
	END
	ip -n "$ns" -batch - <<-END
		link set lo up
		addr add 10.0.$subnet.2/24 dev eth0
		addr add 2001:db8:$subnet::2/64 dev eth0 nodad
		link set eth0 up mtu $mtu
		route add default via 10.0.$subnet.1 advmss 1460
		route add default via 2001:db8:$subnet::1 advmss 1440
	END
}

# behind ROUTER NS SUBNET MTU: a host 2 of 10.0.SUBNET.0/24 and 2001:db8:SUBNET::/64 behind a
# router's link of that MTU. It announces segments for 1500 bytes, or nobody would send what
# doesn't fit.
behind() {
	local router=$1 ns=$2
	ip netns add "$ns"
	ip -n "$router" link add lan type veth peer name eth0 netns "$ns"
	far_host "$@"
	in_ns "$router" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

network() {
	local tunnel
	dual_stack
	behind rs1 deep 4 1350
	behind client far 5 1400
	ip -n director -batch - <<-END
		route add 10.0.4.0/24 via $RS1
		route add 2001:db8:4::/64 via $RS1_6
		route add 10.0.5.0/24 via $CLIENT
		route add 2001:db8:5::/64 via $CLIENT6
	END
	tunnel_ends deep "$SERVER" "$SERVER6" tunl0 sit0
	background deep python3 "$LIB/sink.py" serve 9000 >/dev/null
	background rs1 python3 "$HERE/named_server.py" rs1 >/dev/null
	poll "port 9000 is served" 10 in_ns deep sh -c "ss -Hltn 'sport = :9000' | grep -q ."
	poll "port 80 is served" 10 in_ns rs1 sh -c "ss -Hltn 'sport = :80' | grep -q ."
}

remove_hosts() {
	local ns
	for ns in deep far; do
		# shellcheck disable=SC2046
		kill -9 $(ip netns pids $ns) 2>/dev/null || true
		ip netns del $ns 2>/dev/null || true
	done
}
at_exit remove_hosts

# Nobody remembers an MTU.
forget() {
	local ns
	for ns in client rs1 deep director far; do
		ip -n $ns route flush cache
		ip -n $ns -6 route flush cache
	done
}

# service VIP:PORT SERVER OPTIONS...: the only one.
service() {
	admin -C
	admin -A -t "$1" -s rr
	admin -a -t "$1" -r "$2" "${@:3}"
	forget
}

learned() { ip -n "$1" route get "$2" | grep -o 'mtu [0-9]*' || echo "no MTU"; }

# up NAME VIP SERVER OPTIONS...: 1 MB from the client to the host behind the narrow link.
up() {
	local vip=${2//[\[\]]/} got
	service "$2:9000" "$3:9000" "${@:4}"
	got=$(in_ns client python3 "$LIB/sink.py" send "$vip" 9000 "$RUN/upload")
	[[ $got != "$sum" ]] || got=whole
	echo "up, $1, $2 to $3: $got, $(learned client "$vip")"
}

# down NAME VIP SERVER OPTIONS...: answers of rs1, a large one among them, to the client behind the
# narrow link.
down() {
	local vip=${2//[\[\]]/} client=$FAR
	[[ $vip != *:* ]] || client=$FAR6
	service "$2:80" "$3:80" "${@:4}"
	echo "down, $1, $2 to $3: $(in_ns far python3 "$HERE/count_answers.py" "$vip" 4), $(learned rs1 "$client")"
}

# The answers of a real server that has the virtual address, and not by way of the director.
directly() {
	local ns=$1
	# What was learned for a route that another covers could not be forgotten any more.
	forget
	ip -n rs1 -batch - <<-END
		route replace 10.0.1.0/24 dev eth0
		route replace 10.0.5.0/24 via $CLIENT
		route replace 2001:db8:1::/64 dev eth0
		route replace 2001:db8:5::/64 via $CLIENT6
	END
	ip -n "$ns" addr add $VIP/32 dev lo
	ip -n "$ns" addr add $VIP6/128 dev lo nodad
}
withdraw() {
	ip -n "$1" addr del $VIP/32 dev lo
	ip -n "$1" addr del $VIP6/128 dev lo
}

gre="--tun-type gre --tun-nocsum"
gue="--tun-type gue --tun-port 6080 --tun-nocsum"

as_ip_vs() {
	local options
	up NAT $VIP $SERVER -m
	up NAT "[$VIP6]" "[$SERVER6]" -m
	down NAT $VIP $RS1 -m
	down NAT "[$VIP6]" "[$RS1_6]" -m
	directly deep
	for options in "" "$gre" "$gue"; do
		# shellcheck disable=SC2086
		up "tunnel $options" $VIP $SERVER -i $options
		# IPv4 around IPv6 may be fragmented on the way: the director's own link is what
		# counts.
		# shellcheck disable=SC2086
		up "tunnel $options" "[$VIP6]" $SERVER -i $options
	done
	withdraw deep
	directly rs1
	down DR $VIP $RS1 -g
	down DR "[$VIP6]" "[$RS1_6]" -g
	remove_hosts
}
differential as_ip_vs network
# discovered COUNT LINES
discovered() { expect_eq "discovered: $2" "$1" "$(grep -cE "^$2$" "$RUN/trace.2")"; }
discovered 2 "up, NAT, .*: whole, mtu 1350"
discovered 2 "down, NAT, .*: rs1=4 large=1, mtu 1400"
for more in 0 4 12; do
	discovered 1 "up, tunnel .*, $VIP to .*: whole, mtu $((1330 - more))"
	discovered 1 "up, tunnel .*, .$VIP6. to .*: whole, mtu $((1480 - more))"
done
discovered 2 "down, DR, .*: rs1=4 large=1, mtu 1400"

if [[ $LVS_MODULE == lvs ]]; then
	heading "Tunnels over IPv6"
	load_module lvs
	network
	directly deep
	for vip in $VIP "[$VIP6]"; do
		for tunnel in "0" "4 $gre" "12 $gue"; do
			options=${tunnel#* }
			[[ $options != 0 ]] || options=
			# shellcheck disable=SC2086
			got=$(up "tunnel $options" "$vip" "[$SERVER6]" -i $options)
			expect_match "$vip to $SERVER6 $options" "whole, mtu $((1310 - ${tunnel%% *}))$" "$got"
			say "$got"
		done
	done
	withdraw deep

	# Through a veth the kernel takes a segment's checksum for completed, since it was this
	# kernel that segmented; on a wire that mark is lost, as between two hosts.
	heading "GUE with remote checksum, over a wire"
	ip -n rs1 link del lan
	background rs1 python3 "$HERE/wire.py" rs1 lan deep eth0 >"$RUN/wire"
	poll "the wire is there" 10 grep -q up "$RUN/wire"
	far_host rs1 deep 4 1350
	directly deep
	got=$(up "tunnel" $VIP $SERVER -i --tun-type gue --tun-port 6080 --tun-remcsum)
	expect_match "$got" "whole, mtu 1310$" "$got"
	expect_eq "segments with a wrong checksum" 0 \
		"$(in_ns deep nstat -asz TcpInCsumErrors | awk '/Csum/ { print $2 }')"

	remove_hosts
	remove_topology
	unload_module lvs
fi
