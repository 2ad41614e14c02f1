# SPDX-License-Identifier: MIT
"""The machines that ./bench starts: Quire's kernel, of this tree or another, and Debian's Linux, with one
ramdisk for both. Counting, a virtual nanosecond is an instruction and two runs agree to the last one;
timing, the same programs print nanoseconds of the host. With a disk runs do not agree: the host's
file answers when it does.
"""

import os
import re
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = os.path.join(ROOT, "build")
TICK = 16  # instructions a step of the virtual counter
FIXED = ["-seed", "42", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]
COUNTING = ["-icount", "shift=0,sleep=off", *FIXED]
# The time until a disk answers must pass, and not be skipped up to the next alarm.
COUNTING_DISK = ["-icount", "shift=0,sleep=on", *FIXED]
SWAP_PAGES, SWAP_RUNS = 16384, 3
LIMIT = 900


class Failed(Exception):
    pass


def build(root=ROOT):
    subprocess.run(["tools/build.sh", "arm"], cwd=root, check=True)


# The ramdisk.


def compile_program(kind, path):
    """A static program that ends at once, with the C library kind; False where there is no compiler."""
    source = path + ".c"
    with open(source, "w", encoding="utf-8") as f:
        f.write("int main(void)\n{\n    return 0;\n}\n")
    command = ["arm-linux-gnueabihf-gcc", "-O2", "-s"]
    if kind == "glibc":
        command += ["-static", source]
    else:
        lib = os.path.join(BUILD, "musl/usr/lib/arm-linux-musleabihf/")
        if not os.path.isdir(lib):
            return False
        command += ["-static", "-nostdlib", lib + "crt1.o", lib + "crti.o", source, lib + "libc.a",
                    "-lgcc", "-lgcc_eh", lib + "libc.a", lib + "crtn.o"]
    try:
        subprocess.run([*command, "-o", path], check=True)
    except FileNotFoundError:
        return False
    return True


def pack():
    """Makes the ramdisk of init, the benchmark, what it runs and a file to map; its path."""
    folder = os.path.join(BUILD, "bench")
    os.makedirs(folder, exist_ok=True)
    stripped = os.path.join(BUILD, "stripped")
    items = ["init=" + stripped + "/init", "dev/", "proc/"]
    items += ["bin/%s=%s/%s" % (name, stripped, name) for name in ("bench", "tiny")]
    data = os.path.join(folder, "data")
    with open(data, "wb") as f:
        f.write(bytes(i * 7 % 251 for i in range(4096)) * 1024)
    items.append("bench.data=" + data)
    for kind in ("musl", "glibc"):
        path = os.path.join(folder, kind)
        if compile_program(kind, path):
            items.append("bin/%s=%s" % (kind, path))
    out = os.path.join(folder, "ramdisk.cpio")
    subprocess.run([sys.executable, "-B", os.path.join(ROOT, "tools/mkinitrd.py"), "-o", out, *items],
                   check=True)
    return out


# Booting.


def swap_image(path):
    """A sparse image with the header of a swap area, as mkswap makes it on Linux."""
    page = bytes(1024) + struct.pack("<III", 1, SWAP_PAGES - 1, 0)
    with open(path, "wb") as f:
        f.write(page.ljust(4086, b"\0") + b"SWAPSPACE2")
        f.truncate(SWAP_PAGES * 4096)


def boot(kernel, initrd, append, memory, cpus=1, counting=True, disk=None):
    """What a machine prints until it switches itself off."""
    flags = (COUNTING_DISK if disk else COUNTING) if counting else FIXED[:2]
    if disk:
        flags = [*flags, "-drive", "if=none,format=raw,id=disk,file=" + disk, "-device",
                 "virtio-blk-device,drive=disk"]
    command = ["timeout", "-k", "5", str(LIMIT), "qemu-system-arm", "-M", "virt", "-cpu", "cortex-a15",
               "-smp", str(cpus), "-m", memory, "-nic", "none", "-display", "none", "-monitor", "none",
               "-serial", "stdio", "-no-reboot", "-semihosting-config", "enable=on,target=native",
               "-kernel", kernel, "-initrd", initrd, "-append", append]
    done = subprocess.run(command + flags, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    text = done.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
    if done.returncode != 0:
        raise Failed("%s ended with %d:\n%s" % (append, done.returncode, text[-2000:]))
    return text


def figures_in(text):
    return {key: float(value) if "." in value else int(value)
            for key, value in re.findall(r"^bench (\w+) ([\d.]+)$", text, re.MULTILINE)}


class Quire:
    """The kernel of a build directory; the ramdisk is ours."""

    name = "Quire"

    def __init__(self, initrd, directory=BUILD):
        self.kernel = os.path.join(directory, "quire.img")
        self.boot_initrd = os.path.join(directory, "initrd.cpio")
        self.initrd = initrd

    def bench(self, words, memory="256M", cpus=1, counting=True):
        command = "noaslr exit=semihosting -- /bin/bench " + words
        return figures_in(boot(self.kernel, self.initrd, command, memory, cpus, counting))

    def boot_instructions(self, memory):
        text = boot(self.kernel, self.boot_initrd, "noaslr exit=semihosting -- /bin/dmesg", memory)
        match = re.search(r"first user instruction at (\d+) ticks", text)
        if not match:
            raise Failed("the kernel's log does not say when the first user instruction was")
        return int(match.group(1)) * TICK

    def swap(self):
        """The median of some machines, each the median of some rounds."""
        command, runs = "noaslr exit=semihosting memlimit=8M -- /bin/bench swap /dev/vda", []
        for _ in range(SWAP_RUNS):
            with tempfile.TemporaryDirectory(prefix="quire-bench-") as folder:
                disk = os.path.join(folder, "swap")
                swap_image(disk)
                runs.append(figures_in(boot(self.kernel, self.initrd, command, "256M", disk=disk)))
        return {key: sorted(run[key] for run in runs)[SWAP_RUNS // 2] for key in runs[0]}

    def measure(self, older=False):
        """{key: value} of all lines; an older kernel need not have swap."""
        found = self.bench("")
        try:
            found.update(self.swap())
        except Failed:
            if not older:
                raise
        found.update(self.bench("processes", "64M"))
        found["processes_256m"] = self.bench("processes", "256M")["processes"]
        found["boot_128m"] = self.boot_instructions("128M")
        found["boot_2g"] = self.boot_instructions("2G")
        found["image"] = os.path.getsize(self.kernel)
        return found


class Linux:
    """Debian's kernel. /init ends there with the benchmark, and Linux panics and restarts. No count of
    processes: where memory ends, Linux may kill the one that counts."""

    name = "Debian's Linux"
    APPEND = ("console=ttyAMA0 quiet panic=-1 norandmaps mitigations=off audit=0 cgroup_disable=memory "
              "init_on_alloc=0 lsm= hardened_usercopy=off -- ")

    def __init__(self, initrd):
        self.initrd = initrd
        self.kernel = self.fetch()

    def fetch(self):
        """build/linux/vmlinuz, from Debian's package for armhf."""
        subprocess.run(["tools/setup.sh", "linux"], cwd=ROOT, check=True)
        return os.path.join(BUILD, "linux/vmlinuz")

    def bench(self, words, memory="256M", cpus=1, counting=True):
        text = boot(self.kernel, self.initrd, self.APPEND + "/bin/bench " + words, memory, cpus, counting)
        if "bench: done" not in text:
            raise Failed("Linux did not come to the end:\n" + text[-2000:])
        return figures_in(text)
