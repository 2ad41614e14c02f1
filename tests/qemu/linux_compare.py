# SPDX-License-Identifier: MIT
"""The programs of tests/linux, on Quire and on Debian's Linux: builds them as one static /init, boots
it, and compares what it printed, but for the differences that tests/linux/differences.txt has with
their reasons. Used by test_linux.py; by hand:
    python3 -B tests/qemu/linux_compare.py answers      # asks Linux again, and keeps what it says
    python3 -B tests/qemu/linux_compare.py diff [THEME ...]
    python3 -B tests/qemu/linux_compare.py seed N       # each step of a random program on both
"""

import difflib
import glob
import os
import re
import subprocess
import sys
import tempfile

import quire_vm

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
HERE = os.path.join(ROOT, "tests/linux")
SEEDS = (1, 20)  # first and count of those whose digests are kept
LINUX_APPEND = "console=ttyAMA0 quiet loglevel=0 panic=-1 mitigations=off audit=0 -- "


def build(folder):
    """Makes the ramdisk in folder; its path."""
    init, out = os.path.join(folder, "init"), os.path.join(folder, "compare.cpio")
    subprocess.run(["arm-linux-gnueabihf-gcc", "-std=gnu17", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64",
                    "-Os", "-w", "-s", "-static", "-o", init, *sorted(glob.glob(HERE + "/*.c"))], check=True)
    subprocess.run([sys.executable, "-B", os.path.join(ROOT, "tools/mkinitrd.py"), "-o", out,
                    "init=" + init, "dev/", "proc/", "tmp/"], check=True)
    return out


def sections(text):
    """{theme: lines} of what /init printed; "end" is there if it came to its end."""
    found, lines = {}, None
    for line in text.replace("\r\n", "\n").split("\n"):
        match = re.match(r"=== (\w+)$", line)
        if match:
            lines = found[match.group(1)] = []
        elif lines is not None:
            lines.append(line)
    return {name: [line for line in lines if line] for name, lines in found.items()}


def run_quire(ramdisk, words, append="", limit=300, memory="256M", **machine):
    with quire_vm.Machine(initrd=ramdisk, append="%s exit=semihosting -- %s" % (append, words),
                          limit=limit, memory=memory, **machine) as vm:
        vm.wait(limit)
        found = sections(vm.text)
        if "end" not in found:
            vm.fail("/init did not come to its end")
        return found


def run_linux(ramdisk, words, limit=300):
    kernel = quire_vm.built("linux/vmlinuz")
    if not os.path.exists(kernel):
        subprocess.run(["tools/setup.sh", "linux"], cwd=ROOT, check=True)
    with quire_vm.Machine(initrd=ramdisk, kernel="linux/vmlinuz", append=LINUX_APPEND + words,
                          extra=["-no-reboot"], limit=limit, memory="256M", cpus=1) as vm:
        vm.wait(limit)
        found = sections(vm.text)
        if "end" not in found:
            vm.fail("/init did not come to its end")
        return found


# What may be different.


class Difference:
    """Lines of Linux and lines of ours that stand in the same place of a theme."""

    def __init__(self, theme, reason):
        self.theme, self.reason = theme, reason
        self.linux, self.ours = [], []

    def key(self):
        return self.theme, tuple(self.linux), tuple(self.ours)


def read_differences(folder=HERE):
    """{(theme, lines of Linux, our lines): Difference} of differences.txt."""
    found, theme, reason, current = {}, None, [], None
    with open(os.path.join(folder, "differences.txt"), encoding="utf-8") as f:
        for number, line in enumerate(f.read().splitlines(), 1):
            if line.startswith(("-", "+")):
                if current is None:
                    if not theme or not reason:
                        raise ValueError("differences.txt:%d: no theme or no reason" % number)
                    current = Difference(theme, " ".join(reason))
                (current.linux if line[0] == "-" else current.ours).append(line[1:])
                continue
            if current:
                found[current.key()] = current
                current = None
            if line.startswith("== "):
                theme, reason = line[3:], []
            elif line.startswith("#"):
                reason = ([] if reason and reason[-1] == "" else reason) + [line[1:].strip()]
            elif reason:
                reason.append("")
    if current:
        found[current.key()] = current
    return found


def changes(linux, ours):
    """(lines of Linux, our lines, line number of Linux) of each place where they differ."""
    matcher = difflib.SequenceMatcher(None, linux, ours, autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        if what != "equal":
            yield linux[a:b], ours[c:d], a + 1


def compare(linux, ours, allowed=None, seen=None):
    """Messages about each difference that is not allowed; those that are go into the set seen."""
    wrong = []
    for theme in sorted(set(linux) | set(ours)):
        for theirs, here, line in changes(linux.get(theme, []), ours.get(theme, [])):
            key = (theme, tuple(theirs), tuple(here))
            if allowed and key in allowed:
                seen.add(key)
                continue
            wrong.append("%s, line %d:\n%s" % (theme, line, "\n".join(
                ["  -" + text for text in theirs] + ["  +" + text for text in here])))
    return wrong


def answers_of(found):
    return {name: lines for name, lines in found.items() if name not in ("end", "vmcheck")}


def kept_answers(folder=HERE):
    found = {}
    for path in sorted(glob.glob(folder + "/answers/*.txt")):
        with open(path, encoding="utf-8") as f:
            found[os.path.basename(path)[:-4]] = f.read().splitlines()
    return found


def keep_answers(found, folder=HERE):
    for name, lines in answers_of(found).items():
        with open(os.path.join(folder, "answers", name + ".txt"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in ("answers", "diff", "seed"):
        sys.exit(__doc__)
    quire_vm.Settings.build = os.path.join(ROOT, "build")
    with tempfile.TemporaryDirectory() as folder:
        ramdisk = build(folder)
        if sys.argv[1] == "answers":
            keep_answers(run_linux(ramdisk, "all random %d %d" % SEEDS))
            return
        words = "loud %s" % sys.argv[2] if sys.argv[1] == "seed" else " ".join(sys.argv[2:] or ["all"])
        linux, ours = run_linux(ramdisk, words), run_quire(ramdisk, words)
        allowed = read_differences() if sys.argv[1] == "diff" else None
        wrong = compare(answers_of(linux), answers_of(ours), allowed, set())
        print("\n".join(wrong) if wrong else "no difference")


if __name__ == "__main__":
    main()
