# SPDX-License-Identifier: MIT
"""The lines of ./bench: what they are, what Linux needs for the same, and the limits that we set ourselves.

Linux's figures are instructions, measured with the same method on the same machine (QEMU 7.2, virt,
cortex-a15, one CPU, 256 MiB, -icount shift=0): `lean` is Linux 6.1.176 from tinyconfig with -O2, one
processor, nothing extra; `debian` is Debian's armmp kernel of that version.
"""

import collections

Line = collections.namedtuple("Line", "key what lean debian limit")

# "processes" must reach its limit, all others must not exceed theirs.
LINES = [Line(*row) for row in (
    ("getppid", "getppid", 121, 157, 60),
    ("clock_gettime", "clock_gettime as a system call", 247, 345, None),
    ("fault_zero", "fault: zero-filled, write", 1737, 2478, 550),
    ("fault_read", "fault: anonymous, read", 629, 947, 314),
    ("fault_file_read", "fault: file page, read, in a row, a page", 362, 496, None),
    ("fault_file_sparse", "fault: file page, read, one in 64 KiB", 5713, 7826, None),
    ("fault_file_write", "fault: private file page, write", 2329, 3278, None),
    ("fault_file_shared", "fault: shared file page, write", 1231, 1823, 615),
    ("fault_copy", "fault: copy on write, copied", 2246, 3280, 800),
    ("fault_last_owner", "fault: copy on write, last owner", 792, 1120, 396),
    ("sigaction", "sigaction", 218, 313, None),
    ("signal_self", "signal to self, handled", 2745, 4185, 1372),
    ("fault_handled", "protection fault, SIGSEGV handled", 2854, 4200, 1427),
    ("map_unmap", "mmap + munmap 4 KiB", 7637, 10105, 1100),
    ("map_touch_unmap", "mmap + touch + munmap 4 KiB", 10987, 15283, None),
    ("map_unmap_1m", "mmap + munmap 1 MiB", 9269, 11522, None),
    ("unmap_page", "munmap, a resident page", 641, 1096, None),
    ("fault_shared", "fault: shared anonymous, write", 2859, 3943, 1429),
    ("dont_need", "madvise DONTNEED, a page", 628, 1069, 314),
    ("move_1m", "mremap, moving 1 MiB", 38966, 40148, 19483),
    ("protect_middle", "mprotect of a middle page and back", 11697, 15613, None),
    ("break_touch", "brk one page + touch", 3626, 4879, None),
    ("open_close", "open + close", 2389, 4030, 1194),
    ("fork_exit_wait", "fork + exit + wait", 49005, 70542, 13000),
    ("fork_16m", "fork + exit + wait, 16 MiB touched", 1578605, 1716131, 60000),
    ("exit_page", "exit, a resident page", 650, 1102, None),
    ("vfork_exec_exit", "vfork + exec + exit, tiny program", 69462, 85527, 15400),
    ("fork_exec_exit", "fork + exec + exit, tiny program", 100535, 127666, None),
    ("exec_musl", "vfork + exec + exit, static musl", 79258, 99412, None),
    ("exec_glibc", "vfork + exec + exit, static glibc", 182711, 245301, None),
    ("switch_pair", "sched_yield, pair of switches", 1505, 3627, 420),
    ("pipe_round_trip", "pipe round trip between two processes", 5630, 11491, 2815),
    ("pipe_64k", "pipe, 64 KiB blocks, a KiB", 562, 733, 281),
    ("read_64k", "read a file, 64 KiB blocks, a KiB", 283, 339, None),
    ("read_4k", "read a file, 4 KiB blocks, a KiB", 392, 513, None),
    ("write_64k", "write a new file, 64 KiB blocks, a KiB", 603, 815, 301),
    ("regions_map_10000", "10,000 regions: mmap one", 5287, 6532, None),
    ("regions_fault_10000", "10,000 regions: random fault", 3168, 4251, None),
    ("regions_elsewhere_10000", "10,000 regions: mmap + munmap elsewhere", 15805, 21265, None),
    ("regions_fork_10000", "10,000 regions: fork + exit + wait", 33300000, 44500000, None),
    ("wake_exit_reap", "wake + exit + reap, 1,000 sleepers", 19321, 36254, None),
    ("swap_fill", "memory swapped to a virtio disk: fill, a page", 5697, 8952, 2848),
    ("swap_read", "memory swapped to a disk: read in a row, a page", 10986, 18331, 5493),
    ("idle_bytes", "kernel memory of an idle child, bytes", None, None, 20 * 1024),
    ("idle_memory", "all memory of an idle child, bytes", 40112, 41968, None),
    ("processes", "children alive in 64 MiB", 1273, 727, 2000),
    ("processes_256m", "children alive in 256 MiB", 5948, 5040, None),
    ("boot_128m", "boot to the first instruction, 128 MiB", 59600000, 200500000, 3000000),
    ("boot_2g", "boot to the first instruction, 2 GiB", None, None, None),
    ("image", "kernel image, bytes", 2500000, 20600000, 512 * 1024),
)]

MORE_IS_BETTER = ("processes", "processes_256m")
TOLERANCE = 0.02
# When the disk of the host answers decides how much page-out has to do in a round, and with it which
# pages go together.
TOLERANCES = {"swap_fill": 0.2, "swap_read": 0.2}


def better(key, value, other):
    """How many times better value is than other: a ratio below 1 is good."""
    return other / value if key in MORE_IS_BETTER else value / other


def holds(key, value, limit):
    return value >= limit if key in MORE_IS_BETTER else value <= limit


def number(n):
    if n is None:
        return "-"
    return "{:,.1f}".format(n) if n < 1000 and n != int(n) else "{:,}".format(round(n))


def judge(found, counts):
    """(what is wrong, what could be written down as better): lines to print, of counts and found."""
    wrong, hints = [], []
    for line in LINES:
        key, now, was = line.key, found.get(line.key), counts.get(line.key)
        if not now or not was:
            wrong.append("%s: %s" % (key, "not in counts.txt" if now else "not measured"))
            continue
        change, tolerance = better(key, now, was) - 1, TOLERANCES.get(key, TOLERANCE)
        text = "%s: %s, was %s" % (key, number(now), number(was))
        if change > tolerance:
            wrong.append("worse by %.1f %%: %s" % (100 * change, text))
        elif change < -tolerance:
            hints.append("better by %.1f %%: %s" % (-100 * change, text))
    return wrong, hints
