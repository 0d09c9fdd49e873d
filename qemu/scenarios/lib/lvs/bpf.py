# SPDX-License-Identifier: GPL-2.0
"""Programs of XDP by the system call bpf: written as instructions, loaded, run with frames of the caller's."""

import ctypes
import os
import struct

SYS_BPF = 321
PROG_LOAD, OBJ_PIN, PROG_TEST_RUN, PROG_GET_FD_BY_ID, OBJ_GET_INFO = 5, 6, 10, 13, 15
BTF_GET_FD_BY_ID, BTF_GET_NEXT_ID = 19, 23
XDP, LIVE_FRAMES, HAS_FRAGS = 6, 2, 32
ACTIONS = ["ABORTED", "DROP", "PASS", "TX", "REDIRECT"]

_libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attr):
    """One call; `attr` is the bytes of its argument. The result, and what the argument became."""
    buffer = ctypes.create_string_buffer(bytes(attr).ljust(160, b"\0"), 160)
    result = _libc.syscall(SYS_BPF, command, buffer, 160)
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
    return result, buffer.raw


def pointer(buffer):
    return ctypes.addressof(buffer)


def insn(code, dst=0, src=0, offset=0, immediate=0):
    return struct.pack("<BBhi", code, dst | src << 4, offset, immediate)


def load64(dst, value):
    """The register gets 64 bits."""
    low, high = value & 0xFFFFFFFF, value >> 32
    signed = lambda word: word - (1 << 32) if word >> 31 else word
    return insn(0x18, dst, 0, 0, signed(low)) + insn(0, 0, 0, 0, signed(high))


EXIT = insn(0x95)


def returning(action):
    """A program's end that returns a constant."""
    return insn(0xB7, 0, 0, 0, ACTIONS.index(action)) + EXIT


def load(code, name=b"test", descriptors=()):
    """Loads a program; its descriptor."""
    code, log = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(1 << 16)
    license_text = ctypes.create_string_buffer(b"GPL")
    fds = ctypes.create_string_buffer(struct.pack("<i", 0) + b"".join(struct.pack("<i", fd) for fd in descriptors))
    attr = struct.pack("<IIQQIIQ", XDP, (len(code)) // 8, pointer(code), pointer(license_text), 1, len(log), pointer(log))
    attr += struct.pack("<II16sII", 0, HAS_FRAGS, name, 0, 37)
    attr = attr.ljust(120, b"\0") + struct.pack("<Q", pointer(fds))
    try:
        return bpf(PROG_LOAD, attr)[0]
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}: {log.value.decode()}") from error


def pin(fd, path):
    name = ctypes.create_string_buffer(path.encode())
    bpf(OBJ_PIN, struct.pack("<QI", pointer(name), fd))


def program(number):
    """A loaded program by its number."""
    return bpf(PROG_GET_FD_BY_ID, struct.pack("<I", number))[0]


def run(fd, frame, device, repeat=0, batch=0):
    """Runs a program with a frame, as if the device of this number had received it.

    Once: (action, what the frame became). With `repeat`: that many live frames, which go where the program has them go; the
    nanoseconds that one took."""
    given = ctypes.create_string_buffer(frame, len(frame))
    became = ctypes.create_string_buffer(len(frame) + 256)
    context = ctypes.create_string_buffer(struct.pack("<IIIIII", 0, len(frame), 0, device, 0, 0))
    attr = struct.pack("<IIIIQQ", fd, 0, len(frame), 0 if repeat else len(became), pointer(given), 0 if repeat else pointer(became))
    attr += struct.pack("<IIIIQQ", repeat or 1, 0, 24, 0, pointer(context), 0)
    attr += struct.pack("<III", LIVE_FRAMES if repeat else 0, 0, batch if repeat else 0)
    _, after = bpf(PROG_TEST_RUN, attr)
    if repeat:
        return struct.unpack_from("<I", after, 36)[0]
    return ACTIONS[struct.unpack_from("<I", after, 4)[0]], became.raw[:struct.unpack_from("<I", after, 12)[0]]


def module_types(name):
    """The type information of a loaded module: a descriptor."""
    number = 0
    while True:
        number = struct.unpack_from("<I", bpf(BTF_GET_NEXT_ID, struct.pack("<I", number))[1], 4)[0]
        fd = bpf(BTF_GET_FD_BY_ID, struct.pack("<I", number))[0]
        found = ctypes.create_string_buffer(64)
        info = ctypes.create_string_buffer(struct.pack("<QIIQII", 0, 0, 0, pointer(found), 64, 0), 32)
        bpf(OBJ_GET_INFO, struct.pack("<IIQ", fd, 32, pointer(info)))
        if struct.unpack_from("<I", info, 28)[0] and found.value.decode() == name:
            return fd
        os.close(fd)


def _kinds(data):
    """Kind and place of the name of each type."""
    head, at, length = struct.unpack_from("<III", data, 4)
    more = {1: 4, 14: 4, 17: 4, 3: 12}
    each = {4: 12, 5: 12, 15: 12, 19: 12, 6: 8, 13: 8}
    at, end = head + at, head + at + length
    while at < end:
        name, info = struct.unpack_from("<II", data, at)
        kind = info >> 24 & 31
        yield kind, name
        at += 12 + more.get(kind, 0) + each.get(kind, 0) * (info & 0xFFFF)


def function_number(module, function):
    """The number of a function of a module in its types."""
    with open("/sys/kernel/btf/vmlinux", "rb") as file:
        base = file.read()
    with open(f"/sys/kernel/btf/{module}", "rb") as file:
        own = file.read()
    first, before = 1 + sum(1 for _ in _kinds(base)), struct.unpack_from("<I", base, 20)[0]
    names = struct.unpack_from("<I", own, 4)[0] + struct.unpack_from("<I", own, 16)[0]
    for place, (kind, name) in enumerate(_kinds(own)):
        if kind == 12 and name >= before:
            at = names + name - before
            if own[at:own.index(b"\0", at)] == function.encode():
                return first + place
    raise LookupError(function)


def call(number):
    """Calls a function of the first of the program's descriptors."""
    return insn(0x85, 0, 2, 1, number)
