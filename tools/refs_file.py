# SPDX-License-Identifier: MIT
"""Reads and writes records of reference strings, out of whatever else was on the serial line, and
makes such strings. For refs.py. docs/REFERENCE-STRINGS.md defines the text.

A capture may hold several records; the last one counts, or the last of a given process. Lines in a
record that are none of its own (the kernel's log, for one) are left out if what the end of the record
says is right without them, and are named as the damage if it is not.
"""

import bisect
import itertools
import random
import re
from dataclasses import dataclass, field

ADDRESS_BITS = 32
WORDS_A_LINE = 12
UNITS_US = {"us": 1, "ms": 1000, "s": 1000000}
NUMBERS = {"pid", "page", "interval_us", "interval_faults", "intervals", "sum", "lost"}  # keys
GRANTS = {"r": "r", "w": "rw", "x": "rx"}  # accesses that do not fault after one that did

HEAD = re.compile(r"# refs v(\d+)((?: +\S+=\S+)*)", re.ASCII)
END = re.compile(r"# end refs (\d{1,18})((?: +\w+=\S+)*)", re.ASCII)
INTERVAL = re.compile(r"@ (\d{1,18})", re.ASCII)
NUMBER = {10: re.compile(r"\d{1,18}", re.ASCII), 16: re.compile("[0-9a-f]{1,8}")}
WORDS = re.compile(r"[0-9a-f]+[rwx](?:[ \t]+[0-9a-f]+[rwx])*")


class RefsError(Exception):
    pass


@dataclass
class RefString:
    pid: int = 0
    name: str = "-"
    page: int = 4096            # bytes
    interval_us: int = 0        # of these two at most one: what ends an interval
    interval_faults: int = 0
    pages: list = field(default_factory=list)    # page numbers, in order
    access: list = field(default_factory=list)   # the letter of each
    starts: list = field(default_factory=list)   # of each interval <us since the start, index in pages>
    lost: int = 0               # references that the kernel had no room for
    manual: bool = False        # interval_us=0: intervals end when whoever asked for the record says so

    @property
    def sampled(self):
        """Within an interval only first touches are known."""
        return bool(self.manual or self.interval_us or self.interval_faults)

    def times(self):
        """The time of each reference, that of its interval's start, and of the end, in us."""
        if not self.starts:
            raise RefsError("no times in this record: give tau as a number of references")
        times = []
        ends = [index for _, index in self.starts[1:]] + [len(self.pages)]
        for (us, first), end in zip(self.starts, ends):
            times += [us] * (end - first)
        us, first = self.starts[-1]
        return times, us + (self.interval_us if first < len(self.pages) else 0)

    def widest(self):
        """Most pages of one interval; 1 if every reference was recorded."""
        if not self.sampled:
            return 1
        cuts = [index for _, index in self.starts] + [len(self.pages)]
        return max((len(set(self.pages[a:b])) for a, b in zip(cuts, cuts[1:])), default=1)


def pages_of_memory(string):
    return (1 << ADDRESS_BITS) // string.page


class Parser:
    """Lines to a RefString. Each line is given with its number, for messages."""

    def __init__(self, where):
        self.where = where
        self.string = RefString()
        self.sum = 0
        self.foreign = None  # number and text of the first line that is none of the record

    def fail(self, number, why):
        raise RefsError("%s:%d: %s" % (self.where, number, why))

    def keys(self, number, text):
        keys = dict(word.split("=", 1) for word in text.split(" ") if word)
        for key in keys.keys() & NUMBERS:
            base = 16 if key == "sum" else 10
            if not NUMBER[base].fullmatch(keys[key]):
                self.fail(number, "%s=%s is no number" % (key, keys[key]))
            keys[key] = int(keys[key], base)
        return keys

    def head(self, number, line):
        match = HEAD.fullmatch(line)
        if not match:
            self.fail(number, "damaged first line of a record: %r" % line)
        if match.group(1) != "1":
            self.fail(number, "version %s of the record; this program reads version 1" % match.group(1))
        keys, s = self.keys(number, match.group(2)), self.string
        for key in keys.keys() & {"pid", "name", "page", "interval_us", "interval_faults"}:
            setattr(s, key, keys[key])
        s.manual = keys.get("interval_us") == 0
        if s.page <= 0 or s.page & (s.page - 1):
            self.fail(number, "page=%d is no power of two" % s.page)
        if s.interval_us and s.interval_faults:
            self.fail(number, "interval_us and interval_faults in one record")

    def interval(self, number, line):
        match, s = INTERVAL.fullmatch(line), self.string
        if not match:
            self.fail(number, "damaged start of an interval: %r" % line)
        us = int(match.group(1))
        if s.pages and not s.starts:
            self.fail(number, "references before the first @ line")
        if s.starts and us < s.starts[-1][0]:
            self.fail(number, "time runs backwards, from %d to %d" % (s.starts[-1][0], us))
        s.starts.append((us, len(s.pages)))

    def words(self, number, line):
        s, words = self.string, line.split()
        if not s.starts and s.sampled:
            self.fail(number, "references before the first @ line")
        pages = [int(word[:-1], 16) for word in words]
        if max(pages) >= pages_of_memory(s):
            self.fail(number, "page %x is beyond the end of memory" % max(pages))
        s.pages += pages
        s.access += [word[-1] for word in words]
        self.sum += sum(pages)

    def end(self, number, line):
        match, s = END.fullmatch(line), self.string
        if not match:
            self.fail(number, "damaged last line of a record: %r" % line)
        keys = self.keys(number, match.group(2))
        s.lost = keys.get("lost", 0)
        found = {"references": len(s.pages), "intervals": len(s.starts), "sum": self.sum % (1 << 32)}
        said = {"references": int(match.group(1)), **keys}
        for key in found:
            if said.get(key, found[key]) != found[key]:
                form = "%08x and %08x" if key == "sum" else "%d and %d"
                why = "%s: said and found are " % key + form % (said[key], found[key])
                if self.foreign:
                    why += "; line %d is none of a record: %r" % self.foreign
                self.fail(number, why)

    def line(self, number, line):
        """One line after the first. True at the end of the record."""
        if WORDS.fullmatch(line):
            self.words(number, line)
        elif line.startswith("@"):
            self.interval(number, line)
        elif line.startswith("# end refs"):
            self.end(number, line)
            return True
        elif line and not self.foreign:
            self.foreign = number, line
        return False


