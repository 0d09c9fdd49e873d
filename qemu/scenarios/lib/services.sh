# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Real servers' services and the client's requests.  Sourced after topology.sh.

# web_server NS...: nginx on ports 80 and 8080, answering with its own name.
#   /          the name
#   /big       1 MB
#   /huge      what the scenario makes of it, in $RUN/www
#   /long      1 MB over some three seconds
#   /slow      1 MB over a minute: a response held open
#   /slowest   1 MB over eight minutes
web_server() {
	local ns
	if [[ ! -e $RUN/www/big ]]; then
		mkdir -p "$RUN/www"
		head -c 1048576 /dev/urandom >"$RUN/www/big"
	fi
	chmod 755 "$RUN" "$RUN/www"
	for ns; do
		mkdir -p "$RUN/$ns"
		cat >"$RUN/$ns/nginx.conf" <<-END
			user root;
			worker_processes 1;
			pid $RUN/$ns/nginx.pid;
			error_log $RUN/$ns/error.log;
			events { worker_connections 512; }
			http {
				access_log off;
				sendfile on;
				keepalive_timeout 0;
				default_type text/plain;
				client_body_temp_path $RUN/$ns/body;
				proxy_temp_path $RUN/$ns/proxy;
				fastcgi_temp_path $RUN/$ns/fastcgi;
				uwsgi_temp_path $RUN/$ns/uwsgi;
				scgi_temp_path $RUN/$ns/scgi;
				server {
					listen 80 reuseport;
					listen 8080;
					add_header X-Server $ns always;
					location / { return 200 "$ns\n"; }
					location = /big { root $RUN/www; }
					location = /huge { root $RUN/www; }
					location = /long { alias $RUN/www/big; limit_rate 350k; }
					location = /slow { alias $RUN/www/big; limit_rate 16k; }
					location = /slowest { alias $RUN/www/big; limit_rate 2k; }
				}
			}
		END
		# nginx returns once its sockets listen.
		in_ns "$ns" nginx -p "$RUN/$ns" -e "$RUN/$ns/error.log" -c "$RUN/$ns/nginx.conf" \
			|| fail "nginx of $ns: $(cat "$RUN/$ns/error.log")"
	done
}

# dns_server NS...: dnsmasq that answers the TXT record "who" with its own name, at DNS_PORT
# (default 53).
dns_server() {
	local ns
	for ns; do
		mkdir -p "$RUN/$ns"
		in_ns "$ns" dnsmasq --conf-file=/dev/null --no-resolv --no-hosts --port="${DNS_PORT:-53}" --user=root \
			--pid-file="$RUN/$ns/dnsmasq.${DNS_PORT:-53}.pid" --log-facility="$RUN/$ns/dnsmasq.log" \
			--txt-record=who,"$ns" --host-record="$ns".example,192.0.2.1
	done
}

# tally: counts the lines of the input: "rs1=10 rs2=10 rs3=10".
tally() { sort | uniq -c | awk '{ printf "%s%s=%s", (NR > 1 ? " " : ""), $2, $1 }'; }

# take_ports NAME FIRST COUNT: the first of that many client ports that had no request of this kind
# yet. The kernel would choose ports at random, and a connection from a port that had one before
# may replace that, or go where it went: then no count of who answered is certain. There are 8,000.
take_ports() {
	(
		flock 9
		taken=$(cat <&9)
		echo $(((${taken:-0} + $3) % 8000)) >"$RUN/ports.$1"
		echo $(($2 + ${taken:-0}))
	) 9<>"$RUN/ports.$1"
}

# http COUNT [VIP:PORT]: the answers of that many requests, a new connection each.
http() {
	local port last request=()
	port=$(take_ports http 24000 "$1")
	for ((last = port + $1; port < last; port++)); do
		request+=(--next -s --connect-timeout $((5 * SLOW)) --max-time $((20 * SLOW))
			--local-port "$port" "http://${2:-$VIP}/?$port")
	done
	in_ns client curl "${request[@]:1}" || true
}

# requests COUNT [VIP:PORT]: how many of them each server answered.
requests() { http "$@" | tally; }

