# SPDX-License-Identifier: MIT
"""The scripts of tests/scripts print here what they printed on Debian's Linux (the kept answers of
tests/scripts/answers), with all memory, and with a quarter of what keeps them in it, a disk to swap to
and a HAT that forgets; what may be different stands in tests/scripts/differences.txt with its reason.
"""

import os
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor

import linux_compare
import quire_vm
import script_compare
from quire_vm import TestCase, built

LIMIT = 280  # seconds for a machine
DISK_BYTES = 96 << 20
QUARTER_KIB = 16 << 10  # with 48 MiB or less, pages go out


class Scripts(TestCase):
    def setUp(self):
        super().setUp()
        if not os.path.exists(built(script_compare.IMAGE)):
            self.fail("%s is missing: tools/setup.sh test makes it" % built(script_compare.IMAGE))
        self.ramdisk = script_compare.build(self.directory)

    def run_scripts(self, names):
        """What the scripts printed, and what the machine told at the end."""
        raise NotImplementedError

    def once(self, words, allowed, seen):
        """What is wrong with the scripts that are named in words: messages."""
        found = self.run_scripts(words)
        self.assertIn("vmcheck: ok", "\n".join(found.get("vmcheck", [])))
        kept = linux_compare.kept_answers(script_compare.HERE)
        kept = {name: lines for name, lines in kept.items() if name in words}
        return linux_compare.compare(kept, script_compare.answers_of(found), allowed, seen)

    def compare(self):
        """The places of differences.txt that were seen. Scripts sleep for others: so two machines have
        half of them each, and on a busy host one may be too early, and is run once more."""
        allowed, seen = linux_compare.read_differences(script_compare.HERE), set()
        names = sorted(linux_compare.kept_answers(script_compare.HERE))
        with ThreadPoolExecutor() as pool:
            halves = [pool.submit(self.once, names[half::2], allowed, seen) for half in (0, 1)]
        wrong = [message for half in halves for message in half.result()]
        if wrong:
            again = sorted({message.split(",")[0] for message in wrong})
            print("once more: %s\n%s" % (" ".join(again), "\n".join(wrong)))
            wrong = self.once(again, allowed, seen)
        if wrong:
            self.fail("Linux (-) and Quire (+) differ:\n%s" % "\n".join(wrong))
        return [allowed[key].key() for key in allowed if key not in seen]


class OneCpu(Scripts):
    def run_scripts(self, names):
        return linux_compare.run_quire(self.ramdisk, " ".join(names), limit=LIMIT, cpus=1)

    def test_all(self):
        gone = self.compare()
        self.assertFalse(gone, "differences.txt lists what is none: %s" % gone)


class Quarter(Scripts):
    """Four CPUs, every translation thrown away again and again, pages on a disk."""

    def run_scripts(self, names):
        disk = tempfile.NamedTemporaryFile(dir=self.directory)
        self.addCleanup(disk.close)
        disk.truncate(DISK_BYTES)
        found = linux_compare.run_quire(
            self.ramdisk, " ".join(["limit=200", "swap=/dev/vda", *names]),
            "hat=chaos memlimit=%dK" % QUARTER_KIB, limit=LIMIT, cpus=4,
            extra=quire_vm.disk_args(0, disk.name))
        self.out.append(int(re.search(r"^pswpout (\d+)", "\n".join(found["vmcheck"]), re.MULTILINE).group(1)))
        return found

    def test_all(self):
        self.out = []  # pages, of each machine
        self.compare()
        print("pages out: %s" % self.out)
        self.assertGreater(min(self.out[:2]), 1000)
        self.assertGreater(sum(self.out), 10000)


if __name__ == "__main__":
    quire_vm.main()
