#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Guest: --real-time
# Not sanitized: thousands of processes that say little about the kernel.
. "$(dirname "$0")/../lib/scenario.sh"
scenario "ipvsadm-rs beside stock ipvsadm: every command line of tests/parity, run by both from the
	same table of the same module, prints, answers and leaves behind the same, under ip_vs and lvs"

# A process takes some 15 ms to start in user-mode Linux, so the work is shared out to several
# network namespaces, each with a table of its own.
#
# MODULES  modules that both are run on, one after the other: ip_vs and lvs; wrong usage is asked
#          for on the first alone
# STOCK    stock ipvsadm
# OURS     ipvsadm-rs
: "${MODULES:=ip_vs lvs}" "${STOCK:=/usr/sbin/ipvsadm}" "${OURS:=/lvs/ipvsadm-rs}"
PARITY=$(cd "$HERE/../../../tests/parity" 2>/dev/null && pwd) || PARITY=/lvs/tests/parity
export STOCK OURS PARITY

# Nobody answers questions about names here.
rm -f /etc/nsswitch.conf
printf '%s\n' 'hosts: files' 'services: files' >/etc/nsswitch.conf

# share DIR NAME FILE: starts a share, of the cases of a file.
SHARES=0
share() {
	SHARES=$((SHARES + 1))
	unshare -n bash "$HERE/parity_share.sh" "$2" "$1" "$EARLIER" <"$3" >"$1/$2.log" 2>&1 &
}

# shares DIR: starts all of them.
shares() {
	local file size part
	for file in "$PARITY"/*.cases; do share "$1" "$(basename "$file" .cases)" "$file"; done
	"$PARITY/matrix.sh" >"$1/matrix"
	size=$(($(wc -l <"$1/matrix") / 4 + 1))
	for part in 0 1 2 3; do
		sed -n "1p; $((part * size + 2)),$(((part + 1) * size + 1))p" "$1/matrix" >"$1/matrix-$part.cases"
		share "$1" matrix-$part "$1/matrix-$part.cases"
	done
	share "$1" connections /dev/null
}

EARLIER=
for module in $MODULES; do
	dir=$RUN/$module begin=$SECONDS SHARES=0
	mkdir "$dir"
	: >"$dir/total"
	load_module "$module"
	shares "$dir"
	wait
	cat "$dir"/*.log
	read -r finished cases different deviations unexpected holes < <(
		awk '{ for (i = 1; i <= 5; i++) sum[i] += $i } END { print NR, sum[1] + 0, sum[2] + 0, sum[3] + 0, sum[4] + 0, sum[5] + 0 }' \
			"$dir/total"
	)
	say "$cases cases under $module in $((SECONDS - begin)) s: $different different, $((deviations - unexpected)) deviate on purpose"
	expect_eq "shares of the work that were done" "$SHARES" "$finished"
	expect_eq "tables to start from that $module refused a part of" 0 "$holes"
	expect_eq "command lines that differ under $module" 0 "$different"
	expect_eq "command lines that differ on purpose, but don't" 0 "$unexpected"
	((cases > 0)) || fail "there are no cases"
	CHECKS=$((CHECKS + cases))
	unload_module "$module"
	EARLIER=$dir
done
