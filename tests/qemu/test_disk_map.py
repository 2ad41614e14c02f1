# SPDX-License-Identifier: MIT
"""Mappings of disks from outside: what /tests/mapper stores is in the image file on the host, each
page once, when somebody asked for it; sectors that can't be read or written; a disk that does not
answer, while others look at who waits for it.
"""

import os
import re
import time

import quire_vm
import test_disk
from quire_vm import run_user_tests
from test_disk import MiB, PAGE, SECTOR, changed, noise, table

SIGBUS = 7


class Mapping(test_disk.Disk):
    FIRST, COUNT = 1003, 2001  # sectors of vda1

    def setUp(self):
        super().setUp()
        self.before = noise(4096 * SECTOR, table((0x83, self.FIRST, self.COUNT)))
        self.image = self.write("image", self.before)

    def after(self, *stores):
        """The image with each (page of vda1, text)."""
        data = self.before
        for page, text in stores:
            data = changed(data, self.FIRST * SECTOR + page * PAGE, text)
        return data

    def held(self, vm, words, device="vda1"):
        """What the mapper said, and the pid of the child that holds what it mapped."""
        output = vm.run("/tests/mapper /dev/%s %s h" % (device, words), 60, status=0)
        said = re.search(r"\Apid \d+\n((?:.*\n)*)held by (\d+)\n\Z", output)
        self.assertTrue(said, output)
        return said.group(1), int(said.group(2))

    def vmstat(self, vm):
        return {key: int(n) for key, n in
                re.findall(r"^fault_(\w+) (\d+)$", vm.run("cat /proc/vmstat", status=0), re.MULTILINE)}

    def expect_image(self, wanted):
        deadline = time.monotonic() + 30
        with open(self.image, "rb") as f:
            while os.pread(f.fileno(), len(wanted), 0) != wanted and time.monotonic() < deadline:
                time.sleep(0.2)
        self.assert_image(self.image, wanted)


