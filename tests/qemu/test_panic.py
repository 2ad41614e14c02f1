# SPDX-License-Identifier: MIT
"""What a bug in the kernel looks like: panictest on the command line provokes one once process 1 has
run. Message, registers, backtrace and trace must come, the names in the backtrace be those of
quire.elf, and the machine then stops, or ends as the command line says.
"""

import bisect
import re
import subprocess

import quire_vm
from quire_vm import Machine, TestCase, built

FRAME = re.compile(r"^  ([0-9a-f]{8}) (\S+)\+0x([0-9a-f]+)$", re.MULTILINE)
TRACE = re.compile(r"^ +(\d+) cpu\d +\d+ (\w+)[ a-z]*( [0-9a-f]{8}){2}$", re.MULTILINE)


def functions():
    """{address: names} of the kernel's text."""
    out = subprocess.run(["arm-none-eabi-nm", built("quire.elf")], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    found = {}
    for address, name in re.findall(r"^([0-9a-f]{8}) [tTwW] ([^$\s]+)$", out, re.MULTILINE):
        found.setdefault(int(address, 16), set()).add(name)
    return found


class Panic(TestCase):
    def panics(self, append, status, message, cpus=1):
        with Machine(append=append, cpus=cpus) as vm:
            self.assertEqual(vm.wait(60), status)
            vm.position = 0
            vm.expect(r"^PANIC: " + message, 1)
            vm.expect(r"^cpu 0, thread \d+, \d+ ms after start$", 1)
            start = vm.expect(r"^backtrace:\n", 1).end()
            self.backtrace(vm, vm.text[start:].split("trace (")[0])
            return vm.text

    def backtrace(self, vm, text):
        """Each line has the function whose code the address is in."""
        known, frames = functions(), FRAME.findall(text)
        starts = sorted(known)
        names = [name for _, name, _ in frames]
        self.assertEqual(len(frames), len(text.strip().splitlines()), text)
        self.assertTrue({"kernel_main", "arch_boot"} <= set(names), names)
        for pc, name, offset in frames:
            start = int(pc, 16) - int(offset, 16)
            self.assertIn(name, known.get(start, ()), "not in quire.elf: %s %s" % (pc, name))
            after = starts[bisect.bisect_right(starts, start):]
            self.assertTrue(not after or int(pc, 16) <= after[0], "not inside: %s %s" % (pc, name))

    def traced(self, text):
        """The last records, in order of time, of all CPUs."""
        events = TRACE.findall(text)
        self.assertTrue({"fault", "switch", "call"} <= {event[1] for event in events}, events)
        times = [int(event[0]) for event in events]
        self.assertEqual(times, sorted(times))

    def registers(self, text):
        registers = dict(re.findall(r"\b(r\d+|sp|lr|pc|cpsr) +([0-9a-f]{8})\b", text))
        self.assertEqual(len(registers), 17, registers)
        return registers

    def test_panic(self):
        text = self.panics("panictest trace=1 exit=semihosting", 1, "panictest is on the command line$")
        self.traced(text)
        self.assertEqual(int(self.registers(text)["cpsr"], 16) & 0x9f, 0x93)  # SVC, no interrupts

    def test_cores(self):
        text = self.panics("panictest trace=fault,syscall,switch,irq exit=semihosting", 1,
                           "panictest", cpus=4)
        self.traced(text)

    def test_trap(self):
        """A wild write shows the registers, too, and where it was."""
        text = self.panics("panictest=trap trace=1 exit=semihosting", 1,
                           "kernel write to 4ff00000, fault status [0-9a-f]+$")
        self.traced(text)
        registers = self.registers(text)
        first = FRAME.search(text)
        self.assertEqual(first.group(1), registers["pc"])

    def test_protection(self):
        """The kernel's own memory permits what it must and no more."""
        kinds = {
            "text": r"kernel write to 5001[0-9a-f]{4}, fault status 80f$",
            "rodata": r"kernel write to 500[0-9a-f]{5}, fault status 80f$",
            "run-rodata": r"kernel jumped to 500[0-9a-f]{5}, fault status 00f$",
            "run-data": r"kernel jumped to 500[0-9a-f]{5}, fault status 00f$",
            "run-frame": r"kernel jumped to 5[0-9a-f]{7}, fault status 00d$",
            "stack": r"kernel stack overflow of thread \d+ at pc 500[0-9a-f]{5}$",
        }
        for board in ("virt", "raspi2b"):
            for kind, message in kinds.items():
                append = "exit=semihosting panictest=" + kind
                with self.subTest(kind, board=board), Machine(board=board, append=append) as vm:
                    self.assertEqual(vm.wait(60), 1)
                    self.assertRegex(vm.text, "(?m)^PANIC: " + message)

    def test_watchdog(self):
        """A core that keeps its interrupts off is named by another, and the system goes on."""
        with Machine(append="panictest=stuck", cpus=2) as vm:
            vm.expect_prompt(60)
            vm.expect(r"^watchdog: cpu 1 has had its interrupts off for 5 s, in thread \d+$", 60)
            vm.expect(r"^watchdog: cpu 1 is back$", 60)
            vm.send("\r")
            vm.expect_prompt()
            vm.run("vmcheck -q", status=0)
            vm.power_off()

    def test_power_off(self):
        text = self.panics("panictest panic=poweroff", 0, "panictest")
        self.assertNotIn("Stopped.", text)

    def test_stop(self):
        for board in ("virt", "raspi2b"):
            with self.subTest(board), Machine(board=board, append="panictest") as vm:
                vm.expect(r"^PANIC: panictest", 60)
                vm.expect(r"^Stopped\.$")
                self.assertIsNone(vm.process.poll())


if __name__ == "__main__":
    quire_vm.main()
