#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run the tests and print a line for each: "ok NAME (SECONDS s)" or "FAILED NAME" with the end of
# its output, which is whole in build/tests/NAME.log. The last line is "N passed, N failed".
#
# usage: run-tests.sh GROUP... [-- PATTERN]
#   host       cargo's tests, and some seconds of each fuzz target
#   check      check.sh: formatting, lints, no panics, and so on
#   uml        qemu/scenarios/*/test-*.sh, each in a user-mode guest of its own; some again with
#              the early path
#   uml-fast   those that neither slow.list names nor have the host's clock, without the early path
#   stock      acceptance.list, on the stock kernel in QEMU
#   stock-all  the same scenarios on the stock kernel
#   kernels    kernels.list, on each stock kernel of docs/kernels.md, with a module built for it
#   sanitized  sanitized.list, on the user-mode kernel with sanitizers
#   sanitized-all  every scenario there, and qemu/scenarios/sanitized/test-*.sh
# Groups run beside each other.
# With a PATTERN only tests whose name matches it (a shell pattern) run.
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/tests.sh"

groups=() pattern='*'
while [ $# -gt 0 ]; do
	case $1 in
	host | check | uml | uml-fast | stock | stock-all | kernels | sanitized | sanitized-all) groups+=("$1") ;;
	--) pattern=${2:?a pattern has to follow --} && break ;;
	*) sed -n '3,18s/^# \?//p' "$0" >&2 && exit 2 ;;
	esac
	shift
done
[ "${#groups[@]}" -gt 0 ] || die "which groups? host, check, uml, uml-fast, stock, stock-all, kernels, sanitized, sanitized-all"

