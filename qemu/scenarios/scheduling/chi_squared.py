# SPDX-License-Identifier: GPL-2.0
"""Whether random draws have the distribution they should.

chi_squared.py FILE: lines "CASE COUNT..." of two samples of each case, one after the other; says of
each case whether both may be of one distribution."""

import math
import sys

# Exceeded by chance once in 3 million comparisons: that many normal deviations.
DEVIATIONS = 5
# What is expected to be rarer is counted together.
LEAST = 8


def limit(freedom):
    """What chi-squared stays below, by Wilson and Hilferty's approximation."""
    part = 2 / (9 * freedom)
    return freedom * (1 - part + DEVIATIONS * math.sqrt(part)) ** 3


def verdict(chi, freedom):
    if freedom == 0:
        return "as drawn" if chi == 0 else "of another kind"
    return "as drawn" if chi < limit(freedom) else f"of another kind: chi-squared {chi:.1f}, {limit(freedom):.1f} is likely at most"


def pooled(rows, size):
    """The rows whose size is enough, and one for all others."""
    kept = [row for row in rows if size(row) >= LEAST]
    rest = [row for row in rows if 0 < size(row) < LEAST]
    return kept + ([tuple(map(sum, zip(*rest)))] if rest else [])


def against(expected, counts):
    """A sample against what its distribution says."""
    if any(count and not wanted for wanted, count in zip(expected, counts)):
        return "of another kind: what never happens did"
    rows = pooled(list(zip(expected, counts)), lambda row: row[0])
    chi = sum((count - wanted) ** 2 / wanted for wanted, count in rows)
    return verdict(chi if abs(chi) > 1e-9 else 0, len(rows) - 1)


def compare(first, second):
    """Two samples of the same size: chi-squared and its degrees of freedom."""
    rows = pooled(list(zip(first, second)), sum)
    return sum((a - b) ** 2 / (a + b) for a, b in rows), len(rows) - 1


if __name__ == "__main__":
    samples = {}
    with open(sys.argv[1], encoding="ascii") as file:
        for line in file:
            case, *counts = line.split()
            samples.setdefault(case, []).append([int(count) for count in counts])
    for case, (one, other) in samples.items():
        found, freedom = compare(one, other)
        print(f"{case}: {verdict(found, freedom)}")
        print(f"{case} servers: chi-squared {found:.1f} with {freedom} degrees of freedom", file=sys.stderr)
