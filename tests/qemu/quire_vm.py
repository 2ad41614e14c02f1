# SPDX-License-Identifier: MIT
"""One machine under test: starts QEMU, talks to its UART as a person would, and ends it.

Owns the QEMU command line of the tests, the conversation (send, expect, run) and newc archives.
Every machine runs under timeout(1), in a session of its own; close() kills that session and nothing
else. All waiting has a limit, and what was on the UART is in the message of every failure.
Used by the test_*.py beside it, each of which is a unittest program:
    python3 tests/qemu/test_shell.py --build build [Class[.test]]
"""

import argparse
import contextlib
import errno
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
import tty
import unittest

PROMPT = "quire# "
SOAK = os.environ.get("SOAK") == "1"


class Settings:
    build = "build"
    cpus = 1  # where a test does not say how many


class VmError(AssertionError):
    pass


def built(name):
    """Path of a file that the build made."""
    return os.path.join(Settings.build, name)


def initrd_file(name):
    """The bytes of a file in the ramdisk that the build made, by its path without leading /."""
    with open(built("initrd.cpio"), "rb") as f:
        return newc_read(f.read())[name][1]


# Machines.


def board_args(board, cpu="cortex-a15", memory="128M", options="", dtb=True, cpus=0):
    """QEMU's arguments for the bare board; options as in -M virt,OPTIONS."""
    cpus = cpus or Settings.cpus
    if board == "virt":
        model = "virt" + ("," + options if options else "")
        return ["-M", model, "-cpu", cpu, "-m", memory, "-smp", str(cpus)]
    args = ["-M", "raspi2b", "-global", "bcm2836.enabled-cpus=%d" % cpus]
    return args + (["-dtb", built("raspi2b.dtb")] if dtb else [])


def disk_args(number, path, **options):
    """QEMU's arguments for the virtio disk of this number (0 is vda) on a file. options: those of
    blkdebug (read_only="on") and its faults (inject_error=[dict(iotype="read", sector=3)])."""
    name = "disk%d" % number
    node = {"driver": "blkdebug", "node-name": name, "image.driver": "file", "image.filename": path,
            "image.locking": "off"}  # who was killed a moment ago may have it still
    for n, fault in enumerate(options.pop("inject_error", [])):
        for key, value in {"event": "none", **fault}.items():
            node["inject-error.%d.%s" % (n, key)] = value
    node.update((key.replace("_", "-"), value) for key, value in options.items())
    return ["-blockdev", ",".join("%s=%s" % pair for pair in node.items()),
            "-device", "virtio-blk-device,id=%s,drive=%s,bus=virtio-mmio-bus.%d" % (name, name, number)]


def set_raw(fd):
    """The terminal passes all on as it is, from before QEMU sets its own mode."""
    tty.setraw(fd)
    mode = termios.tcgetattr(fd)
    mode[1] &= ~termios.ONLCR  # QEMU switches OPOST on again
    termios.tcsetattr(fd, termios.TCSANOW, mode)


