#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Two directors with keepalived as Debian ships it, and its lvs_sync_daemon: a planned switch
	and the sudden death of a master, and no connection notices but by a pause: busy ones, slow
	ones, silent ones, and one that just began; NAT and DR, TCP and UDP; an FTP session goes on"

. "$HERE/second.sh"

# vrrp NAME INTERFACE ID PRIORITY ADDRESS
vrrp() {
	cat <<-END
		vrrp_instance $1 {
			version 3
			state BACKUP
			interface $2
			virtual_router_id $3
			priority $4
			advert_int 0.2
			track_file {
				drain
			}
			virtual_ipaddress {
				$5 dev $2
			}
		}
	END
}
# server PORT REAL METHOD PROTOCOL
server() {
	cat <<-END
		virtual_server $VIP $1 {
			lvs_sched rr
			lvs_method $3
			protocol $4
			real_server ${2/:/ } {
				weight 1
			}
		}
	END
}
# start NS PRIORITY: its keepalived.
start() {
	mkdir -p "$RUN/$1"
	echo 0 >"$RUN/$1/drain"
	{
		cat <<-END
			global_defs {
				lvs_sync_daemon front inst FRONT id 7
				vrrp_startup_delay 0.1
			}
			vrrp_track_file drain {
				file $RUN/$1/drain
				weight 1
			}
			vrrp_sync_group BOTH {
				group {
					FRONT
					BACK
				}
			}
		END
		vrrp FRONT front 51 "$2" $VIP/32
		vrrp BACK back 52 "$2" 10.0.2.1/24
		server 80 $RS1:8080 NAT TCP
		server 81 $RS2:81 DR TCP
		server 53 $RS1:53 NAT UDP
		server 21 $RS1:21 NAT TCP
	} >"$RUN/$1/keepalived.conf"
	background "$1" keepalived -n -D -l -f "$RUN/$1/keepalived.conf" -p "$RUN/$1/pid" -r "$RUN/$1/vrrp.pid" \
		-c "$RUN/$1/check.pid" >"$RUN/$1/log" 2>&1
}
daemons() { in_ns "$1" ipvsadm -L --daemon | sed -n 's/ sync daemon.*//p'; }
is() { [[ $(daemons "$1") == "$2" ]]; }
has_vip() { ip -n "$1" addr show front | grep -q "$VIP/32"; }
has_rules() { [[ $(in_ns "$1" ipvsadm -Sn | grep -c -- -a) == 4 ]]; }
knows() {
	local port
	for port in "${@:2}"; do in_ns "$1" grep -q " $port .*ESTABLISHED" /proc/net/ip_vs_conn || return 1; done
}
# all_alive WHEN
all_alive() {
	local before
	before=$(grep -c '^checked' "$RUN/clients" || true)
	echo check >&8
	checked() { (($(grep -c '^checked' "$RUN/clients") > before)); }
	poll "the clients are asked" 60 checked
	tac "$RUN/clients" | sed -n '/^checked/,/^checked\|^ready\|^begun/p' >"$RUN/state"
	expect_no_match "$1" dead "$(<"$RUN/state")"
	say "$1: $(grep -c alive "$RUN/state") connections alive, the longest gap $(sed -n 's/.*longest gap //p' "$RUN/state" | sort -n | tail -n 1)"
}
begin() {
	echo begin >&8
	begun() { (($(grep -c '^begun' "$RUN/clients") == $1)); }
	poll "more connections" 20 begun "$1"
	read -ra YOUNG < <(sed -n 's/^begun //p' "$RUN/clients" | tail -n 1)
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

mkfifo "$RUN/ask"
(exec nsenter --net=/run/netns/client python3 "$HERE/clients.py" busy/tcp/$VIP/80/20 slow/tcp/$VIP/80/0.5 silent/tcp/$VIP/80/0 \
	busy-dr/tcp/$VIP/81/20 silent-dr/tcp/$VIP/81/0 udp/udp/$VIP/53/10 ftp/ftp/$VIP/21/0 <"$RUN/ask" >"$RUN/clients" 2>&1) &
exec 8>"$RUN/ask"
poll "the clients" 20 grep -q ready "$RUN/clients"
all_alive "at first"

heading "A planned switch"
begin 1
# A lower priority: the other one takes over at once.
echo -100 >"$RUN/director/drain"
poll "the second director is master" 30 is director2 master
poll "it has the address" 20 has_vip director2
poll "it knows the connections that just began" 10 knows director2 "${YOUNG[@]}"
poll "the first one is backup" 20 is director backup
all_alive "after a planned switch"
poll "both have the same connections" 30 alike

heading "And back"
begin 2
echo 0 >"$RUN/director/drain"
poll "the first director is master" 30 is director master
poll "it has the address" 20 has_vip director
poll "it knows the connections that just began" 10 knows director "${YOUNG[@]}"
poll "the second one is backup" 20 is director2 backup
all_alive "after the switch back"
poll "both have the same connections" 30 alike

heading "Sudden death"
begin 3
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
