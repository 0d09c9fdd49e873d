# SPDX-License-Identifier: GPL-2.0
# Sends a datagram and prints "refused" when an ICMP error about it comes back to its socket.
# usage: udp_refused.py ADDRESS PORT
import socket
import sys

family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as sock:
    sock.settimeout(5)
    sock.connect((sys.argv[1], int(sys.argv[2])))
    sock.send(b"x")
    try:
        sock.recv(10)
        print("answered")
    except ConnectionRefusedError:
        print("refused")
    except TimeoutError:
        print("nothing")
