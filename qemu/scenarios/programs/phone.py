# SPDX-License-Identifier: GPL-2.0
"""Phones that speak as much SIP as a balancer looks at.

phone.py answer NAME                     on port 5060, with the name
phone.py call FROM TO SECONDS [CALL-ID]  prints who answers within so many seconds, if anybody does"""

import socket

from lvs.cases import case, main

phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


@case
def answer(name):
    phone.bind(("", 5060))
    while True:
        phone.sendto(name.encode(), phone.recvfrom(2000)[1])


@case
def call(source, target, seconds: float, *names):
    phone.bind((source, 0))
    phone.settimeout(seconds)
    head = "".join(f"Call-ID: {name}@example.com\r\n" for name in names)
    phone.sendto(f"INVITE sip:b@example.com SIP/2.0\r\n{head}\r\n".encode(), (target, 5060))
    try:
        print(phone.recv(100).decode())
    except TimeoutError:
        pass


main()
