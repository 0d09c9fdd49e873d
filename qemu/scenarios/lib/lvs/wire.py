# SPDX-License-Identifier: GPL-2.0
"""IPv4 packets made and seen by hand, in any network namespace of the guest."""

import os
import select
import socket
import struct
import subprocess
import sys
import time

from lvs.sides import CLIENT, RS1, Sides

VIP = "10.0.1.100"
FAKE_CLIENT = "10.0.1.50"
FAKE_SERVER = "10.0.2.50"
TCP, UDP, ICMP, IPIP = 6, 17, 1, 4
PROTOCOLS = {TCP: "TCP", UDP: "UDP", ICMP: "ICMP", IPIP: "IPIP"}
SO_RCVBUFFORCE = 33
FLAGS = "FSRPAU"
# How many times as long this machine takes: see expect.sh.
SLOW = int(os.environ.get("SLOW", "1"))


class Netns:
    """A named namespace: `with Netns("rs1"): ...` is there."""

    def __init__(self, name):
        self.fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self):
        os.setns(self.fd, os.CLONE_NEWNET)
        return self

    def __exit__(self, *_):
        os.setns(self.home, os.CLONE_NEWNET)


class Sender:
    """Sends whole IPv4 packets from a namespace, whatever their source."""

    def __init__(self, netns):
        with Netns(netns):
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def send(self, packet):
        self.socket.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))


class Capture:
    """Sees the IPv4 packets that come in over a device of a namespace."""

    def __init__(self, netns, device="eth0", wanted=lambda packet: True):
        with Netns(netns):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
            self.socket.bind((device, 0x0800))
        self.wanted = wanted

    def next(self, timeout=5.0 * SLOW):
        """The next wanted packet, or None."""
        end = time.monotonic() + timeout
        while select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
            packet, where = self.socket.recvfrom(65535)
            if where[2] != socket.PACKET_OUTGOING and self.wanted(packet):
                return packet
        return None


def sides():
    """What arrives at the client and at rs1."""
    return Sides(sys.modules[__name__])


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ip(src, dst, protocol, payload, ttl=64, df=False, ident=0x1234, offset=0, more=False, tos=0, options=b""):
    fragment = (0x4000 if df else 0) | (0x2000 if more else 0) | offset // 8
    words = 5 + len(options) // 4
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x40 | words, tos, words * 4 + len(payload), ident, fragment, ttl, protocol, 0,
        socket.inet_aton(src), socket.inet_aton(dst),
    ) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def pseudo(src, dst, protocol, length):
    return socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack("!BBH", 0, protocol, length)


def tcp(src, sport, dst, dport, flags, data=b"", seq=1000, ack=2000, **kwargs):
    bits = sum(1 << FLAGS.index(flag) for flag in flags)
    segment = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50, bits, 8192, 0, 0) + data
    total = checksum(pseudo(src, dst, TCP, len(segment)) + segment)
    return ip(src, dst, TCP, segment[:16] + struct.pack("!H", total) + segment[18:], **kwargs)


def udp_segment(src, sport, dst, dport, data, with_checksum=True):
    segment = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
    total = (checksum(pseudo(src, dst, UDP, len(segment)) + segment) or 0xFFFF) if with_checksum else 0
    return segment[:6] + struct.pack("!H", total) + segment[8:]


def udp(src, sport, dst, dport, data=b"", with_checksum=True, **kwargs):
    return ip(src, dst, UDP, udp_segment(src, sport, dst, dport, data, with_checksum), **kwargs)


def icmp(src, dst, kind, code, payload, rest=0, **kwargs):
    message = struct.pack("!BBHI", kind, code, 0, rest) + payload
    total = checksum(message)
    return ip(src, dst, ICMP, message[:2] + struct.pack("!H", total) + message[4:], **kwargs)


def ports(packet):
    """(source address, port, destination address, port) of a TCP or UDP packet."""
    head = (packet[0] & 15) * 4
    sport, dport = struct.unpack("!HH", packet[head:head + 4])
    return socket.inet_ntoa(packet[12:16]), sport, socket.inet_ntoa(packet[16:20]), dport


def target(packet):
    """Where it goes."""
    return socket.inet_ntoa(packet[16:20])


def is_for_many(packet):
    return packet[16] >= 224


