#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run a script in a user-mode Linux guest: half a second to boot, native speed. See --help.
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/guest.sh"

FLAVOUR=plain VEHICLE=uml SECCOMP=on
parse_options "$@"
if [ -n "$PEER" ] && [ -z "$JOINED" ]; then
	# sudo closes the sockets.
	[ -z "$SUDO" ] || exec sudo env LVS_CACHE="$LVS_CACHE" "$0" "$@"
	need_tool python3
	exec "$LVS_TOP/qemu/run/joined.py" "$0" "$@"
fi
if [ -n "$JOINED" ]; then
	read -r side sockets <<<"$JOINED"
	device=0
	for socket in $sockets; do
		APPEND+=" vec$device:transport=fd,fd=$socket,mac=02:00:00:00:0$device:0$side"
		device=$((device + 1))
	done
	if [ "$side" -eq 1 ]; then
		NAME+=-peer COMMAND=(/lvs/guest/peer.py)
		mkdir -p "$LVS_BUILD/logs"
		exec >"$LVS_BUILD/logs/$NAME.out" 2>&1
	fi
fi
module=$LVS_BUILD/uml/lvs.ko
if [ "$FLAVOUR" = sanitized ]; then
	VEHICLE=sanitized
	module=$LVS_BUILD/sanitized/lvs.ko
	# What the detectors note of each object takes memory too. Built with clang, the seccomp
	# way crashes the first process, so this kernel traces its processes, which goes with one
	# processor only.
	MEM=$((MEM * 2)) NCPUS=1 SECCOMP=off
	APPEND="slab_debug=FZP kasan_multi_shot log_buf_len=8M $APPEND"
fi
# Time is one processor's.
[ -z "$TRAVEL" ] || NCPUS=1 APPEND="time-travel=${LVS_TRAVEL:-inf-cpu} $APPEND"
find_root
OBJ=$("$LVS_TOP/qemu/build/uml-kernel.sh" "$FLAVOUR")
stage "$module"

# Several processors need the seccomp way of running user processes. con0 is the job's terminal,
# ssl0 the kernel's console.
kernel_args=("mem=${MEM}M" "seccomp=$SECCOMP" "ncpus=$NCPUS" rootfstype=hostfs ro init=/lvs/guest/init-uml.sh panic=-1 loglevel=8
	console=ttyS0 ssl=null "ssl0=null,fd:3" con=null)
# shellcheck disable=SC2206 # word splitting is wanted
kernel_args+=($APPEND)
status=0
if [ -n "$INTERACTIVE" ]; then
	saved=$(stty -g 2>/dev/null || true)
	LIMIT=0 in_sealed_root "$OBJ/modules/lib/modules" "$OBJ/linux" "${kernel_args[@]}" "con0=fd:0,fd:1" || status=$?
	[ -z "$saved" ] || stty "$saved"
else
	LIMIT=$TIMEOUT in_sealed_root "$OBJ/modules/lib/modules" "$OBJ/linux" "${kernel_args[@]}" "con0=null,fd:1" \
		</dev/null || status=$?
fi
conclude "$status"
