#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Many services: SCALE_SERVICES of them (500) with 4 servers each, and a tenth as many with 20 each, are
# restored, listed, zeroed, saved and flushed by stock ipvsadm and by ipvsadm-rs, under ip_vs and the module under test.
# Everybody has to show the same rules.  Times are printed, and what memory the kernel took; no check is about them:
#   qemu/uml.sh --mem 2048 --timeout 600 --env SCALE_SERVICES=10000 qemu/scenarios/test-scale.sh
. "$(dirname "$0")/lib/common.sh"

: "${SCALE_SERVICES:=500}"
TOOLS=(ipvsadm)
[[ $ADMIN == ipvsadm ]] || TOOLS+=("$ADMIN")

# rules SERVICES SERVERS: in the order of a listing that is sorted.
rules() {
	awk -v services="$1" -v servers="$2" 'BEGIN {
		for (s = 0; s < services; s++) {
			name = sprintf("10.%d.%d.%d:%d", 100 + s / 10000, int(s / 100) % 100, s % 100, 1 + s * 7 % 65535)
			print "-A -t " name " -s " (s % 3 ? "rr" : "wlc")
			for (d = 0; d < servers; d++)
				print "-a -t " name " -r 192.168." int(s / 250) % 250 "." 1 + (s + d) % 250 ":" 8000 + d \
					" -m -w " 1 + (s + d) % 100
		}
	}'
}

# Kilobytes that the kernel holds for itself; what can be freed at once doesn't count.
kernel_memory() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(Slab|Percpu|VmallocUsed|PageTables):/ { sum += $2 } END { print sum }' /proc/meminfo
}

# timed WHAT COMMAND...: says how long the command took.
timed() {
	local what=$1 from=$EPOCHREALTIME
	shift
	"$@" || fail "$module, $what: '$*' ended with $?"
	TIMES+=$(printf ' %s %.2f' "$what" "$(awk -v a="$from" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')")
}
restore() { "$1" -R <"$2"; }
listing() { "$1" -ln >"$2"; }
sorted_save() { "$1" -Sn | sort >"$2"; }

# round MODULE TOOL SERVICES SERVERS
round() {
	local module=$1 tool=$2 services=$3 servers=$4 before TIMES=''
	local file=$RUN/rules.$services.$servers seen=$RUN/seen
	before=$(kernel_memory)
	timed restore restore "$tool" "$file"
	TIMES+=" ($(($(kernel_memory) - before)) kB)"
	timed list listing "$tool" "$seen"
	expect_eq "$module: services that $tool lists" "$services" "$(grep -c '^TCP' "$seen")"
	expect_eq "$module: servers that $tool lists" $((services * servers)) "$(grep -c '^  -> [0-9]' "$seen")"
	timed stats "$tool" -ln --stats >"$seen"
	timed save sorted_save "$tool" "$seen"
	expect_eq "$module: rules that $tool saves" "$(sort "$file" | md5sum)" "$(md5sum <"$seen")"
	timed proc cat /proc/net/ip_vs >"$seen"
	expect_eq "$module: servers in /proc/net/ip_vs" $((services * servers)) "$(grep -c '^  -> [0-9A-F]' "$seen")"
	timed zero "$tool" -Z
	timed flush "$tool" -C
	expect_eq "$module: rules after $tool flushed them" 3 "$(wc -l </proc/net/ip_vs)"
	TIMES+=" ($(($(kernel_memory) - before)) kB left)"
	# Each one taken away for itself, the oldest first.
	restore "$tool" "$file"
	timed "delete each" restore "$tool" "$RUN/removals.$services.$servers"
	expect_eq "$module: rules after each was removed" 3 "$(wc -l </proc/net/ip_vs)"
	say "$module, $(basename "$tool"), $services × $servers, seconds:$TIMES"
}

SHAPES=("$SCALE_SERVICES 4" "$((SCALE_SERVICES / 10)) 20")
for shape in "${SHAPES[@]}"; do
	read -r services servers <<<"$shape"
	rules "$services" "$servers" >"$RUN/rules.$services.$servers"
	sed -n 's/^-A \(-t [^ ]*\) .*/-D \1/p' "$RUN/rules.$services.$servers" >"$RUN/removals.$services.$servers"
done
for module in ip_vs "$LVS_MODULE"; do
	load_module "$module"
	for shape in "${SHAPES[@]}"; do
		for tool in "${TOOLS[@]}"; do
			# shellcheck disable=SC2086
			round "$module" "$tool" $shape
		done
	done
	unload_module "$module"
done

expect_clean_log
pass
