# SPDX-License-Identifier: MIT
"""The debugger on the UART, as someone who debugs uses it: called by the program kdb, by a BREAK on
the line and by a panic. From a frame number to its process, backtraces with names, memory that is
not there; and the machine goes on as if nothing had been.
"""

import re
import socket
import time

import quire_vm
from quire_vm import Machine, TestCase

KDB = r"^kdb> "


class KdbCase(TestCase):
    board, cpus = "virt", 1

    def machine(self, append="trace=1"):
        self.monitor = self.path("monitor")
        return Machine(board=self.board, append=append, cpus=self.cpus,
                       extra=["-monitor", "unix:%s,server=on,wait=off" % self.monitor])

    def send_break(self):
        """What the other end of the line does; returns once QEMU has done it."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(self.monitor)
            said = b""
            s.sendall(b"chardev-send-break uart\n")
            while said.count(b"(qemu)") < 2:
                said += s.recv(4096)

    def entered(self, vm):
        """A BREAK; what kdb says of it."""
        self.send_break()
        start = vm.expect(r"^kdb: BREAK on cpu", 60).start()
        end = vm.expect(KDB, 60).start()
        return vm.text[start:end]

    def ask(self, vm, command):
        """What a command of kdb prints."""
        vm.send(command + "\r")
        vm.expect(r"\n")
        start = vm.position
        end = vm.expect(KDB, 60).start()
        return vm.text[start:end]

    def call(self, vm):
        vm.send("kdb\r")
        vm.expect(r"^kdb: called on cpu \d+, thread \d+;", 60)
        vm.expect(KDB, 60)

    def resume(self, vm):
        """Until kdb has taken the command: a BREAK that comes before would be lost on it."""
        vm.send("c\r")
        vm.expect(r"c\n")

    def pid_of(self, vm, name):
        match = re.search(r"^ *\d+ +(\d+) +\d+ . +\S+ +\d+ %s +" % re.escape(name),
                          self.ask(vm, "ps"), re.MULTILINE)
        if not match:
            vm.fail("no process " + name)
        return int(match.group(1))

    def frame_leads_to(self, vm, pid, name, address, kind):
        """pt gives the frame of an address; frame gives the process of that frame, and the address."""
        entry = self.ask(vm, "pt %d %x" % (pid, address))
        match = re.search(r"^%08x resident frame ([0-9a-f]+)\b.*; hardware r" % address, entry,
                          re.MULTILINE)
        if not match:
            vm.fail("no frame at %x: %s" % (address, entry))
        frame = self.ask(vm, "frame " + match.group(1))
        self.assertRegex(frame, r"(?m)^frame %s at \S+: %s, owner \S+, users \d" % (
            match.group(1), kind))
        self.assertRegex(frame, r"(?m)^  process %d, %s: %08x resident frame %s" % (
            pid, name, address, match.group(1)))

    def stack_page(self, vm, pid):
        """The highest page of the process's stack."""
        pmap = self.ask(vm, "pmap %d" % pid)
        match = re.search(r"^[0-9a-f]{8}-([0-9a-f]{8}) rw- .*\[stack\] resident [1-9]", pmap,
                          re.MULTILINE)
        if not match:
            vm.fail("no stack: " + pmap)
        return int(match.group(1), 16) - 4096


