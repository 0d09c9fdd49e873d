#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Services by firewall mark: over several addresses, ports and protocols, before
# services by address, with NAT, DR and TUN, persistent or not; packet by packet
# as ip_vs.  And a shop whose HTTP and HTTPS go to one server.
. "$(dirname "$0")/lib/common.sh"
. "$LIB/topology.sh"
. "$LIB/services.sh"
. "$LIB/differential.sh"

marks() { python3 "$LIB/marks.py"; }

differential marks
trace=$(cat "$RUN/trace.2")
expect_match "NAT of every marked port" "10\.0\.1\.50:[0-9]+ > 10\.0\.2\.5[012]:443 S" "$trace"
expect_match "the tunnel" "IPIP 10\.0\.2\.1 > 10\.0\.2\.5[012] carries" "$trace"

heading "A shop: HTTP and HTTPS of a client go to one server"
topology
load_module "$LVS_MODULE"
web_server rs1 rs2 rs3
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=shop \
	-keyout "$RUN/key" -out "$RUN/cert" 2>/dev/null
for ns in rs1 rs2 rs3; do
	cat >"$RUN/$ns/tls.conf" <<-END
		user root;
		pid $RUN/$ns/tls.pid;
		events { }
		http {
			access_log off;
			server {
				listen 443 ssl;
				ssl_certificate $RUN/cert;
				ssl_certificate_key $RUN/key;
				location / { return 200 "$ns\n"; }
			}
		}
	END
	in_ns $ns nginx -e "$RUN/$ns/error.log" -c "$RUN/$ns/tls.conf"
done
in_ns director nft -f - <<-END
	table ip shop {
		chain in {
			type filter hook prerouting priority -150;
			ip daddr $VIP tcp dport { 80, 443 } meta mark set 5
		}
	}
END
in_ns director ipvsadm -A -f 5 -s rr -p 60
for server in $RS1 $RS2 $RS3; do in_ns director ipvsadm -a -f 5 -r "$server" -m; done

# shop CLIENT-ADDRESS: the servers of three visits to each port.
shop() {
	in_ns client curl -sk --interface "$1" --connect-timeout 10 --max-time 30 \
		"http://$VIP/?[1-3]" "https://$VIP/?[1-3]" | tally
}
declare -A used=()
for host in 101 102 103; do
	ip -n client addr add 10.0.1.$host/24 dev eth0
	visits=$(shop 10.0.1.$host)
	expect_match "server of client $host" '^rs[123]=6$' "$visits"
	used[$visits]=1
	say "client 10.0.1.$host: $visits"
done
expect_eq "servers that had clients" 3 ${#used[@]}
expect_eq "templates" 3 "$(in_ns director ipvsadm -Lnc | grep -c '^IP ')"

remove_topology
unload_module "$LVS_MODULE"
expect_clean_log
pass
