# SPDX-License-Identifier: GPL-2.0
"""A real server of the soak: gives back what it gets, with its name in front: soak_server.py NAME PORT... .
TCP at all its addresses; SCTP, which would tell its peer of all of them, and UDP, whose answers have to come from where it
was asked, at each of those it has when it starts."""

import asyncio
import socket
import subprocess
import sys

NAME, PORTS = sys.argv[1].encode(), [int(port) for port in sys.argv[2:]]


async def serve(reader, writer):
    """Messages with their length in front, until the client closes."""
    try:
        while True:
            size = int.from_bytes(await reader.readexactly(4), "big")
            data = await reader.readexactly(size)
            writer.write(NAME + data)
            await writer.drain()
    except (asyncio.IncompleteReadError, OSError):
        pass
    finally:
        writer.close()


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(NAME + data, addr)


async def main():
    loop = asyncio.get_running_loop()
    addresses = subprocess.run(["ip", "-o", "addr", "show", "scope", "global"], capture_output=True, text=True, check=True)
    for port in PORTS:
        listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512)
        await asyncio.start_server(serve, sock=listener)
        for line in addresses.stdout.splitlines():
            address = line.split()[3].split("/")[0]
            await loop.create_datagram_endpoint(Echo, local_addr=(address, port))
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            await asyncio.start_server(serve, sock=listener, backlog=512)
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
