#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "lvs-upgrade with connection tracking: netfilter has the same connections afterwards, so a
	firewall that admits none in their middle doesn't notice; and with the early path, which is off
	meanwhile and on again afterwards"

. "$HERE/clients.sh"
. "$HERE/upgrades.sh"

set_to() { in_ns director sh -c "echo $2 >/proc/sys/net/$1"; }
value() { in_ns director cat "/proc/sys/net/$1"; }

echo_service
in_ns director nft -f - <<-END
	table inet wall {
		counter stopped {}
		chain in {
			type filter hook prerouting priority filter
			ct state invalid counter name stopped drop
			ct state new tcp flags & syn == 0 counter name stopped drop
		}
	}
END
stopped() { in_ns director nft list counter inet wall stopped | awk '/packets/ { print $2 }'; }
# Netfilter's numbers of the connections to port 7000, which it gives anew to what it takes for new.
tracked() { in_ns director conntrack -L -p tcp --orig-port-dst 7000 -o id 2>/dev/null | sed 's/.* id=//; s/ .*//' | sort; }

heading "Connection tracking"
set_to ipv4/vs/conntrack 1
start_clients busy/tcp/$VIP/7000/20 slow/tcp/$VIP/7000/2 silent/tcp/$VIP/7000/0
all_alive "at first"
tracked >"$RUN/tracked"
expect_eq "connections that netfilter tracks" 3 "$(wc -l <"$RUN/tracked")"
for round in 1 2; do
	upgrade_again
	all_alive "after upgrade $round"
	expect_eq "netfilter's connections" "$(<"$RUN/tracked")" "$(tracked)"
	expect_eq "packets that the firewall stopped" 0 "$(stopped)"
	expect_eq "conntrack" 1 "$(value ipv4/vs/conntrack)"
done

heading "The early path"
in_ns director nft delete table inet wall
set_to ipv4/vs/conntrack 0
set_to lvs/early_path 1
begin 2
all_alive "more connections"
upgrade_again
all_alive "after upgrade 3"
expect_eq "early_path" 1 "$(value lvs/early_path)"
expect_eq "conntrack" 0 "$(value ipv4/vs/conntrack)"
expect_eq "drops that are left" "" "$(in_ns director nft list tables | grep upgrade || true)"
exec 8>&-
