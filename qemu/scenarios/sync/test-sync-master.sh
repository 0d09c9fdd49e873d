#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
. "$HERE/second.sh"
scenario "What a master tells, and when: all that begins, at once and before it stops; slow connections
	as long as they live; a template not with each packet; by several threads, in both versions, with
	each setting"

second_director
load_module "$LVS_MODULE"
for ns in director director2; do
	in_ns $ns ipvsadm -R <<-RULES
		-A -t $VIP:80 -s rr
		-a -t $VIP:80 -r $RS1:8080 -m
		-A -t $VIP:83 -s rr -p 6
		-a -t $VIP:83 -r $RS1:83 -m
		-A -u $VIP:53 -s rr
		-a -u $VIP:53 -r $RS1:53 -m
	RULES
done
background rs1 python3 "$HERE/echo.py" tcp/8080 tcp/83 udp/53
for port in 8080 83; do poll "the server listens" 10 listens rs1 $port; done

daemon() { in_ns "$1" ipvsadm --start-daemon "$2" --mcast-interface front --syncid 1; }
start() {
	daemon director2 backup
	daemon director master
}
stop() {
	in_ns director ipvsadm --stop-daemon master
	in_ns director2 ipvsadm --stop-daemon backup
}
# told: entries that the master told so far.
told() { in_ns director sed -n '/^Sync sent/{n;s/.* //p}' /proc/net/lvs; }
# has COUNT KIND: the backup has so many connections of a protocol.
has() { (($(entries director2 | grep -c "^$2 .*${3:-}") == $1)); }
setting() { in_ns director sysctl -qw "net.ipv4.vs.$1"; }
# forget: the connections of both end.
none() { [[ -z $(entries "$1") ]]; }
forget() {
	local ns
	for ns in director director2; do
		in_ns $ns sysctl -qw net.ipv4.vs.expire_nodest_conn=1
		in_ns $ns ipvsadm -Sn >"$RUN/rules.$ns"
		in_ns $ns ipvsadm -C
		poll "the connections end" 20 none $ns
		in_ns $ns ipvsadm -R <"$RUN/rules.$ns"
	done
}

heading "All that begins just before the end is told"
start
clients held/$VIP/80/30000/300
in_ns director ipvsadm --stop-daemon master
poll "300 connections" 5 has 300 TCP
in_ns director2 ipvsadm --stop-daemon backup
clients_go
forget

heading "A persistent client: few entries for many packets"
start
before=$(told)
clients held/$VIP/83/31000/20
poll "its connections and its template" 5 has 21 TCP
sent=$(($(told) - before))
say "20 connections of 8 exchanges: $sent entries"
((sent <= 70)) || fail "$sent entries were told"
clients_go
stop
forget

heading "By four threads, and in version 0"
for ns in director director2; do in_ns $ns sysctl -qw net.ipv4.vs.sync_ports=4; done
for version in 0 1; do
	setting sync_version=$version
	start
	clients held/$VIP/80/32000/200 udp/$VIP/53/32000/50
	poll "TCP, version $version" 5 has 200 TCP
	poll "UDP, version $version" 5 has 50 UDP
	clients_go
	stop
	forget
done
ports=$(in_ns director2 ss -Hulna | wc -l)
expect_eq "sockets that are left" 0 "$ports"
for ns in director director2; do in_ns $ns sysctl -qw net.ipv4.vs.sync_ports=1; done

heading "Templates only, states only"
setting sync_persist_mode=1
start
clients held/$VIP/83/33000/5
poll "the template" 5 has 1 TCP
clients_go
expect_eq "connections of a persistent client" 0 "$(entries director2 | grep -vc ' 0000 ' || true)"
setting sync_persist_mode=0
stop
forget

heading "A slow connection is known as long as it lives"
for ns in director director2; do in_ns $ns ipvsadm --set 6 6 6; done
start
mkfifo "$RUN/ask"
(exec nsenter --net=/run/netns/client python3 "$HERE/clients.py" slow/tcp/$VIP/80/1 persistent/tcp/$VIP/83/1 udp/udp/$VIP/53/1 \
	<"$RUN/ask" >"$RUN/clients" 2>&1) &
exec 9>"$RUN/ask"
poll "the clients" 20 grep -q ready "$RUN/clients"
poll "they are known" 10 has 3 TCP
poll "the datagrams' connection" 10 has 1 UDP
start=$SECONDS checks=0
while ((SECONDS - start < 20)); do
	[[ $(entries director2 | cut -d' ' -f 1 | sort | uniq -c | tr -s ' \n' ' ') == " 3 TCP 1 UDP " ]] ||
		fail "after $((SECONDS - start)) s the backup has: $(entries director2)"
	checks=$((checks + 1))
	sleep 0.1
done
say "looked at $checks times in 20 s, of three lives"
exec 9>&-
stop
remove_second_director