# queries COUNT: how many DNS queries each server answered.
queries() {
	local port
	port=$(take_ports queries 16000 "$1")
	in_ns client python3 "$LIB/ask_dns.py" "$VIP" "$port" "$1" $((3 * SLOW)) | tally
}

big_sum() { sha256sum <"$RUN/www/big"; }

# expect_downloads [NOTE]: every server's 1 MB comes whole.
expect_downloads() {
	local i
	for i in 1 2 3; do
		expect_eq "sha256 of download $i${1:+, $1}" "$(big_sum)" \
			"$(in_ns client curl -s --max-time 30 "http://$VIP/big" | sha256sum)"
	done
}

# expect_uploads [NOTE]: 1 MB comes whole to every server, through port 9000 of the virtual address.
expect_uploads() {
	local i
	for i in 1 2 3; do background rs$i python3 "$LIB/sink.py" serve 9000; done
	for i in 1 2 3; do
		poll "the sink of rs$i listens" 10 in_ns rs$i sh -c 'ss -Hltn "sport = :9000" | grep -q .'
		expect_eq "sha256 of upload $i${1:+, $1}" "$(big_sum | cut -d' ' -f1)" \
			"$(in_ns client python3 "$LIB/sink.py" send "$VIP" 9000 "$RUN/www/big")"
	done
}

# hold URL NAME: a request whose response stays open in the background; the
# caller kills the process in HELD_PID.
hold() {
	rm -f "$RUN/held.$2" "$RUN/held.$2.head"
	(exec nsenter --net=/run/netns/client curl -s -N -o "$RUN/held.$2" -D "$RUN/held.$2.head" "$1") &
	HELD_PID=$!
	poll "response to $1 began" 10 grep -qs X-Server "$RUN/held.$2.head"
	HELD_BY=$(sed -n 's/^X-Server: \([a-z0-9]*\).*/\1/p' "$RUN/held.$2.head")
}

# let_go PID...: ends held requests.
let_go() {
	kill "$@" 2>/dev/null || true
	wait "$@" 2>/dev/null || true
}

# clients OPTION...: clients whose connections stay as they are until `clients_go`; the options are
# those of held.py. Returns once all have been served.
clients() {
	rm -f "$RUN/ready" "$RUN/go"
	mkfifo "$RUN/go"
	(exec nsenter --net=/run/netns/client python3 "$LIB/held.py" "$@" <"$RUN/go" >"$RUN/ready" 2>&1) &
	CLIENTS=$!
	exec 8>"$RUN/go"
	poll "the clients are done" 60 grep -q ready "$RUN/ready"
}
clients_go() {
	exec 8>&-
	wait "$CLIENTS"
}

# add_server SERVICE-FLAG SERVICE SERVER METHOD [WEIGHT]
add_server() { admin -a "$1" "$2" -r "$3" "$4" -w "${5:-1}"; }

# add_service_of_three SERVICE-FLAG PORT METHOD [SERVER-PORT]: by round robin, of rs1, rs2 and rs3.
add_service_of_three() {
	local rs
	admin -A "$1" "$VIP:$2" -s rr
	for rs in $RS1 $RS2 $RS3; do admin -a "$1" "$VIP:$2" -r "$rs:${4:-$2}" "$3"; done
}

# add_dual_stack_service SERVICE-FLAG PORT OPTION... METHOD: over IPv4 and IPv6, of three servers.
add_dual_stack_service() {
	local kind=$1 port=$2 method=${!#} options=("${@:3:$#-3}") i
	admin -A "$kind" "$VIP:$port" "${options[@]}"
	admin -A "$kind" "[fd00:1::100]:$port" "${options[@]}"
	for i in 1 2 3; do
		admin -a "$kind" "$VIP:$port" -r "10.0.2.1$i:$port" "$method"
		admin -a "$kind" "[fd00:1::100]:$port" -r "[fd00:2::1$i]:$port" "$method"
	done
}

# active SERVER:PORT / inactive SERVER:PORT: the listed connection counts.
active() { admin -Ln | awk -v s="$1" '$2 == s { print $5 }'; }
inactive() { admin -Ln | awk -v s="$1" '$2 == s { print $6 }'; }
