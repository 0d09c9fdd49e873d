# SPDX-License-Identifier: GPL-2.0
"""Traffic of all kinds while everything about the balancer changes at random: soak.py MINUTES SEED.

Two services of each kind: the servers of one are never removed, so its connections must neither break nor move; those of
the other come and go, and so does the service, so its connections may break, but never get a wrong byte.  A connection
that was open while the module was loaded anew may break as well."""

import asyncio
import os
import random
import socket
import subprocess
import sys
import time

from soak_rules import PATIENCE, Rules
from wire import VIP, Netns

VIP6 = "fd00:1::100"
STABLE, VOLATILE = 8000, 8001
TCP_SESSIONS, UDP_SESSIONS = 16, 16
NAMES = (b"rs1", b"rs2", b"rs3")


class Violation(Exception):
    """What must never be."""


class Tally:
    """What was done."""

    def __init__(self):
        self.tcp = self.udp = self.bytes = self.broken = self.lost = self.checks = 0


class Client:
    """Sessions with the services, each judged when it ends."""

    def __init__(self, rules, draw, tally):
        self.rules, self.draw, self.tally = rules, draw, tally
        self.netns = Netns("client")
        self.running = asyncio.Event()
        self.running.set()

    def open(self, kind, family):
        with self.netns:
            opened = socket.socket(family, kind | socket.SOCK_NONBLOCK)
        return opened

    async def tcp(self):
        """One connection: messages of all sizes in both directions, with pauses."""
        port = self.draw.choice((STABLE, VOLATILE))
        family, address = self.draw.choice(((socket.AF_INET, VIP), (socket.AF_INET, VIP), (socket.AF_INET6, VIP6)))
        began, server, connected = time.monotonic(), None, False
        opened = self.open(socket.SOCK_STREAM, family)
        try:
            loop = asyncio.get_running_loop()
            await asyncio.wait_for(loop.sock_connect(opened, (address, port)), PATIENCE)
            connected = True
            reader, writer = await asyncio.open_connection(sock=opened)
            for _ in range(self.draw.randrange(1, 12)):
                await self.running.wait()
                data = self.draw.randbytes(self.draw.choice((1, 100, 1400, 5000, 60000)))
                writer.write(len(data).to_bytes(4, "big") + data)
                answer = await asyncio.wait_for(reader.readexactly(len(data) + 3), PATIENCE)
                server = server or answer[:3]
                if answer[:3] != server or server not in NAMES or answer[3:] != data:
                    raise Violation(f"TCP to {address}:{port}: {answer[:3]} after {server}, or wrong bytes")
                self.tally.bytes += len(data)
                await asyncio.sleep(self.draw.choice((0, 0, 0.1, 1, 3)))
            writer.close()
            self.tally.tcp += 1
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
            self.tally.broken += 1
            if port == STABLE and not self.rules.excuses(began, connected):
                raise Violation(f"TCP to {address}:{port} ({server}) broke after {time.monotonic() - began:.1f} s: "
                                f"{error!r}") from error
        finally:
            opened.close()

    async def udp(self):
        """Datagrams from one port, some of them fragmented; they may get lost, but not go elsewhere."""
        port = self.draw.choice((STABLE, VOLATILE))
        family, address = self.draw.choice(((socket.AF_INET, VIP), (socket.AF_INET, VIP), (socket.AF_INET6, VIP6)))
        began, server = time.monotonic(), None
        loop = asyncio.get_running_loop()
        opened = self.open(socket.SOCK_DGRAM, family)
        try:
            await loop.sock_connect(opened, (address, port))
            for number in range(self.draw.randrange(1, 15)):
                await self.running.wait()
                data = number.to_bytes(2, "big") + self.draw.randbytes(self.draw.choice((1, 100, 1000, 4000)))
                answer = await self.ask(loop, opened, data)
                if answer is None:
                    self.tally.lost += 1
                    continue
                if answer[:3] not in NAMES or answer[3:] != data:
                    raise Violation(f"UDP to {address}:{port}: wrong bytes from {answer[:3]}")
                if server not in (None, answer[:3]) and port == STABLE and not self.rules.excuses(began, True):
                    raise Violation(f"UDP to {address}:{port} moved from {server} to {answer[:3]}")
                server = answer[:3]
                await asyncio.sleep(self.draw.choice((0, 0, 0.1, 1, 3)))
            self.tally.udp += 1
        finally:
            opened.close()

    @staticmethod
    async def ask(loop, opened, data):
        """The answer to a datagram; None if there is none in a second.  Late ones to earlier ones don't count."""
        try:
            await loop.sock_sendall(opened, data)
            while True:
                answer = await asyncio.wait_for(loop.sock_recv(opened, 65536), 1)
                if answer[3:5] == data[:2]:
                    return answer
        except (OSError, asyncio.TimeoutError):
            return None

    async def forever(self, session):
        while True:
            await self.running.wait()
            await session()


