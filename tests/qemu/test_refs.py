# SPDX-License-Identifier: MIT
"""tools/refs.py: policies and working sets against their definitions, carried out step by step; the
text of a record, whole and damaged; the pictures; the commands; and what docs/REFERENCE-STRINGS.md
shows. SEED=N repeats a run's random strings."""

import io
import itertools
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tools"))
import refs  # noqa: E402
import refs_file  # noqa: E402
import refs_model  # noqa: E402
import svg  # noqa: E402

SEED = int(os.environ.get("SEED") or random.randrange(1 << 32))
BELADY = [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5]
LARGE_SECONDS = 15  # of the processor; 1 to 5 in fact


def misses(pages, policy, frames):
    return refs_model.curves(pages, [policy], [frames])[policy][0]


def strings(rng, count, pages, length):
    """Random strings, of all degrees of locality."""
    for _ in range(count):
        used, skew = rng.randint(1, pages), rng.choice([0, 0.5, 1, 2])
        weights = [1 / k ** skew for k in range(1, used + 1)]
        yield rng.choices(rng.sample(range(100), used), weights, k=rng.randint(1, length))


# The definitions.


def plain_lru(pages, frames):
    stack, count = [], 0
    for page in pages:
        if page in stack:
            stack.remove(page)
        else:
            count += 1
            if len(stack) == frames:
                stack.pop(0)
        stack.append(page)
    return count


def plain_fifo(pages, frames):
    queue, count = [], 0
    for page in pages:
        if page not in queue:
            count += 1
            queue = (queue + [page])[-frames:]
    return count


def plain_clock(pages, frames):
    """As a queue: what the hand passes goes to the end, unused."""
    queue, used, count = [], {}, 0
    for page in pages:
        if page not in queue:
            count += 1
            while len(queue) == frames and used[queue[0]]:
                used[queue[0]] = False
                queue.append(queue.pop(0))
            if len(queue) == frames:
                queue.pop(0)
            queue.append(page)
        used[page] = True
    return count


def plain_opt(pages, frames):
    """The fewest misses of all ways to choose what goes."""
    states = {frozenset(): 0}
    for page in pages:
        after = {}
        for state, count in states.items():
            if page in state:
                choices = [state]
            elif len(state) < frames:
                choices = [state | {page}]
            else:
                choices = [state - {out} | {page} for out in state]
            for choice in choices:
                cost = count + (page not in state)
                after[choice] = min(after.get(choice, cost), cost)
        states = after
    return min(states.values())


def plain_set(pages, times, t, tau):
    return len({page for page, at in zip(pages, times) if t - tau < at <= t})


