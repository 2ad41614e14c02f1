#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Makes the kernel's symbol table (kern/symbols.h) from the output of `nm -n` on a first link:
#   mksymbols.py NM-OUTPUT OUT.S
# Functions between __text_start and __text_end, one name an address (the first global one, else
# the first), packed as kern/symbols.h says, in .symtab_quire. The section lies behind the text, so
# its size moves no function.

import collections
import sys

START, END = "__text_start", "__text_end"
PAIRS = 128
DEPTH = 12  # SYMBOL_DEPTH_MAX of kern/symbols.h, with room
NAME_MAX = 63


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
        elif kind in "tTwW" and not name.startswith(("$", ".")):
            local = kind == "t"
            if address not in found or (found[address][0] and not local):
                found[address] = (local, name)
    if START not in ends or END not in ends:
        sys.exit(f"mksymbols: {START} or {END} is missing")
    start, end = ends[START], ends[END]
    inside = [(a, n) for a, (_, n) in sorted(found.items()) if start <= a < end]
    return start, end, inside


def pairs_make(names):
    """Replaces the most frequent two bytes by a new one, 128 times; the pairs."""
    pairs, depth = [], [1] * 128
    for new in range(128, 128 + PAIRS):
        count = collections.Counter(pair for name in names for pair in zip(name, name[1:])
                                    if max(depth[pair[0]], depth[pair[1]]) < DEPTH)
        if not count:
            break
        a, b = min(count, key=lambda pair: (-count[pair], pair))
        pairs.append((a, b))
        depth.append(max(depth[a], depth[b]) + 1)
        names[:] = [name.replace(bytes((a, b)), bytes((new,))) for name in names]
    return pairs


def number(value):
    out = []
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + [value])


def bytes_write(out, label, data):
    out.write(f"{label}:\n")
    for i in range(0, len(data), 16):
        out.write("    .byte " + ", ".join(str(b) for b in data[i:i + 16]) + "\n")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: mksymbols.py NM-OUTPUT OUT.S")
    with open(sys.argv[1]) as f:
        start, end, found = functions(f)
    if found[0][0] != start or any(address & 3 for address, _ in found):
        sys.exit("mksymbols: functions must begin with the text, and at words")
    names = [name.split(".")[0].encode("ascii")[:NAME_MAX] for _, name in found]  # no .part.0
    pairs = pairs_make(names)
    ends = [address for address, _ in found[1:]] + [end]
    sizes = [(after - address) // 4 for (address, _), after in zip(found, ends)]
    with open(sys.argv[2], "w") as out:
        out.write("/* Made by tools/mksymbols.py. */\n")
        out.write('    .section .symtab_quire, "a", %progbits\n    .balign 4\n')
        out.write("    .global symbol_count, symbol_pair, symbol_table\n")
        out.write(f"symbol_count:\n    .word {len(found)}\n")
        bytes_write(out, "symbol_pair", bytes(b for pair in pairs for b in pair))
        bytes_write(out, "symbol_table",
                    b"".join(number(size) + name + b"\0" for size, name in zip(sizes, names)))


if __name__ == "__main__":
    main()
