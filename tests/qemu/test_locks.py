# SPDX-License-Identifier: MIT
"""The debug kernel watches its locks: each way to use them wrongly, provoked by locktest=KIND, is a
panic that names the locks, their classes and where they were taken; right use, and everything that
the system does, is none. kdb shows what is held, lockstat counts.
"""

import re

import quire_vm
from quire_vm import Machine, TestCase

DEBUG = "debug/quire.img"
AT = r"%s\+0x[0-9a-f]+"
LOCK = r" 0x[0-9a-f]{8} "


def at(function):
    return AT % function


class Reports(TestCase):
    def reports(self, kind, message):
        append = "exit=semihosting locktest=" + kind
        with self.subTest(kind), Machine(kernel=DEBUG, append=append) as vm:
            self.assertEqual(vm.wait(60), 1)
            self.assertRegex(vm.text, r"(?m)^PANIC: " + message + "$")

    def test_order(self):
        both = at("take_both")
        self.reports("written-order",
                     "lock order: test A" + LOCK + "taken at " + both + " with test B" + LOCK +
                     "held since " + both + "; lock.h has test A before test B")
        self.reports("seen-order",
                     "lock order: test A" + LOCK + "taken at " + both + " with test C" + LOCK +
                     "held since " + both + "; before, test B at " + both + " with test A since " + both)
        self.reports("sleeping-order",
                     "lock order: as" + LOCK + "taken at " + at("sleeping_order") + " with object" +
                     LOCK + "held since " + at("sleeping_order") + "; .* before object")
        self.reports("busy-order",
                     "lock order: as" + LOCK + "taken at " + at("fill") + " with BUSY page" + LOCK +
                     "held since " + at("obj_get_now") + "; lock.h has as before BUSY page")

    def test_nesting(self):
        both = at("take_both")
        self.reports("same-class", "two locks of class test C: 0x[0-9a-f]+ taken at " + both +
                     " with 0x[0-9a-f]+ held since " + both)
        self.reports("same-lock", "test mutex" + LOCK + "taken again at " + at("same_lock") +
                     ", held since " + at("same_lock"))

    def test_sleep(self):
        for kind, place in (("sleep", "sleep_spinning"), ("yield", "preempt_point"),
                            ("schedule", "schedule"), ("leave", "sched_yield"),
                            ("copy", "(copy_from_user|get_user32)")):
            self.reports(kind + "-spinning", at(place) + " may sleep with test C" + LOCK +
                         "held since " + at(kind + "_spinning"))
        self.reports("sleep-in-interrupt", at("take_mutex") + " may sleep in an interrupt")

    def test_interrupts(self):
        for kind, irq, on in (("open-spin", "take_c", "take_c"), ("open-below", "take_both", "take_c")):
            self.reports(kind, "test C" + LOCK.rstrip() + ": interrupts take it, or one above it, at " +
                         at(irq) + ", and it is taken with interrupts on at " + at(on))

    def test_giving(self):
        self.reports("give-spin", "test C" + LOCK + "given back at " + at("give_spin") +
                     " by who does not hold it")
        self.reports("give-mutex", "test mutex" + LOCK + "given back at " + at("give_mutex") +
                     " by who does not hold it")
        self.reports("end-holding", "a thread leaves the kernel or ends, at " + at("thread_exit") +
                     ", with test mutex" + LOCK + "held since " + at("lock_and_end"))
        self.reports("no-class", "lock 0x[0-9a-f]+, taken at " + at("no_class") + ", has no class")

    def test_fault(self):
        """A fault with the log's lock held is told as any other."""
        self.reports("fault-locked", "kernel write to 00001000, fault status [0-9a-f]+")

    def test_return(self):
        """A system call that keeps a lock is told when it returns, not when the program faults."""
        append = "exit=semihosting bug=lock_kept -- /bin/cat /init"
        with Machine(kernel="lint/plain.img", append=append) as vm:
            self.assertEqual(vm.wait(60), 1)
            self.assertRegex(vm.text, "(?m)^PANIC: a thread leaves the kernel or ends, at " +
                             at("ret_to_user") + ", with open file" + LOCK + "held since " +
                             at("(?:at_position|file_read)") + "$") # as it was inlined

    def test_no_such_kind(self):
        """Who mistypes a kind is told, and not that a wrong use went unseen."""
        with Machine(kernel=DEBUG, append="exit=semihosting locktest=seen-ordre -- /bin/true") as vm:
            self.assertEqual(vm.wait(60), 0)
            self.assertIn("locktest=seen-ordre: no such kind", vm.text)
            self.assertNotIn("nothing happened", vm.text)

    def test_right(self):
        with Machine(kernel=DEBUG, append="locktest=right") as vm:
            vm.expect(r"^locktest: nothing happened$", 60)
            vm.expect_prompt(60)
            vm.power_off()

    def test_kdb(self):
        """What a thread and its CPU hold, and since where."""
        with Machine(kernel=DEBUG, append="locktest=show") as vm:
            vm.expect(r"^kdb> ", 60)
            vm.send("locks\r")
            vm.expect(r"^cpu 0 spinning locks\n    test C 0x[0-9a-f]+ since " + at("hold_both") + "$")
            vm.expect(r"^    test mutex 0x[0-9a-f]+ since " + at("hold_both") + "$")
            vm.send("c\r")
            vm.expect_prompt(60)
            vm.power_off()


