#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a reference string says: misses of LRU, clock, FIFO and OPT with any number of frames, and the
working set. usage: refs.py curve|ws|plot|predict|make ...; refs.py COMMAND -h

A string is a record as the shell's command `refs` prints it, other text on the serial line included,
or one that `refs.py make` made; FILE is "-" for the standard input. docs/REFERENCE-STRINGS.md.
"""

import argparse
import os
import re
import sys

import refs_file
import refs_model
import svg
from refs_file import RefsError

SIZES = 24           # points of a curve that nobody chose
LRU_POINTS = 400     # of LRU's in a picture, which cost nothing
COLUMNS = 500        # points of a working set in a picture
TAUS = (100, 20)     # windows that nobody chose: the time divided by these
NAMES = {"lru": "LRU", "clock": "clock", "fifo": "FIFO", "opt": "OPT"}


def read(args):
    if args.file == "-":
        text, where = sys.stdin.buffer.read().decode("utf-8", "replace"), "standard input"
    else:
        with open(args.file, encoding="utf-8", errors="replace", newline="") as f:
            text, where = f.read(), args.file
    string = refs_file.parse(text, args.pid, where)
    if not string.pages:
        raise RefsError("%s: no references in this record" % where)
    if string.lost:
        print("refs.py: %d references were lost when this was recorded" % string.lost, file=sys.stderr)
    return string


def warn_narrow(string, sizes):
    """Within an interval only first touches are known."""
    if min(sizes) < string.widest():
        print("refs.py: an interval has up to %d pages; with fewer frames there may be more misses "
              "than these" % string.widest(), file=sys.stderr)


def title(string):
    return "%s, pid %d: %s references to %s pages" % (
        string.name, string.pid, svg.label(len(string.pages)), svg.label(len(set(string.pages))))


# Arguments.


def positive(text):
    number = int(text, 0)
    if number < 1:
        raise ValueError
    return number


def frames(text):
    return "all" if text == "all" else sorted({positive(word) for word in text.split(",")})


def policies(text):
    words = text.split(",")
    if not set(words) <= set(refs_model.POLICIES) or len(set(words)) < len(words):
        raise ValueError
    return words


def taus(text):
    """[(number, unit)]; the unit is empty for references."""
    matches = [re.fullmatch(r"(\d+)(us|ms|s|)", word) for word in text.split(",")]
    if not all(matches):
        raise ValueError
    return [(positive(match.group(1)), match.group(2)) for match in matches]


def hex_pages(text):
    if not re.fullmatch(r"[0-9a-f]+(,[0-9a-f]+)*", text):
        raise ValueError
    return [int(word, 16) for word in text.split(",")]


# Sizes and windows.


def spread(distinct, count):
    """At most count + 1 sizes, evenly from 1 to distinct; the last two next to each other: there is the
    cliff of a loop over everything."""
    return sorted({max(1, i * distinct // count) for i in range(1, count + 1)} | {1, max(1, distinct - 1)})


def sizes_of(string, chosen):
    distinct = len(set(string.pages))
    if chosen == "all":
        return list(range(1, distinct + 1))
    return chosen or spread(distinct, SIZES)


def round_down(number):
    """To 1, 2 or 5 times a power of ten."""
    power = 10 ** (len(str(number)) - 1)
    return max(step for step in (1, 2, 5) if step * power <= number) * power


def taus_of(string, chosen):
    if chosen:
        return chosen
    if not string.starts:
        return [(round_down(max(1, len(string.pages) // part)), "") for part in TAUS]
    times, end = string.times()
    return [(max(string.interval_us, round_down(max(1, (end - times[0]) // part))), "us") for part in TAUS]


def working_set(string, tau, columns=1):
    number, unit = tau
    if not unit:
        return refs_model.WorkingSet(string.pages, number, columns=columns)
    times, end = string.times()
    return refs_model.WorkingSet(string.pages, number * refs_file.UNITS_US[unit], times, end, columns)


# Commands.


def curve(args):
    string = read(args)
    sizes = sizes_of(string, args.frames)
    found = refs_model.curves(string.pages, args.policies, sizes)
    print("# %s, %d intervals; misses, cold ones included" % (title(string), len(string.starts)))
    print(" ".join(["%8s" % "frames"] + ["%9s" % policy for policy in args.policies]))
    form = "%9.5f" if args.ratio else "%9d"
    whole = len(string.pages) if args.ratio else 1
    for i, size in enumerate(sizes):
        print(" ".join(["%8d" % size] + [form % (found[p][i] / whole) for p in args.policies]))
    warn_narrow(string, sizes)


def ws(args):
    string = read(args)
    print("# %s, %d intervals; pages of the working set" % (title(string), len(string.starts)))
    print("%9s %9s %9s %9s %10s" % ("tau", "average", "most", "misses", "miss ratio"))
    for tau in taus_of(string, args.tau):
        found = working_set(string, tau)
        print("%9s %9.1f %9d %9d %10.5f" % (
            "%d%s" % tau, found.average, found.most, found.misses, found.miss_ratio))


def predict(args):
    string = read(args)
    misses = refs_model.curves(string.pages, [args.policy], [args.frames])[args.policy][0]
    cold = len(set(string.pages))
    print(misses - cold)
    print("refs.py: and %d cold misses; %d references" % (cold, len(string.pages)), file=sys.stderr)
    warn_narrow(string, [args.frames])


def curve_chart(string, chosen, sizes):
    distinct = len(set(string.pages))
    chart = svg.Chart(title(string), "frames", "misses")
    rest = [policy for policy in chosen if policy != "lru"]
    found = refs_model.curves(string.pages, rest, sizes)
    for policy in chosen:
        points = zip(sizes, found.get(policy, []))
        if policy == "lru":
            fine = sorted(set(sizes + [size for size in spread(distinct, LRU_POINTS)
                                       if sizes[0] <= size <= sizes[-1]]))
            points = zip(fine, refs_model.curves(string.pages, ["lru"], fine)["lru"])
        chart.line(NAMES[policy], points)
    chart.level("cold misses", distinct)
    return chart


def set_chart(string, windows):
    timed = windows[0][1] != ""
    chart = svg.Chart(title(string), "milliseconds" if timed else "references",
                      "pages of the working set")
    for tau in windows:
        found = working_set(string, tau, COLUMNS)
        unit = (1000 if timed else 1) * COLUMNS / (found.end - found.start)
        points = [((i + 1) / unit, pages) for i, pages in enumerate(found.columns)]
        average = "{:,.1f}".format(found.average)
        chart.line("tau %s%s: average %s" % (svg.label(tau[0]), tau[1], average), points)
    return chart


def plot(args):
    string = read(args)
    sizes, windows = sizes_of(string, args.frames), taus_of(string, args.tau)
    if len({unit == "" for _, unit in windows}) > 1 or len(windows) > len(svg.LINES):
        raise RefsError("--tau: at most %d, all times or all numbers of references" % len(svg.LINES))
    os.makedirs(args.out, exist_ok=True)
    for name, chart in (("curve.svg", curve_chart(string, args.policies, sizes)),
                        ("working-set.svg", set_chart(string, windows))):
        with open(os.path.join(args.out, name), "w", encoding="utf-8") as f:
            f.write(chart.text())
    warn_narrow(string, sizes)


def make(args):
    words = {key: value for key, value in vars(args).items()
             if key in ("pages", "rounds", "length", "phases", "shift", "skew", "seed")}
    string = getattr(refs_file, "make_" + args.kind)(**words)
    if args.interval:
        string = refs_file.sample(string, args.interval)
    refs_file.write(string, sys.stdout)


def make_arguments(commands):
    """make KIND; a kind's options are the parameters of its function in refs_file.py."""
    kinds = commands.add_parser("make", help="prints a string that is made").add_subparsers(
        dest="kind", required=True)
    seed = ("--seed", int, 1, "of the random numbers")
    length = ("--length", positive, 100000, "references")
    pages = ("--pages", positive, 1024, "how many")
    for kind, what, options in (
            ("hog", "all pages in order, in rounds", (
                pages, ("--rounds", positive, 3, "over all pages"))),
            ("random", "each page as likely as any", (pages, length, seed)),
            ("phases", "a loop whose pages change", (
                pages, ("--rounds", positive, 10, "of a phase"), ("--phases", positive, 4, "how many"),
                ("--shift", positive, 512, "pages further, each phase"))),
            ("zipf", "few pages wanted often, many seldom", (
                pages, length, ("--skew", float, 0.8, "weight of the k-th page: 1 / k^skew"), seed)),
            ("list", "the string that is given", ())):
        parser = kinds.add_parser(kind, help=what, description=what)
        for name, kind_of, default, meaning in options:
            parser.add_argument(name, type=kind_of, default=default, metavar="N",
                                help="%s (%s)" % (meaning, default))
        if kind == "list":
            parser.add_argument("pages", type=hex_pages, help="page numbers: 1,2,3a")
        parser.add_argument("--interval", type=positive, metavar="N",
                            help="as the kernel would record it with an interval of N references")
        parser.set_defaults(run=make)


