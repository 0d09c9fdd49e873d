#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Of 100,000 new connections every server gets the share that its weight says, within 1 %,
	with all schedulers that follow weights: among 5 servers of very different weights, and
	among 100"

PICKS=100000
with_topology
pktgen_servers
in_ns director nft -f - <<-END
	table netdev syn {
		chain in {
			type filter hook ingress device front priority 0;
			# A SYN is what makes a connection an active one; pktgen knows UDP only.
			udp dport >= 1000 @th,96,16 set 0x5002 ip protocol set 6
		}
	}
END
echo 100 >"$RUN/port"

# shares PROTOCOL SCHEDULER [FLAGS] -- WEIGHT...: prints "weight connections" of each server.
shares() {
	local protocol=$1 options=("-s" "$2") number=10 weight
	shift 2
	[[ $1 == -- ]] || { options+=(-b "$1") && shift; }
	shift
	# A port that has no connections yet; this runs in a subshell.
	port=$(($(cat "$RUN/port") + 1))
	echo $port >"$RUN/port"
	[[ $protocol == -u ]] || port=$((port + 1000))
	{
		echo "-A $protocol $VIP:$port ${options[*]}"
		for weight; do
			number=$((number + 1))
			echo "-a $protocol $VIP:$port -r 10.9.0.$number -m -w $weight"
		done
	} >"$RUN/rules"
	in_ns director "$ADMIN" -R <"$RUN/rules"
	pktgen_flows $PICKS $port >"$RUN/pktgen"
	expect_match "packets of pktgen" "OK: .* $PICKS " "$(cat "$RUN/pktgen")"
	admin -Ln "$protocol" $VIP:$port --stats --exact | awk -v rules="$RUN/rules" '
		BEGIN { while ((getline line <rules) > 0) { n = split(line, word, " "); if (word[1] == "-a") weight[word[5]] = word[n] } }
		$1 == "->" && $2 ~ /^[0-9]/ { split($2, name, ":"); print weight[name[1]], $3 }'
}

# follow TITLE BOUND SHARES...: each is off by no more than the bound, in percent of the share
# ("%") or of all ("of all").
follow() {
	local title=$1 bound=$2 found
	found=$(awk -v picks=$PICKS -v bound="$bound" '
		{ weight[NR] = $1; got[NR] = $2; all += $1; sum += $2 }
		END {
			for (n = 1; n <= NR; n++) {
				share = picks * weight[n] / all
				off = got[n] > share ? got[n] - share : share - got[n]
				limit = bound == "%" ? share / 100 : picks / 100
				if (off > (limit > 1 ? limit : 1)) printf "weight %d has %d, not %d; ", weight[n], got[n], share
				worst = off / share > worst ? off / share : worst
			}
			printf "%d connections", sum
			printf ", off by at most %.3f %%\n", worst * 100 >"/dev/stderr"
		}' <<<"$3" 2>"$RUN/worst")
	expect_eq "$title" "$PICKS connections" "$found"
	say "$title: $(cut -d, -f2- "$RUN/worst" | sed 's/^ //')"
}

few=(1 2 3 10 16)
many=()
for number in {0..99}; do many+=($((number * 7 % 10 + 1))); done
equal=(5 5 5 5 5)

heading "Round robin"
follow "rr, 5 servers" % "$(shares -u rr -- "${equal[@]}")"
follow "wrr, 5 servers" % "$(shares -u wrr -- "${few[@]}")"
follow "wrr, 100 servers" % "$(shares -u wrr -- "${many[@]}")"

heading "By connections, all of them inactive"
follow "lc, 5 servers" % "$(shares -u lc -- "${equal[@]}")"
follow "wlc, 5 servers" % "$(shares -u wlc -- "${few[@]}")"
follow "wlc, 100 servers" % "$(shares -u wlc -- "${many[@]}")"

heading "By connections, all of them active"
for scheduler in wlc sed nq; do
	follow "$scheduler, 5 servers" % "$(shares -t $scheduler -- "${few[@]}")"
	follow "$scheduler, 100 servers" % "$(shares -t $scheduler -- "${many[@]}")"
done

heading "By a hash of the client"
follow "mh, 5 servers" "of all" "$(shares -u mh mh-port -- "${few[@]}")"
follow "sh, 5 servers" "of all" "$(shares -u sh sh-port -- "${few[@]}")"

admin -C
