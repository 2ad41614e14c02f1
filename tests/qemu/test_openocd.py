# SPDX-License-Identifier: MIT
"""./debug without a board: OpenOCD reads all of its configuration with an adapter that is none, and
what it would do to the board is done to a board of paper: the commands that touch one only say what
they were told. The tree that it loads must name the ramdisk that it loads.
"""

import os
import re
import shlex
import subprocess

import quire_vm
from quire_vm import TestCase

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TOUCHES_THE_BOARD = ("init", "targets", "halt", "load_image", "reg", "resume")


class OpenOcd(TestCase):
    def debug(self, *arguments):
        done = subprocess.run([os.path.join(ROOT, "debug"), *arguments], text=True, timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [shlex.split(line) for line in done.stdout.splitlines()]

    def openocd(self, command):
        done = subprocess.run(["timeout", "-k", "5", "60", *command], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def adapter(self):
        return self.write("adapter.cfg", b"adapter driver dummy\nadapter speed 1000\n")

    def test_load(self):
        (command,) = self.debug("raspi2b", "--adapter", self.adapter(), "--load", "--print",
                                "--append", "kdb=0 trace=1")
        paper = "; ".join("proc %s {args} {echo \"board: %s $args\"}" % (name, name)
                          for name in TOUCHES_THE_BOARD)
        at = command.index("init") - 1
        said = self.openocd(command[:at] + ["-c", paper] + command[at:])
        steps = re.findall(r"^board: (.*?) *$", said, re.MULTILINE)
        build = os.path.join(ROOT, "build")
        self.assertEqual(steps, [
            "init", "targets bcm2836.cpu0", "halt", "load_image %s/quire.img 0x00010000 bin" % build,
            "load_image %s/jtag.dtb 0x07000000 bin" % build,
            "load_image %s/initrd.cpio 0x08000000 bin" % build,
            "reg r0 0", "reg r1 0", "reg r2 0x07000000", "reg pc 0x00010000", "resume 0x00010000"])
        self.assertEqual(self.chosen("linux,initrd-start"), "8000000")
        self.assertEqual(int(self.chosen("linux,initrd-end"), 16) - 0x8000000,
                         os.path.getsize(os.path.join(build, "initrd.cpio")))
        self.assertEqual(self.chosen("bootargs", "s"), "kdb=0 trace=1")

    def chosen(self, name, kind="x"):
        return subprocess.run(["fdtget", "-t", kind, os.path.join(ROOT, "build", "jtag.dtb"),
                               "/chosen", name], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()

    def test_debugger(self):
        """The configuration as OpenOCD reads it, up to the point where it would look for a board."""
        openocd, gdb = self.debug("raspi2b", "--adapter", self.adapter(), "--print")
        self.openocd(openocd[:openocd.index("init") - 1] + ["-c", "shutdown"])
        self.assertIn(os.path.join(ROOT, "build", "debug", "quire.img"), openocd[-1])
        self.assertEqual(gdb[:2], ["gdb-multiarch", os.path.join(ROOT, "build/debug/quire.elf")])
        self.assertIn("target extended-remote :3333", gdb)

    def test_usage(self):
        for arguments in ([], ["raspi2b"], ["virt", "--adapter", "x"], ["raspi2b", "--adapter"]):
            done = subprocess.run([os.path.join(ROOT, "debug"), *arguments], text=True,
                                  stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 2)
            self.assertIn("usage: ./debug", done.stderr)


if __name__ == "__main__":
    quire_vm.main()
