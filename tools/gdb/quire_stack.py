# SPDX-License-Identifier: MIT
"""Stacks in gdb. `bt` passes the exception vectors by itself, since vectors.S says where the trap
frames are; here the program that runs gets its symbols at every stop, so that the frames below have
names, and the stacks of sleeping threads are followed by their frame pointers. Used by quire.py.
"""

import os

import gdb

from quire_data import bits, kernel_memory, selected, static, vnode_path

KERNEL_FRAMES = 32
NOT_SLEEPING = ("sched", "waitq_", "mutex_", "rwlock_", "lock_slow", "switch_")


def word_at(address):
    return bits(gdb.Value(address).cast(gdb.lookup_type("unsigned int").pointer()).dereference())


# Programs.

loaded = {"path": None, "table": None}  # table: its first level, where a stop in the kernel showed it


def table_now():
    """The first level that this CPU's programs run on, also where memory can't be read; None: gdb is
    not told."""
    try:
        return int(gdb.parse_and_eval("(unsigned int)$TTBR0"))
    except gdb.error:
        return None


def current_thread():
    """The thread of the CPU that gdb has selected; None before the kernel runs."""
    cpu, table = selected["cpu"], static("cpu_table")
    if not 0 <= cpu <= table.type.range()[1] or not int(table[cpu]):
        cpu = 0
    return table[cpu]["thread"] if int(table[cpu]) else None


def program_file(process):
    """The file with the symbols of what a process runs: NAME.elf of the build; or None."""
    if not int(process["exe"]):
        return None
    name = os.path.basename(vnode_path(process["exe"]))
    for objfile in gdb.objfiles():
        if os.path.basename(objfile.filename or "") == "quire.elf":
            here = os.path.dirname(objfile.filename)
            for folder in (os.path.join(here, "user"), os.path.join(here, "..", "user")):
                path = os.path.realpath(os.path.join(folder, name + ".elf"))
                if os.path.isfile(path):
                    return path
    return None


def without_questions(*commands):
    confirm = gdb.parameter("confirm")
    gdb.execute("set confirm off")
    try:
        for command in commands:
            gdb.execute(command, to_string=True)
    finally:
        gdb.execute("set confirm " + ("on" if confirm else "off"))


def load_program(process):
    """Exchanges the symbols of the last program for this process's; returns their file or None.
    Programs of the build are linked where they run."""
    path = program_file(process)
    if path == loaded["path"]:
        return path
    if loaded["path"]:
        without_questions('remove-symbol-file "%s"' % loaded["path"])
    loaded.update(path=None, table=None)
    if path:
        without_questions('add-symbol-file "%s"' % path)
        loaded["path"] = path
    return path


def at_stop(_):
    """Symbols follow the process; before there is one, memory can't be read. Nor can it be in a
    program: what the last stop in the kernel loaded stays, and is perhaps another's."""
    try:
        with kernel_memory():
            thread = current_thread()
            if thread is not None and int(thread["proc"]):
                load_program(thread["proc"])
                loaded["table"] = table_now()
    except (gdb.error, gdb.GdbError, gdb.MemoryError):
        if loaded["table"] not in (None, table_now()):
            print("another process than at the last stop in the kernel: its program may not be %s; "
                  "quire-enter finds out" % os.path.basename(loaded["path"]))


# Threads that run nowhere.


def kernel_pcs(thread):
    """Return addresses from arch_switch outwards, by the chain of frame pointers."""
    saved = bits(thread["context"]["sp"])
    fp, page = word_at(saved + 4 * 7), saved & ~4095
    yield word_at(saved + 4 * 9)
    for _ in range(KERNEL_FRAMES):
        if fp & ~4095 != page or fp & 3 or fp & 4095 < 4:
            return
        yield word_at(fp)
        if word_at(fp - 4) <= fp:
            return
        fp = word_at(fp - 4)


def function_at(pc):
    """name+offset, by the symbols that are loaded."""
    text = gdb.execute("info symbol 0x%x" % pc, to_string=True)
    return text.split(" in section")[0].replace(" ", "") if " in section" in text else "?"


def sleeps_in(thread):
    """The innermost function of a thread that is not part of going to sleep."""
    for pc in kernel_pcs(thread):
        name = function_at(pc - 4).split("+")[0]
        if not name.startswith(NOT_SLEEPING):
            return name
    return "?"


def line_of(pc):
    found = gdb.find_pc_line(pc)
    return " at %s:%d" % (found.symtab.filename, found.line) if found.symtab else ""


def show(thread):
    """Kernel frames, then where the program called."""
    for n, pc in enumerate(kernel_pcs(thread)):
        print("#%-2d 0x%08x in %s%s" % (n, pc, function_at(pc - 4), line_of(pc - 4)))
    if int(thread["proc"]):
        load_program(thread["proc"])
        pc = bits(thread["frame"]["pc"])
        print("user 0x%08x in %s%s" % (pc, function_at(pc), line_of(pc)))


def install():
    gdb.events.stop.connect(at_stop)
