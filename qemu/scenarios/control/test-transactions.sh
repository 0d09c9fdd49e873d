#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "A transaction changes any number of services and servers in one step, or nothing: what is
	wrong is told, what others changed meanwhile isn't lost, and whoever goes in the middle of
	one leaves nothing behind"

topology
load_module lvs
cases() { in_ns director python3 "$HERE/transactions.py" "$@"; }

heading "What it changes"
cases changes
heading "What it refuses"
cases refusals
heading "Those that never end"
cases unfinished

heading "Many at once"
workers=()
for i in 1 2 3; do
	cases concurrent $i 10 2>"$RUN/said.$i" &
	workers+=($!)
done
cases look "$RUN/stop" 2>"$RUN/looked" &
looker=$!
for worker in "${workers[@]}"; do wait "$worker" || fail "$(cat "$RUN"/said.*)"; done
touch "$RUN/stop"
wait $looker || fail "$(<"$RUN/looked")"
say "$(cat "$RUN"/said.* "$RUN/looked" | paste -sd,)"
admin -C

heading "The tool"
saved() { in_ns director ipvsadm -Sn; }
generation() { cases generation; }
# By its name it takes the place of all there is.
ln -s /lvs/ipvsadm-rs "$RUN/ipvsadm-restore"
cat >"$RUN/good" <<-END
	-A -t $VIP:80 -s rr
	-a -t $VIP:80 -r $RS1:80 -m -w 1
	-a -t $VIP:80 -r $RS2:80 -m -w 1
	-A -f 9 -s wlc
END
sed "s/$RS2/224.0.0.1/" "$RUN/good" >"$RUN/bad"
sed "s/-w 1/-w 7/" "$RUN/good" >"$RUN/heavier"
{ cat "$RUN/good" && echo "-a -f 10 -r $RS3 -m" && echo "-A -f 11 -s rr"; } >"$RUN/partly"

before=$(generation)
in_ns director /lvs/ipvsadm-rs -R <"$RUN/good"
expect_eq "a file that is restored" "$(sort "$RUN/good")" "$(saved | sort)"
expect_eq "changes that this took" $((before + 1)) "$(generation)"
in_ns director /lvs/ipvsadm-rs -C
status=0
in_ns director /lvs/ipvsadm-rs -R <"$RUN/partly" 2>"$RUN/said" || status=$?
expect_eq "a file with a line that is wrong: status, which is the last line's" 0 $status
expect_match "what was said" "Service not defined" "$(<"$RUN/said")"
expect_eq "all other lines" "$(grep -v -- '-f 10' "$RUN/partly" | sort)" "$(saved | sort)"
in_ns director "$RUN/ipvsadm-restore" <"$RUN/heavier"
expect_eq "a file by ipvsadm-restore" "$(sort "$RUN/heavier")" "$(saved | sort)"
before=$(generation)
for option in --dry-run ""; do
	status=0
	# shellcheck disable=SC2086
	in_ns director /lvs/ipvsadm-rs apply $option "$RUN/bad" >"$RUN/difference" 2>"$RUN/said" || status=$?
	expect_eq "apply $option of what is refused" 255 $status
	expect_match "what is said" "-a -t $VIP:80 -r 224.0.0.1:80 .*: Invalid operation.*nothing was changed" "$(paste -sd" " "$RUN/said")"
	expect_eq "rules after it" "$(sort "$RUN/heavier")" "$(saved | sort)"
done
status=0
in_ns director /lvs/ipvsadm-rs apply --dry-run "$RUN/good" >"$RUN/difference" || status=$?
expect_eq "apply --dry-run" 1 $status
expect_eq "nothing has changed" "$before" "$(generation)"
in_ns director /lvs/ipvsadm-rs apply "$RUN/good" >"$RUN/made"
expect_eq "the difference" "$(<"$RUN/difference")" "$(<"$RUN/made")"
expect_eq "rules" "$(sort "$RUN/good")" "$(saved | sort)"
expect_eq "changes that this took" $((before + 1)) "$(generation)"
in_ns director /lvs/ipvsadm-rs apply --dry-run "$RUN/good"
admin -C
