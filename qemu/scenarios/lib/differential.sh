# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Runs the same thing under stock ip_vs and under the module under test, and
# compares what was seen.  Sourced after services.sh.
#
# With LVS_MODULE=ip_vs stock ip_vs is compared with itself, which shows that
# the trace is deterministic.

# differential FUNCTION [setup function]: the function prints the trace.
# With IP_VS_KEEPS_DEVICES=1, ip_vs is unloaded before its namespaces go, which else never would.
differential() {
	local trace=$1 setup=${2:-topology} module n=0
	for module in ip_vs "$LVS_MODULE"; do
		n=$((n + 1))
		load_module "$module"
		$setup >&2
		# How large a table of connections is, once it exists, isn't compared: lvs's is
		# denser.
		$trace | sed 's/(size=[1-9][0-9]*)/(size=any)/' >"$RUN/trace.$n"
		if [[ $module == ip_vs && ${IP_VS_KEEPS_DEVICES:-} ]]; then
			in_ns director ipvsadm -C
			unload_module "$module"
			remove_topology
		else
			remove_topology
			unload_module "$module"
		fi
		[[ -s $RUN/trace.$n ]] || fail "the trace under $module is empty"
	done
	CHECKS=$((CHECKS + $(wc -l <"$RUN/trace.1")))
	if ! diff -u --label ip_vs "$RUN/trace.1" --label "$LVS_MODULE" "$RUN/trace.2" >"$RUN/diff"; then
		head -n "${DIFF_LINES:-80}" "$RUN/diff"
		fail "$trace: $LVS_MODULE differs from ip_vs in $(grep -c '^[-+][^-+]' "$RUN/diff") lines"
	fi
	say "$trace: $(wc -l <"$RUN/trace.1") lines are the same under ip_vs and $LVS_MODULE"
}
