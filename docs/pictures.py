#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes the pictures of the schedulers from what they measure:

    cargo run --release -p lvs-engine --example schedulers shares | docs/pictures.py shares >docs/shares.svg
    cargo run --release -p lvs-engine --example schedulers moved | docs/pictures.py moved >docs/moved.svg
"""

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


KINDS = {"shares": ("share", shares), "moved": ("moved", moved)}
if len(sys.argv) != 2 or sys.argv[1] not in KINDS:
    sys.exit(__doc__)
word, picture = KINDS[sys.argv[1]]
rows = [line.split()[1:] for line in sys.stdin if line.startswith(word + " ")]
if not rows:
    sys.exit(f'no line begins with "{word}"')
print(picture(rows))
