#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "A persistent FTP service in front of vsftpd: data connections to and from ports that no
	service names reach the server of the control connection. By DR and TUN passive and
	active, where the director sees the client's half only; by NAT with EPSV, which names no
	address. Over IPv4 and IPv6. A server that takes no new clients goes on serving the old
	ones"

# silent_servers4 / silent_servers6: the servers own the virtual address and answer the client
# directly.
silent_servers4() { tun_server rs1 rs2 rs3; }
silent_servers6() {
	local i
	for i in 1 2 3; do
		ip -n rs$i addr replace $VIP6/128 dev lo nodad
		ip -n rs$i -6 route replace 2001:db8:1::/64 dev eth0
		ip -n rs$i link set ip6tnl0 up
	done
}

# get HOST FILES [OPTION...]: a session of the client's address that ends in HOST.
get() {
	local host=$1 files=$2
	shift 2
	in_ns client curl -s --connect-timeout $((10 * SLOW)) --max-time $((60 * SLOW)) --interface "$NETWORK$host" "$@" "ftp://$SERVICE/{$files}"
}

# sessions TITLE OPTION...: three clients, two control connections each, all with the client's
# server.
sessions() {
	local title=$1 host who servers=()
	shift
	for host in 101 102 103; do
		who=$(get $host data "$@") || fail "$title: client $host got nothing ($?)"
		expect_eq "$title: client $host has one server, and all of 3 MB" "$({ echo "$who" && cat "$RUN/ftp/big"; } | md5sum)" \
			"$(get $host data,big "$@" | md5sum)"
		servers+=("$who")
	done
	expect_eq "$title: servers that had clients" "rs1 rs2 rs3" "$(printf '%s\n' "${servers[@]}" | sort | paste -sd' ')"
	say "$title: clients 101, 102, 103 at ${servers[*]}"
}

# persistent METHOD SERVER...: the service with these servers, and all that its clients do.
persistent() {
	local method=$1 server who table
	shift
	admin -A -t "$SERVICE:21" -s rr -p 300
	for server; do add_server -t "$SERVICE:21" "$server:21" "$method"; done
	if [[ $method == -m ]]; then
		sessions EPSV
	elif [[ $SERVICE == *:* ]]; then
		sessions EPSV
		sessions EPRT --ftp-port -
	else
		sessions PASV --disable-epsv
		sessions PORT --ftp-port - --disable-eprt
	fi
	table=$(admin -Lnc | tr -d '[]')
	expect_match "template of a client for all ports" "TCP [0-9:]+ +[A-Z]+ +${NETWORK}101:0 +$ADDRESS:0 +${RS}[123]:0" "$table"
	expect_match "data connection" "${NETWORK}101:[0-9]+ +$ADDRESS:[1-9][0-9]{3,4} +${RS}[123]:[1-9][0-9]{3,4}" "$table"
	[[ $method == -m ]] || expect_match "active data connection" "${NETWORK}101:[0-9]+ +$ADDRESS:20 +${RS}[123]:20" "$table"
	who=$(get 101 data)
	server=${*:${who#rs}:1}
	admin -e -t "$SERVICE:21" -r "$server:21" "$method" -w 0
	expect_eq "a quiescent server goes on serving its client" "$who" "$(get 101 data)"
	for _ in 1 2 3; do
		expect_match "a new client has another server" "^(rs[123])$" "$(get 104 data)"
		expect_no_match "a new client has another server" "$who" "${BASH_REMATCH[1]}"
	done
	admin -C
}

modprobe -q ip6_tunnel || true
dual_stack
for host in 101 102 103 104; do
	ip -n client addr add 10.0.1.$host/24 dev eth0
	ip -n client addr add 2001:db8:1::$host/64 dev eth0 nodad
done
load_module "$LVS_MODULE"
ftp_server rs1 rs2 rs3

for method in -m -g -i; do
	[[ $method == -m ]] || silent_servers4
	heading "IPv4, $method"
	NETWORK=10.0.1. RS=10.0.2.1 ADDRESS=$VIP SERVICE=$VIP
	persistent $method $RS1 $RS2 $RS3
	[[ $method == -m ]] || silent_servers6
	heading "IPv6, $method"
	NETWORK=2001:db8:1:: RS=2001:db8:2::1 ADDRESS=$VIP6 SERVICE=[$VIP6]
	persistent $method "[$RS1_6]" "[$RS2_6]" "[$RS3_6]"
done
