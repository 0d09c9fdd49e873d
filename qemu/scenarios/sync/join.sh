# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Directors that ask and fill each other. Sourced after scenario.sh.

RULES="-A -t $VIP:80 -s rr
-a -t $VIP:80 -r $RS1:8080 -m"

daemon() { in_ns "$1" ipvsadm --start-daemon "$2" --mcast-interface front --syncid 7 "${@:3}"; }
stop() { in_ns "$1" ipvsadm --stop-daemon "$2"; }
sync() { in_ns "$1" "$ADMIN" sync "${@:2}"; }
# field NS FILTER: of the JSON document.
field() { sync "$1" status --json | jq -r "$2"; }
is() { [[ $(field "$1" "$2") == "$3" ]]; }
conns() { in_ns "$1" awk '/^Connections/ { print $2 }' /proc/net/lvs; }
has_conns() { (($(conns "$1") == $2)); }
report() { sync "$1" status | sed 's/^/    /'; }
# forget NS: no daemon runs for so long that nothing of others is known, and there is no connection.
forget() {
	stop "$1" master 2>/dev/null || true
	stop "$1" backup 2>/dev/null || true
	in_ns "$1" sysctl -qw net.ipv4.vs.expire_nodest_conn=1
	in_ns "$1" ipvsadm -C
	poll "no connection is left" 60 has_conns "$1" 0
	in_ns "$1" ipvsadm -R <<<"$RULES"
}
