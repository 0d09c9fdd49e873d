# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Shared by uml.sh and stock.sh; source it after common.sh. Between them they differ only in how a
# kernel is started.
#
# A run has a directory build/run.XXXXXX: lvs/ is what the guest sees as /lvs, console.log the
# kernel's messages, which also carry the verdict: the guest's last message is "lvs-guest: exit
# status N".

usage() {
	cat >&2 <<USAGE
usage: ${0##*/} [OPTIONS] SCRIPT [ARGS...]
       ${0##*/} [OPTIONS] --interactive [SCRIPT [ARGS...]]
Boots a guest, runs SCRIPT in it as root and exits with its status, or with 1 when the kernel complained.
SCRIPT is a file here, or a command of the guest. Its output comes to stdout; the kernel's messages are in
build/logs/NAME.$VEHICLE.log. With --interactive this terminal is the script's, or a shell's.
  --mem MiB       memory of the guest (default $MEM)
  --ncpus N       its processors (default $NCPUS)
  --timeout S     give up and fail after so many seconds (default $TIMEOUT)
  --name NAME     name of the log (default: the script's)
  --env VAR=VALUE for the script; may be repeated
  --append ARGS   more kernel parameters
  --sanitized     user-mode only: the kernel with sanitizers
  --peer          user-mode only: a second guest, joined to the first, that does what the script asks of it
  --time-travel   user-mode, where scenarios have it anyway: the guest's clock stands still while somebody works, and
                  jumps to what is due next when nobody does; stock kernel without KVM: it goes with the instructions
                  that somebody works, and jumps as well; one processor
  --real-time     user-mode only: not that, the guest's clock is the host's
  --provokes      the script provokes complaints of the kernel and judges them itself
The line "# Guest: " of a scenario has options, too, which come before those given here.
USAGE
	exit 2
}

parse_options() {
	set_options "$@"
	script_has_options || return 0
	set_options "${OWN_OPTIONS[@]}" "$@"
}

# Is a scenario to be run? Its options then; waiting takes no time if they don't say otherwise.
script_has_options() {
	local script
	OWN_OPTIONS=()
	[ -z "$INTERACTIVE" ] || return 1
	script=$(realpath -m "${COMMAND[0]}")
	case $script in
	"$LVS_TOP"/qemu/scenarios/*/test-*.sh) [ -f "$script" ] || return 1 ;;
	*) return 1 ;;
	esac
	options_of "$script"
	[ "$VEHICLE" != uml ] || OWN_OPTIONS=(--time-travel "${OWN_OPTIONS[@]}")
}

set_options() {
	MEM=1024 NCPUS=2 TIMEOUT=120 NAME='' INTERACTIVE='' APPEND='' PROVOKES='' PEER='' JOINED='' TRAVEL='' GUEST_ENV=()
	while [ $# -gt 0 ]; do
		case $1 in
		--mem) MEM=$2 && shift 2 ;;
		--ncpus) NCPUS=$2 && shift 2 ;;
		--timeout) TIMEOUT=$2 && shift 2 ;;
		--name) NAME=$2 && shift 2 ;;
		--env) GUEST_ENV+=("$2") && shift 2 ;;
		--append) APPEND=$2 && shift 2 ;;
		--interactive) INTERACTIVE=1 && shift ;;
		--sanitized) [ "$VEHICLE" = uml ] || usage
			FLAVOUR=sanitized && shift ;;
		--peer) [ "$VEHICLE" = uml ] || usage
			PEER=1 TRAVEL='' && shift ;;
		--real-time) TRAVEL='' && shift ;;
		--time-travel) TRAVEL=1 && shift ;;
		# By joined.py: which of the two this is, and the sockets of its devices.
		--joined) JOINED=$2 && shift 2 ;;
		--provokes) PROVOKES=1 && shift ;;
		--) shift && break ;;
		-*) usage ;;
		*) break ;;
		esac
	done
	[ $# -gt 0 ] || [ -n "$INTERACTIVE" ] || usage
	COMMAND=("$@")
	[ -n "$NAME" ] || NAME=$(basename "${1:-shell}" .sh)
}

# The stock kernel's guest has no compiler.
stage_programs() {
	local programs=/build/${RUN##*/}/lvs/programs
	in_root sh -euc '
		mkdir "$1"
		cd /src
		gcc -O2 -o "$1/flood" qemu/scenarios/robustness/flood.c
		gcc -O2 -o "$1/packets" tests/fuzz/packets.c
		gcc -D_GNU_SOURCE -o "$1/sockopts" qemu/scenarios/control/sockopts.c
		gcc -D_GNU_SOURCE -shared -fPIC -o "$1/without_netlink" qemu/scenarios/control/without_netlink.c' sh "$programs"
}

# Make the run's directory: the artifacts, the scenarios, and the command.
stage() {
	local module=$1 script
	mkdir -p "$LVS_BUILD/logs"
	# What runs that were killed left behind.
	find "$LVS_BUILD" -maxdepth 1 -name 'run.*' -mmin +1440 -exec rm -rf {} +
	RUN=$(mktemp -d "$LVS_BUILD/run.XXXXXX")
	trap 'rm -rf "$RUN"' EXIT
	mkdir "$RUN/lvs" "$RUN/lvs/selftest"
	: >"$RUN/console.log"
	[ ! -e "$module" ] || cp -p "$module" "$RUN/lvs/lvs.ko"
	[ "$VEHICLE" != sanitized ] || cp -p "$LVS_BUILD/sanitized/lvs_trip.ko" "$RUN/lvs/"
	[ ! -e "$LVS_BUILD/$STOCK/lvs_sink.ko" ] || cp -p "$LVS_BUILD/$STOCK/lvs_sink.ko" "$RUN/lvs/"
	mkdir "$RUN/lvs/placeholders"
	cp -p "$(dirname "$module")"/placeholders/*.ko "$RUN/lvs/placeholders/" 2>/dev/null || true
	[ ! -e "$LVS_BUILD/ipvsadm-rs" ] || cp -p "$LVS_BUILD/ipvsadm-rs" "$RUN/lvs/"
	cp -rp "$LVS_TOP/qemu/run/guest" "$RUN/lvs/guest"
	cp -p "$LVS_TOP/qemu/check/splats" "$RUN/lvs/guest/"
	[ ! -d "$LVS_TOP/qemu/scenarios" ] || cp -rp "$LVS_TOP/qemu/scenarios" "$RUN/lvs/scenarios"
	[ ! -d "$LVS_TOP/qemu/bench" ] || cp -rp "$LVS_TOP/qemu/bench" "$RUN/lvs/bench"
	[ ! -d "$LVS_TOP/tests" ] || cp -rp "$LVS_TOP/tests" "$RUN/lvs/tests"
	cp -rp "$LVS_TOP/README.md" "$LVS_TOP/docs" "$LVS_TOP/packaging" "$RUN/lvs/"
	stage_selftest
	[ "$VEHICLE" != stock ] || stage_programs
	if [ "${#COMMAND[@]}" -gt 0 ]; then
		script=$(realpath -m "${COMMAND[0]}")
		case $script in
		"$LVS_TOP"/qemu/scenarios/* | "$LVS_TOP"/qemu/bench/*) COMMAND[0]=/lvs/${script#"$LVS_TOP"/qemu/} ;;
		"$LVS_TOP"/tests/*) COMMAND[0]=/lvs/${script#"$LVS_TOP"/} ;;
		*)
			if [ -f "$script" ]; then
				mkdir "$RUN/lvs/script"
				cp -pL "$script" "$RUN/lvs/script/"
				COMMAND[0]=/lvs/script/$(basename "$script")
			fi
			;;
		esac
	fi
	[ "${#GUEST_ENV[@]}" -eq 0 ] || COMMAND=(env "${GUEST_ENV[@]}" "${COMMAND[@]}")
	{
		printf 'command=('
		[ "${#COMMAND[@]}" -eq 0 ] || printf ' %q' "${COMMAND[@]}"
		printf ' )\ninteractive=%q\nprovokes=%q\nterm=%q\n' "$INTERACTIVE" "$PROVOKES" "${TERM:-linux}"
		printf 'size=%q\n' "$(stty size 2>/dev/null | sed 's/\(.*\) \(.*\)/rows \1 cols \2/')"
	} >"$RUN/lvs/guest/job"
}

# The kernel's own test of IPVS, as its source has it, where its relative paths expect each other.
stage_selftest() {
	local from=$SRC/tools/testing/selftests/net file
	[ -d "$from" ] || return 0
	mkdir -p "$RUN/lvs/selftest/netfilter" "$RUN/lvs/selftest/lib/sh"
	for file in lib.sh lib/sh/defer.sh netfilter/ipvs.sh netfilter/lib.sh; do
		[ ! -e "$from/$file" ] || cp -p "$from/$file" "$RUN/lvs/selftest/$file"
	done
}

# Run a command in the build root for a guest: read-only but for /mnt, which is the run's
# directory; in a PID namespace, so that a kill leaves none of the guest's processes behind. Its
# file descriptor 3 is the console's log. $1: what to see as /usr/lib/modules, or nothing.
# User-mode Linux has its memory in a file of /tmp; the benchmark sets LVS_HUGE_PAGES=always, so
# that it lies in pages as large as those a kernel of its own has its memory in.
in_sealed_root() {
	local modules=$1
	shift
	$SUDO timeout --foreground --kill-after=5 --signal=KILL "$LIMIT" \
		unshare --mount --propagation private --pid --fork --kill-child=KILL bash -c '
		set -e
		root=$1 run=$2 modules=$3 mem=$4 cache=$5 huge=$6
		shift 6
		mount --bind "$root" "$root"
		mount -o remount,bind,ro "$root"
		mount --bind "$run" "$root/mnt"
		mount --bind "$run/lvs" "$root/lvs"
		[ -z "$modules" ] || mount --bind "$modules" "$root/usr/lib/modules"
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs -o "size=$((mem + 256))m,huge=$huge" tmpfs "$root/tmp" 2>/dev/null ||
			mount -t tmpfs -o "size=$((mem + 256))m" tmpfs "$root/tmp"
		# After /tmp, below which it may be.
		mkdir -p "$root$cache"
		mount --bind "$cache" "$root$cache"
		chroot "$root" /usr/bin/env -i HOME=/tmp TMPDIR=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" \
			<&0 3>>"$run/console.log" 2>&3 &
		guest=$!
		# A kernel that panicked may not end by itself, and user-mode Linux may begin anew
		# instead of ending.
		while sleep 1; do
			! grep -qE "Kernel panic|reboot: Power down" "$run/console.log" || { sleep 3; kill -KILL "$guest"; }
		done &
		wait "$guest"
		' bash "$ROOT" "$RUN" "$modules" "$MEM" "$LVS_CACHE" "${LVS_HUGE_PAGES:-never}" "$@"
}

# Decide about a finished run: keep its log, say what went wrong, exit with the script's status.
conclude() {
	local vehicle_status=$1 log=$LVS_BUILD/logs/$NAME.$VEHICLE.log status splats
	tr -d '\r' <"$RUN/console.log" >"$log"
	status=$(sed -n 's/.*lvs-guest: exit status \([0-9]*\)$/\1/p' "$log" | tail -n 1)
	[ -z "$INTERACTIVE" ] || exit 0
	if [ -z "$status" ]; then
		if grep -q 'Kernel panic' "$log"; then
			say "-- the kernel panicked; its last messages ($log):"
		elif [ "$vehicle_status" -eq 137 ] || [ "$vehicle_status" -eq 124 ]; then
			say "-- no verdict after $TIMEOUT s; the kernel's last messages ($log):"
		else
			say "-- the guest ended without a verdict; the kernel's last messages ($log):"
		fi
		tail -n 40 "$log" >&2
		exit 124
	fi
	[ -z "$PROVOKES" ] || exit "$status"
	# Boot messages are not ours.
	splats=$(sed '1,/lvs-guest: start/d' "$log" | grep -E -A 25 -f "$LVS_TOP/qemu/check/splats" | head -n 60 || true)
	if [ -n "$splats" ]; then
		say "-- the kernel complained ($log):"
		say "$splats"
		[ "$status" -ne 0 ] || status=1
	fi
	exit "$status"
}
