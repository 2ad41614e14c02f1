# SPDX-License-Identifier: MIT
"""The shell as a person meets it, on a pseudo-terminal: typing ahead, editing, interrupting,
breaking programs; and that nothing of it costs a frame.

CRASHES says how each `crash KIND` must be reported. Every test ends with vmcheck clean and as many
frames in use as it began with.
"""

import re

import quire_vm
from quire_vm import Machine, SOAK, TestCase, initrd_file

# crash KIND: what the kernel's line must say, as a regex behind name and pid.
ADDRESS = r"0x[0-9a-f]{8}"
CRASHES = {
    "null-read": r"read",
    "null-write": r"(write|wrote)",
    "null-jump": r"(execut|jump)",
    "wild-read": r"read",
    "wild-write": r"(write|wrote)",
    "wild-jump": r"(execut|jump)",
    "text-write": r"(write|wrote)",
    "data-exec": r"execut",
    "undefined": r"undefined instruction",
    "align": r"align",
    "stack-overflow": r"stack",
    "kernel-read": r"read",
    "kernel-write": r"(write|wrote)",
    "kernel-jump": r"(execut|jump)",
}


class Shell(TestCase):
    """Conversations with one machine each."""

    board = {}

    def setUp(self):
        super().setUp()
        self.vm = Machine(on_pty=True, limit=3000 if SOAK else 300, **self.board)
        self.addCleanup(self.vm.close)

    def begin(self):
        self.vm.expect_prompt(60)
        self.frames = self.vm.frames_settled()

    def end(self):
        self.assertEqual(self.vm.frames_used(), self.frames, "frames in use")
        self.vm.power_off()

    def printed(self, pattern, command, **more):
        self.assert_printed(self.vm, pattern, self.vm.run(command, **more))

    def test_type_ahead(self):
        """What is typed while the machine boots is not lost: 40 lines, all before the prompt."""
        self.vm.send("".join("echo ahead %d\r" % i for i in range(40)))
        for i in range(40):
            self.vm.expect(r"^ahead %d$" % i, 60)
        self.vm.expect_prompt()
        self.vm.run("vmcheck -q", 120, status=0)
        self.vm.power_off()

    def test_editing(self):
        self.begin()
        self.printed(r"^good$", "echo gooo\x7f\x7fod")
        self.printed(r"^good$", "echo gooo\b\bod")
        self.printed(r"^fine$", "no such thing\x15echo fine")
        self.printed(r"^clean$", "\x7f\x7f\x7fecho clean")
        self.printed(r"^lf$", "echo lf", enter="\n")
        self.printed(r"^cr$", "echo cr", enter="\r")
        self.vm.send("echo both\r\n")
        self.vm.expect(r"^both$")
        self.vm.expect_prompt()
        self.vm.run("")
        self.printed(r"^after$", "echo after")
        self.end()

    def test_long_line(self):
        self.begin()
        self.vm.send("echo " + "x" * 3995 + "\r")
        self.vm.expect("line too long")
        self.vm.expect_prompt()
        self.printed(r"^still here$", "echo still here")
        self.vm.run("echo " + "y" * 200, status=0)
        self.end()

    def test_interrupt(self):
        self.begin()
        self.vm.send("spin\r")
        self.vm.expect(r"\n")
        self.vm.send("\x03")
        self.vm.expect_prompt()
        self.assertEqual(self.vm.status(), 130)
        self.printed(r"^alive$", "echo alive")
        self.vm.send("half a line\x03")
        self.vm.expect_prompt()
        self.printed(r"^alive$", "echo alive")
        self.end()

    def test_quoting(self):
        self.begin()
        output = self.vm.run("args a \"b c\" '' 'd \"e' f\\ g", status=0)
        self.assert_printed(self.vm, r"argc\s*=\s*6\b", output)
        for argument in ("a", "b c", "d \"e", "f g"):
            self.assertIn(argument, output)
        self.assert_printed(self.vm, r"0x[0-9a-f]*[08]\b", output)
        self.end()

    def test_status(self):
        self.begin()
        self.vm.run("echo fine", status=0)
        self.assertNotEqual((self.vm.run("kill 29999"), self.vm.status())[1], 0)
        self.printed(r"not found", "nosuchprogram", status=127)
        self.end()

    def test_background(self):
        self.begin()
        self.vm.run("spin &")
        output = self.vm.run("ps")
        match = re.search(r"^\s*(\d+)\b.*\bspin\b", output, re.MULTILINE)
        if not match:
            self.vm.fail("spin is not in ps")
        self.printed(r"^responsive$", "echo responsive", seconds=5)
        self.vm.run("kill " + match.group(1), status=0)
        self.vm.run("wait")
        self.assertNotIn("spin", self.vm.run("ps"))
        self.end()

    def test_spawn(self):
        self.begin()
        match = re.search(r"\b(\d+)\b", self.vm.run("spawn spin"))
        if not match:
            self.vm.fail("spawn says no pid")
        pid = match.group(1)
        self.printed(r"^\s*%s\b.*\bspin\b" % pid, "ps")
        self.printed(r"/bin/spin", "pmap " + pid)
        self.vm.run("pt " + pid, status=0)
        self.vm.run("kill spin", status=0)
        self.vm.run("wait " + pid)
        self.assertNotIn("spin", self.vm.run("ps"))
        self.end()

    def test_ten_at_once(self):
        """Their lines may come behind a prompt: they run while the shell reads."""
        self.begin()
        said = self.vm.run("hello", status=0).strip().splitlines()[0]
        pattern = re.sub(r"\d+", r"\\d+", re.escape(said))
        start = len(self.vm.text)
        for _ in range(10):
            self.vm.run("spawn hello")
        self.vm.run("wait")
        self.assertEqual(len(re.findall(pattern, self.vm.text[start:])), 10)
        self.end()

    def test_many_cycles(self):
        """Spawned and killed, again and again."""
        self.begin()
        for _ in range(1000 if SOAK else 25):
            pid = re.search(r"\b(\d+)\b", self.vm.run("spawn spin")).group(1)
            self.vm.run("kill " + pid)
            self.vm.run("wait " + pid)
        self.end()

    def test_tools(self):
        """Each window into the system opens and says something."""
        self.begin()
        for command in ("help", "ps", "ls /bin", "cat /proc/meminfo", "free", "uptime", "dmesg",
                        "coremap", "coremap -c", "pmap 1", "pt 1", "vmstat", "vmstat -s",
                        "vmstat -d hello", "elf /bin/hello", "hello", "args", "forktree"):
            if not self.vm.run(command, 60, status=0).strip():
                self.vm.fail("%s prints nothing" % command)
        self.end()

    def test_crashes(self):
        self.begin()
        for kind, what in CRASHES.items():
            with self.subTest(kind):
                self.crash(kind, what)
        self.end()

    def crash(self, kind, what):
        output = self.vm.run("crash " + kind)
        lines = [line for line in output.splitlines() if re.search(r"\bcrash\b.*\bpc\b", line)]
        if len(lines) != 1:
            self.vm.fail("crash %s: %d lines say what happened" % (kind, len(lines)))
        self.assertRegex(lines[0], r"\d+")
        self.assertRegex(lines[0], "(?i)" + what)
        self.assertRegex(lines[0], r"pc " + ADDRESS)
        self.assertRegex(lines[0], r"(?i)segment")
        self.assertGreater(self.vm.status(), 128)
        self.printed(r"^alive$", "echo alive")

    def test_greedy(self):
        """All memory, all processes: an error or a named death, and the shell goes on."""
        self.begin()
        self.vm.run("hog 1000M", 120)
        self.printed(r"^alive$", "echo alive")
        self.vm.run("crash fork-bomb", 240)
        self.printed(r"^alive$", "echo alive", seconds=60)
        self.end()


