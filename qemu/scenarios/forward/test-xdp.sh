#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "XDP in front of the stack: frames of established connections leave without a packet made
	of them, and arrive whole, whatever the method; all others are passed on as they came; who
	can't have it is told why; and nothing is left of it"

xdp() { in_ns director "$ADMIN" xdp "$@"; }
# refused PATTERN WORDS...: the command fails and says why.
refused() {
	local said
	if said=$(xdp "${@:2}" 2>&1); then fail "xdp ${*:2} succeeded: $said"; fi
	expect_match "xdp ${*:2}" "$1" "$said"
}
# counted DEVICE WHAT: frames that the device received as its driver counts them: packets, redirect.
counted() { in_ns director ethtool -S "$1" | awk -v what="_xdp_$2:" '/ rx_queue_/ && index($1, what) { sum += $2 } END { print sum + 0 }'; }
# redirected DEVICE: those that left by another.
redirected() { counted "$1" redirect; }

ADMIN=/lvs/ipvsadm-rs

heading "Without the module"
topology
refused "lvs isn't loaded" attach front
load_module lvs
if [[ ! -e /sys/kernel/btf/vmlinux ]]; then
	heading "A kernel that can't"
	refused "no type information" attach front
	refused "no type information" check
	expect_eq "nothing is attached" "" "$(xdp list)"
	say "NOT TESTED HERE: everything else, which takes a kernel with type information and a compiler of"
	say "BPF programs. The stock kernel runs it, as one of qemu/run/acceptance.list."
	exit 0
fi
remove_topology
dual_stack
web_server rs1 rs2
dns_server rs1
tagged() { ip -n "$1" link add link "$2" name "$2.10" type vlan id 10; }

# Of the director's peers, so that frames may be sent to them as such. The others' would merge
# segments into what is larger than the MTU.
for device in front back; do in_ns switch ethtool -K $device gro on; done
for device in client rs1 rs2; do in_ns switch ethtool -K $device gro off; done

heading "Devices that can't have it"
refused "no such device" attach nowhere
refused "no native XDP" attach lo
refused "ethtool -K front rx-vlan-hw-parse off" attach front
refused "ethtool -K front rx-vlan-hw-parse off" check front
for device in front back; do in_ns director ethtool -K $device rx-vlan-hw-parse off rx-vlan-stag-hw-parse off; done
tagged director front
refused "attach to front" attach front.10
mount -t bpf bpf /sys/fs/bpf 2>/dev/null || true
in_ns director python3 "$HERE/xdp.py" other /sys/fs/bpf/other
in_ns director ip link set dev front xdpdrv pinned /sys/fs/bpf/other
refused "another program" attach front
refused "isn't attached" detach front
in_ns director ip link set dev front xdp off
rm /sys/fs/bpf/other
if said=$(in_ns director setpriv --bounding-set=-sys_admin "$ADMIN" xdp attach front 2>&1); then fail "it was permitted"; fi
expect_match "without rights" "not permitted" "$said"
expect_eq "nothing is attached" "" "$(xdp list)"

heading "Attached"
xdp attach front back
xdp attach front
expect_match "check" "front: attached" "$(xdp check front)"
expect_match "list" "front: native, program [0-9]+" "$(xdp list)"
program=$(xdp list --json | jq -r '.attached[] | select(.device == "front").program')
expect_eq "both" 2 "$(xdp list --json | jq '.attached | length')"
expect_fails "unloading" rmmod lvs

# by_xdp WHAT CLIENT SERVER COMMAND...: the command's output is that of 1 MB that came whole, and so
# many frames of the client and of the server left by XDP: at least these, and most of all that
# came. 0: any number, even none. How many acknowledgements there are is up to the ends.
by_xdp() {
	local i device before after came left
	before=("$(counted front packets)" "$(redirected front)" "$(counted back packets)" "$(redirected back)")
	expect_eq "1 MB, $1" "$(big_sum | cut -d' ' -f1)" "$("${@:4}" | cut -d' ' -f1)"
	after=("$(counted front packets)" "$(redirected front)" "$(counted back packets)" "$(redirected back)")
	for i in 0 1; do
		device=${DIRECTIONS[i]}
		came=$((after[2 * i] - before[2 * i])) left=$((after[2 * i + 1] - before[2 * i + 1]))
		say "$1: by XDP $left frames of the $device's $came"
		CHECKS=$((CHECKS + 1))
		((${*:2 + i:1} == 0 || (left >= ${*:2 + i:1} && left * 2 > came))) ||
			fail "$1: too few of the $device's frames left by XDP"
	done
}
DIRECTIONS=(client server)
got() { in_ns client curl -s --max-time $((30 * SLOW)) "$1" | sha256sum; }
sent() { in_ns client python3 "$LIB/sink.py" send "$1" 9000 "$RUN/www/big"; }

