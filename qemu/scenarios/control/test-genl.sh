#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
. "$(dirname "$0")/../lib/scenario.sh"
scenario "Every command of the netlink family, well formed and malformed: the same errors and the
	same bytes as ip_vs. Nobody without privilege changes a thing"

heading "Messages of every shape"
messages() { in_ns director python3 "$HERE/genl_cases.py"; }
differential messages

heading "Without privilege"
unprivileged() {
	in_ns director ipvsadm -A -t $VIP:80 -s rr
	in_ns director ipvsadm -a -t $VIP:80 -r $RS1 -m
	cat >"$RUN/small.py" <<-'END'
		from lvs.genl import NLM_F_DUMP, Genl, attr
		send = Genl()
		for command in range(1, 18):
		    send(f"command {command}", command, attr(1))
		    send(f"dump {command}", command, attr(1), flags=NLM_F_DUMP)
	END
	chmod 755 "$RUN"
	echo "an ordinary user"
	in_ns director setpriv --reuid 1000 --regid 1000 --clear-groups env PYTHONPATH="$LIB" python3 "$RUN/small.py"
	echo "root of a user namespace, in the director's network"
	in_ns director unshare --user --map-root-user env PYTHONPATH="$LIB" python3 "$RUN/small.py"
	echo "root of a user namespace, in its own network"
	unshare --user --map-root-user --net env PYTHONPATH="$LIB" python3 "$RUN/small.py"
	in_ns director ipvsadm -Sn
}
differential unprivileged
