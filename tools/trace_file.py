# SPDX-License-Identifier: MIT
"""Reads a trace as /proc/trace prints it, out of whatever else was on the serial line. For trace.py
and plot_trace.py.

A trace begins with "# N ticks a second"; the last one in the text counts. Its lines are time in ticks,
CPU, thread, event, and the event's words: include/uapi/trace.h.
"""

import os
import re
from dataclasses import dataclass, field

HEAD = re.compile(r"^# (\d+) ticks a second\r?$", re.MULTILINE)
LINE = re.compile(r"^ *(\d+) cpu(\d+) +(\d+) (\w+) *(.*?)\r?$", re.MULTILINE)
CALLS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "user", "vm", "calls.c")


class TraceError(Exception):
    pass


@dataclass
class Event:
    ns: int              # since reset
    cpu: int
    tid: int
    name: str            # fault, switch, irq, fork, exec, exit, call, return, text, alloc, free, lock, lost
    words: list = field(default_factory=list)  # numbers
    access: str = ""     # of a fault
    kind: str = ""
    text: str = ""       # of text


def parse_event(match, hz):
    ticks, cpu, tid, name, rest = match.groups()
    event = Event(int(ticks) * 1000000000 // hz, int(cpu), int(tid), name)
    fields = rest.split()
    if name == "text":
        event.text = rest
        return event
    if name == "fault":
        event.access, event.kind = fields[:2]
        fields = fields[2:]
    event.words = [int(word, 16) for word in fields]
    return event


def parse(text):
    """The events of the last trace in text, in order."""
    heads = list(HEAD.finditer(text))
    if not heads:
        raise TraceError('no trace here: no line "# N ticks a second"')
    hz = int(heads[-1].group(1))
    return [parse_event(match, hz) for match in LINE.finditer(text, heads[-1].end())]


def read(path):
    with open(path, encoding="utf-8", errors="replace", newline="") as f:
        return parse(f.read())


def call_names():
    """{number: name}, from the table of the program ktrace."""
    with open(CALLS, encoding="utf-8") as f:
        return {int(number, 0): name
                for number, name in re.findall(r'^    \{(\w+), "(\w+)", "', f.read(), re.MULTILINE)}
