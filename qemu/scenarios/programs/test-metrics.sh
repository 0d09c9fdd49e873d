#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "What ipvsadm-rs prints as metrics and as the outcome of checks is the same under either
	module, equals what ipvsadm lists and what the ipvs collector of prometheus-node-exporter
	tells, and is read by that exporter's collector of text files, by promtool and by a Prometheus"

TOOL=/lvs/ipvsadm-rs
tool() { in_ns director "$TOOL" "$@"; }
# value SERIES OPTION...: the value of a series.
value() { tool metrics "${@:2}" | awk -v series="$1" '$1 == series { print $2 }'; }
WEB="local_address=\"$VIP\",local_port=\"80\",proto=\"TCP\""

# Counters of the service, as metrics and as ipvsadm has them.
of_metrics() {
	local name
	for name in connections incoming_packets outgoing_packets incoming_bytes outgoing_bytes; do
		value "lvs_service_${name}_total{$WEB}"
	done | xargs
}
of_ipvsadm() { in_ns director ipvsadm -Ln --stats --exact | awk -v s="$VIP:80" '$2 == s { print $3, $4, $5, $6, $7 }'; }
same_counters() { [[ $(of_metrics) == "$(of_ipvsadm)" ]]; }
# ip_vs counts up every 2 seconds, each service and server in its turn.
counted() {
	tool metrics --per-server | awk -v wanted="$1" '
		/^lvs_connections_total / { all = $2 }
		/^lvs_service_connections_total{/ { services += $2 }
		/^lvs_server_connections_total{/ { servers += $2 }
		END { exit all != wanted || services != wanted || servers != wanted }'
}

# exported NAME...: what node_exporter tells of metrics, without labels that are empty.
exported() {
	local names="$*"
	in_ns director curl -sf http://127.0.0.1:9100/metrics | grep -E "^(${names// /|})[{ ]" |
		sed -E 's/[a-z_]+="",?//g; s/,\}/}/'
}
# of_node METRIC..: the same of its own, under our names.
of_node() { exported "$@" | sed 's/^node_ipvs_backend_\(connections_\)\?/lvs_server_/' | sort; }
of_ours() { exported "$@" | sed -E 's/^(lvs_server_[a-z]*)_connections/\1/' | sort; }
read_by_exporter() { exported lvs_service_connections_total | grep -q " $1\$"; }

# check STATUS ARGUMENT...: the line, if the status is this one.
check() {
	local status=0 line
	line=$(tool check "${@:2}") || status=$?
	expect_eq "the status of check ${*:2}: $line" "$1" "$status"
	printf '%s %s\n' "$status" "$line"
}

# of_prometheus QUERY: its values, in order.
of_prometheus() {
	in_ns director curl -sfG http://127.0.0.1:9090/api/v1/query --data-urlencode "query=$1" |
		jq -r '.data.result | sort_by(.metric.remote_address)[] | .value[1]' | xargs
}
is_scraped() { [[ $(of_prometheus 'up') == 1 && -n $(of_prometheus lvs_info) ]]; }
# A real one scrapes the exporter, and knows what was printed.
prometheus() {
	rm -rf "$RUN/prometheus"
	cat >"$RUN/prometheus.yml" <<-END
		scrape_configs:
		  - job_name: lvs
		    scrape_interval: 1s
		    static_configs:
		      - targets: ["127.0.0.1:9600"]
	END
	background director prometheus --config.file="$RUN/prometheus.yml" --storage.tsdb.path="$RUN/prometheus" \
		--web.listen-address=127.0.0.1:9090 >"$RUN/prometheus.log" 2>&1
	poll "Prometheus scrapes it" 60 is_scraped
	expect_eq "connections of the service" "$(value "lvs_service_connections_total{$WEB}")" \
		"$(of_prometheus "lvs_service_connections_total{$WEB}")"
	expect_eq "weights of its servers" "1 3" "$(of_prometheus "lvs_server_weight{$WEB}")"
	expect_eq "series" "$(grep -cv '^#' "$RUN/served")" "$(of_prometheus 'count({__name__=~"lvs_.*"})')"
	kill "$BACKGROUND_PID"
}

trace() {
	web_server rs1 rs2
	tool -R <<-END
		-A -t $VIP:80 -s rr
		-a -t $VIP:80 -r $RS1:80 -m
		-a -t $VIP:80 -r $RS2:80 -m -w 3
		-A -t $VIP:8080 -s rr
		-a -t $VIP:8080 -r $RS1:80 -m -w 0
		-A -u $VIP:53 -s wlc
		-A -f 10 -s rr
		-a -f 10 -r $RS2:0 -g -w 3
		-A -t [2001:db8::1]:80 -s rr
		-a -t [2001:db8::1]:80 -r [2001:db8::2]:80 -m
	END
	requests 10 >&2
	poll "connections are counted" 15 counted 10
	poll "the counters of metrics are ipvsadm's" 10 same_counters
	echo "-- metrics"
	tool metrics --per-server >"$RUN/all"
	# How many packets a connection takes is TCP's affair, the table that of each module.
	grep -vE '_(packets|bytes)_total[{ ][^ ]* ?[0-9]+$|^lvs_info|lvs_connection_table_(buckets|longest|bytes)' "$RUN/all" |
		grep -vE '^# .* lvs_(connection_table|dropped_packets|early_path|xdp)_|lvs_synchronisation_'
	expect_eq "series that come twice" "" "$(grep -v '^#' "$RUN/all" | sed 's/ [0-9]*$//' | sort | uniq -d)"
	expect_eq "without --per-server there are none of servers" "$(grep -v 'lvs_server_' "$RUN/all" | sed 's/ [0-9]*$//')" \
		"$(tool metrics | sed 's/ [0-9]*$//')"
	expect_eq "what promtool has to say" "" "$(promtool check metrics <"$RUN/all" 2>&1)"
	expect_eq "the module" "lvs_info{module=\"$(loaded lvs && echo lvs || echo ip_vs)\",version=\"1.2.1\"} 1" \
		"$(grep '^lvs_info' "$RUN/all")"
	expect_eq "entries of the table" "$(tool -Lnc | grep -c '^TCP')" "$(value lvs_connection_table_entries)"
	if loaded lvs; then
		for line in "Buckets:buckets" "Longest chain:longest_chain_entries" "Bytes:bytes"; do
			expect_eq "$line" "$(in_ns director sed -n "s/^${line%:*} *//p" /proc/net/lvs)" \
				"$(value "lvs_connection_table_${line#*:}")"
		done
	fi

	echo "-- chosen services"
	tool metrics --service tcp:$VIP:8080 --service fwmark:10 --service udp:$VIP:5353 | grep '^lvs_service_weight'
	expect_fails "a word that names no service" tool metrics --service $VIP:80
	expect_eq "whose status is" 2 "$(tool metrics --service $VIP:80 2>/dev/null || echo $?)"

	mkdir -p "$RUN/textfiles"
	mv "$RUN/all" "$RUN/textfiles/lvs.prom"
	background director prometheus-node-exporter --collector.disable-defaults --collector.ipvs --collector.textfile \
		--collector.textfile.directory="$RUN/textfiles" --web.listen-address=127.0.0.1:9100 >"$RUN/exporter.log" 2>&1
	poll "the exporter reads the file" 20 read_by_exporter 10
	expect_eq "errors in reading it" "node_textfile_scrape_error 0" "$(exported node_textfile_scrape_error)"
	expect_eq "servers and their labels are the collector's" \
		"$(of_node node_ipvs_backend_weight node_ipvs_backend_connections_active node_ipvs_backend_connections_inactive)" \
		"$(of_ours lvs_server_weight lvs_server_active_connections lvs_server_inactive_connections)"
	kill "$BACKGROUND_PID"

	# Nobody, but with CAP_NET_ADMIN. The table of ip_vs is known to root only.
	background director setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,+net_admin \
		--ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin \
		"$TOOL" exporter --listen 127.0.0.1:9600 --per-server >&2
	served() { in_ns director curl -sf http://127.0.0.1:9600/metrics; }
	poll "the tool's own exporter answers" 20 eval 'served >"$RUN/served"'
	expect_eq "it serves what is printed" "$(tool metrics --per-server | grep -v lvs_connection_table)" \
		"$(grep -v lvs_connection_table "$RUN/served")"
	expect_eq "as such a text" "text/plain; version=0.0.4; charset=utf-8" \
		"$(in_ns director curl -s -o /dev/null -w '%{content_type}' http://127.0.0.1:9600/metrics)"
	exporter=$BACKGROUND_PID
	prometheus
	kill "$exporter"

	echo "-- a mark of both families"
	tool -A -f 10 -6 -s wlc
	tool metrics | grep '^lvs_service_weight'
	tool metrics --service fwmark6:10 | grep '^lvs_service_servers'

	echo "-- check"
	check 0 -t $VIP:80
	check 0 -t $VIP:80 --min-servers 2 --min-weight 4
	check 1 -t $VIP:80 --min-servers 3
	check 1 -t $VIP:80 --min-weight 5
	check 1 -t $VIP:8080
	check 0 -t $VIP:8080 --min-servers 0
	check 1 -u $VIP:53
	check 0 -f 10
	check 1 -f 10 -6
	check 0 --tcp-service '[2001:db8::1]:80'
	check 1 -u $VIP:80
	check 0 -t $VIP:80 --json
	check 1 -u $VIP:80 --json
	expect_eq "nobody reads the line" 1 "$(tool check -u $VIP:53 >/dev/full 2>&1 || echo $?)"
	expect_eq "no service is named" 2 "$(tool check 2>/dev/null || echo $?)"
	expect_eq "two are" 2 "$(tool check -t $VIP:80 -f 10 2>/dev/null || echo $?)"
	expect_eq "no address" 2 "$(tool check -t nowhere.invalid:80 2>/dev/null || echo $?)"
}

differential trace

heading "Without privilege, and without a module"
topology
load_module lvs
tool -A -t $VIP:80 -s rr
if [[ $LVS_MODULE == lvs ]]; then
	# A server climbs that comes to others which are there for longer.
	tool -E -t $VIP:80 -s rr --slow-start 60s
	tool -a -t $VIP:80 -r $RS1:80 -m
	tool -a -t $VIP:80 -r $RS3:80 -m
	sleep 61
	tool drain -t $VIP:80 -r $RS1:80
	tool -a -t $VIP:80 -r $RS2:80 -m -w 100
	for scope in "" "--service tcp:$VIP:80"; do
		# shellcheck disable=SC2086 # word splitting is wanted
		expect_eq "servers that are drained, and that climb $scope" "1 1" \
			"$(value "lvs_service_servers_draining{$WEB}" $scope) $(value "lvs_service_servers_starting{$WEB}" $scope)"
	done
	expect_match "what synchronisation counts" 'lvs_synchronisation_events_total\{event="sent"\} 0' "$(tool metrics)"
fi
expect_eq "nobody may ask" "failed: TCP $VIP:80: Permission denied (you must be root)" \
	"$(in_ns director setpriv --reuid 65534 --clear-groups "$TOOL" check -t $VIP:80 || true)"
