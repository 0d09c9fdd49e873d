#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "FTP through NAT: active and passive, in the old words and the new, over both families,
	with and without connection tracking and netfilter's own helper. Servers are Debian's
	vsftpd, clients its curl, lftp and tnftp; the virtual address is longer than the servers'
	when it is written down. Transfers must be whole, and go to the control connection's
	server"

VIP=10.0.1.100
LONG_VIP=10.100.100.100
conntrack() { in_ns director sh -c "echo $1 >/proc/sys/net/ipv4/vs/conntrack"; }
nft_rules() { in_ns director nft "$@"; }

network() {
	dual_stack
	ip -n director addr add $LONG_VIP/32 dev front
	ip -n client route add $LONG_VIP/32 via 10.0.1.1
	# From the beginning, so that every connection is tracked from its first packet on when
	# that is wanted.
	nft_rules "table inet tracked { chain first { type filter hook prerouting priority 0; ct state established accept; }; }"
	load_module "$LVS_MODULE"
	if [[ $LVS_MODULE == ip_vs ]]; then modprobe ip_vs_ftp; fi
}
# services [FLAG...]: port 21 of the virtual addresses, by rr.
services() {
	local vip
	admin -C
	for vip in $LONG_VIP "[$VIP6]"; do
		admin -A -t "$vip:21" -s rr "$@"
		if [[ $vip == "[$VIP6]" ]]; then
			admin -a -t "$vip:21" -r "[$RS1_6]:21" -m
			admin -a -t "$vip:21" -r "[$RS2_6]:21" -m
		else
			admin -a -t "$vip:21" -r $RS1:21 -m
			admin -a -t "$vip:21" -r $RS2:21 -m
		fi
	done
}
one() { in_ns client curl -sS --connect-timeout 10 --max-time 30 "$@"; }
dialogue() { in_ns client python3 "$HERE/ftp_dialogue.py" client "$@"; }

heading "Segment by segment, the same as ip_vs"
by_hand() {
	topology
	# ip_vs leaves checksums to the device.
	in_ns director ethtool -K front tx off >/dev/null
	ip -n director addr add $LONG_VIP/32 dev front
	ip -n client route add $LONG_VIP/32 via 10.0.1.1
	if [[ $module == ip_vs ]]; then modprobe ip_vs_ftp; fi
	admin -A -t $LONG_VIP:21 -s rr
	admin -a -t $LONG_VIP:21 -r 10.0.2.50:21 -m
}
segments() { python3 "$HERE/ftp_wire.py"; }
differential segments by_hand
expect_match "the reply is translated" "at the client PA 5012 acknowledging 1007 '227 Entering Passive Mode \(10,100,100,100,156,64\)" \
	"$(cat "$RUN/trace.2")"

if [[ $LVS_MODULE == lvs ]]; then
	heading "Segments that are sent again"
	module=lvs
	load_module lvs
	by_hand
	again=$(python3 "$HERE/ftp_wire.py" again)
	expect_eq "segments that arrive as they did before" "30 of 30" \
		"$(grep -c '^   as before' <<<"$again") of $(grep -c ', again: ' <<<"$again")"
	expect_no_match "checksums" BAD "$again"
	remove_topology
	unload_module lvs
fi

network
expect_eq "/proc/net/ip_vs_app" "prot port    usecnt name|TCP  21      0      ftp              |" \
	"$(in_ns director cat /proc/net/ip_vs_app | tr '\n' '|')"

heading "curl"
ftp_server rs1 rs2
big=$(sha256sum <"$RUN/ftp/big")
for setting in 0 1; do
	conntrack $setting
	for options in "" "-p"; do
		# shellcheck disable=SC2086
		services $options
		for host in $LONG_VIP "[$VIP6]"; do
			for how in "--disable-epsv" "" "--ftp-port - --disable-eprt" "--ftp-port -"; do
				[[ $host == "$LONG_VIP" || $how != *--disable* ]] || continue
				# shellcheck disable=SC2086
				got=$(one $how "ftp://$host/big" | sha256sum)
				expect_eq "conntrack=$setting $options $host $how: what was got" "$big" "$got"
			done
		done
		say "conntrack=$setting ${options:-without persistence}: 6 transfers are whole"
	done
	services
	for host in $LONG_VIP "[$VIP6]"; do
		rm -f "$RUN"/ftp-rs?/root/in/up
		one -T "$RUN/ftp/big" "ftp://$host/in/up"
		expect_eq "conntrack=$setting $host: what was put" "$big" "$(cat "$RUN"/ftp-rs?/root/in/up | sha256sum)"
	done
	# Several transfers over one control connection: each changes the stream's length once more.
	answers=$(one --disable-epsv "ftp://$LONG_VIP/data" "ftp://$LONG_VIP/data" "ftp://$LONG_VIP/data" | tally)
	expect_match "conntrack=$setting: one control connection, one server" "^rs[12]=3$" "$answers"
