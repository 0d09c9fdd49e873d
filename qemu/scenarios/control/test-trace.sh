#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Whoever traces learns of each choice of a server, each connection that begins, changes its state or
	ends, and each packet that is dropped, by ipvsadm-rs trace and trace-cmd; filters leave out what
	isn't asked for, lines a second are limited and what is left out is counted; nothing of it stays"

if [[ $LVS_MODULE != lvs ]]; then
	say "ip_vs has no trace events"
	exit 0
fi
TOOL=/lvs/ipvsadm-rs
TRACING=/sys/kernel/tracing

# refused WORDS... STATUS: the command says why it can't trace.
refused() {
	local status=0
	"${@:4}" >"$RUN/out" 2>"$RUN/complaint" || status=$?
	expect_eq "$1" "$2 ipvsadm-rs: $3" "$status $(cat "$RUN/complaint")"
}

if ! grep -q '	tracefs$' /proc/filesystems; then
	load_module lvs
	refused "a kernel without trace events" 2 "can't trace: this kernel has no trace events" "$TOOL" trace
	say "this kernel has no trace events: nothing else is tested"
	exit 0
fi

heading "Refusals"
if [[ ! -e $TRACING/instances ]]; then
	refused "without tracefs" 2 "can't trace: tracefs isn't mounted: mount -t tracefs tracefs $TRACING" "$TOOL" trace
	mount -t tracefs tracefs $TRACING
fi
modprobe -rq lvs ip_vs 2>/dev/null || true
refused "without lvs" 2 "can't trace: lvs isn't loaded" "$TOOL" trace
load_module ip_vs
refused "with ip_vs" 2 "can't trace: ip_vs is loaded, which has no trace events: only lvs has" "$TOOL" trace
unload_module ip_vs

with_topology rs1 rs2
refused "as a user" 2 "can't trace: tracing is for root alone, since it shows what happens on the whole machine" \
	setpriv --reuid 65534 --regid 65534 --clear-groups "$TOOL" trace

VIP6=fd00:1::100
ip -n director addr add $VIP6/128 dev lo
ip -n client -6 addr add fd00:1::10/64 dev eth0 nodad
ip -n director -6 addr add fd00:1::1/64 dev front nodad
ip -n client -6 route add $VIP6 via fd00:1::1
in_ns director "$TOOL" -R <<-END
	-A -t $VIP:80 -s rr
	-a -t $VIP:80 -r $RS1:80 -m
	-a -t $VIP:80 -r $RS2:80 -m
	-A -t $VIP:81 -s wlc -p 60
	-a -t $VIP:81 -r $RS1:80 -m
	-A -u $VIP:53 -s rr
	-A -u [$VIP6]:53 -s rr
	-A -u $VIP:54 -s rr -o
	-a -u $VIP:54 -r $RS1:54 -m
	-A -u $VIP:55 -s rr
	-a -u $VIP:55 -r $RS1:55 -m
	-A -f 7 -s rr
	-a -f 7 -r $RS2:80 -m
END
in_ns director nft -f - <<-END
	table ip marks {
		chain in { type filter hook prerouting priority mangle; tcp dport 8080 meta mark set 7; }
	}
END
# An idle UDP connection is soon over, and whose server is removed is over.
in_ns director "$TOOL" --set 0 0 1
in_ns director sysctl -qw net.ipv4.vs.expire_nodest_conn=1

# begin NAME WORDS...: traces in the director's namespace, into the file NAME. Sets TRACE.
begin() {
	local name=$1
	shift
	mkdir -p "$RUN/traces"
	(exec nsenter --net=/run/netns/director "$TOOL" trace "$@") >"$RUN/traces/$name" 2>"$RUN/traces/$name.err" &
	TRACE=$!
	at_exit "kill $TRACE"
	poll "$name traces" 20 grep -q tracing "$RUN/traces/$name"
}

# stop: as a person stops it. It ends well, and its instance is gone.
stop() {
	local status=0
	kill -TERM $TRACE
	wait $TRACE || status=$?
	expect_eq "it ends by a signal" 0 $status
	expect_eq "no instance is left" "" "$(ls $TRACING/instances)"
}

# has NAME NUMBER FILTER: the lines of NAME of which jq's FILTER is true are that many.
has() { [[ $(jq -c "select($3)" "$RUN/traces/$1" | wc -l) -eq $2 ]]; }
lines() { jq -rc "$2" "$RUN/traces/$1"; }
get() { in_ns client curl -s -m 10 -o /dev/null --local-port "$1" "http://$2/"; }
# datagrams COUNT ADDRESS PORT: from the client, from port 5000 on.
datagrams() {
	in_ns client python3 -c '
import socket, sys
count, address, port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for number in range(count):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("", 5000 + number))
        client.sendto(b"?", (address, port))' "$@"
}

