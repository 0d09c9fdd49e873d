# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Packets by the hundred thousand: pktgen puts them on the receive path of the
# director's front device; the servers are behind a device that drops them.
# Sourced after topology.sh.

# pktgen_servers: 10.9.0.0/24 is where packets end.
pktgen_servers() {
	ip -n director -batch - <<-END
		link add sink type dummy
		addr add 10.9.0.1/24 dev sink
		link set sink up
	END
}

# pktgen_flows COUNT [PORT]: one UDP packet to VIP, port 54 or another, of each of so many
# flows, the same ones every time (9 addresses and 59,999 ports, both stepping by one).
pktgen_flows() {
	local mac port=${2:-54}
	modprobe -q pktgen 2>/dev/null || [[ -e /proc/net/pktgen ]]
	mac=$(ip -n director -br link show dev front | awk '{ print $3 }')
	# shellcheck disable=SC2016
	in_ns director bash -c '
		cd /proc/net/pktgen
		echo add_device front >kpktgend_0
		for i in "xmit_mode netif_receive" "count '"$1"'" "clone_skb 0" "burst 1" "pkt_size 60" "delay 0" "flag !UDPSRC_RND" \
			"dst '"$VIP"'" "dst_mac '"$mac"'" "src_min 10.1.0.1" "src_max 10.1.0.9" \
			"udp_src_min 1024" "udp_src_max 61022" "udp_dst_min '"$port"'" "udp_dst_max '"$port"'"; do
			echo "$i" >front
		done
		echo start >pgctrl
		# On a busy machine that may return before the thread has begun.
		for ((i = 0; i < 600; i++)); do ! grep -q "Result: OK: [0-9]*(c" front || break; sleep 0.1; done
		sed -n "s/.*Result: \(OK: [0-9].*\)/\1/p" front
		grep -q "Result: OK: [0-9]*(c" front
		ended=$?
		# Its thread does that, on a busy machine after this returns: the next device would
		# go, too.
		echo rem_device_all >kpktgend_0
		for ((i = 0; i < 600; i++)); do [[ -e front ]] || break; sleep 0.1; done
		[[ ! -e front ]] && exit $ended'
}
