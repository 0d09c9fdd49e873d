#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Clients whose connections have to live: clients.py TARGET... where a target is
NAME/KIND/ADDRESS/PORT/EXCHANGES-A-SECOND[/COUNT]

Kinds, and what an exchange is; of rate 0 the first exchange is the last one:
    tcp, udp   some bytes, which come back
    ftp        a file, by a data connection of its own
    http       64 kB more of a download of /huge, which is the file $HUGE
    ftp-get    4 kB more of a download of big, which is the file $BIG
    visit      a new connection from an address of its own, to the server that had the first one
Lines of input:
    begin [N]  N connections more (1) to each TCP target, only opened: "begun PORT..." is printed
    check      an exchange over each connection, then "NAME alive, longest gap 0.12 s" (since the check before) or
               "NAME dead: why"
    finish     downloads go on to their ends, and every byte is compared; then as check, gaps from the beginning
The end of the input ends it all."""

import ftplib
import hashlib
import os
import socket
import sys
import threading
import time

# Seconds.
PATIENCE = 30 * int(os.environ.get("SLOW", "1"))


class Client(threading.Thread):
    """Opens its connection when it is made."""

    def __init__(self, name, address, port, rate):
        super().__init__(daemon=True)
        self.name, self.address, self.port, self.rate = name, address, int(port), float(rate)
        self.gap, self.longest, self.trouble = 0.0, 0.0, None
        self.lock = threading.Lock()
        self.open()

    def connect(self, kind, source=None):
        """A socket that is connected to the target."""
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        connected = socket.socket(family, kind)
        connected.settimeout(PATIENCE)
        if source:
            connected.bind((source, 0))
        connected.connect((self.address, self.port))
        return connected

    def exchange(self):
        """One exchange, whose time counts, unless one failed."""
        with self.lock:
            if self.trouble:
                return
            start = time.monotonic()
            try:
                self.once()
            except (OSError, EOFError, ValueError, *ftplib.all_errors) as error:
                self.trouble = str(error) or type(error).__name__
            self.gap = max(self.gap, time.monotonic() - start)
            self.longest = max(self.longest, self.gap)

    def finish(self):
        """What is left to do before the end."""

    def run(self):
        while self.rate and not self.trouble:
            self.exchange()
            time.sleep(1 / self.rate)


def receive(connected, count):
    """That many bytes."""
    got = b""
    while len(got) < count:
        more = connected.recv(count - len(got))
        if not more:
            raise ConnectionError("closed")
        got += more
    return got


class Tcp(Client):
    def open(self):
        self.socket = self.connect(socket.SOCK_STREAM)

    def once(self):
        data = os.urandom(100)
        self.socket.sendall(data)
        if receive(self.socket, len(data)) != data:
            raise ValueError("other bytes came back")


class Udp(Client):
    def open(self):
        self.socket = self.connect(socket.SOCK_DGRAM)
        self.socket.settimeout(0.2)

    def once(self):
        """Datagrams may be lost: the same is sent until an answer comes."""
        data, end = os.urandom(100), time.monotonic() + PATIENCE
        while True:
            try:
                self.socket.send(data)
                while self.socket.recv(1000) != data:
                    pass
                return
            except OSError:
                if time.monotonic() > end:
                    raise


class Ftp(Client):
    def open(self):
        self.ftp = ftplib.FTP(timeout=PATIENCE)
        self.ftp.connect(self.address, self.port)
        self.ftp.login("ftp", "ftp")
        self.begin()

    def begin(self):
        self.exchange()

    def once(self):
        got = []
        self.ftp.retrlines("RETR data", got.append)
        if got != ["rs1"]:
            raise ValueError(f"another file: {got}")


class Download(Client):
    """Takes its time, so that little of what it hasn't asked for is on the way."""

    CHUNK, FILE, BUFFER = 65536, "HUGE", 65536

    def open(self):
        self.socket = self.connect(socket.SOCK_STREAM)
        self.socket.sendall(f"GET /huge HTTP/1.0\r\nHost: {self.address}\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += receive(self.socket, 1)
        self.begin()

    def begin(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.BUFFER)
        self.digest, self.left = hashlib.sha256(), os.path.getsize(os.environ[self.FILE])

    def once(self):
        data = receive(self.socket, min(self.CHUNK, self.left))
        self.digest.update(data)
        self.left -= len(data)

    def finish(self):
        self.rate = 0
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        while self.left and not self.trouble:
            self.exchange()
        with open(os.environ[self.FILE], "rb") as file:
            if not self.trouble and self.digest.digest() != hashlib.file_digest(file, "sha256").digest():
                self.trouble = "other bytes came"


class FtpDownload(Download):
    CHUNK, FILE, BUFFER = 4096, "BIG", 8192

    def open(self):
        Ftp.open(self)

    def begin(self):
        self.ftp.voidcmd("TYPE I")
        self.socket = self.ftp.transfercmd("RETR big")
        super().begin()

    def finish(self):
        super().finish()
        if not self.trouble:
            self.socket.close()
            self.ftp.voidresp()


class Visit(Client):
    """A persistent client."""

    NEXT = iter(range(201, 250))

    def open(self):
        network = os.environ["CLIENT"].rpartition(".")[0]
        self.source, self.server = f"{network}.{next(self.NEXT)}", None
        self.exchange()

    def once(self):
        """A connection of a few milliseconds may die with its director: the client tries again."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.visit()
                return
            except OSError:
                if time.monotonic() > end:
                    raise

    def visit(self):
        with self.connect(socket.SOCK_STREAM, self.source) as connected:
            connected.sendall(f"GET / HTTP/1.0\r\nHost: {self.address}\r\n\r\n".encode())
            answer = b""
            while more := connected.recv(4096):
                answer += more
        server = (answer.split() or [b""])[-1]
        if not server:
            raise ConnectionError("closed")
        if self.server not in (None, server):
            raise ValueError(f"at {server.decode()} instead of {self.server.decode()}")
        self.server = server


KINDS = {"tcp": Tcp, "udp": Udp, "ftp": Ftp, "http": Download, "ftp-get": FtpDownload, "visit": Visit}


def all_at_once(clients, method):
    """Calls it for each of them, in threads of their own."""
    threads = [threading.Thread(target=method, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    targets, clients = [], []
    for argument in sys.argv[1:]:
        *target, count = argument.split("/") if argument.count("/") == 5 else [*argument.split("/"), 1]
        targets.append(target)
        clients += [KINDS[target[1]](target[0], *target[2:]) for _ in range(int(count))]
    for client in clients:
        client.start()
    print("ready", flush=True)
    for line in sys.stdin:
        if line.startswith("begin"):
            count = int(line.split()[1]) if " " in line else 1
            young = [Tcp(f"young-{name}", address, port, 0)
                     for name, kind, address, port, _ in targets * count if kind == "tcp"]
            clients += young
            print("begun", *(f"{client.socket.getsockname()[1]:04X}" for client in young), flush=True)
            continue
        finishes = line.startswith("finish")
        all_at_once(clients, lambda client: client.finish() if finishes else client.exchange())
        for client in clients:
            gap = client.longest if finishes else client.gap
            said = f"dead: {client.trouble}" if client.trouble else f"alive, longest gap {gap:.2f} s"
            print(client.name, said, flush=True)
            client.gap = 0.0
        print("checked", flush=True)


main()
