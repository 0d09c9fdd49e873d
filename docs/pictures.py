#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes the pictures of the schedulers from what they measure:

    cargo run --release -p lvs-engine --example schedulers shares | docs/pictures.py shares >docs/shares.svg
    cargo run --release -p lvs-engine --example schedulers moved | docs/pictures.py moved >docs/moved.svg

and that of the live view from what it shows on a terminal:

    qemu/run/uml.sh --real-time --env PICTURE=75 qemu/scenarios/programs/test-watch.sh |
        docs/pictures.py watch >docs/watch.svg
"""

import html
import json
import sys

# Readable on white and on black.
COLOURS = ["#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756"]
INK = "#808080"
WIDTH, LEFT, ROW, TOP = 720, 70, 22, 52


def text(x, y, content, anchor="start", colour=INK):
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{colour}">{content}</text>'


def bar(x, y, width, colour, title):
    return f'<rect x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="15" fill="{colour}"><title>{title}</title></rect>'


def svg(title, height, parts):
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'font-family="sans-serif" font-size="13" role="img">\n<title>{title}</title>\n{body}\n</svg>')


def legend(entries):
    parts, x = [], LEFT
    for colour, name in entries:
        parts += [bar(x, 24, 15, colour, name), text(x + 20, 36, name)]
        x += 30 + 7.2 * len(name)
    return parts


def shares(rows):
    """One bar per scheduler, divided among its servers."""
    by_name = {}
    for name, weight, percent in rows:
        by_name.setdefault(name, []).append((weight, float(percent)))
    weights = [weight for weight, _ in next(iter(by_name.values()))]
    title = "Share of connections that servers of different weights get"
    parts = [text(LEFT, 15, title)]
    parts += legend((colour, f"weight {weight}") for colour, weight in zip(COLOURS, weights))
    scale = (WIDTH - LEFT - 10) / 100
    for row, (name, servers) in enumerate(by_name.items()):
        x, y = LEFT, TOP + row * ROW
        parts.append(text(LEFT - 8, y + 12, name, "end"))
        for colour, (weight, percent) in zip(COLOURS, servers):
            parts.append(bar(x, y, percent * scale, colour, f"{name}, weight {weight}: {percent:.1f} %"))
            if percent >= 6:
                parts.append(text(x + percent * scale / 2, y + 12, f"{percent:.0f} %", "middle", "#ffffff"))
            x += percent * scale
    return svg(title, TOP + len(by_name) * ROW + 6, parts)


def moved(rows, count="10"):
    """One bar per scheduler: clients that must move and those that move besides."""
    rows = [(name, float(own), float(others)) for name, servers, own, others, _ in rows if servers == count]
    title = f"Clients that get another server when one of {count} leaves"
    parts = [text(LEFT, 15, title)]
    parts += legend([(COLOURS[0], "its own clients"), (COLOURS[4], "clients of others")])
    scale = (WIDTH - LEFT - 60) / 100
    for row, (name, own, others) in enumerate(rows):
        y = TOP + row * ROW
        parts += [
            text(LEFT - 8, y + 12, name, "end"),
            bar(LEFT, y, own * scale, COLOURS[0], f"{name}: {own:.1f} % its own"),
            bar(LEFT + own * scale, y, others * scale, COLOURS[4], f"{name}: {others:.1f} % of others"),
            text(LEFT + (own + others) * scale + 6, y + 12, f"{own + others:.0f} %"),
        ]
    return svg(title, TOP + len(rows) * ROW + 6, parts)


# Of a terminal: its numbers of colours, paper, ink, and the size of a character.
TERMINAL = {"2": "#98c379", "3": "#e5c07b", "6": "#56b6c2"}
PAPER, PRINT = "#1e2127", "#d0d3d8"
CELL_WIDTH, CELL_HEIGHT = 8.4, 18


def runs(line):
    """Where each piece of one style begins, and the piece."""
    begin = 0
    for x in range(1, len(line) + 1):
        if x == len(line) or line[x][1] != line[begin][1]:
            yield begin, "".join(character for character, _ in line[begin:x]), line[begin][1]
            begin = x


def watch(rows):
    """The cells of a terminal as they are: each a character and its style."""
    cells = json.loads(" ".join(rows[-1]))
    width, height = len(cells[0]) * CELL_WIDTH + 16, len(cells) * CELL_HEIGHT + 16
    parts = [f'<rect width="{width:.0f}" height="{height}" rx="6" fill="{PAPER}"/>']
    for y, line in enumerate(cells):
        for x, piece, (colour, bold, dim, underlined, is_reversed) in runs(line):
            left, top = 8 + x * CELL_WIDTH, 8 + y * CELL_HEIGHT
            ink = TERMINAL.get(colour, PRINT)
            if is_reversed:
                parts.append(f'<rect x="{left:.1f}" y="{top}" width="{len(piece) * CELL_WIDTH:.1f}" '
                             f'height="{CELL_HEIGHT}" fill="{ink}"/>')
                ink = PAPER
            if not piece.strip():
                continue
            kept = piece.rstrip()
            style = (' font-weight="bold"' if bold else "") + (' opacity="0.6"' if dim else "")
            style += ' text-decoration="underline"' if underlined else ""
            # Each character has its place, whatever font there is.
            parts.append(f'<text x="{left:.1f}" y="{top + 13}" fill="{ink}"{style} textLength='
                         f'"{len(kept) * CELL_WIDTH:.1f}" xml:space="preserve">{html.escape(kept)}</text>')
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" font-size="14" role="img" '
            f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace">\n'
            f'<title>ipvsadm-rs watch on a terminal of 80 × 24</title>\n{body}\n</svg>')


KINDS = {"shares": ("share", shares), "moved": ("moved", moved), "watch": ("SCREEN", watch)}
if len(sys.argv) != 2 or sys.argv[1] not in KINDS:
    sys.exit(__doc__)
word, picture = KINDS[sys.argv[1]]
rows = [line.split()[1:] for line in sys.stdin if line.startswith(word + " ")]
if not rows:
    sys.exit(f'no line begins with "{word}"')
print(picture(rows))
