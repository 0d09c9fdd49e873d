# SPDX-License-Identifier: GPL-2.0
"""`wire` for the family in $FAMILY: IPv4's by default, IPv6's for 6."""

import os

V6 = os.environ.get("FAMILY") == "6"
if V6:
    from lvs import wire6 as wire
else:
    from lvs import wire  # noqa: F401
