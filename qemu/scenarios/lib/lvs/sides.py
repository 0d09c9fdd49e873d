# SPDX-License-Identifier: GPL-2.0
"""What arrives at the client and at rs1."""

import os

CLIENT = "10.0.1.10"
RS1 = "10.0.2.11"
# Addresses of nobody beside them, and where what is sent there arrives.
MARKED = {"10.0.1.62": "client", "10.0.2.62": "server"}


class Sides:
    """Senders and captures at the client and at rs1, and a way to tell that all consequences of what
    was sent have arrived: marks that follow on its heels, by way of the director, to both sides.

    `net` is wire or wire6; `wanted` tells which packets are seen, `describe` what is said of them."""

    def __init__(self, net, wanted=None, describe=None):
        # Packets that leave on one CPU keep their order.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        self.net, self.describe = net, describe or net.describe
        options = {"wanted": wanted} if wanted else {}
        self.client, self.server = net.Sender("client"), net.Sender("rs1")
        self.seen = {"client": net.Capture("client", **options), "server": net.Capture("rs1", **options)}
        self.mark = 0

    def arrived(self):
        """[(side, packet)] since the last time."""
        marks = {"client": set(), "server": set()}
        for sender, address in ((self.client, CLIENT), (self.server, RS1)):
            for target, side in MARKED.items():
                self.mark = self.mark % 65535 + 1
                marks[side].add(self.mark)
                sender.send(self.net.udp(address, self.mark, target, 9))
        found = []
        for side, capture in self.seen.items():
            while marks[side]:
                packet = capture.next()
                if packet is None:
                    raise TimeoutError(f"a mark was lost on its way to the {side}")
                if self.net.target(packet) in MARKED:
                    marks[side].discard(self.net.ports(packet)[1])
                elif not self.net.is_for_many(packet):
                    found.append((side, packet))
        return found

    def show(self, title):
        """Prints what arrived under a title, and returns it."""
        print(title)
        found = self.arrived()
        for side, packet in found:
            print("   at the", side, self.describe(packet))
        return found
