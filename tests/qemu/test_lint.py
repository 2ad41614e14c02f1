# SPDX-License-Identifier: MIT
"""Hardware lint (docs/DEBUGGING.md): finds what it should, and nothing in the kernel as it is.

Of the preset lint, quire.img has hardware lint and plain.img has not; both have the bugs of
kern/bugs.h, chosen by bug=NAME. BUGS says by what lint must name each; the other kernel must run the
same program as if nothing were wrong.
"""

import unittest

import quire_vm
import test_session
from quire_vm import Machine, SOAK, TestCase, run_user_tests

LINT, PLAIN = "lint/quire.img", "lint/plain.img"
VIRT, PI = dict(), dict(board="raspi2b")

PAGE = r"[0-9a-f]{8} -> frame [0-9a-f]+ "
BY = r"\+0x[0-9a-f]+ \(thread \d+, cpu %d\)"
ANY_BY = r"\+0x[0-9a-f]+ \(thread \d+, cpu \d\)"

# bug: (case of /tests/mmu, CPUs, what lint says)
BUGS = {
    "tlb_unmap": ("unmap", 1, "stale TLB entry: " + PAGE + r"rw- of ASID \d+ may be used by cpu 0 when "
                  r"the frame is freed; changed by hat_unload" + BY % 0 + "; not invalidated"),
    "tlb_protect": ("protect", 1, "stale TLB entry: " + PAGE + r"rw- of ASID \d+ may be used by cpu 0 "
                    r"at the return to user mode; changed by hat_readonly" + BY % 0 +
                    "; not invalidated"),
    "tlb_other_cpu": ("other_core", 2, "stale TLB entry: " + PAGE + r"r[-w]- of ASID \d+ may be used by "
                      r"cpu [01] at the switch to its space; changed by hat_(un)?load" + ANY_BY +
                      "; invalidated, but not there"),  # the first that moves to another core
    "tlb_wrong_asid": ("unmap", 1, "stale TLB entry: " + PAGE + r"r-- of ASID \d+ may be used by cpu 0 "
                       r"at the return to user mode; changed by hat_load" + BY % 0 +
                       "; invalidated for another ASID"),
    "tlb_walk": ("spaces", 1, "break before make: " + PAGE + r"a table of ASID \d+ may be used by cpu "
                 r"0 when the entry is valid again; changed by hat_replace" + BY % 0 +
                 "; not invalidated"),
    "tlb_kernel": ("processes", 1, "stale TLB entry: 4[0-9a-f]{7} -> frame [0-9a-f]+ rw- of the kernel "
                   r"may be used by cpu 0 when the frame is freed; changed by \w+" + BY % 0 +
                   "; not invalidated"),
    "asid_reuse": ("spaces", 1, r"ASID reuse: ASID \d+ gets the table in frame [0-9a-f]+ on cpu 0, "
                   "which has not forgotten the translations of the table that had it before"),
    "icache_write": ("write_code", 1, "icache: " + PAGE + r"made executable by hat_load\+0x[0-9a-f]+ "
                     r"on cpu 0 \(ASID \d+\): written since"),
    "icache_copy": ("copy_text", 1, "icache: " + PAGE + r"made executable by hat_load\+0x[0-9a-f]+ "
                    r"on cpu 0 \(ASID \d+\): written since"),
    "icache_local": ("write_code", 2, "icache: " + PAGE + r"made executable by hat_load\+0x[0-9a-f]+ "
                     r"on cpu \d \(ASID \d+\): written since all instruction caches"),
    "make_before_break": ("replace", 1, "break before make: " + PAGE + r"r-- of ASID \d+ may be used "
                          r"by cpu 0 beside the new one; changed by hat_enter" + BY % 0),
    "use_before_dsb": ("replace", 1, r"barrier: no DSB between the store of the entry of [0-9a-f]{8} "
                       r"by hat_enter\+0x[0-9a-f]+ and the .* on cpu 0"),
    "tlbi_before_dsb": ("unmap", 1, "stale TLB entry: " + PAGE + r"rw- of ASID \d+ may be used by cpu "
                        r"0 when the frame is freed; changed by hat_unload" + BY % 0 +
                        "; invalidated before a DSB made the change visible"),
    "tlbi_without_dsb": ("unmap", 1, "stale TLB entry: " + PAGE + r"rw- of ASID \d+ may be used by cpu "
                         r"0 when the frame is freed; changed by hat_unload" + BY % 0 +
                         "; no DSB has waited for its invalidation"),
    "switch_order": ("spaces", 1, r"switch: ASID \d+ replaces \d+ on cpu 0 while TTBR0 shows that "
                     "one's table"),
    "user_pointer": ("user_pointer", 1, "user pointer: the kernel reads from [0-9a-f]{8} outside "
                     "copy_from_user and its kin"),
}


