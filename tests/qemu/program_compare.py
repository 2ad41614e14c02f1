# SPDX-License-Identifier: MIT
"""The programs and scripts of tests/programs, on Quire and on Debian's Linux: builds each program in four
ways, with glibc and with musl, static and dynamic, and packs all with those of build/busybox.cpio
(tools/busybox.sh). Used by test_programs.py; by hand:
    python3 -B tests/qemu/program_compare.py answers [NAME ...]  # asks Linux again, and keeps what it says
    python3 -B tests/qemu/program_compare.py diff [NAME ...]     # both, now
"""

import os
import subprocess
import sys
import tempfile

import linux_compare
import quire_vm
import script_compare
from linux_compare import ROOT

HERE = os.path.join(ROOT, "tests/programs")
PROGRAMS = ("threads", "signals", "forkserver")
COMPILER = ["arm-linux-gnueabihf-gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-s", "-Wall", "-Werror"]


def musl(kind):
    """What goes before and behind the sources."""
    root = quire_vm.built("musl/usr/")
    lib = root + "lib/arm-linux-musleabihf/"
    before = ["-nostdinc", "-isystem", root + "include/arm-linux-musleabihf", "-nostdlib"]
    if kind == "static":
        return (["-static", *before, lib + "crt1.o", lib + "crti.o"],
                [lib + "libc.a", "-lgcc", "-lgcc_eh", lib + "libc.a", lib + "crtn.o"])
    libc = ["-L" + quire_vm.built("armhf/musl/lib/arm-linux-musleabihf"), "-l:libc.so", "-lgcc"]
    if kind == "shared":
        return ["-shared", "-fPIC", *before], libc
    return (["-pie", "-fPIE", *before, "-Wl,-dynamic-linker,/lib/ld-musl-armhf.so.1", lib + "Scrt1.o",
             lib + "crti.o"], [*libc, lib + "crtn.o"])


def glibc(kind):
    return {"static": ["-static"], "shared": ["-shared", "-fPIC"], "dynamic": ["-pie", "-fPIE"]}[kind], []


def compile_programs(folder):
    """(path, name in the ramdisk) of each program and library. What they share is a library of the
    dynamic ones."""
    made = []

    def run(libc, kind, name, *sources):
        before, behind = libc(kind)
        out = os.path.join(folder, name.replace("/", "_"))
        subprocess.run([*COMPILER, *before, *sources, *behind, "-o", out], check=True)
        made.append((out, name))
        return out

    base = HERE + "/base.c"
    for libc in (glibc, musl):
        soname = "libprograms_%s.so" % libc.__name__
        library = run(libc, "shared", "lib/" + soname, "-Wl,-soname," + soname, base)
        for program in PROGRAMS:
            source = "%s/%s.c" % (HERE, program)
            name = "bin/%s_%s" % (program, libc.__name__)
            run(libc, "static", name, source, base)
            run(libc, "dynamic", name + "_dynamic", source, library)
    unwinder = subprocess.run([COMPILER[0], "-print-file-name=libgcc_s.so.1"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()
    return made + [(unwinder, "lib/libgcc_s.so.1")]  # glibc cancels with it


def build(folder):
    """Makes the ramdisk in folder; its path. /init runs the scripts."""
    programs = compile_programs(folder) + [(HERE + "/kinds", "bin/kinds")]
    return script_compare.build(folder, HERE, programs)


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in ("answers", "diff"):
        sys.exit(__doc__)
    quire_vm.Settings.build = os.path.join(ROOT, "build")
    what, words = sys.argv[1], " ".join(["limit=200", *sys.argv[2:]])
    with tempfile.TemporaryDirectory() as folder:
        ramdisk = build(folder)
        linux = script_compare.answers_of(linux_compare.run_linux(ramdisk, words))
        if what == "answers":
            linux_compare.keep_answers(linux, HERE)
            return
        ours = script_compare.answers_of(linux_compare.run_quire(ramdisk, words))
        print("\n".join(linux_compare.compare(linux, ours)) or "no difference")


if __name__ == "__main__":
    main()
