#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Who imports whom among the module's Rust files, read from their paths; prints what the rules forbid.

    layers.py             imports against the layers, and circles of files that import each other
    layers.py --layers    the former alone
    layers.py --circles   the latter alone
    layers.py --picture   the imports themselves: of folders, then of files

An import counts for the file that defines what is imported, whoever passes it on. A file that declares
a module, or passes on what it has, doesn't import it by that. What only tests import doesn't count.

Methods may be written elsewhere than their type. Who calls one imports that file: by a name that only this method has,
or on `self`; so methods in another folder than their type need such a name. What is called through a trait isn't
looked for: its caller doesn't know who is called."""

import pathlib
import re
import sys

KMOD = pathlib.Path(__file__).resolve().parents[2] / "kmod"
# Crates, by the file that is their root.
ROOTS = (KMOD / "lvs_main.rs", KMOD / "engine" / "lib.rs")
# What each folder of the module may import besides itself. The crates below are everybody's.
ALLOWED = {
    "lvs_main": {"namespace", "control", "datapath", "table", "kernel_ext"},
    "namespace": {"control", "datapath", "table", "kernel_ext"},
    "control": {"table", "kernel_ext"},
    "datapath": {"table", "kernel_ext"},
    "table": {"kernel_ext"},
    "kernel_ext": set(),
    "engine": set(),
}
# Made by the macro `module!`: the kernel's word for the module as a whole.
GENERATED = ("crate", "LocalModule")
# The entry of the packet's way, above all that it calls.
ENTRY, ABOVE_ENTRY = "datapath/ingress.rs", "datapath/mod.rs"

COMMENT_OR_TEXT = re.compile(
    r"//[^\n]*|/\*.*?\*/|b?r(#*)\".*?\"\1|b?\"(?:\\.|[^\"\\])*\"|b?'(?:\\.[^']*|[^'\\])'", re.S)
TOKEN = re.compile(
    r"#\[cfg\(test\)\]|\bmod\s+(?P<mod>\w+)\s*(?P<opens>[{;])|\b(?P<pub>pub(?:\s*\([^)]*\))?\s+)?use\s+(?P<use>[^;]+);"
    r"|(?<![\w$:.])(?P<path>\w+(?:::\w+)+)|[{};]")
# A block of methods, with the type that they are of, if no trait is theirs.
METHODS = re.compile(r"^impl\b([^{;]*)\{", re.M)
METHOD = re.compile(r"\b(pub\b(?:\s*\([^)]*\))?\s+)?(?:const\s+)?fn\s+(\w+)")
GENERICS = re.compile(r"<(?:[^<>]|->)*>")
# A call of a method, on `self` or not, or of a function by its path.
CALL = re.compile(r"(?P<own>\bself\s*)?(?:\.\s*|::)(?P<name>\w+)\s*(?:::\s*<[^()]*>\s*)?\(")
TESTS = re.compile(r"#\[cfg\(test\)\]\s*(?:pub(?:\([^)]*\))?\s+)?(?:mod\s+\w+\s*;|use\s[^;]*;|(?P<block>[^{;]*\{))")
# A macro declares modules: those of all files beside it that the file doesn't name itself.
MODULES_OF_MACRO = re.compile(r"\bmod\s+\$")


class Module:
    """A module: its children, the names that it imports, and the paths that its code says."""

    def __init__(self, file, parent):
        self.file, self.parent = file, parent
        self.children, self.names, self.paths, self.globs = {}, {}, [], []

    def root(self):
        return self.parent.root() if self.parent else self


def without_text(code):
    """Comments and literals taken out."""
    return COMMENT_OR_TEXT.sub(" ", code)


def expand(tree, prefix=()):
    """(path, name) of everything that `use` names."""
    tree = tree.strip()
    head, brace, rest = tree.partition("{")
    if brace:
        prefix += tuple(part.strip() for part in head.split("::") if part.strip())
        depth, part = 0, ""
        for char in rest[:rest.rindex("}")] + ",":
            depth += {"{": 1, "}": -1}.get(char, 0)
            if char == "," and not depth:
                if part.strip():
                    yield from expand(part, prefix)
                part = ""
            else:
                part += char
        return
    path, _, name = re.sub(r"\s+", " ", tree).partition(" as ")
    path = prefix + tuple(part.strip() for part in path.split("::") if part.strip())
    if path[-1] == "self":
        path = path[:-1]
    yield path, name.strip() or path[-1]


