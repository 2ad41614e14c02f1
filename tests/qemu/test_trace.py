# SPDX-License-Identifier: MIT
"""The kernel's trace as someone at the shell sees it: ktrace, pftrace and trace; its filters, what is
lost, its memory; and what the tools on the host make of it.
"""

import json
import os
import re
import subprocess
import sys

import quire_vm
from quire_vm import Machine, TestCase

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
sys.path.insert(0, TOOLS)
import trace_file  # noqa: E402

KINDS = ["spurious", "reclaim", "upgrade", "attach", "transit", "zero", "copy", "pagein", "pager",
         "error"]
LOAD = ("forktree", "hog 400K", "hello", "crash null")


class Trace(TestCase):
    board = dict(cpus=1)
    append = ""

    def machine(self):
        return Machine(append=self.append, limit=200, **self.board)

    def events(self, vm):
        """What the command trace prints."""
        output = vm.run("trace", 60)
        self.assertTrue(output.endswith("\n"))
        return trace_file.parse(output)

    def state(self, vm):
        return dict(line.split(" ", 1) for line in vm.run("trace status").splitlines())

    def test_ktrace(self):
        """Calls with names, arguments, paths, results, errors; faults between them; the end."""
        with self.machine() as vm:
            vm.expect_prompt(60)
            out = vm.run("ktrace hello", 60, status=0)
            for pattern in (r'^ +\d+ execve\("/bin/hello", 0x\w+, 0x\w+\) = 0$',
                            r"^ +\d+ +fault exec 000100c0 from 000100c0: \w+$",
                            r"^ +\d+ +fault write 0001\w+ from 0001\w+: zero$",
                            r"^ +\d+ write\(1, 0x\w+, \d+\) = \d+$",
                            r"^ +\d+ exit_group\(0\) = \?$", r"^ +\d+ exited with 0$",
                            r"^Hello from pid \d+$"):
                self.assert_printed(vm, pattern, out)
            self.assertLess(out.index("execve"), out.index("exit_group"))
            out = vm.run("ktrace cat /proc/none", 60, status=1)
            self.assert_printed(vm, r'^ +\d+ openat\(cwd, "/proc/none", 0, 0\d+\) = -2 ENOENT$', out)
            out = vm.run("ktrace crash null", 60, status=139)
            self.assert_printed(vm, r"^ +\d+ +fault read 00000000 from \w+: error$", out)
            self.assert_printed(vm, r"^ +\d+ killed by signal 11$", out)
            out = vm.run("ktrace ls /dev /" + "x" * 60, 60)
            self.assert_printed(vm, r'"/x{39}\.\.\."', out)  # a long path is cut, and says so
            out = vm.run("ktrace nothing", 60, status=127)

    def test_children(self):
        with self.machine() as vm:
            vm.expect_prompt(60)
            out = vm.run("ktrace forktree", 60, status=0)
            tids = set(re.findall(r"^ +(\d+) exited with 0$", out, re.MULTILINE))
            self.assertEqual(len(tids), 15)
            self.assert_printed(vm, r"^ +\d+ clone\(.*\) = \d+$", out)
            self.assert_printed(vm, r"^ +\d+ +fault write \w+ from \w+: copy$", out)

    def test_memory(self):
        """Nothing is recorded, and no memory taken, before somebody asks and after it ended."""
        with self.machine() as vm:
            vm.expect_prompt(60)
            vm.run("ktrace hello", 60)
            vm.run("pftrace hello", 60)
            before = vm.frames_settled()
            self.assertEqual(self.events(vm), [])
            self.assertEqual(self.state(vm)["written"], "0")
            vm.run("ktrace hello", 60, status=0)
            vm.run("pftrace hello", 60, status=0)
            self.assertEqual(self.state(vm)["state"], "clear")
            self.assertEqual(vm.frames_used(), before)
            vm.run("trace records=16K on", status=0)
            self.assertGreaterEqual(vm.frames_used(), before + 64 * self.board["cpus"])
            vm.run("trace clear")
            self.assertEqual(vm.frames_used(), before)

    def test_counters(self):
        """As many records of each kind of fault as /proc/vmstat counted between two looks."""
        with self.machine() as vm:
            vm.expect_prompt(60)
            vm.run("trace clear records=64K events=fault,syscall on", status=0)
            first = vm.run("cat /proc/vmstat")
            for command in LOAD:
                vm.run(command, 60)
            second = vm.run("cat /proc/vmstat")
            vm.run("trace off", status=0)
            events = self.events(vm)
            looks = [i for i, e in enumerate(events) if e.text == "/proc/vmstat"]
            self.assertEqual(len(looks), 2)
            faults = [e for e in events[looks[0]:looks[1]] if e.name == "fault"]
            self.assertGreater(len(faults), 150)
            for name, mine in [("entries", len(faults))] + [
                    (kind, sum(e.kind == kind for e in faults)) for kind in KINDS]:
                count = [int(re.search(r"^fault_%s (\d+)$" % name, text, re.MULTILINE).group(1))
                         for text in (first, second)]
                self.assertEqual(mine, count[1] - count[0], name)
            times = [e.ns for e in events]
            self.assertEqual(times, sorted(times))

    def test_filters(self):
        with self.machine() as vm:
            vm.expect_prompt(60)
            vm.run("trace clear events=exec,exit on", status=0)
            vm.run("hello")
            vm.run("trace off")
            events = self.events(vm)
            self.assertEqual({e.name for e in events}, {"exec", "exit"})
            spin = int(re.search(r"pid (\d+)", vm.run("spawn spin")).group(1))
            vm.run("trace clear events=all pid=%d on" % spin, status=0)
            vm.run("hello")
            vm.run("trace off")
            events = self.events(vm)
            self.assertEqual({e.tid for e in events if e.name != "switch"} - {spin}, set())
            self.assertTrue(all(spin in e.words for e in events if e.name == "switch"))
            vm.run("trace clear events=call pid=0 on", status=0)
            vm.run("hello")
            vm.run("trace off")
            events = self.events(vm)
            self.assertEqual({e.name for e in events}, {"call"})
            self.assertGreater(len({e.tid for e in events}), 1)

    def test_pages(self):
        """Frames taken and given back: all that a program took for its private pages."""
        with self.machine() as vm:
            vm.expect_prompt(60)
            vm.run("trace clear events=pages records=64K on", status=0)
            vm.run("hog 400K")
            vm.run("trace off")
            events = self.events(vm)
            taken = {e.words[0] for e in events if e.name == "alloc"}
            given = {e.words[0] for e in events if e.name == "free"}
            self.assertGreater(len(taken & given), 100)

    def test_lost(self):
        """What a ring had no room for is counted where it is missing."""
        with self.machine() as vm:
            vm.expect_prompt(60)
            vm.run("trace clear events=fault records=256 on", status=0)
            vm.run("hog 1M", 60)
            vm.run("trace off")
            events = self.events(vm)
            state = self.state(vm)
            self.assertEqual(state["records"], "256")
            lost = sum(e.words[0] for e in events if e.name == "lost")
            records = 2 * sum(e.name == "fault" for e in events)  # each goes on in a second one
            self.assertGreater(lost, 200)
            self.assertIn(int(state["written"]) - lost - records, (0, 1))  # a half at the edge

    def test_control(self):
        """Wrong words are refused; a trace in use is left alone; it ends with who held it."""
        with self.machine() as vm:
            vm.expect_prompt(60)
            for words, why in (("events=fault,nonsense", "invalid argument"),
                               ("events=more", "invalid argument"), ("pid=x", "invalid argument"),
                               ("pid=31999", "no such process"), ("records=0", "invalid argument"),
                               ("records=2M", "invalid argument"), ("nonsense", "invalid argument")):
                self.assertIn(why, vm.run("trace " + words, status=1), words)
            vm.run("trace on", status=0)
            self.assertIn("busy", vm.run("trace records=256", status=1))
            self.assertIn("in use", vm.run("ktrace hello", status=1))
            vm.run("trace clear")
            vm.send("ktrace spin\r")
            vm.expect(r"fault exec \w+ from")
            vm.interrupt()
            self.assertEqual(self.state(vm)["state"], "clear")
            pid = re.search(r"pid (\d+)", vm.run("spawn sleep 1")).group(1)
            out = vm.run("ktrace -p " + pid, 60, status=0)
            self.assert_printed(vm, r"^ +%s exited with 0$" % pid, out)
            self.assertIn("ktrace: 31999: no such process", vm.run("ktrace -p 31999", status=1))

    def test_parent(self):
        """Who asks for a trace of its own parent is not in it: it would trace how it prints."""
        with self.machine() as vm:
            vm.expect_prompt(60)
            shell = int(re.search(r"(?m)^ +(\d+) .* -sh$", vm.run("ps")).group(1))
            vm.run("trace clear pid=%d events=syscall on" % shell, status=0)
            hello = int(re.search(r"pid (\d+)", vm.run("hello")).group(1))
            vm.run("trace off")
            events = self.events(vm)
            self.assertEqual(events[0].tid, shell)
            self.assertIn(hello, {e.tid for e in events})
            vm.run("trace clear")

    def test_own_calls(self):
        """Who reads the trace while its own calls are in it ends with what was there first."""
        with self.machine() as vm:
            vm.expect_prompt(60)
            vm.run("trace clear pid=0 events=syscall on", status=0)
            vm.run("pftrace", 60, status=0)
            out = vm.run("trace -j", 60, status=0)
            self.assertIn('"execve"', out)
            vm.run("trace clear", status=0)
            vm.run("ktrace -p 2 -e syscall &")
            vm.send("hello\r")
            vm.expect(r"^ +\d+ +\S*execve")
            vm.expect(r"^ +\d+ exit_group")
            vm.send("pftrace > /dev/null; echo ended=$?\r")
            vm.expect(r"^ended=0$", 60)
            vm.send("pftrace off > /dev/null; trace status\r")
            vm.expect(r"^state clear$", 60)

    def test_own_follower(self):
        """ktrace that traces itself as well ends with its command."""
        with self.machine() as vm:
            vm.expect_prompt(60)
            vm.run("ktrace -n 256 sleep 2 > /dev/null &")
            vm.run("sleep 1")
            vm.run("trace pid=0", status=0)
            vm.run("wait", 60)
            self.assertEqual(self.state(vm)["state"], "clear")

    def test_pftrace(self):
        with self.machine() as vm:
            vm.expect_prompt(60)
            line = r"^ *\d+ [0-9a-f]{8} (read|write|exec) +[0-9a-f]{8} (\w+) +\d+ \d+$"
            out = vm.run("pftrace hog 40K", 60, status=0)
            kinds = [kind for _, kind in re.findall(line, out, re.MULTILINE)]
            self.assertGreaterEqual(kinds.count("zero"), 10)
            vm.run("pftrace on", status=0)
            vm.run("hello")
            out = vm.run("pftrace off", 60, status=0)
            self.assert_printed(vm, line, out)
            self.assertEqual(self.state(vm)["state"], "clear")


