#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The ipvs collector of prometheus-node-exporter reads /proc/net/ip_vs and ip_vs_stats of
	either module and tells the same of the same rules and traffic, also when a server dies,
	keepalived takes it out, and it comes back"

metrics() {
	in_ns director curl -sf http://127.0.0.1:9100/metrics | grep -E '^node_ipvs|collector_success' | sort
}
metric() { metrics | awk -v m="$1" 'index($0, m) == 1 { print $2 }'; }
counted() { [[ $(metric node_ipvs_connections_total) == "$1" ]]; }
# How many packets a connection takes is TCP's affair, so their number is compared with the
# kernel's own file.
same_packets() {
	[[ $(metric node_ipvs_incoming_packets_total) == "$((16#$(in_ns director awk 'NR == 3 { print $2 }' /proc/net/ip_vs_stats)))" ]]
}
settled() {
	poll "$1: connections counted" 10 counted "$2"
	poll "$1: packets as in ip_vs_stats" 10 same_packets
	printf '%s\n' "-- $1"
	metrics | grep -vE '_(packets|bytes)_total [0-9]'
}
answers() { requests "$@" && echo; }

cat >"$RUN/keepalived.conf" <<END
virtual_server $VIP 80 {
	delay_loop 0.5
	retry 0
	lvs_sched rr
	lvs_method NAT
	protocol TCP
	real_server $RS1 80 {
		weight 2
		TCP_CHECK {
			connect_timeout 1
		}
	}
	real_server $RS2 80 {
		weight 1
		TCP_CHECK {
			connect_timeout 1
		}
	}
}
END
servers() { in_ns director ipvsadm -Sn | grep -c "^-a -t $VIP:80 "; }
servers_are() { [[ $(servers) == "$1" ]]; }

trace() {
	web_server rs1 rs2
	in_ns director ipvsadm -R <<-END
		-A -u $VIP:53 -s wlc
		-a -u $VIP:53 -r $RS1:53 -m
		-A -f 5 -s rr
		-a -f 5 -r $RS2:0 -g -w 3
		-A -t [2001:db8::1]:80 -s rr
		-a -t [2001:db8::1]:80 -r [2001:db8::2]:80 -m
	END
	background director keepalived --check --dont-fork --log-console -f "$RUN/keepalived.conf" -p "$RUN/keepalived.pid" \
		-c "$RUN/checkers.pid" >"$RUN/keepalived.log" 2>&1
	poll "keepalived adds both servers" 15 servers_are 2
	background director prometheus-node-exporter --collector.disable-defaults --collector.ipvs \
		--web.listen-address=127.0.0.1:9100 >"$RUN/exporter.log" 2>&1
	poll "the exporter answers" 20 counted 0
	settled "rules" 0
	answers 10
	settled "ten requests" 10
	kill "$(cat "$RUN/rs2/nginx.pid")"
	poll "keepalived removes the dead server" 15 servers_are 1
	answers 10
	settled "a server gone" 20
	web_server rs2
	poll "keepalived adds it again" 15 servers_are 2
	answers 10
	settled "a server back" 30
}

differential trace
