#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the names of a busybox's commands, for whom can't run it.

usage: applets.py BUSYBOX

They are in the program in one piece: sorted, each with its NUL, an empty one at the end.
"""
import sys

FIRST = b"\0[\0[[\0"
NOT_COMMANDS = {"busybox", "init", "linuxrc"}  # it is there already; /init alone


def applets(data):
    start = data.find(FIRST)
    if start < 0:
        sys.exit("applets.py: no list of commands in it")
    end = data.index(b"\0\0", start)
    return data[start + 1:end].decode("ascii").split("\0")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as f:
        print("\n".join(name for name in applets(f.read()) if name not in NOT_COMMANDS))


if __name__ == "__main__":
    main()
