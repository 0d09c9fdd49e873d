# SPDX-License-Identifier: GPL-2.0
"""Draws bars: the net cost of each case under both modules, lvs in per cent of
ip_vs."""

from html import escape

WIDTH, LABEL, ROW, TOP = 760, 300, 22, 46
COLOURS = {"lvs": "#1b7f5c", "missed": "#b3541e", "ip_vs": "#c9ced6", "text": "#24292f", "target": "#24292f"}


def text(x, y, words, anchor="start", weight="normal"):
    """A word."""
    return (f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-weight="{weight}" '
            f'fill="{COLOURS["text"]}">{escape(words)}</text>')


def bar(x, y, width, height, colour):
    """A rectangle."""
    return f'<rect x="{x}" y="{y}" width="{max(width, 1):.1f}" height="{height}" fill="{colour}"/>'


def draw(results):
    """The whole picture."""
    shown = [one for one in results if one["ratio"] is not None]
    height = TOP + ROW * len(shown) + 30
    scale = (WIDTH - LABEL - 110) / 100
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        text(12, 20, "What balancing costs: lvs in per cent of ip_vs (shorter is better)", weight="bold"),
        text(12, 37, "time per packet beyond plain forwarding; grey: ip_vs; line: target"),
    ]
    for row, one in enumerate(shown):
        y = TOP + row * ROW
        ratio = 100 * one["ratio"]
        parts.append(text(LABEL - 8, y + 14, one["name"], "end"))
        parts.append(bar(LABEL, y + 3, 100 * scale, ROW - 6, COLOURS["ip_vs"]))
        colour = COLOURS["missed" if one["verdict"] == "missed" else "lvs"]
        parts.append(bar(LABEL, y + 3, min(ratio, 110) * scale, ROW - 6, colour))
        if one["target"]["of"] == "ratio":
            x = LABEL + 100 * one["target"]["value"] * scale
            parts.append(f'<path d="M{x:.1f} {y + 1}v{ROW - 2}" stroke="{COLOURS["target"]}" stroke-width="1.5"/>')
        parts.append(text(WIDTH - 8, y + 14, f"{ratio:.0f} %", "end"))
    parts.append("</svg>\n")
    return "\n".join(parts)
