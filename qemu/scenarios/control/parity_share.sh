#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# parity_share.sh NAME DIR [EARLIER]: a share of test-cli-parity, in a fresh network namespace. Both
# programs run the command lines of standard input, or make connections and list them if NAME is
# that; what differs is printed, and its counts are added to DIR/total. EARLIER is the DIR of the
# same share under another module: what both programs refused there as wrong usage, before they
# asked the kernel for anything, no module has a part in, and is left out.
#
# STOCK, OURS  the programs: stock ipvsadm and ipvsadm-rs
# PARITY       the folder tests/parity

COMPARED=0 CASES=0 DIFFERENT=0 DEVIATIONS=0 UNEXPECTED=0 HOLES=0

die() {
	printf 'parity_share: %s\n' "$*" >&2
	exit 1
}

# Everything that stock ipvsadm tells of the table, in one process.
snapshot() {
	SNAPSHOT=$("$STOCK" -R 2>&1 <<-'END'
		-Sn
		-Ln --thresholds
		-Ln --stats
		-L --timeout
		-L --daemon
	END
	)
	read_proc
	PROC_BEFORE=$PROC
}
# The kernel's own table takes no process to read, but tells less.
read_proc() { IFS= read -rd '' PROC </proc/net/ip_vs; }

# start STATE: makes the table of a state, unless it is there already.
start() {
	[[ $SNAPSHOT != "${BASELINE[$1]:-none}" ]] || return 0
	while [[ $SNAPSHOT =~ (master|backup)\ sync\ daemon ]]; do
		"$STOCK" --stop-daemon "${BASH_REMATCH[1]}"
		snapshot
	done
	if ! "$STOCK" -R <"$PARITY/states/$1.rules" 2>"$RUN/err" || [[ -s $RUN/err ]]; then
		# A table with holes still compares, but the test isn't what it was meant to be.
		[[ -n ${BASELINE[$1]:-} ]] || printf 'state %s has holes: %s\n' "$1" "$(sort "$RUN/err" | uniq -c)"
		HOLES=1
	fi
	snapshot
	BASELINE[$1]=$SNAPSHOT
}

# play PROGRAM WORDS...: runs it as `ipvsadm`; sets OUT, ERR and CODE.
play() {
	local program=$1
	shift
	{ (exec -a ipvsadm "$program" "$@") <"$RUN/input" >"$RUN/out" 2>"$RUN/err"; } 2>/dev/null
	CODE=$?
	IFS= read -rd '' OUT <"$RUN/out"
	IFS= read -rd '' ERR <"$RUN/err"
	# The version is each program's own.
	[[ ! $OUT =~ ^ipvsadm(-rs)?\ v[^$'\n']*$'\n' ]] || OUT="(version)"$'\n'${OUT#*$'\n'}
	# ipvsadm blames IPv6 for whatever a module doesn't do.
	ERR=${ERR/Operation not supported with IPv6/Operation not supported by the kernel module}
	# Time passes between the two.
	[[ $STATE != connections ]] || OUT=${OUT//[0-9][0-9]:[0-9][0-9] /MM:SS }
}

# outcome PROGRAM WORDS...: what it prints, answers and leaves behind; and whether it was wrong
# usage.
outcome() {
	WRONG_USAGE=
	start "$STATE"
	play "$@"
	# That is found before the kernel is asked for anything.
	if [[ $CODE == 2 ]]; then
		read_proc
		if [[ $PROC == "$PROC_BEFORE" ]]; then WRONG_USAGE=1; else snapshot; fi
	else
		snapshot
	fi
	OUTCOME="$OUT--- stderr"$'\n'"$ERR--- exit $CODE"$'\n'"--- table"$'\n'"$SNAPSHOT"
}

# compare LINE: runs the command line with both.
compare() {
	local -a words
	local expected usage
	COMPARED=$((COMPARED + 1))
	[[ -z ${REFUSED[$COMPARED]:-} ]] || return 0
	eval "words=($1)" || die "unreadable: $1"
	CASES=$((CASES + 1))
	outcome "$STOCK" "${words[@]}"
	expected=$OUTCOME usage=$WRONG_USAGE
	outcome "$OURS" "${words[@]}"
	[[ -z $usage || -z $WRONG_USAGE ]] || echo "$COMPARED" >>"$RUN/refused"
	if [[ -n $DEVIATES ]]; then
		DEVIATIONS=$((DEVIATIONS + 1))
		if [[ $OUTCOME == "$expected" ]]; then
			UNEXPECTED=$((UNEXPECTED + 1))
			printf 'SAME: ipvsadm %s (state %s), though %s\n' "$1" "$STATE" "$DEVIATES"
		fi
	elif [[ $OUTCOME != "$expected" ]]; then
		DIFFERENT=$((DIFFERENT + 1))
		printf 'DIFFERENT: ipvsadm %s (state %s)\n' "$1" "$STATE"
		diff -U1 --label ipvsadm <(printf '%s\n' "$expected") --label ipvsadm-rs <(printf '%s\n' "$OUTCOME")
	fi
}

# table: reads lines of a table of cases.
table() {
	local line
	STATE=empty DEVIATES=''
	: >"$RUN/input"
	while IFS= read -r line; do
		case $line in
		'' | '#'*) ;;
		@state\ *) STATE=${line#@state } ;;
		@deviates\ *) DEVIATES=${line#@deviates } ;;
		@input*)
			line=${line#@input}
			printf %b "${line# }" >"$RUN/input"
			;;
		*)
			compare "$line"
			DEVIATES=''
			: >"$RUN/input"
			;;
		esac
	done
}

