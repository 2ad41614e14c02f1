# SPDX-License-Identifier: MIT
"""System calls by chance from several processes and threads (tests/user/fuzz.c): nothing breaks, nothing
is lost, and no call tells an address of the kernel's or what was somebody else's memory.
"""

import quire_vm
from quire_vm import SOAK, TestCase, run_user_tests


class Fuzz(TestCase):
    kernel = {}

    def fuzz(self, append="", **machine):
        run_user_tests("/tests/fuzz", append, 30000 if SOAK else 250, cpus=4, **self.kernel, **machine)

    def test_plain(self):
        self.fuzz()

    def test_chaos(self):
        self.fuzz("hat=chaos memlimit=24M", cpu="cortex-a7")


class FuzzDebug(Fuzz):
    """With the kernel that checks itself."""

    kernel = dict(kernel="debug/quire.img")


if __name__ == "__main__":
    quire_vm.main()
