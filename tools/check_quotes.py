#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that code quoted in documents is that of the sources: usage: check_quotes.py [ROOT]

In docs/*.md and README.md a fenced block that begins with ```c PATH, ```h PATH or ```cmake PATH says
that its lines stand in that file, in this order and without others between; a line `...` alone in
the quote stands for any number of lines. Prints each quote that is not true, and ends with 1 if there
is one, or if no document quotes anything.
"""

import glob
import os
import re
import sys

QUOTE = re.compile(r"^```(?:c|h|cmake) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def holds(lines, quote):
    """True if the lines of the file have the quote, piece after piece."""
    at, piece = 0, []
    for line in quote + ["..."]:
        if line.strip() != "...":
            piece.append(line)
            continue
        while piece and lines[at:at + len(piece)] != piece:
            at += 1
            if at > len(lines):
                return False
        at += len(piece)
        piece = []
    return True


def check(root):
    documents = glob.glob(os.path.join(root, "docs", "*.md")) + [os.path.join(root, "README.md")]
    wrong, count = [], 0
    for document in sorted(filter(os.path.isfile, documents)):
        with open(document, encoding="utf-8") as f:
            text = f.read()
        for match in QUOTE.finditer(text):
            count += 1
            where = "%s:%d" % (os.path.relpath(document, root), text[:match.start()].count("\n") + 1)
            path = os.path.join(root, match.group(1))
            if not os.path.isfile(path):
                wrong.append("%s: %s: no such file" % (where, match.group(1)))
                continue
            with open(path, encoding="utf-8") as f:
                lines = f.read().splitlines()
            if not holds(lines, match.group(2).splitlines()):
                wrong.append("%s: %s has other lines" % (where, match.group(1)))
    return wrong if count else ["no document quotes a source"]


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..")
    wrong = check(os.path.abspath(root))
    print("\n".join(wrong) if wrong else "quotes: true")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
