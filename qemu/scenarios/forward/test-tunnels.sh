#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "VS/TUN by GRE and GUE: packet by packet as ip_vs, and 1 MB up and down through each
	kind, unpacked by the kernel's own receivers"

heading "Packet by packet, the same as ip_vs"
tunnels() { python3 "$HERE/tunnels.py"; }
differential tunnels narrow_topology
# GRE without and with checksum, GUE around IPv4.
for kind in 000008004500 80000800....00004500 17c0....0000000400004500; do
	expect_match "the trace has such headers: $kind" "$kind" "$(cat "$RUN/trace.2")"
done
# Relayed errors tell what each tunnel leaves of 1300 bytes.
for mtu in 0x4fc 0x4f8 0x4f4; do
	expect_match "an error of a tunnel reaches the client with MTU $mtu" \
		"at the client ICMP [0-9.]+ > 10.0.1.50 type 3/4 rest $mtu " "$(cat "$RUN/trace.2")"
done

heading "From end to end"
modprobe -q fou || true
modprobe -q ip_gre || true
with_topology
tun_server rs1 rs2 rs3
in_ns rs1 ip fou add port 6080 gue
ip -n rs2 link add plain type gre local $RS2 remote any
ip -n rs3 link add summed type gre local $RS3 remote any csum
ip -n rs2 link set plain up
ip -n rs3 link set summed up
for ns in rs1 rs2 rs3; do
	set_sysctls $ns 0
	web_server $ns
	background $ns python3 "$LIB/sink.py" serve 9000
	poll "the sink of $ns listens" 10 in_ns $ns sh -c 'ss -Hltn "sport = :9000" | grep -q .'
done

# through NAME SERVER OPTIONS...: both directions of a service with one server.
through() {
	local name=$1 server=$2
	shift 2
	admin -C
	for port in 80 9000; do
		admin -A -t $VIP:$port -s rr
		admin -a -t $VIP:$port -r "$server" -i "$@"
	done
	expect_eq "1 MB down, $name" "$(big_sum)" "$(in_ns client curl -s --max-time 20 "http://$VIP/big" | sha256sum)"
	expect_eq "1 MB up, $name" "$(big_sum | cut -d' ' -f1)" \
		"$(in_ns client python3 "$LIB/sink.py" send $VIP 9000 "$RUN/www/big")"
}
through "GRE" $RS2 --tun-type gre --tun-nocsum
through "GRE with checksum" $RS3 --tun-type gre --tun-csum
through "GUE" $RS1 --tun-type gue --tun-port 6080 --tun-nocsum
through "GUE with checksum" $RS1 --tun-type gue --tun-port 6080 --tun-csum
through "GUE with remote checksum" $RS1 --tun-type gue --tun-port 6080 --tun-remcsum
expect_eq "GRE packets with a bad checksum" 0 \
	"$(ip -n rs3 -j -s -s link show summed | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["stats64"]["rx"]["crc_errors"])')"
