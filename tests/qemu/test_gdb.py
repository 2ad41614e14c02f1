# SPDX-License-Identifier: MIT
"""gdb with tools/gdb/quire.py on a running machine: stopped in a system call of a known program, in
a page fault, and in an interrupt of the idle kernel. Processes, segments, an address, the frame
there and whose it is; and stacks that reach through the exception to the program's main.
"""

import os
import re
import select
import subprocess
import time

import quire_vm
from quire_vm import Machine, TestCase, VmError, built

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "gdb",
                      "quire.py")
DONE = "--done--\n"


class Gdb:
    """A debugger that is asked line by line."""

    def __init__(self, kernel, socket):
        self.process = subprocess.Popen(
            ["timeout", "-k", "5", "150", "gdb-multiarch", "-q", "-nx", "-iex", "set confirm off",
             "-iex", "set pagination off", "-iex", "set width 0", kernel, "-x", SCRIPT],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.ask("target remote " + socket)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, command, seconds=90):
        """What the command prints, the prompts in it left out."""
        self.process.stdin.write(("%s\necho %s\n" % (command, DONE.replace("\n", "\\n"))).encode())
        self.process.stdin.flush()
        said, deadline = b"", time.monotonic() + seconds
        while DONE.encode() not in said:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise VmError("gdb: %s: no answer: %s" % (command, said.decode()))
            part = os.read(self.process.stdout.fileno(), 65536)
            if not part:
                raise VmError("gdb ended at %s: %s" % (command, said.decode()))
            said += part
        return said.decode().split(DONE)[0].replace("(gdb) ", "")


