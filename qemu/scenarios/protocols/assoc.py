# SPDX-License-Identifier: GPL-2.0
"""SCTP associations of the kernel's own, from one address to one address: assoc.py serve ADDRESS PORT NAME, or
assoc.py call FROM ADDRESS PORT BYTES [HOLD]. A call sends so many bytes and prints who confirmed all of them; with HOLD it
writes that file then, and waits until the file is gone."""

import hashlib
import os
import random
import socket
import struct
import sys
import time

from lvs.cases import case, main

MESSAGE = 30000


def endpoint(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_SCTP)


def exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(min(size - len(data), 1 << 16))
        if not more:
            raise EOFError(f"{len(data)} of {size} bytes")
        data += more
    return data


@case
def serve(address, port, name):
    listener = endpoint(address)
    listener.bind((address, int(port)))
    listener.listen()
    while True:
        sock, _ = listener.accept()
        with sock:
            try:
                size, = struct.unpack("!I", exactly(sock, 4))
                sock.sendall(hashlib.sha256(exactly(sock, size)).digest() + name.encode())
                sock.recv(1)  # until the client has left
            except OSError as error:
                print(name, error, file=sys.stderr)


@case
def call(own, address, port, size, hold=None):
    data = random.Random(int(size)).randbytes(int(size))
    with endpoint(address) as sock:
        sock.settimeout(20)
        sock.bind((own, 0))
        sock.connect((address, int(port)))
        sock.sendall(struct.pack("!I", len(data)))
        for at in range(0, len(data), MESSAGE):
            sock.sendall(data[at:at + MESSAGE])
        answer = exactly(sock, 32) + sock.recv(100)
        print(answer[32:].decode(), "whole" if answer[:32] == hashlib.sha256(data).digest() else "damaged")
        if hold:
            with open(hold, "w", encoding="ascii"):
                pass
            while os.path.exists(hold):
                time.sleep(0.05)


main()
