#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the limits of size and the heads of files: usage: check_style.py [ROOT]

Functions of at most 60 lines (outside tests/), files of at most 600, an SPDX line in the first two
or three lines of each source, no half-finished code. Looks at the files of the working tree that git
does not ignore. Prints each violation as FILE:LINE and ends with 1 if there is one.
"""

import os
import re
import subprocess
import sys

FUNCTION_LINES, FILE_LINES = 60, 600
SPDX = "SPDX-License-Identifier: MIT"
NEED_HEAD = (".c", ".h", ".S", ".ld", ".dts", ".py", ".sh", ".cmake", "CMakeLists.txt")
COMMANDS = ("run", "test", "bench", "debug", ".ci/run")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b|^\s*#\s*if\s+0\b")


def files(root):
    listing = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"],
                             check=True, stdout=subprocess.PIPE, text=True).stdout
    for path in sorted(set(listing.split("\0"))):
        if path and os.path.isfile(os.path.join(root, path)):
            if path.endswith(NEED_HEAD) or path in COMMANDS:
                yield path


def long_functions(lines):
    """(line, length) of each function body, { and } in the first column, over the limit."""
    start = 0
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}"):
            if start and number - start > FUNCTION_LINES:
                yield start, number - start
            start = 0


def check_file(path, lines):
    wrong = []
    if not any(SPDX in line for line in lines[:3]):
        wrong.append("%s:1: no SPDX line" % path)
    if path.endswith((".c", ".h", ".S")) and len(lines) > FILE_LINES:
        wrong.append("%s:%d: more than %d lines" % (path, len(lines), FILE_LINES))
    if path.endswith(".c") and not path.startswith("tests/"):
        for start, length in long_functions(lines):
            wrong.append("%s:%d: a function of %d lines" % (path, start, length))
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            wrong.append("%s:%d: unfinished: %s" % (path, number, line.strip()))
    return wrong


def check(root):
    wrong = []
    for path in files(root):
        with open(os.path.join(root, path), encoding="utf-8") as f:
            wrong += check_file(path, f.read().splitlines())
    return wrong


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..")
    wrong = check(os.path.abspath(root))
    print("\n".join(wrong) if wrong else "style: clean")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
