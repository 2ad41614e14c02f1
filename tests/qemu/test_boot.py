# SPDX-License-Identifier: MIT
"""Boots on every board, core, mode of entry and size of memory, with and without hat=chaos.

Each boot reaches the prompt, runs programs, one that dies among them, checks that the memory system
is sound and no frame more in use, and powers off with status 0. One class is one ctest.
"""

import os
import re
import subprocess

import quire_vm
from quire_vm import Machine, TestCase, built


class Boots:
    """The boots of a class: {what: arguments of Machine}."""

    configurations = {}

    def boot(self, machine):
        machine.expect_prompt(60)
        frames = machine.frames_settled()
        machine.run("hello", status=0)
        machine.run("forktree", 60, status=0)
        machine.run("crash null", status=128 + 11)
        self.assertEqual(machine.frames_used(), frames, "frames in use")
        machine.power_off()

    def boot_all(self, append):
        for what, arguments in self.configurations.items():
            with self.subTest(what, append=append), Machine(append=append, **arguments) as machine:
                self.boot(machine)

    def test_plain(self):
        self.boot_all("")

    def test_chaos(self):
        self.boot_all("hat=chaos")


class Cores(Boots, TestCase):
    configurations = {
        "a15": dict(cpu="cortex-a15"),
        "a7": dict(cpu="cortex-a7"),
    }


class Modes(Boots, TestCase):
    configurations = {
        "highmem=off": dict(options="highmem=off"),
        "HYP": dict(options="virtualization=on"),
        "HYP, a7": dict(options="virtualization=on", cpu="cortex-a7"),
        "secure world present": dict(options="secure=on"),
        "both": dict(options="secure=on,virtualization=on"),
    }


class Memory(Boots, TestCase):
    configurations = {
        "64 MiB": dict(memory="64M"),
        "100 MiB": dict(memory="100M"),
        "1 GiB": dict(memory="1G"),
        "2 GiB": dict(memory="2G"),
        "3 GiB": dict(memory="3G"),
        "3 GiB, highmem=off": dict(memory="3G", options="highmem=off"),
    }


class BeyondReach(Boots, TestCase):
    """More than a 32-bit kernel can address: the rest is reported and unused."""

    configurations = {"4 GiB": dict(memory="4G")}


class Raspi2b(Boots, TestCase):
    configurations = {"raspi2b": dict(board="raspi2b")}


class SeveralCores(Boots, TestCase):
    """All of them run programs at the same time; two threads at different CPUs see each other's
    work."""

    configurations = {
        "2": dict(cpus=2),
        "4, a7": dict(cpus=4, cpu="cortex-a7"),
        "8": dict(cpus=8),
        "4, HYP, smc": dict(cpus=4, options="virtualization=on"),
        "4, secure world present": dict(cpus=4, options="secure=on"),
        "raspi2b": dict(board="raspi2b", cpus=4),
    }

    def boot(self, machine):
        machine.expect_prompt(60)
        self.uses(machine, int(re.search(r"^cpus: (\d+)$", machine.text, re.MULTILINE).group(1)))
        machine.run("/tests/t_storm", 120, status=0)
        machine.run("vmcheck -q", 120, status=0)
        machine.power_off()

    def uses(self, machine, cpus):
        """As many spinning programs as CPUs: ps soon shows one on each."""
        expected = re.search(r"-smp (\d+)|enabled-cpus=(\d+)", " ".join(machine.args))
        self.assertEqual(cpus, int(expected.group(1) or expected.group(2)))
        machine.run("spawn -n %d spin" % cpus, status=0)
        for _ in range(20):
            machine.run("sleep 1", status=0)
            seen = set(re.findall(r"^ *\d+ +\d+ R +(\d+) .* /bin/spin$", machine.run("ps"),
                                  re.MULTILINE))
            if len(seen) == cpus:
                break
        self.assertEqual(len(seen), cpus, seen)
        machine.run("kill spin", status=0)


class FewerCores(TestCase):
    def cpus(self, append, wanted, said=None, **board):
        with Machine(append=append, **board) as machine:
            machine.expect_prompt(60)
            self.assertRegex(machine.text, r"(?m)^cpus: %d$" % wanted)
            if said:
                self.assertRegex(machine.text, "(?m)" + said)
            machine.run("hello", status=0)
            machine.run("vmcheck -q", 120, status=0)
            machine.power_off()

    def test_maxcpus(self):
        self.cpus("maxcpus=1", 1, cpus=4)
        self.cpus("maxcpus=2", 2, cpus=4)
        self.cpus("maxcpus=3", 3, board="raspi2b", cpus=4)

    def test_missing(self):
        """The device tree names four, and two never come."""
        self.cpus("", 2, r"^cpu f02: left out: it did not come$", board="raspi2b", cpus=2)


