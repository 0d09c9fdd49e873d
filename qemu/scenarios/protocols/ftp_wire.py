# SPDX-License-Identifier: GPL-2.0
"""The segments of an FTP control connection, made by hand, as they arrive at the other end: sequence numbers,
acknowledgements and text.

ftp_wire.py         each is sent once
ftp_wire.py again   many are sent again, alone and with the next in one segment, as TCP does: says whether they arrive as
                    they did before"""

import struct
import sys

from lvs import wire

CLIENT, VIRTUAL, SERVER = wire.FAKE_CLIENT, "10.100.100.100", wire.FAKE_SERVER
sides = wire.sides()
PORT = 1000
# Next sequence numbers of what each end itself sends.
own = {"client": 1000, "server": 5000}
# And of what it has got from the other.
got = {"client": 0, "server": 0}


# (sequence number, acknowledgement, text) of what arrived first, by what was sent.
FIRST = {}
# And the text of it.
SENT = {}


def arrived():
    """[(sequence number, acknowledgement, text)] of what came, which it also prints."""
    found = []
    for side, packet in sides.arrived():
        data = packet[40:].decode()
        sequence, acknowledged = struct.unpack("!II", packet[24:32])
        flags = "".join(flag for bit, flag in enumerate(wire.FLAGS) if packet[33] & 1 << bit)
        bad = " BAD checksum" if "BAD" in wire.describe(packet) else ""
        print(f"   at the {side} {flags} {sequence} acknowledging {acknowledged} {data!r}{bad}")
        got[side] = max(got[side], sequence + len(data) + ("S" in flags))
        found.append((sequence, acknowledged, data))
    return found


def segment(side, sequence, flags, text=""):
    if side == "client":
        sides.client.send(wire.tcp(CLIENT, PORT, VIRTUAL, 21, flags, text.encode(), sequence, got[side]))
    else:
        sides.server.send(wire.tcp(SERVER, 21, CLIENT, PORT, flags, text.encode(), sequence, got[side]))


def say(side, text, flags="PA"):
    """Sends something new, and returns the sequence number it has."""
    sequence = own[side]
    print(f"{side}: {text!r} {flags}")
    segment(side, sequence, flags, text)
    own[side] += len(text) + ("S" in flags)
    if text:
        FIRST[side, sequence] = arrived()
        SENT[side, sequence] = text
    else:
        arrived()
    return sequence


def again(side, *sequences):
    """Sends the text from these sequence numbers on again, in one segment."""
    if sys.argv[1:] != ["again"]:
        return
    text = "".join(SENT[side, sequence] for sequence in sequences)
    before = [FIRST[side, sequence][0] for sequence in sequences]
    print(f"{side}, again: {text!r}")
    segment(side, sequences[0], "PA", text)
    # What is acknowledged meanwhile may be more.
    now = [(sequence, data) for sequence, _, data in arrived()]
    same = now == [(before[0][0], "".join(data for _, _, data in before))]
    print("   as before" if same else "   DIFFERENT")


def acknowledge(side):
    say(side, "", "A")


def passive(port):
    return f"227 Entering Passive Mode ({SERVER.replace('.', ',')},{port >> 8},{port & 255}).\r\n"


say("client", "", "S")
say("server", "", "SA")
acknowledge("client")
say("server", "220 Here.\r\n")
for number, port in enumerate((40000, 40001, 40002)):
    command = say("client", "PASV\r\n")
    again("client", command)
    reply = say("server", passive(port))
    again("server", reply)
    acknowledge("client")
    again("server", reply)
    request = say("client", f"RETR {number}\r\n")
    coming = say("server", "150 Coming.\r\n")
    again("server", coming)
    again("server", reply)
    again("server", reply, coming)
    again("client", request)
    again("client", command, request)
    acknowledge("client")
    done = say("server", "226 Done.\r\n")
    again("server", done)
    again("server", reply, coming, done)
    acknowledge("client")
