# SPDX-License-Identifier: MIT
"""Malformed programs: each kind is refused with a reason of its own, before anything is allocated.

CASES makes one file per name from a good program of two segments by changing a field or two. The
kernel logs `exec: /bad/NAME: REASON`; names that share a kind (what is before the dot) may share a
reason, different kinds may not. WORDS: what some reasons must say.
"""

import re
import struct

import quire_vm
from quire_vm import Machine, TestCase

WORDS = {
    "not_elf": r"(?i)not an ELF",
    "machine": r"(?i)machine",
    "truncated": r"(?i)truncated",
}

PT_LOAD, PT_GNU_STACK, R, W, X = 1, 0x6474e551, 4, 2, 1
PAGE = 0x1000
# mov r0, #0; mov r7, #248 (exit_group); svc #0
CODE = struct.pack("<3I", 0xe3a00000, 0xe3a070f8, 0xef000000)
LOOP = struct.pack("<I", 0xeafffffe)  # b .


def segment(**changes):
    """A program header as a dictionary in the order of the file."""
    fields = dict(type=PT_LOAD, offset=0, vaddr=0x10000, paddr=0, filesz=PAGE, memsz=PAGE,
                  flags=R | X, align=PAGE)
    fields.update(changes)
    return fields


TEXT = segment()
DATA = segment(offset=PAGE, vaddr=0x20000, filesz=0x100, memsz=2 * PAGE, flags=R | W)


def elf(segments=(TEXT, DATA), size=PAGE + 0x100, code=CODE, **changes):
    """An ELF of `size` bytes whose code begins at file offset 0x400."""
    header = dict(ident=b"\x7fELF\x01\x01\x01".ljust(16, b"\0"), type=2, machine=40, version=1,
                  entry=0x10400, phoff=52, shoff=0, flags=0x05000400, ehsize=52, phentsize=32,
                  phnum=len(segments), shentsize=40, shnum=0, shstrndx=0)
    header.update(changes)
    data = bytearray(size)
    start = struct.pack("<16sHHIIIIIHHHHHH", *header.values())
    start += b"".join(struct.pack("<8I", *s.values()) for s in segments)
    data[:len(start)] = start
    data[0x400:0x400 + len(code)] = code
    return bytes(data)


def ident(offset, value):
    raw = bytearray(b"\x7fELF\x01\x01\x01".ljust(16, b"\0"))
    raw[offset] = value
    return bytes(raw)


def swapped():
    """All of the header in the other byte order."""
    data = bytearray(elf(ident=ident(5, 2)))
    struct.pack_into(">HHIIIIIHHHHHH", data, 16, 2, 40, 1, 0x10400, 52, 0, 0x05000400, 52, 32, 2,
                     40, 0, 0)
    return bytes(data)


CASES = {
    "truncated.header": elf()[:20],
    "truncated.last_byte_of_header": elf()[:51],
    "truncated.text": elf()[:0x800],
    "truncated.data": elf()[:PAGE + 0x80],
    "class": elf(ident=ident(4, 2)),
    "byte_order": elf(ident=ident(5, 2)),
    "byte_order.all": swapped(),
    "version.ident": elf(ident=ident(6, 7)),
    "version.header": elf(version=7),
    "type": elf(type=1),
    "machine.x86": elf(machine=3),
    "machine.aarch64": elf(machine=183),
    "headers_outside.far": elf(phoff=0x100000),
    "headers_outside.wraps": elf(phoff=0xfffffff0),
    "header_size": elf(phentsize=16),
    "count.huge": elf(phnum=0xffff),
    "no_segments": elf(phnum=0),
    "file_beyond_memory": elf([TEXT, dict(DATA, memsz=0x80)]),
    "misaligned": elf([TEXT, dict(DATA, vaddr=0x20010)]),
    "overlap": elf([TEXT, segment(vaddr=0x10800, offset=0x800, filesz=0x800, memsz=0x800,
                                  flags=R)]),
    "wraps": elf([TEXT, dict(DATA, vaddr=0xfffff000, memsz=0x2000)]),
    "write_and_execute_page": elf([dict(TEXT, filesz=0x800, memsz=0x800),
                                   segment(vaddr=0x10900, offset=0x900, filesz=0x100,
                                           memsz=0x100, flags=R | W)]),
    "kernel_address.inside": elf([TEXT, dict(DATA, vaddr=0x50000000)]),
    "kernel_address.into": elf([TEXT, dict(DATA, vaddr=0x3ffff000)]),
    "too_big": elf([TEXT, dict(DATA, memsz=0x30000000)]),
    "entry": elf(entry=0x30000),
    "not_elf.binary": bytes(range(256)) * 4,
    "not_elf.magic": b"\x7fELG" + elf()[4:],
}
CUTS = [0, 1, 3, 4, 5, 6, 15, 16, 17, 40, 52, 53, 83, 84, 100, 115, 116, 0x3ff, PAGE - 1, PAGE,
        PAGE + 0xff]


