# SPDX-License-Identifier: MIT
"""Four times as much memory in use as there is, and every word of it verified: private memory,
shared memory, a mapped disk and files of the tmpfs, one after the other and all at once. Afterwards
nothing is left of it. /tests/load does the work, see there.
"""

import os
import random
import re
import unittest

import quire_vm
from quire_vm import SOAK
from test_swap import Swap, header

PAGE, MiB = 4096, 1 << 20
AREA = 16384  # pages
SINGLE = ["-accel", "tcg,thread=single"]  # a page is invalidated on all CPUs a hundred times as fast


# The same each time, but in a soak; QUIRE_SEED chooses.
seeds = random.Random(int(os.environ.get("QUIRE_SEED") or (random.randrange(1 << 30) if SOAK else 1)))


class LoadCase(Swap):
    board = dict(append="hat=chaos", extra=SINGLE, limit=3000 if SOAK else 120)
    ROUNDS = 5 if SOAK else 2

    def words(self, kind, megabytes, rounds):
        return "load %s %dM %d %d" % (kind, megabytes, rounds, seeds.randrange(1 << 30))


class Load(LoadCase):
    KINDS = (("private", 32, 2), ("forked", 20, 2), ("shared", 32, 1), ("/dev/vdb", 32, 1), ("/tmp/load", 32, 1))
    ALL = (("private", 8), ("forked", 6), ("shared", 8), ("/dev/vdb", 8), ("/tmp/load", 8))
    TIMES = 20 if SOAK else 1

    def boot_loading(self, **more):
        """With an area and a disk; *before*: frames in use with nothing in the area."""
        disks = self.disk("vda", AREA, header(AREA)), self.disk("vdb", 32 * MiB // PAGE)
        vm = self.boot(*disks, **more)
        vm.run("swapon -p 1 /dev/vda", 60, status=0)
        for kind in ("/dev/vdb", "/tmp/load"):
            vm.run("load %s 64K 2 1" % kind, 60, status=0)
        vm.frames_settled()
        self.empty(vm)
        self.before = vm.frames_used()
        return vm

    def empty(self, vm):
        """Brings back all that is in swap."""
        vm.run("swapoff /dev/vda; swapon -p 1 /dev/vda", 120, status=0)
        self.assertEqual(self.areas(vm), {"/dev/vda": ((AREA - 1) * 4, 0, 1)})

    def nothing_left(self, vm):
        self.whole(vm)
        slots = self.slots_in_use(vm)
        self.assertLess(len(self.anon(slots)), 50)  # the shell's and init's
        counts = self.numbers(vm, "-s", "vmstat ")
        self.assertEqual((counts["swap_errors"], counts["pageout_failed"], counts["pageout_hopeless"]), (0, 0, 0),
                         str(counts))
        self.empty(vm)
        self.assertEqual(vm.frames_used(), self.before)

    def test_each(self):
        vm = self.boot_loading()
        for _ in range(self.TIMES):
            for kind, megabytes, rounds in self.KINDS:
                command = self.words(kind, megabytes, self.ROUNDS if SOAK else rounds)
                with self.subTest(command):
                    self.assertEqual(vm.run(command, 400, status=0), "load: %s: 0 words wrong\n" % kind)
        self.nothing_left(vm)
        vm.power_off(60)

    def test_all(self):
        """While they are at work, the shell is, too."""
        vm = self.boot_loading()
        for _ in range(self.TIMES):
            commands = [self.words(kind, megabytes, self.ROUNDS) for kind, megabytes in self.ALL]
            start = vm.position
            with self.subTest(commands):
                for command in commands:
                    vm.run(command + " &", 120)
                for command in ("true", "cat /proc/meminfo", "ps", "hello"):
                    vm.run(command, 120, status=0)
                vm.run("wait", 900)
                found = re.findall(r"load: (\S+): (\d+) words wrong\n", vm.text[start:])
                if sorted(found) != sorted((kind, "0") for kind, _ in self.ALL) or "memory" in vm.text[start:]:
                    vm.fail(str(commands))
        self.nothing_left(vm)
        vm.power_off(60)

    def test_faults(self):
        """Each is counted once, and those in progress are, while pages go out and come back."""
        vm = self.boot_loading()
        start = vm.position
        vm.run(self.words("private", 12, self.ROUNDS) + " &", 60)
        output = vm.run("t_faults looks %d" % (5000 if SOAK else 200), 400, status=0)
        self.assert_printed(vm, r"^faults: the sum is right, \d+ in progress at most$", output)
        vm.run("wait", 200)
        self.assertIn("load: private: 0 words wrong\n", vm.text[start:])
        self.nothing_left(vm)
        vm.power_off(60)


class Umount(LoadCase):
    def test_not_busy(self):
        """Page-out looks at the files of a tmpfs that nobody uses: it can be unmounted all the same."""
        vm = self.boot(self.disk("vda", AREA, header(AREA)), memlimit="24M")
        vm.run("swapon -p 1 /dev/vda", 60, status=0)
        output = vm.run("t_umount %d" % (2000 if SOAK else 150), 400, status=0)
        self.assertEqual(output, "t_umount: error 0\n")
        self.assertGreater(self.numbers(vm, "-s", "vmstat ")["pswpout"], 500)
        vm.power_off(60)


class LoadThreads(Load):
    """CPUs that really run at the same time, with less to do; all of it in a soak."""

    board = dict(append="hat=chaos", limit=3000 if SOAK else 120)
    KINDS = Load.KINDS if SOAK else (("private", 12, 2), ("shared", 12, 1))
    ALL = Load.ALL if SOAK else tuple((kind, 5) for kind, _ in Load.ALL)


class RamDisk(LoadCase):
    """Swap in memory, on a machine without disks."""

    def test_ram0(self):
        vm = self.boot(board="raspi2b", memlimit="48M", append="ram0=40M hat=chaos")
        vm.run("mkswap /dev/ram0; swapon /dev/ram0", 60, status=0)
        self.assertEqual(self.areas(vm), {"/dev/ram0": (40 * 1024 - 4, 0, -1)})
        for kind, megabytes in ("private", 24), ("shared", 16), ("/tmp/load", 16):
            command = self.words(kind, megabytes, 2 if kind == "private" else 1)
            with self.subTest(command):
                self.assertEqual(vm.run(command, 100, status=0), "load: %s: 0 words wrong\n" % kind)
        self.assertGreater(self.numbers(vm, "-s", "vmstat ")["pswpin"], 6000)
        self.whole(vm)
        self.assertLess(len(self.anon(self.map_of(vm))), 50)
        vm.run("swapoff /dev/ram0", 60, status=0)
        self.ends(vm)


@unittest.skipUnless(SOAK, "a soak's")
class LoadDebug(Load):
    """With the kernel that checks itself."""

    board = dict(Load.board, kernel="debug/quire.img")
    TIMES = 5 if SOAK else 1


if __name__ == "__main__":
    quire_vm.main()
