# SPDX-License-Identifier: GPL-2.0
"""What a program of a scenario can be asked for: its functions marked with `@case`, by name.

    PROGRAM NAME ARGUMENT...     calls the function with these, converted as its annotations say
    PROGRAM list                 prints the names"""

import inspect
import subprocess
import sys

CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


def run(name, *arguments):
    """Calls the function of that name, with arguments that are text."""
    function = CASES[name]
    kinds = []
    for parameter in inspect.signature(function).parameters.values():
        kind = parameter.annotation if parameter.annotation is not parameter.empty else str
        kinds += [kind] * (len(arguments) if parameter.kind is parameter.VAR_POSITIONAL else 1)
    return function(*(kind(argument) for kind, argument in zip(kinds, arguments, strict=False)))


def equal(what, wanted, got):
    """Ends with an error if the two differ."""
    if wanted != got:
        sys.exit(f"{what}: expected {wanted!r}, got {got!r}")


def rules(lines, netns="director"):
    """Has ipvsadm read these lines; what it says."""
    done = subprocess.run(["nsenter", f"--net=/run/netns/{netns}", "ipvsadm", "-R"], input=lines, text=True,
                          capture_output=True, check=False)
    return done.stderr


def main():
    if sys.argv[1] == "list":
        print("\n".join(CASES))
    else:
        run(*sys.argv[1:])
