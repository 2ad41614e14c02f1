#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the page faults of a trace with gnuplot: usage: plot_trace.py CAPTURE OUT.svg [TID]

CAPTURE is what was on the serial line while the command `trace` printed /proc/trace. Three pictures,
one above the other, over the time of one thread (by default the one with most faults):
  how many faults of each kind there were so far;
  the working set as faults show it: pages that faulted within the last twentieth of the time, and
  all pages touched so far;
  the page map: each page that was touched, from its first fault on, and each fault on it in the
  colour of its kind. Addresses that nobody touched are left out between regions.
"""

import subprocess
import sys

import trace_file

COLOURS = {"spurious": "#999999", "reclaim": "#17becf", "upgrade": "#bcbd22", "attach": "#1f77b4",
           "transit": "#8c564b", "zero": "#2ca02c", "copy": "#d62728", "pagein": "#9467bd",
           "pager": "#e377c2", "error": "#000000"}
PAGE = 4096
GAP = 12    # of so many equal parts of the map one lies between two regions
TICS = 20   # at most so many addresses beside it
NEAR = 8    # pages further apart are of two regions
WINDOWS = 20


def choose_thread(events):
    counts = {}
    for event in events:
        if event.name == "fault":
            counts[event.tid] = counts.get(event.tid, 0) + 1
    if not counts:
        raise trace_file.TraceError("no faults in this trace")
    return max(counts, key=lambda tid: (counts[tid], -tid))


def rows_of(pages):
    """{page: row} and [(row, first page)] of the regions: neighbours stand together."""
    rows, regions, row, last = {}, [], 0, None
    gap = max(3, len(pages) // GAP)
    for page in sorted(pages):
        if last is None or page > last + NEAR:
            row += gap if regions else 0
            regions.append((row, page))
        else:
            row += page - last - 1
        rows[page] = row
        row, last = row + 1, page
    return rows, regions


def tics_of(regions, top):
    """gnuplot's list of labels: regions that are too close to the one before have none."""
    tics, last = [], None
    for row, page in regions:
        if last is None or row - last >= top / TICS:
            tics.append("'%08x' %d" % (page * PAGE, row))
            last = row
    return ", ".join(tics)


def block(name, lines):
    return "$%s << EOD\n%s\nEOD\n" % (name, "\n".join(lines))


def working_set(faults, end):
    """Lines "time recent all": after each fault, and after each that leaves the window."""
    window = max(end / WINDOWS, 1e-9)
    changes = [(t, 1, page) for t, page, _ in faults]
    changes += [(t + window, -1, page) for t, page, _ in faults if t + window < end]
    lines, recent, ever = [], {}, set()
    for now, step, page in sorted(changes):
        recent[page] = recent.get(page, 0) + step
        if recent[page] == 0:
            del recent[page]
        ever.add(page)
        lines.append("%g %d %d" % (now, len(recent), len(ever)))
    return lines


def script(events, tid, out):
    start = next(e.ns for e in events if e.tid == tid)
    faults = [((e.ns - start) / 1e6, e.words[0] // PAGE, e.kind) for e in events
              if e.tid == tid and e.name == "fault"]
    end = max(max((e.ns - start) / 1e6 for e in events if e.tid == tid), 1e-6)
    kinds = [kind for kind in COLOURS if any(k == kind for _, _, k in faults)]
    rows, regions = rows_of({page for _, page, _ in faults})
    first = {}
    for t, page, _ in faults:
        first.setdefault(page, t)
    text = [block("set", working_set(faults, end) + ["%g 0 %d" % (end, len(rows))]),
            block("life", ["%g %d %g 0" % (t, rows[p], end - t) for p, t in first.items()])]
    for kind in kinds:
        times = [t for t, _, k in faults if k == kind]
        steps = ["0 0"] + ["%g %d" % (t, i) for i, t in enumerate(times, 1)]
        text.append(block("count_" + kind, steps + ["%g %d" % (end, len(times))]))
        text.append(block("map_" + kind, ["%g %d" % (t, rows[p]) for t, p, k in faults if k == kind]))
    counts = ", ".join("$count_%s using 1:2 with steps lw 2 lc rgb '%s' title '%s'" % (
        kind, COLOURS[kind], kind) for kind in kinds)
    points = ", ".join("$map_%s using 1:2 with points pt 5 ps 0.35 lc rgb '%s' notitle" % (
        kind, COLOURS[kind]) for kind in kinds)
    top = max(rows.values()) + 1
    return "".join(text) + """
set terminal svg size 900,960 font 'sans-serif,12' background rgb 'white'
set output '%s'
set multiplot layout 3,1
set xrange [0:%g]
set lmargin 13
set rmargin 20
set key outside right top Left reverse samplen 2
set grid lc rgb '#dddddd'
set title 'thread %d: page faults by kind'
set ylabel 'faults so far'
plot %s
set title 'working set'
set ylabel 'pages'
plot $set using 1:2 with fillsteps fs solid fc rgb '#ffbb78' title 'last twentieth', \\
     $set using 1:3 with steps lw 2 lc rgb '#1f77b4' title 'ever touched'
set title 'page map'
set xlabel 'milliseconds'
set ylabel 'page' offset -4
set yrange [-1:%d]
set ytics (%s)
plot $life using 1:2:3:4 with vectors nohead lw 1.5 lc rgb '#d9d9d9' notitle, %s
""" % (out.replace("'", "''"), end, tid, counts, top, tics_of(regions, top), points)


def main():
    if len(sys.argv) not in (3, 4):
        print("usage: plot_trace.py CAPTURE OUT.svg [TID]", file=sys.stderr)
        return 2
    try:
        events = trace_file.read(sys.argv[1])
        tid = int(sys.argv[3]) if len(sys.argv) == 4 else choose_thread(events)
        if not any(e.tid == tid and e.name == "fault" for e in events):
            raise trace_file.TraceError("thread %d has no faults in this trace" % tid)
        gnuplot = subprocess.run(["gnuplot"], input=script(events, tid, sys.argv[2]), text=True)
    except (OSError, ValueError, trace_file.TraceError) as e:
        print("plot_trace.py: %s" % e, file=sys.stderr)
        return 1
    return gnuplot.returncode


if __name__ == "__main__":
    sys.exit(main())
