#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
# SCRAPE_LIMIT  seconds that a scrape may take (10: others use the machine, too).
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The exporter, as nobody with CAP_NET_ADMIN alone, serves the metrics of EXPORTER_SERVICES (10,000)
	services with four servers each within SCRAPE_LIMIT (10) seconds and 64 MB, also those of each
	server, and twice at once; metrics of one service among them read that one alone"

. "$LIB/many_services.sh"
: "${EXPORTER_SERVICES:=10000}" "${SCRAPE_LIMIT:=10}"
TOOL=/lvs/ipvsadm-rs
MOST_KB=65536
with_topology
[[ $LVS_MODULE == lvs ]] || exit 0
many_services "$EXPORTER_SERVICES" 4 >"$RUN/rules"
in_ns director "$TOOL" -R <"$RUN/rules"

serve() {
	background director setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,+net_admin \
		--ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin \
		"$TOOL" exporter --listen 127.0.0.1:9600 "$@" >&2
	exporter=$BACKGROUND_PID
	poll "the exporter answers" 20 eval 'in_ns director curl -sf http://127.0.0.1:9600/ >/dev/null'
}
scrape() { in_ns director curl -sf -o "$RUN/served" -w '%{time_total}' http://127.0.0.1:9600/metrics; }
# The peak of its memory. It runs under setpriv, which has become it.
peak() { awk '/^VmHWM:/ { print $2 }' "/proc/$exporter/status"; }
# measure WHAT SERIES LIMIT: the fastest of five scrapes counts, for other work only adds to one.
measure() {
	local what=$1 series=$2 limit=$3 best='' took kb
	for _ in 1 2 3 4 5; do
		took=$(scrape)
		best=$(awk -v a="${best:-$took}" -v b="$took" 'BEGIN { print a < b ? a : b }')
	done
	expect_eq "$what: series of services or servers" "$series" "$(grep -c '^lvs_serv' "$RUN/served")"
	kb=$(peak)
	say "$what: $best s, $(($(stat -c %s "$RUN/served") / 1000)) kB of text, $kb kB of memory"
	expect_eq "$what: within $limit s" 1 "$(awk -v took="$best" -v most="$limit" 'BEGIN { print took <= most }')"
	expect_eq "$what: within $MOST_KB kB" 1 $((kb <= MOST_KB))
}

heading "Services"
serve
measure "services" $((EXPORTER_SERVICES * 13)) "$SCRAPE_LIMIT"
(scrape >/dev/null) &
scrape >/dev/null
wait $!
expect_eq "twice at once: within $MOST_KB kB" 1 $(($(peak) <= MOST_KB))
kill "$exporter"

heading "Services and servers"
serve --per-server
measure "servers" $((EXPORTER_SERVICES * 13 + EXPORTER_SERVICES * 4 * 9)) "$SCRAPE_LIMIT"
kill "$exporter"

# received OPTION...: the metrics go to $RUN/one, and bytes that they took to read are printed.
received() {
	in_ns director strace -f -qq -e trace=recvfrom,recvmsg -o "$RUN/calls" "$TOOL" metrics --per-server "$@" >"$RUN/one"
	awk '{ sum += $NF } END { print sum + 0 }' "$RUN/calls"
}
heading "One service among them"
{
	echo "-A -f 7 -s rr"
	for ((i = 0; i < 3000; i++)); do echo "-a -f 7 -r 10.7.$((i / 250)).$((1 + i % 250)) -m"; done
} >"$RUN/rules"
in_ns director "$TOOL" -R <"$RUN/rules"
all=$(received)
few=$(received --service tcp:10.100.0.1:8)
expect_eq "series of a service with four servers" $((13 + 4 * 9)) "$(grep -c '^lvs_serv.*"10.100.0.1",' "$RUN/one")"
many=$(received --service fwmark:7)
expect_eq "series of a service with 3,000" $((13 + 3000 * 9)) "$(grep -c '^lvs_serv.*local_mark="00000007"' "$RUN/one")"
say "$few bytes are read for four servers, $many for 3,000, $all for all"
expect_eq "a service with four servers takes less than 20 kB" 1 $((few > 0 && few < 20000))
expect_eq "one with 3,000 less than a tenth of all" 1 $((many > 100000 && many * 10 < all))
received --service tcp:10.100.0.1:9 >/dev/null
expect_eq "series of one that isn't there" 0 "$(grep -c '^lvs_serv' "$RUN/one")"
in_ns director "$TOOL" -C
