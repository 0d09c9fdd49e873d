# SPDX-License-Identifier: GPL-2.0
"""Asks for the TXT record "who", once from each of some ports, and prints the answers.

usage: ask_dns.py ADDRESS FIRST-PORT COUNT SECONDS     each answer may take so many seconds"""

import socket
import struct
import sys

address, first, count, patience = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
QUESTION = b"\3who\0" + struct.pack("!HH", 16, 1)


def record(answer):
    """The text of the first record: after the question a name of two bytes, type, class, seconds, two lengths."""
    at = 12 + len(QUESTION) + 12
    return answer[at + 1:at + 1 + answer[at]].decode()


for port in range(first, first + count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("", port))
        client.settimeout(patience)
        client.sendto(struct.pack("!HHHHHH", port, 0x100, 1, 0, 0, 0) + QUESTION, (address, 53))
        try:
            print(record(client.recv(512)))
        except OSError as error:
            print(f"port-{port}-{type(error).__name__}")
