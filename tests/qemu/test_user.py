# SPDX-License-Identifier: MIT
"""The user-mode tests of the ramdisk (/tests/run prints TAP, its status becomes QEMU's), and
programs that Debian's compilers made for Linux, unmodified.
"""

import os
import subprocess
import unittest

import quire_vm
from quire_vm import Machine, SOAK, TestCase, built, run_user_tests

HERE = os.path.dirname(os.path.abspath(__file__))


class UserTests(TestCase):
    board = {}
    append = ""
    words = ""
    elsewhere = ()  # programs that other machines' runs are enough for, but for a soak

    def run_tests(self, append):
        limit = 3000 if SOAK else 900  # seconds; a minute on an idle machine
        words = self.words
        if self.elsewhere and not SOAK:
            words += " except " + " ".join(self.elsewhere)
        run_user_tests(words, append=self.append + append, limit=limit, **self.board)

    def test_plain(self):
        self.run_tests("")

    def test_chaos(self):
        self.run_tests("hat=chaos")


class UserTestsA7(UserTests):
    board = dict(cpu="cortex-a7", memory="64M")


class UserTestsRaspi2b(UserTests):
    """All of its memory is taken in test_shell.py; here, where that is done often, a part."""

    board = dict(board="raspi2b")
    append = "memlimit=64M "


@unittest.skipUnless(SOAK, "one CPU: with --soak")
class UserTestsA7Soak(UserTestsA7):
    pass


@unittest.skipUnless(SOAK, "one CPU: with --soak")
class UserTestsRaspi2bSoak(UserTestsRaspi2b):
    pass


class UserTestsSmall(UserTests):
    board = dict(memory="64M")

    @unittest.skipUnless(SOAK, "with chaos alone, but for a soak")
    def test_plain(self):
        super().test_plain()


class UserTestsDebug(UserTests):
    """With the kernel that checks itself, which makes those that touch most pages slowest. No clock is
    looked at, as with lint."""

    board = dict(kernel="debug/quire.img")
    words = "untimed"
    elsewhere = ("t_memory", "t_regress")


class Together(TestCase):
    """Hostile users on all CPUs at the same time."""

    programs = ("t_malice_calls t_malice_instructions t_malice_leftovers t_malice_life "
                "t_malice_limits t_malice_storm t_malice_calls t_storm")

    def run_together(self, **board):
        run_user_tests("together " + self.programs, limit=3000 if SOAK else 300, **board)

    def test_virt(self):
        self.run_together(cpus=4)

    def test_chaos(self):
        self.run_together(cpu="cortex-a7", append="hat=chaos", cpus=4)

    def test_raspi2b(self):
        self.run_together(board="raspi2b", cpus=4)

    def test_paths(self):
        """A word with a slash is a path, as it is for one after the other; what is not there is said."""
        run_user_tests("together /tests/t_exec t_exec", limit=60)
        with self.assertRaisesRegex(AssertionError, "run: /tests/none: not found"):
            run_user_tests("together none /bin/true", limit=60)


class LinuxPrograms(TestCase):
    """tests/qemu/linux_hello.c, static, with the C libraries that Debian ships, as /init."""

    compiler = ["arm-linux-gnueabihf-gcc", "-O2", "-Wall", "-Werror"]
    source = os.path.join(HERE, "linux_hello.c")

    def boots(self, program, append=""):
        with open(program, "rb") as f:
            initrd = quire_vm.initrd_with(self.path("initrd"), {"init": f.read()}, base=False)
        with Machine(initrd=initrd, append="exit=semihosting " + append + " -- one 'two'") as vm:
            self.assertEqual(vm.wait(60), 7)
            vm.position = 0
            vm.expect(r"^hello from /init, argc 3$", 1)
            vm.expect(r"^heap 1048576 bytes, sum 128$", 1)
            vm.expect(r"^3\.25 thread-local$", 1)

    def glibc(self, name, *flags):
        subprocess.run([*self.compiler, *flags, self.source, "-o", self.path(name)], check=True)
        return self.path(name)

    def musl(self, start="crt1.o", *flags):
        root = built("musl/usr/")
        lib = root + "lib/arm-linux-musleabihf/"
        include = root + "include/arm-linux-musleabihf"
        flags = flags or ("-static",)
        subprocess.run([*self.compiler, *flags, "-nostdinc", "-isystem", include, "-nostdlib",
                        lib + start, lib + "crti.o", self.source, lib + "libc.a", "-lgcc",
                        "-lgcc_eh", lib + "libc.a", lib + "crtn.o", "-o", self.path("musl")],
                       check=True)
        return self.path("musl")

    def test_glibc_static(self):
        self.boots(self.glibc("glibc", "-static"))

    def test_glibc_static_chaos(self):
        self.boots(self.glibc("glibc", "-static"), "hat=chaos")

    def test_musl_static_pie(self):
        self.boots(self.musl("rcrt1.o", "-static-pie", "-fPIE", "-Wl,--no-dynamic-linker"))

    def test_musl_static(self):
        self.boots(self.musl())


if __name__ == "__main__":
    quire_vm.main()
