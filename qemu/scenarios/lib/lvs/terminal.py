# SPDX-License-Identifier: GPL-2.0
"""A terminal: what a program that draws with escape sequences shows, for tests and pictures."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

SEQUENCE = re.compile(r"\x1b(?:\[([?0-9;]*)([@-~])|[()][A-Za-z0-9]|[=>78])")
PLAIN = ("", False, False, False, False)


class Screen:
    """The screen, as far as programs that use a terminal library ask for."""

    def __init__(self, columns=80, rows=24):
        self.columns, self.rows = columns, rows
        self.cells = [[(" ", PLAIN)] * columns for _ in range(rows)]
        self.x = self.y = 0
        self.style = PLAIN
        self.rest = ""

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = SEQUENCE.match(text, at)
                if not found:
                    # The end of it is still to come.
                    self.rest = text[at:]
                    return
                at = found.end()
                if found.group(2):
                    self.sequence(found.group(1), found.group(2))
                continue
            self.put(text[at])
            at += 1

    def put(self, character):
        if character == "\r":
            self.x = 0
        elif character == "\n":
            self.y = min(self.y + 1, self.rows - 1)
        elif character >= " " and self.x < self.columns:
            self.cells[self.y][self.x] = character, self.style
            self.x += 1

    def sequence(self, arguments, kind):
        numbers = [int(number or 0) for number in arguments.lstrip("?").split(";")]
        first = max(numbers[0], 1)
        if kind in "Hf":
            self.y = min(first, self.rows) - 1
            self.x = min(max((numbers + [1])[1], 1), self.columns) - 1
        elif kind in "ABCD":
            dx, dy = {"A": (0, -1), "B": (0, 1), "C": (1, 0), "D": (-1, 0)}[kind]
            self.x = min(max(self.x + dx * first, 0), self.columns - 1)
            self.y = min(max(self.y + dy * first, 0), self.rows - 1)
        elif kind == "G":
            self.x = min(first, self.columns) - 1
        elif kind == "J" and numbers[0] in (2, 3):
            self.cells = [[(" ", PLAIN)] * self.columns for _ in range(self.rows)]
        elif kind == "K" and not numbers[0]:
            for x in range(self.x, self.columns):
                self.cells[self.y][x] = " ", PLAIN
        elif kind == "m":
            self.attributes(numbers)

    def attributes(self, numbers):
        colour, bold, dim, underlined, reversed_ = self.style
        numbers = iter(numbers)
        for number in numbers:
            if number == 0:
                colour, bold, dim, underlined, reversed_ = PLAIN
            elif number in (1, 2, 4, 7):
                bold, dim = bold or number == 1, dim or number == 2
                underlined, reversed_ = underlined or number == 4, reversed_ or number == 7
            elif number == 22:
                bold = dim = False
            elif number == 24:
                underlined = False
            elif number == 27:
                reversed_ = False
            elif 30 <= number <= 37:
                colour = str(number - 30)
            elif number in (38, 48):
                kind = next(numbers, 0)
                value = next(numbers, 0) if kind == 5 else 0
                if number == 38:
                    colour = str(value)
            elif number == 39:
                colour = ""
        self.style = colour, bold, dim, underlined, reversed_

    def line(self, y):
        return "".join(character for character, _ in self.cells[y]).rstrip()

    def text(self):
        return "\n".join(self.line(y) for y in range(self.rows))

    def has_style(self, word, y, index):
        """Whether a word of a line has this part of a style."""
        line = "".join(character for character, _ in self.cells[y])
        x = line.find(word)
        return x >= 0 and all(style[index] for _, style in self.cells[y][x:x + len(word)])


class Program:
    """A program on a terminal of its own."""

    def __init__(self, command, columns=80, rows=24):
        self.screen = Screen(columns, rows)
        self.bytes = b""
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ["TERM"] = "xterm-256color"
            # The window has its size before anybody asks.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvp(command[0], command)

    def read(self, seconds):
        """Takes in what comes within this time; False if nothing does."""
        if not select.select([self.fd], [], [], max(seconds, 0))[0]:
            return False
        try:
            some = os.read(self.fd, 1 << 16)
        except OSError:
            return False
        self.bytes += some
        # A character may come in two parts.
        text = self.bytes.decode(errors="ignore")
        self.bytes = b"" if not self.bytes or self.bytes[-1] < 0x80 else self.bytes[len(text.encode()):]
        self.screen.feed(text)
        return True

    def wait(self, is_so, seconds=30):
        """Waits until the screen is so; the seconds that it took, None if it never was."""
        begun = time.monotonic()
        while not is_so(self.screen):
            left = begun + seconds - time.monotonic()
            if left <= 0 or not self.read(left):
                if time.monotonic() - begun >= seconds or not self.is_alive():
                    return None
        return time.monotonic() - begun

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def is_alive(self):
        return os.waitpid(self.pid, os.WNOHANG) == (0, 0)

    def end(self):
        """Ends it; its exit status."""
        self.press("q")
        for _ in range(100):
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            self.read(0.1)
        os.kill(self.pid, signal.SIGKILL)
        return None
