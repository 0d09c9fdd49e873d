#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Run targets of libFuzzer (tests/fuzz/targets) in the build root, on what the compiler there can
# instrument.
#
# usage: fuzz.sh SECONDS [TARGET...]      each target (default: all) for so many seconds
#        fuzz.sh merge                    put what was found into tests/fuzz/corpus, as little of
#                                         it as reaches as much
# Inputs that were found are kept in build/fuzz/corpus, those that fail in build/fuzz/failures.
. "$(dirname "$0")/../common.sh"

find_root
seconds=${1:?usage: fuzz.sh SECONDS [TARGET...] | merge}
shift
all=()
for target in "$LVS_TOP"/tests/fuzz/targets/*.rs; do all+=("$(basename "$target" .rs)"); done
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=("${all[@]}")

# What cargo-fuzz would pass, but for the address sanitizer, whose run-time Debian's compiler lacks.
flags='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
	-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg=fuzzing'
build() {
	local host=x86_64-unknown-linux-gnu
	mkdir -p "$LVS_BUILD/fuzz"
	$SUDO mkdir -p "$LVS_CACHE/cargo"
	CHROOT_ENV="CARGO_HOME=$LVS_CACHE/cargo CARGO_TARGET_DIR=/build/fuzz/cargo CARGO_TERM_COLOR=never CARGO_NET_RETRY=5" \
		in_root sh -c 'RUSTFLAGS=$(echo $1) exec cargo build --quiet --release --locked --target "$2" \
			--manifest-path /src/tests/fuzz/Cargo.toml' sh "$flags" "$host"
	BINARIES=/build/fuzz/cargo/$host/release
}

fuzz() {
	local target=$1
	shift
	mkdir -p "$LVS_BUILD/fuzz/corpus/$target" "$LVS_BUILD/fuzz/failures"
	in_root sh -c 'cd /tmp && exec "$@"' sh "$BINARIES/$target" -artifact_prefix="/build/fuzz/failures/$target-" -timeout=5 \
		-max_len=2048 -verbosity=0 -print_final_stats=1 "$@" "/build/fuzz/corpus/$target" "/src/tests/fuzz/corpus/$target"
}

# Runners may build at once.
exec 8>"$LVS_BUILD/.fuzz-lock"
flock 8
build
exec 8>&-

if [ "$seconds" = merge ]; then
	for target in "${targets[@]}"; do
		rm -rf "$LVS_BUILD/fuzz/merged/$target"
		mkdir -p "$LVS_BUILD/fuzz/merged/$target"
		in_root "$BINARIES/$target" -merge=1 -use_counters=0 -max_len=512 -verbosity=0 "/build/fuzz/merged/$target" "/build/fuzz/corpus/$target" \
			"/src/tests/fuzz/corpus/$target"
		mkdir -p "$LVS_TOP/tests/fuzz/corpus/$target"
		rm -f "$LVS_TOP/tests/fuzz/corpus/$target"/*
		cp "$LVS_BUILD/fuzz/merged/$target"/* "$LVS_TOP/tests/fuzz/corpus/$target/"
	done
	exit
fi
for target in "${targets[@]}"; do
	output=$(fuzz "$target" -max_total_time="$seconds" 2>&1) || {
		say "$output"
		die "$target failed; the input is in build/fuzz/failures"
	}
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' <<<"$output")
	[ "${runs:-0}" -gt 1000 ] || die "$target: only ${runs:-0} inputs in $seconds s"
	say "$target: $runs inputs in $seconds s"
done
