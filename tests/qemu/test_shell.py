# SPDX-License-Identifier: MIT
"""The shell as a person meets it, on a pseudo-terminal: typing ahead, editing, interrupting,
breaking programs; and that nothing of it costs a frame.

CRASHES says how each `crash KIND` must be reported. Every test ends with vmcheck clean and as many
frames in use as it began with.
"""

import contextlib
import re
import time

import quire_vm
from quire_vm import Machine, SOAK, TestCase, initrd_file

# crash KIND: the signal, and what the kernel's line must say behind name and pid.
SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGKILL, SIGSEGV = 4, 5, 6, 7, 9, 11
ADDRESS = r"0x[0-9a-f]{8}"
NOWHERE = r" \(no segment\)"
CRASHES = {
    "null": (SIGSEGV, r"read from 0x00000000" + NOWHERE),
    "wild-read": (SIGSEGV, r"read from 0x2badc0dc" + NOWHERE),
    "wild-write": (SIGSEGV, r"wrote to 0x2badc0dc" + NOWHERE),
    "jump": (SIGSEGV, r"jumped to 0x2badc0de" + NOWHERE),
    "text-write": (SIGSEGV, r"wrote to %s \(vnode segment .* r-x\)" % ADDRESS),
    "exec-data": (SIGSEGV, r"jumped to %s \(vnode segment .* rw-\)" % ADDRESS),
    "exec-stack": (SIGSEGV, r"jumped to %s \(stack segment .* rw-\)" % ADDRESS),
    "undef": (SIGILL, r"undefined instruction"),
    "coprocessor": (SIGILL, r"undefined instruction"),
    "breakpoint": (SIGTRAP, r"breakpoint"),
    "unaligned": (SIGBUS, r"unaligned access to %s \(vnode segment" % ADDRESS),
    "unaligned-ldm": (SIGBUS, r"unaligned access to %s \(vnode segment" % ADDRESS),
    "kernel-read": (SIGSEGV, r"read from 0x50008000" + NOWHERE),
    "kernel-write": (SIGSEGV, r"wrote to 0x50008000" + NOWHERE),
    "kernel-jump": (SIGSEGV, r"jumped to 0x50008000" + NOWHERE),
    "top": (SIGSEGV, r"read from 0xfffffffc" + NOWHERE),
    "stack": (SIGSEGV, r"overflowed its stack"),
    "stack-jump": (SIGSEGV, r"read from %s" % ADDRESS + NOWHERE),
}
OTHER_KINDS = ["abort", "loop", "forkbomb", "memory"]


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
        """What is typed while the machine boots is not lost: 40 lines, most before the prompt. The
        first sleeps, so that the echo of the others is over when they print something."""
        self.vm.send("sleep 3\r" + "".join("echo ahead %d\r" % i for i in range(40)))
        for i in range(40):
            self.vm.expect(r"^ahead %d$" % i, 60)
        self.vm.expect_prompt()
        self.printed(r"^console_lost 0$", "vmstat -s")
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
        self.vm.expect(r"^b\n?o\n?t\n?h\n")  # the echo of LF comes when it will
        self.vm.expect_prompt()
        self.vm.expect_prompt()  # of the empty line between CR and LF
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
        for command in ("spin", "cat", "sleep 1000", "sh -c spin", "crash loop"):
            self.vm.send(command + "\r")
            self.vm.expect(r"\n")
            self.vm.interrupt()
            self.assertEqual(self.vm.status(), 130, command)
            self.printed(r"^alive$", "echo alive")
        self.vm.send("half a line\x03")
        self.vm.expect(r"half a line\^C\nquire# ")
        self.printed(r"^alive$", "echo alive")
        self.end()

    def test_interrupt_at_once(self):
        """One Ctrl-C is enough, however close behind Enter: before the shell has read the line,
        while it starts the program, and after."""
        self.begin()
        for i in range(400 if SOAK else 40):
            self.vm.send("spin\r")
            time.sleep(i % 20 / 2000)
            self.vm.send("\x03")
            self.vm.expect(r"^\^C.*\nquire# ", 20)
        self.vm.send("cat\rfor cat\r\x04")
        self.vm.expect(r"^for cat\nquire# ")
        self.end()

    def test_interrupt_at_prompt(self):
        self.begin()
        for _ in range(20):
            self.vm.send("\x03")
            self.vm.expect(r"\^C\nquire# ")
        self.assertEqual(self.vm.status(), 130)
        self.end()

    def test_interrupt_wait(self):
        """Ctrl-C ends the waiting, not the shell and not what it waits for."""
        self.begin()
        self.vm.run("spin &")
        self.vm.send("wait\r\x03")
        self.vm.expect(r"^\^C\nquire# ")
        self.assertEqual(self.vm.status(), 130)
        self.printed(r"\bspin$", "ps")
        self.vm.run("kill spin")
        self.vm.run("wait")
        self.assertIn("spin: killed by signal 15", self.vm.text)
        self.end()

    def test_interrupt_line(self):
        """Ctrl-C is meant for the whole line."""
        self.begin()
        self.vm.send("spin; echo no longer wanted\r\x03")
        self.assertNotIn("\nno longer", self.vm.result())
        self.end()

    def test_jobs(self):
        self.begin()
        self.printed(r"^\[1\] \d+$", "spin 500 &")
        self.printed(r"^\[2\] \d+$", "sleep 500 &")
        output = self.vm.run("jobs", status=0)
        self.assertRegex(output, r"\A\[1\] \d+ running: spin 500\n\[2\] \d+ running: sleep 500\n\Z")
        self.vm.send("fg 1\r\x03")
        self.vm.expect(r"^spin 500\n\^C.*signal 2.*\nquire# ")
        self.assertEqual(self.vm.status(), 130)
        self.assertNotIn("spin", self.vm.run("jobs") + self.vm.run("ps"))
        self.vm.send("fg\r\x03")
        self.vm.expect(r"^sleep 500\n\^C.*signal 2.*\nquire# ")
        self.printed("no job is running", "fg", status=1)
        self.printed("%1: no such job", "fg %1", status=1)
        self.printed("no job is running", "bg", status=1)
        self.assertEqual(self.vm.run("jobs"), "")
        self.printed(r"^\[1\] \d+$", "sh -c 'sleep 1; exit 7' &")
        self.vm.run("fg %1", status=7)
        self.vm.run("sh -c 'sleep 1; exit 6' &")
        self.printed(r"^\[1\] sh -c .*: ended with status 6$", "wait %1", status=6)
        self.vm.run("wait %1", status=2)
        self.vm.run("spin 500 | cat &")
        self.vm.run("sleep 500 &")
        self.vm.run("kill %1", status=0)  # both
        while "spin" in self.vm.run("jobs") or "cat" in self.vm.run("jobs"):
            self.vm.run("sleep 0.1")
        self.printed(r"^\[3\] \d+ running: sleep 500$", "jobs")
        self.printed("kill: %1: no such job", "kill -9 %3 %1", status=1)
        self.printed(r"^\[3\] .*signal 9", "kill -9 %3; wait")
        self.printed("no such job", "kill %3", status=1)
        self.vm.run("sh -c 'sleep 500 & kill %1; wait %1'", status=143)
        self.end()

    def stop(self, command, name):
        """Runs the command in the foreground, and stops it with Ctrl-Z."""
        self.vm.send(command + "\r")
        self.vm.expect(r"\n")
        time.sleep(0.3)
        self.vm.send("\x1a")
        self.vm.expect(r"\^Z\n\[1\] %s: stopped\nquire# " % name)

    def test_stop(self):
        """Ctrl-Z stops, bg and fg let it go on, and the stopped ones hold nobody up."""
        self.begin()
        self.stop("spin 500", "spin 500")
        self.assertEqual(self.vm.status(), 148)
        self.printed(r"^\[1\] \d+ stopped: spin 500$", "jobs", status=0)
        self.printed(r" T .*/bin/spin 500$", "ps")
        self.printed(r"^\[1\] spin 500 &$", "bg", status=0)
        self.printed("runs already", "bg %1", status=0)
        self.printed(r"^\[1\] \d+ running: spin 500$", "jobs")
        self.stop("fg 1", "spin 500")
        self.vm.run("kill spin", status=0)
        self.printed(r"^\[1\] \d+ stopped", "jobs")  # it stands still, and takes nothing
        self.vm.send("fg\r")
        self.vm.expect(r"^spin 500\n.*signal 15.*\nquire# ")
        self.stop("cat", "cat")
        self.vm.send("fg\rheard\r")
        self.vm.expect(r"^cat\n(.*\n)?heard\n")  # echoed or not: the shell was still at work
        self.vm.send("\x04")
        self.vm.expect(r"quire# ")
        self.end()

    def test_background_reader(self):
        """Who reads the terminal in the background stops, until it has the foreground."""
        self.begin()
        self.vm.run("cat &")
        for _ in range(100):
            if "stopped" in self.vm.run("jobs"):
                break
        self.assertIn("[1] cat: stopped", self.vm.text)
        self.vm.send("fg\r")
        self.vm.expect(r"^cat\n")
        self.vm.send("mine\r\x04")
        self.vm.expect(r"^(.*\n)?mine\nquire# ")
        self.end()

    def test_repeat(self):
        self.begin()
        self.assertEqual(self.vm.run("repeat 3 echo again", status=0), "again\n" * 3)
        self.assertEqual(len(re.findall("killed by signal 4", self.vm.run("repeat 2 crash undef"))), 2)
        self.vm.run("repeat 2 false", status=1)
        self.vm.run("repeat 0 false", status=0)
        self.vm.run("repeat x false", status=2)
        self.vm.run("repeat 2 nosuchprogram", status=127)
        self.vm.send("repeat 1000 sleep 1\r")
        time.sleep(0.5)
        self.vm.send("\x03")
        self.vm.expect_prompt()
        self.assertEqual(self.vm.status(), 130)
        self.end()

    def test_frames(self):
        """The map's cells and the legend's figures add up to the machine's frames; live until q or
        Ctrl-C."""
        self.begin()
        output = re.sub(r"\x1b\[\d*m", "", self.vm.run("frames", status=0))
        total, used, group = map(int, re.search(
            r"^(\d+) frames of 4 KiB, (\d+) in use; (\d+) a cell", output, re.MULTILINE).groups())
        rows = re.findall(r"^ *([0-9a-f]+) ([.A-Za-z]+)$", output, re.MULTILINE)
        self.assertEqual(sum(len(cells) for _, cells in rows), -(-total // group))
        self.assertEqual(group & (group - 1), 0)
        self.assertLessEqual(len(output.splitlines()), 23)
        self.assertLess(max(map(len, output.splitlines())), 80)
        for (first, cells), (following, _) in zip(rows, rows[1:]):
            self.assertEqual(int(following, 16) - int(first, 16), len(cells) * group)
        counts = dict(re.findall(r"([a-z]+) +(\d+)(?=  |$)", output, re.MULTILINE))
        self.assertEqual(sum(map(int, counts.values())), total)
        self.assertEqual(total - int(counts["free"]), used)
        self.assertGreater(int(counts["kernel"]), 0)
        self.assertEqual(int(counts["other"]), 0)
        self.printed(r"^FramesTotal: +%d$" % total, "cat /proc/meminfo")
        self.vm.send("frames -w 1\r")
        for _ in range(3):
            self.vm.expect(r"in use; \d+ a cell")
        self.vm.send("q")
        self.vm.expect_prompt(5)
        self.vm.send("frames -w\r")
        self.vm.expect(r"in use; \d+ a cell")
        self.vm.send("\x03")
        self.vm.expect_prompt(5)
        self.printed("^good$", "echo goox\x7fd")
        for wrong in ("-w 0", "-w 99", "-w x", "-w 1 2", "x"):
            self.printed("usage: frames", "frames " + wrong, status=2)
        self.end()

    def test_top(self):
        """Who works is first, with its share since the last look."""
        self.begin()
        self.vm.run("spin &")
        self.vm.run("sleep 2")  # what it used before counts in the first look alone
        output = self.vm.run("top -n 2 2", status=0)
        looks = re.split(r"(?m)^\d+ processes used .*\n.*NAME\n", output)[1:]
        self.assertEqual(len(looks), 2)
        first = looks[1].splitlines()[0].split()
        self.assertEqual((first[1], first[-1]), ("R", "spin"))
        self.assertTrue(30 < float(first[2]) < 110, first)
        names = [line.split()[-1] for line in looks[1].splitlines()]
        self.assertEqual(sorted(names), ["init", "sh", "spin", "top"])
        self.vm.send("top 25\r")
        self.vm.expect(r"NAME\n")
        self.vm.send(" ")
        self.vm.expect(r"NAME\n", 5)
        self.vm.send("q")
        self.vm.expect_prompt(5)
        for wrong in ("-n", "-n 0", "0", "26", "1 2"):
            self.printed("usage: top", "top " + wrong, status=2)
        self.vm.run("kill spin; wait")
        self.end()

    def test_quoting(self):
        self.begin()
        output = self.vm.run("args a \"b c\" '' 'd \"e' f\\ g", status=0)
        self.assertEqual(output.splitlines(), [
            "argc = 6", 'argv[0] = "/bin/args"', 'argv[1] = "a"', 'argv[2] = "b c"',
            'argv[3] = ""', 'argv[4] = "d "e"', 'argv[5] = "f g"', "stack pointer & 7 = 0"])
        self.printed("missing", "echo 'open", status=2)
        self.end()

    def test_files(self):
        """Small tools for files, and output that goes into one."""
        self.begin()
        for command in ("cd /tmp", "echo one > a", "echo two >>a", "mkdir d", "cp a d", "mv a d/b",
                        "ln d/b c", "ln -s c link", "touch new"):
            self.assertEqual(self.vm.run(command).strip(), "", command)
        self.printed(r"^one\ntwo$", "cat link")
        self.printed(r"^-rw-r--r-- +2 +8 c$", "ls -l")
        self.printed(r"^a\nb$", "ls d")
        self.printed(r"^rm: d: ", "rm d")
        self.printed(r"^rmdir: d: ", "rmdir d")
        self.printed(r"^sh: no file name behind >$", "echo >")
        self.printed(r"^sh: a number before < or >", "echo x 2> e")
        self.printed("^3 x$", "echo 3 x >e; cat e; rm e")
        self.printed(r"^sh: /none/x: not found$", "echo x > /none/x")
        self.vm.run("rm -r d c link new")
        self.assertEqual(self.vm.run("ls").strip(), "")
        self.end()

    def test_dd(self):
        """Blocks from and to any place of a file; what went where is said, also after an error."""
        self.begin()
        self.vm.run("cd /tmp; echo 0123456789 > a")
        self.printed(r"^2\+1 records in\n2\+1 records out\n11 bytes copied, \d+\.\d{6} s, \d+ kB/s$",
                     "dd if=a of=b bs=4", status=0)
        self.printed(r"\A2343\+0 records in\n3\+0 records out\n3 bytes", "dd if=a bs=1 skip=2 count=3")
        self.printed(r"^0\+1 records in\n0\+1 records out$", "dd if=a of=b", status=0)
        self.vm.run("cmp a b", status=0)
        self.vm.run("dd if=a of=b bs=1 count=2 seek=4 conv=fsync,notrunc", status=0)
        self.printed(r"\A0123016789\n\Z", "cat b")
        self.vm.run("dd if=a of=b bs=1 count=1 seek=4", status=0)
        self.printed(r"\A01230\Z", "cat b")
        self.printed(r"^0\+0 records in\n0\+0 records out\n0 bytes", "dd if=a of=b bs=4 skip=9", status=0)
        self.printed(r" 0 b$", "ls -l")
        self.printed(r"^3\+0 records in\n3\+0 records out\n196608 bytes", "dd if=/dev/zero of=b bs=64k count=3")
        self.vm.run("dd if=a of=b bs=1M seek=1", status=0)
        self.printed(r" 1048587 b$", "ls -l")
        self.printed(r"\A0123456789\n0\+1 records in$", "dd if=b bs=1M skip=1", status=0)
        self.vm.send("dd bs=99 count=1 skip=1\rpassed over\rtaken\r")
        self.vm.expect(r"^taken\n0\+1 records in$")
        self.vm.expect_prompt()
        self.printed(r"\Add: none: not found\n\Z", "dd if=none of=a", status=1)
        self.printed(r"^dd: /tmp: is a directory\n0\+0 records in$", "dd if=/tmp", status=1)
        self.printed(r"^0\+1 records out\n11 bytes", "dd if=a of=b bs=1M seek=5000", status=0)
        self.printed(r"\A0123456789\n0\+1 records in$", "dd if=b bs=1M skip=5000", status=0)
        self.printed(r"\Add: bs: not enough memory\n0\+0 records in$", "dd if=b bs=1000M", status=1)
        self.printed(r"\Add: b: file too big\n0\+0 records in$", "dd if=a of=b bs=1M seek=16M", status=1)
        self.printed(r"\Add: b: file too big\n0\+1 records in\n0\+0 records out\n0 bytes",
                     "dd if=a of=b bs=1M seek=16M conv=notrunc", status=1)
        for wrong in ("bs=0", "bs=2048M", "bs=4096M", "count=", "count=x", "conv=swab", "conv=fsyn", "if", "a"):
            self.printed(r"\Add: %s: not understood\nusage: dd " % wrong, "dd of=c " + wrong, status=2)
        self.printed(r"\Add: /dev/full: no space left\n1\+0 records in\n0\+0 records out\n0 bytes",
                     "dd if=b of=/dev/full count=3", status=1)
        self.printed(r"\Aa\nb\n\Z", "ls")
        self.vm.run("rm a b")
        self.end()

    def test_cmp(self):
        """The first difference, by byte and line, at the edges of the blocks it reads, too."""
        self.begin()
        self.vm.run("cd /tmp; echo one > a; echo one > b; echo two >> a; echo tvo >> b; touch none")
        self.printed(r"\Aa b differ: byte 6, line 2\n\Z", "cmp a b", status=1)
        self.printed(r"\Acmp: EOF on none after byte 0\n\Z", "cmp a none", status=1)
        self.printed(r"\Acmp: EOF on none after byte 0\n\Z", "cmp none a", status=1)
        self.printed(r"\A\Z", "cmp -s a b", status=1)
        self.printed(r"\A\Z", "cmp -s a none", status=1)
        self.printed(r"\A\Z", "cmp none none", status=0)
        self.vm.send("cmp - b\rone\rtvo\r\x04")  # in two pieces
        self.vm.expect_prompt()
        self.assertEqual(self.vm.status(), 0)
        self.printed(r"\Acmp: no: not found\n\Z", "cmp a no", status=2)
        self.printed(r"\Acmp: /tmp: is a directory\n\Z", "cmp a /tmp", status=2)
        for wrong in ("", "a", "-s a", "a b none"):
            self.printed(r"\Ausage: cmp", "cmp " + wrong, status=2)
        for place in (1, 16384, 16385, 32768, 40000):
            self.vm.run("dd if=/dev/zero of=a bs=1K count=40; cp a b")
            self.printed(r"\A\Z", "cmp a b", status=0)
            self.vm.run("dd if=/bin/cmp of=b bs=1 count=1 seek=%d conv=notrunc" % (place - 1))
            self.printed(r"\Aa b differ: byte %d, line 1\n\Z" % place, "cmp a b", status=1)
            self.vm.run("dd if=/dev/zero of=b bs=1 count=0 seek=%d" % (place - 1))
            self.printed(r"\Acmp: EOF on b after byte %d\n\Z" % (place - 1), "cmp a b", status=1)
        self.vm.run("rm a b none")
        self.end()

    def test_disks(self):
        """There are none."""
        self.begin()
        self.printed(r"\A\Z", "sync", status=0)
        self.printed(r"\Async: no: not found\n\Z", "sync /tmp no /bin/sync", status=1)
        self.printed(r"\Aiostat: this machine has no disk\n\Z", "iostat 1 2", status=1)
        for wrong in ("0", "x", "1 0", "1 x", "1 1 1"):
            self.printed(r"\Ausage: iostat", "iostat " + wrong, status=2)
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
        """Their lines may come behind prompts: they are init's, and run while the shell reads."""
        self.begin()
        said = self.vm.run("hello", status=0).strip().splitlines()[0]
        pattern = re.sub(r"\d+", r"\\d+", re.escape(said))
        start = len(self.vm.text)
        for _ in range(10):
            self.vm.run("spawn hello")
        self.vm.position = start
        for _ in range(10):
            self.vm.expect(pattern, 20)
        self.vm.position = len(self.vm.text)  # behind the last prompt, too
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
                        "coremap", "coremap -c", "frames", "top -n 1", "pmap 1", "pt 1", "vmstat",
                        "vmstat -s", "vmstat -d hello", "elf /bin/hello", "hello", "args", "forktree"):
            if not self.vm.run(command, 60, status=0).strip():
                self.vm.fail("%s prints nothing" % command)
        self.printed(r"^pfn type owner ", "coremap")
        self.printed(r"^  load +work on ", "help")  # in /tests, of which only this is for everybody
        self.assertNotRegex(self.vm.run("help"), r"(?m)^  t_")
        self.end()

    def test_crashes(self):
        self.begin()
        kinds = re.findall(r"^  (\S+) ", self.vm.run("crash"), re.MULTILINE)
        self.assertEqual(sorted(kinds), sorted([*CRASHES, *OTHER_KINDS]))
        for kind, (signal, what) in CRASHES.items():
            with self.subTest(kind):
                self.crash(kind, signal, what)
        self.printed("killed by signal 6", "crash abort", status=128 + SIGABRT)
        self.end()

    def crash(self, kind, signal, what):
        """One line says it, with name, pid, deed, address, segment and pc."""
        output = self.vm.run("crash " + kind, 60)
        lines = [line for line in output.splitlines() if re.match(r"crash\[\d+\]: killed: ", line)]
        if len(lines) != 1:
            self.vm.fail("crash %s: %d lines say what happened" % (kind, len(lines)))
        self.assertRegex(lines[0], what)
        self.assertRegex(lines[0], r"at pc " + ADDRESS)
        segments = re.findall(r"^  (?:vnode|stack) segment %s-%s [r-][w-][x-]$" % (ADDRESS, ADDRESS),
                              output, re.MULTILINE)
        if "(no segment)" in lines[0]:  # then the segments that there are
            self.assertGreaterEqual(len(segments), 3)
        else:
            self.assertEqual(segments, [])
        self.assertEqual(self.vm.status(), 128 + signal)
        self.printed(r"^alive$", "echo alive")

    def test_greedy(self):
        """All memory, all processes: an error or a named death, and the shell goes on."""
        self.begin()
        self.greed()
        self.frames = self.vm.frames_used()  # process numbers are in another chunk of their table
        self.greed()
        self.end()

    def greed(self):
        self.printed("not enough memory", "hog 1000M", seconds=120)
        self.printed(r"^out of memory: killed crash\[\d+\] with \d+ pages$", "crash memory",
                     seconds=120, status=128 + SIGKILL)
        self.printed("is dead", "crash forkbomb", seconds=240, status=3)
        self.printed(r"^alive$", "echo alive", seconds=60)
        self.assertNotIn("crash", self.vm.run("ps"))


class ShellA7(Shell):
    board = dict(cpu="cortex-a7", append="hat=chaos")


class ShellRaspi2b(Shell):
    board = dict(board="raspi2b")


class Disk(TestCase):
    """The tools on a disk of 1 MiB."""

    def setUp(self):
        super().setUp()
        self.vm = Machine(on_pty=True, append="ram0=1M")
        self.addCleanup(self.vm.close)

    def printed(self, pattern, command, **more):
        self.assert_printed(self.vm, pattern, self.vm.run(command, **more))

    def test_disk(self):
        """dd and cmp at any place of it; iostat says what went to it, in all and of late."""
        self.vm.expect_prompt(60)
        look = (r"(?:\A|\n)%s(\d+\.\d{3}) s\n"
                r"disk +transfers/s +KiB/s read +KiB/s written +merged read/s +merged written/s\n"
                r"ram0 +(\d+\.\d\d) +(\d+\.\d\d) +(\d+\.\d\d) +(\d+\.\d\d) +(\d+\.\d\d)\n")
        start, later = look % "since the start, ", look % "in "
        self.vm.run("dd if=/bin/sh of=/tmp/a bs=1K count=20", status=0)
        self.vm.run("dd if=/tmp/a of=/dev/ram0 bs=1K seek=1004 conv=fsync", status=0)
        seconds, *shown = map(float, re.search(start, self.vm.run("iostat", status=0)).groups())
        c = list(map(int, self.vm.run("cat /proc/diskstats").split()[3:]))
        self.assertEqual(c[6], 40)  # sectors
        for name, per_second, sum_of in zip(("transfers", "read", "written", "merged read", "merged written"),
                                            shown, (c[0] + c[4], c[2] / 2, c[6] / 2, c[1], c[5])):
            self.assertAlmostEqual(seconds * per_second, sum_of, delta=0.1 + seconds / 100, msg=name)
        self.vm.run("dd if=/dev/ram0 of=/tmp/b bs=1K skip=1004; cmp /tmp/a /tmp/b", status=0)
        self.printed(r"\Add: /dev/ram0: no space left\n3\+0 records in\n2\+0 records out\n1024 bytes",
                     "dd if=/dev/zero of=/dev/ram0 seek=2046", status=1)
        self.printed(r"^0\+0 records in$", "dd if=/dev/ram0 skip=2M", status=0)
        self.printed(r"\A/dev/ram0 /dev/zero differ: byte %d, line 1$" % (1004 * 1024 + 1), "cmp /dev/ram0 /dev/zero")
        self.vm.run("sync; sync /dev/ram0", status=0)
        output = self.vm.run("iostat 1 3", status=0)
        self.assertEqual(len(re.findall(start, output)), 1, output)
        quiet = re.findall(later, output)
        self.assertEqual([q[1:] for q in quiet], [("0.00",) * 5] * 2, output)
        self.assertTrue(all(1 <= float(q[0]) < 10 for q in quiet), output)
        self.vm.send("iostat 1\r")
        self.vm.expect(r"^in 1\.")
        self.vm.interrupt()
        self.vm.run("vmcheck -q", 120, status=0)
        self.vm.power_off()


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

    def test_reboot_late(self):
        """Four machines on a host that is busy with them: the reset comes some milliseconds after
        the kernel has asked for it, and may find the timer ringing."""
        with contextlib.ExitStack() as stack:
            machines = [stack.enter_context(Machine(board="raspi2b")) for _ in range(4)]
            for boot in range(4):
                for vm in machines:
                    if boot:
                        vm.send("reboot\r")
                        vm.expect("Quire on ", 20)
                for vm in machines:
                    vm.expect_prompt(60)

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
        with Machine(append="init=/nowhere") as vm:
            vm.expect(r"^boot: /nowhere: not found$", 60)
            vm.expect(r"^boot: no init$")


if __name__ == "__main__":
    quire_vm.main()
