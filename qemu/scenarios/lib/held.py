#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Clients of all kinds, whose connections stay as they are until the input ends:
held.py OPTION... where an option is KIND/ADDRESS/PORT/FIRST-CLIENT-PORT/COUNT

    held   a TCP connection of eight exchanges, which stays open
    assoc  an SCTP association of as many
    shut   one that the client half closes then
    gone   one that both close
    udp    datagrams that are answered, eight of them
    call   the same with a Call-ID of its own

Prints "ready" when all is done."""

import socket
import sys

EXCHANGES = 8
MESSAGE = (b"INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.1.10\r\nFrom: <sip:alice@example.com>\r\n"
           b"To: <sip:bob@example.com>\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n")
kept = []


def exchange(connection, data, read):
    for _ in range(EXCHANGES):
        connection.send(data)
        got = b""
        while len(got) < len(data):
            more = read(65536)
            if not more:
                raise ConnectionError("it was closed")
            got += more


def stream(kind, family, target, port):
    connection = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_SCTP if kind == "assoc" else 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    connection.bind(("", port))
    connection.settimeout(20)
    connection.connect(target)
    exchange(connection, b"hello", connection.recv)
    if kind == "shut":
        connection.shutdown(socket.SHUT_WR)
    if kind == "gone":
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
        connection.close()
    kept.append(connection)


def udp(kind, family, target, port):
    connection = socket.socket(family, socket.SOCK_DGRAM)
    connection.bind(("", port))
    connection.settimeout(20)
    connection.connect(target)
    exchange(connection, b"hello" if kind == "udp" else MESSAGE % f"call{port}@client".encode(), connection.recv)
    kept.append(connection)


for option in sys.argv[1:]:
    kind, address, port, first, count = option.split("/")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for number in range(int(count)):
        make = udp if kind in ("udp", "call") else stream
        make(kind, family, (address, int(port)), int(first) + number)
print("ready", flush=True)
sys.stdin.read()
