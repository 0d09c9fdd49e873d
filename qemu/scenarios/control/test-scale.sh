#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
# Everybody has to show the same rules, and ipvsadm-rs has to list them faster than ipvsadm under
# lvs. Times are printed, and what memory the kernel took:
#   qemu/run/uml.sh --timeout 600 --env SCALE_SERVICES=10000 qemu/scenarios/control/test-scale.sh
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Many services, under ip_vs and the module under test, by stock ipvsadm and by
	ipvsadm-rs: SCALE_SERVICES of them (2,000) with 4 servers each are restored, listed,
	zeroed and flushed; 1,000 with 20 each are listed; a tenth of the former is looked at in
	every way and taken away one by one"

. "$LIB/many_services.sh"
: "${SCALE_SERVICES:=2000}"
TOOLS=(ipvsadm)
[[ $ADMIN == ipvsadm ]] || TOOLS+=("$ADMIN")

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

# begin MODULE TOOL SERVICES SERVERS: restores and lists them.  The module is loaded anew, for
# ip_vs looks through all servers removed in the last minutes, one by one, for each that is added.
begin() {
	local module=$1 tool=$2 services=$3 servers=$4 file=$RUN/rules.$3.$4 seen=$RUN/seen
	unload_module "$module"
	load_module "$module"
	TIMES='' BEFORE=$(kernel_memory)
	timed restore restore "$tool" "$file"
	TIMES+=" ($(($(kernel_memory) - BEFORE)) kB)"
	timed list listing "$tool" "$seen"
	expect_eq "$module: services that $tool lists" "$services" "$(grep -c '^TCP' "$seen")"
	expect_eq "$module: servers that $tool lists" $((services * servers)) "$(grep -c '^  -> [0-9]' "$seen")"
}

# end MODULE TOOL SERVICES SERVERS: zeroes and flushes them.
end() {
	timed zero "$2" -Z
	timed flush "$2" -C
	expect_eq "$1: rules after $2 flushed them" 3 "$(wc -l </proc/net/ip_vs)"
	TIMES+=" ($(($(kernel_memory) - BEFORE)) kB left)"
	say "$1, $(basename "$2"), $3 × $4, seconds:$TIMES"
}

# in_every_way MODULE TOOL SERVICES SERVERS
in_every_way() {
	local module=$1 tool=$2 services=$3 servers=$4 file=$RUN/rules.$3.$4 seen=$RUN/seen
	begin "$@"
	timed stats "$tool" -ln --stats >"$seen"
	timed save sorted_save "$tool" "$seen"
	expect_eq "$module: rules that $tool saves" "$(sort "$file" | md5sum)" "$(md5sum <"$seen")"
	timed proc cat /proc/net/ip_vs >"$seen"
	expect_eq "$module: servers in /proc/net/ip_vs" $((services * servers)) "$(grep -c '^  -> [0-9A-F]' "$seen")"
	end "$@"
	# Each one taken away for itself, the oldest first.
	unload_module "$module"
	load_module "$module"
	restore "$tool" "$file"
	TIMES=''
	timed "delete each" restore "$tool" "$RUN/removals.$services.$servers"
	expect_eq "$module: rules after each was removed" 3 "$(wc -l </proc/net/ip_vs)"
	say "$module, $(basename "$tool"), $services × $servers, seconds:$TIMES"
}

# race MODULE OPTION...: both tools list ten times, in turns.  The fastest time of each counts:
# other tasks of the machine only add to it.  Of lvs ipvsadm-rs gets everything in one list, so it
# has to be faster; of ip_vs both ask for each service, and the kernel's work is most of it.
race() {
	local module=$1 tool name from took
	local -A best=()
	shift
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		for tool in "${TOOLS[@]}"; do
			name=$(basename "$tool")
			from=${EPOCHREALTIME/./}
			"$tool" "$@" >"$RUN/listing.$name"
			took=$((${EPOCHREALTIME/./} - from))
			((${best[$name]:-$took} < took)) || best[$name]=$took
		done
	done
	for name in "${!best[@]}"; do say "$module, 1000 × 20, $name $*: $((best[$name] / 1000)) ms"; done
	((${#TOOLS[@]} == 2)) || return 0
	cmp "$RUN"/listing.* || fail "$module: the listings differ"
	[[ $module != lvs ]] || ((best[ipvsadm-rs] < best[ipvsadm])) || fail "$module: ipvsadm-rs $* is slower than ipvsadm"
}

SMALL=$((SCALE_SERVICES / 10))
for shape in "$SCALE_SERVICES 4" "$SMALL 4" "1000 20"; do
	read -r services servers <<<"$shape"
	many_services "$services" "$servers" >"$RUN/rules.$services.$servers"
	sed -n 's/^-A \(-t [^ ]*\) .*/-D \1/p' "$RUN/rules.$services.$servers" >"$RUN/removals.$services.$servers"
done
for module in ip_vs "$LVS_MODULE"; do
	load_module "$module"
	for tool in "${TOOLS[@]}"; do
		in_every_way "$module" "$tool" "$SMALL" 4
		begin "$module" "$tool" "$SCALE_SERVICES" 4
		end "$module" "$tool" "$SCALE_SERVICES" 4
	done
	unload_module "$module"
	load_module "$module"
	restore "$ADMIN" "$RUN/rules.1000.20"
	race "$module" -Ln
	race "$module" -Ln --stats
	race "$module" -Sn
	"$ADMIN" -C
	unload_module "$module"
done
