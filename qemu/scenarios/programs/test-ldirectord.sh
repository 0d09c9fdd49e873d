#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "ldirectord as Debian ships it drives the module through ipvsadm: servers that die are
	set to weight 0 or removed, a fallback server stands in, and all return. The rules and
	where requests go are the same under ip_vs and lvs"

cat >"$RUN/ldirectord.cf" <<END
checktimeout=1
negotiatetimeout=1
checkinterval=1
autoreload=no
logfile="$RUN/ldirectord.log"
quiescent=no
virtual=$VIP:80
	real=$RS1:80 masq 1
	real=$RS2:80 masq 1
	fallback=$RS3:80 masq
	service=http
	scheduler=rr
	protocol=tcp
	checktype=negotiate
	request="/"
	receive="rs"
virtual=$VIP:8080
	real=$RS1:8080 masq 3
	real=$RS2:8080 masq 1
	quiescent=yes
	service=http
	scheduler=wrr
	persistent=60
	protocol=tcp
	checktype=connect
END

rules() { in_ns director ipvsadm -Sn | sort; }
rules_are() { [[ $(rules) == "$1" ]]; }
settled() {
	poll "$1" 25 rules_are "$2"
	printf '%s\n' "-- $1" "$2"
}
answers() { requests "$@" && echo; }
stop_web() { kill "$(cat "$RUN/$1/nginx.pid")"; }

A80="-A -t $VIP:80 -s rr" A8080="-A -t $VIP:8080 -s wrr -p 60"
RS1_80="-a -t $VIP:80 -r $RS1:80 -m -w 1" RS2_80="-a -t $VIP:80 -r $RS2:80 -m -w 1"
FALLBACK="-a -t $VIP:80 -r $RS3:80 -m -w 1"
RS1_8080="-a -t $VIP:8080 -r $RS1:8080 -m -w" RS2_8080="-a -t $VIP:8080 -r $RS2:8080 -m -w"
wanted() { printf '%s\n' "$@" | sort; }

trace() {
	web_server rs1 rs2 rs3
	background director ldirectord -d "$RUN/ldirectord.cf" start >"$RUN/ldirectord.out" 2>&1
	settled "all servers" "$(wanted "$A80" "$RS1_80" "$RS2_80" "$A8080" "$RS1_8080 3" "$RS2_8080 1")"
	answers 10

	stop_web rs2
	settled "rs2 died" "$(wanted "$A80" "$RS1_80" "$A8080" "$RS1_8080 3" "$RS2_8080 0")"
	answers 10

	stop_web rs1
	settled "rs1 died too" "$(wanted "$A80" "$FALLBACK" "$A8080" "$RS1_8080 0" "$RS2_8080 0")"
	answers 10

	web_server rs1 rs2
	settled "both returned" "$(wanted "$A80" "$RS1_80" "$RS2_80" "$A8080" "$RS1_8080 3" "$RS2_8080 1")"
	answers 10

	kill $BACKGROUND_PID
	settled "ldirectord ended" ""
}

differential trace
