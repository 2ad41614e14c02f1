# SPDX-License-Identifier: MIT
"""Quire in gdb: processes, address spaces, frames, traces, and stacks that reach into programs.
    ./run --gdb
    gdb-multiarch build/debug/quire.elf -x tools/gdb/quire.py -ex 'target remote :1234'

Short names in brackets:
    quire-ps [ps]              threads and processes, and where they are
    quire-enter                goes on to the next interrupt: while all CPUs run programs QEMU
                               shows nothing of the kernel
    quire-bt TID               backtrace of a thread that runs on no CPU
    quire-pmap PID [pmap]      segments
    quire-pt VA [PID] [pt]     an address, from segment to hardware; PID: else this CPU's process
    quire-frame PFN [pfn]      a frame, and whose it is
    quire-swap [SLOT] [swap]   areas of swap and the first slots in use, from SLOT on
    quire-trace [N] [ktrace]   the last records of all CPUs, oldest first
    quire-user [PID]           loads the symbols of a process's program, see quire_stack.py
    quire-segments EXPR        the segments of a struct as *
    quire-list EXPR TYPE MEMBER   the elements of a struct list, e.g.
                               quire-list &family->spaces as kin
Reads memory only: nothing of it calls into the kernel, so it works at any stop. A GDB thread is a
CPU. Numbers are C's, so a frame that /proc or kdb shows as 4403d is 0x4403d here.
"""

import contextlib
import os
import sys

import gdb

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import quire_stack  # noqa: E402
import quire_swap  # noqa: E402
from quire_data import (container, elements, elements_of_parts, kernel_memory, number, pointer, processes,  # noqa: E402
                        process_of, static, threads, tree_in_order, obj_path)

PAGE, NODE_SPAN, USER_END = 4096, 1 << 21, 0x40000000
RECORD_MAX = 64
RING_PAGE = 256  # TRACE_PAGE_RECORDS


def command(name, least, most=None, alias=None, kernel=True):
    """Makes a gdb command of a function of `least` to `most` words; kernel: it reads the kernel."""
    def register(function):
        class Command(gdb.Command):
            __doc__ = function.__doc__

            def __init__(self, called):
                super().__init__(called, gdb.COMMAND_DATA)

            def invoke(self, text, from_tty):
                words = gdb.string_to_argv(text)
                if not least <= len(words) <= (least if most is None else most):
                    raise gdb.GdbError("usage: " + function.__doc__)
                with kernel_memory() if kernel else contextlib.nullcontext():
                    function(*words)

        for called in filter(None, (name, alias)):
            Command(called)
        return function
    return register


def letters(prot):
    return "".join(c if prot & bit else "-" for c, bit in (("r", 1), ("w", 2), ("x", 4)))


# Processes and threads.


def find_process(pid):
    for process in processes():
        if int(process["pid"]) == pid:
            return process
    raise gdb.GdbError("there is no process %d" % pid)


def thread_line(cpus, thread):
    process = thread["proc"]
    known = int(process) != 0
    cpu = cpus.get(int(thread))
    state = "RSZ"[int(thread["state"])]
    where = "" if cpu is not None else quire_stack.sleeps_in(thread)
    print("%5d %5d %5d %s %3s %5d %-15s %s" % (
        int(thread["tid"]), int(process["pid"]) if known else 0,
        int(process["ppid"]) if known else 0, state, "-" if cpu is None else cpu,
        int(thread["locks_held"]), process["comm"].string(errors="replace") if known else "[kernel]", where))


@command("quire-ps", 0, alias="ps")
def show_processes():
    """quire-ps: threads and processes, which CPU runs them, where the others sleep."""
    table = static("cpu_table")
    cpus = {int(table[i]["thread"]): i for i in range(table.type.range()[1] + 1) if int(table[i])}
    print("  TID   PID  PPID S CPU LOCKS COMMAND         IN")
    for thread in threads():
        thread_line(cpus, thread)
    for process in processes():
        if int(process["zombie"]):
            print("    - %5d %5d Z   -     0 %s" % (
                int(process["pid"]), int(process["ppid"]), process["comm"].string(errors="replace")))


@command("quire-enter", 0, kernel=False)
def enter():
    """quire-enter: goes on until an interrupt enters the kernel."""
    gdb.execute("tbreak irq_dispatch")
    gdb.execute("continue")


@command("quire-bt", 1)
def show_stack(tid):
    """quire-bt TID: backtrace of a thread that runs on no CPU; `bt` shows this CPU's."""
    for thread in threads():
        if int(thread["tid"]) == number(tid):
            quire_stack.show(thread)
            return
    raise gdb.GdbError("there is no thread " + tid)


@command("quire-user", 0, 1)
def load_symbols(pid=None):
    """quire-user [PID]: symbols of the program that the process runs; of this CPU's, without PID."""
    process = find_process(number(pid)) if pid else process_of(quire_stack.current_thread())
    print(quire_stack.load_program(process) or "no program")


