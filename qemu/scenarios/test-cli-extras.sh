#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What ipvsadm-rs has and ipvsadm doesn't: JSON, the summary of -R, apply, completions, the manual page, watch.
#
# LVS_MODULE  module under test: lvs (default) or ip_vs

: "${LVS_MODULE:=lvs}" "${STOCK:=/usr/sbin/ipvsadm}" "${OURS:=/lvs/ipvsadm-rs}"
export LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
RULES=$(cd "$(dirname "$0")/../../tests/parity/states" 2>/dev/null && pwd) || RULES=/lvs/tests/parity/states
PASSED=0 FAILED=0 daemon=''
mountpoint -q /tmp || mount -t tmpfs tmpfs /tmp
cd "$(mktemp -d)" || exit 1

case $LVS_MODULE in
ip_vs) modprobe ip_vs ;;
*) insmod "/lvs/$LVS_MODULE.ko" ;;
esac || exit 1
ip link set lo up
ip link show dev dummy0 >/dev/null 2>&1 || ip link add dummy0 type dummy
ip link set dummy0 up multicast on
ip addr add 10.0.0.1/8 dev dummy0
ip addr add 2001:db8::1/32 dev dummy0 nodad

heading() { printf '\n== %s\n' "$*"; }
# same WHAT EXPECTED ACTUAL
same() {
	if [[ $2 == "$3" ]]; then
		PASSED=$((PASSED + 1))
	else
		FAILED=$((FAILED + 1))
		printf 'FAILED %s\n' "$1"
		diff <(printf '%s\n' "$2") <(printf '%s\n' "$3")
	fi
}
# contains WHAT PART TEXT
contains() { same "$1" yes "$([[ $3 == *"$2"* ]] && echo yes || printf '%s\n' "no: $3")"; }
rules() { "$STOCK" -Sn; }

heading "JSON"
"$OURS" -R <"$RULES/full.rules"
"$STOCK" --start-daemon master --mcast-interface dummy0 --syncid 5 2>/dev/null && daemon=yes
json() { "$OURS" -L --json "$@"; }
same "services" "$("$STOCK" -Sn | grep -c ^-A)" "$(json | jq '.services | length')"
same "servers" "$("$STOCK" -Sn | grep -c ^-a)" "$(json | jq '[.services[].servers[]] | length')"
same "numbers are numbers" '[1,"number","number","number"]' "$(json -t 10.0.0.1:80 | jq -c '[.schema,
	(.services[0].port | type), (.services[0].stats.bytes_in | type), (.services[0].servers[0].weight | type)]')"
same "one service" 1 "$(json -t 10.0.0.1:80 | jq '.services | length')"
same "options that choose columns don't matter" "$(json)" "$(json --stats --rate --exact -n)"
same "the kernel's order" "$("$STOCK" -Ln --nosort | grep -c '^TCP')" "$(json --nosort | jq '[.services[] | select(.protocol == "tcp")] | length')"
same "timeouts" '{"tcp":800,"tcp_fin":100,"udp":200}' "$(json --timeout | jq -c .timeouts)"
[[ -z $daemon ]] || same "daemons" '["master","dummy0",5,8848]' "$(json --daemon | jq -c '.daemons[0] | [.role, .interface, .sync_id, .port]')"
same "no connections" '{"schema":1,"connections":[]}' "$(json -c | jq -c .)"
for port in 1 2 3; do echo "query $port" >/dev/udp/10.0.0.1/53; done
same "connections" "$(($("$STOCK" -Lnc | wc -l) - 2))" "$(json -c | jq '.connections | length')"
same "json is for listings" "2 Illegal 'json' option with the 'save' command" "$("$OURS" -S --json 2>err; echo "$? $(cat err)")"
same "an unknown service" "1 No such service" "$(json -t 10.0.0.1:9999 2>err; echo "$? $(cat err)")"
same "nobody reads" 141 "$({ json; echo $? >status; } | true; cat status)"
same "nobody reads what is wrong" 255 "$({ "$OURS" -D -t 10.9.9.9:9 2>&1; echo $? >status; } | true; cat status)"
[[ -z $daemon ]] || "$OURS" --stop-daemon master

