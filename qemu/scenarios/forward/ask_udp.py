# SPDX-License-Identifier: GPL-2.0
# Sends a datagram from a port of its own choice and prints the answer, or "nothing".
# usage: ask_udp.py ADDRESS PORT SOURCE-PORT TEXT SECONDS
import socket
import sys

address, port, source, text, patience = sys.argv[1:]
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
    client.bind(("::", int(source)))
    client.settimeout(float(patience))
    client.sendto(text.encode(), (address, int(port)))
    try:
        print(client.recv(100).decode())
    except OSError:
        print("nothing")
