# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What a scenario expects: checks that name what failed, and end the scenario then.

NAME=$(basename "$0" .sh)
CHECKS=0
# A kernel with sanitizers and an emulated processor take that many times as long, and limits are
# for their sake: they say what hangs, not what is slow.
SLOW=1
! grep -q 'QEMU TCG' /proc/cpuinfo || SLOW=4
[[ ! -e /sys/kernel/debug/kmemleak ]] || SLOW=8
export SLOW

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

# poll WHAT SECONDS COMMAND...: repeats the command until it succeeds, less often after a second.
poll() {
	local what=$1 end=$((SECONDS + $2 * SLOW)) step=0.05 tries=0
	shift 2
	CHECKS=$((CHECKS + 1))
	until "$@"; do
		((SECONDS <= end)) || fail "$what: not within the time: $*"
		((++tries < 20)) || step=0.25
		sleep $step
	done
}
