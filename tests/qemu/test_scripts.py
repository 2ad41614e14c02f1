# SPDX-License-Identifier: MIT
"""The scripts of tests/scripts print here what they printed on Debian's Linux (the kept answers of
tests/scripts/answers); what may be different stands in tests/scripts/differences.txt with its reason.
"""

import os

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

    def compare(self, words="", append="", **machine):
        """The places of differences.txt that were seen."""
        allowed, seen = linux_compare.read_differences(script_compare.HERE), set()
        found = linux_compare.run_quire(self.ramdisk, words, append, LIMIT, **machine)
        self.assertIn("vmcheck: ok", "\n".join(found.get("vmcheck", [])))
        kept = linux_compare.kept_answers(script_compare.HERE)
        kept.pop("vmcheck", None)
        wrong = linux_compare.compare(kept, script_compare.answers_of(found), allowed, seen)
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