def read_module(file, parent, folder):
    """A file's module with all below it; `folder` is where the files of its children are."""
    module = Module(file, parent)
    code = without_text(file.read_text(encoding="utf-8"))
    # What is open: modules written inside the file, or None for any other block.
    inside, tests, test_depth, of_tests = [], False, None, set()
    for found in TOKEN.finditer(code):
        text = found[0]
        here = next((one for one in reversed(inside) if one), module)
        if test_depth is not None:
            if text.endswith("{"):
                inside.append(None)
            elif text == "}":
                inside.pop()
                if len(inside) == test_depth:
                    test_depth = None
        elif text.startswith("#"):
            tests = True
        elif found["mod"] and found["opens"] == ";":
            if not tests:
                place = folder
                for one in (one for one in inside if one):
                    place /= one.name
                at = next(at for at in (place / f"{found['mod']}.rs", place / found["mod"] / "mod.rs") if at.exists())
                here.children[found["mod"]] = read_module(at, here, place / found["mod"])
            else:
                of_tests.add(found["mod"])
            tests = False
        elif text.endswith("{"):
            child = None
            if found["mod"] and not tests:
                child = here.children[found["mod"]] = Module(file, here)
                child.name = found["mod"]
            if tests:
                test_depth = len(inside)
            inside.append(child)
            tests = False
        elif text == "}":
            inside.pop()
        elif text == ";":
            tests = False
        elif found["use"]:
            for path, name in expand(found["use"]):
                if tests:
                    continue
                if name == "*":
                    here.globs.append(path)
                else:
                    here.names[name] = path
                here.paths.append((path, bool(found["pub"])))
            tests = False
        elif found["path"]:
            if not tests:
                here.paths.append((tuple(found["path"].split("::")), False))
    if MODULES_OF_MACRO.search(code):
        for at in sorted(folder.glob("*.rs")):
            if at != file and at.stem not in of_tests | module.children.keys():
                module.children[at.stem] = read_module(at, module, folder / at.stem)
    return module


def resolve(module, path, seen=()):
    """The module that `path` leads to, seen from `module`, and whether it names the module itself; None if it leads out
    of the crate."""
    if (id(module), path) in seen:
        return None
    seen += ((id(module), path),)
    first, rest = path[0], path[1:]
    at = {"crate": module.root(), "self": module, "super": module.parent}.get(first)
    if at is None:
        at = module.children.get(first)
    if at is None:
        named = module.names.get(first)
        if named is not None and named[0] != first:
            found = resolve(module, named, seen)
            if found is None or not found[1]:
                # An item, of which the rest is a part.
                return found and (found[0], False)
            at = found[0]
        else:
            for glob in module.globs:
                found = resolve(module, glob[:-1], seen)
                if found and found[1] and has(found[0], first):
                    return resolve(found[0], path, seen)
            return None
    for index, part in enumerate(rest):
        if part == "super":
            at = at.parent
        elif part in at.children:
            at = at.children[part]
        elif part == "*":
            return at, False
        elif part in at.names:
            return resolve(at, rest[index:], seen) or None
        else:
            return at, False
    return at, True


def has(module, name):
    return name in module.children or name in module.names


def modules(module):
    yield module
    for child in module.children.values():
        yield from modules(child)


def name_of(file):
    return file.relative_to(KMOD).as_posix()


def folder_of(name):
    return name.split("/")[0].removesuffix(".rs")


def block_end(code, start):
    """Behind the brace that closes the one in front of `start`."""
    depth = 1
    for at in range(start, len(code)):
        depth += {"{": 1, "}": -1}.get(code[at], 0)
        if not depth:
            return at + 1
    return len(code)


def without_tests(code):
    found = TESTS.search(code)
    while found:
        end = block_end(code, found.end()) if found["block"] else found.end()
        code = code[:found.start()] + code[end:]
        found = TESTS.search(code)
    return code


def blocks_of_methods(code):
    """(type, its methods' code) of each `impl` without a trait."""
    for found in METHODS.finditer(code):
        head, former = found[1].replace("->", ""), None
        while head != former:
            former, head = head, GENERICS.sub(" ", head)
        if not re.search(r"\bfor\b", head):
            yield re.split(r"\bwhere\b", head)[0].strip(), code[found.end():block_end(code, found.end())]


