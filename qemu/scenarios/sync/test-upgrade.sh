#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "lvs-upgrade replaces the module under traffic: NAT, DR, TUN, IPv6, marks, UDP, FTP, downloads
	and persistent clients; every byte is right and nobody is reset, counters, picks, templates, drains
	and timers go on; files that are no state change nothing"

. "$HERE/clients.sh"
. "$HERE/upgrades.sh"

state() { in_ns director /lvs/ipvsadm-rs "$@"; }

dual_stack
tun_server rs2 rs3
# They are servers behind NAT, too: what they send from their own addresses goes by the director.
for ns in rs2 rs3; do
	ip -n $ns route del 10.0.1.0/24 dev eth0
	ip -n $ns route add 10.0.1.0/24 dev eth0 table 100
	ip -n $ns rule add from $VIP table 100
done
web_server rs1 rs2 rs3
ftp_server rs1
head -c 20000000 /dev/urandom >"$RUN/www/huge"
export HUGE=$RUN/www/huge BIG=$RUN/ftp/big
background rs1 python3 "$HERE/echo.py" tcp/7000 udp/53
background rs2 python3 "$HERE/echo.py" tcp/81 tcp/7000
background rs3 python3 "$HERE/echo.py" tcp/82 tcp/7000
load_module lvs
in_ns director nft "add table ip marks; add chain ip marks in { type filter hook prerouting priority mangle; };
	add rule ip marks in ip daddr $VIP tcp dport 84 meta mark set 9"
# Who is reset hears of it.
in_ns client nft "add table inet seen; add counter inet seen resets;
	add chain inet seen in { type filter hook input priority 0; };
	add rule inet seen in tcp flags rst counter name resets"
resets() { in_ns client nft list counter inet seen resets | awk '/packets/ { print $2 }'; }
admin -R <<-RULES
	-A -t $VIP:80 -s rr
	-a -t $VIP:80 -r $RS1:80 -m
	-a -t $VIP:80 -r $RS2:80 -m
	-a -t $VIP:80 -r $RS3:80 -m
	-A -t $VIP:90 -s rr
	-a -t $VIP:90 -r $RS1:80 -m
	-a -t $VIP:90 -r $RS2:80 -m
	-a -t $VIP:90 -r $RS3:80 -m
	-A -t $VIP:7000 -s wlc
	-a -t $VIP:7000 -r $RS1:7000 -m
	-A -t $VIP:81 -s rr
	-a -t $VIP:81 -r $RS2:81 -g
	-A -t $VIP:82 -s rr
	-a -t $VIP:82 -r $RS3:82 -i
	-A -u $VIP:53 -s rr
	-a -u $VIP:53 -r $RS1:53 -m
	-A -t $VIP:83 -s rr -p 300
	-a -t $VIP:83 -r $RS1:7000 -m
	-a -t $VIP:83 -r $RS2:7000 -m
	-a -t $VIP:83 -r $RS3:7000 -m
	-A -t $VIP:86 -s rr -p 300
	-a -t $VIP:86 -r $RS1:80 -m
	-a -t $VIP:86 -r $RS2:80 -m
	-a -t $VIP:86 -r $RS3:80 -m
	-A -f 9 -s rr
	-a -f 9 -r $RS1:0 -m
	-A -t [$VIP6]:80 -s rr
	-a -t [$VIP6]:80 -r [$RS1_6]:7000 -m
	-A -t $VIP:21 -s rr
	-a -t $VIP:21 -r $RS1:21 -m
	-A -t $VIP:85 -s rr
	-a -t $VIP:85 -r $RS1:7000 -m -w 3
RULES
# Marked packets keep their port.
background rs1 python3 "$HERE/echo.py" tcp/84
admin --set 800 100 200
in_ns director sh -c 'echo 17 >/proc/sys/net/ipv4/vs/sync_refresh_period'

for host in 201 202 203; do ip -n client addr add 10.0.1.$host/24 dev eth0; done
start_clients busy/tcp/$VIP/7000/20 slow/tcp/$VIP/7000/0.5 silent/tcp/$VIP/7000/0 dr/tcp/$VIP/81/20 \
	tun/tcp/$VIP/82/20 persistent/tcp/$VIP/83/10 mark/tcp/$VIP/84/10 six/tcp/$VIP6/80/20 udp/udp/$VIP/53/10 \
	ftp/ftp/$VIP/21/1 http/http/$VIP/80/4 silent-ftp/ftp/$VIP/21/0 get/ftp-get/$VIP/21/4 visit/visit/$VIP/86/1/3
all_alive "at first"
expect_eq "four picks" 4 "$(http 4 $VIP:90 >"$RUN/picks"; wc -l <"$RUN/picks")"
state drain -t $VIP:85 -r $RS1:7000 --for 1h


