# SPDX-License-Identifier: GPL-2.0
"""Traffic of all kinds while everything about the balancer changes at random: soak.py MINUTES SEED.

Two services of each kind: the servers of one are never removed, so its connections must neither break nor move; those of
the other come and go, and so does the service, so its connections may break, but never get a wrong byte.  A connection
that was open while the module was loaded anew may break as well."""

import asyncio
import hashlib
import os
import random
import socket
import subprocess
import sys
import time

from soak_rules import PATIENCE, UDP_TIMEOUT, Rules
from lvs.wire import CLIENT, VIP, Netns

VIP6 = "fd00:1::100"
CLIENT6 = "fd00:1::10"
STABLE, VOLATILE = 8000, 8001
TCP_SESSIONS, SCTP_SESSIONS, UDP_SESSIONS, FTP_SESSIONS = 16, 6, 16, 2
NAMES = (b"rs1", b"rs2", b"rs3")
# What the FTP servers have.
BIG = os.path.join(os.environ["RUN"], "ftp/big")
with open(BIG, "rb") as big:
    BIG_SUM = hashlib.sha256(big.read()).digest()


class Violation(Exception):
    """What must never be."""


class Tally:
    """What was done."""

    def __init__(self):
        self.tcp = self.sctp = self.udp = self.ftp = self.bytes = self.broken = self.lost = self.checks = 0


