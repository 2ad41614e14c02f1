#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a machine so that the run can be repeated to the instruction: ./run --record and --replay.

usage: record.py record FILE [--gdb] QEMU-COMMAND...
       record.py replay FILE [--gdb]

FILE.info, JSON, has what the recording was made of: QEMU's command and version, checksums of all files
that are words of the command, how it ended, and checksums of FILE and of what the machine printed.
Whoever replays must have the same, or is refused with status 1; output that differs is status 1, too.

Two methods. `log`, for one CPU of the board virt: QEMU's own record/replay; FILE is its log. `count`,
for the rest, which QEMU 7.2 refuses to record: instructions are counted, time passes by them alone, seed
and date are kept, so that only input could make a difference; it is given to the machine at moments when
nothing but input can go on there, one byte at each. FILE has the bytes.
"""

import hashlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
QUIT = b"\x1d"  # Ctrl-]
# What FILE.info has of a recording that was finished.
FACTS = {"method": str, "command": list, "directory": str, "qemu": str, "files": dict, "size": int,
         "seed": int, "date": str, "stopped": bool, "checksum": str, "printed": int, "output": str}


def refuse(message):
    print("run: " + message, file=sys.stderr)
    sys.exit(1)


def checksum(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def qemu_version():
    return subprocess.run(["qemu-system-arm", "--version"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.splitlines()[0]


def files_of(command):
    """{path: checksum} of the files that are words of a QEMU command."""
    return {word: checksum(here(word)) for word in command if os.path.isfile(here(word))}


def here(word):
    """A word of a recorded command, with the folder of this repository put in."""
    return word.replace("{root}", ROOT)


def cpus_of(command):
    """How many CPUs the last -smp asks for."""
    cpus = 4 if "raspi2b" in command else 1
    for option, value in zip(command, command[1:]):
        match = re.match(r"(?:cpus=)?(\d+)|.*,cpus=(\d+)", value)
        if option == "-smp" and match:
            cpus = int(match.group(1) or match.group(2))
    return cpus


# FILE.info.


def info_write(path, info):
    with open(path + ".info", "w", encoding="utf-8") as f:
        json.dump(info, f, indent=1)
        f.write("\n")


def is_whole(info):
    return (all(isinstance(info[key], kind) for key, kind in FACTS.items())
            and all(isinstance(word, str) for word in info["command"])
            and info["method"] in ("log", "count"))


def info_read(path):
    """The recording's facts; refuses what is not there, not whole or not ours."""
    for name in (path + ".info", path):
        if not os.path.isfile(name):
            refuse("no such recording: %s is missing" % name)
    try:
        with open(path + ".info", encoding="utf-8") as f:
            info = json.load(f)
        size = info["size"]
        whole = size is None or is_whole(info)
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        refuse("%s.info is damaged" % path)
    if size is None:
        refuse("%s was never finished: its machine was killed" % path)
    if os.path.getsize(path) != size:
        refuse("%s is damaged: %d bytes, recorded were %d" % (path, os.path.getsize(path), size))
    if checksum(path) != info["checksum"]:
        refuse("%s is damaged: another checksum than recorded" % path)
    return info


def check_same(info):
    """Refuses to replay with other files or another QEMU than those of the recording."""
    for name, recorded in info["files"].items():
        if not os.path.isfile(here(name)):
            refuse("%s is missing; it was there when this was recorded" % here(name))
        if checksum(here(name)) != recorded:
            refuse("%s is not the file that this was recorded with" % here(name))
    if qemu_version() != info["qemu"]:
        refuse("recorded with %s, this is %s" % (info["qemu"], qemu_version()))


class Printed:
    """What the machine prints: passed on, counted, summed up."""

    def __init__(self, limit=None):
        self.limit = limit  # bytes: for a replay that ends where somebody ended the recording
        self.size = 0
        self.sum = hashlib.sha256()

    def take(self, data):
        if self.limit is not None:
            data = data[:self.limit - self.size]
        self.size += len(data)
        self.sum.update(data)
        while data:
            data = data[os.write(1, data):]

    def full(self):
        return self.limit is not None and self.size >= self.limit


# Machines.


