# SPDX-License-Identifier: GPL-2.0
"""Socket options of the balancer."""

import socket


def set_option(sock, which, data):
    """The errno."""
    try:
        sock.setsockopt(socket.IPPROTO_IP, which, data)
    except OSError as error:
        return error.errno
    return 0
