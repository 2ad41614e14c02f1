# SPDX-License-Identifier: MIT
#
# Makes the seed corpus tests/fuzz/corpus again, but for files found by fuzzing, which are kept there
# by hand and named found-*. Needs dtc. Run from anywhere: tests/fuzz/mkcorpus.py
# The seeds are small, so that a random change hits something, and show every feature once.

import gzip
import pathlib
import struct
import subprocess
import zlib

here = pathlib.Path(__file__).resolve().parent
corpus = here / 'corpus'


def save(target, name, data):
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


# ELF: program headers (type, offset, vaddr, filesz, memsz, flags, align).
def elf(phdrs, kind=2, entry=0x10200, size=0x1400, machine=40, osabi=0):
    header = struct.pack('<4s4B8x2H5I6H', b'\x7fELF', 1, 1, 1, osabi, kind, machine, 1, entry, 52, 0,
                         0x05000400, 52, 32, len(phdrs), 40, 0, 0)
    table = b''.join(struct.pack('<8I', t, o, v, v, f, m, fl, a) for t, o, v, f, m, fl, a in phdrs)
    return (header + table).ljust(size, b'\0')


R, X, W = 4, 1, 2
TEXT = (1, 0, 0x10000, 0x400, 0x400, R | X, 0x1000)
DATA = (1, 0x1000, 0x12000, 0x300, 0x2000, R | W, 0x1000)
TLS = (7, 0x1010, 0x12010, 0x20, 0x40, R, 8)
STACK = (0x6474e551, 0, 0, 0, 0, R | W, 16)
RELRO = (0x6474e552, 0x1000, 0x12000, 0x200, 0x200, R, 1)
save('elf', 'text', elf([(1, 0, 0x10000, 0x80, 0x80, R | X, 0)], entry=0x10054, size=0x80))
save('elf', 'static', elf([TEXT, DATA, TLS, STACK, RELRO]))
save('elf', 'linux', elf([TEXT, DATA, TLS, STACK, RELRO], osabi=3))
save('elf', 'pie', elf([(1, 0, 0, 0x400, 0x400, R | X, 0x10000),
                        (1, 0x1000, 0x11000, 0x300, 0x800, R | W, 0x10000),
                        (2, 0x1100, 0x11100, 0x80, 0x80, R | W, 4)], kind=3, entry=0x201))
save('elf', 'dynamic', elf([(6, 52, 0x10034, 96, 96, R, 4), TEXT,
                            (3, 0x200, 0x10200, 19, 19, R, 1), DATA], kind=3, entry=0x10300))
save('elf', 'object', elf([], kind=1, entry=0))
save('elf', 'x86', elf([TEXT], machine=3))

save('script', 'plain', b'#!/bin/sh\necho hello\n')
save('script', 'argument', b'#! /bin/sh -e  -x \nexit 1\n')
save('script', 'no-newline', b'#!/bin/sh')
save('script', 'long', b'#!/bin/' + b'x' * 248 + b'\n')
save('script', 'too-long', b'#!/bin/' + b'x' * 249 + b'\n')
save('script', 'empty', b'#! \n')


# cpio: entries (name, mode, data, name field's size or None).
def cpio(entries, magic=b'070701'):
    out = b''
    for number, (name, mode, data, size) in enumerate(entries + [('TRAILER!!!', 0, b'', None)]):
        field = name.encode().ljust(size or len(name) + 1, b'\0')
        check = sum(data) if magic == b'070702' else 0
        out += magic + b''.join(b'%08x' % f for f in (
            number, mode, 0, 0, 1, 1700000000, len(data), 0, 0, 5, 1, len(field), check)) + field
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return out


FILES = [('.', 0o40755, b'', None), ('bin', 0o40755, b'', None), ('./bin/sh', 0o100755, b'\x7fELF', 30),
         ('/etc/motd', 0o100644, b'hello, world\n', None), ('link', 0o120777, b'bin/sh', None),
         ('dev/console', 0o20600, b'', None)]
save('cpio', 'files', cpio(FILES))
save('cpio', 'checksums', cpio(FILES[3:5], b'070702'))
save('cpio', 'empty', cpio([]))
save('cpio', 'two', cpio(FILES[:2]) + bytes(100) + cpio(FILES[3:]) + bytes(512))