heading "The summary of -R"
printf '%s\n' -C '-A -t 10.0.0.1:80' '' '# web' '-A -t 10.0.0.1:80' '-A -t 10.0.0.1:81' '-A -t' '-A -t 10.0.0.1:82' >input
restore() { { (exec -a "$1" "$OURS" -R) <input 2>&1; echo "$?"; }; }
same "by its own name" 'Service already exists
-t: missing argument
ipvsadm-rs: 2 of 6 command lines failed: line 5, 7
0' "$(restore ipvsadm-rs)"
same "as ipvsadm" 'Service already exists
-t: missing argument
0' "$(restore ipvsadm)"
same "the rest is done" 3 "$(rules | wc -l)"
printf '%s\n' -C '-A -t 10.0.0.1:80' '-A -t foo' '-A -t 10.0.0.1:81' >input
contains "a line that ends everything" '1 of 3 command lines failed: line 3; stopped at line 3' "$(restore ipvsadm-rs)"
same "what came before it is done" 1 "$(rules | wc -l)"
coproc WRITER { exec "$OURS" -R; }
echo '-A -f 77' >&"${WRITER[1]}"
sleep 0.5
same "a line takes effect at once" "-A -f 77 -s wlc" "$(rules | grep 77)"
exec {WRITER[1]}>&-
wait "$WRITER_PID"

heading "apply"
# The pairs of families that a module may not have are left out.
grep -v -e ' -r 2001:db8::15' -e '80 -r 10.0.0.2 -i$' -e ^--set -e ^-C "$RULES/full.rules" >full
"$OURS" -C
"$OURS" -R <full
rules >want.rules
json >want.json
"$OURS" -C
before() { printf '%s\n' '-A -t 10.0.0.1:80 -s rr' '-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -m -w 1' '-A -f 99 -s rr' '-a -f 99 -r 10.0.0.9 -m' '-A -u 10.0.0.1:53 -s wlc -o'; }
for file in want.rules want.json; do
	"$OURS" -C
	before | "$OURS" -R
	was=$(rules)
	"$OURS" apply --dry-run $file >plan
	same "$file: a dry run tells that there is a difference" 1 $?
	same "$file: a dry run changes nothing" "$was" "$(rules)"
	contains "$file: the difference shows what goes" '-A -f 99 -s rr' "$(cat plan)"
	same "$file: what is shown is what is done" "$(cat plan)" "$("$OURS" apply $file)"
	same "$file: the table is as wanted" "$(cat want.rules)" "$(rules)"
	same "$file: twice changes nothing" "0" "$("$OURS" apply $file; echo $?)"
done
cat >web.toml <<'END'
schema = 1
[timeouts]
tcp = 700
[[services]]
protocol = "tcp"
address = "10.0.0.1"
port = 80
scheduler = "wrr"
[[services.servers]]
address = "10.0.0.3"
forward = "masq"
weight = 5
[[services.servers]]
address = "10.0.0.4"
forward = "tunnel"
END
"$OURS" apply web.toml >/dev/null
same "TOML" '-A -t 10.0.0.1:80 -s wrr
-a -t 10.0.0.1:80 -r 10.0.0.3:80 -m -w 5
-a -t 10.0.0.1:80 -r 10.0.0.4:80 -i -w 1 --tun-type ipip' "$(rules)"
same "TOML: timeouts" "Timeout (tcp tcpfin udp): 700 100 200" "$("$STOCK" -L --timeout)"
# A scheduler that isn't there comes after 100 steps that succeed.
"$OURS" -Z
{ rules | grep -v 10.0.0.3; for i in {1..99}; do echo "-A -f $i"; done; echo "-A -f 100 -s nosuch"; echo "-A -f 101"; } >bad.rules
was=$(rules)
same "refused" '255 ipvsadm-rs: -A -f 100 -s nosuch: Scheduler or persistence engine not found
ipvsadm-rs: nothing was changed' "$("$OURS" apply bad.rules 2>err >/dev/null; echo "$? $(cat err)")"
same "what was done is taken back" "$was" "$(rules)"
same "an empty file is no table" "2 ipvsadm-rs: /dev/null: has neither services nor timeouts nor daemons" \
	"$("$OURS" apply /dev/null 2>err; echo "$? $(cat err)")"
same "standard input" 0 "$(echo -C | "$OURS" apply - >/dev/null; rules | wc -l)"

# PLACEHOLDER
"$OURS" -C
printf '\n%d passed, %d failed, under %s\n' "$PASSED" "$FAILED" "$LVS_MODULE"
[[ $FAILED -eq 0 && $PASSED -gt 0 ]]
