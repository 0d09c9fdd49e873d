#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The schedulers that look at addresses (sh, mh, dh, lblc, lblcr) give each of a
# long sequence of connections to the server that ip_vs gives it to, with all
# their flags and 1 to 1,000 servers, while connections are held and ended and
# rules change.
. "$(dirname "$0")/lib/common.sh"
. "$LIB/topology.sh"
. "$LIB/services.sh"
. "$LIB/differential.sh"

choices() { python3 "$LIB/schedulers.py" choices sh mh dh lblc lblcr; }
full() { python3 "$LIB/schedulers.py" full "$RUN/one-more"; }

differential choices
expect_match "connections of 1,000 servers were seen" "mh - 1000 servers" "$(cat "$RUN/trace.1")"
differential full
expect_match "mh with too many servers was refused" "-E -f 251 -s mh -> Invalid operation" "$(cat "$RUN/trace.2")"
expect_match "the service kept its scheduler" "FWM  251 rr" "$(cat "$RUN/trace.2")"
[[ $LVS_MODULE == ip_vs ]] || expect_eq "one server more" refused "$(cat "$RUN/one-more")"
expect_clean_log
pass
