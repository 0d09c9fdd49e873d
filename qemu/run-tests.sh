#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run the tests and print a line for each: "ok NAME (SECONDS s)" or "FAILED NAME" with the end of its output, which is
# whole in build/tests/NAME.log. The last line is "N passed, N failed".
#
# usage: run-tests.sh GROUP... [-- PATTERN]
#   host       cargo's tests of uapi, kmod/engine, ipvsadm-rs and tests, and some seconds of each fuzz target
#   check      check.sh: formatting, lints, no panics, and so on
#   uml        qemu/scenarios/test-*.sh, each in a user-mode guest of its own; some again with the early path
#   stock      acceptance.list, on the stock kernel in one boot of QEMU
#   sanitized  qemu/scenarios/test-*.sh and sanitized/test-*.sh on the user-mode kernel with sanitizers
# With a PATTERN only tests whose name matches it (a shell pattern) run.
. "$(dirname "$0")/common.sh"
. "$LVS_TOP/qemu/run-tests-common.sh"

groups=() pattern='*'
while [ $# -gt 0 ]; do
	case $1 in
	host | check | uml | stock | sanitized) groups+=("$1") ;;
	--) pattern=${2:?a pattern has to follow --} && break ;;
	*) sed -n '3,14s/^# \?//p' "$0" >&2 && exit 2 ;;
	esac
	shift
done
[ "${#groups[@]}" -gt 0 ] || die "which groups? host, check, uml, stock, sanitized"

# Cargo's own count: every test function is a test of ours, and one that was ignored is one that failed.
group_host() {
	local log=$RESULTS/host.log start=$SECONDS counts status=0 name
	say "running cargo's tests (at first 2 minutes); follow them in $log"
	"$LVS_TOP/qemu/cargo.sh" test --quiet --locked --workspace --no-fail-fast >"$log" 2>&1 || status=$?
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
		start_test "host/fuzz-$name" "$LVS_TOP/qemu/fuzz.sh" 4 "$name"
	done
	wait_for_tests
}

group_check() {
	local log=$RESULTS/check.log start=$SECONDS verdict name found=0
	say "checking formatting, lints and so on (1 minute)"
	"$LVS_TOP/qemu/check.sh" >"$log" 2>&1 || true
	while read -r verdict name; do
		selected "check/$name" || continue
		found=1
		sed -n "/^FAILED $name\$/,/^[^ ]* /{/^ /p}" "$log" >"$RESULTS/check-$name.log"
		[ "$verdict" = ok ] && verdict=0 || verdict=1
		report "check/$name" "$verdict" $((SECONDS - start)) "$RESULTS/check-$name.log"
	done < <(grep -E '^(ok|FAILED) ' "$log")
	[ "$found" -eq 1 ] || [ "$pattern" != '*' ] || report check 1 0 "$log"
}

scenarios() { (cd "$LVS_TOP/qemu/scenarios" && ls test-*.sh 2>/dev/null) || true; }

# Every scenario in a guest of its own; $1 is the group, the rest are options of uml.sh. A scenario's line "# Guest: "
# has more of them.
scenarios_on_uml() {
	local group=$1 name found=0 guest
	shift
	for name in $(scenarios); do
		name=${name%.sh}
		selected "$group/$name" || continue
		found=1
		read -ra guest < <(sed -n 's/^# Guest: //p' "$LVS_TOP/qemu/scenarios/$name.sh") || true
		start_test "$group/$name" "$LVS_TOP/qemu/uml.sh" "$@" "${guest[@]}" --name "$name" \
			"$LVS_TOP/qemu/scenarios/$name.sh"
	done
	wait_for_tests
	[ "$found" -eq 1 ] || [ "$pattern" != '*' ] || report "$group: scenarios" 1 0 /dev/null
}

# Scenarios of the packet's way that have to pass with the early path as they do without.
EARLY=(nat dr tun mixed-local icmp fragments mtu states ipv6 return-routes)

group_uml() {
	local name
	scenarios_on_uml uml --timeout 600
	for name in "${EARLY[@]}"; do
		selected "uml/early-$name" || continue
		start_test "uml/early-$name" "$LVS_TOP/qemu/uml.sh" --timeout 600 --name "early-$name" \
			--env LVS_PARAMETERS=early_path=1 "$LVS_TOP/qemu/scenarios/test-$name.sh"
	done
	wait_for_tests
}

# The detectors first: if they don't detect, the rest says little.
group_sanitized() {
	! selected sanitized/test-detectors || start_test sanitized/test-detectors "$LVS_TOP/qemu/uml.sh" --sanitized --provokes \
		--timeout 900 "$LVS_TOP/qemu/scenarios/sanitized/test-detectors.sh"
	scenarios_on_uml sanitized --sanitized --timeout 900
}

# The list in one boot: a test's output is between the marks that guest/batch.sh prints.
group_stock() {
	local tests=() names=() test name limit total=120 log=$RESULTS/stock.log status=0 seconds
	while read -r test limit; do
		case $test in '' | '#'*) continue ;; esac
		name=$(basename "$test" .sh)
		selected "stock/$name" || continue
		tests+=("${limit:=240}:/lvs/$test")
		total=$((total + limit))
		names+=("$name")
	done <"$LVS_TOP/qemu/acceptance.list"
	[ "${#tests[@]}" -gt 0 ] || return 0
	say "booting the stock kernel for ${#tests[@]} tests; follow them in $log"
	"$LVS_TOP/qemu/stock.sh" --name acceptance --mem 2048 --timeout "$total" \
		/lvs/guest/batch.sh "${tests[@]}" >"$log" 2>&1 || status=$?
	for name in "${names[@]}"; do
		tr -d '\r' <"$log" | sed -n "/^@@ begin $name\$/,/^@@ end $name /p" >"$RESULTS/stock-$name.log"
		read -r status seconds < <(sed -n "s/^@@ end $name //p" "$RESULTS/stock-$name.log") ||
			{ status=1 seconds=0 && tail -n 30 "$log" >>"$RESULTS/stock-$name.log"; }
		report "stock/$name" "$status" "$seconds" "$RESULTS/stock-$name.log"
	done
}

prepare_artifacts
for group in "${groups[@]}"; do
	"group_$group"
done
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]
