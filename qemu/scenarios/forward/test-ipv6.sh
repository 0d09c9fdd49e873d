#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "IPv6: NAT, DR and TUN, an IPv6 service with IPv4 servers, persistence by prefix, ICMPv6.
	Servers answer with their names; a large answer goes through segmentation offload"

VIP=2001:db8:1::100
NODES="c d r1 r2 r3"

network() {
	for n in $NODES; do
		ip netns add "$n"
		ip -n "$n" link set lo up
	done
	ip link add cd netns c type veth peer name dc netns d
	ip -n d link add name lan0 type bridge
	ip -n d link set lan0 up
	for i in 1 2 3; do
		ip link add e netns "r$i" type veth peer name "p$i" netns d
		ip -n d link set "p$i" master lan0 up
		ip -n "r$i" link set e up
		ip -n "r$i" addr add "2001:db8:2::1$i/64" dev e nodad
		ip -n "r$i" addr add "10.2.0.1$i/24" dev e
		ip -n "r$i" addr add "$VIP/128" dev lo nodad
	done
	ip -n d addr add 2001:db8:2::1/64 dev lan0 nodad
	ip -n d addr add 10.2.0.1/24 dev lan0
	ip -n c link set cd up
	ip -n d link set dc up
	ip -n c addr add 2001:db8:1::10/64 dev cd nodad
	ip -n d addr add 2001:db8:1::1/64 dev dc nodad
	ip -n d addr add "$VIP/128" dev dc nodad
	ip -n c -6 route add default via 2001:db8:1::1
	ip netns exec d sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1
	for i in 1 2 3; do
		ip -n "r$i" -6 route add default via 2001:db8:2::1
		ip -n "r$i" route add default via 10.2.0.1
		for module in ip6_gre ip_gre fou fou6; do modprobe -q "$module" || true; done
		ip -n "r$i" link add gre4 type gre local "10.2.0.1$i" remote any
		ip -n "r$i" link add gre6 type ip6gre local "2001:db8:2::1$i" remote any
		ip netns exec "r$i" ip fou add port 6080 gue
		ip netns exec "r$i" ip fou add port 6080 gue -6
		for tunnel in tunl0 ip6tnl0 sit0 gre4 gre6; do ip -n "r$i" link set "$tunnel" up 2>/dev/null || true; done
		ip netns exec "r$i" python3 "$HERE/named_server.py" "rs$i" &
	done
	for i in 1 2 3; do
		wait_for "the server on r$i listens" ip netns exec d timeout 1 bash -c "exec 3<>/dev/tcp/2001:db8:2::1$i/80"
	done
}

wait_for() {
	local what=$1
	shift
	for _ in $(seq 100); do
		"$@" 2>/dev/null && return
		sleep 0.2
	done
	fail "$what: not within the time"
}

director() { ip netns exec d "$@"; }
answers() { ip netns exec c python3 "$HERE/count_answers.py" "$VIP" 9; }

service() {
	director ipvsadm -C
	director ipvsadm -A -t "[$VIP]:80" -s rr "${@:2}"
	for i in 1 2 3; do
		# shellcheck disable=SC2086
		director ipvsadm -a -t "[$VIP]:80" -r "$(server "$i" "$1")" $1
	done
}
server() {
	case $2 in
	*4*) echo "10.2.0.1$1:80" ;;
	*) echo "[2001:db8:2::1$1]:80" ;;
	esac
}

load_module "$LVS_MODULE"
network
gue="-i --tun-type gue --tun-port 6080"
for method in -m -g -i "-i --tun-type gre --tun-nocsum" "$gue --tun-csum" "$gue --tun-remcsum"; do
	service "$method"
	expect_eq "answers with $method" "rs1=3 rs2=3 rs3=3 large=1" "$(answers)"
done

expect_eq "persistent by prefix" "1 server" "$(
	service -m -p 100 -M 64
	answers | tr ' ' '\n' | grep -c '^rs' | sed 's/$/ server/'
)"
expect_match "the template" "2001:0db8:0001:0000:0000:0000:0000:0000 0000" "$(director cat /proc/net/ip_vs_conn)"

for method in -i "-i --tun-type gre --tun-nocsum" "$gue --tun-nocsum" "$gue --tun-csum" "$gue --tun-remcsum"; do
	director ipvsadm -C
	director ipvsadm -A -t "[$VIP]:80" -s rr
	# shellcheck disable=SC2086
	for i in 1 2 3; do director ipvsadm -a -t "[$VIP]:80" -r "10.2.0.1$i:80" $method; done
	expect_eq "IPv4 servers through tunnels, $method" "rs1=3 rs2=3 rs3=3 large=1" "$(answers)"
done

# A client that began by one method goes on by it, and others by the server's present one, in turns.
# A tunnel begins at an address of the director's.
ip netns exec r1 nft -f - <<-END
	add table ip6 t
	add chain ip6 t in { type filter hook prerouting priority -300; }
	add rule ip6 t in ip6 saddr :: ip6 nexthdr 41 drop
END
ip netns exec r1 socat -T 60 UDP6-RECVFROM:98,fork PIPE &
exchange() { ip netns exec c python3 "$HERE/ask_udp.py" "$VIP" 98 "$1" "$2" $((2 * SLOW)); }
port=7000
for old in -m -g -i; do
	for new in -m -g -i; do
		# Ports that no connection has yet.
		port=$((port + 10))
		for method in $old $new; do
			director ipvsadm -C
			director ipvsadm -A -u "[$VIP]:98" -s rr
			director ipvsadm -a -u "[$VIP]:98" -r "[2001:db8:2::11]:98" "$method"
			[[ $method == "$new" ]] || expect_eq "a client by $old" first "$(exchange $port first)"
		done
		for turn in 1 2; do
			expect_eq "the one by $old" "old $turn" "$(exchange $port "old $turn")"
			expect_eq "one by $new, turn $turn" "new $turn" "$(exchange $((port + turn)) "new $turn")"
			# The way is looked up anew.
			ip -n d -6 route replace 2001:db8:2::11/128 dev lan0 metric $((turn + 1))
		done
		ip -n d -6 route flush 2001:db8:2::11/128
	done
done

# age PORT: for how many seconds a client's connection has existed, as lvs says.
age() { director awk -v client="[2001:db8:1::10]:$1" '$2 == client { print $(NF - 3) }' /proc/net/lvs_conn; }
if [[ $LVS_MODULE == lvs ]]; then
	began=$(age 7010) seconds=$SECONDS
	sleep 3
	expect_eq "another packet" again "$(exchange 7010 again)"
	older=$(($(age 7010) - began))
	((older >= 2 && older <= SECONDS - seconds + 1)) || fail "a connection got $older s older in $((SECONDS - seconds)) s"
fi

# Nobody listens there: the server's ICMPv6 error reaches the client as one of the virtual address.
director ipvsadm -A -u "[$VIP]:99" -s rr
director ipvsadm -a -u "[$VIP]:99" -r "[2001:db8:2::11]:99" -m
expect_eq "a closed port is reported" refused "$(ip netns exec c python3 "$HERE/udp_refused.py" "$VIP" 99)"

pkill -f named_server.py || true
for n in $NODES; do ip netns del "$n"; done
unload_module "$LVS_MODULE"
