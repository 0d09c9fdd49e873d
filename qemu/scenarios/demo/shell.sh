#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A shell in the guest of the demonstration: module loaded, client, director and three real
# servers up, one service configured.
. "$(dirname "$0")/../lib/scenario.sh"

with_topology rs1 rs2 rs3 director
dns_server rs1 rs2 rs3
admin -A -t $VIP:80 -s rr
for rs in $RS1 $RS2 $RS3; do admin -a -t $VIP:80 -r "$rs" -m; done

cat >"$RUN/rc" <<END
. /etc/bash.bashrc 2>/dev/null
VIP=$VIP RS1=$RS1 RS2=$RS2 RS3=$RS3
PATH=/lvs:\$PATH
# on NAMESPACE COMMAND...: runs it there.
on() { local ns=\$1; shift; nsenter --net=/run/netns/\$ns "\$@"; }
PS1='\[\e[1m\]director\[\e[0m\]:\w# '
cd /lvs
END
cat <<END

  $LVS_MODULE.ko is loaded into Linux $(uname -r); this shell is on the director of $VIP.
  The namespaces client, rs1, rs2 and rs3 ($RS1 - $RS3) are reached with "on NAMESPACE COMMAND".
  Try:  on client curl http://$VIP/?[1-6]     $(basename "$ADMIN") -Ln     $(basename "$ADMIN") -Lnc
        $(basename "$ADMIN") -e -t $VIP:80 -r $RS1 -m -w 0     tcpdump -ni any port 80 &
  Leave with exit.

END
nsenter --net=/run/netns/director bash --rcfile "$RUN/rc" -i || true