# Cargo's own count: every test function is a test of ours, and one that was ignored is one that
# failed.
group_host() {
	local log=$RESULTS/host.log start=$SECONDS counts status=0 name
	say "running cargo's tests (at first 2 minutes); follow them in $log"
	"$LVS_TOP/qemu/build/cargo.sh" test --quiet --locked --workspace --no-fail-fast >"$log" 2>&1 || status=$?
	counts=$(sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed; \([0-9]*\) ignored.*/\1 \2 \3/p' "$log" |
		awk '{ passed += $1; failed += $2 + $3 } END { print passed + 0, failed + 0 }')
	PASSED=$((PASSED + ${counts% *}))
	FAILED=$((FAILED + ${counts#* }))
	if [ "$status" -eq 0 ] && [ "${counts#* }" -eq 0 ] && [ "${counts% *}" -gt 0 ]; then
		echo "ok host: ${counts% *} tests of cargo ($((SECONDS - start)) s)"
	else
		# A crate that does not compile counts as one.
		[ "${counts#* }" -gt 0 ] || FAILED=$((FAILED + 1))
		show_failure "host: cargo's tests" "$log"
	fi
	for name in "$LVS_TOP"/tests/fuzz/targets/*.rs; do
		name=$(basename "$name" .rs)
		start_test "host/fuzz-$name" "$LVS_TOP/qemu/check/fuzz.sh" 4 "$name"
	done
	wait_for_tests
}

group_check() {
	local log=$RESULTS/check.log start=$SECONDS verdict name found=0
	say "checking formatting, lints and so on (1 minute)"
	"$LVS_TOP/qemu/check/check.sh" >"$log" 2>&1 || true
	while read -r verdict name; do
		selected "check/$name" || continue
		found=1
		sed -n "/^FAILED $name\$/,/^[^ ]* /{/^ /p}" "$log" >"$RESULTS/check-$name.log"
		[ "$verdict" = ok ] && verdict=0 || verdict=1
		report "check/$name" "$verdict" $((SECONDS - start)) "$RESULTS/check-$name.log"
	done < <(grep -E '^(ok|FAILED) ' "$log")
	[ "$found" -eq 1 ] || [ "$pattern" != '*' ] || report check 1 0 "$log"
}

# The files below scenarios/, by name, but for those that want the kernel with sanitizers.
scenarios() {
	(cd "$LVS_TOP/qemu/scenarios" && find . -name 'test-*.sh' -not -path './sanitized/*' -printf '%f %P\n') | sort |
		cut -d' ' -f2
}
# named NAME...: those of them.
named() {
	local name
	for name; do scenarios | grep "/test-$name\.sh\$"; done
}

# Does the clock of its guest go with the host's? A machine that is busy has an effect on it.
has_real_time() { grep -qE '^# Guest:.* --(real-time|peer)' "$LVS_TOP/qemu/scenarios/$1"; }

is_slow() { grep -qx "scenarios/$1" "$LVS_TOP/qemu/run/slow.list"; }

# start_on_uml COMMAND...: each selected scenario of which that is true, in a guest of its own.
start_on_uml() {
	local file name
	for file in $(scenarios); do
		name=$(basename "$file" .sh)
		if ! selected "uml/$name" || ! "$@" "$file"; then continue; fi
		start_test "uml/$name" "$LVS_TOP/qemu/run/uml.sh" --timeout 900 --name "$name" "$LVS_TOP/qemu/scenarios/$file"
	done
}
travels() { ! has_real_time "$1"; }
is_fast() { ! has_real_time "$1" && ! is_slow "$1"; }

# Scenarios of the packet's way that have to pass with the early path as they do without.
EARLY=(nat dr tun mixed-local icmp fragments mtu narrow-link states ipv6 director-ends return-routes)

start_uml() {
	local name
	[ -n "$(scenarios)" ] || report uml/scenarios 1 0 /dev/null
	start_on_uml travels
	for name in "${EARLY[@]}"; do
		selected "uml/early-$name" || continue
		start_test "uml/early-$name" "$LVS_TOP/qemu/run/uml.sh" --timeout 900 --name "early-$name" \
			--env LVS_PARAMETERS=early_path=1 "$LVS_TOP/qemu/scenarios/$(named "$name")"
	done
}

# Guests with the host's clock wait for most of the time, so that two of them leave something to a
# guest that never waits; what they measure is better with no more.
group_real_time() {
	start_on_uml has_real_time
	wait_for_tests
}

# limits LIST [MARK]: "LIMIT:TEST" of each selected line of a list, which has a file and a mark, or
# none. Ten minutes of the guest's clock are more than any of them takes.
limits() {
	local test mark
	while read -r test mark; do
		case $test in '' | '#'*) continue ;; esac
		[ "$mark" = "${2:-}" ] || continue
		! selected "$group/$(basename "$test" .sh)" || echo "600:/lvs/$test"
	done <"$1"
}

# Scenarios share a boot, those with the host's clock another; one that wants other things of its
# guest has its own, and one with a line "# Not sanitized: " is left out for the reason that
# follows. Some of the packet's way run once more by the early path. A line
# "# Sanitized: --real-time" gives a scenario the host's clock there: where the kernel itself waits
# by asking again and again, time has to pass meanwhile.
sanitized() {
	local file name reason shared=() real_time=() own=() early=() boot
	boot=("$LVS_TOP/qemu/run/uml.sh" --sanitized --mem 1536 --timeout 36000)
	for file; do
		name=$(basename "$file" .sh)
		reason=$(sed -n 's/^# Not sanitized: //p' "$LVS_TOP/qemu/scenarios/$file")
		options_of "$LVS_TOP/qemu/scenarios/$file"
		if [ "$name" = test-detectors ]; then
			# If they don't detect, the rest says little.
			! selected "sanitized/$name" || start_test "sanitized/$name" "${boot[@]}" --provokes "$LVS_TOP/qemu/scenarios/$file"
			wait_for_tests
			continue
		fi
		! selected "sanitized/early-$name" || [[ " ${EARLY[*]} " != *" ${name#test-} "* ]] ||
			early+=("1800:/lvs/scenarios/$file")
		selected "sanitized/$name" || continue
		if [ -n "$reason" ]; then
			echo "left out sanitized/$name: $reason"
		elif [ "${OWN_OPTIONS[*]}" = --real-time ] ||
			grep -q '^# Sanitized: --real-time' "$LVS_TOP/qemu/scenarios/$file"; then
			real_time+=("1800:/lvs/scenarios/$file")
		elif [ "${#OWN_OPTIONS[@]}" -gt 0 ]; then
			own+=("$file")
		else
			shared+=("1800:/lvs/scenarios/$file")
		fi
	done
	in_batches sanitized/ "${shared[@]}" -- "${boot[@]}" --time-travel --name sanitized
	in_batches sanitized/ "${real_time[@]}" -- "${boot[@]}" --name sanitized-real-time
	for file in "${own[@]}"; do
		name=$(basename "$file" .sh)
		options_of "$LVS_TOP/qemu/scenarios/$file"
		in_batches sanitized/ "1800:/lvs/scenarios/$file" -- "${boot[@]}" --time-travel "${OWN_OPTIONS[@]}" --name "sanitized-$name"
	done
	in_batches sanitized/early- "${early[@]}" -- "${boot[@]}" --time-travel --name sanitized-early \
		--env LVS_PARAMETERS=early_path=1
}

group_sanitized() {
	local files
	mapfile -t files < <(sed -n 's|^scenarios/||p' "$LVS_TOP/qemu/run/sanitized.list")
	sanitized "${files[@]}"
}

group_sanitized_all() {
	local files
	mapfile -t files < <(cd "$LVS_TOP/qemu/scenarios" && ls sanitized/test-*.sh && scenarios)
	sanitized "${files[@]}"
}

# on_stock PREFIX NAME [OPTION...] -- LIMIT:TEST...: one after the other on the stock kernel.
on_stock() {
	local prefix=$1 name=$2 options=()
	shift 2
	while [ "$1" != -- ]; do options+=("$1") && shift; done
	shift
	in_batches "$prefix" "$@" -- "$LVS_TOP/qemu/run/stock.sh" --name "$name" --mem 2048 --timeout $((120 + $# * 1800)) \
		"${options[@]}"
}

# The list: what has two processors in one boot, the rest in several, so that those and the other
# groups end at about the same time.
start_stock() {
	local group=stock tests=() at each=8
	mapfile -t tests < <(limits "$LVS_TOP/qemu/run/acceptance.list" two-processors)
	[ "${#tests[@]}" -eq 0 ] || start_group stock-two on_stock stock/ acceptance-two -- "${tests[@]}"
	mapfile -t tests < <(limits "$LVS_TOP/qemu/run/acceptance.list")
	for ((at = 0; at < ${#tests[@]}; at += each)); do
		start_group "stock-$at" on_stock stock/ "acceptance-$at" --time-travel -- "${tests[@]:at:each}"
	done
}

# Fifteen scenarios share a boot, so that what one leaves behind reaches few others; one that wants
# a guest of its own has one. Not test-cli-parity: thousands of processes that say little about the
# kernel; nor those that need two guests.
start_stock_all() {
	local file name at shared=() each=15
	for file in $(scenarios); do
		name=$(basename "$file" .sh)
		[ "$name" != test-cli-parity ] || continue
		selected "stock-all/$name" || continue
		! grep -q '^# Guest:.* --peer' "$LVS_TOP/qemu/scenarios/$file" || continue
		options_of "$LVS_TOP/qemu/scenarios/$file"
		if [ "${#OWN_OPTIONS[@]}" -gt 0 ] && [ "${OWN_OPTIONS[*]}" != --real-time ]; then
			start_group "stock-all-$name" on_stock stock-all/ "stock-$name" --time-travel "${OWN_OPTIONS[@]}" -- \
				"1800:/lvs/scenarios/$file"
		else
			shared+=("1800:/lvs/scenarios/$file")
		fi
	done
	for ((at = 0; at < ${#shared[@]}; at += each)); do
		start_group "stock-all-$at" on_stock stock-all/ "stock-all-$at" --time-travel -- "${shared[@]:at:each}"
	done
}

# Suite and flavour of each.
KERNELS=("trixie cloud" "trixie generic" "forky cloud" "forky generic")

# A module that doesn't build without a warning, or may panic, since each kernel has another
# compiler, is a failure of its own.
group_kernels() {
	local kernel tests group log start warns
	for kernel in "${KERNELS[@]}"; do
		read -r LVS_SUITE LVS_FLAVOUR <<<"$kernel"
		export LVS_SUITE LVS_FLAVOUR
		group=kernels/$LVS_SUITE-$LVS_FLAVOUR
		mapfile -t tests < <(limits "$LVS_TOP/qemu/run/kernels.list")
		[ "${#tests[@]}" -gt 0 ] || continue
		say "building lvs.ko for $kernel (at first 10 minutes: a build root and the kernel's Rust crates)"
		log=$(log_of "$group/build") start=$SECONDS
		if ! "$LVS_TOP/qemu/build/module.sh" stock >"$log" 2>&1; then
			report "$group/build" 1 $((SECONDS - start)) "$log"
			continue
		fi
		"$LVS_TOP/qemu/check/panics.sh" >>"$log"
		warns=$(grep -ciE 'warning| U ' "$log" || true)
		report "$group/build" "$warns" $((SECONDS - start)) "$log"
		on_stock "$group/" "${group/\//-}" --time-travel -- "${tests[@]}"
	done
}

prepare_artifacts
# The longest first.
for group in stock-all kernels sanitized-all uml stock sanitized check host uml-fast; do
	[[ " ${groups[*]} " == *" $group "* ]] || continue
	case $group in
	uml) start_group real-time group_real_time ;;
	stock) start_stock ;;
	stock-all) start_stock_all ;;
	uml-fast) start_on_uml is_fast ;;
	*) start_group "$group" "group_${group/-/_}" ;;
	esac
done
[[ " ${groups[*]} " != *" uml "* ]] || start_uml
wait_for_tests
show_slowest
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]
