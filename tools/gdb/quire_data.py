# SPDX-License-Identifier: MIT
"""Reading the kernel's structures from gdb: lists, trees, processes, names of files. Used by
quire.py and quire_stack.py; see there.
"""

import contextlib
import struct

import gdb

MODE, USER = 0x1f, 0x10
selected = {"cpu": 0}  # what the user of gdb has selected: a GDB thread is a CPU


def in_program(thread):
    """The CPU runs a program: QEMU reads memory with its rights, and shows nothing of the kernel."""
    thread.switch()
    gdb.newest_frame().select()
    return int(gdb.parse_and_eval("(unsigned int)$cpsr")) & MODE == USER


@contextlib.contextmanager
def kernel_memory():
    """With a CPU selected that sees the kernel; the caller's and its frame come back behind it."""
    mine, level = gdb.selected_thread(), gdb.selected_frame().level()
    selected["cpu"] = mine.num - 1
    try:
        others = [thread for thread in gdb.selected_inferior().threads() if thread != mine]
        if all(in_program(thread) for thread in [mine] + others):
            raise gdb.GdbError("all CPUs run programs, and QEMU shows no kernel then: "
                               "quire-enter goes on to the next interrupt")
        if gdb.selected_thread() == mine:
            gdb.execute("frame %d" % level, to_string=True)
        yield
    finally:
        mine.switch()
        gdb.execute("frame %d" % level, to_string=True)


def number(text):
    return int(gdb.parse_and_eval(text))


def bits(value):
    """The word, as an unsigned number."""
    return int(value) & 0xffffffff


def static(name):
    """A global of the kernel, also where the program of a process has one of that name."""
    found = [gdb.lookup_global_symbol(name), gdb.lookup_static_symbol(name)]
    for symbol in found + list(gdb.lookup_static_symbols(name)):
        if symbol is None or "quire.elf" not in symbol.symtab.objfile.filename:
            continue
        value = symbol.value()
        if not value.is_optimized_out:  # as it is in all parts of the link but the one that has it
            return value
    raise gdb.GdbError("no %s: is this gdb looking at quire.elf?" % name)


def pointer(address, kind):
    return gdb.Value(address).cast(gdb.lookup_type("struct " + kind).pointer())


def container(link, kind, member):
    """The element of `struct kind` in which `member` is the link, given the link's address."""
    target = gdb.lookup_type("struct " + kind)
    offset = next(f.bitpos // 8 for f in target.fields() if f.name == member)
    return pointer(int(link) - offset, kind)


def elements(head, kind, member):
    """The elements of a struct list (or a pointer to one)."""
    if head.type.code == gdb.TYPE_CODE_PTR:
        head = head.dereference()
    link = head["head"]["next"]
    while int(link) != int(head["head"].address):
        yield container(link, kind, member)
        link = link["next"]


def elements_of_parts(parts, kind, member):
    """The elements of a struct parts."""
    for i in range(parts["of"].type.range()[1] + 1):
        yield from elements(parts["of"][i]["list"], kind, member)


def tree_in_order(link):
    """The links of a subtree in order."""
    if int(link):
        yield from tree_in_order(link["child"][0])
        yield link
        yield from tree_in_order(link["child"][1])


def words(address, n):
    """n words of memory."""
    return struct.unpack("<%dI" % n, bytes(gdb.selected_inferior().read_memory(int(address), 4 * n)))


def processes():
    """In the order of their numbers."""
    chunks = static("pids")["chunk"]
    size = 32768 // (chunks.type.range()[1] + 1)
    for i in range(chunks.type.range()[1] + 1):
        for slot in words(chunks[i], size) if int(chunks[i]) else ():
            if slot > 1:  # 1: taken, but not by a process
                yield pointer(slot, "proc")


def threads():
    parts = static("threads")["part"]
    for i in range(parts.type.range()[1] + 1):
        yield from elements(parts[i]["all"], "thread", "all")


def process_of(thread):
    if thread is None or not int(thread["proc"]):
        raise gdb.GdbError("this CPU runs no process")
    return thread["proc"]


def vnode_path(vnode):
    """The path of a vnode, from the root."""
    names = []
    while int(vnode["parent"]) and int(vnode["parent"]) != int(vnode):
        names.append(vnode["name"].string() if int(vnode["name"]) else "?")
        vnode = vnode["parent"]
    return "/" + "/".join(reversed(names))


def obj_path(obj):
    """The path of the file whose contents the object holds; None: it is no file's."""
    if "tmpfs_obj_ops" not in obj["ops"].format_string(symbols=True):
        return None
    return vnode_path(container(obj, "tnode", "obj")["vnode"].address)