class Stack(TestCase):
    """PT_GNU_STACK decides whether the stack may be executed; without it, it may not."""

    def test_stack(self):
        wanted = {"none": "rw-", "rw": "rw-", "rwx": "rwx"}
        flags = {"none": None, "rw": R | W, "rwx": R | W | X}
        files = {}
        for name, f in flags.items():
            stack = [] if f is None else [segment(type=PT_GNU_STACK, vaddr=0, filesz=0, memsz=0,
                                                  flags=f, align=16)]
            files["stack/" + name] = elf([TEXT, DATA] + stack, code=LOOP)
        initrd = quire_vm.initrd_with(self.path("initrd"), files)
        with Machine(initrd=initrd) as vm:
            vm.expect_prompt(60)
            for name, prot in wanted.items():
                pid = re.search(r"\b(\d+)\b", vm.run("spawn /stack/" + name)).group(1)
                self.assertRegex(vm.run("pmap " + pid), r"(?m)^[0-9a-f]{8}.* %s .*\[stack\]" % prot)
                vm.run("kill " + pid, status=0)
            vm.power_off()


class Malformed(TestCase):
    append = ""

    def test_malformed(self):
        files = {"bad/" + name: data for name, data in CASES.items()}
        files.update(("bad/cut%d" % n, elf()[:n]) for n in CUTS)
        files["good/elf"] = elf()
        initrd = quire_vm.initrd_with(self.path("initrd"), files)
        with Machine(initrd=initrd, append=self.append, limit=200) as vm:
            vm.expect_prompt(60)
            vm.run("/good/elf", status=0)
            self.assertRegex(vm.run("/bad/nothing"), "not found")
            frames = vm.frames_settled()
            for name in files:
                if name.startswith("bad/"):
                    vm.run("/" + name)
                    self.assertNotEqual(vm.status(), 0, name)
            self.check_reasons(vm)
            vm.run("hello", status=0)
            self.assertEqual(vm.frames_used(), frames, "frames in use")
            vm.power_off()

    def check_reasons(self, vm):
        """Reasons are on the console or in the log that dmesg shows."""
        vm.run("dmesg", 60)
        said = dict(re.findall(r"exec: /bad/(\S+): (.+?)\s*$", vm.text, re.MULTILINE))
        self.assertEqual(sorted(set(CASES) - set(said)), [], "no reason was given for these")
        kind_of = {}
        for name in CASES:
            kind, reason = name.split(".")[0], re.sub(r"0x[0-9a-f]+|\d+", "#", said[name])
            other = kind_of.setdefault(reason, kind)
            self.assertEqual(other, kind, "the same reason for two kinds: " + reason)
            self.assertRegex(reason, WORDS.get(kind, r"\w"))


class MalformedChaos(Malformed):
    append = "hat=chaos"


if __name__ == "__main__":
    quire_vm.main()
