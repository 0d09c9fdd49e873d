#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The connection table grows and shrinks under traffic: 200,000 flows, none is lost,
	doubled or moved to another server; expiry gives the memory back"

FLOWS=${FLOWS:-200000}
with_topology
# On an emulated processor the first flows would expire before the last are sent.
admin --set 0 0 900
admin -A -u $VIP:53 -s rr
admin -A -u $VIP:54 -s rr
pktgen_servers
for i in 50 51 52 53; do
	admin -a -u $VIP:53 -r 10.0.2.$i -m
	admin -a -u $VIP:54 -r 10.9.0.$i -m
done
size() { admin -Ln | sed -n 's/.*(size=\([0-9]*\)).*/\1/p'; }
# The table without state and time, for comparison.
entries() { in_ns director awk 'NR > 1 { print $2, $3, $4, $5, $6, $7 }' /proc/net/ip_vs_conn; }
count() { in_ns director awk 'END { print NR - 1 }' /proc/net/ip_vs_conn; }
in_use() { awk '/^lvs_conn/ { n = $2 } END { print n + 0 }' /proc/slabinfo; }
inactive_sum() { admin -Ln | awk '$1 == "->" && $6 ~ /^[0-9]+$/ { sum += $6 } END { print sum + 0 }'; }

heading "Every packet of 5000 flows, begun, shuffled, and while the table is read"
small=$(size)
said=$(python3 "$HERE/flows.py" 5000 2>&1) || fail "flows: $said"
say "${said//$'\n'/$'\n'  }"
expect_match "shares of the servers" "shares: 10.0.2.50=1250 10.0.2.51=1250 10.0.2.52=1250 10.0.2.53=1250" "$said"
expect_eq "entries" 5000 "$(count)"

heading "It grows"
say "pktgen: $(pktgen_flows "$FLOWS")"
all=$((FLOWS + 5000))
entries | sort >"$RUN/first"
expect_eq "entries" $all "$(wc -l <"$RUN/first")"
expect_eq "entries by the servers" $all "$(inactive_sum)"
expect_eq "flows that are listed twice" "" "$(cut -d' ' -f1-4 "$RUN/first" | uniq -d | head -n 3)"
expect_eq "shares of the servers" "1250 1250 1250 1250 $((FLOWS / 4)) $((FLOWS / 4)) $((FLOWS / 4)) $((FLOWS / 4))" \
	"$(cut -d' ' -f5 "$RUN/first" | sort | uniq -c | awk '{ print $1 }' | paste -sd' ')"
grown=$(size)
say "size of the table: $small, then $grown; slab objects: $(in_use)"
((grown > small)) || fail "the table did not grow from $small buckets"
[[ $LVS_MODULE != lvs ]] || (($(in_use) >= all)) || fail "only $(in_use) objects in the slab cache lvs_conn"

heading "The same flows again"
say "pktgen: $(pktgen_flows "$FLOWS")"
entries | sort >"$RUN/second"
cmp -s "$RUN/first" "$RUN/second" || fail "entries changed: $(diff "$RUN/first" "$RUN/second" | head -n 4)"
received() { [[ $(admin -Ln --stats --exact | awk '$2 == "'"$VIP"':54" { print $3, $4 }') == "$FLOWS $((2 * FLOWS))" ]]; }
poll "connections and packets of the service" 10 received

heading "It shrinks"
# Every flow again: their entries now live for two seconds.
admin --set 0 0 2
say "pktgen: $(pktgen_flows "$FLOWS")"
# (They may expire, and move, while this goes on.)
python3 "$HERE/flows.py" 5000 >"$RUN/flows" 2>&1 || true
empty() { [[ $(count) -eq 0 ]]; }
poll "all entries expire" 60 empty
shrunk() { (($(size) < grown)); }
poll "the table shrinks from $grown buckets" 60 shrunk
freed() { (($(in_use) < FLOWS / 10)); }
poll "the memory of entries is free" 60 freed
expect_eq "entries by the servers" 0 "$(inactive_sum)"
say "size of the table: $(size); slab objects: $(in_use)"

heading "Connections end with their servers: many servers at once"
admin --set 0 0 900
said=$(pktgen_flows "$FLOWS") || fail "pktgen: $said"
expect_eq "entries" "$FLOWS" "$(count)"
for ((i = 1; i <= 2000; i++)); do printf '%s\n' "-A -f $i -s rr" "-a -f $i -r 10.9.0.$((i % 200 + 50)) -m"; done | admin -R
admin -Sn >"$RUN/rules"
in_ns director sysctl -qw net.ipv4.vs.expire_nodest_conn=1
began=$EPOCHREALTIME
admin -C
say "2,002 services were deleted in $(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }') s"
poll "their connections end" 20 empty
expect_eq "rules" "" "$(admin -Sn)"
in_ns director sysctl -qw net.ipv4.vs.expire_nodest_conn=0
admin -R <"$RUN/rules"

heading "Rules and module go while the table is full"
admin --set 0 0 300
say "pktgen: $(pktgen_flows "$FLOWS")"
expect_eq "entries" "$FLOWS" "$(count)"
admin -C
