# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The second guest of a scenario with the line "# Guest: --peer": see qemu/run/joined.py. Sourced
# after scenario.sh by the scenarios that need it.

PEER=192.0.2.2

# ask_peer SCRIPT: has the second guest run it, prints what it prints, ends with its status.
ask_peer() {
	python3 - "$PEER" "$1" <<-'END'
		import socket, sys
		address, script = sys.argv[1], sys.argv[2].encode()
		with socket.create_connection((address, 7), 10) as connection:
		    connection.settimeout(600)
		    with connection.makefile("rwb") as stream:
		        stream.write(b"%d\n%s" % (len(script), script) if script != b"quit" else b"quit\n")
		        stream.flush()
		        status = stream.readline() or b"0"
		        sys.stdout.write(stream.read().decode(errors="replace"))
		sys.exit(int(status))
	END
}

# peer COMMAND...: the same command there; it may be a function of the libraries.
peer() {
	local words
	printf -v words ' %q' "$@"
	ask_peer "set -eEuo pipefail
		export PATH=$PATH LC_ALL=C PYTHONPATH=$LIB LIB=$LIB LVS_MODULE=$PEER_MODULE LVS_KO=$LVS_KO
		export PYTHONDONTWRITEBYTECODE=1 PEER_MODULE=$PEER_MODULE
		RUN=/tmp/peer NAME=${NAME}-peer
		mkdir -p \$RUN
		AT_EXIT=()
		at_exit() { :; }
		. $LIB/expect.sh; . $LIB/module.sh; . $LIB/topology.sh; . $LIB/dual_stack.sh; . $LIB/services.sh
		$(declare -f "${PEER_FUNCTIONS[@]}")
		$words"
}

# joined_link NS: a device `link0` of a namespace of this guest that leads to the other guest's. The
# guests' own device stays up in a bridge, since its socket is gone once it is closed.
joined_link() {
	if [[ ! -e /sys/class/net/joined ]]; then
		ip link add joined type bridge forward_delay 0 mcast_snooping 0
		ip link set vec0 master joined
		ip link set vec0 up
		ip link set joined up
	fi
	ip link add link0 netns "$1" type veth peer name "link-$1"
	ip link set "link-$1" master joined
	ip link set "link-$1" up
	ip -n "$1" link set link0 up
}

# The module that the second guest is to use, and functions of the scenario that it has to know.
: "${PEER_MODULE:=$LVS_MODULE}"
PEER_FUNCTIONS=(joined_link)

peer_answers() { ask_peer true 2>/dev/null; }
peer_goes() { ask_peer quit 2>/dev/null || true; }

ip addr add 192.0.2.1/24 dev vec1
ip link set vec1 up
at_exit peer_goes
poll "the second guest answers" 30 peer_answers
