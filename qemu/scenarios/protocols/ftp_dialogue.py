# SPDX-License-Identifier: GPL-2.0
"""A control connection of FTP, line by line, and what became of it on the way.

ftp_dialogue.py server ADDRESS NAME ANNOUNCED   sends its name over data connections, which PASV says are to ANNOUNCED
ftp_dialogue.py client ADDRESS MODE...          one transfer for each mode: PASV, EPSV, PORT, EPRT; "EPSV ALL" none
"""
import re
import socket
import threading

from lvs.cases import case, main


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def listener(address, port=0):
    sock = socket.socket(family_of(address), socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    sock.listen(8)
    return sock


class Session:
    """What a server does for one client."""

    def __init__(self, sock, address, name, announced):
        self.sock, self.address, self.name, self.announced = sock, address, name, announced
        self.passive = self.target = None

    def say(self, line):
        self.sock.sendall(line.encode() + b"\r\n")

    def run(self):
        # Closed as soon as the client has: a later FIN would belong to no connection that anybody
        # remembers.
        with self.sock, self.sock.makefile() as lines:
            self.say("220 Here.")
            for line in lines:
                word, _, rest = line.strip().partition(" ")
                getattr(self, word.lower(), self.unknown)(rest)

    def unknown(self, _):
        self.say("500 What?")

    def pasv(self, _):
        self.passive = listener(self.address)
        high, low = divmod(self.passive.getsockname()[1], 256)
        self.say(f"227 Entering Passive Mode ({self.announced.replace('.', ',')},{high},{low}).")

    def epsv(self, what):
        if what.upper() == "ALL":
            return self.say("200 EPSV ALL ok.")
        self.passive = listener(self.address)
        self.say(f"229 Entering Extended Passive Mode (|||{self.passive.getsockname()[1]}|)")

    def port(self, where):
        fields = where.split(",")
        self.target = ".".join(fields[:4]), int(fields[4]) * 256 + int(fields[5])
        self.say("200 PORT ok.")

    def eprt(self, where):
        _, _, address, port, _ = where.split(where[0])
        self.target = address, int(port)
        self.say("200 EPRT ok.")

    def retr(self, _):
        if self.passive:
            data, _ = self.passive.accept()
        else:
            data = socket.socket(family_of(self.address), socket.SOCK_STREAM)
            data.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            data.bind((self.address, 20))
            data.connect(self.target)
        self.passive = None
        self.say("150 Coming.")
        data.sendall(self.name.encode())
        data.close()
        self.say("226 Done.")


@case
def server(address, name, announced):
    control = listener(address, 21)
    while True:
        sock, _ = control.accept()
        threading.Thread(target=Session(sock, address, name, announced).run, daemon=True).start()


class Client:
    def __init__(self, address):
        self.sock = socket.socket(family_of(address), socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect((address, 21))
        self.lines = self.sock.makefile()
        self.expect("220")

    def expect(self, code):
        line = self.lines.readline().strip()
        if not line.startswith(code):
            raise SystemExit(f"expected {code}, got {line!r}")
        return line

    def say(self, line, code):
        self.sock.sendall(line.encode() + b"\r\n")
        return self.expect(code)

    def transfer(self, mode):
        own = self.sock.getsockname()[0]
        waiting = None
        if mode == "PASV":
            numbers = re.search(r"\((.*)\)", self.say("PASV", "227")).group(1).split(",")
            where = ".".join(numbers[:4]), int(numbers[4]) * 256 + int(numbers[5])
        elif mode == "EPSV":
            where = self.sock.getpeername()[0], int(re.search(r"\|(\d+)\|", self.say("EPSV", "229")).group(1))
        else:
            waiting = listener(own)
            port = waiting.getsockname()[1]
            if mode == "PORT":
                self.say(f"PORT {own.replace('.', ',')},{port // 256},{port % 256}", "200")
            else:
                self.say(f"EPRT |{2 if ':' in own else 1}|{own}|{port}|", "200")
        self.sock.sendall(b"RETR x\r\n")
        if waiting:
            waiting.settimeout(20)
            data, peer = waiting.accept()
            origin = f"{peer[0]}:{peer[1]}"
        else:
            data = socket.create_connection(where, timeout=20)
            origin = where[0]
        word = data.makefile().read()
        data.close()
        self.expect("150")
        self.expect("226")
        print(f"{mode}: {word} from {origin}", flush=True)


@case
def client(address, *modes):
    control = Client(address)
    for mode in modes:
        if mode == "EPSV ALL":
            control.say(mode, "200")
        else:
            control.transfer(mode)


if __name__ == "__main__":
    main()
