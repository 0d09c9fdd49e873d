#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Answers with what it gets, on these ports: echo.py tcp/8080 udp/53 sctp/132 ... Both families."""

import selectors
import socket
import sys

selector = selectors.DefaultSelector()
for argument in sys.argv[1:]:
    kind, port = argument.split("/")
    if kind == "tcp":
        server = socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
    elif kind == "sctp":
        # Over IPv4 alone, for an address of the other family that a peer is told of needs it.
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
        server.bind(("", int(port)))
        server.listen(64)
    else:
        server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("::", int(port)))
    selector.register(server, selectors.EVENT_READ, kind)
while True:
    for key, _ in selector.select():
        if key.data in ("tcp", "sctp"):
            connection, _ = key.fileobj.accept()
            selector.register(connection, selectors.EVENT_READ, "connection")
        elif key.data == "udp":
            data, source = key.fileobj.recvfrom(65536)
            key.fileobj.sendto(data, source)
        else:
            try:
                data = key.fileobj.recv(65536)
                if data:
                    key.fileobj.sendall(data)
            except OSError:
                data = b""
            if not data:
                selector.unregister(key.fileobj)
                key.fileobj.close()