ROW = re.compile(r"^(\w[\w, ]*\w) +(\d+) +(\d+) +\d+\.\d+ +(\d+) +(\d+) +(\d+) +(\d+)$", re.MULTILINE)


class Statistics(TestCase):
    def test_lockstat(self):
        """A command's own locks: what forks takes the process lock, what does not doesn't."""
        with Machine(kernel=DEBUG, cpus=4) as vm:
            vm.expect_prompt(60)
            rows = {row[0]: [int(n) for n in row[1:]] for row in ROW.findall(vm.run("lockstat"))}
            self.assertTrue({"as", "process", "run queue", "node", "free list"} <= set(rows), rows)
            little = dict((row[0], int(row[1])) for row in ROW.findall(vm.run("lockstat true")))
            much = dict((row[0], int(row[1])) for row in ROW.findall(vm.run("lockstat forktree 3 4")))
            self.assertTrue(ROW.search(vm.run("lockstat spawn none", status=127)))
            self.assertFalse(ROW.search(vm.run("lockstat none", status=127)))
            self.assertLess(little["process, shared"] * 10, much["process, shared"], (little, much))
            for name, (taken, contended, stalled, wait, longest, _) in rows.items():
                self.assertLessEqual(contended, taken, name)
                self.assertLessEqual(stalled, contended, name)
                self.assertLessEqual(longest, wait + 1, name)
            vm.power_off()

    def test_production(self):
        with Machine() as vm:
            vm.expect_prompt(60)
            self.assertIn("this kernel was built without it", vm.run("lockstat", status=1))
            vm.power_off()


KSTORM = re.compile(r"^kstorm: \d+ steps of (\d+) threads, (\d+) killed, (\d+) wrong$", re.MULTILINE)


class Storm(TestCase):
    """Processes and kernel threads, all they do at once on four CPUs, watched."""

    def storms(self, append, steps):
        with Machine(kernel=DEBUG, append=append, cpus=4, limit=100) as vm:
            vm.expect_prompt(60)
            for _ in range(3):  # past number 512, behind which there is a second table
                vm.run("cat /proc/kstorm", 60, status=0)
            before = vm.frames_settled()
            vm.run("/tests/t_storm 1 %d" % steps, 60, status=0)
            text = vm.run("cat /proc/kstorm", 60)  # counts since the start
            match = KSTORM.search(text)
            self.assertTrue(match, text)
            threads, killed, wrong = map(int, match.groups())
            self.assertTrue(threads > 500 and killed > 100 and wrong == 0, text)
            self.assertEqual(vm.frames_settled(), before)
            vm.power_off()

    def test_storm(self):
        self.storms("", 30)

    def test_chaos(self):
        self.storms("hat=chaos", 15)


if __name__ == "__main__":
    quire_vm.main()