class Kdb(KdbCase):
    def test_called(self):
        with self.machine() as vm:
            vm.expect_prompt(120)
            vm.run("spawn spin", 60)
            used = vm.frames_settled()
            self.call(vm)
            self.assertEqual(self.ask(vm, "cpu").count("\n"), self.cpus)
            pid = self.pid_of(vm, "spin")
            self.frame_leads_to(vm, pid, "spin", 0x10000, "file")
            self.frame_leads_to(vm, pid, "spin", self.stack_page(vm, pid), "anon")
            self.assertRegex(self.ask(vm, "bt"), r"kdb_write\S*\n(?s:.*)sys_write\S*\n(?s:.*)user pc")
            self.assertRegex(self.ask(vm, "bt 1"), r"(?s)process 1, init\n.*sys_wait4\+.*user pc 000")
            self.assertRegex(self.ask(vm, "ps"), r"(?m)^ +1 +1 +0 S +- +0 init +proc_wait$")
            self.assertEqual(len(re.findall(r"\b(?:r\d+|sp|lr|pc|cpsr) +[0-9a-f]{8}\b",
                                            self.ask(vm, "r"))), 17)
            self.assertRegex(self.ask(vm, "trace 4"), r"^( *\d+ cpu\d +\d+ \w+ +\S.*\n){4}$")
            self.assertRegex(self.ask(vm, "help"), r"(?m)^frame +PFN ")
            self.resume(vm)
            vm.expect_prompt()
            # With several CPUs a frame more or less: who ended last, and where, is chance.
            self.assertEqual(vm.frames_used(), used)
            vm.power_off()

    def test_bad_input(self):
        """An address where nothing is, in the command or in what it finds, is an error and no panic;
        so are words that mean nothing."""
        with self.machine() as vm:
            vm.expect_prompt(120)
            self.call(vm)
            for command, answer in (("m 0", "kernel read from 00000000"),
                                    ("m 4ff00000", "kernel read from 4ff00000"),
                                    ("w 50010000 0", "kernel write to 50010000"),
                                    ("bt 77", "no thread 77"), ("bt cpu 7", "no cpu 7"),
                                    ("pmap 77", "no process 77"), ("pmap", "usage: pmap PID"),
                                    ("frame fffff", "frames are"), ("frame xyz", "not a number"),
                                    ("pt 1 50000000", "not a program's"), ("nothing", "unknown")):
                self.assertIn(answer, self.ask(vm, command))
            self.assertRegex(self.ask(vm, "m 50010000 4"), r"^50010000:( [0-9a-f]{8}){4}\n$")
            self.resume(vm)
            vm.expect_prompt()
            self.assertNotIn("PANIC", vm.text)
            self.assertEqual(vm.run("echo on"), "on\n")

    def test_write(self):
        """A word that is written is there: in a page of init's stack."""
        with self.machine() as vm:
            vm.expect_prompt(120)
            self.call(vm)
            page = self.stack_page(vm, 1)
            frame = re.search(r"resident frame ([0-9a-f]+)", self.ask(vm, "pt 1 %x" % page)).group(1)
            at = re.search(r" at 0x([0-9a-f]+):", self.ask(vm, "frame " + frame)).group(1)
            before = self.ask(vm, "m %s 1" % at)
            word = before.split()[1]
            self.assertEqual(self.ask(vm, "w %s 12345678" % at), "%s: 12345678, was %s\n" % (at, word))
            self.assertEqual(self.ask(vm, "m %s 1" % at), "%s: 12345678\n" % at)
            self.ask(vm, "w %s %s" % (at, word))
            self.resume(vm)
            vm.expect_prompt()

    def test_break(self):
        """In the middle of a line that somebody types, with a program running."""
        with self.machine() as vm:
            vm.expect_prompt(120)
            vm.run("spawn spin", 60)
            for _ in range(3):
                vm.send("echo one tw")
                vm.expect("echo one tw")
                self.send_break()
                vm.expect(r"^kdb: BREAK on cpu 0, ", 60)
                vm.expect(KDB)
                self.assertRegex(self.ask(vm, "cpu"), r"(?m)^cpu 0 here .* (spin|sh|\[idle\]) ")
                self.assertRegex(self.ask(vm, "bt"), "user pc|sched_idle")
                vm.send("c\ro\r")
                vm.expect(r"^one two$")
                vm.expect_prompt()
            vm.run("vmcheck -q", 120, status=0)
            vm.power_off()

    def test_break_while_busy(self):
        """Programs that fork, fault and print while the line breaks: they all end as they should."""
        with self.machine() as vm:
            vm.expect_prompt(120)
            vm.send("forktree 6 3\r")
            vm.expect(r"forktree 6 3\n")
            for _ in range(5):
                self.send_break()
                vm.expect(r"kdb: BREAK on cpu", 60)
                vm.expect(KDB, 60)
                self.ask(vm, "ps")
                self.ask(vm, "locks")
                self.resume(vm)
            vm.expect_prompt(120)
            self.assertEqual(vm.status(), 0)
            vm.run("vmcheck -q", 120, status=0)

    def test_panic(self):
        with self.machine("panictest=trap trace=1") as vm:
            vm.expect(r"^PANIC: kernel write to 4ff00000", 120)
            vm.expect(r"^Stopped\.$")
            vm.expect(r"^kdb: panic on cpu 0, thread 0;")
            vm.expect(KDB)
            self.assertRegex(self.ask(vm, "bt"), r"(?s)write_nowhere\+.*arch_boot\+")
            self.assertIn(" init ", self.ask(vm, "ps"))
            self.frame_leads_to(vm, 1, "init", self.stack_page(vm, 1), "anon")
            self.assertIn("kernel read from 00000000", self.ask(vm, "m 0"))
            self.assertRegex(self.ask(vm, "trace 200"), r"(?m) exec +\S{8} \S{8}$")
            self.assertIn("not after a panic", self.ask(vm, "c"))
            vm.send("poweroff\r")
            self.assertEqual(vm.wait(), 0)

    def test_off(self):
        """kdb=0: a panic ends in `Stopped.`; nobody else gets in."""
        with self.machine("kdb=0 panictest") as vm:
            vm.expect(r"^Stopped\.$", 120)
            vm.send("help\r")
            with self.assertRaises(quire_vm.VmError):
                vm.expect("kdb|help", 2)
        with self.machine("kdb=0") as vm:
            vm.expect_prompt(120)
            self.assertIn("kdb=0", vm.run("kdb", status=1))
            self.send_break()
            self.assertEqual(vm.run("echo on"), "on\n")