# Address spaces.


def resident(space, seg):
    """How many pages of the segment are in memory."""
    base, end, count = int(seg["base"]), int(seg["base"]) + int(seg["npages"]) * PAGE, 0
    while base < end:
        node = space["pt"]["node"][base // NODE_SPAN]
        stop = min(end, (base // NODE_SPAN + 1) * NODE_SPAN)
        if int(node):
            for address in range(base, stop, PAGE):
                count += int(node["pte"][address // PAGE % 512]["raw"]) & 7 in (1, 2)
        base = stop
    return count


def segment_line(space, seg):
    base, flags = int(seg["base"]), int(seg["flags"])
    what = "[stack]" if flags & 2 else "[heap]" if flags & 16 else "-"
    if int(seg["obj"]):
        what = "%s page %x" % (obj_path(seg["obj"]) or seg["obj"], int(seg["obj_page"]))
    return "%08x-%08x %s max %s %s %-5s %s resident %d of %d" % (
        base, base + int(seg["npages"]) * PAGE, letters(int(seg["prot"])),
        letters(int(seg["maxprot"])), "shared" if flags & 1 else "private",
        seg["ops"]["name"].string(), what, resident(space, seg), int(seg["npages"]))


def segments_of(space):
    for link in tree_in_order(space["segs"]["root"]):
        yield container(link, "seg", "by_addr")


@command("quire-pmap", 1, alias="pmap")
def show_segments(pid):
    """quire-pmap PID: the segments of a process."""
    process = find_process(number(pid))
    if not int(process["as"]):
        raise gdb.GdbError("process %s is a zombie" % pid)
    space = process["as"]
    segments = list(segments_of(space))
    print("process %d, %s: %d resident, as %s" % (
        int(process["pid"]), process["comm"].string(errors="replace"), sum(resident(space, seg) for seg in segments), space))
    for seg in segments:
        print(segment_line(space, seg))


def entry(space, address):
    """(pte, hardware entry) of an address; (0, 0) where there is no node."""
    node = space["pt"]["node"][address // NODE_SPAN]
    if not int(node):
        return 0, 0
    return (int(node["pte"][address // PAGE % 512]["raw"]),
            int(node["hat"][address // PAGE % 512]))


def entry_line(address, pte, hat):
    state = ("none", "resident", "reclaimable", "swapped", "transit", "pager",
             "device", "?")[pte & 7]
    place = {1: " frame 0x%x", 2: " frame 0x%x", 3: " slot 0x%x"}.get(pte & 7)
    place = place % (pte >> 12) if place else ""
    line = "%08x %s%s%s%s; hardware " % (address, state, place, " cow" if pte & 16 else "",
                                        " wired" if pte & 8 else "")
    if not hat & 2:
        return line + "---"
    return line + "r%s%s frame 0x%x" % ("-" if hat & 0x200 else "w", "-" if hat & 1 else "x",
                                        hat >> 12)


@command("quire-pt", 1, 2, alias="pt")
def show_entry(va, pid=None):
    """quire-pt VA [PID]: an address, from segment to hardware; PID: else this CPU's process."""
    process = find_process(number(pid)) if pid else process_of(quire_stack.current_thread())
    address, space = number(va), process["as"]
    if not int(space) or address >= USER_END:
        raise gdb.GdbError("not an address of a program that lives")
    for seg in segments_of(space):
        if 0 <= address - int(seg["base"]) < int(seg["npages"]) * PAGE:
            print(segment_line(space, seg))
    node = space["pt"]["node"][address // NODE_SPAN]
    print("process %d, root %s slot %d: node %s" % (int(process["pid"]), space["pt"],
                                                   address // NODE_SPAN, node))
    pte, hat = entry(space, address)
    print("entry %d: pte %08x hat %08x" % (address // PAGE % 512, pte, hat))
    print(entry_line(address & -PAGE, pte, hat))


# Frames.


def users_at(space, address, pfn, slot=0):
    """Prints who has the frame, or its slot, at an address of this address space, if it does."""
    pte, hat = entry(space, address)
    if pte >> 12 != (slot if pte & 7 == 3 else pfn) or pte & 7 not in (1, 2, 3):
        return
    for process in processes():
        if int(process["as"]) == int(space):
            print("  process %d, %s: %s" % (int(process["pid"]), process["comm"].string(errors="replace"),
                                           entry_line(address, pte, hat)))


def users_of_file(obj, page, pfn):
    print("  page %x of %s" % (page, obj_path(obj) or obj))
    for seg in elements_of_parts(obj["segs"], "seg", "by_obj"):
        at = page - int(seg["obj_page"])
        if 0 <= at < int(seg["npages"]):
            users_at(seg["as"], int(seg["base"]) + at * PAGE, pfn)


def users_of_table(kind, item):
    for process in processes():
        space = process["as"]
        if not int(space):
            continue
        if kind == "FRAME_TABLE":
            found = int(space) == int(item["owner"]) & ~15
        else:
            found = int(space["pt"]["node"][(int(item["index"]) >> 12) // 512]) == item.node
        if found:
            print("  process %d, %s" % (int(process["pid"]), process["comm"].string(errors="replace")))


class Frame:
    """An entry of the core map, with the address at which the kernel sees the frame."""

    def __init__(self, table, pfn):
        size = gdb.lookup_type("struct frame").sizeof
        self.entry = pointer(int(table["by_pfn"]) + pfn * size & 0xffffffff, "frame")
        self.node = pfn * PAGE + int(table["offset"]) & 0xffffffff

    def __getitem__(self, name):
        return self.entry[name]


@command("quire-frame", 1, alias="pfn")
def frame(text):
    """quire-frame PFN: type, owner, index, users, flags and way back of a frame, and whose it is."""
    pfn, table = number(text), static("direct_map")
    if not int(table["first"]) <= pfn < int(table["end"]):
        raise gdb.GdbError("frame 0x%x is outside the core map" % pfn)
    item = Frame(table, pfn)
    owner, index = int(item["owner"]), int(item["index"])
    kind = str(gdb.Value(owner & 15).cast(gdb.lookup_type("enum frame_type")))
    print("frame 0x%05x %s owner 0x%08x index 0x%x users %d flags 0x%02x rmap 0x%08x" % (
        pfn, kind, owner & ~15, index, int(item["users"]), int(item["flags"]),
        int(item["rmap"])))
    if kind == "FRAME_OBJ":
        users_of_file(pointer(owner & ~15, "obj"), index, pfn)
    elif kind in ("FRAME_ANON", "FRAME_SWAP") and owner & ~15:
        slot = int(item["links"][0]) & 0xfffff if kind == "FRAME_SWAP" else 0
        if slot:
            print("  slot 0x%x" % slot)
        for space in elements_of_parts(pointer(owner & ~15, "family")["spaces"], "as", "kin"):
            users_at(space, index * PAGE, pfn, slot)
    elif kind == "FRAME_SLAB" and owner & ~15:
        print("  cache " + pointer(owner & ~15, "slab_cache")["name"].string())
    elif kind in ("FRAME_NODE", "FRAME_TABLE"):
        users_of_table(kind, item)


@command("quire-swap", 0, 1, alias="swap")
def show_swap(slot="0"):
    """quire-swap [SLOT]: areas of swap, and the first 64 slots in use from SLOT on."""
    quire_swap.show(number(slot))


@command("quire-segments", 1)
def segments(expression):
    """quire-segments EXPR: the segments of the struct as * that EXPR is."""
    for seg in segments_of(gdb.parse_and_eval(expression)):
        base = int(seg["base"])
        print("%08x-%08x %s flags 0x%x %s obj %s page 0x%x" % (
            base, base + int(seg["npages"]) * PAGE, letters(int(seg["prot"])), int(seg["flags"]),
            seg["ops"].format_string(symbols=True), seg["obj"], int(seg["obj_page"])))


@command("quire-list", 3)
def list_elements(expression, kind, member):
    """quire-list EXPR TYPE MEMBER: the elements of the struct list * that EXPR is."""
    for element in elements(gdb.parse_and_eval(expression), kind, member):
        print("%s %s" % (element, element.dereference()))


# Trace.


def records():
    """(time, text) of every record that is kept."""
    ring = static("traces")["ring"]
    for cpu in range(ring.type.range()[1] + 1):
        pages, size, head = ring[cpu]["page"], int(ring[cpu]["size"]), int(ring[cpu]["head"])
        for i in range(max(0, head - size), head if int(pages) else 0):
            r = pages[i % size // RING_PAGE][i % size % RING_PAGE]
            what = int(r["head"])
            time = int(r["time"]) | (what & 0x3f) << 32
            event = gdb.Value(what >> 12 & 15).cast(gdb.lookup_type("enum trace_event"))
            if str(event) != "TRACE_MORE":
                yield time, "%12d %d %5d %-8s %08x %08x" % (
                    time, cpu, what >> 16, str(event).replace("TRACE_", "").lower(),
                    int(r["a"]), int(r["b"]))


@command("quire-trace", 0, 1, alias="ktrace")
def show_trace(count=str(RECORD_MAX)):
    """quire-trace [N]: the last N records of all CPUs: ticks, CPU, thread, event, two words."""
    lines = sorted(records(), key=lambda record: record[0])
    if not lines:
        print("no trace: trace=1 on the kernel's command line switches it on")
    for _, line in lines[-number(count):]:
        print(line)


quire_stack.install()
