# SPDX-License-Identifier: MIT
"""Swap and page-out as a person sees them on a machine with 8 MiB: what the tools say of slots and
hands, and that no word of memory is wrong afterwards. The program fill rests between writing its
pages and reading them, so that counts can be compared.
"""

import os
import re
import struct

import quire_vm
from quire_vm import Machine, TestCase, built, disk_args
from test_gdb import Gdb
from test_kdb import KDB

PAGE, KiB, MiB = 4096, 1024, 1 << 20
FILL_PAGES = 3000  # more than there are frames


def header(pages, bad=(), version=1, magic=b"SWAPSPACE2"):
    """The first page of a swap area, as mkswap writes it on Linux: its size counts the header."""
    page = bytes(1024) + struct.pack("<III", version, pages - 1, len(bad)) + bytes(16)
    page += b"of the host".ljust(16, b"\0") + bytes(468) + struct.pack("<%dI" % len(bad), *bad)
    return page.ljust(PAGE - len(magic), b"\0") + magic


class Swap(TestCase):
    board = {}

    def disk(self, name, pages, first=b""):
        """A sparse image that begins with these bytes."""
        path = self.write(name, first)
        os.truncate(path, pages * PAGE)
        return path

    def boot(self, *disks, **more):
        """A machine at its prompt. A disk is a path or (path, options of disk_args)."""
        options = {**self.board, **more}
        options["append"] = ("memlimit=%s %s" % (options.pop("memlimit", "8M"), options.get("append", ""))).strip()
        extra = list(options.pop("extra", ()))
        for number, disk in enumerate(disks):
            path, faults = disk if isinstance(disk, tuple) else (disk, {})
            extra += disk_args(number, path, **faults)
        vm = Machine(extra=extra, **options)
        self.addCleanup(vm.close)
        vm.expect_prompt(60)
        return vm

    def boot_swapping(self, pages=16384, **more):
        """With one area of so many pages."""
        vm = self.boot(self.disk("vda", pages, header(pages)), **more)
        vm.run("swapon /dev/vda", 60, status=0)
        return vm

    def ends(self, vm):
        """It is still whole."""
        self.whole(vm)
        vm.power_off(60)

    def whole(self, vm):
        self.assert_printed(vm, r"^vmcheck: ok", vm.run("vmcheck", 120, status=0))

    def numbers(self, vm, path, command="cat "):
        return {key: int(value) for key, value in
                re.findall(r"^(\w+):?\s+(\d+)", vm.run(command + path, 60), re.MULTILINE)}

    def areas(self, vm):
        """{name: (kB in all, kB in use, priority)}"""
        lines = re.findall(r"^(/\S+)\s+partition\s+(\d+)\s+(\d+)\s+(-?\d+)$", vm.run("swapon", 60),
                           re.MULTILINE)
        return {name: tuple(map(int, rest)) for name, *rest in lines}

    def used_kb(self, vm):
        return sum(used for _, used, _ in self.areas(vm).values())

    def pids(self, vm):
        """All but those that end with the listing."""
        return {int(pid) for pid, name in re.findall(r"^ *(\d+) .* (\S+)$", vm.run("ps", 60), re.MULTILINE)
                if name != "/bin/ps"}

    def map_of(self, vm, pid=""):
        """{slot: the other words of its line}; checks the sum at the end."""
        output = vm.run("swapmap %s" % pid, 60)
        lines = [line.split() for line in output.splitlines()[1:-1]]
        slots = {line[1 if pid else 0]: line for line in lines}
        self.assertEqual(len(slots), len(lines), output)
        self.assertEqual(output.splitlines()[-1], "%d slots, %d kB" % (len(lines), 4 * len(lines)))
        return slots

    def slots_in_use(self, vm):
        """The map, of as many slots as the areas count. The shell's own pages come back at any time, so
        that one look may not fit the other: of ten one must."""
        for _ in range(10):
            slots = self.map_of(vm)
            if 4 * len(slots) == self.used_kb(vm):
                return slots
        self.fail("the areas count other slots than the map: %s" % slots)

    def anon(self, slots):
        """Those of private pages: the others are of files in memory."""
        return {slot for slot, line in slots.items() if line[1] == "anon"}

    def fill(self, vm, words, processes=1):
        """Their pids, the parent's first, once they rest."""
        vm.send("fill %s &\r" % words)
        found = [vm.expect(r"fill: (\w+) (\d+) has \d+ pages$", 20).groups() for _ in range(processes)]
        pids = [int(pid) for _, pid in sorted(found, reverse=True)]
        vm.send("\r")
        vm.expect_prompt()
        vm.run("true")
        return pids

    def check(self, vm, *names):
        """Lets them go on; every word is right."""
        vm.send("touch /tmp/check; wait\r")
        start = vm.position
        for _ in names:
            vm.expect(r"fill: \w+: \d+ words wrong$", 30)
        vm.expect_prompt(60)
        found = re.findall(r"fill: (\w+): (\d+) words wrong$", vm.text[start:], re.MULTILINE)
        self.assertEqual(sorted(found), sorted((name, "0") for name in names))
        vm.run("rm /tmp/check", 60, status=0)


