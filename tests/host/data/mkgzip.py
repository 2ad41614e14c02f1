# SPDX-License-Identifier: MIT
#
# Makes gzip files for tests/host/test_inflate.c in the folder given: NAME.raw is what NAME.gz
# unpacks to. Between them they use every kind of block, the longest codes, all header fields,
# several members, and copies over the whole window. The bytes are the same at every run.

import pathlib
import random
import struct
import sys
import zlib

out = pathlib.Path(sys.argv[1])
rng = random.Random(1951)


def member(raw, level=6, strategy=zlib.Z_DEFAULT_STRATEGY, flags=0, window=15):
    """One gzip member; flags as in RFC 1952, 2.3.1."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -window, 9, strategy)
    body = deflate.compress(raw) + deflate.flush()
    header = struct.pack('<BBBBIBB', 0x1f, 0x8b, 8, flags, 0, 0, 3)
    if flags & 4:
        header += struct.pack('<H', 300) + bytes(300)
    if flags & 8:
        header += b'a name\0'
    if flags & 16:
        header += b'a comment\0'
    if flags & 2:
        header += struct.pack('<H', zlib.crc32(header) & 0xffff)
    return header + body + struct.pack('<II', zlib.crc32(raw), len(raw) & 0xffffffff)


def save(name, raw, packed):
    (out / (name + '.raw')).write_bytes(raw)
    (out / (name + '.gz')).write_bytes(packed)


def words(n):
    """Text with repetitions near and far."""
    vocabulary = [bytes(rng.choices(b'abcdefghijklmnopqrstuvwxyz', k=rng.randint(1, 9)))
                  for _ in range(3000)]
    text = b''
    while len(text) < n:
        text += b' '.join(rng.choices(vocabulary, k=500)) + b'\n'
    return text[:n]


def skewed(n):
    """Bytes whose frequencies halve from one to the next: codes of the greatest length."""
    return bytes(min(255, int(rng.expovariate(0.69))) if rng.random() < 0.999
                 else rng.randrange(256) for _ in range(n))


noise = rng.randbytes(100000)
text = words(300000)
save('empty', b'', member(b''))
save('one', b'x', member(b'x'))
save('text1', text, member(text, 1))
save('text6', text, member(text, 6))
save('text9', text, member(text, 9))
save('stored', noise, member(noise, 0))
save('noise', noise, member(noise))
save('fixed', text, member(text, 6, zlib.Z_FIXED))
save('huffman', text, member(text, 6, zlib.Z_HUFFMAN_ONLY))
save('runs', bytes(200000), member(bytes(200000)))
save('pattern', b'abc' * 50000, member(b'abc' * 50000))
skew = skewed(200000)
save('skewed', skew, member(skew, 9, zlib.Z_HUFFMAN_ONLY))
# A copy from exactly 32,768 - 262 bytes back is the farthest zlib makes; a stored block between.
far = noise[:32506] + noise[:32506] + text[:1000] + noise[:20000]
save('far', far, member(far, 9))
save('window', noise[:32768], member(noise[:32768], 0))
save('header', b'all fields', member(b'all fields', flags=2 + 4 + 8 + 16))
save('members', text[:70000] + b'second' + noise[:10],
     member(text[:70000]) + member(b'second', 0, flags=8) + member(noise[:10]))
save('padded', b'zeros follow', member(b'zeros follow') + bytes(511))
# Hand-made: a stored window, and a copy from the farthest there is, 32,768 (fixed code: length 3 is
# symbol 257, distance symbol 29 with 13 extra bits all ones).
bits = '1' + '10' + '0000001' + '11101' + '1' * 13 + '0000000'
bits += '0' * (-len(bits) % 8)
tail = bytes(int(bits[i:i + 8][::-1], 2) for i in range(0, len(bits), 8))
raw = noise[:32768]
body = struct.pack('<BHH', 0, 32768, 32767) + raw + tail
raw += raw[:3]
save('farthest', raw, member(b'')[:10] + body + struct.pack('<II', zlib.crc32(raw), len(raw)))
