# SPDX-License-Identifier: MIT
"""The kernel gives way: what it does in one go between two preempt_point() has a bound. Counted in
instructions: with -icount shift=0 a nanosecond of the machine is one.
"""

import re

import quire_vm
from quire_vm import Machine, TestCase

# A preempt_point at least every 50,000 instructions; a tenth for the way to it and back.
LIMIT = 55000


class Latency(TestCase):
    def longest(self):
        with Machine(extra=["-icount", "shift=0,sleep=off"], cpus=1, limit=140) as vm:
            vm.expect_prompt(60)
            vm.run("/tests/latency", 100, status=0)
            output = vm.run("vmstat -s", 30)
            return int(re.search(r"^resched_longest_ns\s+(\d+)$", output, re.MULTILINE).group(1))

    def test_bound(self):
        longest = self.longest()
        self.assertGreater(longest, 1000)  # it did measure something
        self.assertLess(longest, LIMIT)


if __name__ == "__main__":
    quire_vm.main()
