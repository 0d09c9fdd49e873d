#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "AH and ESP, ICMP errors about them and about SCTP, errors that begin connections,
	sloppy_tcp and ignore_tunneled: packet by packet as ip_vs, over IPv4 and IPv6"

ipsec() { python3 "$HERE/protocols.py" ipsec; }
# over_ipv6 WHAT: ip_vs gives ICMPv6 errors behind NAT a wrong checksum, unless they are about TCP
# or UDP.
over_ipv6() {
	FAMILY=6 python3 "$HERE/protocols.py" "$1" >"$RUN/over_ipv6"
	sed 's/ BAD checksum: icmp$//' "$RUN/over_ipv6"
}
# Compares a function that uses it. What goes through DR and TUN damaged stays so.
differential6() {
	differential "$1"
	[[ $LVS_MODULE == ip_vs ]] ||
		expect_eq "$1: wrong checksums" "" "$(grep 'BAD checksum' "$RUN/over_ipv6" | grep -v ' > 10.0.1.100 type ' || true)"
}
ipsec6() { over_ipv6 ipsec; }
ipsec_life() { python3 "$HERE/protocols.py" life; }
sctp_errors() { python3 "$HERE/protocols.py" sctp; }
sctp_errors6() { over_ipv6 sctp; }
scheduled() { python3 "$HERE/protocols.py" scheduled; }
scheduled6() { over_ipv6 scheduled; }
sloppy() { python3 "$HERE/protocols.py" sloppy; }
sloppy6() { over_ipv6 sloppy; }

heading "AH and ESP follow the key exchange"
differential ipsec
differential6 ipsec6
differential ipsec_life
heading "ICMP errors about SCTP"
differential sctp_errors
differential6 sctp_errors6
heading "ICMP errors that begin connections"
differential scheduled
differential6 scheduled6
heading "sloppy_tcp and ignore_tunneled"
differential sloppy
differential6 sloppy6
