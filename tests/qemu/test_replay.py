# SPDX-License-Identifier: MIT
"""./run --record and --replay: what a machine printed, tick stamps and all, it prints again without
input; nobody replays what is not the recording's own.
"""

import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

import quire_vm
from quire_vm import PROMPT, TestCase, built, set_raw

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "run")
LIMIT = ["timeout", "-k", "5", "120"]
NAME = "r,1"  # a comma separates QEMU's options

# The storm with every switch of threads and its time.
STORM = "trace events=switch on\n/tests/t_storm 5 40\ntrace\npoweroff\n"


def only_child(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        return int(f.read())


class Replay(TestCase):
    def run_with(self, *arguments, text=""):
        """(status, stdout, stderr) of ./run with text as its whole input."""
        done = subprocess.run([*LIMIT, RUN, *arguments], input=text.encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode()

    def record(self, *arguments, text="", status=0):
        """What a machine printed that is recorded now."""
        got, output, errors = self.run_with("--record", self.path(NAME), *arguments, text=text)
        self.assertEqual((got, errors), (status, ""), output)
        return output

    def assert_replays(self, output, status=0):
        self.assertEqual(self.run_with("--replay", self.path(NAME)), (status, output, ""))

    def storm(self, *arguments):
        """A storm is another one each time, and the same one when it is replayed."""
        outputs = []
        for _ in range(2):
            outputs.append(self.record("--append", "hat=chaos", *arguments, text=STORM))
            self.assertRegex(outputs[-1], r"(?m)^ok 1 ")
            self.assertGreater(len(re.findall(r"(?m)^ *\d+ cpu\d +\d+ switch ", outputs[-1])), 20)
        self.assertNotEqual(*outputs)
        for _ in range(3):
            self.assert_replays(outputs[-1])

    def test_storm(self):
        self.storm()

    def test_storm_cores(self):
        """The host's other work makes no difference."""
        others = [subprocess.Popen(["sha256sum", "/dev/zero"]) for _ in range(3)]
        for other in others:
            self.addCleanup(other.wait)
            self.addCleanup(other.kill)
        self.storm("--", "-smp", "4")

    def test_no_input(self):
        """Nobody types; the status is the recorded machine's."""
        options = "exit=semihosting hat=chaos -- /tests/t_storm 9 10"
        output = self.record("--append", options)
        self.assertRegex(output, r"(?m)^ok 1 ")
        self.assert_replays(output)
        self.record("--append", "exit=semihosting -- /bin/false", status=1)
        self.assertEqual(self.run_with("--replay", self.path(NAME))[0], 1)

    def test_raspi2b(self):
        output = self.record("raspi2b", text="uname\nuptime\npoweroff\n")
        self.assertIn("Raspberry Pi 2", output)
        self.assertIn("cpus: 4\r", output)
        self.assertRegex(output, r"(?m)^up 0 d")
        self.assert_replays(output)

    def on_terminal(self, arguments, program, interrupt):
        """Somebody types, interrupts a program, and leaves with Ctrl-]."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        set_raw(theirs)
        process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *LIMIT[:1], "--foreground", *LIMIT[1:], RUN, "--record",
             self.path(NAME), *arguments], stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL)
        os.close(theirs)
        self.addCleanup(process.kill)
        text, at = "", 0
        for keys, wanted in (("", PROMPT), (program + "\r", program), (interrupt, PROMPT),
                             ("echo a b c\r", r"\na b c\r?\n" + PROMPT), ("\x1d", None)):
            time.sleep(0.5 if keys == interrupt else 0)
            os.write(ours, keys.encode())
            if wanted is None:
                break
            deadline = time.monotonic() + 60
            while not (found := re.search(wanted, text[at:])):
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([ours], [], [], left)[0]:
                    self.fail("no /%s/ in %r" % (wanted, text))
                text += os.read(ours, 4096).decode()
            at += found.end()
        self.assertEqual(process.wait(60), 0)
        status, output, errors = self.run_with("--replay", self.path(NAME))
        self.assertEqual((status, errors, output.replace("\r", "")), (0, "", text.replace("\r", "")))

    def test_terminal(self):
        self.on_terminal([], "spin", "\x03")

    def test_terminal_cores(self):
        self.on_terminal(["--", "-smp", "2"], "cat", "\x03")
        self.on_terminal(["--", "-smp", "4"], "spin", "\x03")

    def test_signal_and_key(self):
        """A key that comes with the signal that ends a recording does not make it go on."""
        script = "import record; k = record.Keyboard(); k.quit = True; k.poll(0); print(k.waiting, k.quit)"
        done = subprocess.run([sys.executable, "-B", "-c", script], input=b"x", stdout=subprocess.PIPE,
                              cwd=os.path.join(os.path.dirname(RUN), "tools"))
        self.assertEqual(done.stdout, b"b'x' True\n")

    def test_long_input(self):
        """A script of more than the kernel keeps at a time: nothing is lost."""
        output = self.record(text="sleep 2\n" + "echo %s\n" % ("x" * 60) * 400 + "cat /proc/vmstat\npoweroff\n")
        self.assertRegex(output, r"console_lost 0\r")
        self.assertGreater(output.count("x" * 60), 790)
        self.assert_replays(output)

    def test_restart(self):
        """A recording ends where the machine restarts."""
        output = self.record("--", "-smp", "2", text="echo a\nreboot\necho b\n")
        self.assertEqual(len(re.findall("(?m)^Quire on", output)), 1)
        self.assert_replays(output)

    def test_killed(self):
        """Without its recorder a machine does not run on; what was not finished is not replayed."""
        process = subprocess.Popen([*LIMIT, RUN, "--record", self.path(NAME)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        while b"quire#" not in process.stdout.readline():
            process.stdin.write(b"\n")
            process.stdin.flush()
        recorder = only_child(process.pid)
        machine = only_child(recorder)
        os.kill(recorder, signal.SIGKILL)
        process.communicate()
        deadline = time.monotonic() + 30
        while os.path.exists("/proc/%d/fd/0" % machine):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.refused("never finished")

    def test_gdb(self):
        """A replay waits for a debugger, which lets it go on."""
        output = self.record(text="hello\npoweroff\n")
        process = subprocess.Popen([*LIMIT, RUN, "--replay", self.path(NAME), "--gdb"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        self.assertIn(b"waiting for gdb-multiarch build/quire.elf", process.stderr.readline())
        deadline = time.monotonic() + 30
        while True:
            try:
                debugger = socket.create_connection(("localhost", 1234), 10)
                break
            except OSError:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.1)
        with debugger:
            debugger.sendall(b"$c#63")
            self.assertEqual(process.communicate(timeout=60)[0].decode(), output)

    def refused(self, message):
        status, output, errors = self.run_with("--replay", self.path(NAME))
        self.assertEqual((status, output), (1, ""))
        self.assertRegex(errors, "^run: .*" + message)

    def test_refused(self):
        """Not there, not whole, other files, another QEMU, output that differs."""
        self.refused("no such recording")
        shutil.copy(built("initrd.cpio"), self.path("ramdisk"))
        shutil.copy(built("quire.img"), self.path("kernel"))
        self.record("--initrd", self.path("ramdisk"), "--append", "exit=semihosting -- /bin/true",
                    "--", "-kernel", self.path("kernel"))
        with open(self.path(NAME + ".info"), encoding="utf-8") as f:
            info = json.load(f)
        self.assertEqual(self.run_with("--replay", self.path(NAME))[0], 0)
        for name in ("kernel", "ramdisk"):
            with open(self.path(name), "r+b") as f:
                old = f.read(1)
                f.seek(0)
                f.write(bytes([old[0] ^ 1]))
                f.flush()
                self.refused("%s is not the file that this was recorded with" % name)
                f.seek(0)
                f.write(old)
        for key in set(info) - {"status"}:
            for damaged in ({k: v for k, v in info.items() if k != key}, dict(info, **{key: 1.5})):
                self.write(NAME + ".info", json.dumps(damaged).encode())
                self.refused("info is damaged")
        for change, message in (({"qemu": "QEMU 1.0"}, "recorded with QEMU 1.0, this is"),
                                ({"size": None}, "never finished"),
                                ({"size": info["size"] + 1}, r"damaged: \d+ bytes, recorded were"),
                                ({"checksum": "0"}, "another checksum")):
            with open(self.path(NAME + ".info"), "w", encoding="utf-8") as f:
                json.dump(dict(info, **change), f)
            self.refused(message)
        with open(self.path(NAME + ".info"), "w", encoding="utf-8") as f:
            json.dump(dict(info, output="0"), f)
        status, _, errors = self.run_with("--replay", self.path(NAME))
        self.assertEqual(status, 1)
        self.assertIn("printed something else", errors)
        for damaged in (b"{", b"[]", b"\xff"):
            self.write(NAME + ".info", damaged)
            self.refused("info is damaged")

    def test_folder(self):
        folder = self.path("folder")
        os.mkdir(folder)
        self.record("--append", "exit=semihosting -- /bin/true")
        with open(self.path(NAME + ".info"), encoding="utf-8") as f:
            info = json.load(f)
        with open(self.path(NAME + ".info"), "w", encoding="utf-8") as f:
            json.dump(dict(info, directory=folder), f)
        os.rmdir(folder)
        self.refused("recorded in a folder that is not there: ")

    def test_usage(self):
        """Whoever replays can't ask for another machine; what can't be written is said."""
        self.assertEqual(self.run_with("--replay", self.path(NAME), "raspi2b")[0], 2)
        self.assertEqual(self.run_with("--replay", self.path(NAME), "--append", "x")[0], 2)
        self.assertEqual(self.run_with("--record")[0], 2)
        status, _, errors = self.run_with("--record", self.path("nowhere/r"))
        self.assertEqual(status, 1)
        self.assertIn("nowhere", errors)


if __name__ == "__main__":
    quire_vm.main()
