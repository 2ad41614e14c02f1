# SPDX-License-Identifier: MIT
"""Reference strings that the kernel records: the program tests/user/pattern.c touches pages in an order
that is worked out here, and the record must be that; what tools/refs.py foretells of page-ins is what
two machines with less memory need; the command refs and its errors; recordings that are disturbed.
"""

import os
import re
import subprocess
import sys

import quire_vm
from quire_vm import Machine, TestCase, disk_args
from test_swap import PAGE, header

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tools"))
import refs_file  # noqa: E402

HOUR = 3600000000
SKEW = "skew 2999 30000"  # pages, references
SWAP_PAGES = 16384
TOLERANCE = 0.15  # of page-ins foretold; docs/REFERENCE-STRINGS.md says where they come from


def skew(pages, count):
    """The pages of pattern.c's `skew`."""
    state = 1
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % (1 << 32)
        r = state >> 16
        yield ((r * r >> 16) * r >> 16) * pages >> 16


def tool(*args):
    """The output of tools/refs.py."""
    return subprocess.run([sys.executable, "-B", os.path.join(ROOT, "tools", "refs.py"), *args],
                          check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout


def intervals(string, first, count):
    """[[(page, letter)]] of each interval, of count pages from `first`, which become 0, 1..."""
    cuts = [index for _, index in string.starts] + [len(string.pages)]
    return [[(string.pages[i] - first, string.access[i]) for i in range(a, b)
             if first <= string.pages[i] < first + count] for a, b in zip(cuts, cuts[1:])]


class Refs(TestCase):
    board = {}
    exact = True  # the hardware forgets nothing that we did not tell it to

    def boot(self, **more):
        options = {**self.board, **more}
        options["append"] = " ".join(filter(None, (self.board.get("append"), more.get("append"))))
        vm = Machine(**options)
        self.addCleanup(vm.close)
        vm.expect_prompt(60)
        return vm

    def base(self, output):
        return int(re.search(r"^pattern: base ([0-9a-f]+) resident \d+ wrong 0$", output, re.M).group(1), 16)

    def first_touches(self, touches):
        """What of [(page, letter)] faults: r, then w if it is written; nothing after w."""
        seen, found = {}, []
        for page, letter in touches:
            if page not in seen or (seen[page], letter) == ("r", "w"):
                found.append((page, letter))
                seen[page] = letter
        return found

    def check_intervals(self, found, wanted):
        found = [one for one in found if one]
        if not self.exact:  # pages may come again; none is missing
            found = [self.first_touches(one) for one in found]
        self.assertEqual(found, wanted)

    def ends(self, vm):
        vm.run("vmcheck -q", 120, status=0)
        vm.power_off(60)


class Record(Refs):
    def test_loop(self):
        """Every round is an interval: all pages in order, every third one written."""
        vm = self.boot()
        output = vm.run("refs -i %d pattern loop 50 4 50" % HOUR, 60, status=0)
        string = refs_file.parse(output)
        self.assertEqual((string.name, string.interval_us, string.lost), ("pattern", HOUR, 0))
        self.assertEqual((string.pages[0], string.access[0]), (0x10, "x"))
        once = [(page, "r" if page % 3 else "w") for page in range(50)]
        self.check_intervals(intervals(string, self.base(output), 50), [once] * 4)
        self.ends(vm)

    def test_locality(self):
        vm = self.boot()
        output = vm.run("refs -i %d -b 64 pattern skew 499 3000 100" % HOUR, 60, status=0)
        string, pages = refs_file.parse(output), [place * 769 % 499 for place in skew(499, 3000)]
        wanted = [self.first_touches([(page, "w") for page in pages[i:i + 100]])
                  for i in range(0, 3000, 100)]
        self.check_intervals(intervals(string, self.base(output), 499), wanted)
        self.assertEqual([us for us, _ in string.starts], sorted(us for us, _ in string.starts))
        self.ends(vm)

    def test_faults(self):
        """Intervals of 20 references of a loop over 30 pages: every touch is the first of its interval.
        (Without marks the program reads all pages once more.)"""
        vm = self.boot()
        output = vm.run("refs -f 20 pattern loop 30 6", 60, status=0)
        string = refs_file.parse(output)
        cuts = [index for _, index in string.starts]
        self.assertEqual({b - a for a, b in zip(cuts, cuts[1:-1])}, {20})
        pages = [page for one in intervals(string, self.base(output), 30) for page, _ in one]
        if self.exact:
            self.assertEqual(pages, list(range(30)) * 7)
        self.assertEqual(set(pages), set(range(30)))
        self.ends(vm)

    def test_tool(self):
        """The tool takes what was on the serial line."""
        vm = self.boot()
        vm.run("refs -f 16 -b 40 pattern skew 300 3000", 60, status=0)
        capture = self.write("capture", vm.text.encode())
        out = tool("curve", capture, "--policies", "lru,clock,opt", "--frames", "50,100,400")
        rows = [list(map(int, line.split())) for line in out.splitlines()[2:]]
        cold = len(set(refs_file.parse(vm.text).pages))
        self.assertEqual(rows[2], [400, cold, cold, cold])
        for size, lru, clock, opt in rows[:2]:
            self.assertLess(cold, opt)
            self.assertLessEqual(opt, min(lru, clock))
        self.assertIn("tau", tool("ws", capture))
        self.ends(vm)


class PageIns(Refs):
    """What a program needs is foretold by the record of a machine where it had all that it wanted."""

    def record(self, program):
        vm = self.boot()
        vm.run("refs -f 64 -b 256 pattern %s" % program, 100, status=0)
        capture = self.write("record", vm.text.encode())
        self.assertEqual(refs_file.parse(vm.text).lost, 0)
        vm.power_off(60)
        return capture

    def measure(self, memory, program, policy):
        """Frames that the program had, those that had been taken from it but could be found again
        among them; its faults that had to read from swap, and all pages that were read."""
        disk = self.write("swap-" + memory + policy, header(SWAP_PAGES))
        os.truncate(disk, SWAP_PAGES * PAGE)
        vm = self.boot(append="memlimit=" + memory, extra=disk_args(0, disk))
        vm.run("swapon /dev/vda", 60, status=0)
        vm.run("clock policy " + policy, 60, status=0)
        vm.run("hog 16M", 60, status=0)  # what else is in memory and not used goes now
        output = vm.run("vmstat -d pattern " + program, 200, status=0)
        resident = int(re.search(r"resident (\d+) wrong 0$", output, re.M).group(1))
        count = dict(re.findall(r"^(\w+) +\+(\d+)", output, re.M))
        lotsfree = int(re.search(r"^lotsfree (\d+)", vm.run("cat /proc/quire/clock", 60), re.M).group(1))
        self.ends(vm)
        return resident + lotsfree, int(count["fault_pagein"]), int(count["pswpin"])

    def check_foretold(self, capture, memory, program, policy="clock"):
        frames, faults, pages = self.measure(memory, program, policy)
        foretold = int(tool("predict", capture, "--frames", str(frames), "--policy", policy))
        print("# %s, %s, %s: %d frames: foretold %d, faults %d, pages read %d" % (
            program, memory, policy, frames, foretold, faults, pages))
        self.assertLessEqual(faults * (1 - TOLERANCE), foretold)
        self.assertLessEqual(foretold, pages * (1 + TOLERANCE))
        return foretold, faults, pages

    def test_skew(self):
        capture = self.record(SKEW)
        small, middle, large = (self.check_foretold(capture, size, SKEW) for size in ("8704K", "9728K", "10752K"))
        for foretold, faults, _ in (small, middle, large):  # one by one, as the tool thinks of them
            self.assertLess(abs(foretold - faults), TOLERANCE * foretold)
        self.assertGreater(small[1], 2 * large[1])

    def test_cycle(self):
        """The worst case of clock: every page goes before it is wanted again, in the three rounds that
        follow and when all is read at last. They are read 16 at once."""
        program = "cycle 3500 4"
        capture = self.record(program)
        foretold, faults, pages = self.check_foretold(capture, "8M", program)
        self.assertEqual(foretold // 3500, 4)
        self.assertLess(abs(foretold - pages), TOLERANCE * foretold)
        self.assertLess(faults, pages / 8)


class Command(Refs):
    def wait_for(self, vm, command, pattern, tries=50):
        for _ in range(tries):
            output = vm.run(command, 60)
            if re.search(pattern, output, re.M):
                return output
        vm.fail("no /%s/ in %r" % (pattern, output))

    def background(self, vm, command):
        """Its pid."""
        match = re.search(r"\b(\d+)\s*$", vm.run(command + " &", 60), re.M)
        return int(match.group(1)) if match else vm.fail("no pid")

    def test_usage(self):
        vm = self.boot()
        for wrong in ("", "-p", "-p x", "-p 1 true", "-p 0", "-i 1000", "-i 99 true", "-i 1000 -f 16 true",
                      "-f 15 true", "-t 1 true", "-b 513 true", "-b 0 true", "-x true", "-n 0 true",
                      "-i 99999999999 true", "-ii 1000 true"):
            self.assert_printed(vm, "^usage: refs ", vm.run("refs " + wrong, 60, status=2))
        self.assert_printed(vm, "^refs: nonsense: not found$", vm.run("refs nonsense", 60, status=127))
        self.assert_printed(vm, "^refs: 12345: no such process$", vm.run("refs -p 12345", 60, status=1))
        output = vm.run("refs false", 60, status=1)
        self.assertEqual(refs_file.parse(output).name, "false")
        output = vm.run("refs crash undef", 60, status=132)
        self.assertEqual(refs_file.parse(output).name, "crash")
        output = vm.run("refs -b 1 pattern cycle 2000 1", 60, status=0)
        self.assert_printed(vm, r"^refs: no room for \d+ references; -b PAGES gives more$", output)
        self.assertGreater(refs_file.parse(output).lost, 900)
        self.assertEqual(len(refs_file.parse(vm.run("refs -n 5 hog 64K", 60, status=0)).pages), 5)
        self.assert_printed(vm, r"^ +refs +pages that", vm.run("help", 60))
        self.ends(vm)

    def test_process(self):
        vm = self.boot(cpus=2)
        before = vm.frames_settled()
        pid = self.background(vm, "spin 60")
        output = vm.run("refs -p %d -t 1 -i 5000" % pid, 60, status=0)
        string = refs_file.parse(output)
        self.assertEqual((string.pid, string.name), (pid, "spin"))
        self.assertGreater(len(string.starts), 20)  # 200 on an idle host
        self.assertLess(string.starts[-1][0], 20 * 10 ** 6)
        self.assertEqual(len(refs_file.parse(vm.run("refs -p %d -n 7" % pid, 60, status=0)).pages), 7)
        vm.run("echo start 1000 >/proc/%d/refs" % pid, status=0)
        self.assert_printed(vm, "^refs: %d: is being recorded already$" % pid,
                            vm.run("refs -p %d" % pid, 60, status=1))
        self.assert_printed(vm, "state=on ", vm.run("cat /proc/%d/refs" % pid, 60))
        vm.run("echo stop >/proc/%d/refs" % pid, status=0)
        self.assert_printed(vm, "state=ended ", vm.run("cat /proc/%d/refs" % pid, 60))
        other = self.background(vm, "refs -p %d -t 50" % pid)
        self.wait_for(vm, "cat /proc/%d/refs" % pid, "state=on ")
        vm.run("kill -KILL %d" % other)
        self.wait_for(vm, "cat /proc/%d/refs" % pid, "^# no record")
        vm.send("refs -p %d -t 50\r" % pid)
        vm.expect(r"\n")
        vm.interrupt()
        self.wait_for(vm, "cat /proc/%d/refs" % pid, "^# no record")
        # to a file: between its lines the shell says which of its jobs have ended
        last = self.background(vm, "refs -p %d -t 50 >/tmp/last" % pid)
        self.wait_for(vm, "cat /proc/%d/refs" % pid, "state=on ")
        vm.run("kill -KILL %d" % pid)
        vm.run("wait", 60)
        output = vm.run("cat /tmp/last; rm /tmp/last", 60, status=0)
        self.assert_printed(vm, "state=ended ", output)
        self.assertEqual(refs_file.parse(output, pid).pid, pid)
        self.assertNotEqual(last, pid)
        self.assertLessEqual(abs(vm.frames_used() - before), 2)
        self.ends(vm)


class Hostile(Refs):
    """Programs that map, fork, swap and die, recorded with the shortest intervals, by several."""

    board = dict(cpus=4)

    def test_storm(self):
        disk = self.write("swap", header(SWAP_PAGES))
        os.truncate(disk, SWAP_PAGES * PAGE)
        vm = self.boot(append="memlimit=24M", extra=disk_args(0, disk))
        vm.run("swapon /dev/vda", 60, status=0)
        vm.run("hog 20M", 100, status=0)
        for command in ("refs -i 100 -b 2 hog 20M", "refs -f 16 -b 1 forktree 3", "refs -i 150 workers fork 3",
                        "refs -i 100 hog 24M", "refs -f 20 tally"):
            vm.run(command + " >/dev/null &", 60)
        for _ in range(10):  # there may be no memory for it
            vm.run("refs -i 100 -n 50 true >/dev/null", 200)
        vm.run("wait", 300)
        self.assertEqual(len(re.findall(r"hog 2.M: ended with status 0$", vm.text, re.M)), 2)
        vm.run("swapoff /dev/vda", 100, status=0)
        self.ends(vm)


class RecordChaos(Record):
    board = dict(append="hat=chaos")
    exact = False


class RecordDebug(Record):
    board = dict(kernel="debug/quire.img", cpus=4)


class HostileChaos(Hostile):
    board = dict(cpus=4, append="hat=chaos", kernel="debug/quire.img")


if __name__ == "__main__":
    quire_vm.main()
