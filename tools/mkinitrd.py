#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packs a ramdisk: a newc cpio whose files can be mapped as they lie.

usage: mkinitrd.py -o OUT [ITEM ...]
  ITEM is a folder (its contents are packed), DEST=PATH (one file, or a folder's contents),
  DEST/ (an empty folder), or DEST@TARGET (a symbolic link). A later item replaces an earlier one of the same name.

The data of every file that is not empty starts on a page of 4096 bytes: the name field is padded
with NULs, which namesize counts, so the archive is a valid one for cpio and Linux. Linux takes
names of at most 4096 bytes; where the padding would be longer, another file goes first.
The same input gives the same bytes: times and owners are 0, names are sorted, inodes are counted.
"""
import os
import stat
import sys

PAGE = 4096
HEADER = 110
NAME_MAX = 4096


def entries_collect(items):
    """Maps name -> (mode, data) for all items and the folders above them."""
    found = {}

    def add(name, mode, data=b""):
        parent = os.path.dirname(name)
        if parent and parent not in found:
            add(parent, stat.S_IFDIR | 0o755)
        found[name] = (mode, data)

    def add_path(name, path):
        if os.path.islink(path):
            add(name, stat.S_IFLNK | 0o777, os.readlink(path).encode())
        elif os.path.isdir(path):
            if name != ".":
                add(name, stat.S_IFDIR | 0o755)
            for child in os.listdir(path):
                add_path(os.path.normpath(os.path.join(name, child)), os.path.join(path, child))
        else:
            with open(path, "rb") as file:
                data = file.read()
            runs = data[:2] == b"#!" or data[:4] == b"\x7fELF" or os.access(path, os.X_OK)
            add(name, stat.S_IFREG | (0o755 if runs else 0o644), data)

    for item in items:
        if "=" in item:
            dest, path = item.split("=", 1)
            add_path(os.path.normpath(dest.strip("/")), path)
        elif "@" in item:
            dest, target = item.split("@", 1)
            add(dest.strip("/"), stat.S_IFLNK | 0o777, target.encode())
        elif item.endswith("/"):
            add(item.strip("/"), stat.S_IFDIR | 0o755)
        elif os.path.isdir(item):
            add_path(".", item)
        else:
            sys.exit(f"mkinitrd.py: {item}: no such folder")
    return found


def name_size_aligned(name, offset):
    """The smallest namesize that puts the data of an entry at offset on a page."""
    size = (-(offset + HEADER)) % PAGE
    return size if size > len(name) else size + PAGE


class Archive:
    def __init__(self):
        self.out = bytearray()
        self.inode = 0

    def put(self, name, mode, data, name_size=0):
        self.inode += 1
        raw = name.encode()
        name_size = name_size or len(raw) + 1
        links = 2 if stat.S_ISDIR(mode) else 1
        fields = (self.inode, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, name_size, 0)
        self.out += b"070701" + b"".join(b"%08x" % field for field in fields)
        self.out += raw.ljust(name_size, b"\0")
        self.pad(4)
        self.out += data
        self.pad(4)

    def pad(self, unit):
        self.out += bytes(-len(self.out) % unit)

    def put_file(self, pending):
        """Packs the first of the pending files whose padding is short enough, else the first."""
        for index, (name, mode, data) in enumerate(pending):
            size = name_size_aligned(name.encode(), len(self.out))
            if size <= NAME_MAX:
                break
        else:
            index, (name, mode, data) = 0, pending[0]
            size = name_size_aligned(name.encode(), len(self.out))
        self.put(name, mode, data, size)
        del pending[index]


def pack(found):
    archive = Archive()
    files = []
    for name in sorted(found):
        mode, data = found[name]
        if stat.S_ISREG(mode) and data:
            files.append((name, mode, data))
        else:
            archive.put(name, mode, data)
    while files:
        archive.put_file(files)
    archive.inode = -1
    archive.put("TRAILER!!!", 0, b"")
    archive.pad(512)
    return bytes(archive.out)


def main():
    if len(sys.argv) < 3 or sys.argv[1] != "-o":
        sys.exit(__doc__)
    image = pack(entries_collect(sys.argv[3:]))
    with open(sys.argv[2], "wb") as out:
        out.write(image)


if __name__ == "__main__":
    main()
