#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns a trace into what viewers open: usage: trace.py json|ctf CAPTURE OUT

CAPTURE is what was on the serial line while the command `trace` printed /proc/trace, other text
included. json: OUT is a file in Chrome's trace event format (chrome://tracing, ui.perfetto.dev);
system calls are slices, all else instants. ctf: OUT is a directory, a trace in the Common Trace
Format 1.8 with a stream for each CPU: babeltrace2 OUT.
Source: "The Common Trace Format, v1.8.3"; "Trace Event Format" (Google).
"""

import json
import os
import struct
import sys

import trace_file

# Of each event the names of its words; a fault has access and kind before them.
WORDS = {
    "fault": ["address", "pc", "ticks"],
    "switch": ["from", "to"],
    "irq": ["number"],
    "fork": ["parent", "child"],
    "exec": ["pid", "entry"],
    "exit": ["pid", "status"],
    "call": ["number", "arg1", "arg2", "arg3", "arg4", "arg5"],
    "return": ["number", "result"],
    "text": [],
    "alloc": ["frame", "page"],
    "free": ["frame"],
    "lock": ["address", "holder"],
}
STRINGS = {"fault": ["access", "kind"], "call": ["name"], "return": ["name"], "text": ["text"]}
IDS = {name: i for i, name in enumerate(WORDS)}


def call_name(names, event):
    return names.get(event.words[0], "call_%d" % event.words[0])


def signed(word):
    return word - (1 << 32) if word >> 31 else word


# Chrome's format.


def chrome_event(event, names):
    out = {"ts": event.ns / 1000, "pid": event.tid, "tid": event.tid, "args": {"cpu": event.cpu}}
    if event.name == "call":
        args = {"arg%d" % i: "0x%x" % word for i, word in enumerate(event.words[1:], 1)}
        out.update(name=call_name(names, event), ph="B")
        out["args"].update(args)
    elif event.name == "return":
        out.update(name=call_name(names, event), ph="E")
        out["args"]["result"] = signed(event.words[1])
    else:
        out.update(name=event.kind or event.name, ph="i", s="t", cat=event.name)
        if event.name == "fault":
            out["args"]["access"] = event.access
        if event.name == "text":
            out["args"]["text"] = event.text
        for name, word in zip(WORDS.get(event.name, ["count"]), event.words):
            out["args"][name] = "0x%x" % word if name in ("address", "pc", "entry") else word
    return out


def write_json(events, path):
    names = trace_file.call_names()
    with open(path, "w", encoding="utf-8") as f:
        f.write("[\n" + ",\n".join(json.dumps(chrome_event(e, names)) for e in events) + "\n]\n")


# The Common Trace Format.

METADATA = """/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 16; align = 8; signed = false; } := uint16_t;
typealias integer { size = 32; align = 8; signed = false; base = 16; } := uint32_t;
typealias integer { size = 32; align = 8; signed = true; } := int32_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
trace {
    major = 1;
    minor = 8;
    byte_order = le;
    packet.header := struct { uint32_t magic; uint32_t stream_id; };
};
env { domain = "kernel"; tracer_name = "quire"; };
clock { name = "monotonic"; freq = 1000000000; };
typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := ns_t;
stream {
    id = 0;
    packet.context := struct {
        ns_t timestamp_begin; ns_t timestamp_end; uint64_t content_size; uint64_t packet_size;
        uint64_t events_discarded; uint32_t cpu_id;
    };
    event.header := struct { uint8_t id; ns_t timestamp; };
    event.context := struct { uint16_t tid; };
};
"""
MAGIC = 0xC1FC1FC1
PACKET_HEAD = struct.Struct("<IIQQQQQI")


def ctf_metadata():
    out = [METADATA]
    for name, words in WORDS.items():
        fields = ["string %s;" % s for s in STRINGS.get(name, [])]
        fields += ["%s _%s;" % ("int32_t" if word == "result" else "uint32_t", word) for word in words]
        out.append('event { name = "%s"; id = %d; stream_id = 0; fields := struct { %s }; };\n' % (
            name, IDS[name], " ".join(fields)))
    return "".join(out)


def ctf_event(event, names):
    out = struct.pack("<BQH", IDS[event.name], event.ns, event.tid)
    if event.name == "fault":
        texts = [event.access, event.kind]
    elif event.name in ("call", "return"):
        texts = [call_name(names, event)]
    else:
        texts = [event.text] if event.name == "text" else []
    for text in texts:
        out += text.encode() + b"\0"
    count = len(WORDS[event.name])
    return out + struct.pack("<%dI" % count, *(event.words + [0] * count)[:count])


def ctf_packet(events, names, cpu, lost):
    body = b"".join(ctf_event(e, names) for e in events)
    bits = 8 * (PACKET_HEAD.size + len(body))
    times = (events[0].ns, events[-1].ns) if events else (0, 0)
    return PACKET_HEAD.pack(MAGIC, 0, *times, bits, bits, lost, cpu) + body


def ctf_stream(events, names, cpu):
    """The packets of a CPU: one, and another after each gap, so that the count of lost ones grows."""
    out, lost, packet = b"", 0, []
    for event in events:
        if event.name != "lost":
            packet.append(event)
            continue
        if packet:
            out += ctf_packet(packet, names, cpu, lost)
        lost, packet = lost + event.words[0], []
    return out + ctf_packet(packet, names, cpu, lost) if packet else out


def write_ctf(events, path):
    names = trace_file.call_names()
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, "metadata"), "w", encoding="utf-8") as f:
        f.write(ctf_metadata())
    for cpu in sorted({event.cpu for event in events}):
        with open(os.path.join(path, "cpu%d" % cpu), "wb") as f:
            f.write(ctf_stream([e for e in events if e.cpu == cpu], names, cpu))


def main():
    writers = {"json": write_json, "ctf": write_ctf}
    if len(sys.argv) != 4 or sys.argv[1] not in writers:
        print(__doc__.split("\n\n", 1)[0].split(": ", 1)[1], file=sys.stderr)
        return 2
    try:
        events = trace_file.read(sys.argv[2])
        writers[sys.argv[1]](events, sys.argv[3])
    except (OSError, trace_file.TraceError) as e:
        print("trace.py: %s" % e, file=sys.stderr)
        return 1
    print("%d events, %d lost" % (sum(e.name != "lost" for e in events),
                                  sum(e.words[0] for e in events if e.name == "lost")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
