#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "All files in /proc/net are read over and over while 150,000 connections come and go and
	the table is resized: each reading ends, each row is whole, and what the files say fits
	together afterwards. (While the table is resized rows may be missing or twice, under
	either module.) Printed are the longest delays of a packet while the connections are read
	and while they aren't, and how long a reader stays in one chain of the table, which is
	what it looks at in one RCU section; it takes no lock"

FLOWS=${FLOWS:-150000}
FILES="ip_vs ip_vs_app ip_vs_conn ip_vs_conn_sync ip_vs_stats ip_vs_stats_percpu ip_vs_status"
[[ $LVS_MODULE != lvs ]] || FILES+=" lvs lvs_conn"

with_topology
pktgen_servers
in_ns director ipvsadm -A -u $VIP:54 -s rr
for i in 50 51 52 53; do in_ns director ipvsadm -a -u $VIP:54 -r 10.9.0.$i -m; done
# These stay.
in_ns director ipvsadm -A -t $VIP:80 -s rr -p 3600
in_ns director ipvsadm -a -t $VIP:80 -r $RS1:80 -m
nat_server rs1
web_server rs1
expect_eq "a request" "rs1=1" "$(requests 1)"
in_ns director ipvsadm --set 0 0 1

# Reads every file again and again until $RUN/stop exists; prints what is wrong, and at the end how
# often.
cat >"$RUN/readers.py" <<'END'
import os, re, sys, time
stop, files = sys.argv[1], sys.argv[2:]
rows = {
    "ip_vs_conn": re.compile(rb"(Pro .*|(UDP|TCP) [0-9A-F]{8} [0-9A-F]{4} [0-9A-F]{8} [0-9A-F]{4} [0-9A-F]{8} [0-9A-F]{4} [A-Z_]+ +\d+)"),
    "lvs_conn": re.compile(rb"( +Client .*|(UDP|TCP) +[0-9.]+:\d+ +[0-9.]+:\d+ +[0-9.]+:\d+ +\w+ +[A-Z_]+ +\d+ s +\d+ s)"),
    "ip_vs": re.compile(rb"(IP Virtual .*|Prot .*|  -> .*|UDP  [0-9A-F]{8}:[0-9A-F]{4} rr  |TCP  [0-9A-F]{8}:0050 rr  persistent \d+ FFFFFFFF)"),
    "ip_vs_status": re.compile(rb"[A-Z][A-Za-z0-9 -]+:\t\d+( \(.*\))?"),
}
count, longest = 0, 0.0
while not os.path.exists(stop):
    for name in files:
        with open("/proc/net/" + name, "rb", buffering=0) as file:
            parts = []
            begun = time.monotonic()
            while True:
                start = time.perf_counter()
                part = file.read(4096)
                longest = max(longest, time.perf_counter() - start)
                if not part:
                    break
                parts.append(part)
            if time.monotonic() - begun > 20:
                print(f"{name} took {time.monotonic() - begun:.0f} s")
        lines = b"".join(parts).split(b"\n")
        if name in rows:
            for line in lines[:-1]:
                if not rows[name].fullmatch(line):
                    print(f"{name}: {line}")
                    break
        count += 1
print(f"{count} readings, the longest read() took {longest * 1000:.2f} ms", file=sys.stderr)
END
readers=()
for i in 1 2; do
	# shellcheck disable=SC2086
	in_ns director python3 "$RUN/readers.py" "$RUN/stop" $FILES >"$RUN/wrong.$i" 2>"$RUN/said.$i" &
	readers+=($!)
done
prefetch() { in_ns director awk '/^Prefetch/ { print $NF }' /proc/net/lvs; }
gone() { (($(in_ns director awk 'END { print NR }' /proc/net/ip_vs_conn) < 10)); }
for round in 1 2 3; do
	say "round $round: $(pktgen_flows "$FLOWS")"
	poll "the connections expire" 60 gone
done
is_off() { [[ $(prefetch) == off ]]; }
[[ $LVS_MODULE != lvs ]] || poll "entries aren't fetched in advance any more" 5 is_off
touch "$RUN/stop"
for reader in "${readers[@]}"; do wait "$reader" || fail "a reader failed: $(cat "$RUN"/said.*)"; done
for i in 1 2; do
	say "$(cat "$RUN/said.$i")"
	expect_eq "what a reader found" "" "$(head -n 5 "$RUN/wrong.$i")"
done

heading "What the files say fits together"
all_counted() { [[ $(in_ns director ipvsadm -Ln --stats --exact | awk -v s="$VIP:54" '$2 == s { print $4 }') == $((3 * FLOWS)) ]]; }
poll "the packets are counted" 10 all_counted
in_ns director cat /proc/net/ip_vs_status >"$RUN/status"
expect_eq "connections in ip_vs_status" "$(sed -n 's/^Conns:\t//p' "$RUN/status")" \
	"$(in_ns director awk 'END { print NR - 1 }' /proc/net/ip_vs_conn)"
buckets() { awk -F'[\t (]' -v t="$1" '$0 ~ "^" t " buckets:" { all = $3 } $0 ~ "^" t " buckets (empty|len)" { sum += $4 } END { print all, sum }' "$RUN/status"; }
for table in Conn Service; do
	read -r all sum < <(buckets $table)
	expect_eq "$table buckets, all and by length" "$all" "$sum"
done
expect_eq "services" 2 "$(sed -n 's/^Services:\t//p' "$RUN/status")"

heading "How long a reader keeps others waiting"
in_ns director ipvsadm --set 0 0 900
say "$(pktgen_flows "$FLOWS")"
delays() { for _ in 1 2 3; do in_ns client python3 "$HERE/probe.py" $VIP 54 1; done | sort -n | paste -sd' '; }
say "the longest delays of packets, microseconds, while nobody reads: $(delays)"
rm "$RUN/stop"
in_ns director python3 "$RUN/readers.py" "$RUN/stop" ip_vs_conn >"$RUN/wrong.1" 2>"$RUN/said.1" &
reader=$!
say "while the connections are read: $(delays)"
touch "$RUN/stop"
wait "$reader" || fail "a reader failed: $(cat "$RUN/said.1")"
expect_eq "what the reader found" "" "$(head -n 5 "$RUN/wrong.1")"
# Nanoseconds of processor time for a row.
row=$(in_ns director python3 - <<-'END'
	import time
	rows, start = 0, time.thread_time_ns()
	with open("/proc/net/ip_vs_conn", "rb", buffering=0) as file:
	    while part := file.read(4096):
	        rows += part.count(b"\n")
	print((time.thread_time_ns() - start) // rows)
END
)
say "a row takes $row ns"
if [[ $LVS_MODULE == lvs ]]; then
	longest=$(in_ns director awk '/^Longest chain/ { print $NF }' /proc/net/lvs)
	expect_eq "entries are fetched in advance" on "$(prefetch)"
	say "the longest chain has $longest connections, which takes $((longest * row / 1000)) microseconds"
	((longest > 0 && longest * row < 1000000)) || fail "a reader stays in a chain for more than a millisecond"
fi
