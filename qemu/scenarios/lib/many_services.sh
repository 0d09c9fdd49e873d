# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Rules by the ten thousand. Sourced by the scenarios that need them.

# many_services SERVICES SERVERS: rules of so many services with so many servers each, in the order
# of a listing that is sorted.
many_services() {
	awk -v services="$1" -v servers="$2" 'BEGIN {
		for (s = 0; s < services; s++) {
			name = sprintf("10.%d.%d.%d:%d", 100 + s / 10000, int(s / 100) % 100, s % 100, 1 + s * 7 % 65535)
			print "-A -t " name " -s " (s % 3 ? "rr" : "wlc")
			for (d = 0; d < servers; d++)
				print "-a -t " name " -r 192.168." int(s / 250) % 250 "." 1 + (s + d) % 250 ":" 8000 + d \
					" -m -w " 1 + (s + d) % 100
		}
	}'
}
