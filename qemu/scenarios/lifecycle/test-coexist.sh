#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "lvs and ip_vs exclude each other: the second to load is refused with one clear line in
	the log, and the first goes on undisturbed"

[[ $LVS_MODULE == lvs ]] || { say "nothing to do for $LVS_MODULE"; exit 0; }
topology
web_server rs1 rs2 rs3

service() {
	in_ns director ipvsadm -A -t $VIP:80 -s rr
	for rs in $RS1 $RS2 $RS3; do in_ns director ipvsadm -a -t $VIP:80 -r "$rs" -m; done
}
log_lines() { kernel_log | wc -l; }

# refused SECOND FIRST LOAD-COMMAND...
refused() {
	local second=$1 first=$2 before rules files
	shift 2
	service
	expect_eq "requests by $first alone" "rs1=10 rs2=10 rs3=10" "$(requests 30)"
	hold "http://$VIP/long" 1
	rules=$(in_ns director ipvsadm -Sn)
	files=$(in_ns director sh -c 'cd /proc/net; ls -d ip_vs*; ls /proc/sys/net/ipv4/vs')
	before=$(log_lines)
	expect_fails "loading $second beside $first" "$@"
	say "$second beside $first: $(cat "$RUN/expected-failure")"
	kernel_log | sed "1,${before}d" | grep -vE 'entered [a-z]+ (mode|state)|taints kernel' >"$RUN/said" || true
	sed 's/^/    log: /' "$RUN/said"
	if loaded "$second"; then fail "$second is loaded beside $first"; fi
	expect_eq "rules of $first" "$rules" "$(in_ns director ipvsadm -Sn)"
	expect_eq "files of $first" "$files" "$(in_ns director sh -c 'cd /proc/net; ls -d ip_vs*; ls /proc/sys/net/ipv4/vs')"
	expect_eq "requests by $first after that" "rs1=10 rs2=10 rs3=10" "$(requests 30)"
	wait "$HELD_PID" || fail "a download through $first broke off"
	expect_eq "the download through $first" "$(big_sum)" "$(sha256sum <"$RUN/held.1")"
	in_ns director ipvsadm -C
}

heading "lvs beside ip_vs"
load_module ip_vs
refused lvs ip_vs insmod "$LVS_KO"
expect_eq "lines that lvs logged" 1 "$(grep -c '\blvs: ' "$RUN/said")"
expect_eq "lines logged at all" 1 "$(wc -l <"$RUN/said")"
expect_match "what it says" 'ip_vs' "$(cat "$RUN/said")"
unload_module ip_vs

heading "ip_vs beside lvs"
load_module lvs
refused ip_vs lvs modprobe ip_vs
unload_module lvs

heading "Each alone again"
for module in ip_vs lvs; do
	load_module $module
	service
	expect_eq "requests by $module" "rs1=10 rs2=10 rs3=10" "$(requests 30)"
	in_ns director ipvsadm -C
	unload_module $module
done
