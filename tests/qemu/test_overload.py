# SPDX-License-Identifier: MIT
"""A machine with 8 MiB and programs that use four times as much: what looking for pages costs, and
how soon the shell answers. Counted in instructions: with -icount shift=0 a nanosecond of the machine
is one, so that the load of the host does not matter but for the time that a disk takes.
"""

import re

import quire_vm
from test_swap import Swap

ICOUNT = ["-icount", "shift=0,sleep=on"]
LOOK_LIMIT = 100  # instructions a frame looked at
ANSWER_LIMIT = 1.0  # seconds of the machine's


class Scan(Swap):
    def test_looks(self):
        vm = self.boot_swapping(extra=ICOUNT, cpus=1)
        vm.run("hog 32M", 100, status=0)
        clock = self.numbers(vm, "/proc/quire/clock")
        self.assertGreater(clock["looks"], clock["scanned"])
        self.assertGreater(clock["scanned"], 2 * clock["frames"])
        mean = clock["look_ns"] / clock["looks"]
        print("%.1f instructions a look" % mean)
        self.assertGreater(mean, 10)  # it did measure something
        self.assertLess(mean, LOOK_LIMIT)
        self.assert_printed(vm, r"^ *\d+ +ns that a look takes$", vm.run("clock", 60, status=0))
        self.ends(vm)


class Answers(Swap):
    """Commands typed while memory is short: from the uptime before each to the uptime after it."""

    ROUNDS = 40 if quire_vm.SOAK else 4
    # How long each sleeps by itself: meanwhile all that the shell has may go.
    COMMANDS = {"echo x": 0, "ls /bin": 0, "sleep 1": 1, "cat /proc/meminfo": 0, "ps": 0}
    FULL = 20000  # kB in swap: all that does not fit, nearly

    def uptime(self, vm):
        return float(re.search(r"^(\d+\.\d\d) \d", vm.run("cat /proc/uptime", 100), re.MULTILINE).group(1))

    def overload(self, hogs):
        vm = self.boot_swapping(pages=32768, extra=ICOUNT, cpus=1, limit=3000 if quire_vm.SOAK else 280)
        vm.run(" ".join("load private %s 100000 7 &" % size for size in hogs), 60)
        for _ in range(1000):
            if self.used_kb(vm) > self.FULL:
                break
        last, worst = self.uptime(vm), (0, "")
        for _ in range(self.ROUNDS):
            for command, sleeps in self.COMMANDS.items():
                vm.run(command, 100)
                now = self.uptime(vm)
                worst, last = max(worst, (now - last - sleeps, command)), now
        print("the worst of %d answers: %.2f s, %s" % (self.ROUNDS * len(self.COMMANDS), *worst))
        self.assertGreater(self.used_kb(vm), self.FULL)
        self.assertLess(worst[0], ANSWER_LIMIT, worst)
        vm.close()

    def test_one(self):
        self.overload(["32M"])

    def test_several(self):
        self.overload(["16M", "16M", "16M"])


if __name__ == "__main__":
    quire_vm.main()