# Templates; what the counters of a service that rests say; seconds that a silent connection has
# left.
templates() { in_ns director awk '$3 == "0000" { print $1, $2, $4, $6, $7 }' /proc/net/ip_vs_conn | sort; }
counted() { state -Ln --stats --exact | awk -v service="$VIP:90" '$2 == service { on = 1; print; next } /^(TCP|UDP|FWM)/ { on = 0 } on'; }
left() { in_ns director awk '$3 == "5DC0" { print $NF }' /proc/net/ip_vs_conn; }
settings() { in_ns director cat /proc/sys/net/ipv4/vs/sync_refresh_period; admin -L --timeout; }
total() { echo $((16#$(in_ns director awk 'NR == 3 { print $1 }' /proc/net/ip_vs_stats))); }

heading "By another build"
templates >"$RUN/templates"
counted >"$RUN/counted"
settings >"$RUN/settings"
admin -Sn >"$RUN/rules"
total=$(total) left=$(left)
for round in 1 2; do
	upgrade /lvs/lvs.ko >"$RUN/upgrade" 2>&1 || fail "lvs-upgrade: $(<"$RUN/upgrade")"
	sed 's/^/  /' "$RUN/upgrade"
	all_alive "after upgrade $round"
	expect_eq "resets" 0 "$(resets)"
	expect_eq "drops that are left" "" "$(in_ns director nft list tables | grep upgrade || true)"
done
expect_eq "rules" "$(<"$RUN/rules")" "$(admin -Sn)"
expect_eq "settings" "$(<"$RUN/settings")" "$(settings)"
expect_eq "templates" "$(<"$RUN/templates")" "$(templates)"
expect_eq "counters of a service that rests" "$(<"$RUN/counted")" "$(counted)"
(($(total) >= total)) || fail "the total went back from $total to $(total)"
expect_match "seconds that a closed connection had left" '^[0-9]+$' "$left"
(($(left) <= left && $(left) > left - 60)) || fail "a closed connection had $left s left, and has $(left)"
http 2 $VIP:90 >>"$RUN/picks"
expect_eq "picks, four before and two afterwards" "rs1=2 rs2=2 rs3=2" "$(tally <"$RUN/picks")"
expect_match "the drain" '[0-9]' "$(in_ns director awk '/drain/' /proc/net/lvs)"

heading "More than rules: a daemon, another namespace, a module that can't be loaded"
ip netns add other
at_exit "ip netns del other"
in_ns other "$ADMIN" -A -t 10.9.9.9:80 -s wrr
admin --start-daemon master --mcast-interface back --syncid 7
admin -L --daemon >"$RUN/daemons"
# A symbol that no kernel has.
sed 's/nf_register_net_hooks/nf_register_net_hookz/g' /lvs/lvs.ko >"$RUN/broken.ko"
expect_fails "an upgrade to a broken module" upgrade --old /lvs/lvs.ko "$RUN/broken.ko"
sed 's/^/  /' "$RUN/expected-failure"
expect_match "what is said" "back to the old one" "$(<"$RUN/expected-failure")"
all_alive "after a module that couldn't be loaded"
upgrade /lvs/lvs.ko >"$RUN/upgrade" 2>&1 || fail "lvs-upgrade: $(<"$RUN/upgrade")"
all_alive "after a third upgrade"
expect_eq "resets" 0 "$(resets)"
expect_eq "rules" "$(<"$RUN/rules")" "$(admin -Sn)"
expect_eq "the daemon" "$(<"$RUN/daemons")" "$(admin -L --daemon)"
expect_eq "rules of the other namespace" "-A -t 10.9.9.9:80 -s wrr" "$(in_ns other "$ADMIN" -Sn)"

heading "What can't be done"
# cannot WHY OPTION...: it is refused for that reason before anything is done.
cannot() {
	expect_fails "an upgrade ($1)" upgrade "${@:2}"
	expect_match "why" "$1.*nothing was changed" "$(<"$RUN/expected-failure")"
}
placeholders=(/lvs/placeholders/*.ko)
cannot "isn't lvs" --old /lvs/lvs.ko "${placeholders[0]}"
sed 's/vermagic=[0-9]/vermagic=0/' /lvs/lvs.ko >"$RUN/foreign.ko"
cannot "is for the kernel 0" --old /lvs/lvs.ko "$RUN/foreign.ko"
cannot "isn't the module that is loaded" --old "${placeholders[0]}" /lvs/lvs.ko
cannot "can't be read" --old /lvs/lvs.ko "$RUN/nothing.ko"
cannot "one module is enough" /lvs/lvs.ko /lvs/lvs.ko
cannot "no option" --soon
head -c 32 /dev/urandom | base64 -w 0 >"$RUN/key"
state sync key add 1 --file "$RUN/key"
cannot "keys" /lvs/lvs.ko
state sync key remove 1
in_ns director iptables -t mangle -A FORWARD -m ipvs --ipvs -j ACCEPT
cannot "rule of iptables" /lvs/lvs.ko
in_ns director iptables -t mangle -F FORWARD
# A network namespace that an open file alone holds.
mkfifo "$RUN/hidden"
python3 - "$RUN/hidden" <<'PYTHON' &
import os
import subprocess
import sys

child = subprocess.Popen(["unshare", "--net", "sh", "-c", "/lvs/ipvsadm-rs -A -t 10.9.9.9:81 && echo && read -r line"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
held = os.open(f"/proc/{child.pid}/ns/net", os.O_RDONLY)
child.communicate(b"\n")
open(sys.argv[1]).read()
PYTHON
hidden() { [[ $(awk '$1 == "Namespaces" { print $2 }' /proc/net/lvs) == 3 && $(cat /proc/[0-9]*/comm 2>/dev/null | grep -c unshare) == 0 ]]; }
poll "a namespace that nobody can enter" 20 hidden
cannot "can be entered" /lvs/lvs.ko
echo >"$RUN/hidden"
wait $!
upgrade --check /lvs/lvs.ko >"$RUN/upgrade" || fail "lvs-upgrade --check: $(<"$RUN/upgrade")"
expect_match "what a check says" "can replace the loaded module" "$(<"$RUN/upgrade")"