# Connections to list, of the kernel's own making: packets to services that
# forward to nowhere.
connections() {
	local port
	"$STOCK" -R <<-'END'
		-C
		-A -u 10.0.0.1:53 -s rr
		-a -u 10.0.0.1:53 -r 10.9.0.2:5353 -m
		-A -t 10.0.0.1:80 -s rr -p 500
		-a -t 10.0.0.1:80 -r 10.9.0.3:8080 -m
		-A -u [2001:db8::1]:53 -s rr
		-a -u [2001:db8::1]:53 -r [2001:db8:9::2]:5353 -m
		-A -u 10.0.0.1:5060 -s rr -p 60 --pe sip
		-a -u 10.0.0.1:5060 -r 10.9.0.2:5060 -m
	END
	for port in 1 2 3; do
		echo "query $port" >/dev/udp/10.0.0.1/53
	done
	echo query >/dev/udp/2001:db8::1/53
	# One write, so that it is one packet.
	cat >/dev/udp/10.0.0.1/5060 <<<$'INVITE sip:x SIP/2.0\r\nCall-ID: abc123@host\r\n\r\n'
	timeout 0.2 bash -c ': >/dev/tcp/10.0.0.1/80' 2>/dev/null
	# Counters reach their readers within two seconds.
	sleep 2.2
	printf '%s\n' '@state connections' '-Lnc' '-Lc' '-Lnc --persistent-conn' '-Lc --persistent-conn' '-Lnc --exact' \
		'-Ln' '-Ln --stats' '-Ln --stats --exact' '-Ln --persistent-conn' '-Ln --thresholds'
}

RUN=$2/$1
mkdir "$RUN"
declare -A REFUSED=()
if [[ -n ${3:-} && -e $3/$1/refused ]]; then
	while read -r line; do REFUSED[$line]=1; done <"$3/$1/refused"
fi
ip link set lo up
ip link add dummy0 type dummy
ip link set dummy0 up multicast on
ip addr add 10.0.0.1/8 dev dummy0
ip addr add 2001:db8::1/32 dev dummy0 nodad
declare -A BASELINE=()
SNAPSHOT=''
case $1 in
connections)
	connections >"$RUN/connections.cases"
	[[ $("$STOCK" -Lnc --persistent-conn) == *abc123@host* ]] || die "there are no connections to list"
	snapshot
	BASELINE[connections]=$SNAPSHOT
	table <"$RUN/connections.cases"
	;;
*) table ;;
esac
echo "$CASES $DIFFERENT $DEVIATIONS $UNEXPECTED $HOLES" >>"$2/total"
