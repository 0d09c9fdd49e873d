#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Measure lvs.ko beside stock ip_vs.ko.
#
# usage: run.sh uml|stock [CASE...]
# `uml`: times, in user-mode Linux. `stock`: instructions, on the stock kernel in QEMU. QUICK=1
# measures a selection, for three minutes; REPETITIONS=N as often as you like. CASE is a name or a
# part of it. Results: build/bench.json, build/bench.svg, a table (or build/bench-stock.*).
. "$(dirname "$0")/../common.sh"

vehicle=${1:-uml}
shift || true
BENCH=$LVS_TOP/qemu/bench
case $vehicle in
uml) name=bench repetitions=${REPETITIONS:-2} ;;
stock) name=bench-stock repetitions=${REPETITIONS:-1} ;;
*) die "there is no way to measure called \"$vehicle\"" ;;
esac
need_tool python3
need_tool taskset util-linux

"$LVS_TOP/qemu/build/module.sh" "$vehicle"
"$LVS_TOP/qemu/build/cli.sh"
mkdir -p "$LVS_BUILD"
samples=$LVS_BUILD/$name.samples
exec 7>"$LVS_BUILD/.$name.lock"
flock -n 7 || die "another benchmark is running"
: >"$samples"

# A measurement wants a processor for itself: the last one, before all others' work where that is
# allowed.
prefix=(taskset -c "$(($(nproc) - 1))")
! chrt --fifo 1 true 2>/dev/null || prefix+=(chrt --fifo 1)

# guest CPUS REPETITION: one boot, in which each of the chosen cases is measured once.
guest() {
	local cpus=$1 repetition=$2 cases options=(--name "$name" --timeout 1200 --ncpus "$1")
	mapfile -t cases < <(
		python3 "$BENCH/report.py" --cases "$vehicle" "${QUICK:-}" "$cpus" "$repetition" "${selection[@]}"
	)
	[ "${#cases[@]}" -gt 0 ] || return 0
	if [ "$vehicle" = uml ]; then
		options=(env "LVS_HUGE_PAGES=${LVS_HUGE_PAGES:-always}" "${prefix[@]}" "$LVS_TOP/qemu/run/uml.sh" --mem 2048 "${options[@]}")
	elif [ "$cpus" -eq 1 ]; then
		# One instruction takes a nanosecond of the guest's time, and nothing that the host
		# does takes any.
		options=(env "LVS_ACCEL=tcg,thread=single" "LVS_QEMU_ARGS=-icount shift=0,sleep=off" "$LVS_TOP/qemu/run/stock.sh"
			--mem 2048 "${options[@]}")
	else
		options=("$LVS_TOP/qemu/run/stock.sh" --mem 2048 "${options[@]}")
	fi
	"${options[@]}" "$BENCH/guest/bench.py" "$vehicle" "$repetition" "${cases[@]}" </dev/null | while IFS= read -r line; do
		case $line in
		"{"*)
			printf '%s\n' "$line" >>"$samples"
			python3 "$BENCH/report.py" --line "$line" >&2
			;;
		*) printf '%s\n' "$line" >&2 ;;
		esac
	done
}

selection=("$@")
for ((repetition = 0; repetition < repetitions; repetition++)); do
	for cpus in 1 2; do
		guest "$cpus" "$repetition" || say "-- the guest of repetition $repetition failed; its log: build/logs/$name.*.log"
	done
done
python3 "$BENCH/report.py" --report "$samples" "$LVS_BUILD/$name"
