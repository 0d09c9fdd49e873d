# SPDX-License-Identifier: GPL-2.0
"""A TCP sink that answers with the SHA-256 of what it got, and its client.

sink.py serve PORT             serve
sink.py send ADDRESS PORT FILE send the file, print the answer
"""

import hashlib
import socket

from lvs.cases import case, main


@case
def serve(port: int):
    with socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        while True:
            peer, _ = server.accept()
            with peer:
                digest = hashlib.sha256()
                while data := peer.recv(65536):
                    digest.update(data)
                peer.sendall(digest.hexdigest().encode())


@case
def send(address, port: int, name):
    with socket.create_connection((address, port), 10) as peer, open(name, "rb") as file:
        peer.settimeout(30)
        peer.sendall(file.read())
        peer.shutdown(socket.SHUT_WR)
        print(peer.recv(64, socket.MSG_WAITALL).decode())


main()
