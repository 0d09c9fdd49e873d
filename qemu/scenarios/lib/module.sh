# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The module under test: loading and unloading it.
#
# LVS_MODULE      lvs (default), or ip_vs to check the scenario itself
# ADMIN           administration tool: /lvs/ipvsadm-rs (default) or ipvsadm
# LVS_KO          the module file for insmod
# LVS_PARAMETERS  parameters of it (default: none)

: "${LVS_MODULE:=lvs}"
: "${LVS_KO:=/lvs/lvs.ko}"
: "${ADMIN:=$([[ $LVS_MODULE == lvs ]] && echo /lvs/ipvsadm-rs || echo ipvsadm)}"
export LVS_MODULE LVS_KO ADMIN

loaded() { grep -q "^$1 " /proc/modules; }
not_loaded() { ! loaded "$1"; }

load_module() {
	# shellcheck disable=SC2086 # LVS_PARAMETERS: none or several
	case $1 in
	lvs) insmod "$LVS_KO" ${LVS_PARAMETERS:-} ;;
	# As shipped its table is too small for the larger scenarios.
	ip_vs) modprobe ip_vs conn_tab_bits=20 ;;
	esac
	loaded "$1"
}

try_unload() {
	local m
	if [[ $1 == ip_vs ]]; then
		# shellcheck disable=SC2013
		for m in xt_ipvs $(sed -n 's/^\(ip_vs_[a-z_]*\) .*/\1/p' /proc/modules); do
			rmmod "$m" 2>/dev/null || true
		done
	fi
	rmmod "$1" 2>"$RUN/rmmod"
}

# Services of a netns that was just deleted hold the module until the kernel
# has cleaned the netns up, so this repeats.
unload_module() { poll "rmmod $1" 30 try_unload "$1"; }

# No slab cache of either module: nothing that it allocated is left.
no_slabs() { ! grep -E '^(lvs|ip_vs)' /proc/slabinfo; }
