#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The schedulers that hash addresses (sh, mh, dh) give each of a long sequence of
	connections to the server that ip_vs gives it to, with all their flags and 1 to 100
	servers, while connections are held and ended and rules change. And a server that mh has
	to spare is drained, and one that leaves or returns moves few clients"

choices() { python3 "$HERE/schedulers.py" choices 1,2,10,100 sh mh dh; }
full() { python3 "$HERE/schedulers.py" full "$RUN/one-more"; }
moves() { python3 "$HERE/schedulers.py" moves; }
drain() { python3 "$HERE/schedulers.py" drain "$RUN/refused"; }

differential choices
differential full
expect_match "mh with too many servers was refused" "-E -f 251 -s mh -> Invalid operation" "$(cat "$RUN/trace.2")"
expect_match "the service kept its scheduler" "FWM  251 rr" "$(cat "$RUN/trace.2")"
[[ $LVS_MODULE == ip_vs ]] || expect_eq "one server more" refused "$(cat "$RUN/one-more")"
differential drain
expect_match "clients had the drained server" "drained: [1-9]" "$(cat "$RUN/trace.2")"
refused=$(tail -n 3 "$RUN/refused")
say "clients of a server of weight 0 that were refused, by flag:" "${refused//$'\n'/; }"
expect_match "refused under ip_vs's exact flags" $'\nflag-3 [1-9]' $'\n'"$refused"
expect_match "served under the fallback flag" $'\nmh-fallback 0' $'\n'"$refused"
[[ $LVS_MODULE == ip_vs ]] || expect_match "served without a flag" "^none 0" "$refused"

differential moves
say "$(paste -sd';' "$RUN/trace.2")"
expect_eq "numbers of servers of which mh moved more than 1/N + 2 %" "" \
	"$(awk '$6 > 100 / $2 + 2 || $7 > 100 / $2 + 2 || $6 < 1 || $8 > 4 { print $2 }' "$RUN/trace.2")"

# What ip_vs doesn't have.
if [[ $LVS_MODULE == lvs ]]; then
	load_module lvs
	topology
	agreed=$(python3 "$HERE/schedulers.py" agree)
	say "clients that go elsewhere after another order of servers, by flag: $(tail -n 2 <<<"$agreed" | paste -sd';')"
	expect_match "the order matters in ip_vs's table" $'\nnone [1-9]' "$agreed"
	expect_match "it doesn't if directors are to agree" $'\nmh-agree 0$' "$agreed"
	expect_eq "the rules with the flag" "-A -f 252 -s mh -b mh-agree" "$(head -n 1 <<<"$agreed")"
fi
