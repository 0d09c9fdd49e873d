#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "keepalived as Debian ships it drives the module: TCP and HTTP checks, servers that die
	and return, one that answers with an error, one that is inhibited instead of removed, a
	sorry server, changed weights by reload. The rules it leaves and where requests go are the
	same under ip_vs and lvs"

# configuration WEIGHT-OF-RS1: the balancer of all phases.
configuration() {
	cat >"$RUN/keepalived.conf" <<-END
		virtual_server $VIP 80 {
			delay_loop 0.5
			retry 0
			lvs_sched wrr
			lvs_method NAT
			protocol TCP
			sorry_server $RS3 8080
			real_server $RS1 80 {
				weight $1
				TCP_CHECK {
					connect_timeout 1
				}
			}
			real_server $RS2 80 {
				weight 1
				inhibit_on_failure
				TCP_CHECK {
					connect_timeout 1
				}
			}
		}
		virtual_server $VIP 8080 {
			delay_loop 0.5
			retry 0
			lvs_sched wlc
			lvs_method NAT
			persistence_timeout 300
			protocol TCP
			real_server $RS1 80 {
				weight 1
				HTTP_GET {
					url {
						path /
						status_code 200
					}
					connect_timeout 1
				}
			}
			real_server $RS2 8080 {
				weight 2
				HTTP_GET {
					url {
						path /
						status_code 200
					}
					connect_timeout 1
				}
			}
		}
		virtual_server fwmark 7 {
			delay_loop 0.5
			retry 0
			lvs_sched rr
			lvs_method DR
			protocol TCP
			real_server $RS1 80 {
				weight 1
				TCP_CHECK {
					connect_timeout 1
				}
			}
		}
	END
}

# rules: services and servers without their connections.
rules() { in_ns director ipvsadm -Sn | sort; }
rules_are() { [[ $(rules) == "$1" ]]; }

# settled WHAT RULES: waits for keepalived to have made the rules, and traces them.
settled() {
	poll "$1" 15 rules_are "$2"
	printf '%s\n' "-- $1" "$2"
	in_ns director ipvsadm -Ln --persistent-conn | sed 1d | sort
}
# answers COUNT [VIP:PORT]: a line of how many requests each server answered.
answers() { requests "$@" && echo; }
# status_of NS CODE: what its web server answers with from now on.
status_of() {
	sed -i "s/return [0-9]* /return $2 /" "$RUN/$1/nginx.conf"
	kill -HUP "$(cat "$RUN/$1/nginx.pid")"
}
stop_web() { kill "$(cat "$RUN/$1/nginx.pid")"; }

A80="-A -t $VIP:80 -s wrr" A8080="-A -t $VIP:8080 -s wlc -p 300" MARK7="-A -f 7 -s rr"
RS1_80="-a -t $VIP:80 -r $RS1:80 -m -w" RS2_80="-a -t $VIP:80 -r $RS2:80 -m -w"
SORRY="-a -t $VIP:80 -r $RS3:8080 -m -w 1"
RS1_8080="-a -t $VIP:8080 -r $RS1:80 -m -w 1" RS2_8080="-a -t $VIP:8080 -r $RS2:8080 -m -w 2"
RS1_MARK="-a -f 7 -r $RS1:0 -g -w 1"
wanted() { printf '%s\n' "$@" | sort; }

trace() {
	web_server rs1 rs2 rs3
	configuration 1
	background director keepalived --check --dont-fork --log-console -f "$RUN/keepalived.conf" -p "$RUN/keepalived.pid" \
		-c "$RUN/checkers.pid" >"$RUN/keepalived.log" 2>&1
	settled "all servers" "$(wanted "$A80" "$RS1_80 1" "$RS2_80 1" "$A8080" "$RS1_8080" "$RS2_8080" "$MARK7" "$RS1_MARK")"
	answers 10
	answers 4 $VIP:8080

	stop_web rs2
	settled "rs2 died" "$(wanted "$A80" "$RS1_80 1" "$RS2_80 0" "$A8080" "$RS1_8080" "$MARK7" "$RS1_MARK")"
	answers 10

	stop_web rs1
	settled "rs1 died too" "$(wanted "$A80" "$SORRY" "$RS2_80 0" "$A8080" "$MARK7")"
	answers 10

	web_server rs1
	settled "rs1 returned" "$(wanted "$A80" "$RS1_80 1" "$RS2_80 0" "$A8080" "$RS1_8080" "$MARK7" "$RS1_MARK")"
	answers 10
	web_server rs2
	settled "rs2 returned" "$(wanted "$A80" "$RS1_80 1" "$RS2_80 1" "$A8080" "$RS1_8080" "$RS2_8080" "$MARK7" "$RS1_MARK")"
	answers 10

	# What only the HTTP check sees: the port is open, but all is lost.
	status_of rs1 503
	settled "rs1 answers with 503" "$(wanted "$A80" "$RS1_80 1" "$RS2_80 1" "$A8080" "$RS2_8080" "$MARK7" "$RS1_MARK")"
	answers 4 $VIP:8080
	status_of rs1 200
	settled "rs1 answers with 200 again" "$(wanted "$A80" "$RS1_80 1" "$RS2_80 1" "$A8080" "$RS1_8080" "$RS2_8080" "$MARK7" "$RS1_MARK")"

	configuration 4
	kill -HUP $BACKGROUND_PID
	settled "another weight" "$(wanted "$A80" "$RS1_80 4" "$RS2_80 1" "$A8080" "$RS1_8080" "$RS2_8080" "$MARK7" "$RS1_MARK")"
	answers 10

	kill $BACKGROUND_PID
	settled "keepalived ended" ""
}

differential trace
