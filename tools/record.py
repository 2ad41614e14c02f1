#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a machine so that the run can be repeated to the instruction: ./run --record and --replay.

usage: record.py record FILE [--gdb] QEMU-COMMAND...
       record.py replay FILE [--gdb]

FILE has the machine's input. FILE.info, JSON, has what the recording was made of: QEMU's command and
version, checksums of all files that are words of the command, how it ended, and checksums of FILE and
of what the machine printed. Whoever replays must have the same, or is refused with status 1; output
that differs is status 1, too.

Instructions are counted (-icount), time passes by them alone, seed and date are kept: only what comes
from outside could make a difference. All CPUs are one thread of QEMU's, which changes from one to the
next where that thread's own counting says so - unless another thread of QEMU's interrupts it, which
happens at some moment of the host's. So nothing may make one do so:
- Input: the kernel asks for it (input=, drivers/uart/semihosting.c), and all stands still until we
  have answered. The UART's own input is left alone.
- Sleep: when all CPUs wait for an interrupt, QEMU's main thread moves the time on. With idle=poll
  they never all do.
- QEMU's table of translated code, when it grows, is freed by a third thread; tb-size keeps it small.
- A reset happens when the main thread comes to it: the recording ends there.
QEMU's own record/replay (rr=) is not used: QEMU 7.2 has it for a single CPU only.
"""

import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
import tty

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
QUIT = b"\x1d"  # Ctrl-]
# What FILE.info has of a recording that was finished.
FACTS = {"command": list, "directory": str, "qemu": str, "files": dict, "size": int, "seed": int,
         "date": str, "stopped": bool, "checksum": str, "printed": int, "output": str}
LINK = 200  # QEMU's end of the link by which the kernel asks for input; the kernel sees the number
OPTIONS = "idle=poll input=/dev/fd/%d" % LINK
INTERVAL = 0.01  # seconds: at a terminal, machine time is not faster than ours; boot/input.c
STOP_SECONDS = 2  # for the kernel to ask once more when somebody ends a recording
TAIL = 500  # questions behind the recording's end before we give up


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


# FILE.info.


def info_write(path, info):
    with open(path + ".info", "w", encoding="utf-8") as f:
        json.dump(info, f, indent=1)
        f.write("\n")


def is_whole(info):
    return (all(isinstance(info[key], kind) for key, kind in FACTS.items())
            and all(isinstance(word, str) for word in info["command"]))


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


def with_options(command):
    """The command with OPTIONS in front of the kernel's other ones: behind -- they would be init's."""
    at = len(command) - 1 - command[::-1].index("-append") + 1 if "-append" in command else 0
    if not at:
        return command + ["-append", OPTIONS]
    return command[:at] + ["%s %s" % (OPTIONS, command[at])] + command[at + 1:]


class Machine:
    """A QEMU whose UART and link are in our hands."""

    def __init__(self, command, info, printed):
        self.printed, self.ended, self.asks = printed, False, True
        self.complaints = tempfile.TemporaryFile()
        self.uart, uart = socket.socketpair()
        self.link, link = os.openpty()
        tty.setraw(link)
        os.dup2(link, LINK)
        self.process = subprocess.Popen(
            with_options(command) + [
                "-accel", "tcg,thread=single,tb-size=8", "-icount", "shift=5,sleep=off", "-no-reboot",
                "-seed", str(info["seed"]), "-rtc", "base=%s,clock=vm" % info["date"],
                "-semihosting-config", "enable=on,target=native",
                "-chardev", "socket,id=uart,fd=%d" % uart.fileno(), "-serial", "chardev:uart"],
            stdin=subprocess.DEVNULL, stderr=self.complaints, pass_fds=[uart.fileno(), LINK],
            process_group=0)  # not ended by the Ctrl-C that ends us
        uart.close()
        os.close(link)
        os.close(LINK)

    def events(self, seconds):
        """(it printed, how many characters it asks for), waiting at most seconds for one of them."""
        ready = select.select([self.uart, self.link] if self.asks else [self.uart], [], [], seconds)[0]
        if self.uart in ready:
            return True, 0
        if self.link not in ready:
            return False, 0
        try:
            question = os.read(self.link, 1)
        except OSError:
            question = b""
        self.asks = bool(question)
        return False, question[0] if question else 0

    def output(self):
        try:
            data = self.uart.recv(65536)
        except OSError:
            data = b""
        self.printed.take(data)
        self.ended = not data

    def answer(self, data):
        os.write(self.link, bytes([len(data)]) + data)

    def finish(self, stop):
        """Its status; what it said is said."""
        if stop:
            self.process.kill()
        status = self.process.wait()
        self.complaints.seek(0)
        for line in self.complaints.read().decode("utf-8", "replace").splitlines():
            if "no active timers" not in line:  # what sleep=off makes it say of a stopped machine
                print(line, file=sys.stderr)
        return status


class Keyboard:
    """Our stdin, and what of it the machine was given. Ctrl-] on a terminal asks for the end."""

    def __init__(self):
        self.waiting, self.open, self.quit = b"", True, False
        self.given = bytearray()
        self.saved, self.last = None, 0
        if os.isatty(0):
            self.saved = termios.tcgetattr(0)
            raw = termios.tcgetattr(0)
            raw[0] &= ~(termios.ICRNL | termios.INLCR | termios.IXON | termios.ISTRIP)
            raw[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN)
            termios.tcsetattr(0, termios.TCSANOW, raw)

    def poll(self, seconds):
        if self.open and not self.waiting and select.select([0], [], [], seconds)[0]:
            data = os.read(0, 4096)
            self.open = bool(data)
            if self.saved is not None and QUIT in data:  # else it stays as a signal set it
                self.quit = True
            self.waiting = data

    def take(self, room):
        """The answer to a question, None: there will be none."""
        self.poll(max(0, self.last + INTERVAL - time.monotonic()) if self.saved else 0)
        self.last = time.monotonic()
        if self.quit:
            return None
        data, self.waiting = self.waiting[:room], self.waiting[room:]
        self.given += bytes([len(data)]) + data
        return data

    def over(self):
        """Somebody wants the end, though the kernel may not ask any more."""
        self.poll(0)
        return self.quit

    def close(self):
        if self.saved:
            termios.tcsetattr(0, termios.TCSADRAIN, self.saved)


class Tape:
    """The input of a recording."""

    def __init__(self, data, stopped):
        self.data, self.at, self.stopped, self.more = data, 0, stopped, 0
        self.quit = False

    def take(self, room):
        if self.at >= len(self.data):
            self.more += 1
            return None if self.stopped or self.more > TAIL else b""
        start = self.at + 1
        self.at = start + self.data[self.at]
        return self.data[start:self.at][:room]

    def over(self):
        return self.quit or self.at >= len(self.data)

    def close(self):
        pass


def run(machine, keys):
    """Runs the machine with input from keys; its status, and whether we ended it. All that it printed
    before a question is here before the question, since QEMU waits for the UART's other end."""
    stopped, over = False, 0
    signal.signal(signal.SIGINT, lambda *_: setattr(keys, "quit", True))
    signal.signal(signal.SIGTERM, lambda *_: setattr(keys, "quit", True))
    try:
        while not machine.ended and not stopped:
            printed, room = machine.events(0.1)
            if printed:
                machine.output()
            elif room:
                data = keys.take(room)
                stopped = data is None
                if not stopped:
                    machine.answer(data)
            if keys.over() and not stopped:
                over = over or time.monotonic()
                stopped = (time.monotonic() > over + STOP_SECONDS if keys.quit else machine.printed.full())
    finally:
        keys.close()
    return machine.finish(stopped), stopped


