# SPDX-License-Identifier: MIT
"""The swap map in gdb, see mm/swap.c: areas, and what their slots hold. Used by quire.py.
"""

import gdb

from quire_data import static, words

SLOTS_SHOWN = 64
REGION_SHIFT, FRAME_SLOTS, SLOT_WORDS = 17, 256, 4
READING, WRITING = 1, 2


def areas(swap):
    """Those in use."""
    table = swap["area"]
    for i in range(table.type.range()[1] + 1):
        if int(table[i]["name"][0]):
            yield table[i]


def slots_in_use(swap, first, end):
    """(slot, owner, index, page, chain) of the slots in use in [first, end), a frame of records at
    a time."""
    at = first
    while at < end:
        frames = swap["region"][at >> REGION_SHIFT]
        record = frames[(at & (1 << REGION_SHIFT) - 1) // FRAME_SLOTS]
        stop = min(end, (at // FRAME_SLOTS + 1) * FRAME_SLOTS)
        raw = words(record, FRAME_SLOTS * SLOT_WORDS)
        for slot in range(at, stop):
            one = raw[slot % FRAME_SLOTS * SLOT_WORDS:][:SLOT_WORDS]
            if one[0]:
                yield (slot,) + one
        at = stop


def slot_line(slot, owner, index, page, chain):
    kind = str(gdb.Value(owner & 15).cast(gdb.lookup_type("enum frame_type")))
    state = "reading" if page & READING else "writing" if page & WRITING else ""
    frame = "frame 0x%x %s" % (page >> 12, state) if page >> 12 else "not in memory"
    return "slot 0x%x %s owner 0x%08x page 0x%x entries %d %s" % (
        slot, kind, owner & ~15, index, chain & 0xfff, frame.strip())


def show(start):
    swap, left = static("swap"), SLOTS_SHOWN
    for area in areas(swap):
        first, pages = int(area["first"]), int(area["pages"])
        print("%s: slots 0x%x to 0x%x, %d of %d in use, priority %d" % (
            area["name"].string(), first, first + pages - 1, int(area["used"]), int(area["usable"]),
            int(area["prio"])))
        for found in slots_in_use(swap, max(start, first), first + pages):
            if left == 0:
                print("more from slot 0x%x on" % found[0])
                return
            left -= 1
            print("  " + slot_line(*found))
