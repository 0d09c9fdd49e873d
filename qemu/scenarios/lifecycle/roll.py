# SPDX-License-Identifier: GPL-2.0
"""Web clients that never end, and their servers: what a change of the rules costs them.

usage: roll.py serve "PORT..." NETNS...  answers on these ports in each network namespace, over both families, with its name
       roll.py clients STOP TARGET...    of each target ADDRESS:PORT two clients that keep a connection for KEEP requests,
                                         and two that open one for each, until the file STOP exists

The clients print what became of all requests. A request fails if it isn't answered within PATIENCE seconds, or its
connection ends; a connection is moved if another server answers on it than at first, or resets it."""

import asyncio
import os
import socket
import sys

from lvs.wire import SLOW, Netns

PATIENCE = 10 * SLOW
KEEP = 30


def host_and_port(target):
    host, port = target.rsplit(":", 1)
    return host.strip("[]"), int(port)


async def answer(name, reader, writer):
    """The server's name and its address: by NAT that of its own."""
    try:
        name += b" " + writer.get_extra_info("sockname")[0].encode()
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name))
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def serve(ports, *hosts):
    servers = []
    for host in hosts:
        def one(reader, writer, name=host.encode()):
            return answer(name, reader, writer)
        for port in map(int, ports.split()):
            with Netns(host):
                listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=1024)
            servers.append(await asyncio.start_server(one, sock=listener))
    print("serves", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


class Clients:
    def __init__(self, stop):
        self.stop = stop
        self.requests = self.failed = self.moved = self.connections = 0
        self.reasons = {}
        # A port that was used a minute ago might go on with its old connection.
        self.ports = {}

    def ends(self):
        return os.path.exists(self.stop)

    def fail(self, target, writer, error):
        """`writer` is None if there is no connection yet."""
        self.failed += 1
        reason = f"{type(error).__name__} {'in' if writer else 'before'} a connection to {target}"
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    async def connect(self, target):
        host, port = host_and_port(target)
        own = self.ports[target] = 10000 + (self.ports.get(target, 9999) - 9999) % 50000
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", own))
        sock.setblocking(False)
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(sock, (host, port)), PATIENCE)
        except (OSError, asyncio.TimeoutError):
            sock.close()
            raise
        streams = await asyncio.open_connection(sock=sock)
        self.connections += 1
        return streams

    async def request(self, reader, writer):
        """Who answered."""
        self.requests += 1
        writer.write(b"GET / HTTP/1.1\r\nHost: roll\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        return await reader.readexactly(int(head.split(b"Content-Length: ")[1]))

    async def keeping(self, target):
        """One connection for many requests."""
        while not self.ends():
            writer = first = None
            try:
                reader, writer = await self.connect(target)
                for _ in range(KEEP):
                    server = await self.request(reader, writer)
                    first = first or server
                    self.moved += server != first
                    await asyncio.sleep(0.002)
            except (OSError, EOFError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
                self.fail(target, writer, error)
                await asyncio.sleep(0.005)
            finally:
                if writer:
                    writer.close()

    async def short(self, target):
        """One connection for each request."""
        while not self.ends():
            writer = None
            try:
                reader, writer = await self.connect(target)
                await self.request(reader, writer)
            except (OSError, EOFError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
                self.fail(target, writer, error)
            finally:
                if writer:
                    writer.close()
            await asyncio.sleep(0.005)


async def clients(stop, *targets):
    all_clients = Clients(stop)
    kinds = [all_clients.keeping, all_clients.keeping, all_clients.short, all_clients.short]
    await asyncio.gather(*(kind(target) for target in targets for kind in kinds))
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(all_clients.reasons.items()))
    print(f"requests {all_clients.requests} failed {all_clients.failed} moved {all_clients.moved} "
          f"connections {all_clients.connections}")
    if reasons:
        print(reasons, file=sys.stderr)


if __name__ == "__main__":
    asyncio.run({"serve": serve, "clients": clients}[sys.argv[1]](*sys.argv[2:]))