# Commands.


def wait_for_gdb(command):
    kernel = command[len(command) - 1 - command[::-1].index("-kernel") + 1]
    print("run: waiting for gdb-multiarch %s -x tools/gdb/quire.py -ex 'target remote :1234'"
          % os.path.relpath(kernel, ROOT).replace(".img", ".elf"), file=sys.stderr)
    return ["-S", "-gdb", "tcp::1234"]


def record(path, command, gdb):
    info = {"command": [word.replace(ROOT, "{root}") for word in command], "directory": os.getcwd(),
            "qemu": qemu_version(), "files": {}, "size": None,
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
    machine, keys = Machine(command, info, printed), Keyboard()
    status, info["stopped"] = run(machine, keys)
    with open(path, "wb") as f:
        f.write(keys.given)
    info.update(size=len(keys.given), checksum=checksum(path), status=status,
                printed=printed.size, output=printed.sum.hexdigest())
    info_write(path, info)
    return 0 if info["stopped"] else status


def replay(path, gdb):
    info = info_read(path)
    try:
        os.chdir(info["directory"])
    except OSError as e:
        refuse("recorded in a folder that is not there: %s" % e)
    check_same(info)
    command = [here(word) for word in info["command"]]
    command += wait_for_gdb(command) if gdb else []
    printed = Printed(info["printed"] if info["stopped"] else None)
    with open(path, "rb") as f:
        keys = Tape(f.read(), info["stopped"])
    status, _ = run(Machine(command, info, printed), keys)
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