heading "Files that are no state"
state save-state "$RUN/kept"
expect_eq "who may read the state" 600 "$(stat -c %a "$RUN/kept")"
state load-state --check "$RUN/kept"
connections() { in_ns director awk 'NR > 1 { print $1, $2, $3, $4, $5, $6, $7 }' /proc/net/ip_vs_conn | sort; }
state -Ln --stats --exact | awk -v service="$VIP:90" '$2 == service' >"$RUN/before"
# refuses WHAT WORDS: load-state says so of the file, and the counters don't grow.
refuses() {
	expect_fails "a file $1" in_ns director /lvs/ipvsadm-rs load-state "$RUN/wrong"
	expect_match "what is said of a file $1" "$2" "$(<"$RUN/expected-failure")"
	expect_eq "counters" "$(<"$RUN/before")" "$(state -Ln --stats --exact | awk -v service="$VIP:90" '$2 == service')"
}
admin -Sn >"$RUN/wrong"
refuses "of rules" "isn't a file of save-state"
size=$(stat -c %s "$RUN/kept")
for length in 0 7 60 111 112 $((size / 2)) $((size - 1)); do
	head -c "$length" "$RUN/kept" >"$RUN/wrong"
	refuses "of $length bytes" "isn't a file|cut off"
done
(cat "$RUN/kept" && echo) >"$RUN/wrong"
refuses "with an end of its own" "appended"
(head -c 11 "$RUN/kept" && printf '\11' && tail -c +13 "$RUN/kept") >"$RUN/wrong"
refuses "of another version" "is of version 9"
python3 - "$RUN/kept" "$RUN" "${FUZZ_SEED:-1}" <<'PYTHON'
import random
import sys

whole = open(sys.argv[1], "rb").read()
chance = random.Random(int(sys.argv[3]))
for number in range(20):
    flipped = bytearray(whole)
    flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
    open(f"{sys.argv[2]}/flipped.{number}", "wb").write(flipped)
PYTHON
for file in "$RUN"/flipped.*; do
	cp "$file" "$RUN/wrong"
	refuses "with a flipped bit ($file)" "load|isn't|damaged|version|machine|cut off"
done
expect_fails "a file that isn't there" in_ns director /lvs/ipvsadm-rs load-state "$RUN/nothing"
expect_fails "a place that isn't there" in_ns director /lvs/ipvsadm-rs save-state "$RUN/no/state"

heading "Every byte"
all_alive "in the end" finish
exec 8>&-
expect_eq "resets" 0 "$(resets)"

heading "Records that are wrong"
in_ns director python3 "$HERE/records.py" "$RUN/kept" "${FUZZ_SEED:-1}" "${FUZZ_RECORDS:-200}" >"$RUN/answers" ||
	fail "what came of the records: $(cat "$RUN/answers")"
expect_eq "answers" "no records: 22
none of them: 0 0 0 0 0 0
a piece: 0 0 0 0 1 0
a head: 0 0 0 0 1 0
cut off: 0 0 0 0 1 0
of no size: 0 0 0 0 1 0
too long: 0 0 0 0 1 0
of another format: 0 0 0 0 1 0
over: 0 0 0 1 0 0
a short time: 34
a position of nothing: 22
counters of no service: 3
short counters: 22
a server of nothing: 22" "$(<"$RUN/answers")"