def add_calls(files, direct):
    """Adds the files whose methods each file calls; `files` has the modules of each. Returns, as (file, type, name),
    methods by which it can't be told: written in another folder than their type, by a name that others have."""
    codes = {file: without_tests(without_text(file.read_text(encoding="utf-8"))) for file in files}
    defined, methods, calls = {}, {}, []
    for file, code in codes.items():
        own = name_of(file)
        for name in re.findall(r"\bfn\s+(\w+)", code):
            defined.setdefault(name, set()).add(own)
        calls.append((own, None, code))
        for path, block in blocks_of_methods(code):
            known = (resolve(module, tuple(path.split("::"))) for module in files[file])
            home = next((name_of(found[0].file) for found in known if found), own)
            kind = (home, path.rsplit("::", 1)[-1])
            for visible, name in METHOD.findall(block):
                methods.setdefault(name, {})[kind] = own if visible else None
            calls.append((own, kind, block))
    for own, kind, code in calls:
        for call in CALL.finditer(code):
            for at, file in methods.get(call["name"], {}).items():
                is_known = len(defined[call["name"]]) == 1 if kind is None else call["own"] and at == kind
                if is_known and file not in (None, own, at[0]):
                    direct[own].add(file)
    return sorted(
        (file, at[1], name) for name, kinds in methods.items() for at, file in kinds.items()
        if file and file.rpartition("/")[0] != at[0].rpartition("/")[0] and len(defined[name]) > 1)


def imports():
    """{file: files it imports}, the same with what is passed on only, and what `add_calls` returns."""
    direct, passed, files = {}, {}, {}
    for file in ROOTS:
        if not file.exists():
            continue
        for module in modules(read_module(file, None, file.parent)):
            own = name_of(module.file)
            files.setdefault(module.file, []).append(module)
            direct.setdefault(own, set())
            passed.setdefault(own, set())
            for path, is_passed_on in module.paths:
                found = None if path == GENERATED else resolve(module, path)
                # A module's name alone imports nothing of it.
                if found is None or found[1] or found[0].file == module.file:
                    continue
                (passed if is_passed_on else direct)[own].add(name_of(found[0].file))
    return direct, passed, add_calls(files, direct)


def broken_rules(direct, passed):
    for file in sorted(direct):
        for other in sorted(direct[file] | passed[file]):
            here, there = folder_of(file), folder_of(other)
            if here != there and there not in ALLOWED[here]:
                yield f"{file} imports {other}: {here} may not import {there}"
            if other == ENTRY and file != ABOVE_ENTRY:
                yield f"{file} imports {other}, which is above it"


def circles(direct):
    """Strongly connected files, each set with a way around it."""
    index, low, stack, found = {}, {}, [], []

    def visit(file):
        index[file] = low[file] = len(index)
        stack.append(file)
        for other in sorted(direct[file]):
            if other not in index:
                visit(other)
                low[file] = min(low[file], low[other])
            elif other in stack:
                low[file] = min(low[file], index[other])
        if low[file] == index[file]:
            group = set(stack[stack.index(file):])
            del stack[stack.index(file):]
            if len(group) > 1:
                found.append(group)

    for file in sorted(direct):
        if file not in index:
            visit(file)
    for group in found:
        yield sorted(group), shortest_circle(direct, group)


def shortest_circle(direct, group):
    best = None
    for start in sorted(group):
        ways, came = [start], {start: None}
        for file in ways:
            for other in sorted(direct[file] & group):
                if other == start:
                    way = [start]
                    while file is not None:
                        way.append(file)
                        file = came[file]
                    way.reverse()
                    if best is None or len(way) < len(best):
                        best = way
                    break
                if other not in came:
                    came[other] = file
                    ways.append(other)
            else:
                continue
            break
    return best


def picture(direct):
    folders = {}
    for file, others in direct.items():
        own = folders.setdefault(folder_of(file), {})
        for other in others:
            if folder_of(other) != folder_of(file):
                own[folder_of(other)] = own.get(folder_of(other), 0) + 1
    for folder, others in sorted(folders.items(), key=lambda item: list(ALLOWED).index(item[0])):
        print(f"{folder} -> {', '.join(f'{other} ({count})' for other, count in sorted(others.items())) or 'nothing'}")
    for file in sorted(direct):
        print(f"\n{file}")
        for other in sorted(direct[file]):
            print(f"  {other}")


if __name__ == "__main__":
    DIRECT, PASSED, UNCLEAR = imports()
    FOUND = 0
    if sys.argv[1:] == ["--picture"]:
        picture(DIRECT)
    if sys.argv[1:] in ([], ["--layers"]):
        for rule in broken_rules(DIRECT, PASSED):
            print(rule)
            FOUND += 1
        for name in UNCLEAR:
            print("{}: {} has a method {} here, and others have one of that name".format(*name))
            FOUND += 1
    if sys.argv[1:] in ([], ["--circles"]):
        for group, way in circles(DIRECT):
            print(f"{len(group)} files import each other, for instance {' -> '.join(way)}")
            print(f"    all of them: {', '.join(group)}")
            FOUND += 1
    sys.exit(FOUND > 0)
