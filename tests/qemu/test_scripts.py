# SPDX-License-Identifier: MIT
"""The scripts of tests/scripts print here what they printed on Debian's Linux (the kept answers of
tests/scripts/answers); what may be different stands in tests/scripts/differences.txt with its reason.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import linux_compare
import quire_vm
import script_compare
from quire_vm import TestCase, built

LIMIT = 280  # seconds for a machine


class Scripts(TestCase):
    def setUp(self):
        super().setUp()
        if not os.path.exists(built(script_compare.IMAGE)):
            self.fail("%s is missing: tools/setup.sh test makes it" % built(script_compare.IMAGE))
        self.ramdisk = script_compare.build(self.directory)

    def once(self, words, allowed, seen, append, machine):
        """What is wrong with the scripts that are named in words: messages."""
        found = linux_compare.run_quire(self.ramdisk, " ".join(words), append, LIMIT, **machine)
        self.assertIn("vmcheck: ok", "\n".join(found.get("vmcheck", [])))
        kept = linux_compare.kept_answers(script_compare.HERE)
        kept = {name: lines for name, lines in kept.items() if name in words}
        return linux_compare.compare(kept, script_compare.answers_of(found), allowed, seen)

    def compare(self, append="", **machine):
        """The places of differences.txt that were seen. Scripts sleep for others: so two machines have
        half of them each, and on a busy host one may be too early, and is run once more."""
        allowed, seen = linux_compare.read_differences(script_compare.HERE), set()
        names = sorted(linux_compare.kept_answers(script_compare.HERE))
        with ThreadPoolExecutor() as pool:
            halves = [pool.submit(self.once, names[half::2], allowed, seen, append, machine) for half in (0, 1)]
        wrong = [message for half in halves for message in half.result()]
        if wrong:
            again = sorted({message.split(",")[0] for message in wrong})
            print("once more: %s\n%s" % (" ".join(again), "\n".join(wrong)))
            wrong = self.once(again, allowed, seen, append, machine)
        if wrong:
            self.fail("Linux (-) and Quire (+) differ:\n%s" % "\n".join(wrong))
        return [allowed[key].key() for key in allowed if key not in seen]


class OneCpu(Scripts):
    def test_all(self):
        gone = self.compare(cpus=1)
        self.assertFalse(gone, "differences.txt lists what is none: %s" % gone)


class Chaos(Scripts):
    """Four CPUs, every translation thrown away again and again."""

    def test_all(self):
        self.compare(append="hat=chaos", cpus=4)


if __name__ == "__main__":
    quire_vm.main()
