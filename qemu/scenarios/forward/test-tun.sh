#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "VS/TUN: real servers take ipip packets and answer past the director; outer headers, 1 MB
	transfers that are segmented in the tunnel"

topology
tun_server rs1 rs2 rs3
web_server rs1 rs2 rs3
dns_server rs1 rs2 rs3
load_module "$LVS_MODULE"
add_service_of_three -t 80 -i
add_service_of_three -t 9000 -i
add_service_of_three -u 53 -i

heading "TCP and UDP"
expect_eq "30 requests" "rs1=10 rs2=10 rs3=10" "$(requests 30)"
expect_eq "9 DNS queries" "rs1=3 rs2=3 rs3=3" "$(queries 9)"
expect_downloads
expect_uploads "through the tunnel"

heading "The packet on the wire"
cat >"$RUN/seen.py" <<'END'
from lvs import wire
client = wire.Sender("client")
seen = wire.Capture("rs1", wanted=lambda p: p[9] == wire.IPIP)
wire.ipvsadm("-A", "-t", f"{wire.VIP}:81", "-s", "rr")
wire.ipvsadm("-a", "-t", f"{wire.VIP}:81", "-r", wire.FAKE_SERVER, "-i")
for df in (True, False):
    client.send(wire.tcp(wire.FAKE_CLIENT, 1000 + df, wire.VIP, 81, "S", df=df, tos=0x12, ttl=33))
    print(wire.describe(seen.next()))
END
got=$(python3 "$RUN/seen.py")
inner="TCP 10.0.1.50:1001 > $VIP:81 S ttl 32 tos 0x12 len 40 df=1 mf=0 off=0"
expect_eq "ipip packets at the real server" \
	"IPIP 10.0.2.1 > 10.0.2.50 carries [$inner] ttl 32 tos 0x12 len 60 df=1 mf=0 off=0
IPIP 10.0.2.1 > 10.0.2.50 carries [TCP 10.0.1.50:1000 > $VIP:81 S ttl 32 tos 0x12 len 40] ttl 32 tos 0x12 len 60" "$got"
