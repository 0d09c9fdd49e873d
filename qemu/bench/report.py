#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Makes a table, a JSON file and a drawing of measurements.

report.py --cases VEHICLE QUICK CPUS REPETITION [PART...]: names of the cases to measure
report.py --line JSON: one measurement in words
report.py --report SAMPLES NAME: everything; writes NAME.json and NAME.svg"""

import json
import sys
from pathlib import Path
from statistics import median

sys.dont_write_bytecode = True

import svg
from cases import CASES

BALANCERS = ("ip_vs", "lvs")


def choose(vehicle, quick, cpus, repetition, *parts):
    """Names of the cases that a boot measures."""
    for case in CASES:
        if case.cpus != int(cpus) or (case.repetitions and int(repetition) >= case.repetitions):
            continue
        if parts:
            wanted = any(part in case.name for part in parts) and (case.cpus == 1 or vehicle == "stock")
        elif vehicle == "stock":
            wanted = case.stock
        else:
            wanted = case.cpus == 1 and (case.quick or not quick)
        if wanted:
            print(case.name)


def numbers(values):
    """Those of the values that aren't words."""
    return [value for value in values if not isinstance(value, str)]


def lowest(values):
    """What a visit's slices are worth: what else the machine does only ever adds."""
    return min(numbers(values), default=None)


def worth(case, values):
    """What a visit's values are worth: the best of them."""
    return max(numbers(values), default=None) if case.target_of == "least" else lowest(values)


def describe(sample):
    """A measurement as it comes in."""
    if "kernel" in sample:
        return "-- Linux " + sample["kernel"]["release"]
    texts = []
    for who, values in sample["values"].items():
        words = [value for value in values if isinstance(value, str)]
        texts.append(f"{who} {words[0] if words else round(lowest(values), 1)}")
    return f"{sample['case']}: " + ", ".join(texts) + f" ({sample['seconds']} s)"


def spread(values):
    """Half the range in per cent of the median."""
    return round(50 * (max(values) - min(values)) / abs(median(values)), 1) if values and median(values) else 0


def judge(case, result):
    """Adds a verdict: "met", "missed", or why there is none."""
    for who in ("floor", *BALANCERS):
        words = result["problems"].get(who)
        if words:
            if who == "lvs" and words.startswith("unsupported"):
                return "unsupported"
            if who == "ip_vs" and words.startswith("unsupported") and case.target_of != "ratio":
                continue
            return "error" if not words.startswith("unsupported") else "nothing to compare with"
    value = result["ratio"] if case.target_of == "ratio" else result["net"].get("lvs")
    if value is None:
        return "error"
    if case.target is None:
        return "no target"
    return "met" if (value >= case.target if case.target_of == "least" else value <= case.target) else "missed"


def typical(case, values):
    """What the values of several boots are worth: the lowest time of a packet, since noise only ever adds to it, and the
    median of everything else."""
    return (min if case.unit == "ns" else median)(values)


def summarise(case, samples):
    """The result of a case from its samples, one a repetition."""
    visits = {who: [worth(case, sample["values"].get(who, [])) for sample in samples] for who in ("floor", *BALANCERS)}
    problems = {}
    for sample in samples:
        for who, values in sample["values"].items():
            problems.update({who: value for value in values if isinstance(value, str)})
    # Not every case has one.
    has_floor = any(value is not None for value in visits["floor"])
    nets = {who: [value - floor if has_floor else value for floor, value in zip(visits["floor"], visits[who])
                  if value is not None and (floor is not None or not has_floor)] for who in BALANCERS}
    ratios = [ours / theirs for ours, theirs in zip(nets["lvs"], nets["ip_vs"]) if theirs > 0]
    result = {"name": case.name, "unit": case.unit, "repetitions": len(samples)}
    for who in ("floor", *BALANCERS):
        known = [value for value in visits[who] if value is not None]
        result[who] = round(typical(case, known), 2) if known else None
    if case.unit == "ns" and has_floor:
        net = {who: None if result[who] is None else round(result[who] - result["floor"], 2) for who in BALANCERS}
    else:
        net = {who: round(median(nets[who]), 2) if nets[who] else None for who in BALANCERS}
    result["net"] = net
    comparable = net["lvs"] is not None and (net["ip_vs"] or 0) > 0
    result["ratio"] = round(net["lvs"] / net["ip_vs"], 3) if comparable else None
    result["ratio_range"] = [round(min(ratios), 3), round(max(ratios), 3)] if ratios else None
    result["spread"] = {who: spread([v for v in visits[who] if v is not None]) for who in ("floor", *BALANCERS)}
    result["target"] = {"of": case.target_of, "value": case.target}
    result["problems"] = problems
    result["verdict"] = judge(case, result)
    return result


def cell(value, digits=0):
    """A number for the table."""
    return "-" if value is None else f"{value:.{digits}f}"


def table(results):
    """Markdown."""
    yield "| case | floor | ip_vs | lvs | net ip_vs | net lvs | ratio | range | target | |"
    yield "|--|--:|--:|--:|--:|--:|--:|--|--:|--|"
    for one in results:
        digits = 0 if one["unit"] in ("ns", "bytes", "instructions") else 2
        unit = "" if one["unit"] == "ns" else f" [{one['unit']}]"
        low_high = "-".join(f"{value:.2f}" for value in one["ratio_range"] or [])
        if one["target"]["value"] is None:
            one = {**one, "target": {"of": "ratio", "value": "-"}}
        target = {"ratio": "", "value": " " + one["unit"], "least": "+ " + one["unit"]}[one["target"]["of"]]
        yield (f"| {one['name']}{unit} | " + " | ".join(cell(one[who], digits) for who in ("floor", *BALANCERS)) + " | "
               + " | ".join(cell(one["net"][who], digits) for who in BALANCERS)
               + f" | {cell(one['ratio'], 2)} | {low_high} | {one['target']['value']}{target} | {one['verdict']} |")


def report(path, name):
    """Everything about a file of samples."""
    samples = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    kernel = next((sample["kernel"] for sample in samples if "kernel" in sample), None)
    by_case = {}
    for sample in samples:
        if "case" in sample:
            by_case.setdefault(sample["case"], []).append(sample)
    results = [summarise(case, by_case[case.name]) for case in CASES if case.name in by_case]
    if not results:
        sys.exit("nothing was measured")
    for one in results:
        one["kernel"] = kernel
    Path(name + ".json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    Path(name + ".svg").write_text(svg.draw(results), encoding="utf-8")
    if name.endswith("-stock"):
        print("Instructions of a packet; there are no caches, so what many flows cost beyond them doesn't show.\n")
    print("\n".join(table(results)))
    print()
    for one in results:
        for who, words in one["problems"].items():
            print(f"{one['name']}: {who}: {words}")
    counts = {}
    for one in results:
        counts[one["verdict"]] = counts.get(one["verdict"], 0) + 1
    print(", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items())), f"of {len(results)} cases")
    if "error" in counts:
        sys.exit(1)


def main():
    """See the top."""
    what, arguments = sys.argv[1], sys.argv[2:]
    if what == "--cases":
        choose(*arguments)
    elif what == "--line":
        print(describe(json.loads(arguments[0])))
    else:
        report(*arguments)


main()
