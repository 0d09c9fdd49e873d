#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "VS/DR: real servers own the VIP and answer past the director; the packet on the wire is
	the client's, one hop older"

topology
dr_server rs1 rs2 rs3
web_server rs1 rs2 rs3
dns_server rs1 rs2 rs3
load_module "$LVS_MODULE"
add_service_of_three -t 80 -g
add_service_of_three -u 53 -g

heading "TCP and UDP"
expect_eq "30 requests" "rs1=10 rs2=10 rs3=10" "$(requests 30)"
expect_eq "9 DNS queries" "rs1=3 rs2=3 rs3=3" "$(queries 9)"
expect_downloads

heading "The director sees one direction only"
# ip_vs brings its counters up to date every two seconds.
counted() { [[ $(admin -Ln --stats --exact | awk '$1 == "TCP" { print ($4 > 100) " " $5 " " $7 }') == "1 0 0" ]]; }
poll "packets in, none and no bytes out" 10 counted
expect_eq "forwarding in the listing" 6 "$(admin -Ln | grep -c 'Route')"

heading "The packet on the wire"
cat >"$RUN/seen.py" <<'END'
from lvs import wire
client = wire.Sender("client")
seen = wire.Capture("rs1", wanted=lambda p: p[9] in (wire.TCP, wire.UDP) and wire.ports(p)[3] in (81, 54))
wire.ipvsadm("-A", "-t", f"{wire.VIP}:81", "-s", "rr")
wire.ipvsadm("-a", "-t", f"{wire.VIP}:81", "-r", wire.FAKE_SERVER, "-g")
wire.ipvsadm("-A", "-u", f"{wire.VIP}:54", "-s", "rr")
wire.ipvsadm("-a", "-u", f"{wire.VIP}:54", "-r", wire.FAKE_SERVER, "-g")
client.send(wire.tcp(wire.FAKE_CLIENT, 1000, wire.VIP, 81, "S", df=True, tos=0x10))
print(wire.describe(seen.next()))
client.send(wire.udp(wire.FAKE_CLIENT, 1000, wire.VIP, 54, b"hello", with_checksum=False, ttl=3))
print(wire.describe(seen.next()))
END
got=$(python3 "$RUN/seen.py")
expect_eq "packets at the real server" \
	"TCP 10.0.1.50:1000 > $VIP:81 S ttl 63 tos 0x10 len 40 df=1 mf=0 off=0
UDP 10.0.1.50:1000 > $VIP:54 ttl 2 tos 0x0 len 33" "$got"