# offloads on|off: whether the ends leave checksums and segments to devices.
offloads() {
	for ns in client rs1 rs2; do in_ns $ns ethtool -K eth0 tx "$1" tso "$1" gso "$1" >/dev/null; done
}

admin -A -t $VIP:80 -s rr
admin -a -t $VIP:80 -r $RS1:80 -m
admin -A -t "[$VIP6]:9000" -s rr
admin -a -t "[$VIP6]:9000" -r "[$RS1_6]:9000" -m
for ns in rs1 rs2; do
	background $ns python3 "$LIB/sink.py" serve 9000
	poll "the sink of $ns listens" 10 in_ns $ns sh -c 'ss -Hltn "sport = :9000" | grep -q .'
done
heading "NAT, with offloads"
# A frame whose checksum isn't there yet takes the normal path.
by_xdp "NAT, to the client" 0 0 got "http://$VIP/big"
by_xdp "NAT of IPv6, to the server" 0 0 sent $VIP6
heading "NAT, without offloads"
offloads off
by_xdp "NAT, to the client" 1 500 got "http://$VIP/big"
by_xdp "NAT of IPv6, to the server" 500 1 sent $VIP6
counted=$(admin -Ln --stats --exact | awk -v s="$VIP:80" '$2 == s { print $5 }')
((counted >= 700)) || fail "only $counted of the server's packets were counted"

heading "DR"
dr_server rs2
ip -n rs2 addr add $VIP6/128 dev lo nodad
ip -n rs2 -6 route add 2001:db8:1::/64 dev eth0
ip -n client -6 route add 2001:db8:2::/64 via 2001:db8:1::1 2>/dev/null || true
admin -A -t $VIP:8080 -s rr
admin -a -t $VIP:8080 -r $RS2:8080 -g
by_xdp "DR, to the client" 1 0 got "http://$VIP:8080/big"
admin -d -t "[$VIP6]:9000" -r "[$RS1_6]:9000"
admin -a -t "[$VIP6]:9000" -r "[$RS2_6]:9000" -g
by_xdp "DR of IPv6, to the server" 500 0 sent $VIP6

heading "Frame by frame"
for vip in $VIP "[$VIP6]"; do
	rs=$RS1
	[[ $vip == "$VIP" ]] || rs="[$RS1_6]"
	for protocol in u t; do
		admin -A -$protocol "$vip:53" -s rr
		admin -a -$protocol "$vip:53" -r "$rs:53" -m
	done
done
in_ns director python3 "$HERE/xdp.py" frames "$program" 4
in_ns director python3 "$HERE/xdp.py" frames "$program" 6

heading "VLAN"
tagged client eth0
ip -n director -batch - <<-END
	addr add 10.0.10.1/24 dev front.10
	link set front.10 up
END
ip -n client -batch - <<-END
	addr add 10.0.10.10/24 dev eth0.10
	link set eth0.10 up
END
in_ns client ethtool -K eth0 txvlan off
in_ns client ethtool -K eth0.10 tx off tso off gso off >/dev/null 2>&1 || true
admin -A -t 10.0.10.1:80 -s rr
admin -a -t 10.0.10.1:80 -r $RS1:80 -m
by_xdp "from a VLAN" 1 500 got http://10.0.10.1/big

heading "Frames in several buffers"
for ns in client rs1; do ip -n $ns link set eth0 mtu 9000; done
for device in br0 client front back rs1; do ip -n switch link set $device mtu 9000; done
for device in front back; do ip -n director link set $device mtu 9000; done
by_xdp "9000 bytes" 1 100 got "http://$VIP/big"

heading "Detached, and gone"
xdp detach front
expect_eq "the other one" back "$(xdp list --json | jq -r '.attached[].device')"
frames=$(redirected front)
expect_eq "an answer" rs1 "$(in_ns client curl -s --max-time $((10 * SLOW)) "http://$VIP/")"
expect_eq "frames by XDP" "$frames" "$(redirected front)"
expect_match "of all namespaces" "back: native" "$("$ADMIN" xdp list --all)"
"$ADMIN" xdp detach --all
expect_eq "nothing is attached" "" "$("$ADMIN" xdp list --all)"
unload_module lvs

heading "Devices and namespaces that end with it"
load_module lvs
xdp attach front back
admin -A -t $VIP:80 -s rr
admin -a -t $VIP:80 -r $RS1:80 -m
expect_eq "an answer" rs1 "$(in_ns client curl -s --max-time $((10 * SLOW)) "http://$VIP/")"
ip -n director link del front
expect_eq "the other one" back "$(xdp list --json | jq -r '.attached[].device')"
remove_topology
unload_module lvs
