#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "What the module does, shown with real HTTP and DNS requests: every step is checked, and
	a failed expectation ends the run with its name"

W=$VIP:80

# show COMMAND...: prints the command as a person would type it, and its output.
show() {
	printf '\n$ %s\n' "${*/#$ADMIN/$(basename "$ADMIN")}"
	in_ns director "$@" | sed 's/^/    /'
}

# run ARGUMENTS...: an administration command, shown.
run() {
	printf '$ %s %s\n' "$(basename "$ADMIN")" "$*"
	admin "$@"
}

# answered N EXPECTED ACTUAL: N requests were answered by the servers as expected.
answered() {
	expect_eq "$1 requests to http://$W" "$2" "$3"
	say "$1 requests to http://$W: $3"
}

# balanced N EXPECTED: sends N requests.
balanced() { answered "$1" "$2" "$(requests "$1" $W)"; }

# at_rest COUNT: no more connections than these are active.
at_rest() {
	local active
	active=$(admin -Ln | awk '$1 == "->" && $5 ~ /^[0-9]+$/ { sum += $5 } END { print sum + 0 }')
	((active <= $1))
}

# balanced_by_load N EXPECTED HELD: the same, where a scheduler looks at how many connections are
# active: each request begins when only the held ones are.
balanced_by_load() {
	local i
	answered "$1" "$2" "$(for ((i = 0; i < $1; i++)); do
		poll "requests before this one are over" 10 at_rest "$3"
		http 1 $W
	done | tally)"
}

heading "A client, a director and three real servers, as network namespaces"
topology
web_server rs1 rs2 rs3 director
dns_server rs1 rs2 rs3
say "client $CLIENT   director 10.0.1.1 / 10.0.2.1, virtual address $VIP"
say "rs1 $RS1   rs2 $RS2   rs3 $RS3   each with nginx and dnsmasq"

heading "1. The module balances over VS/NAT"
load_module "$LVS_MODULE"
say "$LVS_MODULE.ko is loaded into Linux $(uname -r)"
# A port that a client uses again begins a new connection, also when DR shows the director only one
# side of the old one.
in_ns director sysctl -qw net.ipv4.vs.conn_reuse_mode=3
run -A -t $W -s rr
for rs in $RS1 $RS2 $RS3; do run -a -t $W -r "$rs:80" -m; done
balanced 30 "rs1=10 rs2=10 rs3=10"
show "$ADMIN" -Ln

heading "2. Direct routing, tunneling, all methods in one service, LocalNode"
say "VS/DR: the real servers own the virtual address, without ARP, and answer the client directly"
dr_server rs1 rs2 rs3
run -C
run -A -t $W -s wlc
for rs in $RS1 $RS2 $RS3; do run -a -t $W -r "$rs" -g; done
balanced_by_load 30 "rs1=10 rs2=10 rs3=10" 0
say "VS/TUN: packets go to the real servers in ipip tunnels"
tun_server rs1 rs2 rs3
run -C
run -A -t $W -s wlc
for rs in $RS1 $RS2 $RS3; do run -a -t $W -r "$rs" -i; done
balanced_by_load 30 "rs1=10 rs2=10 rs3=10" 0
say "rs1 by NAT, rs2 by DR, rs3 by TUN, and the director itself as the fourth server"
nat_server rs1
run -C
run -A -t $W -s rr
run -a -t $W -r $RS1 -m
run -a -t $W -r $RS2 -g
run -a -t $W -r $RS3 -i
run -a -t $W -r 10.0.2.1 -g
balanced 40 "director=10 rs1=10 rs2=10 rs3=10"
show "$ADMIN" -Ln

heading "3. Weights, and where the fewest connections are"
nat_server rs1 rs2 rs3
run -C
run -A -t $W -s wrr
run -a -t $W -r $RS1 -m -w 3
run -a -t $W -r $RS2 -m -w 2
run -a -t $W -r $RS3 -m -w 1
balanced 30 "rs1=15 rs2=10 rs3=5"
run -C
run -A -t $W -s lc
for rs in $RS1 $RS2; do run -a -t $W -r "$rs" -m; done
say "slow responses are held open on one of two servers"
hold "http://$W/slow" 1
first=$HELD_BY first_pid=$HELD_PID
hold "http://$W/slow" 2
[[ $HELD_BY != "$first" ]] || fail "least-connection sent two held requests to $first"
let_go "$HELD_PID"
other=$HELD_BY
balanced_by_load 10 "$other=10" 1
say "all new requests avoided $first, which is still busy with one"
let_go "$first_pid"

heading "4. UDP: a DNS service over VS/NAT"
run -A -u $VIP:53 -s rr
for rs in $RS1 $RS2 $RS3; do run -a -u $VIP:53 -r "$rs:53" -m; done
got=$(queries 9)
expect_eq "9 DNS queries to $VIP" "rs1=3 rs2=3 rs3=3" "$got"
say "9 DNS queries to $VIP: $got"

heading "5. A real server is removed while connections run"
run -C
run -A -t $W -s rr
for rs in $RS1 $RS2 $RS3; do run -a -t $W -r "$rs" -m; done
declare -A part
pids=()
for i in 1 2 3; do
	hold "http://$W/slow" $i
	part[$HELD_BY]=$RUN/held.$i
	pids+=("$HELD_PID")
done
expect_eq "servers with a running download" 3 ${#part[@]}
say "three slow downloads are running, one from each server"
show "$ADMIN" -Lnc | grep -Ev ' (TIME|FIN)_WAIT '
run -d -t $W -r $RS2
balanced 20 "rs1=10 rs3=10"
size_of() { stat -c %s "${part[$1]}"; }
grown() { (($(size_of "$1") >= $2 + 40000)); }
declare -A was
# The first time what had arrived from rs2 before its removal is still being written.
for _ in before after; do
	for rs in rs1 rs2 rs3; do was[$rs]=$(size_of $rs); done
	for rs in rs1 rs3; do poll "the download from $rs goes on" 30 grown $rs "${was[$rs]}"; done
done
for rs in rs1 rs3; do say "the download from $rs goes on: from ${was[$rs]} to $(size_of $rs) bytes"; done
expect_eq "bytes from rs2, which was removed" "${was[rs2]}" "$(size_of rs2)"
say "the one from rs2, which was removed, stands still at ${was[rs2]}"
let_go "${pids[@]}"
for i in 1 2; do
	expect_eq "sha256 of download $i" "$(big_sum)" \
		"$(in_ns client curl -s --max-time 30 "http://$W/big" | sha256sum)"
done
say "1 MB from each of the two others: sha256 is right"

heading "What the director shows"
show "$ADMIN" -Ln
show "$ADMIN" -Ln --stats
show "$ADMIN" -Lnc | sed -n 1,12p
if [[ $LVS_MODULE == lvs ]]; then
	show cat /proc/net/lvs
	expect_match "/proc/net/lvs" "$RS1:80" "$(in_ns director cat /proc/net/lvs)"
fi

heading "The module is unloaded"
run -C
remove_topology
unload_module "$LVS_MODULE"
say "rmmod $LVS_MODULE: done"
expect_clean_log
say "no warning in the kernel log"
