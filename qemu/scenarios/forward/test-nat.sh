#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "VS/NAT: TCP and UDP, 1 MB both ways with offloads on, client ports from end to end of
	the range, port translation"

with_topology rs1 rs2 rs3
dns_server rs1 rs2 rs3

heading "TCP, with and without a translated port"
add_service_of_three -t 80 -m
add_service_of_three -t 81 -m 8080
expect_eq "30 requests to port 80" "rs1=10 rs2=10 rs3=10" "$(requests 30 $VIP:80)"
expect_eq "30 requests to port 81, served on 8080" "rs1=10 rs2=10 rs3=10" "$(requests 30 $VIP:81)"

heading "Client ports"
for port in 1 20 1023 1024 32768 65535; do
	answer=$(in_ns client curl -s --max-time 10 --local-port $port "http://$VIP/" || true)
	# Nothing is scheduled from port 20, the data port of FTP.
	if [[ $port == 20 ]]; then
		expect_eq "answer to client port 20" "" "$answer"
	else
		expect_match "answer to client port $port" '^rs[123]$' "$answer"
	fi
done

heading "1 MB both ways, with offloads on"
for dev in front back; do
	features=$(in_ns director ethtool -k $dev | grep -E '^(tx-checksumming|generic-segmentation-offload|tcp-segmentation-offload):')
	say "director, $dev: ${features//$'\n'/, }"
	expect_eq "offloads on of $dev" 3 "$(grep -c ': on' <<<"$features")"
done
expect_downloads
add_service_of_three -t 9000 -m
expect_uploads
for ns in client rs1 rs2 rs3 director; do
	expect_eq "TCP checksum errors in $ns" 0 "$(in_ns $ns nstat -asz TcpInCsumErrors | awk '/TcpInCsum/ { print $2 }')"
done

heading "UDP"
add_service_of_three -u 53 -m
expect_eq "9 DNS queries" "rs1=3 rs2=3 rs3=3" "$(queries 9)"
for ns in client rs1 rs2 rs3; do
	expect_eq "UDP checksum errors in $ns" 0 "$(in_ns $ns nstat -asz UdpInCsumErrors | awk '/UdpInCsum/ { print $2 }')"
done
