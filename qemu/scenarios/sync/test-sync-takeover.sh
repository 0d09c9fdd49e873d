#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Two directors with keepalived as Debian ships it, and its lvs_sync_daemon: a planned switch
	and the sudden death of a master, and no connection notices but by a pause: busy ones, slow
	ones, silent ones, and one that just began; NAT and DR, TCP and UDP; an FTP session goes on"

. "$HERE/second.sh"
. "$HERE/keepalived.sh"
. "$HERE/clients.sh"

virtual_servers() {
	server 80 NAT TCP $RS1:8080
	server 81 DR TCP $RS2:81
	server 53 NAT UDP $RS1:53
	server 21 NAT TCP $RS1:21
}

second_director
# What a director had as a gateway or a virtual address is keepalived's.
ip -n director addr del $VIP/32 dev front
ip -n director addr del 10.0.2.1/24 dev back
ip -n director addr add 10.0.2.2/24 dev back
dr_server rs2
background rs1 python3 "$HERE/echo.py" tcp/8080 udp/53
background rs2 python3 "$HERE/echo.py" tcp/81
ftp_server rs1
load_module "$LVS_MODULE"
[[ $LVS_MODULE == lvs ]] || modprobe ip_vs_ftp
start director 150
poll "the first director is master" 30 is director master
poll "it has its addresses and rules" 20 has_vip director
poll "rules" 20 has_rules director
start director2 100
poll "the second one is backup" 30 is director2 backup
poll "its rules" 20 has_rules director2

start_clients busy/tcp/$VIP/80/20 slow/tcp/$VIP/80/0.5 silent/tcp/$VIP/80/0 \
	busy-dr/tcp/$VIP/81/20 silent-dr/tcp/$VIP/81/0 udp/udp/$VIP/53/10 ftp/ftp/$VIP/21/0
all_alive "at first"

heading "A planned switch"
begin
# A lower priority: the other one takes over at once.
echo -100 >"$RUN/director/drain"
poll "the second director is master" 30 is director2 master
poll "it has the address" 20 has_vip director2
poll "it knows the connections that just began" 10 knows director2 "${YOUNG[@]}"
poll "the first one is backup" 20 is director backup
all_alive "after a planned switch"
poll "both have the same connections" 30 alike

heading "And back"
begin
echo 0 >"$RUN/director/drain"
poll "the first director is master" 30 is director master
poll "it has the address" 20 has_vip director
poll "it knows the connections that just began" 10 knows director "${YOUNG[@]}"
poll "the second one is backup" 20 is director2 backup
all_alive "after the switch back"
poll "both have the same connections" 30 alike

heading "Sudden death"
begin
poll "the backup knows what just began" 10 knows director2 "${YOUNG[@]}"
mapfile -t pids < <(cat "$RUN"/director/{pid,vrrp.pid,check.pid})
ip -n director link set front down
kill -KILL "${pids[@]}"
ip -n director link set back down
poll "the second director is master" 30 is director2 master
all_alive "after the death of the master"

heading "All ends"
exec 8>&-
kill -TERM "$(<"$RUN/director2/pid")"
poll "no daemon is left" 20 is director2 ""
# The dead had no time to tidy up.
in_ns director ipvsadm -C
for daemon in master backup; do in_ns director ipvsadm --stop-daemon $daemon 2>/dev/null || true; done
gone() { [[ -z $(ip netns pids director2) ]]; }
poll "keepalived is gone" 20 gone
remove_second_director
