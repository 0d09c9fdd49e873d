#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# FUZZ_DATAGRAMS  how many are taken in (default 60,000)
# FUZZ_SEED       the same seed makes the same datagrams (default 1)
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Malformed datagrams of synchronisation, half of them real ones that were changed: the kernel has
	nothing to report, memory is bounded, and a director that hears them is filled and told as before"

. "$HERE/second.sh"
. "$HERE/join.sh"
: "${FUZZ_DATAGRAMS:=60000}" "${FUZZ_SEED:=1}"
FUZZER=$RUN/datagrams
COUNT=200
ROUND=20000
compile "$FUZZER" "$HERE/../../tests/fuzz/datagrams.c" -O2

received() { field director2 .counters.received; }

second_director
load_module "$LVS_MODULE"
for ns in director director2; do
	in_ns $ns ipvsadm -R <<-END
		$RULES
		-A -u $VIP:53 -s rr
		-a -u $VIP:53 -r $RS1:53 -m
		-A -t $VIP:83 -s rr -p 300
		-a -t $VIP:83 -r $RS1:83 -m
		-A -f 9 -s rr -p 300
		-a -f 9 -r $RS1:0 -g
		-A -u $VIP:5060 -s rr -p 60 --pe sip
		-a -u $VIP:5060 -r $RS1:5060 -m
		-A -t $VIP:21 -s rr
		-a -t $VIP:21 -r $RS1:21 -m
	END
	in_ns $ns sysctl -qw net.ipv4.vs.conn_max=5000
	printf 'a key of two directors' | sync $ns key add 1
done

heading "Real ones are recorded"
python3 "$HERE/forge.py" record "$RUN/recorded" 8 >"$RUN/record" &
recorder=$!
poll "somebody listens" 10 grep -q listening "$RUN/record"
daemon director backup
in_ns client python3 "$HERE/told.py" $COUNT
daemon director master
daemon director2 backup
sync director2 wait --timeout 30s
expect_eq "connections" $COUNT "$(conns director2)"
wait $recorder
say "$(tail -n 1 "$RUN/record")"

for takes in any signed; do
	heading "Who takes $takes"
	sync director2 receive $takes
	end=$(($(received) + FUZZ_DATAGRAMS / 2)) round=0
	while (($(received) < end)); do
		round=$((round + 1))
		in_ns client "$FUZZER" $ROUND $((FUZZ_SEED * 100000 + round)) "$RUN/recorded" 10.0.1.10
	done
	say "$round rounds; connections: $(conns director2)"
	(($(conns director2) <= 5000)) || fail "more connections than are allowed"
done
in_ns director2 sed -n '/^Sync received/,$p' /proc/net/lvs

heading "All is as before"
for ns in director director2; do
	in_ns $ns sysctl -qw net.ipv4.vs.conn_max=100000
	stop $ns backup
done
start=$SECONDS
forgets() { ((SECONDS > start + 6)); }
poll "both forget" 10 forgets
stop director master
daemon director master
daemon director2 backup
sync director2 wait --timeout 60s
background rs1 python3 "$HERE/echo.py" tcp/8080
poll "the server listens" 10 listens rs1 8080
clients held/$VIP/80/30000/50
told() { (($(entries director2 | grep -c '^TCP 0A00010A 75') == 50)); }
poll "it is told" 20 told
clients_go
remove_second_director
