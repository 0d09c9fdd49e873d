#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Services by firewall mark over IPv6: over several addresses, ports and protocols, before
	services by address, with NAT, DR and TUN, persistent or not; packet by packet as ip_vs.
	And a shop whose HTTP and HTTPS go to one server"

marks() { FAMILY=6 python3 "$HERE/marks.py"; }

differential marks
trace=$(cat "$RUN/trace.2")
client='10\.0\.1\.50:[0-9]+' server='10\.0\.2\.5[012]'
expect_match "NAT of every marked port" "TCP $client > $server:443 S" "$trace"
expect_match "NAT of every marked protocol" "UDP $client > $server:53" "$trace"
expect_match "DR" "TCP $client > 10\.9\.0\.1:80 S" "$trace"
expect_match "the tunnel" "IPv6 10\.0\.2\.1 > $server carries \[TCP $client > " "$trace"
expect_match "a mark's template" "IP 10\.0\.1\.50 0 .* -> 10\.0\.2\.5[012] 0" "$trace"
expect_eq "refused commands" "" "$(grep -E '^(nft:|-[A-Za-z] .* -> )' <<<"$trace" || true)"

heading "A shop: HTTP and HTTPS of a client go to one server"
dual_stack
load_module "$LVS_MODULE"
shop_servers rs1 rs2 rs3
shop ip6 $VIP6 2001:db8:1:: 64 -6 -- $RS1_6 $RS2_6 $RS3_6