class Machine:
    """A running QEMU. A context manager: leaving it kills what still runs."""

    def __init__(self, board="virt", append="", initrd="initrd.cpio", kernel="quire.img",
                 extra=(), limit=120, on_pty=False, **board_options):
        args = ["timeout", "-k", "5", str(limit), "qemu-system-arm"]
        args += board_args(board, **board_options)
        args += ["-nic", "none", "-display", "none", "-monitor", "none"]
        args += ["-chardev", "stdio,id=uart,signal=off", "-serial", "chardev:uart"]
        if kernel:
            args += ["-kernel", built(kernel), "-append", append]
        if kernel and initrd:
            args += ["-initrd", built(initrd)]
        if "exit=semihosting" in append:
            args += ["-semihosting-config", "enable=on,target=native"]
        self.args = args + list(extra)
        self.text = ""      # all that came, CR LF as LF
        self.position = 0   # where expect goes on
        self._raw = b""
        self._closed = False
        self._start(on_pty)

    def _start(self, on_pty):
        if on_pty:
            self._in, theirs = pty.openpty()
            set_raw(theirs)
            self._out = os.dup(self._in)
            ends = (theirs, theirs)
        else:
            their_in, self._in = os.pipe()
            self._out, their_out = os.pipe()
            ends = (their_in, their_out)
        try:
            self.process = subprocess.Popen(self.args, stdin=ends[0], stdout=ends[1],
                                            stderr=ends[1], start_new_session=True)
        finally:
            for fd in set(ends):
                os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._closed:
            return
        self._closed = True
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._in)
        os.close(self._out)

    def fail(self, message):
        raise VmError("%s\n  command: %s\n  last of the UART:\n%s" % (
            message, " ".join(self.args), self.text[-3000:]))

    def _hurry_alarms(self):
        """What share_cpus says is for QEMU's threads that are CPUs, which are there by now; the first
        thread lets alarms ring, and does not wait for them."""
        with contextlib.suppress(OSError):
            with open("/proc/{0}/task/{0}/children".format(self.process.pid)) as f:  # timeout's
                for pid in f.read().split():
                    os.sched_setscheduler(int(pid), os.SCHED_OTHER, os.sched_param(0))

    def _read(self, seconds):
        """Takes what comes within seconds; False at the end of the machine's output."""
        if not select.select([self._out], [], [], max(0, seconds))[0]:
            return True
        try:
            data = os.read(self._out, 65536)
        except OSError as e:
            if e.errno != errno.EIO:  # a pty whose other side is closed
                raise
            data = b""
        if not self._raw:
            self._hurry_alarms()
        self._raw += data
        self.text = self._raw.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)

    def send(self, text):
        """Types text (str or bytes), however slowly the machine takes it."""
        data = text.encode() if isinstance(text, str) else text
        deadline = time.monotonic() + 60
        while data:
            if time.monotonic() > deadline:
                self.fail("the machine does not take its input")
            readable, writable, _ = select.select([self._out], [self._in], [], 1)
            if readable and not self._read(0):
                self.fail("the machine ended while we typed")
            if writable:
                data = data[os.write(self._in, data[:256]):]

    def expect(self, pattern, seconds=30):
        """Waits for pattern (MULTILINE) behind the last match; returns the match."""
        regex = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + seconds
        alive = True
        while True:
            match = regex.search(self.text, self.position)
            if match:
                self.position = match.end()
                return match
            left = deadline - time.monotonic()
            if not alive or left <= 0:
                self.fail("%s before /%s/" % ("the machine ended" if not alive
                                              else "%d s passed" % seconds, pattern))
            alive = self._read(left)

    def expect_prompt(self, seconds=30):
        self.expect(re.escape(PROMPT), seconds)

    def run(self, command, seconds=30, status=None, enter="\r"):
        """Types a command at the prompt; returns what came before the next prompt, without the
        echo. With status: also checks $?."""
        self.send(command + enter)
        return self.result(seconds, status)

    def result(self, seconds=30, status=None):
        """What a command already typed prints."""
        self.expect(r"\n", seconds)
        start = self.position
        match = self.expect(re.escape(PROMPT), seconds)
        output = self.text[start:match.start()]
        if status is not None:
            got = self.status()
            if got != status:
                self.fail("status %d instead of %d" % (got, status))
        return output

    def interrupt(self, seconds=60):
        """Ctrl-C until the prompt comes; returns what came before it. Between two programs of a
        line there is nobody in the foreground, so that one Ctrl-C may hit nobody."""
        start = self.position
        deadline = time.monotonic() + seconds
        while True:
            self.send("\x03")
            try:
                match = self.expect(re.escape(PROMPT), 2)
                return self.text[start:match.start()]
            except VmError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise

    def status(self):
        match = re.search(r"^(\d+)$", self.run("echo $?"), re.MULTILINE)
        if not match:
            self.fail("no status")
        return int(match.group(1))

    def frames_used(self):
        """Frames in use after a clean check, as /proc/meminfo has them; of slabs the objects instead,
        since it is chance how many frames a few of them lie in. VFP registers do not count: whether
        the shell has copied a long piece at once depends on how fast it was typed. A program that
        ended on another CPU gives its last frame back a moment later: two counts must agree."""
        self.run("vmcheck -q", 120, status=0)
        counts = [self._frames_counted()]
        while len(counts) < 10:
            counts.append(self._frames_counted())
            if counts[-1] == counts[-2]:
                return counts[-1]
        self.fail("frames in use never stay the same: %s" % counts)

    def _frames_counted(self):
        text = self.run("cat /proc/meminfo")
        found = dict(re.findall(r"^(FramesUsed|SlabFrames|SlabObjects):\s+(\d+)", text, re.MULTILINE))
        if len(found) != 3:
            self.fail("no counts in /proc/meminfo")
        vfp = re.search(r"^vfp\s+\d+\s+\d+\s+(\d+)", self.run("slabinfo"), re.MULTILINE)
        objects = int(found["SlabObjects"]) - (int(vfp.group(1)) if vfp else 0)
        return int(found["FramesUsed"]) - int(found["SlabFrames"]) + objects

    def frames_settled(self):
        """As frames_used, once the tools have been in memory and the shell has what it keeps: its
        heap, the table of its children."""
        for command in ("help", "crash undef", "spawn true", "wait", "echo " + "x" * 200):
            self.run(command, 60)
        self.frames_used()
        return self.frames_used()

    def wait(self, seconds=30):
        """Reads to the end; the exit status."""
        deadline = time.monotonic() + seconds
        while self._read(deadline - time.monotonic()):
            if time.monotonic() >= deadline:
                self.fail("still runs after %d s" % seconds)
        try:
            return self.process.wait(max(1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.fail("still runs after %d s" % seconds)

    def power_off(self, seconds=30):
        self.send("poweroff\r")
        status = self.wait(seconds)
        if status != 0:
            self.fail("poweroff ended QEMU with %d" % status)


def run_user_tests(words="", append="", limit=900, **machine):
    """Runs /tests/run with these words, and fails with the lines about what failed unless all passed;
    else returns the machine, which has ended."""
    if SOAK:
        words = "soak " + words
    append = ("%s exit=semihosting -- /tests/run %s" % (append, words)).strip()
    with Machine(append=append, limit=limit, **machine) as vm:
        status = vm.wait(limit)
        if status != 0:
            # they may be far above the end
            lines = re.findall(r"^ *(?:not ok .*|# (?!Subtest|seed|skipped|untimed|\w+: passed).*)$",
                               vm.text, re.MULTILINE)
            vm.fail("/tests/run ended with %d\n%s" % (status, "\n".join(lines)))
        vm.position = 0
        vm.expect(r"^1\.\.[1-9]\d*$", 1)  # it did say what it planned
        return vm


# Newc archives.

S_IFMT, S_IFDIR, S_IFREG, S_IFLNK = 0o170000, 0o040000, 0o100000, 0o120000


def newc_read(data):
    """{name: (mode, bytes)} of a plain newc archive; names may be padded with NULs."""
    files, at = {}, 0
    while True:
        if data[at:at + 6] != b"070701":
            raise ValueError("not a newc header at %d" % at)
        field = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        mode, size, namesize = field[1], field[6], field[11]
        name = data[at + 110:at + 110 + namesize].split(b"\0")[0].decode()
        start = (at + 110 + namesize + 3) & ~3
        if name == "TRAILER!!!":
            return files
        name = name[2:] if name.startswith("./") else name.lstrip("/")
        files[name] = (mode, data[start:start + size])
        at = (start + size + 3) & ~3


def newc_write(files):
    """The plain archive of {name: (mode, bytes)}, or (mode, b"", major, minor), in this order."""
    out = bytearray()

    def pad():
        out.extend(b"\0" * (-len(out) % 4))

    def entry(ino, name, mode, content, major=0, minor=0):
        raw = name.encode() + b"\0"
        fields = (ino, mode, 0, 0, 1, 0, len(content), 0, 0, major, minor, len(raw), 0)
        out.extend(b"070701" + b"".join(b"%08X" % f for f in fields) + raw)
        pad()
        out.extend(content)
        pad()

    for ino, (name, about) in enumerate(files.items(), 1):
        entry(ino, name, *about)
    entry(0, "TRAILER!!!", 0, b"")
    return bytes(out)


def initrd_with(path, files, base=True):
    """Writes to path the build's ramdisk plus executable files {name: bytes} (base: else only
    those), and returns path."""
    content = {}
    if base:
        with open(built("initrd.cpio"), "rb") as f:
            content = newc_read(f.read())
    for name, data in files.items():
        parts = name.split("/")
        for i in range(1, len(parts)):
            content.setdefault("/".join(parts[:i]), (S_IFDIR | 0o755, b""))
        content[name] = (S_IFREG | 0o755, data)
    with open(path, "wb") as f:
        f.write(newc_write(content))
    return path


# Test programs.


class TestCase(unittest.TestCase):
    """With a directory of its own for files that a test makes."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="quire-test-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def assert_printed(self, machine, pattern, output):
        if not re.search(pattern, output, re.MULTILINE):
            machine.fail("no /%s/ in %r" % (pattern, output))


def share_cpus():
    """From now on, and for all that we start: who wakes up waits for a free CPU instead of taking one
    from who woke it. That is a core of the machine which sends an interrupt, and often holds a spin lock
    that the woken core wants at once: that one would spin for a slice of the host's time, for nothing."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def main():
    parser = argparse.ArgumentParser(description="boots Quire in QEMU and checks what it does")
    parser.add_argument("--build", default="build", help="the preset arm's build directory")
    parser.add_argument("--cpus", type=int, default=1, help="how many each machine has")
    options, rest = parser.parse_known_args()
    Settings.cpus = options.cpus
    Settings.build = os.path.abspath(options.build)
    share_cpus()
    unittest.main(module="__main__", argv=[sys.argv[0]] + rest, verbosity=2)
