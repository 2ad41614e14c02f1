#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that docs/ARCHITECTURE.md is true of the sources: usage: check_architecture.py [ROOT]

Every `file:function` in back quotes must name a file of the repository that defines that function
(C: name at the start of a definition; assembly: a label), and every `path/file.c` or .h in back
quotes must exist. Prints each that does not, and ends with 1 if there is one.
"""

import os
import re
import sys

DOCUMENT = "docs/ARCHITECTURE.md"
REFERENCE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.[chS])(?::(\w+))?(?:\(\))?`")


def defines(text, path, name):
    """True if text defines the function (or label) name."""
    if path.endswith(".S"):
        # In the first column a label, or a macro that makes one: FUNCTION(name), `entry name`.
        return re.search(r"^(?:%s:|\w+[ (]\s*%s\b)" % (name, name), text, re.MULTILINE)
    # A line in the first column with the name and its parameters, then the body; not a prototype.
    return re.search(r"^[A-Za-z][\w \t*]*[ \t*]%s\([^;{]*\)[^;{()]*\{" % name, text, re.MULTILINE)


def check(root):
    with open(os.path.join(root, DOCUMENT), encoding="utf-8") as f:
        references = REFERENCE.findall(f.read())
    wrong = [] if any(name for _, name in references) else ["no file:function in " + DOCUMENT]
    for path, name in sorted(set(references)):
        full = os.path.join(root, path)
        if not os.path.isfile(full):
            wrong.append("%s: no such file" % path)
        elif name:
            with open(full, encoding="utf-8") as f:
                if not defines(f.read(), path, name):
                    wrong.append("%s: no function %s" % (path, name))
    return wrong


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..")
    wrong = check(os.path.abspath(root))
    print("\n".join(wrong) if wrong else "architecture: true")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
