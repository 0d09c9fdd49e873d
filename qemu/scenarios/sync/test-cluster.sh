#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Two directors with keepalived. The master dies and returns empty, is filled, and then the
	other one dies: downloads by NAT and DR, an idle connection, a slow one, one that just began,
	persistent clients and an FTP transfer live on, and every byte is right. With ip_vs it says
	which don't"

. "$HERE/second.sh"
. "$HERE/keepalived.sh"
. "$HERE/clients.sh"

# Who serves goes on to serve, also when the other one returns.
VRRP_OPTIONS=nopreempt

virtual_servers() {
	server 8080 NAT TCP $RS1:8080
	server 80 DR TCP $RS2:80
	server 90 NAT TCP $RS1:90
	server 91 DR TCP $RS2:91
	server 21 NAT TCP $RS1:21
	OPTIONS=$'\tpersistence_timeout 300' server 82 NAT TCP $RS1:80 $RS3:80
}

# judge WHEN [WORD]: all are alive; of ip_vs it is only said who isn't.
judge() {
	ask_clients "${2:-check}"
	[[ $LVS_MODULE != lvs ]] || expect_no_match "$1" dead "$(<"$RUN/state")"
	summary "$1"
	grep dead "$RUN/state" | sort | uniq -c | sed 's/^/    /' || true
}
# serves DIRECTOR
serves() {
	poll "$1 is master" 30 is "$1" master
	poll "$1 has the address" 20 has_vip "$1"
}
# returns NS SUFFIX FRONT BACK PRIORITY: a dead one, which knows nothing.
returns() {
	new_director "${@:1:4}"
	start "$1" "$5"
	poll "$1 is backup" 30 is "$1" backup
	poll "its rules" 20 has_rules "$1"
	[[ $LVS_MODULE == lvs ]] || return 0
	in_ns "$1" "$ADMIN" sync wait --timeout 90s || fail "$1 isn't filled: $(in_ns "$1" "$ADMIN" sync status)"
	say "$1 is back and knows $(entries "$1" | wc -l) connections"
}
# dies NS SUFFIX OTHER: some milliseconds after connections began, which the other one knows.
dies() {
	begin
	[[ $LVS_MODULE != lvs ]] || poll "the backup knows what just began" 10 knows "$3" "${YOUNG[@]}"
	kill_director "$1" "$2"
	serves "$3"
}

second_director
# What a director had as a gateway or a virtual address is keepalived's.
ip -n director addr del $VIP/32 dev front
ip -n director addr del 10.0.2.1/24 dev back
ip -n director addr add 10.0.2.2/24 dev back
dr_server rs2
web_server rs1 rs2 rs3
ftp_server rs1
background rs1 python3 "$HERE/echo.py" tcp/90
background rs2 python3 "$HERE/echo.py" tcp/91
export HUGE=$RUN/www/huge BIG=$RUN/ftp/big
head -c 100000000 /dev/urandom >"$HUGE"
for host in 201 202 203 204 205 206; do ip -n client addr add 10.0.1.$host/24 dev eth0; done
load_module "$LVS_MODULE"
[[ $LVS_MODULE == lvs ]] || modprobe ip_vs_ftp
start director 150
serves director
poll "rules" 20 has_rules director
start director2 100
poll "the second one is backup" 30 is director2 backup
poll "its rules" 20 has_rules director2

heading "Clients"
start_clients download-nat/http/$VIP/8080/10 download-dr/http/$VIP/80/10 idle/tcp/$VIP/90/0 idle-dr/tcp/$VIP/91/0 \
	slow/tcp/$VIP/90/1 slow-dr/tcp/$VIP/91/1 persistent/visit/$VIP/82/1/6 ftp/ftp/$VIP/21/0 ftp-transfer/ftp-get/$VIP/21/10
judge "at first"

heading "The master dies"
dies director "" director2
judge "the other one serves"

heading "It returns, and the other one dies"
returns director "" 10.0.1.1 10.0.2.2 150
dies director2 -2 director
judge "the first one serves again"

heading "The other one returns, and takes over as planned"
returns director2 -2 10.0.1.2 10.0.2.3 100
begin
# A lower priority: the other one takes over at once.
echo -100 >"$RUN/director/drain"
serves director2
judge "after a planned switch"

heading "All that was downloaded"
judge "to the end" finish
[[ $LVS_MODULE != lvs ]] || say "100 MB by NAT, 100 MB by DR and 3 MB by FTP: every byte is right"
sort -t' ' -k1,1 "$RUN/state" | grep -v checked | sed 's/^/    /'

exec 8>&-
for ns in director director2; do
	kill -TERM "$(<"$RUN/$ns/pid")"
	poll "$ns has no daemon" 20 is $ns ""
	unused() { [[ -z $(ip netns pids "$1") ]]; }
	poll "keepalived of $ns is gone" 20 unused $ns
done
remove_second_director