class Slots(Swap):
    """Who has which slots, and that all come back."""

    def test_hog(self):
        vm = self.boot(self.disk("vda", 16384))
        vm.run("mkswap /dev/vda; swapon /dev/vda", 60, status=0)
        self.assertEqual(self.areas(vm), {"/dev/vda": (16383 * 4, 0, -1)})
        self.assert_printed(vm, r"^hog: 16384 kB written and read, 0 words wrong$",
                            vm.run("hog 16M", 100, status=0))
        counts = self.numbers(vm, "-s", "vmstat ")
        for name in ("pswpin", "pswpout", "swap_reads", "swap_writes", "pgscan", "pgsteal", "fault_pagein"):
            self.assertGreater(counts[name], 0, name)
        self.assertEqual((counts["swap_errors"], counts["pageout_failed"]), (0, 0))
        self.assertGreater(counts["pswpout"], 2000)
        self.assertGreater(counts["pswpout"], counts["swap_writes"])  # some went together
        self.assertGreater(counts["pswpin"], 2 * counts["swap_reads"])
        self.assertLess(len(self.anon(self.slots_in_use(vm))), 50)  # the shell's and init's
        self.ends(vm)

    def look_at_all(self, vm, tries=5):
        """(all slots, {pid: its slots}, kB in use) at one moment: nothing moves between two looks."""
        for _ in range(tries):
            before = self.used_kb(vm), self.map_of(vm)
            of_pid = {pid: self.map_of(vm, pid) for pid in self.pids(vm)}
            if (self.used_kb(vm), self.map_of(vm)) == before:
                return before[1], of_pid, before[0]
        vm.fail("swap does not come to rest")

    def test_sums(self):
        """What swapmap shows of all processes is what is in use, to the slot."""
        vm = self.boot_swapping()
        pid, = self.fill(vm, FILL_PAGES)
        for _ in range(8):  # page-out may still be at work
            slots, of_pid, used = self.look_at_all(vm)
            # entries that name slots: their pages may be in memory all the same
            named = dict(re.findall(r"^  (\w+) swapped +0*([0-9a-f]+) ", vm.run("pt %d" % pid, 60), re.MULTILINE))
            swapped = self.numbers(vm, "/proc/%d/status" % pid)["VmSwap"]
            pmap = vm.run("pmap %d" % pid, 60)
            if self.map_of(vm) == slots:
                break
        else:
            vm.fail("swap does not come to rest")
        self.assertEqual(4 * len(slots), used)
        self.assertEqual(set().union(*of_pid.values()), self.anon(slots))
        self.assertGreater(len(of_pid[pid]), FILL_PAGES - 2000)
        self.assertEqual(swapped, 4 * len(named))
        self.assert_printed(vm, r"^total .* %d$" % len(named), pmap)
        pages = {line[0]: slot for slot, line in of_pid[pid].items()}
        self.assertEqual({page: pages.get(page) for page in named}, named)
        self.assertLessEqual({line[0] for line in of_pid[pid].values() if line[-1] == "out"}, set(named))
        memory = self.numbers(vm, "/proc/meminfo")
        self.assertEqual(memory["SwapTotal"], 16383 * 4)
        self.assertEqual(memory["SwapTotal"] - memory["SwapFree"], self.used_kb(vm))
        self.assert_printed(vm, r"^swap +65532 +%d +%d +\d+$" % (used, 65532 - used), vm.run("free", 60))
        for slot, line in of_pid[pid].items():
            self.assertEqual(slots[slot][1:2] + slots[slot][3:4], ["anon", line[0]])
        self.check(vm, "parent")
        after = self.slots_in_use(vm)
        self.assertFalse({slot for slot, line in after.items() if line in of_pid[pid].values()})
        self.assertLess(len(self.anon(after)), 50)
        self.assert_printed(vm, r"\Aswapmap: %d: no such process$" % pid, vm.run("swapmap %d" % pid))
        vm.run("coremap -c", 60, status=0)
        self.ends(vm)

    def test_fork(self):
        """A slot that two have is shared; the last one frees it."""
        vm = self.boot_swapping()
        parent, child = self.fill(vm, "%d fork" % FILL_PAGES, 2)
        slots, of_pid, used = self.look_at_all(vm)
        both = set(of_pid[parent]) & set(of_pid[child])
        self.assertGreater(len(both), FILL_PAGES - 2000)
        self.assertEqual({of_pid[parent][slot][2] for slot in both}, {"2"})
        self.assertEqual({slots[slot][4] for slot in both if slots[slot][6] == "out"}, {"2"})
        vm.run("kill %d" % child, 60)
        alone = self.map_of(vm, parent)
        self.assertEqual({line[2] for line in alone.values()}, {"1"})
        self.assertGreaterEqual(len(set(alone) & both), len(both) - 100)
        vm.send("touch /tmp/check; wait\r")
        vm.expect(r"fill: parent: 0 words wrong$", 60)
        vm.expect_prompt(60)
        self.assertFalse(set(self.map_of(vm)) & both - self.of_others(vm))
        self.assertLess(len(self.anon(self.map_of(vm))), 50)
        self.ends(vm)

    def of_others(self, vm):
        return set().union(*(self.map_of(vm, pid) for pid in self.pids(vm)))


