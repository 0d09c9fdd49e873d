#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
. "$(dirname "$0")/../lib/scenario.sh"
scenario "What ipvsadm-rs has and ipvsadm doesn't: JSON, the summary of -R, apply, completions, the
	manual page, watch"

: "${STOCK:=/usr/sbin/ipvsadm}" "${OURS:=/lvs/ipvsadm-rs}"
export LC_ALL=C.UTF-8
RULES=$(cd "$HERE/../../../tests/parity/states" 2>/dev/null && pwd) || RULES=/lvs/tests/parity/states
daemon=''
cd "$RUN"

load_module "$LVS_MODULE"
ip link set lo up
ip link show dev dummy0 >/dev/null 2>&1 || ip link add dummy0 type dummy
at_exit "ip link del dummy0"
ip link set dummy0 up multicast on
ip addr add 10.0.0.1/8 dev dummy0
ip addr add 2001:db8::1/32 dev dummy0 nodad

# same WHAT EXPECTED ACTUAL: of many lines those that differ are shown.
same() {
	CHECKS=$((CHECKS + 1))
	[[ $2 != "$3" ]] || return 0
	diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") || true
	fail "$1"
}
# contains WHAT PART TEXT
contains() { same "$1" yes "$([[ $3 == *"$2"* ]] && echo yes || printf '%s\n' "no: $3")"; }
lacks() { same "$1" yes "$([[ $3 != *"$2"* ]] && echo yes || printf '%s\n' "no: $3")"; }
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
# nobody_reads COMMAND...: its status when nobody reads what it prints.
nobody_reads() {
	local status=0 pipe
	exec {pipe}> >(true)
	wait $!
	"$@" >&"$pipe" 2>&1 || status=$?
	exec {pipe}>&-
	echo $status
}
same "no connections" '{"schema":1,"connections":[]}' "$(json -c | jq -c .)"
for port in 1 2 3; do echo "query $port" | socat -u - UDP4-SENDTO:10.0.0.1:53,sourceport=2000$port; done
same "connections" "$(($("$STOCK" -Lnc | wc -l) - 2))" "$(json -c | jq '.connections | length')"
same "json is for listings" "2 Illegal 'json' option with the 'save' command" "$("$OURS" -S --json 2>err; echo "$? $(cat err)")"
same "an unknown service" "1 No such service" "$(json -t 10.0.0.1:9999 2>err; echo "$? $(cat err)")"
same "nobody reads" 141 "$(nobody_reads json)"
same "nobody reads what is wrong" 255 "$(nobody_reads "$OURS" -D -t 10.9.9.9:9)"
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
writer=$WRITER_PID
echo '-A -f 77' >&"${WRITER[1]}"
appears() { [[ $(rules) == *77* ]]; }
poll "the line is done" 15 appears
same "a line takes effect before the input ends" "-A -f 77 -s wlc" "$(rules | grep 77)"
input_end=${WRITER[1]}
exec {input_end}>&-
wait "$writer"

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
	same "$file: a dry run tells that there is a difference" 1 "$("$OURS" apply --dry-run $file >plan; echo $?)"
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
# What is there without persistence isn't lost.
printf '%s\n' '-A -u 10.0.0.1:5060 -s wlc --pe sip' '-A -t 10.0.0.1:80 -s wlc -M 255.255.255.0' >engine.rules
"$OURS" apply engine.rules >/dev/null
"$OURS" -Sn >engine.saved
same "engine and mask without persistence are saved" "$(sort engine.rules)" "$(sort engine.saved)"
same "what was saved is what there is" "0" "$("$OURS" apply engine.saved; echo $?)"
same "standard input" 0 "$(echo -C | "$OURS" apply - >/dev/null; rules | wc -l)"

heading "Installed as ipvsadm's programs"
mkdir names
for name in ipvsadm ipvsadm-save ipvsadm-restore; do ln -s "$OURS" names/$name; done
"$OURS" -R <full
same "ipvsadm" "$("$STOCK" -Ln)" "$(names/ipvsadm -Ln)"
same "ipvsadm-save" "$(ipvsadm-save -n)" "$(names/ipvsadm-save -n)"
names/ipvsadm-save -n >saved
was=$(rules)
"$OURS" -A -f 99
same "ipvsadm-restore: exit code" 0 "$({ echo '# a comment'; cat saved; } | names/ipvsadm-restore >&2; echo $?)"
same "ipvsadm-restore replaces the table" "$was" "$(rules)"
"$OURS" -C

