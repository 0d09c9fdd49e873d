#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Placeholders: with them programs find ip_vs's names in /proc/modules and /sys/module while lvs is loaded;
	they load and unload as ip_vs's modules do, and the kernel's own stay out"

[[ $LVS_MODULE == lvs ]] || { say "nothing to do for $LVS_MODULE"; exit 0; }

KERNEL=/usr/lib/modules/$(uname -r)
PLACEHOLDERS=/usr/lib/lvs/placeholders/$(uname -r)
NAMES=$(cd "$KERNEL/kernel" && find . -name 'ip_vs*.ko*' -o -name 'xt_ipvs.ko*' | sed 's,.*/,,; s/\.ko.*//' | sort)

loaded_now() { sed -n 's/^\(lvs\|ip_vs\|ip_vs_[a-z_]*\|xt_ipvs\) .*/\1/p' /proc/modules | sort | paste -sd' '; }
outcome() { if "$@" >/dev/null 2>&1; then echo accepted; else echo refused; fi; }

heading "There is one for each module of ip_vs"
mkdir -p "$KERNEL/updates" "$PLACEHOLDERS"
cp "$LVS_KO" "$KERNEL/updates/lvs.ko"
cp /lvs/placeholders/*.ko "$PLACEHOLDERS/"
cp /lvs/packaging/lvs.conf /lvs/packaging/lvs-placeholders.conf /etc/modprobe.d/
depmod
expect_eq "placeholders" "$NAMES" "$(cd /lvs/placeholders && printf '%s\n' *.ko | sed 's/\.ko//' | sort)"
for name in $NAMES; do
	expect_eq "lines that install $name" 1 "$(grep -c "^install $name " /etc/modprobe.d/lvs-placeholders.conf)"
done

heading "Whoever asks by a name finds it, and lvs"
for name in $NAMES; do
	modprobe "$name"
	wanted=$(printf '%s\n' ip_vs lvs "$name" | sort -u | paste -sd' ')
	expect_eq "loaded by $name" "$wanted" "$(loaded_now)"
	expect_eq "in /sys/module" yes "$([ -d "/sys/module/$name" ] && echo yes)"
	modprobe "$name"
	[ "$name" = ip_vs ] || modprobe -r "$name"
	expect_eq "after modprobe -r $name, but for ip_vs" "ip_vs lvs" "$(loaded_now)"
	modprobe -r ip_vs
	expect_eq "after modprobe -r ip_vs" "" "$(loaded_now)"
done

heading "A check as kubeadm's, and what is in use"
for name in ip_vs ip_vs_rr ip_vs_wrr ip_vs_sh; do modprobe -- "$name"; done
expect_eq "found" "ip_vs ip_vs_rr ip_vs_sh ip_vs_wrr" \
	"$(cut -f1 -d' ' /proc/modules | grep -e ip_vs -e ip_vs_rr -e ip_vs_wrr -e ip_vs_sh | sort | paste -sd' ')"
expect_eq "lsmod" 4 "$(lsmod | grep -c '^ip_vs')"
expect_eq "modprobe -r ip_vs" refused "$(outcome modprobe -r ip_vs)"
expect_eq "modprobe -r lvs" refused "$(outcome modprobe -r lvs)"
expect_eq "rmmod lvs" refused "$(outcome rmmod lvs)"
expect_eq "still there" "ip_vs ip_vs_rr ip_vs_sh ip_vs_wrr lvs" "$(loaded_now)"
ipvsadm -A -t 192.0.2.1:80 -s rr
modprobe -r ip_vs_rr ip_vs_wrr ip_vs_sh
expect_eq "services after the schedulers' names went" 1 "$(ipvsadm -Ln | grep -c 192.0.2.1:80)"

heading "The kernel's own stay out"
own=$(find "$KERNEL/kernel" -name 'ip_vs.ko*')
expect_eq "insmod of ip_vs beside its placeholder" refused "$(outcome insmod "$own")"
rmmod ip_vs
expect_eq "insmod of ip_vs beside lvs" refused "$(outcome insmod "$own")"
expect_eq "loaded" lvs "$(loaded_now)"
rmmod lvs

heading "ipvsadm has them loaded; options for ip_vs reach lvs"
echo "options ip_vs conn_tab_bits=10" >/etc/modprobe.d/local.conf
ipvsadm -Ln >/dev/null
expect_eq "loaded" "ip_vs lvs" "$(loaded_now)"
expect_eq "conn_tab_bits" 10 "$(cat /sys/module/lvs/parameters/conn_tab_bits)"
rm /etc/modprobe.d/local.conf
modprobe -r ip_vs

heading "A kernel with lvs and without placeholders"
rm -r "$PLACEHOLDERS"
for name in $NAMES; do
	modprobe "$name"
	expect_eq "loaded by $name" lvs "$(loaded_now)"
	rmmod lvs
done

heading "A kernel without either"
rm "$KERNEL/updates/lvs.ko"
depmod
modprobe ip_vs_rr
expect_eq "loaded by ip_vs_rr" "ip_vs ip_vs_rr" "$(loaded_now)"
expect_eq "lines that say so" 1 "$(kernel_log | grep -c 'takes its place' || true)"
modprobe -r ip_vs_rr
expect_eq "after modprobe -r ip_vs_rr" "" "$(loaded_now)"
rm /etc/modprobe.d/lvs.conf /etc/modprobe.d/lvs-placeholders.conf
