#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes damaged ELF files out of a good one, one fault each, for the test t_exec.

usage: make_bad_elf.py GOOD FOLDER

The good file has two PT_LOAD segments: R-X with the headers, then RW-. Every file made here must
be refused by execve; its name says what is wrong with it.
"""
import os
import struct
import sys

PHDR = 52
PHDR_SIZE = 32
FIELDS = {"type": 0, "offset": 4, "vaddr": 8, "filesz": 16, "memsz": 20, "flags": 24, "align": 28}


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as file:
        good = file.read()
    os.makedirs(sys.argv[2], exist_ok=True)

    def put(name, data):
        with open(os.path.join(sys.argv[2], name), "wb") as out:
            out.write(data)
        os.chmod(os.path.join(sys.argv[2], name), 0o755)

    def word(index, field):
        at = PHDR + index * PHDR_SIZE + FIELDS[field]
        return struct.unpack_from("<I", good, at)[0]

    def header(name, at, form, value):
        data = bytearray(good)
        struct.pack_into(form, data, at, value)
        put(name, data)

    def segment(name, index, **fields):
        data = bytearray(good)
        for field, value in fields.items():
            at = PHDR + index * PHDR_SIZE + FIELDS[field]
            struct.pack_into("<I", data, at, value & 0xFFFFFFFF)
        put(name, data)

    for length in (1, 3, 4, 16, 51, 52, 53, 83, 115, 200, len(good) // 2):
        put("truncated-%d" % length, good[:length])
    header("no-magic", 0, "<B", 0x7E)
    header("class-64", 4, "<B", 2)
    header("class-0", 4, "<B", 0)
    header("big-endian", 5, "<B", 2)
    header("ident-version", 6, "<B", 9)
    header("type-relocatable", 16, "<H", 1)
    header("type-core", 16, "<H", 4)
    header("type-wild", 16, "<H", 0x1234)
    header("machine-x86", 18, "<H", 3)
    header("machine-x86-64", 18, "<H", 62)
    header("machine-0", 18, "<H", 0)
    header("version", 20, "<I", 2)
    header("entry-0", 24, "<I", 0)
    header("entry-kernel", 24, "<I", 0xC0008001)
    header("entry-data", 24, "<I", word(1, "vaddr") | 1)
    header("entry-wild", 24, "<I", 0x30000001)
    header("phoff-end", 28, "<I", len(good) - 8)
    header("phoff-wild", 28, "<I", 0xFFFFFFF0)
    header("eabi-0", 36, "<I", 0)
    header("eabi-4", 36, "<I", 0x04000000)
    header("phentsize-0", 42, "<H", 0)
    header("phentsize-31", 42, "<H", 31)
    header("phentsize-64", 42, "<H", 64)
    header("phnum-0", 44, "<H", 0)
    header("phnum-65535", 44, "<H", 65535)
    segment("filesz-over-file", 0, filesz=len(good) + 1, memsz=len(good) + 1)
    segment("filesz-over-memsz", 0, filesz=word(0, "memsz") + 1)
    segment("filesz-wild", 0, filesz=0xFFFFFFFF, memsz=0xFFFFFFFF)
    segment("memsz-wild", 1, memsz=0xFFFFFFFF)
    segment("memsz-beyond-memory", 1, memsz=0x2F000000)
    segment("memsz-wraps", 1, memsz=-word(1, "vaddr"))
    segment("offset-wild", 1, offset=0xFFFFF000)
    segment("offset-misaligned", 1, offset=word(1, "offset") + 4)
    segment("vaddr-0", 0, vaddr=0)
    segment("vaddr-kernel", 1, vaddr=0xC0008000)
    segment("vaddr-top", 1, vaddr=0xFFFFF000)
    segment("vaddr-misaligned", 1, vaddr=word(1, "vaddr") + 4)
    segment("vaddr-overlap", 1, vaddr=word(0, "vaddr"), offset=word(0, "offset"))
    segment("shared-page", 1, vaddr=(word(0, "vaddr") & ~4095) + 2048, offset=2048, filesz=64)
    segment("writable-text", 0, flags=7)
    segment("data-executable", 1, flags=7)
    segment("align-wild", 0, align=3)
    segment("no-load", 0, type=0)


if __name__ == "__main__":
    main()
