# SPDX-License-Identifier: MIT
"""Words of the kernel's command line that change what programs get: addresses and memory. Others are
tested where what they do is: hat=chaos in test_boot.py, init= and exit= in test_shell.py, panic= and
trace= in test_panic.py.
"""

import os
import re

import quire_vm
from quire_vm import Machine, TestCase

BOARDS = {
    "a15": dict(cpu="cortex-a15"),
    "a7, chaos": dict(cpu="cortex-a7", append="hat=chaos "),
    "raspi2b": dict(board="raspi2b"),
}


class Options(TestCase):
    def on_boards(self, append, body):
        """[what body(machine) returned, a board]."""
        results = []
        for what, board in BOARDS.items():
            board = dict(board, append=board.get("append", "") + append)
            with self.subTest(what), Machine(**board) as vm:
                vm.expect_prompt(60)
                results.append(body(vm))
                vm.run("vmcheck -q", 120, status=0)
                vm.power_off()
        return results

    def stacks(self, vm):
        """Where the stacks of init, the shell and four instances of a program are."""
        pids = ["1", "2"] + re.findall(r"\b(\d+)\b", vm.run("spawn -n 4 spin"))
        self.assertEqual(len(pids), 6)
        found = [re.search(r"^([0-9a-f]{8}).*\[stack\]", vm.run("pmap " + pid), re.MULTILINE)
                 for pid in pids]
        vm.run("kill spin")
        return [match.group(1) for match in found]

    def test_noaslr(self):
        for found in self.on_boards("noaslr", self.stacks):
            self.assertEqual(len(set(found)), 1)

    def test_aslr(self):
        """Not the same in one boot, nor in two: the boards have real chance."""
        for one, two in zip(self.on_boards("", self.stacks), self.on_boards("", self.stacks)):
            self.assertGreater(len(set(one)), 2)
            self.assertNotEqual(one, two)

    def test_no_input(self):
        """No semihosting, on one CPU and several, or no such file: said, and the UART's input remains."""
        for options in ({}, {"cpus": 4}, {"extra": ["-semihosting-config", "enable=on,target=native"]}):
            with self.subTest(options), Machine(append="idle=poll input=/nowhere/in", **options) as vm:
                vm.expect("input: /nowhere/in can't be read: ")
                vm.expect_prompt()
                self.assertIn("hello", vm.run("echo hello"))

    def test_words(self):
        """All that stands behind -- is init's, or the machine says why it does not start."""
        def boot(words, *said, status):
            with Machine(append="exit=semihosting rdinit=/bin/args -- " + " ".join(words)) as vm:
                for line in said:
                    vm.expect(line, 60)
                self.assertEqual(vm.wait(60), status)

        boot(["w%d" % n for n in range(126)], r'^argc = 127$', r'^argv\[126\] = "w125"$', status=0)
        boot(["w%d" % n for n in range(127)], r"^boot: the command line has more than 126 words for init$",
             status=1)
        boot(["x" * 1900], '^argc = 2$', '"x{1900}"$', status=0)
        boot(["x" * 2100], r"^boot: the command line has more than 2047 bytes$", status=1)

    def limited(self, vm):
        frames = re.search(r"^frames: (\d+) total = (\d+) kernel \+ (\d+) ramdisk \+ (\d+) reserved "
                           r"\+ (\d+) free", vm.text, re.MULTILINE)
        total, *parts = (int(n) for n in frames.groups())
        self.assertEqual(sum(parts), total)
        self.assertLessEqual(parts[-1], 2048)
        self.assertGreater(parts[-1], 2000)
        vm.run("hog 6M", 60, status=0)
        self.assertIn("not enough memory", vm.run("hog 8200K", 60))

    def test_memlimit(self):
        """As much can be had and no more; the frame table still adds up to the tree's RAM."""
        self.on_boards("memlimit=8M", self.limited)

    def strict(self, vm):
        output = vm.run("/tests/t_memory", 200, status=0)
        self.assertRegex(output, r"(?m)^ok \d+ - promises$")

    def test_overcommit(self):
        """What t_memory's test "promises" expects then."""
        self.on_boards("memlimit=24M overcommit_memory=2", self.strict)

    def swapping(self, name, **options):
        """What the kernel says of vmpolicy=name while a program writes twice what memory holds."""
        path = self.write("swap", bytes(32 << 20))
        with Machine(append="memlimit=8M vmpolicy=" + name, extra=quire_vm.disk_args(0, path), **options) as vm:
            vm.expect_prompt(60)
            for command in ("mkswap /dev/vda", "swapon /dev/vda", "hog 16M", "vmcheck", "swapoff /dev/vda"):
                vm.run(command, 120, status=0)
            vm.power_off()
            return re.findall(r"^vmpolicy=.*$", vm.text.replace("\r", ""), re.MULTILINE)

    def test_vmpolicy(self):
        """The kernel's list of policies is what it takes, and what documents say."""
        said, = self.swapping("nonsense")
        match = re.fullmatch("vmpolicy=nonsense: unknown: page-out goes by clock; there are (.*)", said)
        names = match.group(1).split()
        for name in names:
            with self.subTest(name):
                self.assertEqual(self.swapping(name, cpus=4), [])
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        with open(os.path.join(root, "docs", "BOARDS.md"), encoding="utf-8") as f:
            line, = re.findall(r"^\| `vmpolicy=NAME` \|.*$", f.read(), re.MULTILINE)
        self.assertEqual(re.findall("`([a-z]+)`", line), names)


if __name__ == "__main__":
    quire_vm.main()
