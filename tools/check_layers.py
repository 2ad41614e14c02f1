#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that includes follow the layers: usage: check_layers.py [ROOT]

ALLOWED is the one table of the arrows between folders. Also refused: `../`, a quoted include that
does not exist, another folder's *_impl.h or *_regs.h, and files that include each other in a circle.
tests/ and tools/ may include anything. Prints each violation as FILE:LINE and ends with 1 if there
is one.
"""

import os
import re
import sys

# folder: the folders it may include besides itself.
ALLOWED = {
    "include": [],
    "machine": ["include", "lib"],  # arch/arm/include/machine: what every layer inlines of the CPU
    "lib": ["include"],
    "kern": ["include", "machine", "lib"],
    "mm": ["include", "machine", "lib", "kern"],
    "block": ["include", "machine", "lib", "kern", "mm"],
    "fs": ["include", "machine", "lib", "kern", "mm", "block"],
    "loader": ["include", "machine", "lib", "kern", "mm", "fs"],
    "proc": ["include", "machine", "lib", "kern", "mm", "block", "fs", "loader"],
    "boot": ["include", "machine", "lib", "kern", "mm", "block", "fs", "loader", "proc", "drivers", "arch"],
    "drivers": ["include", "machine", "lib", "kern", "mm", "block"],
    "arch": ["include", "machine", "lib", "kern", "mm", "fs", "loader", "proc", "drivers"],
    "user": ["include"],
}
# Single headers that a folder needs beyond that, with the reason.
EXCEPTIONS = {
    ("drivers", "arch/arm/cp15.h"),  # the generic timer's registers are coprocessor registers
    ("arch", "boot/boot.h"),  # what start-up needs of the machine: implemented by arch/arm/boot.c
    ("user", "loader/elf.h"),  # the tool elf judges files by the loader's own code
}
MACHINE = "arch/arm/include/"
GENERATED = "generated/"  # made by the build: constants for assembly
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def sources(root):
    """The paths of all C and assembly files of the layers, relative to root."""
    for folder in sorted({"arch" if f == "machine" else f for f in ALLOWED}):
        for directory, _, names in os.walk(os.path.join(root, folder)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".S")):
                    yield os.path.relpath(os.path.join(directory, name), root)


def folder_of(path):
    return "machine" if path.startswith(MACHINE) else path.split("/")[0]


def resolve(root, path, name):
    """The file that an include of `name` in `path` means, relative to root; None if there is none."""
    roots = ["", MACHINE]
    if path.startswith("user/"):
        roots += ["user/include/", os.path.dirname(path) + "/"]
    for prefix in roots:
        if os.path.isfile(os.path.join(root, prefix + name)):
            return prefix + name
    return None


def wrong_include(path, name, target):
    """Why `path` may not include `name`, which is the file `target`; or None."""
    if "../" in name:
        return "../ in an include"
    if target is None:
        return "no such file from the root"
    mine, other = folder_of(path), folder_of(target)
    private = target.endswith(("_impl.h", "_regs.h")) and other != "machine"
    if private and os.path.dirname(path) != os.path.dirname(target):
        return "private to " + os.path.dirname(target)
    if other != mine and other not in ALLOWED[mine] and (mine, target) not in EXCEPTIONS:
        return "%s may not include %s" % (mine, other)
    return None


def find_circle(graph):
    """A list of files that include each other in a circle, or None."""
    done = set()

    def visit(node, trail):
        if node in trail:
            return trail[trail.index(node):] + [node]
        if node in done:
            return None
        for target in graph.get(node, ()):
            circle = visit(target, trail + [node])
            if circle:
                return circle
        done.add(node)
        return None

    for start in sorted(graph):
        circle = visit(start, [])
        if circle:
            return circle
    return None


def check(root):
    """All violations, as lines to print."""
    wrong, graph = [], {}
    for path in sources(root):
        graph[path] = []
        with open(os.path.join(root, path), encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                match = INCLUDE.match(line)
                if not match or match.group(1).startswith(GENERATED):
                    continue
                target = resolve(root, path, match.group(1))
                why = wrong_include(path, match.group(1), target)
                if why:
                    wrong.append('%s:%d: "%s": %s' % (path, number, match.group(1), why))
                elif target:
                    graph[path].append(target)
    circle = find_circle(graph)
    if circle:
        wrong.append("circle: " + " -> ".join(circle))
    return wrong


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..")
    wrong = check(os.path.abspath(root))
    print("\n".join(wrong) if wrong else "layers: clean")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
