# SPDX-License-Identifier: MIT
"""Real programs at the same time, started and watched by an interactive bash: threads, signals and a fork
server with glibc and musl, static and dynamic (tests/programs), lua, sqlite3 and bash. They print what
they printed on Debian's Linux, with all the memory that they want, and then with a quarter of that, a
disk to swap to and a HAT that forgets.
"""

import os
import re
import tempfile

import linux_compare
import program_compare
import quire_vm
import script_compare
import test_busybox
from quire_vm import built
from test_busybox import CTRL_C, CTRL_Z

LIMIT = 280  # seconds for a machine
DISK_BYTES = 96 << 20
SLACK = 16  # frames of caches that are filled once
BASH = re.escape("bash-5.2# ")
COUNTERS = ("pswpin", "pswpout", "pgsteal")


class Programs(test_busybox.Ash):
    """One session after the other, with the same ramdisk."""

    def setUp(self):
        if not os.path.exists(built(test_busybox.IMAGE)):
            self.fail("%s is missing: tools/setup.sh test makes it" % built(test_busybox.IMAGE))
        self.directory = type(self).folder.name
        self.kept = linux_compare.kept_answers(program_compare.HERE)

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="quire-test-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.ramdisk = program_compare.build(cls.folder.name, init=False)

    def numbers(self, path, names):
        text = self.say("cat " + path)
        return {name: int(re.search(r"^%s:? +(\d+)" % name, text, re.MULTILINE).group(1)) for name in names}

    def frames(self):
        """Frames in use after a clean audit; of slabs the objects (see quire_vm.frames_used)."""
        self.check("cat /proc/vmcheck", "vmcheck: ok, .*", seconds=60)
        found = self.numbers("/proc/meminfo", ("FramesUsed", "FramesBoot", "SlabFrames", "SlabObjects"))
        return found["FramesUsed"] - found["SlabFrames"] + found["SlabObjects"], found["FramesBoot"]

    def session(self, append="", **board):
        """Runs all; (the most frames that were in use, but for the kernel's and the ramdisk's, counters)."""
        disk = self.path("disk")
        with open(disk, "wb") as f:
            f.truncate(DISK_BYTES)
        self.boot(initrd=self.ramdisk, append=append, limit=LIMIT, memory="256M",
                  extra=quire_vm.disk_args(0, disk), **board)
        self.say("mkswap /dev/vda > /dev/null && swapon /dev/vda")
        before, boot = self.frames()
        self.vm.send("bash\n")
        self.vm.expect(BASH, 30)
        self.vm.send("bind 'set enable-bracketed-paste off'\n") # it would stand before output
        self.vm.expect(BASH, 30)
        self.start_all()
        self.control_jobs()
        most = self.wait_for_all()
        self.vm.send("exit\n")
        self.vm.expect(r"~ # ", 30)
        found = script_compare.answers_of({name: self.output_of(name) for name in self.kept})
        wrong = linux_compare.compare(self.kept, found)
        if wrong:
            self.fail("Linux (-) and Quire (+) differ:\n%s" % "\n".join(wrong))
        counters = self.numbers("/proc/vmstat", COUNTERS)
        self.say("rm -r /tmp/*; swapoff /dev/vda", seconds=60)
        self.assertLessEqual(self.frames()[0], before + SLACK)
        self.end()
        return most - boot, counters

    def start_all(self):
        for name in sorted(self.kept):
            self.vm.send("(mkdir /tmp/{0}; cd /tmp/{0}; /scripts/{0}.sh; echo \"status $?\") > /tmp/{0}.out 2>&1 &\n"
                         .format(name))
            self.vm.expect(r"^\[\d+\] \d+$", 60)

    def press(self, key, pattern):
        """Presses a key until it works: what it is for may not have begun."""
        for _ in range(30):
            self.vm.send(key)
            try:
                return self.vm.expect(pattern, 2)
            except quire_vm.VmError:
                continue
        self.vm.fail("%r does nothing" % key)

    def control_jobs(self):
        """While they run, their shell answers."""
        self.vm.expect(BASH, 60)
        self.vm.send("sleep 1000\n")
        self.vm.expect(r"sleep 1000\n", 60) # else the key takes what is typed away
        self.press(CTRL_Z, r"Stopped +sleep 1000$")
        self.vm.expect(BASH, 60)
        self.vm.send("fg\n")
        self.vm.expect(r"^sleep 1000\n", 60)
        self.press(CTRL_C, BASH)
        self.vm.send("for i in a b; do echo $i$i; done; history | wc -l\n")
        self.vm.expect(r"^aa\nbb\n\d+\n", 60)

    def wait_for_all(self):
        """The most frames that were in use meanwhile."""
        most = 0
        while True:
            self.vm.send("grep FramesUsed /proc/meminfo; jobs -r | grep -c scripts\n")
            match = self.vm.expect(r"^FramesUsed: +(\d+)\n(?s:.*?)^(\d+)\n", 120)
            most = max(most, int(match.group(1)))
            if match.group(2) == "0":
                return most

    def output_of(self, name):
        return [line for line in self.say("cat /tmp/%s.out" % name, seconds=60).split("\n")[:-1] if line]

    def quarter(self, cpus):
        most, counters = self.session(cpus=cpus)
        self.assertEqual(counters["pswpout"], 0, counters)
        _, counters = self.session("hat=chaos memlimit=%dK" % most, cpus=cpus)  # of 4 KiB
        print("%d KiB wanted, %d KiB there: %s" % (4 * most, most, counters))
        self.assertGreater(counters["pswpin"], 500)
        self.assertGreater(counters["pswpout"], 500)

    def test_one_cpu(self):
        self.quarter(1)

    def test_four_cpus(self):
        self.quarter(4)


class Kept(quire_vm.TestCase):
    """One after the other, with all the memory that they want."""

    def run_all(self, cpus):
        ramdisk = program_compare.build(self.directory)
        found = linux_compare.run_quire(ramdisk, "limit=100", limit=LIMIT, cpus=cpus)
        self.assertIn("vmcheck: ok", "\n".join(found.pop("vmcheck", [])))
        wrong = linux_compare.compare(linux_compare.kept_answers(program_compare.HERE),
                                      script_compare.answers_of(found))
        if wrong:
            self.fail("Linux (-) and Quire (+) differ:\n%s" % "\n".join(wrong))

    def test_one_cpu(self):
        self.run_all(1)

    def test_four_cpus(self):
        self.run_all(4)


if __name__ == "__main__":
    quire_vm.main()
