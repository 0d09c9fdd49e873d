# SPDX-License-Identifier: GPL-2.0
# Makes connections to port 80, one after the other, and prints how many were answered by which
# server; the fourth asks for a large answer.
# usage: count_answers.py ADDRESS CONNECTIONS
import collections
import socket
import sys

answers = collections.Counter()
large = 0
for number in range(int(sys.argv[2])):
    try:
        with socket.create_connection((sys.argv[1], 80), timeout=10) as connection:
            connection.sendall(b"B" if number == 3 else b"a")
            data = b""
            while chunk := connection.recv(65536):
                data += chunk
        answers[data[:3].decode()] += 1
        large += len(data) == 200003
    except OSError as error:
        answers[str(error)] += 1
print(*(f"{name}={count}" for name, count in sorted(answers.items())), f"large={large}")
