# SPDX-License-Identifier: MIT
"""Swap, and a mapped disk, with sectors that can't be read or written, while memory is short: who
needs what is lost is killed by SIGBUS or told of the error, nobody sees a wrong word, nothing hangs.
And no more swap, no more memory: the victim is named.
"""

import re

import quire_vm
from test_swap import PAGE, Swap, header

SIGBUS, SIGKILL = 7, 9
AREA = 8192  # pages
SECTORS = PAGE // 512


def bad(iotype, first=5, step=16, end=3000):
    """A sector of every step-th page."""
    return dict(inject_error=[dict(errno=5, iotype=iotype, sector=page * SECTORS + 3)
                              for page in range(first, end, step)])


class Errors(Swap):
    board = dict(extra=["-accel", "tcg,thread=single"], limit=200)
    LATE = bad("read", first=3000, end=8000)  # not where the shell's pages come first

    def boot_bad(self, more=(), **faults):
        vm = self.boot((self.disk("vda", AREA, header(AREA)), faults), *more)
        vm.run("swapon /dev/vda", 60, status=0)
        return vm

    def lives(self, vm):
        """And all that was in swap for who is gone is free."""
        self.whole(vm)
        slots = self.slots_in_use(vm)
        self.assertLess(len(self.anon(slots)), 50)
        self.assert_printed(vm, "^Hello", vm.run("hello", 60, status=0))
        self.ends(vm)

    def dies(self, vm, command, pattern):
        """The command's program ends badly, as the pattern says. The shell, which has pages in the area,
        too, may be, and another begins."""
        vm.send(command + "\r")
        match = vm.expect(pattern, 100)
        vm.send("help; echo let_''go\recho start_''anew\r")  # the first may be the old shell's last
        vm.expect(r"^start_anew$", 60)
        vm.expect_prompt(60)
        return match

    def test_read_private(self):
        vm = self.boot_bad(**self.LATE)
        for _ in range(2):
            self.dies(vm, "hog 16M", r"^hog\[\d+\]: killed: touched an unreadable page ")
        self.assertNotIn("words wrong", vm.text)
        self.assertGreater(self.numbers(vm, "-s", "vmstat ")["swap_errors"], 0)
        self.lives(vm)

    def test_read_all(self):
        """Of an area from which nothing can be read: init and all programs are there as before. The
        shell that had pages in it ends, and another begins."""
        pages = 800
        vm = self.boot((self.disk("vda", pages, header(pages)), bad("read", first=1, step=1, end=pages)))
        vm.run("swapon /dev/vda", 60, status=0)
        files = [name + "/" + file for name in ("/bin", "/tests") for file in vm.run("ls " + name, 60).split()
                 if file != "bad"]  # a directory
        for _ in range(3):
            self.dies(vm, "hog 9M", r"^hog\[\d+\]: killed: touched an unreadable page ")
            for first in range(0, len(files), 8):
                vm.run("cat %s >/dev/null" % " ".join(files[first : first + 8]), 60, status=0)
            for command in "hello", "ps":
                vm.run(command, 60, status=0)
        self.assertGreater(self.numbers(vm, "-s", "vmstat ")["swap_errors"], 0)
        self.lives(vm)

    def test_read_object(self):
        """Who reads a file whose page is lost is told, who maps one is killed, both by name."""
        vm = self.boot_bad(**bad("read", first=1000, end=8000))
        vm.run("dd if=/dev/zero of=/tmp/a bs=4K count=3000", 60, status=0)
        for _ in range(2):
            self.dies(vm, "cat /tmp/a >/dev/null", r"^cat: /tmp/a: input/output error$")
        self.assertRegex(vm.text, r"vda: read of sectors \d+-\d+ failed")
        vm.run("dd if=/tmp/a of=/dev/null bs=4K count=1", 60, status=0)
        vm.run("rm /tmp/a", 60, status=0)
        self.dies(vm, "load shared 14M 1 1",
                  r"^load\[\d+\]: killed: touched an unreadable page \w+ \(shared segment ")
        self.assertNotIn("words wrong", vm.text)
        while "load" in vm.run("ps", 60):  # its other processes die when they come to a lost page
            continue
        self.lives(vm)

    def test_swapoff(self):
        """It brings back what can be read, says why it can't end, and ends once the disk is well. The
        area is in use as before meanwhile."""
        faults = [dict(errno=5, iotype="read", once="on", sector=page * SECTORS + 3)
                  for page in (3000, 3500, 4000) for _ in range(16)]  # neighbours try it, too
        vm = self.boot_bad(more=[self.disk("vdb", AREA, header(AREA))], inject_error=faults)
        self.fill(vm, 6000)
        vm.run("swapon -p 0 /dev/vdb", 60, status=0)
        before, refused = self.areas(vm)["/dev/vda"], 0
        while True:
            output = vm.run("swapoff /dev/vda", 100)
            now = self.areas(vm).get("/dev/vda")
            if not now:
                break
            self.assert_printed(vm, "^swapoff: /dev/vda: input/output error$", output)
            refused += 1
            self.assertLess(refused, 10)
            self.assertEqual((now[0], now[2]), (before[0], before[2]))
            self.assertLess(now[1], before[1] // 10)
            self.whole(vm)
        self.assertGreater(refused, 0)
        self.check(vm, "parent")
        self.lives(vm)

    def test_write(self):
        """What can't be written stays in memory."""
        vm = self.boot_bad(**bad("write"))
        for command in ("hog 16M", "load alone 16M 1 1", "load /tmp/load 12M 1 1"):
            output = vm.run(command, 100, status=0)
            self.assert_printed(vm, r"\b0 words wrong$", output)
        self.assertGreater(self.numbers(vm, "-s", "vmstat ")["pageout_failed"], 0)
        self.lives(vm)

    def test_write_all(self):
        """Swap to which nothing can be written is as good as none: the hog dies, and soon."""
        vm = self.boot_bad(inject_error=[dict(iotype="write")])
        for _ in range(2):
            output = vm.run("hog 14M", 20, status=128 + SIGKILL)
            self.assert_printed(vm, r"^out of memory: killed hog\[\d+\] with \d+ pages$", output)
        self.assertGreater(self.numbers(vm, "-s", "vmstat ")["pageout_failed"], 0)
        self.lives(vm)

    def test_disk_write(self):
        """Page-out of a mapped disk whose sectors can't be written: msync says so, and only those
        pages are lost."""
        faults = bad("write", end=4096)
        vm = self.boot_bad(more=[(self.disk("vdb", 4096), faults)])
        output = vm.run("load /dev/vdb 16M 1 1", 150, status=1)
        self.assert_printed(vm, r"^load: /dev/vdb: can't be written back$", output)
        pages = [int(page) for page in re.findall(r"^load: .*, page (\d+) ", output, re.MULTILINE)]
        self.assertEqual([page for page in pages if page % 16 != 5], [])
        self.lives(vm)

    def test_disk_read(self):
        vm = self.boot_bad(more=[(self.disk("vdb", 4096), bad("read", first=2005, end=4096))])
        vm.run("load alone 8M 1 1 &", 60)
        output = vm.run("mapper /dev/vdb s0,4096 " + " ".join("l%d" % page for page in range(0, 4000, 50)) +
                        " l2005", 100, status=128 + SIGBUS)
        self.assert_printed(vm, r"^page 3950: 0$", output)
        vm.run("wait", 60)
        self.lives(vm)


class Exhausted(Swap):
    """No swap and no memory left."""

    def test_full(self):
        vm = self.boot(self.disk("vda", 1024, header(1024)))
        vm.run("swapon /dev/vda", 60, status=0)
        self.fill(vm, 500)
        output = vm.run("hog 14M", 100)
        self.assert_printed(vm, r"^out of memory: killed hog\[\d+\] with \d+ pages$|not enough memory", output)
        self.whole(vm)
        self.check(vm, "parent")
        self.ends(vm)

    def test_many(self):
        """Several that want all: one after the other dies, named."""
        vm = self.boot(self.disk("vda", 2048, header(2048)))
        vm.run("swapon /dev/vda", 60, status=0)
        start = vm.position
        for _ in range(4):
            vm.run("hog 12M &", 60)
        vm.run("wait", 100)
        killed = re.findall(r"^out of memory: killed (\w+)\[\d+\]", vm.text[start:], re.MULTILINE)
        self.assertEqual(set(killed), {"hog"})
        self.whole(vm)
        self.ends(vm)


if __name__ == "__main__":
    quire_vm.main()
