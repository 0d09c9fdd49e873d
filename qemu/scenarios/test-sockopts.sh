#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A C program that knows only the socket options gets the same answers as from ip_vs: as root, as root of a user
# namespace with a network of its own, and as somebody without the privilege.
. "$(dirname "$0")/lib/common.sh"
. "$LIB/topology.sh"
. "$LIB/differential.sh"

gcc -D_GNU_SOURCE -Wall -Werror -o "$RUN/sockopts" "$LIB/sockopts.c"
chmod 755 "$RUN" "$RUN/sockopts"

trace() {
	echo "root"
	in_ns director "$RUN/sockopts"
	echo "root of a user namespace, in its own network"
	unshare --user --map-root-user --net sh -c "ip link set lo up; $RUN/sockopts"
	echo "root of a user namespace, in the director's network"
	in_ns director unshare --user --map-root-user "$RUN/sockopts"
	echo "an ordinary user"
	in_ns director setpriv --reuid 1000 --regid 1000 --clear-groups "$RUN/sockopts"
}
differential trace
expect_clean_log
pass
