# SPDX-License-Identifier: MIT
"""The scripts of tests/scripts, on Quire and on Debian's Linux: packs them with the programs of
build/busybox.cpio (tools/busybox.sh), boots that, and compares what each wrote, but for the differences
that tests/scripts/differences.txt has with their reasons. Used by test_scripts.py; by hand:
    python3 -B tests/qemu/script_compare.py answers [NAME ...]   # asks Linux again, and keeps what it says
    python3 -B tests/qemu/script_compare.py diff [NAME ...]      # both, now
    python3 -B tests/qemu/script_compare.py steady N [NAME ...]  # N times on Linux: the same each time
"""

import glob
import os
import re
import stat
import sys
import tempfile

import linux_compare
import quire_vm
from linux_compare import ROOT

HERE = os.path.join(ROOT, "tests/scripts")
IMAGE = "busybox.cpio"


def build(folder, scripts=HERE, programs=()):
    """Makes the ramdisk in folder; its path. The scripts of a folder, more (path, name in the ramdisk),
    and as /init the one that runs the scripts."""
    with open(quire_vm.built(IMAGE), "rb") as f:
        files = quire_vm.newc_read(f.read())
    files["scripts"] = (stat.S_IFDIR | 0o755, b"")
    for path, name in [(HERE + "/init", "init")] + list(programs) + [
            (path, "scripts/" + os.path.basename(path)) for path in sorted(glob.glob(scripts + "/*.sh"))]:
        with open(path, "rb") as f:
            files[name] = (stat.S_IFREG | 0o755, f.read())
    out = os.path.join(folder, "scripts.cpio")
    with open(out, "wb") as f:
        f.write(quire_vm.newc_write(files))
    return out


# Process numbers, addresses and times are no answers.
CHANGING = (
    (r"line \d+:", "line N:"),
    (r"\.sh:\d+:", ".sh:N:"),
    (r"(line N:) +\d+ (Segmentation|Killed|Terminated)", r"\1 PID \2"),
    (r"/proc/\d{2,}\b", "/proc/PID"),
    (r"kill pid \d+", "kill pid PID"),
    (r"(table: |file \()0x[0-9a-f]+", r"\1ADDRESS"),
    (r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d", "DATE"),
)
# What the kernel says on the console of programs that it refuses or ends; what ash says of a job that
# a signal ended, if it comes to know of it by then.
LOGGED = re.compile(r"(?:Terminated|Killed)$|exec: \S+: |\S+\[\d+\]: killed: |  \w+ segment 0x")


def answers_of(found):
    """The lines of each script, with what changes from run to run masked."""
    def masked(line):
        for pattern, text in CHANGING:
            line = re.sub(pattern, text, line)
        return line
    return {name: [masked(line) for line in lines if not LOGGED.match(line)]
            for name, lines in linux_compare.answers_of(found).items()}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in ("answers", "diff", "steady"):
        sys.exit(__doc__)
    quire_vm.Settings.build = os.path.join(ROOT, "build")
    what, words = sys.argv[1], sys.argv[2:]
    times = int(words.pop(0)) if what == "steady" else 0
    with tempfile.TemporaryDirectory() as folder:
        ramdisk = build(folder)
        linux = answers_of(linux_compare.run_linux(ramdisk, " ".join(words)))
        wrong = []
        if what == "answers":
            linux_compare.keep_answers(linux, HERE)
        for _ in range(times):
            again = linux_compare.run_linux(ramdisk, " ".join(words))
            wrong += linux_compare.compare(linux, answers_of(again))
        if what == "diff":
            ours = linux_compare.run_quire(ramdisk, " ".join(words))
            wrong = linux_compare.compare(linux, answers_of(ours),
                                          linux_compare.read_differences(HERE), set())
        print("\n".join(wrong) if wrong else "no difference")


if __name__ == "__main__":
    main()