class Areas(Swap):
    """What is an area and what is none."""

    def refused(self, vm, name, why, said=""):
        self.assertEqual(vm.run("swapon " + name, 60, status=1), said + "swapon: %s: %s\n" % (name, why))
        self.assertEqual(self.areas(vm), {})

    def test_refused(self):
        """Without leaving anything behind; the reason is said."""
        image = self.disk("ro", 64, header(64))
        os.chmod(image, 0o444)
        vm = self.boot(self.disk("none", 64), (image, dict(read_only="on")),
                       self.disk("version", 64, header(64, version=2)),
                       self.disk("long", 64, header(65)), self.disk("empty", 64, header(4, [1, 2, 3])))
        refused = (("/nothing", "not found"), ("/dev/null", "invalid argument"),
                   ("/tmp", None), ("/bin/sh", None), ("/dev/vdb", "permission denied"))
        for name, why in refused:
            self.assertRegex(vm.run("swapon " + name, 60, status=1), "^swapon: %s: %s" % (name, why or ""))
        for name in "vda", "vdc", "vdd":
            self.assertRegex(vm.run("swapon /dev/" + name, 60, status=1),
                             r"^swapon: /dev/%s: \w.*\nswapon: /dev/%s: invalid argument\n" % (name, name))
        vm.run("swapon /dev/vde", 60, status=1)
        self.assertEqual(self.areas(vm), {})
        self.assertRegex(vm.run("swapoff /dev/vda", 60, status=1), "^swapoff: /dev/vda: invalid argument")
        vm.frames_settled()
        commands = ["swapon /dev/vd" + c for c in "abcde"]
        before = vm.frames_used()
        for command in commands:
            vm.run("repeat 3 " + command, 60)
        self.assertEqual(vm.frames_used(), before)
        vm.run("mkswap /dev/vda; swapon /dev/vda", 60, status=0)
        self.ends(vm)

    def test_in_use(self):
        """An area can't be one twice, nor be written to."""
        vm = self.boot_swapping(64)
        for command in ("swapon /dev/vda", "mkswap /dev/vda", "dd if=/bin/sh of=/dev/vda count=1"):
            self.assert_printed(vm, "busy", vm.run(command, 60, status=1))
        vm.run("swapoff /dev/vda; mkswap /dev/vda", 60, status=0)
        vm.run("swapoff /dev/vda", 60, status=1)
        self.ends(vm)

    def test_of_host(self):
        """Areas made elsewhere: bad pages are not used, the one of higher priority comes first."""
        bad = [1, 2, 100, 101, 1999]
        vm = self.boot(self.disk("vda", 2000, header(2000, bad)), self.disk("vdb", 4000, header(3000)))
        vm.run("swapon -p 7 /dev/vda; swapon -p 3 /dev/vdb", 60, status=0)
        self.assertEqual(self.areas(vm), {"/dev/vda": ((1999 - len(bad)) * 4, 0, 7),
                                          "/dev/vdb": (2999 * 4, 0, 3)})
        vm.run("hog 7M", 60, status=0)
        self.assertEqual(self.areas(vm)["/dev/vdb"][1], 0)
        pid, = self.fill(vm, 4300)
        a, b = (self.areas(vm)["/dev/vd" + c] for c in "ab")
        self.assertGreater(a[1], a[0] * 9 // 10)  # who had begun may go on in the other
        self.assertGreater(b[1], 0)
        slots = self.map_of(vm)
        self.assertEqual({line[7] for line in slots.values()}, {"/dev/vda", "/dev/vdb"})
        self.assertFalse({"%x" % page for page in bad} & set(slots))
        self.check(vm, "parent")
        self.ends(vm)


class Off(Swap):
    """What is in an area comes back before it goes."""

    def test_back(self):
        vm = self.boot_swapping()
        self.fill(vm, 1000)
        vm.run("hog 7M", 60, status=0)
        self.assertGreater(self.used_kb(vm), 2000)
        vm.run("swapoff /dev/vda", 60, status=0)
        self.assertEqual(self.areas(vm), {})
        self.assertEqual(self.map_of(vm), {})
        self.assertEqual(self.numbers(vm, "/proc/meminfo")["SwapTotal"], 0)
        self.whole(vm)
        self.check(vm, "parent")
        self.ends(vm)

    def test_no_room(self):
        """The area stays, with all that was in it; then another has room for it."""
        vm = self.boot(*(self.disk(name, 8192, header(8192)) for name in ("vda", "vdb")))
        vm.run("swapon /dev/vda", 60, status=0)
        self.fill(vm, FILL_PAGES)
        self.assert_printed(vm, r"^swapoff: /dev/vda: (not enough|out of) memory$",
                            vm.run("swapoff /dev/vda", 100, status=1))
        self.assertGreater(self.areas(vm)["/dev/vda"][1], 4000)
        self.whole(vm)
        vm.run("swapon /dev/vdb; swapoff /dev/vda", 100, status=0)
        self.assertEqual(list(self.areas(vm)), ["/dev/vdb"])
        self.assertGreater(self.used_kb(vm), 4000)
        self.check(vm, "parent")
        self.ends(vm)


class Debuggers(Swap):
    """kdb and gdb find the way from a page to its slot, and back."""

    def a_page_out(self, vm):
        """(pid, address, slot, all slots) of a page of fill that is in swap alone."""
        pid, = self.fill(vm, FILL_PAGES)
        self.whole(vm)
        slots = self.map_of(vm, pid)
        slot, line = next((slot, line) for slot, line in slots.items() if line[-1] == "out")
        return pid, line[0], slot, slots

    def test_kdb(self):
        vm = self.boot_swapping()
        pid, address, slot, _ = self.a_page_out(vm)
        vm.send("kdb\r")
        vm.expect(KDB, 60)

        def ask(command):
            vm.send(command + "\r")
            vm.expect(r"\n")
            start, end = vm.position, vm.expect(KDB, 60).start()
            return vm.text[start:end]

        self.assert_printed(vm, "^%s swapped slot %s; hardware ---$" % (address, slot),
                            ask("pt %d %s" % (pid, address)))
        self.assert_printed(vm, r"^/dev/vda: slots 0 to 3fff, \d+ of 16383 in use, priority -1$", ask("swap"))
        self.assert_printed(vm, "^slot %s: anon, owner 0x[0-9a-f]+, page %x, 1 entries, not in memory$" % (
            slot, int(address, 16) // PAGE), ask("swap " + slot))
        for wrong in ("0", "3fff", "fffff"):
            self.assert_printed(vm, r"not in use$", ask("swap " + wrong))
        self.assert_printed(vm, r"^swap +\d+$", ask("frames"))
        vm.send("c\r")
        vm.expect_prompt(60)
        self.check(vm, "parent")
        self.ends(vm)

    def test_gdb(self):
        socket = self.path("gdb")
        vm = self.boot_swapping(extra=["-gdb", "unix:%s,server=on,wait=off" % socket])
        pid, address, slot, slots = self.a_page_out(vm)
        with Gdb(built("quire.elf"), socket) as gdb:
            gdb.ask("quire-enter")
            self.assertRegex(gdb.ask("pt 0x%s %d" % (address, pid)),
                             r"(?m)^%s swapped slot 0x%s; hardware ---$" % (address, slot))
            output = gdb.ask("quire-swap 0x" + slot)
            self.assertRegex(output, r"(?m)^/dev/vda: slots 0x0 to 0x3fff, \d+ of 16383 in use, priority -1$")
            self.assertRegex(output, r"(?m)^  slot 0x%s FRAME_ANON owner 0x[0-9a-f]+ page 0x%x entries 1 "
                                     r"not in memory$" % (slot, int(address, 16) // PAGE))
            cached = [line for line in slots.values() if line[3] != "-"]
            for page, its_slot, _, frame, _ in cached[:1]:
                output = gdb.ask("pfn 0x" + frame)
                self.assertRegex(output, r"FRAME_SWAP .*\n  slot 0x%s\n" % its_slot)
                self.assertIn("process %d, fill: %s " % (pid, page), output)
        vm.close()


class Hands(Swap):
    """The two hands of the clock."""

    def hands(self, vm):
        return dict(re.findall(r"^([a-z]+) (\S+)$", vm.run("cat /proc/quire/clock", 60), re.MULTILINE))

    def distance(self, vm, clock):
        """Frames of the core map from the back hand to the front one, going round."""
        frames = re.findall(r"^([0-9a-f]+) [a-z]", vm.run("coremap", 60), re.MULTILINE)
        return (frames.index(clock["front"]) - frames.index(clock["back"])) % len(frames)

    def cells(self, vm, output):
        """{mark: (first frame, frames) of its cell} of what the program frames printed."""
        output = re.sub(r"\x1b\[\d*m", "", output)
        group = int(re.search(r"; (\d+) a cell", output).group(1))
        return {mark: (int(row.group(1), 16) + column * group, group)
                for row in re.finditer(r"^ *([0-9a-f]+) (\S+)$", output, re.MULTILINE)
                for column, mark in enumerate(row.group(2)) if mark in "<>*"}

    def picture_is_right(self, vm):
        self.whole(vm)  # the last round is over
        clock, output = self.hands(vm), vm.run("frames", 60)
        marks = self.cells(vm, output)
        self.assert_printed(vm, "^> front hand %(front)s  < back hand %(back)s " % clock, output)
        for mark, hand in ((">", "front"), ("<", "back")):
            first, group = marks.get(mark) or marks["*"]
            self.assertIn(int(clock[hand], 16), range(first, first + group))
        after = self.hands(vm)
        self.assertEqual(*({key: look[key] for key in ("front", "back", "rounds")} for look in (clock, after)))
        self.assert_printed(vm, "^hands +front %(front)s, back %(back)s, %(ahead)s frames" % clock,
                            vm.run("clock", 60))
        return clock

    def test_hands(self):
        vm = self.boot_swapping()
        clock = self.hands(vm)
        self.assertEqual((clock["policy"], clock["front"], clock["back"]), ("clock", "-", "-"))
        self.assertEqual(int(clock["spread"]), int(clock["frames"]) // 4)
        self.assertLess(int(clock["minfree"]), int(clock["desfree"]))
        self.assertLess(int(clock["desfree"]), int(clock["lotsfree"]))
        self.assert_printed(vm, "has not begun", vm.run("frames", 60, status=0))
        for spread in (clock["spread"], "300", "77"):
            if spread != clock["spread"]:
                vm.run("clock spread " + spread, 60, status=0)
            vm.run("hog 14M", 60, status=0)
            found = self.picture_is_right(vm)
            self.assertEqual((found["spread"], found["ahead"]), (spread, spread))
            self.assertEqual(self.distance(vm, found), int(spread))
        self.ends(vm)

    def test_spread(self):
        vm = self.boot_swapping()
        frames = self.hands(vm)["frames"]
        for wrong in ("0", str(int(frames) + 1), "4294967297"):
            vm.run("clock spread " + wrong, 60, status=2 if len(wrong) > 9 else 1)
        for wrong in ("", "spread", "spread x", "spread 3 4", "speed 3", "spread -1", "x" * 100):
            vm.run("echo %s >/proc/quire/clock" % wrong, 60)
        self.assertEqual(self.hands(vm)["spread"], str(int(frames) // 4))
        vm.run("clock spread " + frames, 60, status=0)
        self.assertEqual(self.hands(vm)["spread"], str(int(frames) // 2))  # half of memory is the most
        vm.run("hog 9M &", 60)
        for spread in (1, 1000, 5, 700, 20):
            vm.run("clock spread %d" % spread, 60, status=0)
        vm.run("wait", 60)
        self.assertEqual(self.hands(vm)["spread"], "20")
        self.ends(vm)

    def test_rates(self):
        vm = self.boot_swapping()
        vm.run("hog 12M &", 60)
        output = vm.run("vmstat 1 3", 60, status=0)
        lines = [line.split() for line in output.splitlines() if re.match(r"^ *\d+ +\d+ ", line)]
        self.assertEqual((len(lines), {len(line) for line in lines}), (3, {13}))
        self.assert_printed(vm, r"^ free kB +cache +swap +zero .* in +out +scanned$", output)
        vm.run("wait", 60)
        for wrong in ("0", "1 0", "1 2 3", "x"):
            vm.run("vmstat " + wrong, 60, status=2)
        for wrong in ("-w 0", "-w 26", "-x", "spread", "spread x"):
            vm.run("clock " + wrong, 60, status=2)
        vm.run("swapmap x", 60, status=2)
        self.ends(vm)


DEBUG = dict(kernel="debug/quire.img", append="hat=chaos")


class SlotsDebug(Slots):
    board = DEBUG


class OffDebug(Off):
    board = DEBUG


if __name__ == "__main__":
    quire_vm.main()