def arguments():
    parser = argparse.ArgumentParser(prog="refs.py", description=__doc__.split("\n\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)

    def command(run, what):
        sub = commands.add_parser(run.__name__, help=what, description=what)
        sub.add_argument("file", metavar="FILE", help='the text with the record; "-": standard input')
        sub.add_argument("--pid", type=int, help="the last record of this process, not of any")
        sub.set_defaults(run=run)
        return sub

    table = command(curve, "prints the misses of policies for numbers of frames")
    sets = command(ws, "prints size and misses of the working set for windows tau")
    drawing = command(plot, "draws both: curve.svg and working-set.svg")
    one = command(predict, "prints the misses beyond the cold ones, which are page-ins where memory is "
                           "too small")
    for sub in (table, drawing):
        sub.add_argument("--policies", type=policies, default=list(refs_model.POLICIES), metavar="P,P",
                         help="of lru, clock, fifo and opt")
        sub.add_argument("--frames", type=frames, metavar="N,N", help='sizes of memory, or "all"')
    for sub in (sets, drawing):
        sub.add_argument("--tau", type=taus, metavar="T,T", help="windows: 1000 (references), 20ms, 500us")
    table.add_argument("--ratio", action="store_true", help="misses for each reference")
    drawing.add_argument("--out", required=True, metavar="DIR", help="where the pictures go")
    one.add_argument("--frames", type=positive, required=True, metavar="N", help="size of memory")
    one.add_argument("--policy", choices=refs_model.POLICIES, default="clock", help="(clock)")
    make_arguments(commands)
    return parser


def main():
    args = arguments().parse_args()
    try:
        args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, RefsError) as e:
        print("refs.py: %s" % e, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
