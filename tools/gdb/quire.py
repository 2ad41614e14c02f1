# SPDX-License-Identifier: MIT
"""Quire's structures in gdb. Waiting machine and debugger:
    ./run --gdb
    gdb-multiarch build/debug/quire.elf -x tools/gdb/quire.py -ex 'target remote :1234'

    quire-frame PFN         what a physical frame holds, from the core map
    quire-segments EXPR     the segments of a struct as *
    quire-list EXPR TYPE MEMBER   the elements of a struct list, e.g.
                            quire-list &family->spaces as kin
Reads memory only: nothing of it calls into the kernel, so it works at any stop.
"""

import gdb


def container(link, kind, member):
    """The element of `struct kind` in which `member` is the link, given the link's address."""
    pointer = gdb.lookup_type("struct " + kind).pointer()
    offset = next(f.bitpos // 8 for f in pointer.target().fields() if f.name == member)
    return gdb.Value(int(link) - offset).cast(pointer)


def tree_in_order(link):
    """The links of a subtree in order."""
    if int(link):
        yield from tree_in_order(link["child"][0])
        yield link
        yield from tree_in_order(link["child"][1])


def command(name, count):
    """Makes a gdb command of a function of `count` words."""
    def register(function):
        class Command(gdb.Command):
            __doc__ = function.__doc__

            def __init__(self):
                super().__init__(name, gdb.COMMAND_DATA)

            def invoke(self, text, from_tty):
                words = gdb.string_to_argv(text)
                if len(words) != count:
                    raise gdb.GdbError("%s: %s" % (name, function.__doc__))
                function(*words)

        Command()
        return function
    return register


@command("quire-frame", 1)
def frame(number):
    """quire-frame PFN: type, owner, index, users, flags and way back of a frame."""
    pfn = int(gdb.parse_and_eval(number))
    table = gdb.parse_and_eval("direct_map")
    if not int(table["first"]) <= pfn < int(table["end"]):
        raise gdb.GdbError("frame 0x%x is outside the core map" % pfn)
    entry = table["frames"][pfn - int(table["first"])]
    owner = int(entry["owner"])
    kind = gdb.Value(owner & 15).cast(gdb.lookup_type("enum frame_type"))
    print("frame 0x%05x %s owner 0x%08x index 0x%x users %d flags 0x%02x rmap 0x%08x" % (
        pfn, kind, owner & ~15, int(entry["index"]), int(entry["users"]), int(entry["flags"]),
        int(entry["rmap"])))


@command("quire-segments", 1)
def segments(expression):
    """quire-segments EXPR: the segments of the struct as * that EXPR is."""
    space = gdb.parse_and_eval(expression)
    for link in tree_in_order(space["segs"]["root"]):
        seg = container(link, "seg", "by_addr")
        base, prot = int(seg["base"]), int(seg["prot"])
        letters = "".join(c if prot & bit else "-" for c, bit in (("r", 1), ("w", 2), ("x", 4)))
        print("%08x-%08x %s flags 0x%x %s obj %s page 0x%x" % (
            base, base + (int(seg["npages"]) << 12), letters, int(seg["flags"]),
            seg["ops"].format_string(symbols=True), seg["obj"], int(seg["obj_page"])))


@command("quire-list", 3)
def list_elements(expression, kind, member):
    """quire-list EXPR TYPE MEMBER: the elements of the struct list * that EXPR is."""
    head = gdb.parse_and_eval(expression)["head"]
    link = head["next"]
    while int(link) != int(head.address):
        element = container(link, kind, member)
        print("%s %s" % (element, element.dereference()))
        link = link["next"]
