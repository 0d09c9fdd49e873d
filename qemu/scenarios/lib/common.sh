# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What every scenario starts with: checks that name what failed, loading and
# unloading of the module under test, and the kernel log.  Sourced, never run.
#
# LVS_MODULE  module under test: lvs (default), or ip_vs to check the scenario itself
# ADMIN       administration tool: /lvs/ipvsadm-rs (default) or ipvsadm
# LVS_KO      the module file for insmod
# LVS_PARAMETERS  parameters of it (default: none)

set -eEuo pipefail

: "${LVS_MODULE:=lvs}"
: "${LVS_KO:=/lvs/lvs.ko}"
: "${ADMIN:=$([[ $LVS_MODULE == lvs ]] && echo /lvs/ipvsadm-rs || echo ipvsadm)}"
export LVS_MODULE LVS_KO ADMIN
# A kernel with sanitizers and an emulated processor take that many times as long, and limits are for their sake: they say
# what hangs, not what is slow.
SLOW=1
! grep -q 'QEMU TCG' /proc/cpuinfo || SLOW=4
[[ ! -e /sys/kernel/debug/kmemleak ]] || SLOW=8
export SLOW
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
HERE=$(cd "$(dirname "$0")" && pwd)
export PYTHONPATH=$LIB
NAME=$(basename "$0" .sh)
CHECKS=0

# Sockets, configuration and captures never go to the root file system, which
# other guests may share.
for dir in /tmp /run; do
	[[ $(stat -f -c %T $dir) == tmpfs ]] || mount -t tmpfs tmpfs $dir
done
RUN=$(mktemp -d /tmp/scenario.XXXXXX)

say() { printf '  %s\n' "$*"; }
heading() { printf '\n== %s\n' "$*"; }

fail() {
	trap - ERR
	printf 'FAIL: %s: %s\n' "$NAME" "$*" >&2
	exit 1
}
# A failed command of a subshell is reported once, by the shell that waits for it.
trap 's=$?; ((BASH_SUBSHELL)) || fail "line $LINENO: \"$BASH_COMMAND\" ended with $s"' ERR

# expect_eq WHAT WANTED ACTUAL
expect_eq() {
	CHECKS=$((CHECKS + 1))
	[[ $2 == "$3" ]] || fail "$1: expected '$2', got '$3'"
}

# expect_match WHAT REGEX ACTUAL
expect_match() {
	CHECKS=$((CHECKS + 1))
	[[ $3 =~ $2 ]] || fail "$1: expected a match of '$2', got '$3'"
}

# expect_no_match WHAT REGEX ACTUAL
expect_no_match() {
	CHECKS=$((CHECKS + 1))
	[[ ! $3 =~ $2 ]] || fail "$1: expected no match of '$2', got '$3'"
}

# expect_fails WHAT COMMAND...: the command has to end non-zero.
expect_fails() {
	local what=$1
	shift
	CHECKS=$((CHECKS + 1))
	if "$@" >"$RUN/expected-failure" 2>&1; then
		fail "$what: '$*' succeeded"
	fi
}

# poll WHAT SECONDS COMMAND...: repeats the command until it succeeds.
poll() {
	local what=$1 end=$((SECONDS + $2 * SLOW))
	shift 2
	CHECKS=$((CHECKS + 1))
	until "$@"; do
		((SECONDS <= end)) || fail "$what: not within the time: $*"
		sleep 0.05
	done
}

pass() {
	printf 'PASS: %s (%s, %s checks, %ss)\n' "$NAME" "$LVS_MODULE" "$CHECKS" "$SECONDS"
}

# --- the module -------------------------------------------------------------

loaded() { grep -q "^$1 " /proc/modules; }
not_loaded() { ! loaded "$1"; }

load_module() {
	case $1 in
	# shellcheck disable=SC2086 # LVS_PARAMETERS: none or several
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
		for m in $(sed -n 's/^\(ip_vs_[a-z_]*\) .*/\1/p' /proc/modules); do
			rmmod "$m" 2>/dev/null || true
		done
	fi
	rmmod "$1" 2>"$RUN/rmmod"
}

# Services of a netns that was just deleted hold the module until the kernel
# has cleaned the netns up, so this repeats.
unload_module() { poll "rmmod $1" 30 try_unload "$1"; }

# --- the kernel log ---------------------------------------------------------

MARK="scenario $NAME $$ starts"
log_mark() { echo "$MARK" >/dev/kmsg; }
kernel_log() { dmesg | sed "1,/$MARK/d"; }
bad_log() {
	kernel_log | grep -E 'WARNING|BUG|Oops|Call Trace|[Pp]anic|UBSAN|KASAN|refcount_t|unreferenced object|hung task|self-detected stall|Objects remaining|unregister_netdevice: waiting' || true
}
expect_clean_log() { expect_eq "warnings in the kernel log" "" "$(bad_log)"; }

# --- the end ----------------------------------------------------------------

AT_EXIT=()
at_exit() { AT_EXIT+=("$1"); }

finish() {
	local status=$? i
	trap - ERR EXIT
	set +e
	if ((status)); then
		{
			if [[ -e /run/netns/director ]]; then
				echo "--- the director's services and connections"
				nsenter --net=/run/netns/director head -n 20 /proc/net/ip_vs /proc/net/ip_vs_conn
			fi
			echo "--- the kernel log"
			kernel_log | grep -vE 'entered [a-z]+ (mode|state)' | tail -n 20
		} >&2
	fi
	for ((i = ${#AT_EXIT[@]} - 1; i >= 0; i--)); do
		${AT_EXIT[i]} >/dev/null 2>&1
	done
	for i in lvs ip_vs; do
		if loaded $i; then (unload_module $i); fi
	done >/dev/null 2>&1
	rm -rf "$RUN"
	exit $status
}
trap finish EXIT

log_mark

# compile PROGRAM SOURCE OPTION...: a guest without a compiler finds it made already.
compile() {
	local made
	made=/lvs/programs/$(basename "$2" .c)
	if [[ -e $made ]]; then cp "$made" "$1"; else gcc -Wall -Werror "${@:3}" -o "$1" "$2"; fi
}
