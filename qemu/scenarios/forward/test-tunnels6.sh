#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Tunnels over IPv6 and between the families: whole transfers through the kernel's own
	receivers, both families of clients and of servers, each kind of tunnel; ICMP errors about
	the outer packets reach the client in its own family. ip_vs relays none of them"

VIP6=fd00:0:a:1::64
RS1_6=fd00:0:a:2::b
for module in ip6_tunnel ip6_gre ip_gre fou fou6 sit; do modprobe -q $module || true; done

topology
# The addresses of wire6.
python3 -c 'from lvs import wire6'
load_module "$LVS_MODULE"

heading "ICMP errors about the outer packets"
python3 "$HERE/tunnels6.py" >"$RUN/trace"
trace=$(cat "$RUN/trace")
# relayed INNER OUTER KIND ERROR PATTERN: what the client is told of it.
relayed() {
	local inner=$1 outer=$2 kind=$3 error=$4 pattern=$5
	expect_match "$error about $kind, IPv$inner in IPv$outer" "$pattern" \
		"$(awk -v section="$kind: IPv$inner in IPv$outer" -v error="   $error about it" '
			/^[a-z]/ { inside = $0 == section }
			inside && former == error { print }
			{ former = $0 }' "$RUN/trace")"
}
# kind:bytes outside of the packet inside, the outer IP header not counted.
for tunnel in ipip:0 gre:4 gue:12; do
	kind=${tunnel%:*} more=${tunnel#*:}
	v6=$(printf '0x%x' $((1400 - 40 - more)))
	v4=$(printf '0x%x' $((1400 - 20 - more)))
	inside="about \[TCP 10.0.1.50:1000 > 10.0.1.100:[0-9]+"
	relayed 6 6 "$kind" 2/0 "ICMPv6 10.0.1.100 > 10.0.1.50 type 2/0 rest $v6 $inside"
	relayed 6 6 "$kind" 1/4 "ICMPv6 10.0.1.100 > 10.0.1.50 type 1/4 rest 0x0 $inside"
	relayed 6 6 "$kind" 3/0 "ICMPv6 10.0.1.100 > 10.0.1.50 type 3/0 rest 0x0 $inside"
	relayed 6 6 "$kind" 4/1 "ICMPv6 10.0.1.100 > 10.0.1.50 type 1/3 rest 0x0 $inside"
	relayed 4 6 "$kind" 2/0 "ICMP 10.0.1.100 > 10.0.1.50 type 3/4 rest $v6 $inside"
	relayed 4 6 "$kind" 1/0 "ICMP 10.0.1.100 > 10.0.1.50 type 3/1 rest 0x0 $inside"
	relayed 6 4 "$kind" 3/4 "ICMPv6 10.0.1.100 > 10.0.1.50 type 2/0 rest $v4 $inside"
	relayed 6 4 "$kind" 11/0 "ICMPv6 10.0.1.100 > 10.0.1.50 type 1/3 rest 0x0 $inside"
done
expect_no_match "no relayed packet has a wrong checksum" "BAD" "$trace"
for title in "about a tunnel to elsewhere" "about no connection" "with a wrong checksum" "too big, but it may be fragmented"; do
	expect_eq "$title: how often, and what the client is told" "$([[ $title == too* ]] && echo 3 || echo 9)" "$(awk -v title="   $title" '
		/^   at the client/ { if (inside) print; next }
		{ inside = $0 == title; times += inside }
		END { print times }' "$RUN/trace")"
done
expect_eq "packets as large as the smaller MTU allows" 9 "$(grep -c 'at the server: 1400' "$RUN/trace")"
admin -C

heading "From end to end"
tun_server rs1
ip -n rs1 addr add "$VIP6/128" dev lo nodad
# ip6tnl0 takes IPv6 in IPv6 alone, any6 both.
tunnel_ends rs1 "$RS1" "$RS1_6" ip6tnl0 sit0
background rs1 python3 "$HERE/named_server.py" rs1
background rs1 python3 "$LIB/sink.py" serve 9000
for port in 80 9000; do
	poll "port $port is served" 10 in_ns rs1 sh -c "ss -Hltn 'sport = :$port' | grep -q ."
done
head -c 1048576 /dev/urandom >"$RUN/upload"
sum=$(sha256sum <"$RUN/upload" | cut -d' ' -f1)
gue="--tun-type gue --tun-port 6080"
for vip in $VIP "[$VIP6]"; do
	for server in $RS1 "[$RS1_6]"; do
		for options in "" "--tun-type gre --tun-nocsum" "$gue --tun-nocsum" "$gue --tun-csum" "$gue --tun-remcsum"; do
			admin -C
			for port in 80 9000; do
				admin -A -t "$vip:$port" -s rr
				# shellcheck disable=SC2086
				admin -a -t "$vip:$port" -r "$server:$port" -i $options
			done
			bare=${vip#[}
			bare=${bare%]}
			expect_eq "down, $vip to $server $options" "rs1=4 large=1" \
				"$(in_ns client python3 "$HERE/count_answers.py" "$bare" 4)"
			expect_eq "up, $vip to $server $options" "$sum" \
				"$(in_ns client python3 "$LIB/sink.py" send "$bare" 9000 "$RUN/upload")"
		done
	done
done
