# SPDX-License-Identifier: MIT
"""Page-table nodes that page-out takes, and programs that it takes whole: with page tables that are
larger than memory, and under hogs that leave page-out no rest.
"""

import quire_vm
from test_swap import Swap

PROCESSES, NODES = 24, 90  # two pages and a node each: 6,480 frames, of some 2,000
HOGS, HOG_MB, ROUNDS = 5, 30, 5  # a round takes seconds; one may leave page-out a rest
SLEEPERS, SLEEPER_NODES, SLEEP_S = 3, 20, 10


class Nodes(Swap):
    def clock(self, vm):
        return self.numbers(vm, "/proc/quire/clock")

    def test_sparse(self):
        """With all nodes in memory the programs would not fit, with as many frames as there are."""
        vm = self.boot_swapping()
        frames = self.clock(vm)["frames"]
        self.assertGreater(PROCESSES * NODES, frames / 2)
        self.assertGreater(PROCESSES * NODES * 3, 1.5 * frames)
        out = vm.run("sparse %d %d 5" % (PROCESSES, NODES), 100, status=0)
        self.assert_printed(vm, r"^sparse: %d processes sleep$" % PROCESSES, out)
        self.assert_printed(vm, r"^sparse: 0 of %d processes wrong$" % PROCESSES, out)
        self.assertGreater(self.clock(vm)["nodes"], PROCESSES * NODES)
        self.assertLess(len(self.anon(self.map_of(vm))), 50)
        self.ends(vm)

    def test_whole(self):
        """Who sleeps while others want all of memory goes with its page table, and comes back."""
        vm = self.boot_swapping(65536)
        vm.send("sparse %d %d %d &\r" % (SLEEPERS, SLEEPER_NODES, SLEEP_S))
        vm.expect(r"sparse: %d processes sleep$" % SLEEPERS, 30)
        vm.send("\r")
        vm.expect_prompt()
        self.assertEqual(self.clock(vm)["sleepers"], 0)
        rounds = 0
        while self.clock(vm)["sleepers"] == 0 and rounds < ROUNDS:
            rounds += 1
            vm.run("hog %dM & " % HOG_MB * (HOGS - 1) + "hog %dM" % HOG_MB, 100)
        vm.run("wait", 100)
        self.assertEqual(vm.text.count("hog: %d kB written and read, 0 words wrong" % (HOG_MB << 10)),
                         HOGS * rounds)
        self.assertGreater(self.clock(vm)["sleepers"], 0)
        self.assert_printed(vm, r"sparse: 0 of %d processes wrong$" % SLEEPERS, vm.text)
        self.ends(vm)


if __name__ == "__main__":
    quire_vm.main()