class Chaos(TestCase):
    """hat=chaos does throw translations away: pages that are there are loaded again and again."""

    def reclaims(self, append, command, **board):
        with Machine(append=append, **board) as machine:
            machine.expect_prompt(60)
            before = self.count(machine)
            machine.run(command, 120, status=0)
            return self.count(machine) - before

    def count(self, machine):
        output = machine.run("vmstat -s", status=0)
        return int(re.search(r"^fault_reclaim\s+(\d+)$", output, re.MULTILINE).group(1))

    def test_reclaims(self):
        for what, board in {**Cores.configurations, **Raspi2b.configurations}.items():
            for command, wanted in (("hog 2M", 100), ("/tests/t_fork", 20)):
                with self.subTest(what, command=command):
                    self.assertLess(self.reclaims("", command, **board), 10)
                    self.assertGreater(self.reclaims("hat=chaos", command, **board), wanted)


class SecureEntry(Boots, TestCase):
    """Entry in Secure SVC, which -kernel does not give a raw image. Who is in the secure world has
    no PSCI, so semihosting ends the machine."""

    def boot_all(self, append):
        append += " exit=semihosting"
        for cpu in ("cortex-a15", "cortex-a7"):
            board = dict(cpu=cpu, options="secure=on")
            tree = dump_dtb(self, append, **board)
            extra = raw_entry(self, without_node(tree, "psci"), reset=True)
            extra += loader(built("initrd.cpio"), INITRD_128M)
            with self.subTest(cpu), Machine(kernel=None, append=append, extra=extra,
                                            **board) as machine:
                self.boot(machine)


# Entry by hand, shared with test_damage.py.

# Where QEMU puts the initrd of a machine with 128 MiB: RAM base + RAM / 2.
INITRD_128M = 0x44000000
KERNEL, STAGED, DTB, STUB = 0x40010000, 0x42000000, 0x43000000, 0x43800000


def loader(path, address, *more):
    return ["-device", ",".join(["loader", "file=" + path, "addr=0x%x" % address,
                                 "force-raw=on", *more])]


def dump_dtb(case, append, **board):
    """The source (dts) of the device tree that QEMU hands over on this board, with our initrd."""
    path = case.path("qemu.dtb")
    arguments = quire_vm.board_args("virt", **board) + ["-nic", "none", "-display", "none"]
    arguments += ["-kernel", built("quire.img"), "-initrd", built("initrd.cpio")]
    arguments += ["-append", append, "-machine", "dumpdtb=" + path]
    subprocess.run(["timeout", "-k", "5", "20", "qemu-system-arm", *arguments],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", path], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def without_node(dts, name):
    """dts without the root's node NAME or NAME@address (which has no nodes inside)."""
    shorter, count = re.subn(r"^\t%s(@\w+)? \{\n.*?^\t\};\n" % name, "", dts,
                             flags=re.MULTILINE | re.DOTALL)
    assert count == 1, "%d nodes %s" % (count, name)
    return shorter


def assemble(case, name, address, **symbols):
    """Assembles enter.S, of which `name` is the entry, to run at address; the raw code."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "enter.S")
    obj, elf, raw = (case.path(name + end) for end in (".o", ".elf", ".bin"))
    defines = ["-D%s=0x%x" % pair for pair in symbols.items()]
    subprocess.run(["arm-none-eabi-gcc", "-march=armv7-a", "-c", "-DENTER_" + name, *defines,
                    source, "-o", obj], check=True)
    subprocess.run(["arm-none-eabi-ld", "-Ttext=0x%x" % address, "-e", "enter", obj, "-o", elf],
                   check=True)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", elf, raw], check=True)
    return raw


def raw_entry(case, tree, reset=False):
    """QEMU arguments that enter the kernel on virt with a device tree of our own (dts, or the bytes
    of a blob), or (None) with r2 = 0. The kernel is staged elsewhere, and a stub copies it to its place: QEMU's own device
    tree may lie there. reset: the stub is where the core comes out of reset, else it is what
    -kernel starts."""
    image = built("quire.img")
    stub = assemble(case, "copy", STUB, FROM=STAGED, TO=KERNEL, BYTES=os.path.getsize(image),
                    R2=0 if tree is None else DTB)
    arguments = loader(image, STAGED)
    if isinstance(tree, str):
        tree = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], check=True,
                              input=tree.encode(), stdout=subprocess.PIPE).stdout
    if tree is not None:
        arguments += loader(case.write("own.dtb", tree), DTB)
    if reset:
        return arguments + loader(stub, STUB, "cpu-num=0")
    jump = assemble(case, "jump", KERNEL, TO=STUB)
    return arguments + loader(stub, STUB) + ["-kernel", jump]


if __name__ == "__main__":
    quire_vm.main()
