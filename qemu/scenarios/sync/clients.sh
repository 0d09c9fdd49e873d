# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Clients whose connections have to live through what happens to directors: clients.py. Sourced
# after scenario.sh.

# knows NS PORT...: the director knows connections from these ports, in hexadecimal.
knows() {
	local port
	for port in "${@:2}"; do in_ns "$1" grep -q " $port .*ESTABLISHED" /proc/net/ip_vs_conn || return 1; done
}
# begin [N]: so many connections more to each TCP target, whose ports are in YOUNG.
begin() {
	local before
	before=$(grep -c '^begun' "$RUN/clients" || true)
	echo "begin ${1:-1}" >&8
	begun() { (($(grep -c '^begun' "$RUN/clients" || true) > $1)); }
	poll "more connections" 20 begun "$before"
	read -ra YOUNG < <(sed -n 's/^begun //p' "$RUN/clients" | tail -n 1)
}

# start_clients TARGET...: see clients.py.
start_clients() {
	mkfifo "$RUN/ask"
	(exec nsenter --net=/run/netns/client python3 "$HERE/clients.py" "$@" <"$RUN/ask" >"$RUN/clients" 2>&1) &
	disown
	exec 8>"$RUN/ask"
	poll "the clients" 60 grep -q ready "$RUN/clients"
}
# ask_clients WORD: what they say is in $RUN/state.
ask_clients() {
	local before
	before=$(grep -c '^checked' "$RUN/clients" || true)
	echo "$1" >&8
	checked() { (($(grep -c '^checked' "$RUN/clients" || true) > before)); }
	poll "the clients are asked" 120 checked
	tac "$RUN/clients" | awk 'NR > 1 && !/alive|dead/ { exit } { print }' >"$RUN/state"
}
# summary WHEN
summary() {
	say "$1: $(grep -c alive "$RUN/state") connections alive, $(grep -c dead "$RUN/state" || true) dead, the longest gap $(sed -n 's/.*longest gap //p' "$RUN/state" | sort -n | tail -n 1)"
}
# all_alive WHEN [WORD]
all_alive() {
	ask_clients "${2:-check}"
	expect_no_match "$1" dead "$(<"$RUN/state")"
	summary "$1"
}
