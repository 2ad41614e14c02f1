# SPDX-License-Identifier: MIT
"""Virtio disks as a user sees them: programs on one of 1 TiB, of which nearly nothing is there; one
with a bad sector, whose loss must be heard of; one larger than pages have numbers.
"""

import struct

import quire_vm
from quire_vm import Machine, TestCase, disk_args, run_user_tests

SECTOR = 512


class VirtioDisk(TestCase):
    kernel = "quire.img"

    def image(self, size):
        with open(self.path("image"), "wb") as f:
            f.truncate(size)
        return self.path("image")

    def test_programs(self):
        image = self.image(1 << 40)
        with open(self.path("image"), "r+b") as f:  # one partition, sectors 256 to 767
            f.seek(446)
            f.write(struct.pack("<4xB3xII", 0x83, 256, 512) + bytes(48) + b"\x55\xaa")
        vm = run_user_tests("t_disk t_mmap_disk t_disk_storm", append="memlimit=32M", kernel=self.kernel, extra=disk_args(0, image))
        self.assertNotIn("# skipped", vm.text)

    def test_lost_write(self):
        """In the middle of one large write, pages are written to the disk; that one is lost is
        told to whoever syncs, and once."""
        bad = [{"iotype": "write", "sector": (1 << 20) // SECTOR}]
        vm = Machine(on_pty=True, kernel=self.kernel,
                     extra=disk_args(0, self.image(8 << 20), inject_error=bad))
        self.addCleanup(vm.close)
        vm.expect_prompt(60)
        output = vm.run("dd if=/dev/zero of=/dev/vda bs=1M count=1 seek=1 conv=fsync", status=1)
        self.assert_printed(vm, r"^dd: /dev/vda: input/output error$", output)
        self.assert_printed(vm, r"^1048576 bytes", output)
        vm.run("sync /dev/vda", status=0)
        vm.run("dd if=/dev/zero of=/dev/vda bs=1M count=1 seek=2 conv=fsync", status=0)
        vm.run("vmcheck -q", 120, status=0)

    def test_huge(self):
        """The first 16 TiB can be used, and no page of them is taken for another."""
        vm = Machine(on_pty=True, kernel=self.kernel,
                     extra=["-blockdev", "driver=null-co,node-name=disk0,read-zeroes=on,size=%d"
                            % ((1 << 44) + (8 << 20)), "-device", "virtio-blk-device,drive=disk0"])
        self.addCleanup(vm.close)
        vm.expect(r"^vda: of this disk the first 16 TiB can be used$", 60)
        vm.expect_prompt(60)
        for page, count in ((1000000, 1), ((1 << 32) - 2, 1), ((1 << 32) - 1, 0)):
            output = vm.run("dd if=/dev/vda of=/tmp/x bs=4K count=1 skip=%d" % page, status=0)
            self.assert_printed(vm, r"^%d\+0 records out$" % count, output)


class VirtioDiskDebug(VirtioDisk):
    """With the kernel that checks itself."""

    kernel = "debug/quire.img"


if __name__ == "__main__":
    quire_vm.main()
