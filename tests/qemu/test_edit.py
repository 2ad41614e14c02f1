# SPDX-License-Identifier: MIT
"""The shell's line editor, as someone at the terminal sees it: what the keys do to the line that
runs, what the row on the screen shows meanwhile, history, completion.

Row is a terminal of one row: it follows what the editor writes, so that tests compare what a person
reads, not how it was drawn.
"""

import re
import time

import quire_vm
from quire_vm import Machine, PROMPT, TestCase

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"
LINE_MAX = 1024


def ctrl(letter):
    return chr(ord(letter) & 0x1f)


class Row:
    """The row of a terminal that the cursor is in."""

    TOKEN = re.compile(r"\x1b\[(\d*)([A-Za-z])|(.)", re.DOTALL)

    def __init__(self, text):
        self.cells, self.cursor = [], 0
        for match in self.TOKEN.finditer(text):
            if match.group(2):
                self.sequence(match.group(2), int(match.group(1) or 1))
            else:
                self.put(match.group(3))

    def sequence(self, final, count):
        if final == "C":
            self.cursor += count
        elif final == "D":
            self.cursor = max(0, self.cursor - count)
        elif final == "K":
            del self.cells[self.cursor:]
        elif final in "HJ":
            self.cells, self.cursor = [], 0

    def put(self, c):
        if c == "\n":
            self.cells, self.cursor = [], 0
        elif c == "\r":
            self.cursor = 0
        elif c == "\b":
            self.cursor -= 1
        elif c != "\a":
            self.cells += " " * (self.cursor - len(self.cells))
            self.cells[self.cursor:self.cursor + 1] = c
            self.cursor += 1

    def __str__(self):
        """With the cursor as a bar in front of its column."""
        cells = self.cells + [" "] * (self.cursor - len(self.cells))
        return "".join(cells[:self.cursor]) + "|" + "".join(cells[self.cursor:])


# Typed, and the line that must run.
KEYS = [
    ("acho" + HOME + "e" + DELETE + END + " b", "echo b"),
    ("cho x" + ctrl("A") + "e" + ctrl("E") + "y", "echo xy"),
    ("echo abd" + ctrl("B") + "c" + ctrl("F") + "e", "echo abcde"),
    ("echo keep lost" + LEFT * 5 + ctrl("K"), "echo keep"),
    ("wrong echo x" + HOME + RIGHT * 6 + ctrl("U"), "echo x"),
    ("echo one two  " + ctrl("W") + "three", "echo one three"),
    ("ecoh" + ctrl("T") + " t", "echo t"),
    ("echo ba" + LEFT + ctrl("T"), "echo ab"),
    ("echo abc" + LEFT * 2 + ctrl("D"), "echo ac"),
    ("echo abc" + LEFT + "\x7f", "echo ac"),
    ("echo abc" + LEFT + ctrl("H"), "echo ac"),
    ("\x1bOH\x1b[1~" + "echo x" + "\x1bOD" + "y" + "\x1b[4~" + "z", "echo yxz"),
    ("echo a\x1b[1;5D\x1b[1;5Cb\x1b[25~c\x1bd", "echo abc"),
    ("echo gr\u00f6\u00dfe" + LEFT * 2 + "\x7f" + "o", "echo gro\u00dfe"),
    ("echo \u20ac\U0001f600x" + LEFT * 2 + DELETE + LEFT + DELETE, "echo x"),
    ("echo no\x01\x00\x02\x03", None),
]