class ShellA7(Shell):
    board = dict(cpu="cortex-a7", append="hat=chaos")


class ShellRaspi2b(Shell):
    board = dict(board="raspi2b")


class Ending(TestCase):
    """Leaving the machine."""

    def test_poweroff(self):
        for board in ("virt", "raspi2b"):
            with self.subTest(board), Machine(board=board) as vm:
                vm.expect_prompt(60)
                vm.power_off()

    def test_reboot(self):
        for board in ("virt", "raspi2b"):
            with self.subTest(board), Machine(board=board) as vm:
                vm.expect_prompt(60)
                vm.send("reboot\r")
                vm.expect_prompt(60)
                vm.power_off()

    def test_status_of_init(self):
        """The program named by rdinit= ends the machine with its status."""
        initrd = quire_vm.initrd_with(self.path("initrd"), {"seven": b"#!/bin/sh\nexit 7\n"})
        with Machine(initrd=initrd, append="exit=semihosting rdinit=/seven") as vm:
            self.assertEqual(vm.wait(60), 7)

    def test_no_init(self):
        initrd = quire_vm.initrd_with(self.path("initrd"), {"other": initrd_file("bin/hello")},
                                      base=False)
        with Machine(initrd=initrd) as vm:
            vm.expect(r"(?i)(no|not).*init", 60)


if __name__ == "__main__":
    quire_vm.main()
