#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# MINUTES  how long (default 10)
# SEED     of what is drawn (default 1); what happens at the same time differs all the same
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Concurrency soak: TCP, SCTP, FTP and UDP over IPv4 and IPv6 through NAT, DR and TUN on
	two processors while services, servers, weights, schedulers and settings change at random,
	the table is resized, namespaces come and go, everything is listed, interfaces flap, and
	the module is unloaded and loaded under traffic. soak.py tells what must never happen"

: "${MINUTES:=10}" "${SEED:=1}"
export PYTHON_COLORS=0 RUN
for module in sctp ip_gre fou; do modprobe -q $module || true; done
# Stock ipvsadm would have ip_vs loaded while lvs is away.
echo "install ip_vs false" >/etc/modprobe.d/soak.conf
topology
nat_server rs1
dr_server rs2
tun_server rs3
ip -n rs3 link add plain type gre local $RS3 remote any
ip -n rs3 link set plain up
in_ns rs3 ip fou add port 6080 gue
set_sysctls rs3 0
pktgen_servers
in_ns director sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.front.keep_addr_on_down=1 \
	net.ipv6.conf.back.keep_addr_on_down=1
ip -n director -batch - <<-END
	addr add fd00:1::1/64 dev front nodad
	addr add fd00:1::100/128 dev front nodad
	addr add fd00:2::1/64 dev back nodad
END
ip -n client addr add fd00:1::10/64 dev eth0 nodad
for i in 1 2 3; do
	ip -n rs$i addr add fd00:2::1$i/64 dev eth0 nodad
	ip -n rs$i -6 route add default via fd00:2::1
	background rs$i python3 "$HERE/soak_server.py" rs$i 8000 8001 >"$RUN/server$i"
done
ftp_server rs1 rs2 rs3
for i in 1 2 3; do poll "server $i is ready" 30 grep -q ready "$RUN/server$i"; done

python3 "$HERE/soak.py" "$MINUTES" "$SEED" || fail "see above"
CHECKS=$((CHECKS + 1))
