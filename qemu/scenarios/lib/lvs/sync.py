# SPDX-License-Identifier: GPL-2.0
"""Messages of the synchronisation protocol by hand, sent to the backup on the director's front."""

import functools
import socket
import struct

from .genl import Genl, attr, text, u32
from .wire import Netns

GROUP, PORT = "224.0.0.81", 8848
MASTER, BACKUP = 1, 2
TCP, UDP = 6, 17
INACTIVE, NO_CPORT, TEMPLATE, ONE_PACKET = 0x100, 0x800, 0x1000, 0x2000


def entry(client, virtual, real, protocol=TCP, flags=0, state=1, timeout=900, mark=0, options=b"", kind=None, version=0, size=None):
    """One of version 1; ends are (address, port)."""
    wide = ":" in client[0]
    family = socket.AF_INET6 if wide else socket.AF_INET
    kind = int(wide) if kind is None else kind
    addresses = b"".join(socket.inet_pton(family, end[0]) for end in (client, virtual, real))
    length = 24 + len(addresses) + len(options) if size is None else size
    return struct.pack("!BBHIHHHHII", kind, protocol, version << 12 | length, flags, state, client[1], virtual[1], real[1], mark,
                       timeout) + addresses + options


def entry0(client, virtual, real, protocol=TCP, flags=0, state=1, sequences=b""):
    """One of version 0."""
    addresses = b"".join(socket.inet_aton(end[0]) for end in (client, virtual, real))
    return struct.pack("!BBHHH", 0, protocol, client[1], virtual[1], real[1]) + addresses + struct.pack("!HH", flags, state) + sequences


def message(*entries, sync_id=0, count=None, size=None, version=1, first=0, spare=0):
    """One of version 1."""
    body = b""
    for part in entries:
        body += bytes(-len(body) % 4) + part
    length = 8 + len(body) if size is None else size
    return struct.pack("!BBHBbH", first, sync_id, length, len(entries) if count is None else count, version, spare) + body


def message0(*entries, sync_id=0, count=None, size=None):
    """One of version 0."""
    body = b"".join(entries)
    return struct.pack("!BBH", len(entries) if count is None else count, sync_id, 4 + len(body) if size is None else size) + body


class Backup:
    """A backup daemon of the director, and somebody at the client who sends to it."""

    def __init__(self, sync_id=0, device="front"):
        with Netns("director"):
            self.genl = Genl()
        parts = u32(1, BACKUP) + text(2, device) + u32(3, sync_id)
        error, _ = self.genl.request(self.genl.family, 9, attr(3, parts))
        if error:
            raise OSError(error, "starting the backup")
        with Netns("client"):
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.0.1.10"))

    def tell(self, data):
        """Sends a datagram."""
        self.socket.sendto(data, (GROUP, PORT))

    def stop(self):
        """Stops the daemon."""
        return self.genl.request(self.genl.family, 10, attr(3, u32(1, BACKUP)))[0]


@functools.cache
def place(netns):
    """The namespace, which is opened once."""
    return Netns(netns)


def entries(netns="director"):
    """What the director has: [(protocol, client, virtual, real, state, origin, expires)], ends as hexadecimal numbers."""
    with place(netns), open("/proc/net/ip_vs_conn_sync", encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    return sorted((r[0], f"{r[1]}:{r[2]}", f"{r[3]}:{r[4]}", f"{r[5]}:{r[6]}", r[7], r[8], int(r[9])) for r in rows)
