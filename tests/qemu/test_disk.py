# SPDX-License-Identifier: MIT
"""Virtio disks from outside: what the tools at the shell are told, and what is in the image file on
the host once the power is cut. QEMU's blkdebug makes sectors bad, its throttling a disk that does
not answer.

Images begin as noise, so that a byte which nobody wrote but which has changed is seen.
"""

import json
import os
import random
import re
import socket
import struct
import time

import quire_vm
from quire_vm import Machine, TestCase, disk_args, initrd_with

SECTOR, PAGE, MiB = 512, 4096, 1 << 20


def table(*parts):
    """A partition table and its signature, the last 66 bytes of a sector. Parts are (type, start,
    count), in sectors, or with the status in front of that."""
    entries = b""
    for part in parts:
        status, kind, start, count = (0,) * (4 - len(part)) + part
        entries += struct.pack("<B3xB3xII", status, kind, start, count)
    return entries.ljust(64, b"\0") + b"\x55\xaa"


def noise(size, mbr=b"", seed=1):
    """So many bytes of a disk with this table, or with none."""
    data = bytearray(random.Random(seed).randbytes(size))
    data[SECTOR - 2:SECTOR] = b"\0\0"
    if mbr:
        data[SECTOR - len(mbr):SECTOR] = mbr
    return bytes(data)


DATA = random.Random(0).randbytes(400000)  # /data in these machines


def changed(data, at, new):
    return data[:at] + new + data[at + len(new):]


class Disk(TestCase):
    board = {}

    def boot(self, *disks, **more):
        """A machine at its prompt; a disk is a path or (path, options of disk_args)."""
        initrd = initrd_with(self.path("initrd"), {"data": DATA})
        options = {"initrd": initrd, **self.board, **more}
        extra = list(options.pop("extra", ()))
        for number, disk in enumerate(disks):
            path, faults = disk if isinstance(disk, tuple) else (disk, {})
            extra += disk_args(number, path, **faults)
        vm = Machine(extra=extra, **options)
        self.addCleanup(vm.close)
        vm.expect_prompt(60)
        return vm

    def qmp(self):
        return ["-qmp", "unix:%s,server=on,wait=off" % self.path("qmp")]

    def limit(self, rate):
        """Of the first disk, bytes per second; 0: none. The machine has the socket `qmp`."""
        zero = ("bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr")
        arguments = dict({key: 0 for key in zero}, id="disk0", bps=rate)
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(self.path("qmp"))
            with s.makefile("rw") as f:
                f.readline()  # its greeting
                for command in ({"execute": "qmp_capabilities"},
                                {"execute": "block_set_io_throttle", "arguments": arguments}):
                    print(json.dumps(command), file=f, flush=True)
                    self.assertIn("return", json.loads(f.readline()))

    def printed(self, vm, pattern, command, **more):
        self.assert_printed(vm, pattern, vm.run(command, 60, **more))

    def assert_image(self, path, wanted):
        with open(path, "rb") as f:
            found = f.read()
        if found != wanted:
            self.fail("%s: %d bytes instead of %d, different in the sectors %s" % (
                path, len(found), len(wanted),
                [at // SECTOR for at in range(0, len(wanted), SECTOR)
                 if found[at:at + SECTOR] != wanted[at:at + SECTOR]][:20]))

    def partitions(self, vm):
        return re.findall(r"^ *(\d+) +(\d+) +(\d+) (\w+)$", vm.run("cat /proc/partitions", status=0),
                          re.MULTILINE)

    def counts(self, vm, disk="vda"):
        """Requests, merged and sectors of reads, and of writes."""
        line = re.search(r"^ *\d+ +\d+ %s (.*)$" % disk, vm.run("cat /proc/diskstats", status=0),
                         re.MULTILINE)
        c = [int(word) for word in line.group(1).split()]
        return c[0:3], c[4:7]


