# SPDX-License-Identifier: MIT
"""The sample session of the README is what really happens.

Reads the first ```console block behind the heading "## A session": lines that begin with the prompt
are typed, the lines after each are what must come. A run of digits, or a hexadecimal number, stands
for any other; blanks stand for any number of blanks; R or S alone, a process's state, for either;
a line of three dots for any lines.
"""

import os
import re

import quire_vm
from quire_vm import Machine, PROMPT, TestCase

README = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "README.md")


def session(heading="A session", prompt=PROMPT):
    """[(command, [expected lines])] of the README."""
    with open(README, encoding="utf-8") as f:
        text = f.read()
    block = re.search(r"^## %s$.*?^```console\n(.*?)^```$" % heading, text,
                      re.MULTILINE | re.DOTALL)
    assert block, "the README has no session"
    steps = []
    for line in block.group(1).splitlines():
        if line.startswith(prompt):
            steps.append((line[len(prompt):], []))
        elif steps:  # lines above the first prompt are the boot's: not compared
            steps[-1][1].append(line)
    assert steps, "the README's session has no commands"
    return steps


def pattern(lines):
    """A regex for what must come: see the head of this file."""
    out = []
    for line in lines:
        if line.strip() == "...":
            out.append(r"(?:.*\n)*?")
            continue
        parts = re.split(r"(0x[0-9a-f]+|\b[0-9a-f]{8}\b|\d+|\s+|\b[RS]\b)", line.rstrip())
        for i, part in enumerate(parts):
            if i % 2 == 0:
                parts[i] = re.escape(part)
            elif part.isspace():
                parts[i] = r"\s+"
            else:
                parts[i] = "[RS]" if part in "RS" else r"(?:0x)?[0-9a-f]+"
        out.append("".join(parts) + r"\s*?\n")
    return "".join(out) + r"\s*\Z"


class Session(TestCase):
    board = {}

    def test_session(self):
        with Machine(limit=200, **self.board) as vm:
            vm.expect_prompt(60)
            for command, lines in session():
                if command in ("poweroff", "reboot"):
                    vm.power_off()
                    return
                output = vm.run(command, 60)
                if output and not output.endswith("\n"):
                    output += "\n"
                if not re.match(pattern(lines), output):
                    vm.fail("%s: the README says\n%s\nbut there came\n%s" % (
                        command, "\n".join(lines), output))
            vm.power_off()


if __name__ == "__main__":
    quire_vm.main()
