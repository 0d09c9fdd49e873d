# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Shared by the test runners: count, report, and run a few tests at a time. Source it after
# common.sh.
#
# A place is what a test, or a group whose tests come one after the other, takes of the machine;
# there are as many as processors.

RESULTS=$LVS_BUILD/tests
PASSED=0 FAILED=0
RUNNING=()
TIMES=()
PARALLEL=${LVS_TEST_JOBS:-$JOBS}
mkdir -p "$RESULTS"

# shellcheck disable=SC2254 # the pattern is one
selected() { case $1 in $pattern) ;; *) return 1 ;; esac; }

show_failure() {
	echo "FAILED $1"
	tail -n 40 "$2" | sed 's/^/    /'
	echo "    (the whole output: $2)"
}

# report NAME STATUS SECONDS LOG [PROCESSOR_SECONDS]
report() {
	TIMES+=("$3 $1 ${5:-}")
	if [ "$2" -eq 0 ]; then
		PASSED=$((PASSED + 1))
		echo "ok $1 ($3 s${5:+, $5 of a processor})"
	else
		FAILED=$((FAILED + 1))
		show_failure "$1" "$4"
	fi
}

# The ten tests that took longest.
show_slowest() {
	[ "${#TIMES[@]}" -gt 10 ] || return 0
	echo "the slowest, in seconds, and seconds of a processor where they are known:"
	printf '%s\n' "${TIMES[@]}" | sort -rn | head -n 10 | awk '{ printf "%8d %8s  %s\n", $1, $3, $2 }'
}

log_of() { echo "$RESULTS/${1//\//-}.log"; }

# Of the output of `times`: what the commands that a shell waited for took of a processor.
processor_seconds() {
	awk -F '[ms ]+' 'NR == 2 { printf "%d\n", ($1 + $3) * 60 + $2 + $4 + 0.5 }'
}

# start_test NAME COMMAND...: in the background; its result is reported when it ends.
start_test() {
	local name=$1 log
	shift
	wait_for_place
	log=$(log_of "$name")
	(
		start=$SECONDS status=0
		"$@" >"$log" 2>&1 </dev/null || status=$?
		# Not in a pipe, whose parts are other shells.
		times >"$log.times"
		echo "$status $((SECONDS - start)) $(processor_seconds <"$log.times")" >"$log.status"
		rm "$log.times"
	) &
	RUNNING+=("$!:$name")
}

wait_for_place() {
	while [ "${#RUNNING[@]}" -ge "$PARALLEL" ]; do finish_one; done
}

count_group() {
	local counts=$1
	shift
	PASSED=0 FAILED=0 RUNNING=() TIMES=()
	"$@"
	printf '%s\n' "$PASSED $FAILED" "${TIMES[@]}" >"$counts"
}

# start_group NAME FUNCTION...: in the background; it reports its tests itself, and what it counted
# is added when it ends.
start_group() {
	local counts=$RESULTS/group-$1.counts
	shift
	wait_for_place
	rm -f "$counts"
	count_group "$counts" "$@" </dev/null &
	RUNNING+=("$!:group $counts")
}

# add_group COUNTS: one that didn't come to its end counts as a failure.
add_group() {
	local passed=0 failed=1 times=()
	if [ -s "$1" ]; then
		{ read -r passed failed && mapfile -t times; } <"$1"
	else
		echo "FAILED ${1##*/}: the group ended before it could count its tests"
	fi
	PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed))
	TIMES+=("${times[@]}")
	rm -f "$1"
}

# Report the test, or add the group, that ended first.
finish_one() {
	local ended name code=0 status seconds processor at
	wait -n -p ended "${RUNNING[@]%%:*}" || code=$?
	for at in "${!RUNNING[@]}"; do
		[ "${RUNNING[at]%%:*}" = "$ended" ] || continue
		name=${RUNNING[at]#*:}
		unset "RUNNING[at]"
	done
	RUNNING=("${RUNNING[@]}")
	case $name in
	"group "*) add_group "${name#group }" && return ;;
	"artifact "*)
		[ "$code" -eq 0 ] || { FAILED=$((FAILED + 1)) && echo "FAILED build of ${name#artifact }: see above"; }
		return
		;;
	esac
	read -r status seconds processor <"$(log_of "$name").status" || status=1 seconds=0 processor=
	rm -f "$(log_of "$name").status"
	report "$name" "$status" "$seconds" "$(log_of "$name")" "$processor"
}