class Edit(TestCase):
    def setUp(self):
        super().setUp()
        self.vm = Machine(on_pty=True, limit=300)
        self.addCleanup(self.vm.close)
        self.vm.expect_prompt(60)

    def end(self):
        self.vm.run("vmcheck -q", 120, status=0)
        self.vm.power_off()

    def settled(self, quiet=0.3):
        """What the UART got, once nothing more comes. `expect` goes on behind it."""
        length = -1
        while length != len(self.vm.text):
            length = len(self.vm.text)
            deadline = time.monotonic() + quiet
            while time.monotonic() < deadline:
                self.vm._read(deadline - time.monotonic())
        self.vm.position = length
        return self.vm._raw.decode("utf-8", "replace").replace("\r\n", "\n")

    def row(self, pattern, seconds=15):
        """The row behind the prompt, with the cursor, once it is still and matches pattern."""
        deadline = time.monotonic() + seconds
        while True:
            row = str(Row(self.settled()))
            if row.startswith(PROMPT) and re.fullmatch(pattern, row[len(PROMPT):]):
                return row[len(PROMPT):]
            if time.monotonic() > deadline:
                self.vm.fail("no /%s/ in the row %r" % (pattern, row))

    def shows(self, keys, expected):
        self.vm.send(keys)
        self.row(re.escape(expected))

    def printed(self, pattern, command, **more):
        self.assert_printed(self.vm, pattern, self.vm.run(command, **more))

    def test_keys(self):
        for typed, line in KEYS:
            with self.subTest(repr(typed)):
                if line is None:
                    self.vm.send(typed)
                    self.vm.expect(r"\^C\nquire# ")
                    continue
                self.assertEqual(self.vm.run(typed), line.replace("echo ", "", 1) + "\n")
        self.end()

    def test_row(self):
        """The screen shows the line and the cursor after each key."""
        self.shows("echo abc", "echo abc|")
        self.shows(LEFT * 2, "echo a|bc")
        self.shows("XY", "echo aXY|bc")
        self.shows("\x7f", "echo aX|bc")
        self.shows(HOME, "|echo aXbc")
        self.shows(DELETE, "|cho aXbc")
        self.shows(END, "cho aXbc|")
        self.shows(LEFT + ctrl("T"), "cho aXcb|")
        self.shows(ctrl("W"), "cho |")
        self.shows("\u00e4\u20ac\u00fc" + LEFT * 2, "cho \u00e4|\u20ac\u00fc")
        self.shows(ctrl("L"), "cho \u00e4|\u20ac\u00fc")
        self.shows(ctrl("U"), "|\u20ac\u00fc")
        self.shows(ctrl("K"), "|")
        self.end()

    def test_scrolling(self):
        """A line wider than the terminal stays in one row, shows where it goes on, and is printed in
        full when it is entered."""
        line = "echo " + "".join("%04d." % i for i in range(40))
        self.vm.send(line)
        self.assertLess(len(self.row(r"<[\d.]+0039\.\|")), 80 - len(PROMPT))
        self.vm.send(HOME)
        self.row(r"\|echo 0000\.0001\.[\d.]*>")
        self.vm.send("\x06" * 100)
        self.row(r"<[\d.]+\|%s[\d.]*>" % re.escape(line[100:105]))
        start = len(self.vm.text)
        self.vm.run("")
        self.assertIn(PROMPT + line + "\n" + line[5:] + "\n", self.vm.text[start:])
        self.end()

    def test_paste(self):
        """The output of a pasted line grows with its length, not with its square, even if it comes
        so slowly that each character is shown."""
        words = "".join("%d," % i for i in range(300))[:895]
        start = len(self.settled())
        self.vm.send("echo ")
        for c in words:
            self.vm.send(c)
            time.sleep(0.002)
        self.row(r"<[\d,]+%s\|" % re.escape(words[-8:]))
        drawn = len(self.vm.text) - start
        self.assertLess(drawn, 6 * 900)
        self.assertEqual(self.vm.run(""), words + "\n")
        self.end()

    def test_paste_of_lines(self):
        """Each runs. The first sleeps, so that the echo of the others is over when they do."""
        self.vm.send("sleep 1\r" + "".join("echo line %d\r" % i for i in range(50)))
        for i in range(50):
            self.vm.expect(r"^line %d\nquire# " % i)
        self.end()

    def test_too_long(self):
        """Refused as a whole, with its length; cut down in time it runs."""
        for length in (LINE_MAX + 1, 4000):
            self.vm.send("echo " + "x" * (length - 5) + "\r")
            self.vm.expect(r"line too long \(%d bytes, at most %d\)" % (length, LINE_MAX))
            self.vm.expect_prompt()
            self.assertEqual(self.vm.status(), 2)
        self.assertEqual(self.vm.run("echo " + "x" * LINE_MAX + "\x7f" * 5),
                         "x" * (LINE_MAX - 5) + "\n")
        self.assertEqual(self.vm.run("x" * 3000 + ctrl("U") + "echo short"), "short\n")
        self.end()

    def test_history(self):
        for word in ("one", "two", "two", "three"):
            self.vm.run("echo " + word)
        self.vm.run("")
        self.shows("mine", "mine|")
        self.shows(UP, "echo three|")
        self.shows(UP, "echo two|")
        self.shows(ctrl("P"), "echo one|")
        self.shows(UP, "echo one|")  # there is nothing before
        self.shows(DOWN + ctrl("N"), "echo three|")
        self.shows(DOWN, "mine|")
        self.shows(DOWN, "mine|")
        self.shows(ctrl("C"), "|")
        self.assertEqual(self.vm.run(UP * 2 + " more"), "two more\n")
        self.assertEqual(self.vm.run(UP), "two more\n")
        self.end()

    def test_history_is_bounded(self):
        """Old lines make room for new ones."""
        for i in range(12):
            self.vm.run("echo %d " % i + "x" * 500)
        self.vm.send(UP * 50)
        self.row(r"<x+\|")
        self.vm.send(HOME)
        self.row(r"\|echo (5|4) x+>")
        self.vm.send(ctrl("C"))
        self.vm.expect(r"\^C\nquire# ")
        self.end()

    def test_completion(self):
        self.shows("una\t", "uname |")
        self.shows("-a; upt\t", "uname -a; uptime |")
        self.shows(ctrl("U") + "cat /et\t", "cat /etc/|")
        self.shows("mo\t", "cat /etc/motd |")
        self.shows(ctrl("U") + "vms\t", "vmstat |")
        self.shows("-d hell\t", "vmstat -d hello |")
        self.shows(ctrl("U") + "/tests/t_ex\t", "/tests/t_exec |")
        self.shows(ctrl("U") + "t_ex\t", "t_exec |")
        self.shows(ctrl("U") + "una -a" + LEFT * 3 + "\t", "uname | -a")
        self.shows(ctrl("U") + ctrl("K") + "nosuch\t\t", "nosuch|")
        self.shows(ctrl("U") + "cat 'un\t", "cat 'un|")
        self.shows(ctrl("U") + "cd /et\t" + "\r", "|")
        self.shows("cat mo\t", "cat motd |")
        self.shows(ctrl("C"), "|")
        self.end()

    def test_completion_lists(self):
        """An ambiguous word grows as far as it is clear; a second Tab lists, the line comes again."""
        self.shows("uX\x7f\t", "u|")
        start = len(self.vm.text)
        self.shows("\t", "u|")
        self.assertRegex(self.vm.text[start:], r"\nuname +uptime *\n")
        self.shows(ctrl("U") + "cat /proc/vm\t", "cat /proc/vm|")
        start = len(self.vm.text)
        self.shows("\t", "cat /proc/vm|")
        self.assertRegex(self.vm.text[start:], r"\n(.* )?vmstat\b.*\n")
        self.shows(ctrl("U") + "cat /proc/coremap /pr\t", "cat /proc/coremap /proc/|")
        self.shows(ctrl("C"), "|")
        self.end()

    def test_modes(self):
        """Programs get a terminal that edits and sends signals, though the shell before this one was
        killed while it edited."""
        self.vm.run("sh -c 'sleep 1; kill -9 sh' &")  # at the prompt, not while a program runs
        self.vm.expect("here is another")
        self.vm.expect_prompt()
        self.vm.send("cat\rabc\x7f\x7fX\r")
        self.vm.expect(r"^aX$")
        self.vm.send("\x04")
        self.vm.expect_prompt()
        self.vm.send("spin\r\x03")
        self.vm.expect(r"^\^C.*\nquire# ")
        self.end()

    def test_thief(self):
        """A program that wants the terminal does not get it: not from the shell, not between two."""
        self.vm.run("/tests/helper thief")
        for _ in range(2):
            for i in range(5):
                self.assertEqual(self.vm.run("echo %d" % i).split(), [str(i)])
            self.vm.send("cat\rhalf" + ctrl("C"))
            self.vm.expect(r"\^C.*\nquire# ")
            self.vm.send("exit\r")
            self.vm.expect("here is another")
            self.vm.expect_prompt()
        self.vm.run("kill helper", status=0)
        self.end()

    def test_end_of_file(self):
        self.vm.send("half" + ctrl("D"))
        self.shows("", "half|")
        self.vm.send(ctrl("U") + ctrl("D"))
        self.vm.expect("the shell ended with status 0; here is another")
        self.vm.expect_prompt()
        self.end()


if __name__ == "__main__":
    quire_vm.main()
