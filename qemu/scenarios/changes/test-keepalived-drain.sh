#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "keepalived beside a drain: its reload and its own weights end no drain, its restart does,
	since that makes new servers; beside transactions and lists its rules are what it wants;
	and no connection is lost"

if [[ $LVS_MODULE != lvs ]]; then
	say "ip_vs drains nothing"
	exit 0
fi
with_topology rs1 rs2
export OURS=${OURS:-/lvs/ipvsadm-rs}

# configuration WEIGHT-OF-RS1: each is asked at another port than its clients come to.
configuration() {
	cat >"$RUN/keepalived.conf" <<-END
		virtual_server $VIP 80 {
			delay_loop 0.5
			retry 0
			lvs_sched rr
			lvs_method NAT
			protocol TCP
			real_server $RS1 80 {
				weight $1
				inhibit_on_failure
				TCP_CHECK {
					connect_port 8080
					connect_timeout 1
				}
			}
			real_server $RS2 80 {
				weight 1
				TCP_CHECK {
					connect_port 8080
					connect_timeout 1
				}
			}
		}
	END
}
start_keepalived() {
	background director keepalived --check --dont-fork --log-console -f "$RUN/keepalived.conf" \
		-p "$RUN/keepalived.pid" -c "$RUN/checkers.pid" >>"$RUN/keepalived.log" 2>&1
}
ours() { in_ns director "$OURS" "$@"; }
rs1() { ours -L --json | jq -c ".services[] | select(.port == 80) | .servers[] | select(.address == \"$RS1\") | $1"; }
rs1_is() { [[ $(rs1 "$1" 2>/dev/null) == "$2" ]]; }
rules() { in_ns director ipvsadm -Sn | sort; }
rules_are() { [[ $(rules) == "$1" ]]; }
SERVICE="-A -t $VIP:80 -s rr"
servers() {
	printf '%s\n' "$SERVICE" "-a -t $VIP:80 -r $RS1:80 -m -w $1" "-a -t $VIP:80 -r $RS2:80 -m -w 1"
}
NAMES=(-t "$VIP:80" -r "$RS1:80")

configuration 1
start_keepalived
poll "keepalived made its rules" 15 rules_are "$(servers 1)"
# By turns: two of these are rs1's, and last for a minute.
downloads=()
for i in 1 2 3 4; do
	in_ns client curl -s --max-time 300 -o "$RUN/download$i" "http://$VIP/slow" &
	downloads+=($!)
done
has_two() { [[ $(rs1 .active_connections) == 2 ]]; }
poll "two clients are served by rs1" 10 has_two

heading "A drain, and keepalived's reload and checks"
ours drain "${NAMES[@]}" --for 10m
configuration 4
kill -HUP $BACKGROUND_PID
poll "the weight of a reload is what the server will have" 15 rs1_is .drain.weight 4
expect_eq "it goes on being drained" '"draining"' "$(rs1 .state)"
expect_eq "new clients go elsewhere" "rs2=6" "$(requests 6)"
in_ns rs1 nft -f - <<-END
	table ip check {
		chain incoming {
			type filter hook input priority 0
			tcp dport 8080 reject with tcp reset
		}
	}
END
poll "a check that fails inhibits it" 15 rs1_is .drain.weight 0
expect_eq "which ends no drain" '"draining"' "$(rs1 .state)"
in_ns rs1 nft delete table ip check
poll "one that succeeds gives it its weight" 15 rs1_is .drain.weight 4
expect_eq "which ends none either" '"draining"' "$(rs1 .state)"
expect_eq "new clients go elsewhere" "rs2=6" "$(requests 6)"
ours undrain "${NAMES[@]}"
expect_eq "it returns with the last weight" "4" "$(rs1 .weight)"
expect_eq "and with clients" "rs1=3 rs2=3" "$(requests 6)"

heading "keepalived's restart"
ours drain "${NAMES[@]}" --for 10m
kill $BACKGROUND_PID
poll "it takes its rules away" 15 rules_are ""
start_keepalived
poll "and makes them again" 15 rules_are "$(servers 4)"
expect_eq "a server that is made anew isn't drained" '"active"' "$(rs1 .state)"

heading "Transactions and lists beside it"
ours drain "${NAMES[@]}" --for 10m
in_ns director python3 "$HERE/beside.py" 40 >"$RUN/refused" &
beside=$!
for weight in 2 3 5 2 3 7; do
	configuration $weight
	kill -HUP $BACKGROUND_PID
	poll "a reload beside them" 15 rs1_is .drain.weight $weight
done
wait $beside
expect_eq "no transaction is refused" 0 "$(<"$RUN/refused")"
expect_eq "the drain goes on" '"draining"' "$(rs1 .state)"
ours undrain "${NAMES[@]}"
expect_eq "the rules are keepalived's" "$(servers 7)" "$(rules)"

heading "The connections that were there all the time"
for pid in "${downloads[@]}"; do wait "$pid"; done
for i in 1 2 3 4; do
	expect_eq "download $i is whole" "$(md5sum <"$RUN/www/big")" "$(md5sum <"$RUN/download$i")"
done
kill $BACKGROUND_PID
poll "keepalived ended" 15 rules_are ""