def protocol(packet):
    return packet[9]


def begins(packet):
    """Whether it begins a connection, as far as these scripts make them."""
    return packet[9] == UDP or packet[9] == TCP and packet[33] == 2


def rules(line):
    """A line of ipvsadm's, in this family."""
    return line


def describe(packet, inner=False):
    """One line about a packet, with everything a balancer may touch."""
    head, length = (packet[0] & 15) * 4, struct.unpack("!H", packet[2:4])[0]
    protocol, ttl, tos = packet[9], packet[8], packet[1]
    src, dst = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    fragment = struct.unpack("!H", packet[6:8])[0]
    body = packet[head:] if inner else packet[head:length]
    text = f"{PROTOCOLS.get(protocol, protocol)} {src}"
    good = []
    if fragment & 0x1FFF or protocol not in (TCP, UDP):
        text += f" > {dst}"
    else:
        sport, dport = struct.unpack("!HH", body[:4])
        text += f":{sport} > {dst}:{dport}"
    if checksum(packet[:head]):
        good.append("ip")
    whole = not fragment & 0x3FFF and len(body) == length - head
    if protocol == TCP and len(body) >= 14 and not fragment & 0x1FFF:
        text += " " + "".join(flag for bit, flag in enumerate(FLAGS) if body[13] & 1 << bit)
    if protocol in (TCP, UDP) and whole:
        if (protocol == TCP or body[6:8] != b"\0\0") and checksum(pseudo(src, dst, protocol, len(body)) + body):
            good.append(PROTOCOLS[protocol])
    if protocol == ICMP and whole:
        if checksum(body):
            good.append("icmp")
        text += f" type {body[0]}/{body[1]} rest {struct.unpack('!I', body[4:8])[0]:#x}"
        if body[0] in (3, 4, 5, 11, 12):
            text += f" about [{describe(body[8:], inner=True)}]"
    if protocol == IPIP and whole:
        text += f" carries [{describe(body)}]"
    text += f" ttl {ttl} tos {tos:#x} len {length}"
    if fragment:
        text += f" df={fragment >> 14 & 1} mf={fragment >> 13 & 1} off={(fragment & 0x1FFF) * 8}"
    return text + (f" BAD checksum: {' '.join(good)}" if good and not inner else "")


def run(*command, netns="director"):
    """A command's output and status as text."""
    done = subprocess.run(["nsenter", f"--net=/run/netns/{netns}", *command], capture_output=True, text=True)
    return done.stdout + done.stderr + (f"exit {done.returncode}\n" if done.returncode else "")


def ipvsadm(*args, netns="director"):
    """Drives the rules with the stock tool; says so when it is refused."""
    out = run("ipvsadm", *args, netns=netns)
    if out and args[0] not in ("-L", "-Ln", "-Lnc"):
        print(" ".join(args), "->", out.strip().replace("\n", "; "))
    return out


def connections(netns="director", ports=range(65536)):
    """The connections from some client ports: {(protocol, client, port, virtual, port): (server, port, state, expires)}."""
    table = {}
    with Netns(netns):
        with open("/proc/thread-self/net/ip_vs_conn", encoding="ascii") as file:
            lines = file.readlines()[1:]
    for line in lines:
        # Protocols have three letters, SCTP has four.
        at = 13 + (line[3] != " ")
        if int(line[at:at + 4], 16) not in ports:
            continue
        field = line.split()
        address = [socket.inet_ntoa(bytes.fromhex(field[i])) for i in (1, 3, 5)]
        port = [int(field[i], 16) for i in (2, 4, 6)]
        table[field[0], address[0], port[0], address[1], port[1]] = (address[2], port[2], field[7], int(field[8]))
    return table


def settled_connections(netns="director", pause=0.05, **kwargs):
    """The table once the packets sent so far have had their effect."""
    before = None
    while True:
        time.sleep(pause)
        table = connections(netns, **kwargs)
        now = {key: value[:3] for key, value in table.items()}
        if now == before:
            return table
        before = now


def nominal(expires):
    """The timeout a remaining time stands for, when it was set a moment ago."""
    for timeout, least in ((2, 0), (3, 2), (10, 4), (15, 10), (30, 20), (60, 45), (120, 100), (300, 280), (900, 880)):
        if least < expires <= timeout:
            return timeout
    return expires