def parse(text, pid=None, where="record"):
    """The last record in text (of a process, if pid is given)."""
    lines = [line.strip("\r \t") for line in text.rstrip().split("\n")]
    chosen = None
    heads = [n for n, line in enumerate(lines) if line.startswith("# refs v")]
    parser = Parser(where)
    for n in heads:
        if pid is None or re.search(r" pid=%d( |$)" % pid, lines[n]):
            chosen = n
    if chosen is None:
        raise RefsError("%s: no record here: no line \"# refs v1 ...%s\"" % (
            where, "" if pid is None else " pid=%d" % pid))
    parser.head(chosen + 1, lines[chosen])
    stop = next((n for n in heads if n > chosen), len(lines))
    for n in range(chosen + 1, stop):
        if parser.line(n + 1, lines[n]):
            return parser.string
    parser.fail(stop, "the record that begins in line %d has no line \"# end refs\"" % (chosen + 1))


def write(string, out):
    """The text of a record, to a file."""
    if string.pages and max(string.pages) >= pages_of_memory(string):
        raise RefsError("page %x is beyond the end of memory" % max(string.pages))
    keys = "".join(" %s=%d" % (key, getattr(string, key)) for key in ("interval_us", "interval_faults")
                   if getattr(string, key)) + " interval_us=0" * string.manual
    out.write("# refs v1 pid=%d name=%s page=%d%s\n" % (string.pid, string.name, string.page, keys))
    cuts = string.starts or [(None, 0)]
    for (us, first), (_, end) in zip(cuts, cuts[1:] + [(None, len(string.pages))]):
        if us is not None:
            out.write("@ %d\n" % us)
        words = ["%x%s" % word for word in zip(string.pages[first:end], string.access[first:end])]
        for i in range(0, len(words), WORDS_A_LINE):
            out.write(" ".join(words[i:i + WORDS_A_LINE]) + "\n")
    out.write("# end refs %d intervals=%d sum=%x lost=%d\n" % (
        len(string.pages), len(string.starts), sum(string.pages) % (1 << 32), string.lost))


# Strings that are made. Their pages lie from BASE on.

BASE = 0x10000


def made(name, pages, access=None):
    return RefString(name=name, pages=[BASE + page for page in pages], access=access or ["r"] * len(pages))


def make_hog(pages, rounds):
    """All pages in order, again and again; the first time written, as /bin/hog does."""
    return made("hog", list(range(pages)) * rounds, ["w"] * pages + ["r"] * (pages * (rounds - 1)))


def make_random(pages, length, seed):
    rng = random.Random(seed)
    return made("random", [rng.randrange(pages) for _ in range(length)])


def make_phases(pages, rounds, phases, shift):
    """A loop over some pages, then over others: the locality moves by `shift` pages each time."""
    loops = (list(range(k * shift, k * shift + pages)) * rounds for k in range(phases))
    return made("phases", list(itertools.chain.from_iterable(loops)))


def make_zipf(pages, length, skew, seed):
    """Independent references; the k-th most wanted page has weight 1 / k ** skew."""
    rng = random.Random(seed)
    sums = list(itertools.accumulate(1 / k ** skew for k in range(1, pages + 1)))
    order = list(range(pages))
    rng.shuffle(order)
    at = (bisect.bisect_right(sums, rng.random() * sums[-1]) for _ in range(length))
    return made("zipf", [order[min(k, pages - 1)] for k in at])


def make_list(pages):
    return RefString(name="list", pages=pages, access=["r"] * len(pages))


def sample(string, length):
    """What the kernel would record of a string if it took all translations away after each `length`
    references, one a microsecond: the first touch of each page, and the first write after reads."""
    out = RefString(name=string.name, page=string.page, interval_us=length)
    for first in range(0, len(string.pages), length):
        granted = {}
        out.starts.append((first, len(out.pages)))
        for page, access in zip(string.pages[first:first + length], string.access[first:first + length]):
            if access not in granted.get(page, ""):
                granted[page] = granted.get(page, "") + GRANTS[access]
                out.pages.append(page)
                out.access.append(access)
    out.starts.append((len(string.pages), len(out.pages)))
    return out
