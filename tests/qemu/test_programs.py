# SPDX-License-Identifier: MIT
"""Real programs: threads, signals and a fork server with glibc and musl, static and dynamic
(tests/programs), lua, sqlite3 and bash. They print what they printed on Debian's Linux, with the memory
that they want, and with a quarter of that, a disk to swap to and a HAT that forgets.
"""

import os
import re
import tempfile

import linux_compare
import program_compare
import quire_vm
import script_compare
import test_busybox
from quire_vm import built

WANTED_KIB = 64 << 10  # with 48 MiB or less, pages go out
DISK_BYTES = 96 << 20


class Programs(quire_vm.TestCase):
    """One after the other."""

    @classmethod
    def setUpClass(cls):
        if not os.path.exists(built(test_busybox.IMAGE)):
            raise AssertionError("%s is missing: tools/setup.sh test makes it" % built(test_busybox.IMAGE))
        cls.folder = tempfile.TemporaryDirectory(prefix="quire-test-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.ramdisk = program_compare.build(cls.folder.name)

    def swapping(self, append, cpus):
        """Runs all with a disk to swap to; pages that went there."""
        disk = self.path("disk")
        with open(disk, "wb") as f:
            f.truncate(DISK_BYTES)
        found = linux_compare.run_quire(self.ramdisk, "limit=200 swap=/dev/vda", append, limit=280,
                                        cpus=cpus, extra=quire_vm.disk_args(0, disk))
        told = "\n".join(found.pop("vmcheck", []))
        self.assertIn("vmcheck: ok", told)
        wrong = linux_compare.compare(linux_compare.kept_answers(program_compare.HERE),
                                      script_compare.answers_of(found))
        if wrong:
            self.fail("Linux (-) and Quire (+) differ:\n%s" % "\n".join(wrong))
        return int(re.search(r"^pswpout (\d+)", told, re.MULTILINE).group(1))

    def wanted(self, cpus):
        """Next to nothing goes to the disk."""
        self.assertLess(self.swapping("memlimit=%dK" % WANTED_KIB, cpus), 100)

    def quarter(self, cpus):
        self.assertGreater(self.swapping("hat=chaos memlimit=%dK" % (WANTED_KIB // 4), cpus), 10000)


class Wanted(Programs):
    def test_one_cpu(self):
        self.wanted(1)

    def test_four_cpus(self):
        self.wanted(4)


class Quarter(Programs):
    def test_one_cpu(self):
        self.quarter(1)

    def test_four_cpus(self):
        self.quarter(4)


if __name__ == "__main__":
    quire_vm.main()
