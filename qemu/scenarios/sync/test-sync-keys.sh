#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Directors that sign: what isn't signed, wrongly signed, changed, repeated or recorded makes
	nothing and is counted by its reason, over reboots of either side, too; a rollout and a change of
	keys while connections are told"

. "$HERE/second.sh"
. "$HERE/join.sh"
export ADMIN
COUNT=300
SECRET=correct-horse-battery-staple

key() { sync "$1" key "${@:2}"; }
add() { printf %s "$3" | key "$1" add "$2"; }
# New connections of the client are told to the second director.
told() { (($(in_ns director2 grep -c "^TCP 0A00010A $1" /proc/net/ip_vs_conn) == $2)); }
signed() { is director2 '[.peers[] | select(.silent_seconds < 3 and .signed)] | length > 0' true; }

second_director
load_module "$LVS_MODULE"
for ns in director director2; do in_ns $ns ipvsadm -R <<<"$RULES"; done
background rs1 python3 "$HERE/echo.py" tcp/8080
poll "the server listens" 10 listens rs1 8080

heading "Keys"
expect_fails "too short" add director 1 0123456789abcde
add director 1 $SECRET
expect_fails "the same id" add director 1 $SECRET
add director 2 another-horse-battery
expect_fails "a third one" add director 3 yet-another-horse-battery
expect_fails "one that isn't there" key director use 3
key director use 2
expect_eq "it signs" 2 "$(field director .signing_key)"
key director remove 2
expect_eq "the other one signs" 1 "$(field director .signing_key)"
expect_fails "it is gone" key director remove 2
expect_no_match "the secret isn't shown" horse "$(sync director status --json; sync director status; kernel_log)"

heading "A rollout: signing first, then taking nothing else"
daemon director backup
sync director wait --timeout 20s
in_ns client python3 "$HERE/told.py" $COUNT
poll "the first one has them" 10 has_conns director $COUNT
stop director backup
daemon director master
add director2 1 $SECRET
daemon director2 backup
sync director2 wait --timeout 30s
expect_eq "connections" $COUNT "$(conns director2)"
poll "it is signed" 10 signed
sync director2 receive signed
sync director receive signed
expect_eq "it says so" signed "$(field director2 .receives)"
python3 "$HERE/forge.py" record "$RUN/recorded" 5 >"$RUN/record" &
recorder=$!
poll "somebody listens" 10 grep -q listening "$RUN/record"
clients held/$VIP/80/30000/60
poll "new ones are told" 10 has_conns director2 $((COUNT + 60))
wait $recorder
clients_go

heading "Who has no key"
python3 "$HERE/forge.py" attack "$RUN/recorded" $SECRET
expect_eq "it is in sync still" true "$(field director2 .in_sync)"

heading "The receiver is booted anew, and hears an old recording"
forget director2
stopped=$SECONDS
forgets() { ((SECONDS - stopped > 5)); }
poll "what it knew is gone" 10 forgets
ip -n director link set front down
daemon director2 backup
python3 "$HERE/forge.py" replay "$RUN/recorded"
poll "it is heard" 10 is director2 '.counters.unproven > 0' true
expect_eq "connections made by a recording" 0 "$(conns director2)"
ip -n director link set front up
sync director2 wait --timeout 60s
poll "all are there" 20 alike

heading "The sender is booted anew, and its old self is played"
stop director master
stopped=$SECONDS
poll "it forgets" 10 forgets
daemon director master
poll "the new one is believed" 20 signed
clients held/$VIP/80/31000/20
poll "it is heard" 10 told 79 20
before=$(entries director2)
REFUSALS='.counters | .unproven + .duplicate + .late'
refusals=$(field director2 "$REFUSALS")
python3 "$HERE/forge.py" replay "$RUN/recorded"
refused() { (($(field director2 "$REFUSALS") >= refusals + 10)); }
poll "the recording is refused" 20 refused
expect_eq "connections" "$before" "$(entries director2)"
clients_go

heading "A change of keys while connections are told"
for ns in director director2; do add $ns 7 another-horse-battery; done
number=0
for change in "director use 7" "director2 use 7" "director remove 1" "director2 remove 1"; do
	number=$((number + 1))
	# shellcheck disable=SC2086 # words
	key $change
	clients held/$VIP/80/3${number}500/20
	poll "$change" 20 alike
	clients_go
done
expect_eq "unknown keys" 0 "$(field director2 '.counters.unknown_key - 20')"

heading "The wrong key"
key director remove 7
add director 7 this-is-another-secret
before=$(field director2 .counters.wrong_signature)
clients held/$VIP/80/38000/20
poll "it isn't believed" 10 is director2 ".counters.wrong_signature > $before" true
poll "nothing is made" 5 told 94 0
clients_go
remove_second_director
