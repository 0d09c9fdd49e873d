# SPDX-License-Identifier: GPL-2.0
# Answers each connection to port 80, of either family, with a name; a request that begins with
# "B" gets a large answer.
# usage: named_server.py NAME
import socket
import sys

name = sys.argv[1].encode()
server = socket.create_server(("::", 80), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)
while True:
    connection, _ = server.accept()
    connection.settimeout(5)
    try:
        large = connection.recv(100)[:1] == b"B"
        connection.sendall(name + b"x" * (200000 if large else 0))
    except OSError:
        pass
    connection.close()