save('cmdline', 'usual', b'console=ttyAMA0 noaslr init=/bin/sh memlimit=64M hat=chaos -- -c "a b"')
save('cmdline', 'quotes', b'a="x y" "init=/bin/my sh" b="" "" c="open')
for number, size in enumerate([b'0', b'8M', b'0xffK', b'18446744073709551615', b'17179869183G']):
    save('cmdline', 'size%d' % number, size)


# gzip: each kind of block.
def member(raw, level=9, strategy=zlib.Z_DEFAULT_STRATEGY, flags=0, extra=b''):
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
    body = deflate.compress(raw) + deflate.flush()
    return (struct.pack('<BBBBIBB', 0x1f, 0x8b, 8, flags, 0, 0, 3) + extra + body +
            struct.pack('<II', zlib.crc32(raw), len(raw)))


text = b' '.join(b'%d bottles of %s on the wall' % (n, b'abcdefghijkl'[n % 12:][:3]) for n in range(60))
save('inflate', 'empty', member(b''))
save('inflate', 'stored', member(b'stored bytes', 0))
save('inflate', 'fixed', member(text[:200], 9, zlib.Z_FIXED))
save('inflate', 'dynamic', member(text))
save('inflate', 'huffman', member(bytes(range(256)) + text, 9, zlib.Z_HUFFMAN_ONLY))
save('inflate', 'zeros', member(bytes(70000)))
save('inflate', 'fields', member(b'x', flags=4 + 8 + 16, extra=b'\x03\0abcname\0comment\0'))
save('inflate', 'members', gzip.compress(b'one', mtime=0) + gzip.compress(text[:99], mtime=0) + bytes(9))

TREES = {
    'minimal': '/ { };',
    'memory': '''/memreserve/ 0x1000 0x2000;
        / { #address-cells = <1>; #size-cells = <1>;
            memory@0 { device_type = "memory"; reg = <0 0x1000000 0x2000000 0x1000>; };
            reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges;
                a@10 { reg = <0x10 0x20 0x30 0x40>; }; };
            chosen { bootargs = "quiet"; stdout-path = "uart:9600"; linux,initrd-start = <1>;
                linux,initrd-end = <0 2>; };
            aliases { uart = "/memory@0"; }; };''',
    'buses': '''/ { #address-cells = <2>; #size-cells = <1>; interrupt-parent = <&pic>;
            pic: pic { phandle = <1>; #interrupt-cells = <2>; interrupt-controller; };
            bus { #address-cells = <1>; #size-cells = <1>; compatible = "simple-bus";
                ranges = <0 1 0 0x1000>, <0x2000 0 0 0x100>;
                inner { #address-cells = <1>; #size-cells = <0>; ranges;
                    dev@8 { reg = <8>; compatible = "a", "arm,pl011"; interrupts = <1 2>, <3 4>;
                        interrupts-extended = <&pic 5 6>; status = "okay"; }; }; }; };''',
    'deep': '/ { ' + 'n { ' * 14 + 'reg = <1>; ' + '}; ' * 14 + '};',
}
for name, source in TREES.items():
    blob = subprocess.run(['dtc', '-q', '-O', 'dtb'], input=('/dts-v1/; ' + source).encode(),
                          stdout=subprocess.PIPE, check=True).stdout
    save('fdt', name, blob)


# Swap headers: magic, version, last page, bad pages (fuzz_swap_header.c).
def swap(magic=b'SWAPSPACE2', version=1, last=99, bad=(), count=None):
    words = (version, last, len(bad) if count is None else count, *bad)
    return magic + struct.pack('<%dI' % len(words), *words)


save('swap_header', 'plain', swap())
save('swap_header', 'bad', swap(bad=(1, 7, 8, 99)))
save('swap_header', 'full', swap(last=700, bad=range(1, 638)))
save('swap_header', 'more', swap(last=700, bad=range(1, 639)))
save('swap_header', 'largest', swap(last=0xffffffff, bad=(0xffffffff,)))
save('swap_header', 'old', swap(b'SWAP-SPACE'))
save('swap_header', 'version', swap(version=2))
save('swap_header', 'descending', swap(bad=(8, 7)))
save('swap_header', 'many', swap(count=0x40000001))
