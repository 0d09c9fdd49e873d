# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# FRR for many.sh. Its daemons don't rest, so a guest's clock that stands still while somebody works
# never goes on: `uml.sh --real-time --env ROUTING=frr`.

FRR=/usr/lib/frr
# BFD's interval in milliseconds; a director is lost after three without a word. The host's clock
# goes on while others have its processors.
BFD_INTERVAL=$((300 * SLOW))

# frr NS < configuration: zebra, bgpd and bfdd, each of which takes what is its own. Sockets are in
# a directory of the host's name.
frr() {
	local dir=$RUN/$1 daemon
	mkdir -p "$dir" "/run/frr/$1"
	cat >"$dir/frr.conf"
	chmod 755 "$RUN"
	chown -R frr:frr "$dir" /run/frr
	for daemon in zebra bfdd bgpd; do
		in_ns "$1" "$FRR/$daemon" -d -N "$1" -f "$dir/frr.conf" -i "$dir/$daemon.pid" -P 0 --log "file:$dir/$daemon.log"
	done
}
# configure NS LINE...
configure() {
	local words=(-c "configure terminal") line
	for line in "${@:2}"; do words+=(-c "$line"); done
	in_ns "$1" vtysh -N "$1" "${words[@]}" >"$RUN/$1/vtysh" 2>&1
}
# neighbours OWN-AS AS ADDRESS...: who is dead is known by BFD.
neighbours() {
	local as=$2 address
	printf '%s\n' "router bgp $1" " no bgp ebgp-requires-policy" " no bgp default ipv4-unicast" \
		" bgp bestpath as-path multipath-relax"
	for address in "${@:3}"; do
		printf ' neighbor %s %s\n' "$address" "remote-as $as" "$address" bfd "$address" "timers connect 1"
	done
	printf ' %s\n' "address-family ipv4 unicast" "maximum-paths 16"
	for address in "${@:3}"; do [[ $address == *:* ]] || echo " neighbor $address activate"; done
	printf ' %s\n' "exit-address-family" "address-family ipv6 unicast" "maximum-paths 16"
	for address in "${@:3}"; do [[ $address != *:* ]] || echo " neighbor $address activate"; done
	printf ' %s\n' "exit-address-family"
	echo bfd
	for address in "${@:3}"; do
		printf ' %s\n' "peer $address" " receive-interval $BFD_INTERVAL" " transmit-interval $BFD_INTERVAL"
	done
}
bgp_router() {
	local i addresses=()
	for i; do addresses+=("10.0.2.10$i" "fd00:2::10$i"); done
	neighbours 65000 65001 "${addresses[@]}" | frr router
}
bgp_director() { neighbours 65001 65000 10.0.2.1 fd00:2::1 | frr "d$1"; }
# networks NS [no]
networks() {
	configure "$1" "router bgp 65001" "address-family ipv4 unicast" "${2:-}network $VIP/32" exit-address-family \
		"address-family ipv6 unicast" "${2:-}network $VIP6/128"
}
announce() { networks "$1"; }
drain() { networks "$1" "no "; }
