# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What scenarios of lvs-upgrade share. Sourced after scenario.sh and clients.sh.

# upgrade MODULE [OPTION...]
upgrade() { IPVSADM_RS=/lvs/ipvsadm-rs /lvs/packaging/lvs-upgrade "$@"; }
# upgrade_again: to the same build; it has to succeed, and what it says is printed.
upgrade_again() {
	upgrade /lvs/lvs.ko >"$RUN/upgrade" 2>&1 || fail "lvs-upgrade: $(<"$RUN/upgrade")"
	sed 's/^/  /' "$RUN/upgrade"
}
# echo_service: port 7000 of a server behind NAT.
echo_service() {
	topology
	background rs1 python3 "$HERE/echo.py" tcp/7000
	load_module lvs
	admin -R <<-RULES
		-A -t $VIP:7000 -s rr
		-a -t $VIP:7000 -r $RS1:7000 -m
	RULES
}