heading "A connection from its beginning to its end"
begin all --json --rate 0
get 4001 $VIP:80
poll "it is closed" 20 has all 1 '.event == "state" and .to == "TIME_WAIT"'
in_ns director "$TOOL" -D -t $VIP:80
in_ns director "$TOOL" -R <<-END
	-A -t $VIP:80 -s rr
	-a -t $VIP:80 -r $RS1:80 -m
	-a -t $VIP:80 -r $RS2:80 -m
END
poll "its end comes" 20 has all 1 '.event == "conn_end" and .client.port == 4001'
NETNS=$(in_ns director readlink /proc/self/ns/net | tr -dc 0-9)
lines all 'select(.client.port == 4001) | .event' | uniq >"$RUN/order"
expect_eq "what happens, in its order" "schedule conn_new state conn_end" "$(xargs <"$RUN/order")"
expect_eq "who and where" "10.0.1.10:4001 $VIP:80 $NETNS tcp" \
	"$(lines all 'select(.client.port == 4001) | "\(.client.address):\(.client.port) \(.service.address):\(.service.port) \(.netns) \(.protocol)"' | sort -u)"
server=$(lines all 'select(.event == "schedule" and .client.port == 4001) | .server.address')
expect_match "its server is one of the service's" "^($RS1|$RS2)$" "$server"
expect_eq "one server all the time" "$server" "$(lines all 'select(.client.port == 4001) | .server.address' | sort -u)"
expect_eq "chosen by" "rr" "$(lines all 'select(.event == "schedule" and .client.port == 4001) | .by')"
expect_eq "what began" "connection nat" "$(lines all 'select(.event == "conn_new" and .client.port == 4001) | "\(.kind) \(.method)"')"
lines all 'select(.event == "state" and .client.port == 4001) | "\(.from) \(.to)"' >"$RUN/states"
expect_eq "each state follows the last one" "" \
	"$(awk 'NR > 1 && $1 != last { print "broken" } { last = $2 }' "$RUN/states")"
expect_eq "the first state" "NONE SYN_RECV" "$(head -n 1 "$RUN/states")"
expect_match "it was established" "ESTABLISHED" "$(cat "$RUN/states")"
expect_eq "how it ends" "server_gone $(tail -n 1 "$RUN/states" | cut -d' ' -f2)" \
	"$(lines all 'select(.event == "conn_end" and .client.port == 4001) | "\(.cause) \(.state)"')"

heading "Each kind of beginning and end"
get 4002 $VIP:81
get 4003 $VIP:81
poll "the template is used again" 20 has all 1 '.event == "schedule" and .client.port == 4003 and .by == "template"'
expect_eq "one template" "template" "$(lines all 'select(.event == "conn_new" and .client.port == 0) | .kind')"
datagrams 2 $VIP 54
poll "a connection of one packet begins and ends" 20 has all 2 '.event == "conn_end" and .cause == "one_packet"'
expect_eq "as often" 2 "$(lines all 'select(.event == "conn_new" and .kind == "one_packet")' | wc -l)"
datagrams 1 $VIP 55
poll "an idle one expires" 20 has all 1 '.event == "conn_end" and .service.port == 55 and .cause == "expired" and .state == "UDP"'
datagrams 3 $VIP 53
poll "packets are dropped" 20 has all 3 '.event == "drop" and .reason == "no_server" and .destination.port == 53'
expect_eq "and no server was found for them" 3 \
	"$(lines all 'select(.event == "schedule" and .service.port == 53 and (has("server") | not))' | wc -l)"
datagrams 1 $VIP6 53
poll "of IPv6, too" 20 has all 1 ".event == \"drop\" and .source.address == \"fd00:1::10\" and .destination.address == \"$VIP6\""
expect_eq "as many as are counted" "$(in_ns director awk '/^  no_server / { print $2 }' /proc/net/lvs)" \
	"$(lines all 'select(.event == "drop" and .reason == "no_server")' | wc -l)"
in_ns director "$TOOL" -D -t $VIP:81
poll "a template ends with its server" 20 has all 1 '.event == "conn_end" and .client.port == 0 and .cause == "server_gone"'
expect_eq "nothing was lost, and each line is an object" 0 "$(lines all 'select(.event == "lost" or .event == "left_out")' | wc -l)"
expect_eq "the first line" "tracing 1" "$(head -n 1 "$RUN/traces/all" | jq -r '"\(.event) \(.schema)"')"
stop

