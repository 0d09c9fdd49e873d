#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Persistence over IPv6 as by ip_vs: by address, by prefix (-M 64, -M 124), FTP and any
	port, for as long, whatever becomes of servers and settings"

# shellcheck disable=SC2086
persistence() { FAMILY=6 python3 "$HERE/persist.py" ${CASES:-}; }

differential persistence
trace=$(cat "$RUN/trace.2")
one='10\.0\.2\.5[0-9]:8000'
expect_match "a client keeps its server" "one client: ($one) \\1 \\1 \\1"$'\n' "$trace "
expect_match "all of a /64 have one server" "a network: ($one) \\1 \\1"$'\n' "$trace"
expect_match "a service of any port" $'ports: (10\\.0\\.2\\.5[0-9]):1 \\1:80 \\1:443 \\1:50000\n' "$trace"
expect_match "weight 0 keeps known clients" "all quiescent: known clients: $one $one $one"$'\n'"all quiescent: an unknown one: none" "$trace"