async def flood(netns, draw):
    """Datagrams of many flows, so that the table of connections grows; then nothing, so that it shrinks."""
    with netns:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw.setblocking(False)
    from wire import udp
    while True:
        for flow in range(draw.choice((500, 3000, 10000))):
            try:
                raw.sendto(udp(f"10.0.1.{50 + flow % 10}", 1024 + flow // 10, VIP, 54), (VIP, 0))
            except OSError:
                pass
            if flow % 50 == 0:
                await asyncio.sleep(0.01)
        await asyncio.sleep(draw.choice((1, 20)))


async def churn_namespaces(draw):
    """Namespaces with services and connections of their own come and go."""
    while True:
        name = f"churn{draw.randrange(3)}"
        script = f"""
            ip netns add {name} && ip -n {name} link set lo up || exit
            cd /tmp && ip netns exec {name} bash -c '
                $ADMIN -A -u 127.0.0.1:53 -s mh
                $ADMIN -a -u 127.0.0.1:53 -r 127.0.0.1:54 -m
                for i in 1 2 3 4 5; do echo x >/dev/udp/127.0.0.1/53; done'
            ip netns del {name}"""
        process = await asyncio.create_subprocess_exec("bash", "-c", script, stdout=subprocess.DEVNULL,
                                                       stderr=subprocess.DEVNULL)
        await process.wait()
        await asyncio.sleep(draw.random())


async def look(rules, draw):
    """Listings and files, read all the time."""
    files = [f"/proc/net/{name}" for name in ("ip_vs", "ip_vs_conn", "ip_vs_stats", "ip_vs_stats_percpu", "lvs", "lvs_conn")]
    while True:
        command = draw.choice([["cat", draw.choice(files)], [os.environ["ADMIN"], draw.choice(
            ("-Ln", "-Lnc", "-Sn"))], ["ipvsadm", "-Ln", draw.choice(("--stats", "--rate", "--persistent-conn"))]])
        began = time.monotonic()
        if not await rules.run(command) and not rules.excuses(began, True):
            raise Violation(f"{command} failed")
        await asyncio.sleep(draw.choice((0, 0.2, 1)))


async def main():
    minutes, seed = float(sys.argv[1]), int(sys.argv[2])
    draw, tally = random.Random(seed), Tally()
    rules = Rules(draw, tally, STABLE, VOLATILE, VIP6)
    await rules.load()
    client = Client(rules, draw, tally)
    jobs = [asyncio.create_task(client.forever(client.tcp)) for _ in range(TCP_SESSIONS)]
    jobs += [asyncio.create_task(client.forever(client.udp)) for _ in range(UDP_SESSIONS)]
    jobs += [asyncio.create_task(job) for job in (
        flood(client.netns, draw), churn_namespaces(draw), look(rules, draw), look(rules, draw),
        rules.change_forever())]
    end = time.monotonic() + 60 * minutes

    async def conduct():
        """Rounds: a while of everything, a pause in which the numbers are checked, the module loaded anew."""
        while time.monotonic() < end:
            await asyncio.sleep(draw.randrange(20, 60))
            client.running.clear()
            await rules.check_numbers()
            client.running.set()
            await rules.reload()
            print(f"  {(end - time.monotonic()) / 60:5.1f} minutes left: {rules.epoch} loads, {rules.changes} changes, "
                  f"TCP {tally.tcp} whole, {tally.broken} excused; UDP {tally.udp}, {tally.lost} datagrams lost; "
                  f"{tally.bytes >> 20} MB; memory {rules.memory[-1]} kB", flush=True)

    jobs.append(asyncio.create_task(conduct()))
    done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    for job in jobs:
        job.cancel()
    for job in done:
        job.result()
    if tally.tcp < 10 * minutes or tally.udp < 10 * minutes:
        raise Violation(f"hardly any traffic: {tally.tcp} connections, {tally.udp} UDP sessions")
    rules.check_memory()
    print(f"  {tally.tcp} TCP connections and {tally.udp} UDP sessions were whole, {tally.bytes >> 20} MB; {tally.broken} "
          f"broke with an excuse; {rules.epoch} loads, {rules.changes} changes, {tally.checks} comparisons of counters")

try:
    asyncio.run(main())
except Violation as violation:
    sys.exit(f"violation: {violation}")