done

heading "lftp and tnftp"
for setting in 0 1; do
	conntrack $setting
	services
	rm -f "$RUN/lftp" "$RUN/lftp.active"
	in_ns client lftp -c "set net:timeout 10; set net:max-retries 2; set ftp:prefer-epsv no; open $LONG_VIP; ls; get big -o $RUN/lftp; cat data; cat data" >"$RUN/lftp.out"
	expect_eq "lftp: what was got" "$big" "$(sha256sum <"$RUN/lftp")"
	expect_eq "lftp: one server" 1 "$(grep '^rs' "$RUN/lftp.out" | sort -u | wc -l)"
	in_ns client lftp -c "set net:timeout 10; set net:max-retries 2; set ftp:passive-mode no; open $LONG_VIP; get big -o $RUN/lftp.active"
	expect_eq "lftp, active: what was got" "$big" "$(sha256sum <"$RUN/lftp.active")"
	for host in $LONG_VIP "[$VIP6]"; do
		rm -f "$RUN/tnftp"
		in_ns client tnftp -V -o "$RUN/tnftp" "ftp://$host/big" >/dev/null
		expect_eq "tnftp from $host: what was got" "$big" "$(sha256sum <"$RUN/tnftp")"
		rm -f "$RUN/tnftp"
		in_ns client tnftp -A -V -o "$RUN/tnftp" "ftp://$host/big" >/dev/null
		expect_eq "tnftp, active, from $host: what was got" "$big" "$(sha256sum <"$RUN/tnftp")"
	done
done

heading "The control connection's server has the data connections"
for rs in rs1 rs2; do
	# shellcheck disable=SC2046
	kill $(ip netns pids $rs) 2>/dev/null || true
	poll "vsftpd of $rs is gone" 10 sh -c "! nsenter --net=/run/netns/$rs ss -ltnH 'sport = :21' | grep -q ."
	for address in 10.0.2.1${rs#rs} 2001:db8:2::1${rs#rs}; do
		# What address a server announces counts for nothing, but to ip_vs.
		announced=$address
		[[ $LVS_MODULE == ip_vs || $address == *:* ]] || announced=192.168.200.200
		background $rs python3 "$HERE/ftp_dialogue.py" server "$address" "$rs" "$announced"
	done
	poll "$rs serves" 10 sh -c "[ \$(nsenter --net=/run/netns/$rs ss -ltnH 'sport = :21' | wc -l) = 2 ]"
done
for setting in 0 1; do
	conntrack $setting
	services
	for vip in $LONG_VIP $VIP6; do
		modes=(PASV EPSV PASV PORT EPRT PASV EPSV)
		[[ $vip == "$LONG_VIP" ]] || modes=(EPSV EPRT EPSV)
		for i in 1 2; do dialogue "$vip" "${modes[@]}"; done >"$RUN/dialogue"
		expect_eq "conntrack=$setting: each of two servers had all of one client's" "2 ${#modes[@]}" \
			"$(awk '{ print $2 }' "$RUN/dialogue" | uniq -c | awk '{ n++; c = $1 } END { print n, c }')"
		expect_no_match "conntrack=$setting: addresses that clients see" "from (10\.0\.2|192\.168|2001:db8:2:)" "$(cat "$RUN/dialogue")"
		[[ $vip != "$LONG_VIP" ]] ||
			expect_match "conntrack=$setting: active ones come from port 20" "PORT: rs[12] from $LONG_VIP:20" "$(cat "$RUN/dialogue")"
	done
	expect_eq "conntrack=$setting: nothing is expected any more" "" "$(in_ns director ipvsadm -Lnc | grep 'LISTEN.*:0 ' || true)"
done
if [[ $LVS_MODULE == lvs ]]; then
	dialogue $LONG_VIP "EPSV ALL" EPSV EPSV >"$RUN/dialogue"
	expect_eq "EPSV ALL" 2 "$(grep -c EPSV "$RUN/dialogue")"
fi

heading "By a mark"
nft_rules "table inet marks { chain in { type filter hook prerouting priority -150;
	ip daddr $LONG_VIP tcp dport 21 meta mark set 7; ip6 daddr $VIP6 tcp dport 21 meta mark set 8; }; }"
