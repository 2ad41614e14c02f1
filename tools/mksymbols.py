#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Makes the kernel's symbol table (kern/symbols.h) from the output of `nm -n` on a first link:
#   mksymbols.py NM-OUTPUT OUT.S
# Functions between __text_start and __text_end, one name an address (the first global one, else
# the first), 32-bit offsets and NUL-separated names in .symtab_quire. The section lies behind the
# text, so its size moves no function.

import sys

START, END = "__text_start", "__text_end"


def functions(lines):
    """(address, name) ascending, and the two ends of the text."""
    ends, found = {}, {}
    for line in lines:
        fields = line.split()
        if len(fields) != 3:
            continue
        address, kind, name = int(fields[0], 16), fields[1], fields[2]
        if name in (START, END):
            ends[name] = address
        elif kind in "tTwW" and not name.startswith("$"):
            local = kind == "t"
            if address not in found or (found[address][0] and not local):
                found[address] = (local, name)
    if START not in ends or END not in ends:
        sys.exit(f"mksymbols: {START} or {END} is missing")
    start, end = ends[START], ends[END]
    inside = [(a, n) for a, (_, n) in sorted(found.items()) if start <= a < end]
    return start, end, inside


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: mksymbols.py NM-OUTPUT OUT.S")
    with open(sys.argv[1]) as f:
        start, end, table = functions(f)
    with open(sys.argv[2], "w") as out:
        out.write("/* Made by tools/mksymbols.py. */\n")
        out.write('    .section .symtab_quire, "a", %progbits\n    .balign 4\n')
        out.write("    .global symbol_count, symbol_offset, symbol_names\n")
        out.write(f"symbol_count:\n    .word {len(table) + 1}\nsymbol_offset:\n")
        for address, _ in table:
            out.write(f"    .word {address - start:#x}\n")
        out.write(f"    .word {end - start:#x}\nsymbol_names:\n")
        for _, name in table:
            out.write(f'    .asciz "{name}"\n')
        out.write('    .asciz ""\n')


if __name__ == "__main__":
    main()