class Machine:
    """A QEMU whose UART is in our hands."""

    def __init__(self, command, printed, **more):
        self.complaints = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command + ["-name", "quire,debug-threads=on"],
                                        stderr=self.complaints, **more)
        self.printed = printed
        self.ended = False
        self.slept = []

    def ran(self):
        """How often the thread of all CPUs got the host's CPU; empty: it wants it, or is not there."""
        folder = "/proc/%d/task/" % self.process.pid
        try:
            for thread in os.listdir(folder):
                with open(folder + thread + "/status", encoding="utf-8") as f:
                    text = f.read()
                if "CPUs/TCG" in text and re.search(r"^State:\s+S", text, re.MULTILINE):
                    return re.findall(r"ctxt_switches:\s+(\d+)", text)
        except OSError:
            pass
        return []

    def quiet(self):
        """True when the CPUs slept since we asked last."""
        slept, self.slept = self.slept, self.ran()
        return self.slept and self.slept == slept

    def output(self, seconds):
        """Takes what the machine prints within seconds; False where there was nothing."""
        if not select.select([self.from_uart], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.from_uart, 65536)
        except OSError:
            data = b""
        self.printed.take(data)
        self.ended = not data
        return not self.ended

    def type(self, byte):
        try:
            os.write(self.to_uart, byte)
        except OSError:
            self.ended = True

    def finish(self):
        """Its status; what it said is said, but for what our own options make it say."""
        status = self.process.wait()
        self.complaints.seek(0)
        for line in self.complaints.read().decode("utf-8", "replace").splitlines():
            if not re.search("no active timers|clock has no peer|on signal 15", line):
                print(line, file=sys.stderr)
        return status