def ends(kernel, bug, case, cpus):
    """The machine that ran one case of /tests/mmu as process 1, and its status."""
    append = "exit=semihosting bug=%s -- /tests/mmu %s" % (bug, case)
    with Machine(kernel=kernel, append=append, cpus=cpus, limit=120) as vm:
        status = vm.wait(120)
        vm.position = 0
        vm.expect("^bug on purpose: %s$" % bug, 1)
        return vm, status


class Bugs(TestCase):
    def test_lint_names_each(self):
        for bug, (case, cpus, words) in BUGS.items():
            with self.subTest(bug):
                vm, status = ends(LINT, bug, case, cpus)
                vm.expect("^PANIC: lint: " + words, 1)
                self.assertEqual(status, 1)

    def test_plain_is_quiet(self):
        for bug, (case, cpus, _) in BUGS.items():
            with self.subTest(bug):
                vm, status = ends(PLAIN, bug, case, cpus)
                vm.expect("^mmu %s: fine$" % case, 1)
                self.assertEqual(status, 0)
                self.assertNotIn("PANIC", vm.text)

    def test_quiet_without_a_bug(self):
        for case, cpus in sorted({(case, cpus) for case, cpus, _ in BUGS.values()}):
            with self.subTest(case, cpus=cpus):
                vm, status = ends(LINT, "none", case, cpus)
                vm.expect("^mmu %s: fine$" % case, 1)
                self.assertEqual(status, 0)

    def test_no_such_bug(self):
        """Who mistypes a bug is told, and not that a right kernel was asked for."""
        with Machine(kernel=LINT, append="exit=semihosting bug=tlb_unmapp -- /bin/true", limit=120) as vm:
            self.assertEqual(vm.wait(120), 0)
            self.assertIn("bug=tlb_unmapp: no such bug", vm.text)
            self.assertNotIn("bug on purpose", vm.text)


class CleanTests(TestCase):
    """The user tests, without a look at the clock: lint makes all slower, by how much depends."""

    def run_tests(self, board, cpus, append, tests):
        vm = run_user_tests("untimed " + tests, append, 9000 if SOAK else 900,
                            kernel=LINT, cpus=cpus, **board)
        self.assertRegex(vm.text, "(?m)^hardware lint is on$")
        self.assertNotIn("it will not follow all", vm.text)


class Clean(CleanTests):
    """On each machine, with --soak all of them; else, since that takes minutes, those that change
    memory most, and one CPU without chaos not at all: CleanAll has more of that."""

    few = "" if SOAK else "t_cycle t_exec t_fork t_mmap t_storm"
    more = "" if SOAK else few + " t_crash t_file t_system t_wait"

    def test_virt_4cpus(self):
        self.run_tests(VIRT, 4, "", self.more)

    @unittest.skipUnless(SOAK, "a soak's")
    def test_virt(self):
        self.run_tests(VIRT, 1, "", self.few)

    def test_virt_chaos(self):
        self.run_tests(VIRT, 1, "hat=chaos", self.few)

    def test_virt_4cpus_chaos(self):
        self.run_tests(VIRT, 4, "hat=chaos", self.few)

    @unittest.skipUnless(SOAK, "a soak's")
    def test_raspi2b(self):
        self.run_tests(PI, 1, "", self.few)

    def test_raspi2b_4cpus_chaos(self):
        self.run_tests(PI, 4, "hat=chaos", self.few)


class CleanAll(CleanTests):
    """All on virt with two CPUs: t_memory, which takes as long as there is memory to fill, alone; the
    rest, but for a soak, without those that keep a slow machine busiest or map next to nothing."""

    without = "t_memory" if SOAK else ("t_memory t_regress t_timer t_files t_files_data t_files_lock "
                                       "t_files_storm t_poll t_procfs t_users")

    def test_memory(self):
        self.run_tests(dict(memory="64M"), 2, "", "t_memory")

    def test_rest(self):
        self.run_tests(VIRT, 2, "", "except " + self.without)


class LintSession(test_session.Session):
    """The sample session of the README."""

    board = dict(kernel=LINT)


class LintSessionRaspi2b(test_session.Session):
    board = dict(kernel=LINT, board="raspi2b", cpus=4, append="hat=chaos")


if __name__ == "__main__":
    quire_vm.main()
