# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A shop: HTTP and HTTPS, which one mark groups, so that both of a client go to one server.  Sourced
# after dual_stack.sh and services.sh.

# shop_servers NS...: nginx on ports 80 and 443 of both families, answering with its own name.
shop_servers() {
	local ns
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=shop \
		-keyout "$RUN/key" -out "$RUN/cert" 2>/dev/null
	for ns; do
		mkdir -p "$RUN/$ns"
		cat >"$RUN/$ns/shop.conf" <<-END
			user root;
			pid $RUN/$ns/shop.pid;
			events { }
			http {
				access_log off;
				keepalive_timeout 0;
				server {
					listen [::]:80 ipv6only=off;
					listen [::]:443 ssl ipv6only=off;
					ssl_certificate $RUN/cert;
					ssl_certificate_key $RUN/key;
					location / { return 200 "$ns\n"; }
				}
			}
		END
		in_ns "$ns" nginx -e "$RUN/$ns/error.log" -c "$RUN/$ns/shop.conf"
	done
}

# shop NFT-FAMILY VIP CLIENT-PREFIX LENGTH OPTION... -- SERVER...: three clients, six visits each,
# at one server each.
shop() {
	local family=$1 vip=$2 prefix=$3 length=$4 options=() nodad=() server host visits url=$2
	shift 4
	while [[ $1 != -- ]]; do options+=("$1") && shift; done
	shift
	[[ $vip != *:* ]] || url="[$vip]"
	[[ $family == ip ]] || nodad=(nodad)
	in_ns director nft "add table $family shop; add chain $family shop in { type filter hook prerouting priority -150; };
		add rule $family shop in $family daddr $vip tcp dport { 80, 443 } meta mark set 5"
	in_ns director ipvsadm -A -f 5 "${options[@]}" -s rr -p 60
	for server; do in_ns director ipvsadm -a -f 5 "${options[@]}" -r "$server" -m; done
	declare -A used=()
	for host in 101 102 103; do
		ip -n client addr add "$prefix$host/$length" dev eth0 "${nodad[@]}"
		visits=$(in_ns client curl -sk --interface "$prefix$host" --connect-timeout $((10 * SLOW)) --max-time $((30 * SLOW)) \
			"http://$url/?[1-3]" "https://$url/?[1-3]" | tally)
		expect_match "server of client $host" '^rs[123]=6$' "$visits"
		used[$visits]=1
		say "client $prefix$host: $visits"
	done
	expect_eq "servers that had clients" 3 ${#used[@]}
	expect_eq "templates" 3 "$(in_ns director ipvsadm -Lnc | grep -c '^IP ')"
}
