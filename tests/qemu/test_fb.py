# SPDX-License-Identifier: MIT
"""The Raspberry Pi's framebuffer as a person sees it: QEMU's screen after a program has drawn, by the
monitor's screendump. And a machine without one.
"""

import os
import socket
import subprocess

import quire_vm
from quire_vm import Machine, TestCase

BOARD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "boards", "raspi2b.dts")
COLOURS = [(255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0),
           (255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0)]


class Picture:
    """A binary PPM file."""

    def __init__(self, path):
        with open(path, "rb") as f:
            magic, size, most, self.bytes = f.read().split(b"\n", 3)
        self.width, self.height = map(int, size.split())
        if magic != b"P6" or most != b"255" or len(self.bytes) != self.width * self.height * 3:
            raise ValueError("not a PPM file as QEMU writes it")

    def pixel(self, x, y):
        at = (y * self.width + x) * 3
        return tuple(self.bytes[at:at + 3])


class Framebuffer(TestCase):
    def machine(self, **settings):
        self.monitor = self.path("monitor")
        return Machine(board="raspi2b", **settings,
                       extra=["-monitor", "unix:%s,server=on,wait=off" % self.monitor])

    def screen(self):
        """What the display shows now."""
        path = self.path("screen.ppm")
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(30)
            s.connect(self.monitor)
            said = b""
            s.sendall(b"screendump %s\n" % path.encode())
            while said.count(b"(qemu)") < 2:
                part = s.recv(4096)
                self.assertTrue(part, "QEMU closed its monitor")
                said += part
        return Picture(path)

    def draws(self, append=""):
        with self.machine(append=append, cpus=4) as vm:
            vm.expect_prompt(60)
            output = vm.run("picture", 60, status=0)
            self.assert_printed(vm, r"^640 x 480 pixels of 32 bits at [0-9a-f]{8}, 2560 bytes a line$",
                                output)
            screen = self.screen()
            self.assertEqual((screen.width, screen.height), (640, 480))
            for x in range(0, 640, 5):
                for y in (0, 100, 239):
                    self.assertEqual(screen.pixel(x, y), COLOURS[x * 8 // 640], (x, y))
                for y in (240, 479):
                    self.assertEqual(screen.pixel(x, y), (x * 256 // 640,) * 3, (x, y))
            vm.run("vmcheck -q", 60, status=0)
            vm.power_off()

    def test_picture(self):
        self.draws()

    def test_picture_chaos(self):
        self.draws("hat=chaos")

    def test_write(self):
        """Bytes of a file, by write; blue is the first of a pixel's."""
        pixel = b"abc "
        initrd = quire_vm.initrd_with(self.path("initrd"), {"pixels": pixel * 640 * 480})
        with self.machine(initrd=initrd) as vm:
            vm.expect_prompt(60)
            vm.run("cp /pixels /dev/fb0", 60, status=0)
            screen = self.screen()
            for x, y in ((0, 0), (639, 0), (320, 240), (0, 479), (639, 479)):
                self.assertEqual(screen.pixel(x, y), tuple(b"cba"))
            vm.power_off()

    def refuses(self, message, old, new):
        """With another device tree, in which something is not as it is: no picture, no harm."""
        with open(BOARD, encoding="utf-8") as f:
            source = f.read()
        self.assertEqual(source.count(old), 1)
        dtb = self.path("board.dtb")
        subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", dtb],
                       input=source.replace(old, new).encode(), check=True)
        with Machine(board="raspi2b", dtb=False, extra=["-dtb", dtb]) as vm:
            vm.expect_prompt(60)
            for _ in range(3):
                self.assert_printed(vm, r"^picture: /dev/fb0: ", vm.run("picture", status=1))
            self.assert_printed(vm, message, vm.run("dmesg"))
            vm.run("vmcheck -q", 60, status=0)
            vm.power_off()

    def test_not_visible(self):
        """The picture lies where, as the tree has it, the VideoCore sees no RAM."""
        self.refuses(r"^framebuffer: error 5$", "<0xc0000000 0x00000000 0x3f000000>",
                     "<0xc0000000 0x00000000 0x3c000000>")

    def test_in_our_ram(self):
        """The tree gives the kernel the memory in which the picture lies."""
        self.refuses(r"^framebuffer: error 5$", "\tcpus {",
                     "\tram@3c000000 {\n\t\tdevice_type = \"memory\";\n"
                     "\t\treg = <0x3c000000 0x01000000>;\n\t};\n\n\tcpus {")

    def test_no_answer(self):
        """What the tree calls the mailbox is none: 1 s later that is known."""
        self.refuses(r"^framebuffer: error 110$", "reg = <0x7e00b880 0x40>;",
                     "reg = <0x7e003000 0x40>;")

    def test_none(self):
        with Machine() as vm:
            vm.expect_prompt()
            self.assertNotIn("fb0", vm.run("ls /dev"))
            self.assert_printed(vm, r"^picture: /dev/fb0: ", vm.run("picture", status=1))
            vm.power_off()


if __name__ == "__main__":
    quire_vm.main()
