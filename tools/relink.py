#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Links once more what was linked with link-time optimisation and -save-temps, and does not optimise
# again, which takes longer than all compilations together:
#   relink.py FIRST OBJECT... -- COMPILER OPTION...
# FIRST is the result of the first link. Objects that the optimiser read there are replaced by what it
# made of them: the parts that FIRST.ltrans.out names, and each object's debugging information, which
# is beside it. Other objects, new ones too, stay. The order is that of the first link.

import os
import sys


def main():
    if "--" not in sys.argv[3:]:
        sys.exit("usage: relink.py FIRST OBJECT... -- COMPILER OPTION...")
    end = sys.argv.index("--")
    first, objects, command = sys.argv[1], sys.argv[2:end], sys.argv[end + 1:]
    with open(first + ".ltrans.out") as f:  # NAME.o or the time that it took, one a line
        names = [line.strip() for line in f]
    parts = [name[:-2] + ".ltrans.o" for name in names if name.endswith(".o")]
    debug = {name: name + ".debug.temp.o" for name in objects}
    optimised = [name for name in objects if os.path.exists(debug[name])]
    others = [name for name in objects if name not in optimised]
    os.execvp(command[0], [*command, *parts, *(debug[name] for name in optimised), *others])


if __name__ == "__main__":
    main()