heading "Filters and namespaces"
begin one --json --client 10.0.1.10:4011 --service tcp:$VIP:80
ONE=$TRACE
begin drops --json --event drop --service udp:$VIP:53
DROPS=$TRACE
begin text --event schedule
TEXT=$TRACE
begin marked --json --service fwmark:7
MARKED=$TRACE
(exec nsenter --net=/run/netns/client "$TOOL" trace --json) >"$RUN/traces/client" &
ELSEWHERE=$!
(exec nsenter --net=/run/netns/client "$TOOL" trace --json --all-namespaces --event conn_new) >"$RUN/traces/everywhere" &
EVERYWHERE=$!
for name in client everywhere; do poll "$name traces" 20 grep -q tracing "$RUN/traces/$name"; done
get 4010 $VIP:80
get 4011 $VIP:80
get 4012 $VIP:8080
datagrams 2 $VIP 53
poll "the client's connection is there" 20 has one 1 '.event == "state" and .to == "ESTABLISHED"'
poll "so are the drops" 20 has drops 2 '.event == "drop"'
poll "other namespaces are seen if wanted" 20 has everywhere 3 '.event == "conn_new"'
expect_eq "nobody else's" "4011" "$(lines one 'select(.client) | .client.port' | sort -u)"
poll "a choice by mark, too" 20 has marked 1 '.event == "schedule" and .client.port == 4012 and .fwmark == 7'
expect_eq "and no other one" 2 "$(wc -l <"$RUN/traces/marked")"
expect_eq "only drops" "drop tracing" "$(lines drops .event | sort -u | xargs)"
expect_eq "nothing of another namespace" "tracing" "$(lines client .event)"
expect_match "a line for people" \
	"^[0-9T:.-]+Z schedule tcp 10.0.1.10:4011 -> $VIP:80 -> 10.0.2.1[12]:80: by rr$" \
	"$(grep :4011 "$RUN/traces/text")"
kill -INT $ELSEWHERE
kill -HUP $EVERYWHERE
kill $ONE $DROPS $TEXT $MARKED
wait $ONE $DROPS $TEXT $MARKED $ELSEWHERE $EVERYWHERE
expect_eq "no instance is left" "" "$(ls $TRACING/instances)"

heading "Lines a second"
begin few --json --event drop --rate 5
datagrams 60 $VIP 53
total() { [[ $(jq -s 'map(if .event == "drop" then 1 elif .event == "left_out" then .count else 0 end) | add' "$RUN/traces/few") -eq 60 ]]; }
poll "what isn't shown is counted" 20 total
expect_match "some were left out" "left_out" "$(lines few .event)"
stop

heading "A program that is killed leaves nothing for long"
begin killed
kill -KILL $TRACE
wait $TRACE 2>/dev/null || true
expect_match "its instance is left" "ipvsadm-rs-" "$(ls $TRACING/instances)"
begin next
stop

heading "trace-cmd"
cd "$RUN"
trace-cmd record -q -e lvs:schedule -e lvs:conn_new -e lvs:state -f 'to == "ESTABLISHED"' -e lvs:drop -f 'reason == "no_server"' \
	-o "$RUN/trace.dat" ip netns exec client sh -c \
	"curl -s -m 10 -o /dev/null --local-port 4020 http://$VIP/; echo | ncat -u -w 1 -p 5900 $VIP 53" >/dev/null 2>"$RUN/trace-cmd.err" ||
	fail "trace-cmd: $(cat "$RUN/trace-cmd.err")"
trace-cmd report -i "$RUN/trace.dat" 2>/dev/null >"$RUN/report"
for line in "schedule: +TCP client=10.0.1.10:4020 service=$VIP:80 server=10.0.2.1[12]:80 by=rr" \
	"conn_new: +TCP client=10.0.1.10:4020 service=$VIP:80 server=10.0.2.1[12]:80 kind=connection method=nat" \
	"state: +TCP client=10.0.1.10:4020 service=$VIP:80 server=10.0.2.1[12]:80 from=SYN_RECV to=ESTABLISHED" \
	"drop: +UDP source=10.0.1.10:5900 destination=$VIP:53 reason=no_server"; do
	grep -qE "$line" "$RUN/report" || fail "trace-cmd has no \"$line\": $(cat "$RUN/report")"
	CHECKS=$((CHECKS + 1))
done
expect_eq "the filter holds" 1 "$(grep -c ' state: ' "$RUN/report")"

heading "The module goes"
begin unloaded
unload_module lvs
status=0
wait $TRACE || status=$?
expect_eq "who traces ends with an error" "255 ipvsadm-rs: lvs was unloaded" "$status $(cat "$RUN/traces/unloaded.err")"
expect_eq "no instance is left" "" "$(ls $TRACING/instances)"
