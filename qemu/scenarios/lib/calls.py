# SPDX-License-Identifier: GPL-2.0
"""Calls with everything about them fixed, ports too, and servers that end them one way or the other.

calls.py serve NAME ADDRESS...    TCP and UDP port 90 of each: answers the question and NAME
calls.py ask PROTOCOL SOURCE PORT DESTINATION PORT QUESTION    prints the answer

The question says who ends a TCP connection: "client", "server", or "reset", where the server does it the
hard way.  UDP ignores it.
"""
import socket
import struct
import threading
import time

from lvs.cases import case, main

AT_ONCE = struct.pack("ii", 1, 0)


@case
def ask(protocol, source, port, destination, destination_port, question):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, kind) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.settimeout(20)
        sock.bind((source, int(port)))
        sock.connect((destination, int(destination_port)))
        sock.send(question.encode())
        print(sock.recv(100).decode())
        if protocol == "tcp" and question != "client":
            try:
                sock.recv(100)
            except ConnectionResetError:
                pass


def answer(sock, name):
    question = sock.recv(100).decode()
    sock.send(f"{question} {name}".encode())
    if question == "client":
        sock.recv(100)
    if question == "reset":
        # The reset must not overtake the answer.
        while unacknowledged(sock):
            time.sleep(0.001)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    sock.close()


def unacknowledged(sock):
    """Segments that the other end hasn't acknowledged: tcpi_unacked."""
    return struct.unpack_from("I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 24)[0]


@case
def serve(name, *addresses):
    def datagrams(sock):
        while True:
            question, client = sock.recvfrom(100)
            sock.sendto(question + b" " + name.encode(), client)

    def connections(sock):
        while True:
            accepted, _ = sock.accept()
            threading.Thread(target=answer, args=(accepted, name), daemon=True).start()

    loops = []
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.bind((address, 90))
        tcp = socket.socket(family, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((address, 90))
        tcp.listen(64)
        loops += [threading.Thread(target=datagrams, args=(udp,)), threading.Thread(target=connections, args=(tcp,))]
    for loop in loops:
        loop.start()


if __name__ == "__main__":
    main()