class Debugger(TestCase):
    kernel = "debug/quire"

    def boot(self, append, cpus=1):
        socket = self.path("gdb")
        vm = Machine(kernel=self.kernel + ".img", append=append, cpus=cpus,
                     extra=["-S", "-gdb", "unix:%s,server=on,wait=off" % socket])
        self.addCleanup(vm.close)
        deadline = time.monotonic() + 30
        while not os.path.exists(socket):
            self.assertLess(time.monotonic(), deadline, "QEMU opens no socket for gdb")
            time.sleep(0.05)
        return vm, socket

    def test_system_call(self):
        """Process 1 is a program that we know, in a write to a device."""
        _, socket = self.boot("kdb=0 trace=1 init=/bin/kdb")
        with Gdb(built(self.kernel + ".elf"), socket) as gdb:
            self.assertRegex(gdb.ask("ps"), "(?i)error|cannot|no process|TID")
            gdb.ask("break kdb_write")
            self.assertIn("kdb_write (", gdb.ask("continue"))
            self.assertRegex(gdb.ask("bt"), r"(?s)^#0 +kdb_write \(.* sys_write \(.* <signal handler called>"
                             r".* _write \(.* main \(\) at \S*user/bin/kdb\.c:\d+\n$")
            self.assertRegex(gdb.ask("ps"), r"(?m)^ +1 +1 +0 R +0 +0 kdb ")
            pmap = gdb.ask("pmap 1")
            self.assertRegex(pmap, r"(?m)^process 1, kdb: \d+ resident")
            self.assertRegex(pmap, r"(?m)^00010000-\S{8} r-x max rwx private vnode /bin/kdb page 0 "
                                   r"resident [1-9]\d* of \d+$")
            stack = int(re.search(r"-(\S{8}) rw-.*\[stack\] resident [1-9]", pmap).group(1), 16)
            for address, kind, command in ((0x10000, "OBJ", "pt 0x%x"),
                                           (stack - 4096, "ANON", "pt 0x%x 1")):
                entry = gdb.ask(command % address)
                line = re.search(r"(?m)^%08x resident frame (0x[0-9a-f]+).*; hardware r.*$" % address,
                                 entry)
                self.assertTrue(line, entry)
                frame = gdb.ask("pfn " + line.group(1))
                self.assertRegex(frame, r"(?m)^frame 0x0*%s FRAME_%s " % (line.group(1)[2:], kind))
                self.assertIn("process 1, kdb: " + line.group(0), frame)
            self.assertRegex(gdb.ask("ktrace 40"), r"(?m)^ *\d+ 0 +1 fault +000100c0 000100c0$")
            self.assertIn("usage: quire-pmap PID", gdb.ask("pmap"))
            self.assertIn("no process 99", gdb.ask("pmap 99"))
            self.assertIn("outside the core map", gdb.ask("pfn 1"))

    def test_fault_and_interrupt(self):
        """A page fault leads to the program's first instruction; an interrupt that wakes the idle
        kernel leads through the idle loop to the start; a thread that sleeps has its own stack."""
        vm, socket = self.boot("noaslr")
        vm.send("sleep 1\r")
        with Gdb(built(self.kernel + ".elf"), socket) as gdb:
            gdb.ask("tbreak fault_handle")
            gdb.ask("continue")
            self.assertRegex(gdb.ask("bt"), r"(?s) fault_handle \(.* trap_prefetch_abort \(.*"
                             r"<signal handler called>\n#\d+ +0x000[0-9a-f]+ in _start \(\)")
            gdb.ask("tbreak sys_nanosleep")
            gdb.ask("tbreak sys_clock_nanosleep")
            self.assertIn("nanosleep", gdb.ask("continue"))
            self.assertRegex(gdb.ask("bt"), r" main \(argc=")
            gdb.ask("delete")
            gdb.ask("break irq_dispatch if (tf->cpsr & 0x1f) == 0x13 && "
                    "cpu_table[0]->thread == cpu_table[0]->idle")
            gdb.ask("continue")
            self.assertRegex(gdb.ask("bt"), r"(?s) irq_dispatch \(.*<signal handler called>\n.* sched_idle \("
                                            r".* kernel_main \(")
            self.assertRegex(gdb.ask("quire-bt 1"), r"(?s)proc_wait.*sys_wait4.*vec_svc.*\nuser 0x000")
            self.assertRegex(gdb.ask("ps"), r"(?m)^ +1 +1 +0 S +- +0 init +proc_wait$")

    def test_cpus(self):
        """Each CPU is a thread of gdb's, with its own process."""
        vm, socket = self.boot("", cpus=2)
        vm.send("spawn spin\rspawn spin\r")
        with Gdb(built(self.kernel + ".elf"), socket) as gdb:
            gdb.ask("tbreak kernel_main")
            gdb.ask("continue")
            for _ in range(500):
                gdb.ask("quire-enter")
                on = dict(re.findall(r"(?m)^ *\d+ +(\d+) +\d+ R +([01]) +\d+ spin ", gdb.ask("ps")))
                if len(on) == 2:
                    break
            self.assertEqual(sorted(on.values()), ["0", "1"])
            for pid, cpu in on.items():
                gdb.ask("thread %d" % (int(cpu) + 1))
                self.assertRegex(gdb.ask("quire-user"), r"/user/spin\.elf\n$")
                self.assertIn("process %s, root" % pid, gdb.ask("pt 0x10000"))

    def test_program_runs(self):
        """Stopped in a program: its symbols are there; the kernel is not, but one command away."""
        _, socket = self.boot("init=/bin/spin")
        with Gdb(built(self.kernel + ".elf"), socket) as gdb:
            gdb.ask("tbreak fault_handle")
            gdb.ask("continue")
            gdb.ask("tbreak main")
            self.assertRegex(gdb.ask("continue"), r" main \(")
            self.assertIn("quire-enter", gdb.ask("ps"))
            self.assertRegex(gdb.ask("bt"), r"^#0 +main \(")
            self.assertIn("irq_dispatch", gdb.ask("quire-enter"))
            self.assertRegex(gdb.ask("ps"), r"(?m)^ +1 +1 +0 R +0 +0 spin ")


class DebuggerRelease(Debugger):
    """The kernel as it is used: fewer functions, the same answers."""
    kernel = "quire"

    test_fault_and_interrupt = None
    test_cpus = None
    test_program_runs = None

    def test_system_call(self):
        _, socket = self.boot("kdb=0 init=/bin/kdb")
        with Gdb(built(self.kernel + ".elf"), socket) as gdb:
            gdb.ask("break kdb_write")
            gdb.ask("continue")
            self.assertRegex(gdb.ask("bt"), r"(?s)<signal handler called>\n.* main \(\) at \S*user/bin/kdb\.c:\d+\n$")
            self.assertRegex(gdb.ask("ps"), r"(?m)^ +1 +1 +0 R +0 +0 kdb ")


if __name__ == "__main__":
    quire_vm.main()