class Stores(Mapping):
    """What is stored is on the disk, at its place, and nothing else."""

    SOME = ((0, b"zero"), (7, b"seven"), (8, b"eight"), (249, b"last but one"))
    WORDS = "s0,251 " + " ".join("w%d=%s" % (page, text.decode().split()[0]) for page, text in SOME)

    def setUp(self):
        super().setUp()
        self.stores = [(page, text.split()[0]) for page, text in self.SOME]

    def written(self, vm):
        return self.counts(vm, "vda")[1][2]

    def exactly(self, word):
        """The power goes right after msync or fsync; a second one wrote nothing."""
        vm = self.boot(self.image)
        said, _ = self.held(vm, "%s %s" % (self.WORDS, word))
        self.assertEqual(said, "")
        self.assertEqual(self.written(vm), len(self.SOME) * PAGE // SECTOR)
        vm.close()
        self.assert_image(self.image, self.after(*self.stores))
        self.image = self.write("again", self.before)
        vm = self.boot(self.image)
        self.held(vm, "%s %s %s w9=nine %s" % (self.WORDS, word, word, word))
        self.assertEqual(self.written(vm), (len(self.SOME) + 1) * PAGE // SECTOR)
        vm.close()
        self.assert_image(self.image, self.after((9, b"nine"), *self.stores))

    def test_msync(self):
        self.exactly("m")

    def test_fsync(self):
        self.exactly("f")

    def test_sync(self):
        vm = self.boot(self.image)
        self.held(vm, self.WORDS)
        self.assertEqual(self.written(vm), 0)
        vm.run("sync", status=0)
        self.assertEqual(self.written(vm), len(self.SOME) * PAGE // SECTOR)
        vm.run("sync; sync /dev/vda1", status=0)
        self.assertEqual(self.written(vm), len(self.SOME) * PAGE // SECTOR)
        vm.close()
        self.assert_image(self.image, self.after(*self.stores))

    def test_later(self):
        """Nobody asks; it is there after some seconds: of one who maps it still, who has closed it,
        who has unmapped it, and who has ended, or was killed."""
        for end in ("h", "c h", "u c h", "", "kill"):
            self.image = self.write("image", self.before)
            vm = self.boot(self.image)
            with self.subTest(end=end):
                if end == "kill":
                    _, pid = self.held(vm, self.WORDS + " c")
                    vm.run("kill -9 %d" % pid, status=0)
                else:
                    vm.run("/tests/mapper /dev/vda1 %s %s" % (self.WORDS, end), 60, status=0)
                self.expect_image(self.after(*self.stores))
            vm.run("vmcheck -q", 60, status=0)
            vm.close()

    def test_private(self):
        vm = self.boot(self.image)
        self.held(vm, "p0,251 w3=private w4=private l5 m f")
        vm.run("sync; dd if=/dev/vda1 of=/tmp/a bs=4K", status=0)
        self.assertEqual(self.written(vm), 0)
        vm.power_off()
        self.assert_image(self.image, self.before)

    def test_listings(self):
        """The names of what is mapped, and one frame a page."""
        vm = self.boot(self.image)
        _, pid = self.held(vm, "s0,20 l3 w4=x")
        self.printed(vm, r"^[0-9a-f]+-[0-9a-f]+ rw-s 00000000 00:00 0 +/dev/vda1$", "cat /proc/%d/maps" % pid,
                     status=0)
        self.printed(vm, r" shared rw- rwx  s ---- /dev/vda1/0 \d+ 1 0$", "pmap %d" % pid, status=0)
        vm.run("dd if=/dev/vda1 of=/tmp/a bs=4K count=2 skip=3", status=0)
        self.printed(vm, r"^page 4: .*dirty", "pagehash /dev/vda1", status=0)

    def test_read_only(self):
        image = self.write("only", self.before)
        os.chmod(image, 0o444)
        vm = self.boot((image, dict(read_only="on")))
        self.printed(vm, r"^open: error 13$", "/tests/mapper /dev/vda1 s0,1")
        self.printed(vm, r"^mmap: error 13$", "/tests/mapper /dev/vda1 r s0,1")
        output = vm.run("/tests/mapper /dev/vda1 r p0,9 w3=x l3 l4", status=0)
        self.assert_printed(vm, r"^page 3: %d\npage 4: %d$" % (
            ord("x"), self.before[self.FIRST * SECTOR + 4 * PAGE]), output)
        vm.run("sync", status=0)
        vm.power_off()
        self.assert_image(image, self.before)


class Errors(Mapping):
    """Sectors that can't be read or written."""

    BAD = 5  # page of vda1

    def disk(self, **fault):
        fault.update(errno=5, sector=self.FIRST + self.BAD * PAGE // SECTOR + 3)
        return self.image, dict(inject_error=[fault])

    def test_read(self):
        """A bus error for who touches it, as often as somebody does, and for nobody else."""
        vm = self.boot(self.disk(iotype="read"))
        for _ in range(2):
            output = vm.run("/tests/mapper /dev/vda1 s0,16 l4 l%d" % self.BAD, 60, status=128 + SIGBUS)
            self.assert_printed(vm, r"^page 4: %d$" % self.before[self.FIRST * SECTOR + 4 * PAGE], output)
            self.assert_printed(vm, r"^vda: read of sectors \d+-\d+ failed", output)
            time.sleep(1.1)  # lines are a second apart
        vm.run("/tests/mapper /dev/vda1 p0,16 w%d=x" % self.BAD, 60, status=128 + SIGBUS)
        output = vm.run("/tests/mapper /dev/vda1 s0,16 l6 w7=y f", 60, status=0)
        self.assertNotIn("error", output)
        vm.run("vmcheck -q", 60, status=0)
        vm.power_off()
        self.assert_image(self.image, self.after((7, b"y")))

    def test_once(self):
        """Tried again, and nobody hears of it."""
        vm = self.boot(self.disk(iotype="read", once="on"))
        output = vm.run("/tests/mapper /dev/vda1 s0,16 l%d" % self.BAD, 60, status=0)
        self.assert_printed(vm, r"\Apid \d+\npage 5: %d\n\Z"
                            % self.before[self.FIRST * SECTOR + self.BAD * PAGE], output)

    def test_write(self):
        """Told once to who asks, by whatever call; the others are written."""
        vm = self.boot(self.disk(iotype="write"))
        words = "s0,16 w4=four w%d=five w6=six" % self.BAD
        for call, again in (("m", "m f"), ("f", "f m"), ("m", "f"), ("f", "m")):
            output = vm.run("/tests/mapper /dev/vda1 %s %s %s" % (words, call, again), 60, status=0)
            self.assertEqual(re.findall(r"^\w+: error.*$", output, re.MULTILINE),
                             [{"m": "msync", "f": "fsync"}[call] + ": error 5"])
        vm.run("/tests/mapper /dev/vda1 s0,16 w5=again", 60, status=0)
        self.printed(vm, r"^sync: /dev/vda1: input/output error$", "sync; sync /dev/vda1", status=1)
        vm.run("sync /dev/vda1", status=0)
        vm.run("vmcheck -q", 60, status=0)
        vm.power_off()
        self.assert_image(self.image, self.after((4, b"four"), (6, b"six")))


class Silent(Mapping):
    """A disk that does not answer for a while."""

    def test_waiting(self):
        """Two wait for one page: it is one read, one fault is in transit, both are in progress, and
        whoever wants to know what they have mapped need not wait."""
        vm = self.boot(self.image, limit=200, extra=self.qmp())
        vm.run("/tests/mapper /dev/vda1 s0,1 l0; pmap 1; sleep 0; kill 999")  # their own pages are in memory
        self.limit(1)
        vm.run("dd if=/dev/vda of=/tmp/a bs=4K skip=9 count=1", status=0)  # the next will be long in coming
        before, reads = self.vmstat(vm), self.counts(vm)[0][2]
        pids = []
        for _ in range(2):
            vm.send("/tests/mapper /dev/vda1 s100,1 l100 &\r")
            pids.append(int(vm.expect(r"pid (\d+)\s", 20).group(1)))  # not a part of the number
            vm.send("sleep 1; echo started\r")
            vm.expect(r"^started$")
            vm.expect_prompt()
        now = self.vmstat(vm)
        self.assertEqual(now["in_progress"], 2)
        self.assertEqual(now.pop("entries"), sum(now.values()))
        for pid in pids:
            since = time.monotonic()
            self.printed(vm, r"/dev/vda1$", "cat /proc/%d/maps" % pid, status=0)
            vm.run("pmap %d" % pid, status=0)
            self.assertLess(time.monotonic() - since, 5)
        self.limit(0)
        for _ in range(2):
            vm.expect(r"page 100: %d$" % self.before[self.FIRST * SECTOR + 100 * PAGE], 90)
        vm.run("wait", 60)
        after = self.vmstat(vm)
        self.assertEqual(after["pagein"] - before["pagein"], 1)
        self.assertEqual(after["transit"] - before["transit"], 1)
        self.assertEqual(self.counts(vm)[0][2] - reads, PAGE // SECTOR)
        self.assertEqual(after.pop("entries"), sum(after.values()))
        vm.run("vmcheck -q", 60, status=0)


class Programs(test_disk.Disk):
    """The programs of /tests on the disk in memory."""

    board = dict(board="raspi2b", append="ram0=1M hat=chaos")

    def test_programs(self):
        run_user_tests("t_mmap_disk t_disk_storm", **self.board)


class StoresDebug(Stores):
    board = test_disk.DEBUG


class ErrorsDebug(Errors):
    board = test_disk.DEBUG


class SilentDebug(Silent):
    board = test_disk.DEBUG


if __name__ == "__main__":
    quire_vm.main()