class Logged(Machine):
    """The method `log`. There is no monitor, whose multiplexer can't be replayed. QEMU 7.2 looks for
    input when a timer expires, and a machine that waits for input may have none: the filter of an
    unused network is one. It does not ask the UART, either, whether there is room: we must not be fast."""

    QUIET = 2  # how often running it has to be quiet for a byte
    PATIENCE = 0.1 if os.isatty(0) else 3  # seconds; then a byte goes to a machine that is busy

    def __init__(self, command, printed, mode, path):
        super().__init__(command + [
            "-icount", "shift=0,rr=%s,rrfile=%s" % (mode, path.replace(",", ",,")),
            "-serial", "stdio",
            "-netdev", "hubport,id=clock,hubid=0",
            "-object", "filter-buffer,id=beat,netdev=clock,interval=10000"],
            printed, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.from_uart, self.to_uart = self.process.stdout.fileno(), self.process.stdin.fileno()

    def stop(self):
        self.process.terminate()
        while not self.ended:
            self.output(1)


class Counted(Machine):
    """The method `count`."""

    QUIET, PATIENCE = 3, float("inf")

    def __init__(self, command, info, printed):
        self.uart, uart = socket.socketpair()
        self.monitor, monitor = socket.socketpair()
        self.answers = None
        fds = [uart.fileno(), monitor.fileno()]
        # The Pi waits a while for each of its cores, which takes fewer instructions if they are slow.
        shift = 5 if "raspi2b" in command else 0
        super().__init__(command + [
            "-icount", "shift=%d,sleep=off" % shift, "-seed", str(info["seed"]),
            "-rtc", "base=%s,clock=vm" % info["date"],
            "-chardev", "socket,id=uart,fd=%d" % fds[0], "-serial", "chardev:uart",
            "-chardev", "socket,id=qmp,fd=%d" % fds[1], "-mon", "chardev=qmp,mode=control"],
            printed, pass_fds=fds, stdin=subprocess.DEVNULL)
        for end in (uart, monitor):
            end.close()
        self.from_uart = self.to_uart = self.uart.fileno()

    def ask(self, command):
        """What the monitor answers, None when it is gone."""
        if not self.answers:
            self.answers = self.monitor.makefile("rb")
            self.ask("qmp_capabilities")
        try:
            self.monitor.sendall(json.dumps({"execute": command}).encode() + b"\n")
            while line := self.answers.readline():
                answer = json.loads(line)
                if "return" in answer:
                    return answer["return"]
        except OSError:
            pass
        return None

    def quiet(self):
        """True when nothing but input can go on in the machine: no CPU ran while QEMU's main loop,
        which lets time jump to the next timer as soon as all CPUs wait, went round twice. The
        monitor is asked only where they seem to wait: the main loop's work, done while they run,
        would change when they take turns."""
        if not super().quiet():
            return False
        for _ in range(2):
            state = self.ask("query-status")
            if not state or not state["running"]:
                return False
        return self.slept == self.ran()

    def stop(self):
        self.process.kill()  # with sleep=off it may not hear anything else


class Keyboard:
    """Our stdin: bytes that wait for the machine. Ctrl-] on a terminal asks for the end."""

    def __init__(self):
        self.waiting, self.open, self.quit = b"", True, False
        self.saved = None
        if os.isatty(0):
            self.saved = termios.tcgetattr(0)
            raw = termios.tcgetattr(0)
            raw[0] &= ~(termios.ICRNL | termios.INLCR | termios.IXON | termios.ISTRIP)
            raw[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
            termios.tcsetattr(0, termios.TCSANOW, raw)

    def poll(self):
        if self.open and select.select([0], [], [], 0)[0]:
            data = os.read(0, 4096)
            self.open = bool(data)
            if self.saved is not None and QUIT in data:  # else it stays as a signal set it
                self.quit = True
            self.waiting += data

    def close(self):
        if self.saved:
            termios.tcsetattr(0, termios.TCSADRAIN, self.saved)


class Tape:
    """The input of a recording."""

    def __init__(self, data):
        self.waiting, self.quit = data, False

    def poll(self):
        pass

    def close(self):
        pass


def run(machine, keys):
    """Runs the machine with input from keys; its status, what it was given, and whether we ended it.
    What comes before it first waits for input is kept until then."""
    given, stopped, quiet, last = b"", False, 0, float("inf")
    printed = machine.printed
    signal.signal(signal.SIGINT, lambda *_: setattr(keys, "quit", True))
    signal.signal(signal.SIGTERM, lambda *_: setattr(keys, "quit", True))
    try:
        while not machine.ended:
            quiet = 0 if machine.output(0.002) or not machine.quiet() else quiet + 1
            keys.poll()
            stopped = keys.quit or (printed.full() and not keys.waiting)
            if stopped:
                break
            if keys.waiting and printed.size and (quiet >= machine.QUIET or time.monotonic() - last > machine.PATIENCE):
                byte, keys.waiting, quiet = keys.waiting[:1], keys.waiting[1:], 0
                machine.type(byte)
                given, last = given + byte, time.monotonic()
    finally:
        keys.close()
        if not machine.ended:
            machine.stop()
    return machine.finish(), given, stopped


# Commands.


def wait_for_gdb(command):
    kernel = command[len(command) - 1 - command[::-1].index("-kernel") + 1]
    print("run: waiting for gdb-multiarch %s -x tools/gdb/quire.py -ex 'target remote :1234'"
          % os.path.relpath(kernel, ROOT).replace(".img", ".elf"), file=sys.stderr)
    return ["-S", "-gdb", "tcp::1234"]


def record(path, command, gdb):
    info = {"method": "log" if "virt" in command and cpus_of(command) == 1 else "count",
            "command": [word.replace(ROOT, "{root}") for word in command],
            "directory": os.getcwd(), "qemu": qemu_version(), "files": {}, "size": None,
            "seed": int.from_bytes(os.urandom(3), "little"),
            "date": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()), "stopped": False}
    info["files"] = files_of(info["command"])
    try:
        open(path, "wb").close()
        info_write(path, info)
    except OSError as e:
        refuse("can't record: %s" % e)
    command = command + (wait_for_gdb(command) if gdb else [])
    if os.isatty(0):
        print("run: recording; Ctrl-] leaves QEMU, poweroff ends Quire", file=sys.stderr)
    printed = Printed()
    if info["method"] == "log":
        machine = Logged(command, printed, "record", path)
    else:
        machine = Counted(command, info, printed)
    status, given, info["stopped"] = run(machine, Keyboard())
    if info["method"] == "count":
        with open(path, "wb") as f:
            f.write(given)
    elif status < 0:
        refuse("QEMU was killed: nothing is recorded")
    info.update(size=os.path.getsize(path), checksum=checksum(path), status=status,
                printed=printed.size, output=printed.sum.hexdigest())
    info_write(path, info)
    return 0 if info["stopped"] else status


def replay(path, gdb):
    info = info_read(path)
    os.chdir(info["directory"])
    check_same(info)
    command = [here(word) for word in info["command"]]
    command += wait_for_gdb(command) if gdb else []
    if info["method"] == "log":
        printed = Printed()
        machine, keys = Logged(command, printed, "replay", path), Tape(b"")
    else:
        printed = Printed(info["printed"] if info["stopped"] else None)
        with open(path, "rb") as f:
            machine, keys = Counted(command, info, printed), Tape(f.read())
    status, _, _ = run(machine, keys)
    if keys.quit:
        return 130
    if printed.sum.hexdigest() != info["output"] and (status >= 0 or info["stopped"]):
        refuse("the replay printed something else than the recording")
    return 0 if info["stopped"] else status


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("record", "replay"):
        sys.exit("usage: record.py record|replay FILE [--gdb] [QEMU-COMMAND...]")
    what, path, rest = sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[3:]
    gdb = rest[:1] == ["--gdb"]
    status = record(path, rest[gdb:], gdb) if what == "record" else replay(path, gdb)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