for setting in 0 1; do
	conntrack $setting
	admin -C
	admin -A -f 7 -s rr -p 60
	admin -a -f 7 -r $RS1 -m
	admin -a -f 7 -r $RS2 -m
	admin -A -f 8 -6 -s rr -p 60
	admin -a -f 8 -6 -r "[$RS1_6]:0" -m
	admin -a -f 8 -6 -r "[$RS2_6]:0" -m
	for vip in $LONG_VIP $VIP6; do
		modes=(PASV EPSV PORT EPRT PASV)
		[[ $vip == "$LONG_VIP" ]] || modes=(EPSV EPRT EPSV)
		for i in 1 2; do dialogue "$vip" "${modes[@]}"; done >"$RUN/dialogue"
		expect_eq "conntrack=$setting: a client has all from one server" "1 $((2 * ${#modes[@]}))" \
			"$(awk '{ print $2 }' "$RUN/dialogue" | sort | uniq -c | awk '{ n++; c = $1 } END { print n, c }')"
		expect_no_match "conntrack=$setting: addresses that clients see" "from (10\.0\.2|192\.168|2001:db8:2:)" "$(cat "$RUN/dialogue")"
	done
done
services
conntrack 1
nft_rules delete table inet marks

heading "The other connections that a control connection has"
mkfifo "$RUN/go"
(exec nsenter --net=/run/netns/client python3 -c "
import sys
sys.path.insert(0, '$HERE')
import ftp_dialogue
client = ftp_dialogue.Client('$LONG_VIP')
print(client.say('PASV', '227'), flush=True)
input()
client.transfer('PASV')
" <"$RUN/go" >"$RUN/waiting") &
waiter=$!
exec 7>"$RUN/go"
poll "the reply is there" 10 grep -q '^227' "$RUN/waiting"
expect_match "the reply names the virtual address" "^227 Entering Passive Mode \(10,100,100,100,[0-9]+,[0-9]+\)\.$" "$(cat "$RUN/waiting")"
listed=$(in_ns director ipvsadm -Lnc | grep 'LISTEN.*:0 ')
expect_match "a connection from any port is expected" \
	"^TCP 0[12]:[0-9]+ +LISTEN +$CLIENT:0 +$LONG_VIP:([0-9]+) +10.0.2.1[12]:([0-9]+)$" "$listed"
expect_match "/proc/net/ip_vs_app counts" "TCP +21 +[1-9]" "$(in_ns director cat /proc/net/ip_vs_app)"
echo >&7
wait $waiter
exec 7>&-
expect_match "another request goes on" "PASV: rs[12] from $LONG_VIP" "$(cat "$RUN/waiting")"

if [[ $LVS_MODULE == lvs ]]; then
	heading "Netfilter's own helper, and a firewall that lets in what is related"
	conntrack 1
	modprobe nf_conntrack_ftp
	nft_rules -f - <<-END
		table inet firewall {
			ct helper ftp { type "ftp" protocol tcp; }
			chain helped { type filter hook prerouting priority -100; tcp dport 21 ct helper set "ftp"; }
			chain in { type filter hook input priority 10; policy drop;
				meta l4proto {icmp, icmpv6} accept
				ct state {established, related} accept; ct state new tcp dport 21 accept; }
			chain pass { type filter hook forward priority 10; policy drop;
				meta l4proto {icmp, icmpv6} accept
				ct state {established, related} accept; }
			chain watch { type filter hook prerouting priority 0; ct state invalid counter; }
		}
	END
	dialogue $LONG_VIP PASV EPSV PORT EPRT PASV >"$RUN/dialogue"
	expect_eq "all transfers" 5 "$(grep -c 'rs[12]' "$RUN/dialogue")"
	dialogue $VIP6 EPSV EPRT EPSV >"$RUN/dialogue"
	expect_eq "all transfers over IPv6" 3 "$(grep -c 'rs[12]' "$RUN/dialogue")"
	expect_match "nothing is called invalid" "counter packets 0 " "$(nft_rules list chain inet firewall watch)"
	nft_rules delete table inet firewall
fi

heading "The namespace is deleted while control connections live, and data is expected"
expected=$(in_ns director ipvsadm -Lnc | grep -c 'LISTEN.*:0 ' || true)
(exec nsenter --net=/run/netns/client python3 -c "
import sys, time
sys.path.insert(0, '$HERE')
import ftp_dialogue
clients = [ftp_dialogue.Client('$LONG_VIP') for _ in range(8)]
for client in clients:
    client.transfer('PASV')
    client.say('PASV', '227')
print('ready', flush=True)
time.sleep(1000)
" >"$RUN/alive") &
at_exit "kill $!"
poll "control connections are there" 20 grep -q ready "$RUN/alive"
expect_eq "that many more are expected" $((expected + 8)) "$(in_ns director ipvsadm -Lnc | grep -c 'LISTEN.*:0 ')"
remove_topology
unload_module "$LVS_MODULE"

if [[ $LVS_MODULE == lvs ]]; then
	heading "Other ports"
	LVS_PARAMETERS="ports=2121,21" load_module lvs
	expect_eq "/proc/net/ip_vs_app" "TCP  21      0      ftp              |TCP  2121    0      ftp              |" \
		"$(tail -n +2 /proc/net/ip_vs_app | tr '\n' '|')"
	unload_module lvs
fi
