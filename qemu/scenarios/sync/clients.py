#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Clients that exchange a few bytes now and then, over connections that have to live:
clients.py TARGET... where a target is NAME/KIND/ADDRESS/PORT/EXCHANGES-A-SECOND

Kinds are tcp, udp and ftp, whose exchange is a file by a data connection of its own; of rate 0 the first exchange is the
last one. Lines of input:
    begin      a connection more to each TCP target, only opened: "begun PORT..." is printed
    check      an exchange over each connection, then "NAME alive, longest gap 0.12 s" or "NAME dead: why"
The end of the input ends it all."""

import ftplib
import os
import socket
import sys
import threading
import time

PATIENCE = 15


class Client(threading.Thread):
    def __init__(self, name, kind, address, port, rate):
        super().__init__(daemon=True)
        self.name, self.rate, self.gap, self.trouble = name, float(rate), 0.0, None
        self.lock = threading.Lock()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.kind = kind
        if kind == "ftp":
            self.ftp = ftplib.FTP(timeout=PATIENCE)
            self.ftp.connect(address, int(port))
            self.ftp.login("ftp", "ftp")
            self.exchange()
            return
        self.socket = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect((address, int(port)))

    def exchange(self):
        """Sends random bytes, and wants them back."""
        with self.lock:
            if self.trouble:
                return
            data, start = os.urandom(100), time.monotonic()
            try:
                if self.kind == "udp":
                    self.exchange_datagrams(data)
                elif self.kind == "ftp":
                    got = []
                    self.ftp.retrlines("RETR data", got.append)
                    if got != ["rs1"]:
                        raise ValueError(f"another file: {got}")
                else:
                    self.socket.sendall(data)
                    got = b""
                    while len(got) < len(data):
                        more = self.socket.recv(len(data) - len(got))
                        if not more:
                            raise ConnectionError("closed")
                        got += more
                    if got != data:
                        raise ValueError("other bytes came back")
            except (OSError, EOFError, ValueError, *ftplib.all_errors) as error:
                self.trouble = str(error) or type(error).__name__
            self.gap = max(self.gap, time.monotonic() - start)

    def exchange_datagrams(self, data):
        """Datagrams may be lost: the same is sent until an answer comes."""
        end = time.monotonic() + PATIENCE
        self.socket.settimeout(0.2)
        while True:
            try:
                self.socket.send(data)
                while self.socket.recv(1000) != data:
                    pass
                return
            except OSError:
                if time.monotonic() > end:
                    raise

    def run(self):
        while self.rate and not self.trouble:
            self.exchange()
            time.sleep(1 / self.rate)


targets = [argument.split("/") for argument in sys.argv[1:]]
clients = [Client(*target) for target in targets]
for client in clients:
    client.start()
print("ready", flush=True)
for line in sys.stdin:
    if line.startswith("begin"):
        young = [Client(f"young-{name}", kind, address, port, 0) for name, kind, address, port, _ in targets if kind == "tcp"]
        clients += young
        print("begun", *(f"{client.socket.getsockname()[1]:04X}" for client in young), flush=True)
    else:
        for client in clients:
            client.exchange()
            said = f"dead: {client.trouble}" if client.trouble else f"alive, longest gap {client.gap:.2f} s"
            print(client.name, said, flush=True)
        print("checked", flush=True)
