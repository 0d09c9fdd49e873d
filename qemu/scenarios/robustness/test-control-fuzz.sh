#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
# FUZZ_CALLS  how many each caller makes (default 3,000)
# FUZZ_SEED   the same seed makes the same calls (default 1)
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Calls that configure the balancer, by a grammar: the same errors as under ip_vs and the
	same rules after them; without privilege each socket option, command and setting is
	refused; and many callers at once in several namespaces, of transactions and drains too,
	beside who lists and who is told of it, leave nothing behind"

: "${FUZZ_CALLS:=3000}" "${FUZZ_SEED:=1}"

heading "Without privilege"
# as_USER WHAT...: an ordinary user, or root of one's user namespace, which does not own the
# network namespace.
ORDINARY=(setpriv --reuid 1000 --regid 1000 --clear-groups)
as_user() { in_ns director "${ORDINARY[@]}" python3 "$HERE/control_fuzz.py" "$@"; }
as_userns() { in_ns director "${ORDINARY[@]}" unshare --user --map-root-user python3 "$HERE/control_fuzz.py" "$@"; }
unprivileged() {
	local who
	in_ns director ipvsadm -A -t $VIP:80 -s rr
	in_ns director ipvsadm -a -t $VIP:80 -r $RS1 -m
	for who in user userns; do
		{
			"as_$who" options
			"as_$who" commands all
			"as_$who" settings
		} >"$RUN/$who"
		echo "as $who" && cat "$RUN/$who"
	done
	echo "root of a user namespace, in its own network"
	# shellcheck disable=SC2016
	unshare --user --map-root-user --net bash -c \
		'for what in options commands settings; do python3 "$0/control_fuzz.py" $what; done' "$HERE" | tee "$RUN/owner"
	in_ns director ipvsadm -Sn
}
differential unprivileged
# Not only as ip_vs does: no option or command in use got through, nor a setting.
for who in user userns; do
	expect_eq "options that $who may use" "" "$(grep -E '^(set 11(5[3-9]|6[0-7])|get 115[2-9]) ' "$RUN/$who" | grep -v EPERM || true)"
	# ENOTSUP: SET_INFO does not exist, and a command is asked as a dump that is none, or only
	# that way.
	expect_eq "commands that $who may use" "" "$(grep -E '^command ([1-9]|1[0-7]) ' "$RUN/$who" | grep -vE '(EPERM|ENOTSUP), 0 replies' || true)"
	expect_eq "commands that are refused to $who" "1 2 3 4 5 6 7 8 9 10 11 12 13 15 16 17 " \
		"$(sed -n 's/^command \([0-9]*\) .*: EPERM, .*/\1/p' "$RUN/$who" | uniq | tr '\n' ' ')"
	expect_eq "settings that $who may change" "" "$(grep -E '^setting .*: ok' "$RUN/$who" || true)"
done
# While who owns the network namespace may use the options; netlink asks for more, as that of ip_vs.
expect_match "the owner's options" "set 1157 \(0 bytes\): ok" "$(cat "$RUN/owner")"

heading "The same calls"
same_calls() {
	in_ns director python3 "$HERE/control_fuzz.py" calls "$FUZZ_SEED" "$FUZZ_CALLS"
	in_ns director ipvsadm -Sn | sort
}
differential same_calls

heading "Many callers"
load_module "$LVS_MODULE"
topology
callers=()
# One that hears all of it, and one that never reads.
if [[ $LVS_MODULE == lvs ]]; then
	background director "$ADMIN" monitor >"$RUN/told"
	background director sh -c "$ADMIN monitor | sleep 1000"
	poll "somebody listens" 10 grep -q listening "$RUN/told"
fi
for i in 1 2 3; do
	for ns in director rs1; do
		in_ns $ns python3 "$HERE/control_fuzz.py" silent $((FUZZ_SEED + i)) "$FUZZ_CALLS" &
		callers+=($!)
	done
	as_user options >/dev/null &
	callers+=($!)
done
for i in $(seq 20); do
	in_ns director cat /proc/net/ip_vs /proc/net/ip_vs_stats >/dev/null
	in_ns director ipvsadm -Ln >/dev/null
	admin -Ln >/dev/null
done
for caller in "${callers[@]}"; do wait "$caller" || fail "a caller failed"; done
in_ns director ipvsadm -C
in_ns director ipvsadm -A -t $VIP:80 -s rr
expect_eq "rules after it" "-A -t $VIP:80 -s rr" "$(in_ns director ipvsadm -Sn)"
if [[ $LVS_MODULE == lvs ]]; then
	is_told() { [[ $(tail -n 1 "$RUN/told") == *" service-added -t $VIP:80 -s rr"* ]]; }
	poll "who listened is told of the last change" 10 is_told
fi
