# SPDX-License-Identifier: MIT
"""./run as someone uses it who has built once: to the prompt within 5 seconds, on a terminal and in
a pipe, its options, its exit status, with a debugger. Runs the script of this repository, which
builds nothing where the presets arm and debug are up to date.
"""

import gzip
import os
import pty
import select
import shlex
import signal
import socket
import subprocess
import time

import quire_vm
from quire_vm import PROMPT, TestCase, built, set_raw

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "run")
LIMIT = ["timeout", "-k", "5", "120"]


class Run(TestCase):
    def piped(self, text, *arguments, cwd=None):
        """(status, output) with text as the whole input."""
        done = subprocess.run([*LIMIT, RUN, *arguments], input=text.encode(), cwd=cwd,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout.decode("utf-8", "replace").replace("\r\n", "\n")

    def start(self, *arguments, **more):
        """A running ./run in a session of its own, which is killed when the test ends."""
        process = subprocess.Popen([*LIMIT, RUN, *arguments], start_new_session=True, **more)
        self.addCleanup(process.wait)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    def until(self, fd, wanted, seconds):
        """Reads until wanted came; what came and after how many seconds."""
        begin, got = time.monotonic(), b""
        while wanted not in got:
            left = begin + seconds - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                self.fail("no %r within %d s: %r" % (wanted, seconds, got))
            data = os.read(fd, 65536)
            if not data:
                self.fail("ended before %r: %r" % (wanted, got))
            got += data
        return got, time.monotonic() - begin

    def test_terminal(self):
        """The second time the prompt is there within 5 seconds (of three attempts, as the machine
        may be busy)."""
        self.piped("poweroff\n")
        seconds = []
        for _ in range(3):
            ours, theirs = pty.openpty()
            self.addCleanup(os.close, ours)
            set_raw(theirs)
            process = self.start(stdin=theirs, stdout=theirs, stderr=theirs)
            os.close(theirs)
            seconds.append(self.until(ours, PROMPT.encode(), 60)[1])
            os.write(ours, b"poweroff\r")
            self.assertEqual(process.wait(60), 0)
            if seconds[-1] <= 5:
                return
        self.fail("seconds to the prompt: %s" % seconds)

    def test_pipe(self):
        status, output = self.piped("sleep 2\nhello\npoweroff\n")  # the echo is over by then
        self.assertEqual(status, 0, output)
        self.assertRegex(output, r"(?m)^Hello from pid \d+$")

    def test_raspi2b(self):
        status, output = self.piped("uname -a\npoweroff\n", "raspi2b")
        self.assertEqual(status, 0, output)
        self.assertIn("Quire on Raspberry Pi 2", output)

    def test_options(self):
        """A ramdisk and a QEMU argument with paths of the caller's, a command line, and a status."""
        script = b"#!/bin/sh\nargs\ncat /proc/cmdline\nfree\nexit 7\n"
        plain = quire_vm.initrd_with(self.path("plain"), {"seven": script})
        with open(plain, "rb") as f:
            self.write("packed", gzip.compress(f.read()))
        status, output = self.piped(
            "", "virt", "--initrd", "packed", "--append", "rdinit=/seven exit=semihosting", "--",
            "-m", "256M", "-D", "qemu.log", cwd=self.directory)
        self.assertEqual(status, 7, output)
        self.assertRegex(output, r"(?m)^argc = 1$")
        self.assertRegex(output, r"(?m)^kB +262144\b")
        self.assertIn("rdinit=/seven exit=semihosting", output)
        self.assertTrue(os.path.exists(self.path("qemu.log")))

    def test_usage(self):
        for arguments in (["--no-such-option"], ["--initrd"], ["--append"], ["--disk"], ["tegra"]):
            status, output = self.piped("", *arguments)
            self.assertEqual(status, 2, arguments)
            self.assertIn("usage: ./run", output)
        self.assertEqual(self.piped("", "--help")[0], 0)

    def test_disks(self):
        """In the order in which they are given; a name that is none is an error in words."""
        for name, size in (("small disk", 1 << 20), ("large", 2 << 20)):
            with open(self.path(name), "wb") as f:
                f.truncate(size)
        status, output = self.piped("cat /proc/partitions\npoweroff\n", "--disk", "small disk",
                                    "--disk", "large", cwd=self.directory)
        self.assertEqual(status, 0, output)
        self.assertRegex(output, r"(?m)^ 254 +0 +1024 vda$")
        self.assertRegex(output, r"(?m)^ 254 +16 +2048 vdb$")
        status, output = self.piped("", "--disk", self.path("nothing"))
        self.assertEqual(status, 1)
        self.assertIn("nothing: no such file", output)
        status, output = self.piped("", "raspi2b", "--disk", self.path("large"))
        self.assertEqual(status, 2)
        self.assertIn("ram0", output)

    def test_missing_initrd(self):
        status, output = self.piped("", "--initrd", self.path("nothing"))
        self.assertNotEqual(status, 0)
        self.assertIn("nothing", output)

    def test_gdb(self):
        """Nothing runs until a debugger says so: we speak its protocol and say it."""
        process = self.start("--gdb", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.until(process.stderr.fileno(), b"waiting for gdb", 60)
        debugger = self.connect(1234)
        self.assertEqual(select.select([process.stdout], [], [], 0.5)[0], [])
        debugger.sendall(b"$c#63")
        self.until(process.stdout.fileno(), PROMPT.encode(), 60)

    def test_debugger(self):
        """A debugger with tools/gdb/quire.py stops in a page fault and shows the core map, the
        segments and a list."""
        process = self.start("--gdb", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        said, _ = self.until(process.stderr.fileno(), b":1234'\n", 120)
        command = shlex.split(said.decode().splitlines()[-1].split("waiting for ")[1])
        for step in ("set confirm off", "break fault_handle", "continue", "bt 3",
                     "quire-segments as", "quire-frame 0x40000",
                     "quire-list &as->family->spaces.of[0].list as kin", "kill"):
            command += ["-ex", step]
        done = subprocess.run([*LIMIT, command[0], "-batch", *command[1:]], text=True,
                              cwd=os.path.dirname(RUN), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for pattern in (r"^#0 +fault_handle \(as=", r"in trap_prefetch_abort|^#2 +trap_prefetch_abort",
                        r"^00010000-[0-9a-f]{8} r-x flags 0x0 0x[0-9a-f]+ <seg_vn> obj ",
                        r"^frame 0x40000 FRAME_ZERO ", r"^0x[0-9a-f]+ \{.*nsegs = \d+"):
            self.assertRegex(done.stdout, "(?m)" + pattern)
        self.assertEqual(process.wait(30), 0)

    def connect(self, port):
        deadline = time.monotonic() + 30
        while True:
            try:
                connection = socket.create_connection(("localhost", port), 10)
                self.addCleanup(connection.close)
                return connection
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


if __name__ == "__main__":
    quire_vm.main()
