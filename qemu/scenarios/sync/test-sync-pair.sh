#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --peer --append log_buf_len=4M
. "$(dirname "$0")/../lib/scenario.sh"
. "$LIB/peer.sh"
scenario "Two directors in two kernels: what the master has the backup has, kind by kind and counted
	alike, from ip_vs to lvs, from lvs to ip_vs, and from lvs to lvs"

# director NUMBER MODULE: the director of a guest with its servers, and its link to the other one.
director() {
	dual_stack >&2
	joined_link director
	ip -n director addr add "10.77.0.$1/24" dev link0
	ip -n director addr add "fd77::$1/64" dev link0 nodad
	load_module "$2"
	[[ $2 == lvs ]] || modprobe ip_vs_ftp
	in_ns director nft -f - <<-'NFT'
		table ip mangle {
			chain pre {
				type filter hook prerouting priority mangle
				ip daddr 10.0.1.100 tcp dport { 84, 85 } meta mark set 9
			}
		}
	NFT
	in_ns director ipvsadm -R <<-RULES
		-A -t $VIP:80 -s rr
		-a -t $VIP:80 -r $RS1:8080 -m
		-A --sctp-service $VIP:132 -s rr
		-a --sctp-service $VIP:132 -r $RS1:132 -m
		-A -t $VIP:81 -s rr
		-a -t $VIP:81 -r $RS2:81 -g
		-A -t $VIP:82 -s rr
		-a -t $VIP:82 -r $RS3:82 -i
		-A -u $VIP:53 -s rr
		-a -u $VIP:53 -r $RS1:53 -m
		-A -t $VIP:83 -s rr -p 300
		-a -t $VIP:83 -r $RS1:83 -m
		-A -f 9 -s rr -p 400
		-a -f 9 -r $RS1:0 -m
		-A -u $VIP:5060 -s rr -p 60 --pe sip
		-a -u $VIP:5060 -r $RS1:5060 -m
		-A -t [$VIP6]:80 -s rr
		-a -t [$VIP6]:80 -r [$RS1_6]:8080 -m
		-A -t $VIP:21 -s rr
		-a -t $VIP:21 -r $RS1:21 -m
	RULES
}

# The connections of a director: what they are, in which state, and of which origin.
entries() {
	local file=/proc/net/ip_vs_conn_sync
	in_ns director awk 'NR > 1 { print $1, $2, $3, $4, $5, $6, $7, $8 }' $file | sort
}
calls() { in_ns director awk 'NR > 1 && $10 { print $1, $2, $4, $6, $10, $11 }' /proc/net/ip_vs_conn | sort; }
counts() { in_ns director ipvsadm -Ln | awk '/->/ && $5 != "ActiveConn" { print $2, $3, $5, $6 }'; }
persistent() { in_ns director ipvsadm -Ln --persistent-conn | awk '/->/ { print $2, $5 }'; }
daemon() { in_ns director ipvsadm --start-daemon "$1" --mcast-interface link0 --syncid 7 "${@:2}"; }
PEER_FUNCTIONS+=(director entries calls counts persistent daemon)

# States that are told.
told() { grep -vE ' (SYN_RECV|SYN_SENT|LAST_ACK|LISTEN|SYNACK)$'; }

# same WHAT FUNCTION: it says the same here and there.
says_same() {
	"$1" >"$RUN/here"
	peer "$1" >"$RUN/there"
	cmp -s "$RUN/here" "$RUN/there"
}
same() {
	local end=$((SECONDS + 20 * SLOW))
	CHECKS=$((CHECKS + 1))
	until says_same "$2"; do
		if ((SECONDS > end)); then
			diff -u "$RUN/here" "$RUN/there" || true
			fail "$1: the backup has something else"
		fi
		sleep 0.1
	done
	say "$1: $(wc -l <"$RUN/here") lines"
}

# pair MASTER BACKUP [GROUP]
pair() {
	local group=${3:+--mcast-group=$3}
	heading "From $1 to $2${3:+ over $3}"
	director 1 "$1"
	PEER_MODULE=$2 peer director 2 "$2"
	modprobe sctp
	dr_server rs2
	tun_server rs3
	background rs1 python3 "$HERE/echo.py" tcp/8080 tcp/83 tcp/84 tcp/85 udp/53 udp/5060 sctp/132
	background rs2 python3 "$HERE/echo.py" tcp/81
	background rs3 python3 "$HERE/echo.py" tcp/82
	for port in 8080 83 84 85; do poll "rs1 listens" 10 listens rs1 $port; done
	poll "rs1 listens by SCTP" 10 in_ns rs1 grep -q ' 132 ' /proc/net/sctp/eps
	poll "rs2 listens" 10 listens rs2 81
	poll "rs3 listens" 10 listens rs3 82
	# shellcheck disable=SC2086 # an option or none
	peer daemon backup $group
	# shellcheck disable=SC2086
	daemon master $group
	clients "held/$VIP/80/40000/10" "shut/$VIP/80/40100/5" "gone/$VIP/80/40200/5" "held/$VIP/81/41000/5" "held/$VIP/82/42000/5" \
		"udp/$VIP/53/43000/10" "held/$VIP/83/44000/3" "held/$VIP/84/45000/3" "held/$VIP/85/45100/2" \
		"call/$VIP/5060/46000/4" "assoc/$VIP/132/48000/5" "held/$VIP6/80/47000/6"
	same "connections" entries
	same "calls" calls
	same "what servers have" counts
	same "what servers remember" persistent
	clients_go
	in_ns director ipvsadm --stop-daemon master
	peer in_ns director ipvsadm --stop-daemon backup
	if [[ $2 == lvs ]]; then
		peer in_ns director sed -n '/^Sync/,$p' /proc/net/lvs
	fi
	remove_topology
	unload_module "$1"
	peer remove_topology
	peer unload_module "$2"
}

pair ip_vs lvs
pair lvs ip_vs
pair lvs lvs
pair ip_vs lvs ff05::51
pair lvs ip_vs ff05::51
