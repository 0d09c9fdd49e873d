#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The second of two joined guests: carries out scripts that the first one sends, one after another.

A connection is one script. Sent: its length in bytes, a newline, the script, for bash. Answered:
its exit status, a newline, and its output. "quit" instead of a length ends the guest.
"""

import socket
import subprocess
import sys

ADDRESS = "192.0.2.2"
PORT = 7


def main():
    subprocess.run(["ip", "addr", "add", f"{ADDRESS}/24", "dev", "vec1"], check=True)
    subprocess.run(["ip", "link", "set", "vec1", "up"], check=True)
    with socket.create_server((ADDRESS, PORT), backlog=16) as server:
        while True:
            connection, _ = server.accept()
            with connection, connection.makefile("rwb") as stream:
                length = stream.readline().strip()
                if length == b"quit":
                    return 0
                if not length.isdigit():
                    continue
                script = stream.read(int(length))
                print(f"-- {script.decode(errors='replace').splitlines()[-1]}", flush=True)
                done = subprocess.run(
                    ["bash", "-s"], input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
                )
                sys.stdout.buffer.write(done.stdout)
                sys.stdout.flush()
                stream.write(b"%d\n%s" % (done.returncode, done.stdout))


sys.exit(main())
