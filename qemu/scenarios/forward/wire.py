#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A wire between two namespaces: usage: wire.py NAMESPACE DEVICE NAMESPACE DEVICE

What goes through it has left the kernel: unlike through a veth, a packet arrives as its bytes
alone, segmented and summed up. Prints "up" when both devices are there."""

import contextlib
import ctypes
import fcntl
import os
import select
import struct
import sys

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TAP_NO_PI = 0x0002 | 0x1000


def tap(namespace: str, device: str) -> int:
    """Makes a device in a namespace; the descriptor its frames are read from and written to."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}", "rb") as place:
        if libc.setns(place.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), namespace)
    end = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TAP_NO_PI))
    return end


def main(left: str, left_device: str, right: str, right_device: str) -> None:
    ends = [tap(left, left_device), tap(right, right_device)]
    print("up", flush=True)
    while True:
        for end in select.select(ends, [], [])[0]:
            frame = os.read(end, 1 << 16)
            # A frame for an end that isn't up yet is lost.
            with contextlib.suppress(OSError):
                os.write(ends[end == ends[0]], frame)


if __name__ == "__main__":
    main(*sys.argv[1:])