heading "Completions and manual"
"$OURS" -R <full
mkdir bin
ln -s "$OURS" bin/ipvsadm-rs
PATH=$PWD/bin:$PATH
ipvsadm-rs completions bash >bash.sh
# complete LINE: what bash offers for the last word.
complete_line() {
	bash -c 'source ./bash.sh
		COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9
		read -ra COMP_WORDS <<<"$1"
		[[ $1 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_ipvsadm_rs_live ipvsadm-rs "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$1"
}
same "bash: services" "10.0.0.1:53 10.0.0.1:5060 10.0.0.1:5061 10.0.0.1:69" \
	"$(complete_line 'ipvsadm-rs -D -u 10' | sort -V | tr '\n' ' ' | sed 's/ $//; s/10.0.0.1:53 10.0.0.1:69 \(.*\)/10.0.0.1:53 \1 10.0.0.1:69/')"
same "bash: after the colon" "443 8443 8444 8445 8446" "$(complete_line 'ipvsadm-rs -D -t 10.0.0.1:' | grep -v '^0$\|^80$' | sort -n | xargs)"
contains "bash: IPv6" '[2001:db8::1]:53' "$(complete_line 'ipvsadm-rs -D -u [')"
contains "bash: marks" 7 "$(complete_line 'ipvsadm-rs -D -f ' | xargs)"
contains "bash: servers" 10.0.0.2:8080 "$(complete_line 'ipvsadm-rs -d -t 10.0.0.1:80 -r ' | xargs)"
# servers_of SERVICE: its servers, as the saved table has them.
servers_of() { rules | sed -n "s/^-a -t $1 -r \\([^ ]*\\) .*/\\1/p" | sort; }
same "bash: servers of that service alone" "$(servers_of 10.0.0.1:443)" "$(complete_line 'ipvsadm-rs -d -t 10.0.0.1:443 -r ' | sort)"
contains "bash: servers to add are those of other services" 10.0.0.2:8080 "$(complete_line 'ipvsadm-rs -a -t 10.0.0.1:443 -r ' | xargs)"
lacks "bash: servers to add aren't there yet" 10.0.0.10:443 "$(complete_line 'ipvsadm-rs -a -t 10.0.0.1:443 -r ' | xargs)"
contains "bash: schedulers" none "$(complete_line 'ipvsadm-rs -A -t 10.0.0.1:80 -s ' | xargs)"
contains "bash: options" --persistent-conn "$(complete_line 'ipvsadm-rs -L --pers')"
contains "bash: commands" watch "$(complete_line 'ipvsadm-rs wa')"
contains "bash: a command's options" --dry-run "$(complete_line 'ipvsadm-rs apply --dr')"
same "bash: commands of a command" "status wait key peer receive" "$(complete_line 'ipvsadm-rs sync ' | grep -v '^-' | xargs)"
same "bash: commands below those" "add use remove" "$(complete_line 'ipvsadm-rs sync key ' | grep -v '^-' | xargs)"
# What the other shells ask for candidates.
same "candidates" "$(rules | sed -n 's/^-A -u \([^ ]*\) .*/\1/p' | sort)" "$(ipvsadm-rs candidates udp | sort)"
ipvsadm-rs completions zsh >script.zsh
ipvsadm-rs completions fish >script.fish
in_zsh() { timeout 30 zsh -f "$HERE/zsh_complete.zsh" "$PWD/script.zsh" "$1"; }
# fish adds descriptions.
in_fish() { HOME=$PWD timeout 30 fish -N -c 'source script.fish; complete -C $argv[1]' "$1" | cut -f1; }
for shell in zsh fish; do
	contains "$shell: services" 10.0.0.1:5061 "$(in_$shell 'ipvsadm-rs -D -u 10')"
	contains "$shell: after the colon" 8446 "$(in_$shell 'ipvsadm-rs -D -t 10.0.0.1:')"
	contains "$shell: IPv6" '2001:db8::1' "$(in_$shell 'ipvsadm-rs -D -u ')"
	contains "$shell: marks" 7 "$(in_$shell 'ipvsadm-rs -D -f ')"
	contains "$shell: servers" 10.0.0.2:8080 "$(in_$shell 'ipvsadm-rs -d -t 10.0.0.1:80 -r ')"
	contains "$shell: servers of a service" 10.0.0.10:443 "$(in_$shell 'ipvsadm-rs -d -t 10.0.0.1:443 -r ')"
	lacks "$shell: servers of another service" 10.0.0.2:8080 "$(in_$shell 'ipvsadm-rs -d -t 10.0.0.1:443 -r ')"
	contains "$shell: no scheduler" none "$(in_$shell 'ipvsadm-rs -A -t 10.0.0.1:80 -s ')"
	contains "$shell: schedulers" wlc "$(in_$shell 'ipvsadm-rs -A -t 10.0.0.1:80 -s ')"
	contains "$shell: options" --persistent-conn "$(in_$shell 'ipvsadm-rs -L --pers')"
	contains "$shell: commands" watch "$(in_$shell 'ipvsadm-rs wa')"
	contains "$shell: a command's options" --dry-run "$(in_$shell 'ipvsadm-rs apply --dr')"
	contains "$shell: commands of a command" receive "$(in_$shell 'ipvsadm-rs sync rec')"
	contains "$shell: commands below those" remove "$(in_$shell 'ipvsadm-rs sync key rem')"
done
contains "help of a subcommand" 'Usage: ipvsadm-rs apply' "$(ipvsadm-rs apply --help)"
contains "a missing argument is named" '<FILE>' "$(ipvsadm-rs apply 2>&1)"
contains "a wrong argument is named" "'x' for '--interval <SECONDS>'" "$(ipvsadm-rs watch --interval x 2>&1)"
contains "an unknown option is named" "'--bogus'" "$(ipvsadm-rs watch --bogus 2>&1)"
contains "a missing command is named" 'status, wait, key, peer, receive' "$(ipvsadm-rs sync 2>&1)"
same "a key is too short" "2 ipvsadm-rs: -: a key has 16 to 64 bytes" "$(echo short | ipvsadm-rs sync key add 1 2>err; echo "$? $(cat err)")"
same "a key isn't taken from the command line" 2 "$(ipvsadm-rs sync key add 1 0123456789abcdef </dev/null 2>/dev/null; echo $?)"
same "a key's file that isn't there" "2 ipvsadm-rs: nothing: No such file or directory (os error 2)" \
	"$(ipvsadm-rs sync key add 1 --file nothing 2>err; echo "$? $(cat err)")"
same "a peer is one host" 2 "$(ipvsadm-rs sync peer add 224.0.0.81 2>/dev/null; echo $?)"
same "a time has a unit that is known" 2 "$(ipvsadm-rs sync wait --timeout 5x 2>/dev/null; echo $?)"
same "an unknown shell" 2 "$(ipvsadm-rs completions csh 2>/dev/null; echo $?)"
same "the page is there" 0 "$(ipvsadm-rs man >page.8; echo $?)"
same "man has nothing to complain of" "" "$(groff -man -ww -Tutf8 page.8 2>&1 >/dev/null)"
same "nobody reads the page" 141 "$(nobody_reads ipvsadm-rs man)"
contains "its own help names them" 'apply FILE' "$(ipvsadm-rs -h)"
lacks "ipvsadm's doesn't" 'apply FILE' "$(exec -a ipvsadm "$OURS" -h)"

heading "watch"
same "without a terminal" "1 watch needs a terminal" "$(ipvsadm-rs watch 2>err </dev/null | cat; echo "${PIPESTATUS[0]} $(cat err)")"
{ echo -C; for i in {1..30}; do echo "-A -f $i -s rr"; echo "-a -f $i -r 10.0.0.$i -m -w $i"; done; echo '-A -u 10.0.0.1:53 -s wlc'; echo '-a -u 10.0.0.1:53 -r 10.9.0.2 -m'; } | ipvsadm-rs -R
mountpoint -q /dev/pts || { mkdir -p /dev/pts; mount -t devpts devpts /dev/pts; }
export TERM=xterm
screen() { tmux -u capture-pane -p -t watch; }
send() { tmux send-keys -t watch "$@"; }
# shows WHAT PART [LINE]: waits until the screen, or that line of it, has the part.
shows() {
	local end=$((SECONDS + 15 * SLOW)) seen
	while :; do
		seen=$(screen | sed -n "${3:-1,\$}p")
		[[ $seen != *"$2"* && $SECONDS -lt $end ]] || break
		sleep 0.1
	done
	contains "$1" "$2" "$seen"
}
# The shell stays, so that the terminal can be looked at afterwards.
at_exit "tmux kill-server"
tmux -u -f /dev/null new-session -d -s watch -x 100 -y 20 "sh"
terminal() { rm -f "$1"; send "stty -a >$1.new; mv $1.new $1" Enter; poll "the terminal tells" 15 test -e "$1"; }
terminal before
send 'ipvsadm-rs watch --interval 0.5; echo ended: $?' Enter
shows "watch: title" '31 services, 31 servers'
shows "watch: rows" '1-16 of 62'
shows "watch: listings' order" 'UDP 10.0.0.1:53' 4
send End
shows "watch: scrolls" '47-62 of 62'
send g
send Right
shows "watch: sorts" 'FWM 30' 4
send r
shows "watch: sorts the other way" ' 1 ' 4
send / 1 0 . 9 . 0 Enter
shows "watch: filters" '1-2 of 2'
send Escape
tmux resize-window -t watch -x 60 -y 10
shows "watch: resizes" '1-6 of 62'
same "watch: as wide as the screen" 60 "$(screen | sed -n 3p | wc -m | awk '{ print ($1 <= 61) ? 60 : $1 }')"
"$STOCK" -C
shows "watch: lives" '0 services'
send q
shows "watch: ends" 'ended: 0'
terminal after
same "watch: the terminal is as before" "$(sed 's/rows.*//' before)" "$(sed 's/rows.*//' after)"
send 'ipvsadm-rs watch; echo killed: $?' Enter
shows "watch: again" '0 services'
kill "$(pgrep -f 'ipvsadm-rs watch$')"
shows "watch: ends by a signal" 'killed: '
terminal after
same "watch: a signal restores the terminal" "$(sed 's/rows.*//' before)" "$(sed 's/rows.*//' after)"
send 'clear; NO_COLOR=1 ipvsadm-rs watch' Enter
ipvsadm-rs -A -f 5
shows "watch: NO_COLOR shows all" 'FWM 5'
same "watch: NO_COLOR" 0 "$(tmux capture-pane -e -p -t watch | grep -c $'\e\\[[0-9;]*3[0-7]m')"
send q
tmux kill-server

"$OURS" -C
