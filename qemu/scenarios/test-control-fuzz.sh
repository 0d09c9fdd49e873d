#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Calls that configure the balancer, by a grammar: the same errors as under ip_vs and the same rules after them; without
# privilege each socket option is refused; and many callers at once in several namespaces leave nothing behind.
#
# FUZZ_CALLS  how many each caller makes (default 3,000)
# FUZZ_SEED   the same seed makes the same calls (default 1)
. "$(dirname "$0")/lib/common.sh"
. "$LIB/topology.sh"
. "$LIB/services.sh"
. "$LIB/differential.sh"

: "${FUZZ_CALLS:=3000}" "${FUZZ_SEED:=1}"
export PYTHONPATH=$LIB

heading "Socket options without privilege"
unprivileged() {
	in_ns director ipvsadm -A -t $VIP:80 -s rr
	in_ns director ipvsadm -a -t $VIP:80 -r $RS1 -m
	in_ns director setpriv --reuid 1000 --regid 1000 --clear-groups python3 "$LIB/control_fuzz.py" options >"$RUN/user"
	in_ns director unshare --user --map-root-user python3 "$LIB/control_fuzz.py" options >"$RUN/userns"
	echo "an ordinary user" && cat "$RUN/user"
	echo "root of a user namespace, in the director's network" && cat "$RUN/userns"
	echo "root of a user namespace, in its own network"
	unshare --user --map-root-user --net python3 "$LIB/control_fuzz.py" options
	in_ns director ipvsadm -Sn
}
differential unprivileged
# Not only as ip_vs does: none of the options in use got through.
for who in user userns; do
	expect_eq "options that $who may use" "" "$(grep -E '^(set 11(5[3-9]|6[0-7])|get 115[2-9]) ' "$RUN/$who" | grep -v EPERM || true)"
done

heading "The same calls"
same_calls() {
	in_ns director python3 "$LIB/control_fuzz.py" calls "$FUZZ_SEED" "$FUZZ_CALLS"
	in_ns director ipvsadm -Sn | sort
}
differential same_calls

heading "Many callers"
load_module "$LVS_MODULE"
topology
callers=()
for i in 1 2 3; do
	for ns in director rs1; do
		in_ns $ns python3 "$LIB/control_fuzz.py" silent $((FUZZ_SEED + i)) "$FUZZ_CALLS" &
		callers+=($!)
	done
	setpriv --reuid 1000 --regid 1000 --clear-groups python3 "$LIB/control_fuzz.py" options >/dev/null &
	callers+=($!)
done
for i in $(seq 20); do in_ns director cat /proc/net/ip_vs /proc/net/ip_vs_stats >/dev/null; done
for caller in "${callers[@]}"; do wait "$caller" || fail "a caller failed"; done
in_ns director ipvsadm -C
in_ns director ipvsadm -A -t $VIP:80 -s rr
expect_eq "rules after it" "-A -t $VIP:80 -s rr" "$(in_ns director ipvsadm -Sn)"
remove_topology
unload_module "$LVS_MODULE"
expect_clean_log
pass
