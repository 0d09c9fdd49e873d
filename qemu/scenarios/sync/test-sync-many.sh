#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Three and four directors at once behind a router with BGP and BFD, each master and backup,
	round robin: one dies, one is drained, a fresh one comes, a server is added and another
	director dies. Nobody's connection notices but by a pause: DR, TUN and IPv6"

. "$HERE/many.sh"
. "$HERE/clients.sh"

EACH=40

# director N: its rules and daemons; nobody is sent to it yet.
director() {
	local i daemon
	host "d$1" "10$1"
	set_sysctls "d$1" 1
	in_ns "d$1" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	has_virtual "d$1"
	ip -n "d$1" route add default via 10.0.2.1
	ip -n "d$1" -6 route add default via fd00:2::1
	in_ns "d$1" ipvsadm -A -t $VIP:80 -s rr
	in_ns "d$1" ipvsadm -A -t $VIP:81 -s rr
	in_ns "d$1" ipvsadm -A -t "[$VIP6]:80" -s rr
	for i in $SERVERS; do add_real_server "d$1" "$i"; done
	for daemon in master backup; do
		in_ns "d$1" ipvsadm --start-daemon $daemon --mcast-interface eth0 --syncid 7
	done
	bgp_director "$1"
}
# add_real_server DIRECTOR N
add_real_server() {
	in_ns "$1" ipvsadm -a -t $VIP:80 -r "10.0.2.1$2" -g
	in_ns "$1" ipvsadm -a -t $VIP:81 -r "10.0.2.1$2" -i
	in_ns "$1" ipvsadm -a -t "[$VIP6]:80" -r "[fd00:2::1$2]:80" -g
}
# kill_director N: at once, and nobody says goodbye.
kill_director() {
	ip -n switch link set "d$1" down
	gone "d$1"
}
# begin_at DIRECTOR...: more connections, which these know.
begin_at() {
	local d
	begin 4
	[[ $LVS_MODULE == lvs ]] || return 0
	for d; do poll "$d knows the connections that just began" 10 knows "$d" "${YOUNG[@]}"; done
}
# unbroken WHEN: all are alive; of ip_vs it is only said how many aren't.
unbroken() {
	ask_clients check
	[[ $LVS_MODULE != lvs ]] || expect_no_match "$1" dead "$(<"$RUN/state")"
	summary "$1"
}

many_topology
for i in 1 2 3 4; do real_server $i; done
load_module "$LVS_MODULE"
SERVERS="1 2 3"
bgp_router 1 2 3 4
for i in 1 2 3; do
	director $i
	announce d$i
done
poll "the router has three paths" 30 paths 3

start_clients dr/tcp/$VIP/80/3/$EACH tun/tcp/$VIP/81/3/$EACH v6/tcp/$VIP6/80/3/$EACH
begin_at d1 d2 d3
unbroken "three directors"

heading "One dies"
begin_at d2 d3
kill_director 1
poll "the router has two paths" 30 paths 2
unbroken "two are left"

heading "One is drained"
begin_at d2
drain d3
poll "the router has one path" 30 paths 1
unbroken "one serves"

heading "A fresh one comes, and the drained one returns"
director 4
[[ $LVS_MODULE != lvs ]] || in_ns d4 "$ADMIN" sync wait --timeout 90s
announce d4
poll "the router has two paths" 30 paths 2
unbroken "with a fresh one"
announce d3
poll "the router has three paths" 30 paths 3
unbroken "with the drained one"

heading "A server is added, and a director dies"
for d in d2 d3 d4; do add_real_server $d 4; done
begin_at d3 d4
kill_director 2
poll "the router has two paths" 30 paths 2
unbroken "two others are left"

exec 8>&-
remove_many
