# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A second director beside the topology's, in the same networks. Sourced after scenario.sh.

# second_director: the topology with director2, 10.0.1.2 and 10.0.2.3.
second_director() {
	topology
	at_exit remove_second_director
	ip -n switch link set br0 type bridge mcast_snooping 0
	new_director director2 -2 10.0.1.2 10.0.2.3
}
# new_director NS SUFFIX FRONT-ADDRESS BACK-ADDRESS: one that knows nothing, at the switch's ports
# front and back with that suffix.
new_director() {
	local side
	ip netns add "$1"
	ip -n "$1" link set lo up
	for side in front back; do
		ip -n switch link add "$side$2" type veth peer name $side netns "$1"
		ip -n switch link set "$side$2" master br0
		ip -n switch link set "$side$2" up
	done
	ip -n "$1" addr add "$3/24" dev front
	ip -n "$1" addr add "$4/24" dev back
	ip -n "$1" link set front up
	ip -n "$1" link set back up
	set_sysctls "$1" 1
}
# kill_director NS SUFFIX: at once, with all that it knows, and nobody says goodbye.
kill_director() {
	ip -n switch link set "front$2" down
	ip -n switch link set "back$2" down
	# shellcheck disable=SC2046
	kill -KILL $(ip netns pids "$1")
	ip netns del "$1"
}
remove_second_director() {
	[[ ! -e /run/netns/director2 ]] || ip netns del director2
}

# entries NS: its connections and templates, and in which states they are.
entries() { in_ns "$1" awk 'NR > 1 && $NF > 0 { print $1, $2, $3, $4, $5, $6, $7, $8 }' /proc/net/ip_vs_conn_sync | sort; }
# Both directors have the same.
alike() { cmp -s <(entries director) <(entries director2); }
