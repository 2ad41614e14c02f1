# SPDX-License-Identifier: MIT
"""What the kernel says when it is given less than it needs, or something broken; and every kind of
ramdisk that it must take.

MESSAGES is the one table of what must be on the UART. The machine may stop or power off after it.
"""

import gzip
import os
import random
import subprocess

import quire_vm
from quire_vm import Machine, TestCase, built
from test_boot import dump_dtb, raw_entry, without_node

MESSAGES = {
    "no device tree": r"(?i)no device tree",
    "device tree damaged": r"(?i)(no device tree|device tree.*damaged)",
    "no memory": r"(?i)no memory",
    "no initrd": r"(?i)no initrd",
    "initrd damaged": r"(?i)initrd.*damaged",
}


def ramdisk():
    with open(built("initrd.cpio"), "rb") as f:
        return f.read()


class DeviceTree(TestCase):
    def complains(self, message, **arguments):
        with Machine(**arguments) as machine:
            machine.expect(MESSAGES[message], 20)

    def enters_with(self, message, tree):
        self.complains(message, kernel=None, extra=raw_entry(self, tree))

    def test_none_virt(self):
        self.enters_with("no device tree", None)

    def test_none_raspi2b(self):
        self.complains("no device tree", board="raspi2b", dtb=False)

    def test_no_memory_node(self):
        self.enters_with("no memory", without_node(dump_dtb(self, ""), "memory"))

    def test_empty_memory(self):
        tree = dump_dtb(self, "").replace("reg = <0x00 0x40000000 0x00 0x8000000>;",
                                          "reg = <0x00 0x40000000 0x00 0x00>;")
        self.enters_with("no memory", tree)

    def test_not_a_tree(self):
        self.enters_with("device tree damaged", b"\xd0\x0d\xfe\xed" * 64)

    def test_absurd_offsets(self):
        self.enters_with("device tree damaged", b"\xd0\x0d\xfe\xed" + b"\x7f\xff\xff\xff" * 64)


class Ramdisk(TestCase):
    def complains(self, message, initrd):
        with Machine(initrd=initrd) as machine:
            machine.expect(MESSAGES[message], 20)

    def damaged(self, data):
        self.complains("initrd damaged", self.write("initrd", data))

    def boots(self, data):
        with Machine(initrd=self.write("initrd", data)) as machine:
            machine.expect_prompt(60)
            machine.run("hello", status=0)
            machine.run("vmcheck -q", 120, status=0)
            machine.power_off()

    def test_none(self):
        self.complains("no initrd", None)

    def test_truncated_cpio(self):
        self.damaged(ramdisk()[:len(ramdisk()) // 2])

    def test_no_trailer(self):
        self.damaged(ramdisk()[:ramdisk().index(b"TRAILER!!!") - 110])

    def test_garbage(self):
        self.damaged(random.Random(1).randbytes(100000))

    def test_short_garbage(self):
        self.damaged(b"x")

    def test_huge_file_size(self):
        data = bytearray(ramdisk())
        data[54:62] = b"FFFFFFFF"
        self.damaged(data)

    def test_huge_name_size(self):
        data = bytearray(ramdisk())
        data[94:102] = b"FFFFFFF0"
        self.damaged(data)

    def test_truncated_gzip(self):
        data = gzip.compress(ramdisk())
        self.damaged(data[:len(data) // 2])

    def test_flipped_gzip(self):
        data = bytearray(gzip.compress(ramdisk()))
        data[len(data) // 2] ^= 0x10
        self.damaged(data)

    def test_gzip(self):
        self.boots(gzip.compress(ramdisk()))

    def test_gzip_fast(self):
        self.boots(gzip.compress(ramdisk(), 1))

    def test_packed_by_cpio(self):
        """As anyone would pack a directory: find . | cpio -o -H newc."""
        self.write_tree(quire_vm.newc_read(ramdisk()))
        packed = subprocess.run("find . | cpio -o -H newc --quiet", shell=True, check=True,
                                cwd=self.path("tree"), stdout=subprocess.PIPE).stdout
        self.boots(packed)

    def write_tree(self, files):
        os.mkdir(self.path("tree"))
        for name, (mode, content) in sorted(files.items()):
            path = self.path(os.path.join("tree", name))
            kind = mode & quire_vm.S_IFMT
            if kind == quire_vm.S_IFDIR:
                os.makedirs(path, exist_ok=True)
            elif kind == quire_vm.S_IFLNK:
                os.symlink(content.decode(), path)
            elif kind == quire_vm.S_IFREG:
                with open(path, "wb") as f:
                    f.write(content)
                os.chmod(path, mode & 0o777)


if __name__ == "__main__":
    quire_vm.main()
