#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Services by firewall mark: over several addresses, ports and protocols, before services
	by address, with NAT, DR and TUN, persistent or not; packet by packet as ip_vs. And a shop
	whose HTTP and HTTPS go to one server"

marks() { python3 "$HERE/marks.py"; }

differential marks
trace=$(cat "$RUN/trace.2")
expect_match "NAT of every marked port" "10\.0\.1\.50:[0-9]+ > 10\.0\.2\.5[012]:443 S" "$trace"
expect_match "the tunnel" "IPIP 10\.0\.2\.1 > 10\.0\.2\.5[012] carries" "$trace"

heading "A shop: HTTP and HTTPS of a client go to one server"
dual_stack
load_module "$LVS_MODULE"
shop_servers rs1 rs2 rs3
shop ip $VIP 10.0.1. 24 -- $RS1 $RS2 $RS3