class Policies(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(SEED)

    def test_belady(self):
        """The string of Belady, Nelson and Shedler (1969), and its anomaly."""
        found = refs_model.curves(BELADY, refs_model.POLICIES, [3, 4])
        self.assertEqual(found, {"fifo": [9, 10], "lru": [10, 8], "opt": [7, 6], "clock": [9, 10]})

    def test_definitions(self):
        """LRU by stack distances, FIFO and clock at every size, and beyond all pages."""
        plain = {"lru": plain_lru, "fifo": plain_fifo, "clock": plain_clock}
        for pages in strings(self.rng, 150, 20, 300):
            sizes = range(1, len(set(pages)) + 3)
            for policy, found in refs_model.curves(pages, plain, sizes).items():
                self.assertEqual(found, [plain[policy](pages, m) for m in sizes], (policy, pages))

    def test_long(self):
        """LRU over many leaves of its tree."""
        for pages in (list(range(100)) * 60, self.rng.choices(range(90), k=6000),
                      [p + k // 9 for k, p in enumerate(self.rng.choices(range(40), k=6000))]):
            ids, distinct = refs_model.dense(pages)
            curve = refs_model.lru_curve(ids, distinct)
            for m in (1, 2, 13, 40, 89, 90, 99, 100):
                self.assertEqual(curve[min(m, distinct)], plain_lru(pages, m), m)

    def test_opt(self):
        for pages in strings(self.rng, 60, 7, 40):
            sizes = range(1, len(set(pages)) + 2)
            found = refs_model.curves(pages, ["opt"], sizes)["opt"]
            self.assertEqual(found, [plain_opt(pages, m) for m in sizes], pages)

    def test_order(self):
        """OPT misses least; LRU and OPT never miss more with one frame more; cold misses are all that
        is left at the end."""
        for pages in strings(self.rng, 60, 60, 1500):
            distinct = len(set(pages))
            found = refs_model.curves(pages, refs_model.POLICIES, range(1, distinct + 1))
            for policy, curve in found.items():
                self.assertTrue(all(a <= b for a, b in zip(found["opt"], curve)), policy)
                self.assertEqual(curve[-1], distinct)
            for policy in ("lru", "opt"):
                self.assertEqual(found[policy], sorted(found[policy], reverse=True))

    def test_cycle(self):
        """Each page in turn: with one frame too few all policies but OPT miss always. OPT, once it has
        seen all N pages, misses N - m times in each N - 1 references."""
        for pages, frames in ((10, 3), (10, 9), (57, 20), (200, 199)):
            rounds, turns = pages - 1, pages - 1
            string = list(range(pages)) * (rounds + 1)
            for policy in ("lru", "fifo", "clock"):
                self.assertEqual(misses(string, policy, frames), len(string), policy)
                self.assertEqual(misses(string, policy, pages), pages, policy)
            string = string[:pages + turns * (pages - 1)]
            self.assertEqual(misses(string, "opt", frames), pages + turns * (pages - frames))

    def test_large(self):
        """A million references."""
        string = self.rng.choices(range(30000), [k ** -0.7 for k in range(1, 30001)], k=1000000)
        ids, distinct = refs_model.dense(string)
        start = time.process_time()
        curve = refs_model.lru_curve(ids, distinct)
        self.assertLess(time.process_time() - start, LARGE_SECONDS)
        self.assertEqual(curve[distinct], distinct)
        start = time.process_time()
        found = refs_model.WorkingSet(string, 10000)
        self.assertLess(time.process_time() - start, LARGE_SECONDS)
        self.assertLess(found.most, 10001)
        # Of LRU with the average size Denning and Schwartz say about the same misses.
        self.assertAlmostEqual(found.misses / curve[round(found.average)], 1, delta=0.03)


class WorkingSets(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(SEED)

    def compare(self, pages, times, end, tau, found):
        sizes = [plain_set(pages, times, t, tau) for t in range(times[0], end)]
        self.assertAlmostEqual(found.average, sum(sizes) / len(sizes))
        out = [i for i, page in enumerate(pages)
               if page not in {p for p, t in zip(pages[:i], times) if t >= times[i] - tau}]
        self.assertEqual(found.misses, len(out), (pages, times, tau))
        self.assertEqual(found.miss_ratio, len(out) / len(pages))
        self.assertEqual(found.columns, sizes, (pages, times, tau))
        self.assertEqual(found.most, max(sizes))

    def test_references(self):
        """Each reference takes one unit: sizes at each, average, misses."""
        for pages in strings(self.rng, 60, 20, 80):
            n = len(pages)
            for tau in {1, 2, 7, n, n + 5}:
                found = refs_model.WorkingSet(pages, tau, columns=n)
                self.compare(pages, range(1, n + 1), n + 1, tau, found)

    def test_times(self):
        """Several references at a time, and times without any."""
        for pages in strings(self.rng, 100, 20, 60):
            times = list(itertools.accumulate(self.rng.choice([0, 0, 0, 1, 4]) for _ in pages))
            for tau in (1, 4, 5, 30):
                end = times[-1] + self.rng.randint(1, 9)
                found = refs_model.WorkingSet(pages, tau, times, end, columns=end - times[0])
                self.compare(pages, times, end, tau, found)

    def test_columns(self):
        """Fewer columns than units: each has the largest size of its part."""
        pages = self.rng.choices(range(50), k=1000)
        one = refs_model.WorkingSet(pages, 40, columns=1000).columns
        ten = refs_model.WorkingSet(pages, 40, columns=100).columns
        self.assertEqual(ten, [max(one[i:i + 10]) for i in range(0, 1000, 10)])

    def test_no_time(self):
        """All in one interval that ends when it begins."""
        found = refs_model.WorkingSet([1, 2, 1], 5, [7, 7, 7], 7)
        self.assertEqual((found.average, found.most, found.misses), (2, 2, 2))


TEXT = """# refs v1 pid=12 name=hog page=4096 interval_us=1000
@ 0
10r 17w 3ff9fw
@ 1003
10r 18w
18r 19w 10x
@ 2001
# end refs 8 intervals=3 sum=4002f lost=2
"""


class Records(unittest.TestCase):
    def check(self, string):
        self.assertEqual(string.pages, [0x10, 0x17, 0x3ff9f, 0x10, 0x18, 0x18, 0x19, 0x10])
        self.assertEqual("".join(string.access), "rwwrwrwx")
        self.assertEqual(string.starts, [(0, 0), (1003, 3), (2001, 8)])
        self.assertEqual((string.pid, string.name, string.page, string.interval_us, string.lost),
                         (12, "hog", 4096, 1000, 2))

    def refused(self, text, *why, **args):
        with self.assertRaises(refs_file.RefsError) as caught:
            refs_file.parse(text, where="capture", **args)
        for part in why:
            self.assertIn(part, str(caught.exception))

    def test_whole(self):
        string = refs_file.parse(TEXT)
        self.check(string)
        self.assertEqual(string.times(), ([0] * 3 + [1003] * 5, 2001))
        self.assertEqual(string.widest(), 3)

    def test_noise(self):
        """A session on the serial line, with its CRs; lines of the log in the record."""
        session = "Quire\r\nquire# refs -p 12\r\n%squire# ls\r\nbin dev\r\n@ x\r\n10r\r\nquire# "
        self.check(refs_file.parse(session % TEXT.replace("\n", "\r\n")))
        self.check(refs_file.parse(session % TEXT.replace("\n", "\r\r\n")))
        lines = TEXT.splitlines()
        for i in range(1, len(lines)):
            noisy = lines[:i] + ["hog: killed, out of memory", "", "mm: 10 frames"] + lines[i:]
            self.check(refs_file.parse("\n".join(noisy)))
        self.check(refs_file.parse(TEXT.replace("@ 1003", " @ 1003 ").replace("10r 17w", "10r \t17w ")))

    def test_several(self):
        """The last one counts, or the last of a process; what is broken elsewhere doesn't matter."""
        other = TEXT.replace("pid=12", "pid=120").replace("name=hog", "name=other")
        cut = other[:other.index("@ 1003")]
        self.check(refs_file.parse(cut + "\n" + TEXT))
        self.assertEqual(refs_file.parse(TEXT + other).name, "other")
        self.check(refs_file.parse(TEXT + other, pid=12))
        self.check(refs_file.parse(TEXT + cut, pid=12))
        self.refused(TEXT + cut, "capture:11: ", "begins in line 9", "no line \"# end refs\"")
        self.refused(TEXT, "no record here", "pid=1\"", pid=1)

    def test_cut(self):
        """A record that another one interrupts."""
        cut = TEXT[:TEXT.index("@ 1003")]
        self.refused(cut + TEXT.replace("pid=12", "pid=13"), "capture:3: ", "begins in line 1", pid=12)

    def test_damage(self):
        """Every line, damaged: refused with the number of a line."""
        for old, new, where, why in (
                ("refs v1", "refs v2", 1, "version 2"),
                ("pid=12", "pid=1Z", 1, "pid=1Z is no number"),
                ("pid=12 name", "pid=12name", 1, "pid=12name=hog is no number"),
                ("name=hog", "name=h og", 1, "damaged first line"),
                ("page=4096", "page=4095", 1, "no power of two"),
                ("page=4096", "page=4096 interval_faults=3", 1, "interval_us and interval_faults"),
                ("@ 0\n", "", 2, "before the first @"),
                ("@ 0", "@ O", 2, "damaged start of an interval"),
                ("@ 1003", "@1003", 4, "damaged start of an interval"),
                ("@ 2001", "@ 201", 7, "time runs backwards, from 1003 to 201"),
                ("@ 1003\n", "", 7, "intervals: said and found are 3 and 2"),
                ("3ff9fw", "13ff9fw", 3, "page 13ff9f is beyond the end of memory"),
                ("3ff9fw", "3ff9w", 8, "sum: said and found are 0004002f and"),
                ("10r 18w\n", "10r 8w\n", 8, "sum: "),
                ("10r 18w\n", "", 7, "references: said and found are 8 and 6"),
                ("10r 18w\n", "10r 18\n", 8, "line 5 is none of a record: '10r 18'"),
                ("10r 18w\n", "\n10r 18\n", 9, "line 6 is none of a record"),
                ("10r 18w\n", "10r18w\n", 8, "line 5 is none of a record"),
                ("10r 18w\n", "10r 18whog: killed\n", 8, "line 5 is none of a record"),
                ("10r 18w\n", "10r 18w 10r\n", 8, "references: said and found are 8 and 9"),
                ("refs 8", "refs 7", 8, "references: said and found are 7 and 8"),
                ("refs 8", "refs", 8, "damaged last line"),
                ("interval_us=1000", "interval_us=-1", 1, "interval_us=-1 is no number"),
                ("@ 1003", "@ " + "1" * 9999, 4, "damaged start"),
                ("sum=4002f", "sum=4002f4002f", 8, "sum=4002f4002f is no number"),
                ("lost=2", "lost=b", 8, "lost=b is no number"),
                ("# end refs", "#end refs", 8, "no line \"# end refs\"")):
            self.refused(TEXT.replace(old, new, 1), "capture:%d: " % where, why)
        self.refused("nothing", "capture: no record here")
        self.refused("# refs v1\n1r\n@ 5\n# end refs 1\n", "capture:3: ", "before the first @")

    def test_chars(self):
        """Any letter of the record lost is noticed, but in its first line and in `lost`."""
        first, last = TEXT.index("\n") + 1, TEXT.index(" lost=")
        unnoticed = []
        for i in range(first, last):
            try:
                string = refs_file.parse(TEXT[:i] + TEXT[i + 1:])
            except refs_file.RefsError:
                continue
            if string.pages != refs_file.parse(TEXT).pages:
                unnoticed.append(i)
        self.assertEqual(unnoticed, [])

    def test_little(self):
        """What a student writes by hand."""
        string = refs_file.parse("# refs v1\n1r 2r\n1w\n# end refs 3")
        self.assertEqual((string.pages, string.page, string.widest()), ([1, 2, 1], 4096, 1))
        with self.assertRaisesRegex(refs_file.RefsError, "no times"):
            string.times()

    def test_round(self):
        """What is written is read."""
        rng = random.Random(SEED)
        for _ in range(50):
            n = rng.randint(0, 100)
            string = refs_file.RefString(rng.randrange(99), "x=y", 4096, 0, rng.randrange(9),
                                         [rng.randrange(1 << 20) for _ in range(n)],
                                         [rng.choice("rwx") for _ in range(n)], [], rng.randrange(9))
            string.manual = not string.interval_faults and rng.random() < 0.5
            cuts = sorted([0, *rng.choices(range(n + 1), k=rng.randint(0, 5))])
            string.starts = [(100 * i, cut) for i, cut in enumerate(cuts)]
            out = io.StringIO()
            refs_file.write(string, out)
            self.assertEqual(refs_file.parse(out.getvalue()), string)

    def test_sample(self):
        """First touches of each interval, and what the hardware had not been told by them."""
        string = refs_file.RefString(pages=[1, 1, 1, 2, 1, 3, 3, 3, 1, 1],
                                     access=list("rrwwrxrwwr"))
        found = refs_file.sample(string, 5)
        self.assertEqual(list(zip(found.pages, found.access)),
                         [(1, "r"), (1, "w"), (2, "w"), (3, "x"), (3, "w"), (1, "w")])
        self.assertEqual(found.starts, [(0, 0), (5, 3), (10, 6)])
        self.assertEqual(found.times(), ([0] * 3 + [5] * 3, 10))

    def test_sampled_prediction(self):
        """A record of first touches predicts LRU's misses for memories that hold an interval's pages."""
        string = refs_file.make_zipf(2000, 100000, 0.8, SEED)
        sampled = refs_file.sample(string, 200)
        self.assertLess(sampled.widest(), 200)
        for frames in (400, 800, 1200, 1600):
            exact, found = (misses(s.pages, "lru", frames) for s in (string, sampled))
            self.assertAlmostEqual(found / exact, 1, delta=0.05)


class Made(unittest.TestCase):
    def test_kinds(self):
        hog = refs_file.make_hog(4, 2)
        self.assertEqual([page - refs_file.BASE for page in hog.pages], [0, 1, 2, 3] * 2)
        self.assertEqual("".join(hog.access), "wwwwrrrr")
        phases = refs_file.make_phases(3, 2, 2, 2)
        self.assertEqual([page - refs_file.BASE for page in phases.pages],
                         [0, 1, 2, 0, 1, 2, 2, 3, 4, 2, 3, 4])

    def test_random(self):
        """The same for the same seed only; as skewed as asked for."""
        for make in (lambda seed: refs_file.make_random(50, 5000, seed),
                     lambda seed: refs_file.make_zipf(50, 5000, 1.0, seed)):
            self.assertEqual(make(1), make(1))
            self.assertNotEqual(make(1), make(2))
            self.assertEqual(len(set(make(1).pages)), 50)
        pages = refs_file.make_zipf(50, 50000, 1.0, SEED).pages
        counts = sorted((pages.count(page) for page in set(pages)), reverse=True)
        self.assertAlmostEqual(counts[0] / counts[1], 2, delta=0.2)
        self.assertAlmostEqual(counts[0] / counts[9], 10, delta=2)


NAMESPACE = "{http://www.w3.org/2000/svg}"


class Pictures(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(SEED)

    def lines(self, chart):
        """{name: its places in the picture}."""
        self.root = xml.etree.ElementTree.fromstring(chart.text())
        return {line.find(NAMESPACE + "title").text:
                [tuple(map(float, place.split(","))) for place in line.get("points").split()]
                for line in self.root.iter(NAMESPACE + "polyline")}

    def level(self):
        path = [p for p in self.root.iter(NAMESPACE + "path") if p.get("class") == "level data"][0]
        return float(re.match(r"M\d+ ([\d.]+)H", path.get("d")).group(1))

    def test_curve(self):
        """Points as many as sizes, where their numbers are between the ticks."""
        string = refs_file.make_zipf(300, 5000, 0.8, SEED)
        string.name = "a<b&\"c"
        distinct = len(set(string.pages))
        sizes = refs.sizes_of(string, None)
        self.assertEqual(sizes[-2:], [distinct - 1, distinct])
        lines = self.lines(refs.curve_chart(string, ["lru", "clock", "fifo", "opt"], sizes))
        self.assertEqual(list(lines), ["LRU", "clock", "FIFO", "OPT"])
        for name in ("clock", "FIFO", "OPT"):
            self.assertEqual(len(lines[name]), len(sizes))
        self.assertEqual(len(lines["LRU"]), distinct)
        texts = [text.text for text in self.root.iter(NAMESPACE + "text")]
        self.assertIn(string.name, texts[0])
        for word in ("frames", "misses", "0", "1,000", "5,000", "100", "cold misses", *lines):
            self.assertIn(word, texts)
        for name, points in lines.items():
            self.assertEqual(points, sorted(points), name)  # OPT and LRU fall, the others nearly
            self.assertTrue(all(svg.LEFT <= x <= svg.WIDTH - svg.RIGHT and
                                svg.TOP <= y <= svg.HEIGHT - svg.BOTTOM for x, y in points))
            self.assertEqual(points[-1][1], self.level())
        ys = {text.text: float(text.get("y")) - 4 for text in self.root.iter(NAMESPACE + "text")
              if text.get("text-anchor") == "end"}
        found = refs_model.curves(string.pages, ["opt"], sizes)["opt"]
        for (_, y), count in zip(lines["OPT"], found):
            self.assertAlmostEqual(y, ys["0"] + (ys["5,000"] - ys["0"]) * count / 5000, delta=0.2)

    def test_set(self):
        string = refs_file.sample(refs_file.make_phases(100, 10, 4, 60), 50)
        lines = self.lines(refs.set_chart(string, [(100, "us"), (1, "ms")]))
        self.assertEqual([len(points) for points in lines.values()], [refs.COLUMNS] * 2)
        self.assertRegex(" ".join(lines), r"^tau 100us: average \d+\.\d tau 1ms: average \d+\.\d$")
        self.assertIn("milliseconds", [text.text for text in self.root.iter(NAMESPACE + "text")])

    def test_themes(self):
        """Each class that is used has its colour in both."""
        chart = refs.curve_chart(refs_file.make_hog(9, 2), list(refs_model.POLICIES), [3, 9])
        text = chart.text()
        light, dark = re.search(r"<style>(.*)@media \(prefers-color-scheme: dark\) \{(.*)\}\n</style>",
                                text, re.DOTALL).groups()
        used = {word for words in re.findall(r'class="(.*?)"', text) for word in words.split()} - {"data"}
        self.assertIn("line3", used)
        self.assertIn("mark3", used)
        for name in used:
            colours = [re.search(r"\.%s\{\w+:(#\w{6})\}" % name, theme).group(1) for theme in (light, dark)]
            self.assertNotEqual(*colours)

    def test_ticks(self):
        for _ in range(300):
            end, most = self.rng.randint(1, 10 ** self.rng.randint(1, 9)), self.rng.randint(3, 12)
            ticks = svg.ticks(end, most)
            step = ticks[1]
            self.assertRegex(str(step), "^[125]0*$")
            self.assertEqual(ticks, list(range(0, ticks[-1] + 1, step)))
            self.assertTrue(ticks[-1] - step < end <= ticks[-1] and len(ticks) <= most + 2)


class Commands(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def shell(self, line):
        """What a line with tools/refs.py in it prints."""
        tool = "%s -B %s" % (shlex.quote(sys.executable), shlex.quote(os.path.join(ROOT, "tools/refs.py")))
        return subprocess.run(line.replace("tools/refs.py", tool), shell=True, cwd=self.directory,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def prints(self, line):
        done = self.shell(line)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def file(self, text):
        with open(os.path.join(self.directory, "string"), "w", encoding="utf-8", newline="") as f:
            f.write(text)

    def test_document(self):
        """The commands of docs/REFERENCE-STRINGS.md print what it shows; its record is one; and its
        picture is the one that its command draws."""
        with open(os.path.join(ROOT, "docs/REFERENCE-STRINGS.md"), encoding="utf-8") as f:
            document = f.read()
        shown = "".join(re.findall(r"^```console\n(.*?)^```", document, re.MULTILINE | re.DOTALL))
        steps = re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", shown, re.MULTILINE)
        self.assertEqual(len(steps), 6)
        for line, output in steps:
            self.assertEqual(self.prints(line), output, line)
        record = re.search(r"^```text\n(# refs.*?)^```", document, re.MULTILINE | re.DOTALL).group(1)
        self.assertEqual(record, TEXT.replace("lost=2", "lost=0"))
        self.prints(re.search(r"^`(tools/refs.py make .*)` drew it", document, re.MULTILINE).group(1))
        with open(os.path.join(self.directory, "DIR/curve.svg"), encoding="utf-8") as f, \
                open(os.path.join(ROOT, "docs/img/refs-curve.svg"), encoding="utf-8") as kept:
            self.assertEqual(f.read(), kept.read())

    def test_predict(self):
        """One number; the rest beside it."""
        self.file(TEXT)
        done = self.shell("tools/refs.py predict string --frames 3 --policy lru --pid 12")
        self.assertEqual((done.stdout, done.returncode), ("0\n", 0))
        self.assertIn("5 cold misses; 8 references", done.stderr)
        self.assertIn("2 references were lost", done.stderr)
        self.assertNotIn("interval", done.stderr)
        done = self.shell("tools/refs.py predict string --frames 1")
        self.assertEqual(done.stdout, "2\n")
        self.assertIn("up to 3 pages", done.stderr)

    def test_curve(self):
        self.prints("tools/refs.py make list 1,2,3,4,1,2,5,1,2,3,4,5 > string")
        out = self.prints("tools/refs.py curve string --policies opt,lru --frames 4,3 --ratio")
        self.assertEqual([line.split() for line in out.splitlines()[1:]],
                         [["frames", "opt", "lru"], ["3", "0.58333", "0.83333"], ["4", "0.50000", "0.66667"]])
        out = self.prints("tools/refs.py curve - --frames all < string")
        self.assertEqual(len(out.splitlines()), 2 + 5)

    def test_sets(self):
        self.file(TEXT)
        self.assertEqual(self.prints("tools/refs.py ws string --tau 1ms,1003us,3 | tail -n +3"),
                         "      1ms       3.0         3         6    0.75000\n"
                         "   1003us       3.0         3         5    0.62500\n"
                         "        3       2.4         3         6    0.75000\n")

    def test_plot(self):
        self.file(TEXT)
        self.prints("tools/refs.py plot string --out a/b --frames 1,3,5 --policies clock,opt")
        for name, points in (("curve", [3, 3]), ("working-set", [refs.COLUMNS] * 2)):
            root = xml.etree.ElementTree.parse(os.path.join(self.directory, "a/b/%s.svg" % name)).getroot()
            self.assertEqual([len(line.get("points").split()) for line in root.iter(NAMESPACE + "polyline")],
                             points)

    def test_make(self):
        """Every kind is a record; an interval is that of the kernel."""
        for kind in ("hog --pages 9", "random --length 99", "phases --pages 5 --shift 2", "zipf --length 99",
                     "list 1,2,1"):
            self.prints("tools/refs.py make %s | tools/refs.py curve - --frames 1" % kind)
        out = self.prints("tools/refs.py make list a,a,b,a --interval 2")
        self.assertIn("interval_us=2\n@ 0\nar\n@ 2\nbr ar\n@ 4\n# end refs 3 ", out)

    def test_wrong(self):
        """Said in one line, with status 1 for files and 2 for words."""
        self.file(TEXT.replace("refs 8", "refs 9"))
        for line, status, why in (
                ("curve string", 1, "refs.py: string:8: references: said and found are 9 and 8"),
                ("curve none", 1, "No such file"), ("ws - --tau 1ms < /dev/null", 1, "no record here"),
                ("make list 1,-2", 2, "argument pages"), ("make list fffff,100000", 1, "page 100000 is beyond the end of memory"),
                ("curve string --frames 0", 2, "--frames"), ("curve string --frames x", 2, "--frames"),
                ("curve string --policies lru,mru", 2, "--policies"),
                ("curve string --policies lru,lru", 2, "--policies"),
                ("ws string --tau 0", 2, "--tau"), ("ws string --tau 5min", 2, "--tau"),
                ("predict string", 2, "--frames")):
            done = self.shell("tools/refs.py " + line)
            self.assertEqual(done.returncode, status, line)
            self.assertIn(why, done.stderr)
            self.assertNotIn("Traceback", done.stderr)
        self.file("# refs v1\n# end refs 0\n")
        self.assertIn("no references", self.shell("tools/refs.py curve string").stderr)
        self.file("# refs v1\n1r\n# end refs 1\n")
        self.assertIn("no times", self.shell("tools/refs.py ws string --tau 1ms").stderr)
        self.assertIn("--tau", self.shell("tools/refs.py plot string --out x --tau 1,1ms").stderr)
        self.assertEqual(self.shell("tools/refs.py make random | head -1").stderr, "")


if __name__ == "__main__":
    print("SEED=%d" % SEED)
    unittest.main(verbosity=2)
