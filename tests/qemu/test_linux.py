# SPDX-License-Identifier: MIT
"""The programs of tests/linux print the same here as on Debian's Linux, and random programs about
memory do, by seed; what may be different stands in tests/linux/differences.txt with its reason.
"""

import os
import random

import linux_compare
import quire_vm
from quire_vm import SOAK, TestCase

FIRST, COUNT = linux_compare.SEEDS
FRESH = 1000 if SOAK else 20
LIMIT = 9000 if SOAK else 280  # seconds for a machine


def fresh_seed():
    """The first of the seeds: QUIRE_SEED, in a soak by chance, else behind those that are kept."""
    by_chance = random.SystemRandom().randrange(1000, 1 << 30) if SOAK else FIRST + COUNT
    return int(os.environ.get("QUIRE_SEED") or by_chance)


class Compared(TestCase):
    def setUp(self):
        super().setUp()
        self.ramdisk = linux_compare.build(self.directory)

    def check(self, linux, ours, allowed=None, seen=None):
        self.assertIn("vmcheck: ok", "\n".join(ours.get("vmcheck", [])))
        wrong = linux_compare.compare(linux_compare.answers_of(linux), linux_compare.answers_of(ours),
                                      allowed, seen)
        if wrong:
            self.fail("Linux (-) and Quire (+) differ:\n%s\n(linux_compare.py seed N prints the steps of a "
                      "random program)" % "\n".join(wrong))


class Kept(Compared):
    """Against the answers that are kept with the tests."""

    def run_kept(self, append="", **machine):
        allowed, seen = linux_compare.read_differences(), set()
        ours = linux_compare.run_quire(self.ramdisk, "all random %d %d" % (FIRST, COUNT), append, LIMIT,
                                       **machine)
        self.check(linux_compare.kept_answers(), ours, allowed, seen)
        gone = [allowed[key] for key in allowed if key not in seen]
        self.assertFalse(gone, "differences.txt lists what is none: %s" % [d.key() for d in gone])

    def test_one_cpu(self):
        self.run_kept(cpus=1)

    def test_four_cpus(self):
        self.run_kept(cpus=4)

    def test_chaos(self):
        self.run_kept("hat=chaos", cpus=1)


class Live(Compared):
    """Against Linux beside us: what it says today of all, and seeds whose answers are not kept."""

    def test_linux(self):
        seed = fresh_seed()
        print("seeds from %d (QUIRE_SEED chooses them)" % seed)
        words = "random %d %d" % (seed, FRESH)
        linux = linux_compare.run_linux(self.ramdisk, "all " + words, LIMIT)
        allowed = linux_compare.read_differences()
        ours = linux_compare.run_quire(self.ramdisk, "all " + words, limit=LIMIT, cpus=1)
        self.check(linux, ours, allowed, set())
        for append, cpus in (("", 4), ("hat=chaos", 1)):
            with self.subTest(append=append, cpus=cpus):
                again = linux_compare.run_quire(self.ramdisk, words, append, LIMIT, cpus=cpus)
                self.check({"random": linux["random"]}, again)


if __name__ == "__main__":
    quire_vm.main()