class KdbSmp(Kdb):
    cpus = 4

    def test_cpus(self):
        """Each CPU is looked at where it was: one runs a program, the others wait."""
        with self.machine() as vm:
            vm.expect_prompt(120)
            vm.run("spawn spin", 60)
            for _ in range(5): # on a busy host the CPU that is to take it may not have come to that
                self.call(vm)
                cpus = self.ask(vm, "cpu")
                self.assertEqual(len(re.findall(r"(?m)^cpu \d (?:here|paused) ", cpus)), 4, cpus)
                busy = re.search(r"(?m)^cpu (\d) paused thread +\d+ spin +000[0-9a-f]{5}$", cpus)
                if busy:
                    break
                self.resume(vm)
                vm.expect_prompt(60)
                time.sleep(0.3)
            idle = re.search(r"(?m)^cpu (\d) paused thread +0 \[idle\] .*sched_idle", cpus)
            self.assertTrue(busy and idle, cpus)
            self.assertRegex(self.ask(vm, "bt cpu " + busy.group(1)), r"spin\n  user pc 000")
            self.assertIn("arch_cpu_main", self.ask(vm, "bt cpu " + idle.group(1))
                          if idle.group(1) != "0" else "arch_cpu_main")
            self.assertRegex(self.ask(vm, "r cpu " + busy.group(1)), "cpsr [0-9a-f]{6}[13]0")
            self.resume(vm)
            vm.expect_prompt()
            vm.run("kill spin")


    def test_stuck(self):
        """A CPU that keeps its interrupts off is named, and stops when it looks up."""
        with self.machine("panictest=stuck") as vm:
            vm.expect_prompt(120)
            while "kdb: cpu 1 does not answer\n" not in self.entered(vm):
                self.resume(vm)  # the bug comes a moment after the prompt
                time.sleep(0.2)
            self.assertRegex(self.ask(vm, "cpu"), r"(?m)^cpu 1 runs .*\?$")
            self.assertIn("does not stand still", self.ask(vm, "bt cpu 1"))
            while "cpu 1 paused" not in self.ask(vm, "cpu"):
                time.sleep(0.5)
            self.assertIn("be_stuck", self.ask(vm, "bt cpu 1"))
            self.resume(vm)
            vm.send("\r")
            vm.expect_prompt()
            vm.run("vmcheck -q", 120, status=0)


class KdbRaspi2b(KdbCase):
    board, cpus = "raspi2b", 4

    def test_break(self):
        Kdb.test_break(self)

    def test_panic(self):
        Kdb.test_panic(self)


if __name__ == "__main__":
    quire_vm.main()
