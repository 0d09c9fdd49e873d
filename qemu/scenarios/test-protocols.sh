#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# AH and ESP, ICMP errors about them and about SCTP, errors that begin connections, sloppy_tcp and ignore_tunneled: packet
# by packet as ip_vs, over IPv4 and IPv6.
. "$(dirname "$0")/lib/common.sh"
. "$LIB/topology.sh"
. "$LIB/services.sh"
. "$LIB/differential.sh"

ipsec() { python3 "$LIB/protocols.py" ipsec; }
ipsec6() { FAMILY=6 python3 "$LIB/protocols.py" ipsec; }
ipsec_life() { python3 "$LIB/protocols.py" life; }
sctp_errors() { python3 "$LIB/protocols.py" sctp; }
sctp_errors6() { FAMILY=6 python3 "$LIB/protocols.py" sctp; }
scheduled() { python3 "$LIB/protocols.py" scheduled; }
scheduled6() { FAMILY=6 python3 "$LIB/protocols.py" scheduled; }
sloppy() { python3 "$LIB/protocols.py" sloppy; }
sloppy6() { FAMILY=6 python3 "$LIB/protocols.py" sloppy; }

heading "AH and ESP follow the key exchange"
differential ipsec
differential ipsec6
differential ipsec_life
heading "ICMP errors about SCTP"
differential sctp_errors
differential sctp_errors6
heading "ICMP errors that begin connections"
differential scheduled
differential scheduled6
heading "sloppy_tcp and ignore_tunneled"
differential sloppy
differential sloppy6
expect_clean_log
pass