class Client:
    """Sessions with the services, each judged when it ends."""

    def __init__(self, rules, draw, tally):
        self.rules, self.draw, self.tally = rules, draw, tally
        self.netns = Netns("client")
        self.running = asyncio.Event()
        self.running.set()

    def open(self, kind, family, protocol=0):
        with self.netns:
            opened = socket.socket(family, kind | socket.SOCK_NONBLOCK, protocol)
        return opened

    async def tcp(self):
        """A TCP connection."""
        if await self.stream("TCP", socket.IPPROTO_TCP):
            self.tally.tcp += 1

    async def sctp(self):
        """An SCTP association between one address and another."""
        if await self.stream("SCTP", socket.IPPROTO_SCTP):
            self.tally.sctp += 1

    async def stream(self, name, protocol):
        """One connection: messages of all sizes in both directions, with pauses.  Whether it was whole."""
        port = self.draw.choice((STABLE, VOLATILE))
        family, address = self.draw.choice(((socket.AF_INET, VIP), (socket.AF_INET, VIP), (socket.AF_INET6, VIP6)))
        began, server, connected, writer = time.monotonic(), None, False, None
        opened = self.open(socket.SOCK_STREAM, family, protocol)
        try:
            loop = asyncio.get_running_loop()
            if protocol == socket.IPPROTO_SCTP:
                opened.bind((CLIENT6 if family == socket.AF_INET6 else CLIENT, 0))
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
                    raise Violation(f"{name} to {address}:{port}: {answer[:3]} after {server}, or wrong bytes")
                self.tally.bytes += len(data)
                await asyncio.sleep(self.draw.choice((0, 0, 0.1, 1, 3)))
            writer.close()
            return True
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
            self.tally.broken += 1
            if port == STABLE and not self.rules.excuses(began, connected):
                raise Violation(f"{name} to {address}:{port} ({server}) broke after {time.monotonic() - began:.1f} s: "
                                f"{error!r}") from error
            return False
        finally:
            if writer:
                # The socket is the transport's now.
                writer.transport.abort()
            else:
                opened.close()

    async def udp(self):
        """Datagrams from one port, some of them fragmented; they may get lost, but not go elsewhere."""
        port = self.draw.choice((STABLE, VOLATILE))
        family, address = self.draw.choice(((socket.AF_INET, VIP), (socket.AF_INET, VIP), (socket.AF_INET6, VIP6)))
        began, server, sent = time.monotonic(), None, 0.0
        loop = asyncio.get_running_loop()
        opened = self.open(socket.SOCK_DGRAM, family)
        try:
            await loop.sock_connect(opened, (address, port))
            for number in range(self.draw.randrange(1, 15)):
                await self.running.wait()
                data = number.to_bytes(2, "big") + self.draw.randbytes(self.draw.choice((1, 100, 1000, 4000)))
                if time.monotonic() - sent >= UDP_TIMEOUT - 1:
                    server = None
                sent = time.monotonic()
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

    async def ftp(self):
        """One file up or down, active or passive, with the older commands or the newer ones."""
        address, began = self.draw.choice((VIP, f"[{VIP6}]")), time.monotonic()
        file = self.draw.choice(("data", "big", f"in/{self.draw.randrange(1 << 60):x}"))
        options = ["-T", BIG] if file.startswith("in/") else []
        options += self.draw.choice(([], ["--disable-epsv"], ["-P", "-"], ["-P", "-", "--disable-eprt"]))
        url = f"ftp://{address}/{file}"
        process = await asyncio.create_subprocess_exec(
            "nsenter", "--net=/run/netns/client", "curl", "-sS", "--max-time", str(PATIENCE), *options, url,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        data, said = await process.communicate()
        if process.returncode:
            self.tally.broken += 1
            if not self.rules.excuses(began, False):
                raise Violation(f"curl {' '.join(options)} {url}: {said.decode().strip()}")
            return
        if file.startswith("in/"):
            data = b"".join(self.taken(file))
        if data.strip() not in NAMES if file == "data" else hashlib.sha256(data).digest() != BIG_SUM:
            raise Violation(f"FTP with {address}: wrong bytes of {file}")
        self.tally.ftp += 1
        self.tally.bytes += len(data)
        await asyncio.sleep(self.draw.choice((0, 1, 3)))

    @staticmethod
    def taken(file):
        """What servers have of a file that was put, which they lose."""
        for name in NAMES:
            path = os.path.join(os.environ["RUN"], f"ftp-{name.decode()}/root", file)
            if os.path.exists(path):
                with open(path, "rb") as put:
                    yield put.read()
                os.remove(path)

    async def forever(self, session):
        while True:
            await self.running.wait()
            await session()


async def flood(netns, draw):
    """Datagrams of many flows, so that the table of connections grows; then nothing, so that it shrinks."""
    with netns:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw.setblocking(False)
    from lvs.wire import udp
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
    jobs += [asyncio.create_task(client.forever(client.sctp)) for _ in range(SCTP_SESSIONS)]
    jobs += [asyncio.create_task(client.forever(client.udp)) for _ in range(UDP_SESSIONS)]
    jobs += [asyncio.create_task(client.forever(client.ftp)) for _ in range(FTP_SESSIONS)]
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
                  f"whole: TCP {tally.tcp}, SCTP {tally.sctp}, FTP {tally.ftp}; {tally.broken} excused; "
                  f"UDP {tally.udp}, {tally.lost} datagrams lost; "
                  f"{tally.bytes >> 20} MB; memory {rules.memory[-1]} kB", flush=True)

    jobs.append(asyncio.create_task(conduct()))
    done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    for job in jobs:
        job.cancel()
    for job in done:
        job.result()
    if min(tally.tcp, tally.udp, 4 * tally.sctp, 4 * tally.ftp) < 10 * minutes:
        raise Violation(f"hardly any traffic: {tally.tcp} TCP, {tally.sctp} SCTP, {tally.ftp} FTP, {tally.udp} UDP")
    rules.check_memory()
    print(f"  memory without the module, after each load: {rules.memory} kB; slabs that grew: {rules.grown_slabs()}")
    print(f"  whole: {tally.tcp} TCP connections, {tally.sctp} SCTP associations, {tally.ftp} files by FTP, {tally.udp} UDP "
          f"sessions, {tally.bytes >> 20} MB; {tally.broken} broke with an excuse; {rules.epoch} loads, {rules.changes} "
          f"changes, {tally.checks} comparisons of counters")

try:
    asyncio.run(main())
except Violation as violation:
    sys.exit(f"violation: {violation}")