class TraceCores(Trace):
    board = dict(cpus=4)


class TraceChaos(Trace):
    append = "hat=chaos"


class Tools(TestCase):
    """The text on the serial line becomes what viewers open."""

    @classmethod
    def setUpClass(cls):
        with Machine(append="trace=1 trace_records=16K", cpus=2, limit=200) as vm:
            vm.expect_prompt(60)
            for command in LOAD:
                vm.run(command, 60)
            vm.run("trace off")
            vm.run("trace", 60)
            cls.capture = vm.text
            cls.events = trace_file.parse(vm.text)
            cls.json = vm.run("trace -j", 60)
            cls.ktrace = vm.run("trace clear") + vm.run("ktrace -j hello", 60, status=0)

    def tool(self, *args):
        return subprocess.run([sys.executable, "-B", *args], text=True, check=True, cwd=TOOLS,
                              stdout=subprocess.PIPE).stdout

    def captured(self):
        return self.write("capture", self.capture.encode())

    def test_events(self):
        names = {e.name for e in self.events}
        self.assertTrue({"fault", "call", "return", "text", "switch", "irq", "fork", "exec",
                         "exit"} <= names, names)

    def test_ctf(self):
        """babeltrace2 reads as many events of each name as there are lines."""
        self.tool("trace.py", "ctf", self.captured(), self.path("ctf"))
        out = subprocess.run(["babeltrace2", self.path("ctf")], text=True, check=True,
                             stdout=subprocess.PIPE).stdout
        names = re.findall(r"^\[[^\]]*\] \([^)]*\) (\w+): ", out, re.MULTILINE)
        self.assertEqual(sorted(names), sorted(e.name for e in self.events))
        self.assertRegex(out, r'call: .* \{ name = "execve", number = 0xB,')
        self.assertRegex(out, r'fault: .* access = "write", kind = "zero", ')

    def test_ctf_lost(self):
        """A gap is babeltrace2's count of discarded events."""
        text = "# 1000000 ticks a second\n"
        text += "".join("%12d cpu0     7 irq    0000001b 00000000\n" % (100 + i) for i in range(3))
        text += "         200 cpu0     0 lost   0000002a 00000000\n"
        text += "         201 cpu0     7 irq    0000001b 00000000\n"
        out = self.tool("trace.py", "ctf", self.write("capture", text.encode()), self.path("ctf"))
        self.assertEqual(out, "4 events, 42 lost\n")
        done = subprocess.run(["babeltrace2", self.path("ctf")], text=True, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
        self.assertEqual(len(re.findall(r" irq: ", done)), 4)
        self.assertRegex(done, r"discarded 42 events")

    def test_json(self):
        self.tool("trace.py", "json", self.captured(), self.path("json"))
        with open(self.path("json"), encoding="utf-8") as f:
            events = json.load(f)
        self.assertEqual(len(events), len(self.events))
        self.assertEqual([e["ph"] for e in events].count("B"),
                         sum(e.name == "call" for e in self.events))

    def test_json_inside(self):
        """The programs print the same format."""
        events = json.loads(self.json)
        calls = sum(e.name == "call" for e in self.events)
        self.assertEqual([e["ph"] for e in events].count("B"), calls)
        events = json.loads(self.ktrace[self.ktrace.index("["):])
        self.assertTrue({"execve", "write", "exit_group"} <= {e["name"] for e in events})

    def test_plot(self):
        self.tool("plot_trace.py", self.captured(), self.path("svg"))
        with open(self.path("svg"), encoding="utf-8") as f:
            svg = f.read()
        for word in ("page faults by kind", "working set", "page map", "zero", "milliseconds"):
            self.assertIn(word, svg)

    def test_no_trace(self):
        done = subprocess.run([sys.executable, "-B", "trace.py", "json",
                               self.write("capture", b"nothing"), self.path("json")], cwd=TOOLS,
                              stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no trace here", done.stderr)


if __name__ == "__main__":
    quire_vm.main()
