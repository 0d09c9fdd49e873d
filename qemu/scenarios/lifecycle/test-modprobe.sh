#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "The file for /etc/modprobe.d: whoever asks for ip_vs, by any of its modules' names or aliases,
	gets lvs; where the running kernel has no lvs.ko, ip_vs, and one line in the log says so"

[[ $LVS_MODULE == lvs ]] || { say "nothing to do for $LVS_MODULE"; exit 0; }

UPDATES=/usr/lib/modules/$(uname -r)/updates
ALIASES="ipt_ipvs ip6t_ipvs net-pf-16-proto-16-family-IPVS"
# Modules of the kernel that are ip_vs's or linked to it.
NAMES=$(cd "/usr/lib/modules/$(uname -r)" && find . -name 'ip_vs*.ko*' -o -name 'xt_ipvs.ko*' | sed 's,.*/,,; s/\.ko.*//' | sort)

loaded_now() { sed -n 's/^\(lvs\|ip_vs\|ip_vs_[a-z_]*\|xt_ipvs\) .*/\1/p' /proc/modules | sort | tr '\n' ' '; }
unload_all() {
	local m
	for m in xt_ipvs $(sed -n 's/^\(ip_vs_[a-z_]*\) .*/\1/p' /proc/modules) ip_vs lvs; do
		! loaded "$m" || rmmod "$m"
	done
}
# Lines of the log that say who takes whose place.
said() { kernel_log | grep -c 'takes its place' || true; }

heading "Every name of ip_vs is in the file"
mkdir -p "$UPDATES"
cp "$LVS_KO" "$UPDATES/lvs.ko"
cp /lvs/packaging/lvs.conf /etc/modprobe.d/lvs.conf
depmod
for name in $NAMES; do
	expect_eq "lines that install $name" 1 "$(grep -c "^install $name " /etc/modprobe.d/lvs.conf)"
done

heading "With lvs.ko: lvs, for whoever asks"
for name in $NAMES $ALIASES; do
	modprobe "$name"
	expect_eq "loaded by $name" "lvs " "$(loaded_now)"
	# Whoever asks twice gets no error.
	modprobe "$name"
	unload_all
done
ipvsadm -L >/dev/null
expect_eq "loaded by ipvsadm" "lvs " "$(loaded_now)"
modprobe -r ip_vs
expect_eq "loaded after modprobe -r ip_vs" "" "$(loaded_now)"
iptables -A INPUT -m ipvs --ipvs
expect_eq "loaded by iptables -m ipvs" "lvs " "$(loaded_now)"
iptables -D INPUT -m ipvs --ipvs
poll "rmmod lvs" 10 rmmod lvs
modprobe ip_vs conn_tab_bits=9
expect_eq "a parameter of ip_vs" 9 "$(cat /sys/module/lvs/parameters/conn_tab_bits)"
unload_all
echo "options ip_vs conn_tab_bits=10" >/etc/modprobe.d/local.conf
modprobe ip_vs
expect_eq "an option for ip_vs" 10 "$(cat /sys/module/lvs/parameters/conn_tab_bits)"
unload_all
rm /etc/modprobe.d/local.conf
expect_eq "lines about ip_vs" 0 "$(said)"

heading "Without lvs.ko: ip_vs"
rm "$UPDATES/lvs.ko"
depmod
lines=0
for name in $NAMES $ALIASES; do
	modprobe "$name"
	lines=$((lines + 1))
	case $name in
	ip_vs | net-*) wanted="ip_vs " ;;
	ip*t_ipvs) wanted="ip_vs xt_ipvs " ;;
	*) wanted="ip_vs $name " ;;
	esac
	expect_eq "loaded by $name" "$wanted" "$(loaded_now)"
	expect_eq "lines about ip_vs" $lines "$(said)"
	unload_all
done
ipvsadm -L >/dev/null
expect_eq "loaded by ipvsadm" "ip_vs " "$(loaded_now)"
ipvsadm -A -t 192.0.2.1:80 -s wlc
expect_match "loaded by a service" "ip_vs ip_vs_wlc " "$(loaded_now)"
ipvsadm -C
modprobe -r ip_vs_wlc ip_vs
expect_eq "loaded after modprobe -r" "" "$(loaded_now)"
rm /etc/modprobe.d/lvs.conf
