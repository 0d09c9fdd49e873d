# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Begins and ends every scenario. Sourced first; then `scenario` says what shall hold, and what
# follows shows it. A scenario that comes to its end has passed when nothing of it is left then: no
# network, no module, no memory, no complaint in the kernel's log.

set -eEuo pipefail
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
HERE=$(cd "$(dirname "$0")" && pwd)
# Programs of scenarios find the package lvs.
export PYTHONPATH=$LIB

# Sockets, configuration and captures never go to the root file system, which other guests may
# share.
for dir in /tmp /run; do
	[[ $(stat -f -c %T $dir) == tmpfs ]] || mount -t tmpfs tmpfs $dir
done
RUN=$(mktemp -d /tmp/scenario.XXXXXX)

. "$LIB/expect.sh"
. "$LIB/module.sh"
. "$LIB/kernel_log.sh"
. "$LIB/topology.sh"
. "$LIB/dual_stack.sh"
. "$LIB/services.sh"
. "$LIB/ftp.sh"
. "$LIB/shop.sh"
. "$LIB/pktgen.sh"
. "$LIB/differential.sh"

# scenario TEXT: what shall hold.
scenario() {
	local words
	read -rd '' -a words <<<"$1" || true
	printf '%s: %s\n' "$NAME" "${words[*]}"
}

# with_topology [NS...]: the network with web servers in these namespaces, and the module.
with_topology() {
	topology
	[[ $# -eq 0 ]] || web_server "$@"
	load_module "$LVS_MODULE"
}

AT_EXIT=()
at_exit() { AT_EXIT+=("$1"); }

# Whatever way a scenario ends, what it made goes, the last first.
undo() {
	local i
	for ((i = ${#AT_EXIT[@]} - 1; i >= 0; i--)); do ${AT_EXIT[i]}; done
}

# Nothing is left, or the scenario hasn't passed.
expect_nothing_left() {
	local module
	remove_topology
	for module in lvs ip_vs; do
		if loaded $module; then unload_module $module; fi
	done
	poll "no slab cache is left behind" 30 no_slabs
	expect_clean_log
}

show_state() {
	if [[ -e /run/netns/director ]]; then
		echo "--- the director's services and connections"
		nsenter --net=/run/netns/director head -n 20 /proc/net/ip_vs /proc/net/ip_vs_conn
	fi
	echo "--- the kernel log"
	kernel_log | grep -vE 'entered [a-z]+ (mode|state)' | tail -n 20
}

finish() {
	local status=$?
	trap - ERR EXIT
	set +e
	if ((status == 0)); then
		(
			set -e
			expect_nothing_left
			printf 'PASS: %s (%s, %s checks, %ss)\n' "$NAME" "$LVS_MODULE" "$CHECKS" "$SECONDS"
		)
		status=$?
	fi
	((status == 0)) || show_state >&2
	undo >/dev/null 2>&1
	for module in lvs ip_vs; do
		if loaded $module; then (unload_module $module); fi
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