class Contents(Disk):
    """What is written is on the disk, at its place, and nothing else."""

    FIRST, COUNT = 1003, 3001  # of vda2

    def setUp(self):
        super().setUp()
        self.before = noise(4096 * SECTOR, table((0x83, 1, 1001), (0x0c, self.FIRST, self.COUNT)))
        self.image = self.write("image", self.before)
        self.after = changed(self.before, self.FIRST * SECTOR, DATA)

    def write_held(self, vm):
        """Written, while somebody keeps the device open: nothing goes to the disk by that."""
        vm.run("sleep 300 >>/dev/vda2 &")
        vm.run("dd if=/data of=/dev/vda2 bs=4K", status=0)

    def test_fsync(self):
        vm = self.boot(self.image)
        self.assertEqual(self.partitions(vm), [("254", "0", "2048", "vda"), ("254", "1", "500", "vda1"),
                                               ("254", "2", "1500", "vda2")])
        vm.run("sleep 300 >>/dev/vda2 &")
        vm.run("dd if=/data of=/dev/vda2 bs=1000 conv=fsync", status=0)
        self.is_there(vm)
        vm.close()
        self.assert_image(self.image, self.after)
        vm = self.boot(self.image, extra=["-global", "virtio-mmio.force-legacy=false"])
        self.is_there(vm)
        self.assertGreaterEqual(self.counts(vm)[0][2], len(DATA) // SECTOR)
        vm.power_off()
        self.assert_image(self.image, self.after)

    def is_there(self, vm):
        self.printed(vm, r"\Acmp: EOF on /data after byte %d$" % len(DATA), "cmp /data /dev/vda2", status=1)

    def test_sync(self):
        vm = self.boot(self.image)
        self.write_held(vm)
        vm.run("sync", status=0)
        vm.close()
        self.assert_image(self.image, self.after)

    def test_close(self):
        vm = self.boot(self.image)
        vm.run("dd if=/data of=/dev/vda2 bs=4K", status=0)
        vm.close()
        self.assert_image(self.image, self.after)

    def test_later(self):
        """Nobody asks; it is there after some seconds."""
        vm = self.boot(self.image)
        self.write_held(vm)
        deadline = time.monotonic() + 30
        with open(self.image, "rb") as f:
            while os.pread(f.fileno(), len(self.after), 0) != self.after and time.monotonic() < deadline:
                time.sleep(0.2)
        vm.close()
        self.assert_image(self.image, self.after)

    def test_two(self):
        """Two disks, over either kind of registers, by two processes at the same time."""
        for legacy in ("true", "false"):
            images = [self.write("%s%d" % (legacy, n), noise(MiB, seed=n)) for n in range(2)]
            vm = self.boot(*images, extra=["-global", "virtio-mmio.force-legacy=" + legacy])
            vm.run("dd if=/data of=/dev/vda bs=4K seek=1 conv=fsync & "
                   "dd if=/data of=/dev/vdb bs=700 skip=50 seek=3 conv=fsync; wait %1", status=0)
            vm.close()
            with self.subTest(legacy=legacy):
                self.assert_image(images[0], changed(noise(MiB, seed=0), PAGE, DATA))
                self.assert_image(images[1], changed(noise(MiB, seed=1), 2100, DATA[35000:]))


class Tables(Disk):
    """Partition tables that can't be; disks that are not to be written."""

    SIZE = 256 * 1024
    SECTORS = SIZE // SECTOR

    def say(self, *disks):
        """Each disk is (table or whole first sector, the reason or None): refused with the reason;
        the disk itself is all there."""
        images = [noise(self.SIZE, mbr, seed) for seed, (mbr, _) in enumerate(disks)]
        vm = self.boot(*(self.write("vd" + "abcd"[n], data) for n, data in enumerate(images)))
        said = re.findall(r"^(vd.): partition table refused: (.*)$", vm.text, re.MULTILINE)
        self.assertEqual(said, [("vd" + "abcd"[n], why) for n, (_, why) in enumerate(disks) if why])
        self.assertEqual([p[3] for p in self.partitions(vm)], ["vd" + "abcd"[n] for n in range(len(disks))])
        for n, data in enumerate(images):
            name = "vd" + "abcd"[n]
            vm.run("dd if=/data of=/dev/%s bs=4K seek=3 count=2 conv=fsync" % name, status=0)
            self.assert_image(self.path(name), changed(data, 3 * PAGE, DATA[:2 * PAGE]))
        vm.run("vmcheck -q", 60, status=0)

    def test_wrong(self):
        good = (0x83, 8, 80)
        self.say((table(good, (0x83, 100, 0)), "a partition without sectors"),
                 (table((0x83, 0, 5), good), "a partition over the partition table"),
                 (table(good, (0x83, 100, self.SECTORS - 99)), "a partition beyond the end of the disk"),
                 (table(good, (), (0x83, 87, 1)), "partitions that overlap"))

    def test_foreign(self):
        """A GUID table is said to be one; no table, or an empty one, is nothing to speak of."""
        self.say((table((0xee, 1, self.SECTORS - 1)), "a GUID partition table, which is not read"),
                 (b"\0" * SECTOR, None),
                 (table((0x21, 0x83, 8, 80)), None),
                 (table(), None))

    def test_huge(self):
        """Start and count whose sum does not fit 32 bits; the last sector is still on the disk."""
        self.say((table((0x83, 0xffffffff, 9)), "a partition beyond the end of the disk"),
                 (table((0x83, 8, 0xffffffff)), "a partition beyond the end of the disk"))

    def test_read_only(self):
        data = noise(self.SIZE, table((0x83, 8, self.SECTORS - 8)))
        image = self.write("image", data)
        os.chmod(image, 0o444)
        vm = self.boot((image, dict(read_only="on")))
        self.assertRegex(vm.text, r"(?m)^vda: 256 KiB, read-only$")
        for name in ("vda", "vda1"):
            self.printed(vm, r"\Add: /dev/%s: permission denied$" % name,
                         "dd if=/data of=/dev/%s conv=fsync" % name, status=1)
            self.printed(vm, r"^512\+0 records out$" if name == "vda" else r"^504\+0 records out$",
                         "dd if=/dev/%s of=/tmp/%s" % (name, name), status=0)
        self.printed(vm, r"permission denied", "echo no >/dev/vda", status=1)
        vm.run("dd if=/tmp/vda of=/tmp/part bs=4K skip=1; cmp /tmp/part /tmp/vda1", status=0)
        vm.run("sync; sync /dev/vda", status=0)
        vm.power_off()
        self.assert_image(image, data)


class Errors(Disk):
    """Sectors that can't be read or written: once is no matter, always is an error of the command
    and a line on the console, and hurts nobody but the page."""

    SIZE = MiB
    BAD = 43         # a sector
    BAD_PAGE = 5     # the page that it is in
    SECTORS = "40-47"  # the sectors of that

    def disk(self, name, **fault):
        self.write(name, self.before)
        return self.path(name), dict(inject_error=[dict(errno=5, **fault)])

    def setUp(self):
        super().setUp()
        self.before = changed(noise(self.SIZE), 0, DATA)
        self.before = changed(self.before, 0, noise(SECTOR))

    def frames_come_back(self, vm, *commands):
        """The commands can be given again and again; the first time they may leave pages."""
        vm.frames_settled()
        for command in commands:
            vm.run(command, 60)
        before = vm.frames_used()
        for command in commands:
            vm.run("repeat 5 " + command, 60)
        self.assertEqual(vm.frames_used(), before)

    def failed(self, vm, what, command):
        """It ends with an I/O error, and the console says what."""
        output = vm.run(command, 60, status=1)
        self.assert_printed(vm, "^%s( \(and \d+ more\))?$" % what, output)
        self.assert_printed(vm, r"^(dd|sync): /dev/vd.1?: input/output error$", output)

    def test_read(self):
        vm = self.boot(self.disk("once", iotype="read", sector=self.BAD, once="on"),
                       self.disk("always", iotype="read", sector=self.BAD))
        output = vm.run("dd if=/dev/vda of=/tmp/a bs=4K count=20", status=0)
        self.assertNotIn("failed", output)
        vm.run("dd if=/data of=/tmp/all bs=4K count=20", status=0)
        vm.run("dd if=/tmp/all of=/tmp/tail bs=4K skip=1; dd if=/tmp/a of=/tmp/b bs=4K skip=1", status=0)
        vm.run("cmp /tmp/tail /tmp/b", status=0)

        self.failed(vm, "vdb: read of sectors %s failed" % self.SECTORS,
                    "dd if=/dev/vdb of=/tmp/c bs=4K skip=%d count=1" % self.BAD_PAGE)
        self.printed(vm, r"^0\+1 records in\n0\+1 records out\n%d bytes" % (self.BAD_PAGE * PAGE),
                     "dd if=/dev/vdb of=/tmp/c bs=64K", status=1)
        for page in (self.BAD_PAGE - 1, self.BAD_PAGE + 1):
            vm.run("dd if=/data of=/tmp/c bs=4K skip=%d count=1" % page, status=0)
            vm.run("dd if=/dev/vdb of=/tmp/d bs=4K skip=%d count=1" % page, status=0)
            vm.run("cmp /tmp/c /tmp/d", status=0)
        # a part of the page can't be written without the rest; all of it can
        vm.run("dd if=/data of=/dev/vdb bs=512 seek=%d count=1" % self.BAD, status=1)
        self.frames_come_back(vm, "dd if=/dev/vdb of=/tmp/c bs=4K",
                              "dd if=/data of=/dev/vdb bs=512 seek=%d count=1" % self.BAD)
        self.assert_image(self.path("always"), self.before)
        vm.run("dd if=/data of=/dev/vdb bs=4K seek=%d count=1 conv=fsync" % self.BAD_PAGE, status=0)
        vm.power_off()
        self.assert_image(self.path("always"),
                          changed(self.before, self.BAD_PAGE * PAGE, DATA[:PAGE]))

    def test_write(self):
        vm = self.boot(self.disk("once", iotype="write", sector=self.BAD, once="on"),
                       self.disk("always", iotype="write", sector=self.BAD))
        command = "dd if=/data of=/dev/%%s bs=4K seek=%d count=3 conv=fsync" % (self.BAD_PAGE - 1)
        at, size = (self.BAD_PAGE - 1) * PAGE, 3 * PAGE
        self.assertNotIn("failed", vm.run(command % "vda", 60, status=0))
        self.assert_image(self.path("once"), changed(self.before, at, DATA[:size]))
        self.assertEqual(self.counts(vm)[1], [3, 0, 24])  # together they failed, alone they did not

        self.failed(vm, "vdb: write of sectors %s failed" % self.SECTORS, command % "vdb")
        after = changed(self.before, at, DATA[:size])
        after = changed(after, at + PAGE, self.before[at + PAGE:at + 2 * PAGE])
        self.assert_image(self.path("always"), after)
        vm.run("sync /dev/vdb", status=0)  # it was told once
        self.frames_come_back(vm, command % "vdb")
        vm.power_off()
        self.assert_image(self.path("always"), after)

    def test_lost(self):
        """However a page is lost that can't be written, who asks is told: among many, and by who
        did not ask."""
        vm = self.boot(self.disk("always", iotype="write", sector=self.BAD))
        self.failed(vm, "vda: write of sectors %s failed" % self.SECTORS,
                    "dd if=/data of=/dev/vda bs=64K conv=fsync")
        self.failed(vm, "vda: write of sectors %s failed" % self.SECTORS,
                    "sleep 2; dd if=/data of=/dev/vda bs=4K conv=fsync")
        time.sleep(1.5)  # lines are a second apart
        self.printed(vm, "^vda: write of sectors %s failed" % self.SECTORS,
                     "dd if=/data of=/dev/vda bs=512 seek=%d count=1" % self.BAD, status=0)
        self.printed(vm, r"^sync: /dev/vda: input/output error$", "sync /dev/vda", status=1)
        vm.run("sync /dev/vda", status=0)
        vm.run("vmcheck -q", 60, status=0)

    def test_flush(self):
        vm = self.boot(self.disk("once", iotype="flush", once="on"),
                       self.disk("always", iotype="flush"))
        command = "dd if=/data of=/dev/%s bs=4K count=3 conv=fsync"
        self.assertNotIn("failed", vm.run(command % "vda", 60, status=0))
        self.failed(vm, "vdb: flush failed", command % "vdb")
        self.assert_image(self.path("always"), changed(self.before, 0, DATA[:3 * PAGE]))
        vm.run("dd if=/dev/vdb of=/tmp/a bs=4K count=3", status=0)
        self.frames_come_back(vm, command % "vdb")
        vm.power_off()


class Silent(Disk):
    """A disk that does not answer: here one that may transfer a byte a second for a while."""

    def test_reset(self):
        data = noise(MiB)
        vm = self.boot(self.write("image", data), limit=200, extra=self.qmp())
        self.limit(1)
        vm.run("dd if=/dev/vda of=/tmp/a bs=4K skip=99 count=1", status=0)  # the next will be long in coming
        vm.send("dd if=/data of=/dev/vda bs=4K seek=10 count=5 conv=fsync; echo ended $?\r")
        vm.expect(r"^vda: does not answer: reset$", 60)
        self.limit(0)
        vm.expect(r"^ended 0$", 60)
        vm.expect_prompt()
        vm.run("vmcheck -q", 60, status=0)
        vm.power_off()
        self.assert_image(self.path("image"), changed(data, 10 * PAGE, DATA[:5 * PAGE]))


class Sizes(Disk):
    """Disks that end within a page, and behind what 32 bits can count."""

    def test_last_sector(self):
        data = noise(MiB + SECTOR)
        image, last = self.write("image", data), MiB // SECTOR
        vm = self.boot(image)
        self.printed(vm, r"^512 bytes copied", "dd if=/dev/vda of=/tmp/a skip=%d" % last, status=0)
        vm.run("dd if=/data of=/dev/vda bs=512 seek=%d count=1 conv=fsync" % last, status=0)
        self.printed(vm, r"\Add: /dev/vda: no space left\n2\+0 records in\n1\+0 records out$",
                     "dd if=/data of=/dev/vda bs=512 seek=%d" % last, status=1)
        self.printed(vm, r"\Add: /dev/vda: no space left\n1\+0 records in\n0\+1 records out\n512 bytes",
                     "dd if=/data of=/dev/vda bs=4K seek=256", status=1)
        for seek in (last + 1, last + 9):
            self.printed(vm, r"\Add: /dev/vda: no space left\n1\+0 records in\n0\+0 records out$",
                         "dd if=/data of=/dev/vda bs=512 seek=%d" % seek, status=1)
            self.printed(vm, r"^0\+0 records in$", "dd if=/dev/vda of=/tmp/b skip=%d" % seek, status=0)
        vm.run("dd if=/dev/vda of=/tmp/a skip=%d; dd if=/data of=/tmp/b bs=512 count=1" % last, status=0)
        vm.run("cmp /tmp/a /tmp/b; vmcheck -q", 60, status=0)
        vm.power_off()
        self.assert_image(image, changed(data, MiB, DATA[:SECTOR]))

    def test_large(self):
        """5 GiB, sparse: the last page, and those 1 GiB and 4 GiB before it, are three."""
        size = 5 << 30
        image = self.write("image", b"")
        os.truncate(image, size)
        vm = self.boot(image)
        pages = {size - PAGE: 0, size - PAGE - (4 << 30): 1, size - PAGE - (1 << 30): 2}
        for at, n in pages.items():
            vm.run("dd if=/data of=/dev/vda bs=4K skip=%d seek=%d count=1 conv=fsync" % (n, at // PAGE),
                   status=0)
        self.printed(vm, r"^1\+0 records out$", "dd if=/dev/vda of=/tmp/a bs=4K skip=%d" % (size // PAGE - 1),
                     status=0)
        self.printed(vm, r"no space left", "dd if=/data of=/dev/vda bs=4K seek=%d" % (size // PAGE), status=1)
        vm.run("dd if=/data of=/tmp/b bs=4K count=1; cmp /tmp/a /tmp/b", status=0)
        vm.close()
        self.assertEqual(os.path.getsize(image), size)
        with open(image, "rb") as f:
            for at, n in pages.items():
                self.assertEqual(os.pread(f.fileno(), PAGE, at), DATA[n * PAGE:(n + 1) * PAGE])
                self.assertEqual(os.pread(f.fileno(), PAGE, at - PAGE), bytes(PAGE))


    def test_beyond(self):
        """16 TiB are as many pages as can be told apart; what is behind them is not there, rather
        than being those at the start again."""
        size = (1 << 44) - PAGE
        vm = self.boot(extra=["-blockdev", "driver=null-co,node-name=disk0,read-zeroes=on,size=%d" % (size + MiB),
                              "-device", "virtio-blk-device,drive=disk0"])
        self.assertRegex(vm.text, r"(?m)^vda: %d KiB\nvda: of this disk the first 16 TiB can be used$"
                         % ((size + MiB) // 1024))
        self.assertEqual(self.partitions(vm), [("254", "0", str(size // 1024), "vda")])
        vm.run("dd if=/data of=/dev/vda bs=4K count=1 conv=fsync", status=0)
        self.printed(vm, r"^1\+0 records out$",
                     "dd if=/dev/vda of=/tmp/a bs=4K skip=%d" % (size // PAGE - 1), status=0)
        vm.run("dd if=/dev/zero of=/tmp/b bs=4K count=1; cmp /tmp/a /tmp/b", status=0)
        self.printed(vm, r"^0\+0 records out$", "dd if=/dev/vda of=/tmp/a bs=64K skip=%d" % (1 << 28), status=0)
        self.printed(vm, r"no space left", "dd if=/data of=/dev/vda bs=64K seek=%d" % (1 << 28), status=1)


class Cache(Disk):
    """What /proc/diskstats says of the page cache: nothing is read twice, or for nothing."""

    def setUp(self):
        super().setUp()
        self.vm = self.boot(self.write("image", noise(2 * MiB)))
        self.last = self.counts(self.vm)

    def since(self):
        """Requests, merged and sectors of reads, and of writes, since the last call."""
        now, then = self.counts(self.vm), self.last
        self.last = now
        return [[a - b for a, b in zip(*pair)] for pair in zip(now, then)]

    def assert_few(self, counts, pages):
        """So many pages, in large requests."""
        requests, merged, sectors = counts
        self.assertEqual(sectors, pages * PAGE // SECTOR)
        self.assertEqual(requests + merged, pages)
        self.assertGreater(merged, 10 * requests)

    def test_reads(self):
        self.vm.run("dd if=/dev/vda of=/tmp/a bs=64K skip=1 count=4", status=0)
        read, written = self.since()
        self.assertIn(read[2], (4 * 128, 5 * 128))  # perhaps with what follows
        self.assert_few(read, read[2] // 8)
        self.assertEqual(written, [0, 0, 0])
        for size in (512, 4096, 65536):
            self.vm.run("dd if=/dev/vda of=/tmp/a bs=%d skip=%d count=%d" % (size, 65536 // size, 262144 // size),
                        status=0)
        self.assertEqual(self.since(), [[0, 0, 0], [0, 0, 0]])

    def test_writes(self):
        self.vm.run("dd if=/data of=/dev/vda bs=64K seek=2 count=5 conv=fsync", status=0)
        read, written = self.since()
        self.assertEqual(read, [0, 0, 0])
        self.assert_few(written, 5 * 16)
        self.vm.run("dd if=/data of=/dev/vda bs=512 seek=9 count=1 conv=fsync", status=0)
        self.assertEqual(self.since(), [[1, 0, 8], [1, 0, 8]])  # the rest of the page


class RamDisk(Disk):
    """The one in memory, on the board that has no other."""

    board = dict(board="raspi2b", append="ram0=1M memlimit=32M")

    def test_ram(self):
        vm = self.boot()
        self.assertEqual(self.partitions(vm), [("1", "0", "1024", "ram0")])
        vm.run("dd if=/data of=/dev/ram0 bs=3000 seek=4 conv=fsync", status=0)
        vm.run("sync", status=0)
        limit = int(re.search(r"^CommitLimit: +(\d+)", vm.run("cat /proc/meminfo"), re.MULTILINE).group(1))
        free = int(re.search(r"^frames: .* free \((\d+) KiB\)$", vm.text, re.MULTILINE).group(1))
        self.assertLessEqual(limit, free - 1024)  # the disk's frames are nobody's memory
        vm.run("hog %dK" % limit, 60, status=128 + 9)  # it ends when nothing else is in memory
        before = self.counts(vm, "ram0")
        vm.run("dd if=/dev/ram0 of=/tmp/a bs=3000 skip=4", status=0)
        self.assertGreater(self.counts(vm, "ram0")[0][2] - before[0][2], len(DATA) // SECTOR)
        self.printed(vm, r"\Acmp: EOF on /data after byte %d$" % len(DATA),
                     "cmp /data /tmp/a", status=1)
        self.printed(vm, r"no space left", "dd if=/data of=/dev/ram0 bs=1K seek=1023", status=1)
        vm.run("vmcheck -q", 60, status=0)
        vm.power_off()


DEBUG = dict(kernel="debug/quire.img", append="hat=chaos")


class ContentsDebug(Contents):
    board = DEBUG


class TablesDebug(Tables):
    board = DEBUG


class ErrorsDebug(Errors):
    board = DEBUG


class SizesDebug(Sizes):
    board = DEBUG


class CacheDebug(Cache):
    board = DEBUG


if __name__ == "__main__":
    quire_vm.main()
