#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "A C program that knows only the socket options gets the same answers as from ip_vs: as
	root, as root of a user namespace with a network of its own, and as somebody without the
	privilege. So do ipvsadm and ipvsadm-rs where they can't have netlink"

compile "$RUN/sockopts" "$HERE/sockopts.c" -D_GNU_SOURCE
chmod 755 "$RUN" "$RUN/sockopts"

# commands TOOL...: a table made, shown, changed and flushed, and what socket options can't do.
commands() {
	local words
	while read -ra words; do
		echo "\$ ${words[*]}"
		"$@" "${words[@]}" 2>&1 || echo "status $?"
	done <<-END
		-A -t 10.0.1.100:80 -s sh -p 60 -b sh-port
		-A -t 10.0.1.100:80
		-a -t 10.0.1.100:80 -r 10.0.2.11:8080 -m -w 3 -x 20 -y 10
		-a -t 10.0.1.100:80 -r 10.0.2.12 -i
		-A -f 7 -s wlc
		-a -f 7 -r 10.0.2.13 -g
		-A -u [2001:db8::1]:53 -s rr
		-Ln
		-Ln --stats
		-Ln --thresholds
		-e -t 10.0.1.100:80 -r 10.0.2.11:8080 -m -w 0
		-d -t 10.0.1.100:80 -r 10.0.2.12
		-d -t 10.0.1.100:80 -r 10.0.2.12
		--set 100 50 25
		-L --timeout
		-L --daemon
		-Z
		-Ln -t 10.0.1.100:80
		-D -f 7
		-C
		-Ln
	END
}
# As where the kernel has no generic netlink.
compile "$RUN/without_netlink.so" "$HERE/without_netlink.c" -shared -fPIC -D_GNU_SOURCE
export -f commands

trace() {
	echo "root"
	in_ns director "$RUN/sockopts"
	echo "root of a user namespace, in its own network"
	unshare --user --map-root-user --net sh -c "ip link set lo up; $RUN/sockopts"
	echo "root of a user namespace, in the director's network"
	in_ns director unshare --user --map-root-user "$RUN/sockopts"
	echo "an ordinary user"
	in_ns director setpriv --reuid 1000 --regid 1000 --clear-groups "$RUN/sockopts"
	for tool in ipvsadm /lvs/ipvsadm-rs; do
		echo "$tool without netlink"
		in_ns director bash -c "commands env LD_PRELOAD=$RUN/without_netlink.so $tool" | tee "$RUN/without_netlink.$(basename $tool)"
	done
	# ipvsadm takes a refusal of netlink for the kernel's last word.
	echo "ipvsadm-rs as root of a user namespace"
	unshare --user --map-root-user --net bash -c "ip link set lo up; commands /lvs/ipvsadm-rs" | tee "$RUN/userns"
	expect_eq "ipvsadm-rs as root of a user namespace" "$(cat "$RUN/without_netlink.ipvsadm-rs")" "$(cat "$RUN/userns")"
	expect_eq "ipvsadm-rs without netlink" "$(cat "$RUN/without_netlink.ipvsadm")" "$(cat "$RUN/without_netlink.ipvsadm-rs")"
}
differential trace