wait_for_tests() {
	while [ "${#RUNNING[@]}" -gt 0 ]; do finish_one; done
}

# Adds to each line "@@ end" how many seconds ago the line "@@ begin" came.
with_durations() {
	local line began=$SECONDS
	while IFS= read -r line || [ -n "$line" ]; do
		line=${line%$'\r'}
		case $line in
		'@@ begin '*) began=$SECONDS ;;
		'@@ end '*) line+=" $((SECONDS - began))" ;;
		esac
		printf '%s\n' "$line"
	done
}

# in_batches PREFIX LIMIT:TEST... -- COMMAND...: tests, files below /lvs, one after the other in
# one guest, each for so many seconds at most. COMMAND boots it; guest/batch.sh and its arguments
# are added. When the guest ends early, because it died or its detectors found something, the tests
# after that have another. Seconds are the host's: the guest's clock may be another one.
in_batches() {
	local prefix=$1 tests=() left log name own status seconds
	shift
	while [ "$1" != -- ]; do tests+=("$1") && shift; done
	shift
	while [ "${#tests[@]}" -gt 0 ]; do
		left=${#tests[@]}
		log=$(log_of "${prefix}boot-for-$(basename "${tests[0]#*:}" .sh)")
		say "booting a guest for $left tests; follow them in $log"
		{ "$@" /lvs/guest/batch.sh "${tests[@]}" 2>&1 </dev/null || true; } | with_durations >"$log"
		while [ "${#tests[@]}" -gt 0 ]; do
			name=$(basename "${tests[0]#*:}" .sh)
			own=$(log_of "$prefix$name")
			# What is between the marks.
			tr -d '\r' <"$log" | sed -n "/^@@ begin $name\$/,/^@@ end $name /p" >"$own"
			[ -s "$own" ] || break
			tests=("${tests[@]:1}")
			read -r status seconds < <(sed -n "s/^@@ end $name //p" "$own") || {
				tail -n 40 "$log" >>"$own"
				report "$prefix$name" 1 0 "$own"
				break
			}
			report "$prefix$name" "$status" "$seconds" "$own"
		done
		# Not even the first began.
		if [ "${#tests[@]}" -eq "$left" ]; then
			for name in "${tests[@]}"; do report "$prefix$(basename "${name#*:}" .sh)" 1 0 "$log"; done
			return
		fi
	done
}

# start_artifact NAME COMMAND...: build, in the background, something that tests need.
start_artifact() {
	local name=$1
	shift
	wait_for_place
	(
		start=$SECONDS
		if "$@" 2>&1 </dev/null | tee "$RESULTS/build-$name.log" | sed -u "s/^/$name: /" >&2; then
			say "built $name ($((SECONDS - start)) s)"
		else
			exit 1
		fi
	) &
	RUNNING+=("$!:artifact $name")
}

# What the chosen groups need, built first: without it tests would test an older one, so that a
# failure ends the run.
prepare_artifacts() {
	local group guests=0
	for group in "${groups[@]}"; do
		case $group in
		host | check) ;;
		kernels) guests=1 ;;
		*)
			start_artifact "module-$group" "$LVS_TOP/qemu/build/module.sh" "${group%-*}"
			guests=1
			;;
		esac
	done
	[ "$guests" -eq 0 ] || start_artifact ipvsadm-rs "$LVS_TOP/qemu/build/cli.sh"
	wait_for_tests
	[ "$FAILED" -eq 0 ] || { echo "$PASSED passed, $FAILED failed" && exit 1; }
}
