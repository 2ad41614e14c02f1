/* SPDX-License-Identifier: MIT
 *
 * cmp [-s] FILE1 FILE2: says where two files differ first, counting bytes and lines from 1, or
 * which of them ends first; with -s nothing. "-" is standard input. Status 0: equal, 1: different,
 * 2: could not tell. Source: POSIX, cmp.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "quire.h"

struct side {
    const char *name;
    int fd;
    ssize_t len; /* in block */
    char block[16384];
};

static struct side sides[2];
static bool silent;

static bool side_open(struct side *s, const char *name)
{
    s->name = name;
    s->fd = strcmp(name, "-") == 0 ? 0 : file_open_large(name, O_RDONLY);
    if (s->fd < 0)
        fail("cmp", name);
    return s->fd >= 0;
}

/* Fills the block; it is only shorter where the file ends. */
static bool side_fill(struct side *s)
{
    ssize_t got;

    s->len = 0;
    while ((size_t)s->len < sizeof s->block) {
        got = read(s->fd, s->block + s->len, sizeof s->block - (size_t)s->len);
        if (got < 0)
            fail("cmp", s->name);
        if (got <= 0)
            return got == 0;
        s->len += got;
    }
    return true;
}

static int difference_show(uint64_t byte, uint64_t line)
{
    char a[U64_DIGITS], b[U64_DIGITS];

    if (!silent)
        printf("%s %s differ: byte %s, line %s\n", sides[0].name, sides[1].name,
               u64_format(byte, a), u64_format(line, b));
    return 1;
}

static int end_show(const char *name, uint64_t bytes)
{
    char digits[U64_DIGITS];

    if (!silent)
        fprintf(stderr, "cmp: EOF on %s after byte %s\n", name, u64_format(bytes, digits));
    return 1;
}

static int sides_compare(void)
{
    uint64_t bytes = 0, line = 1;

    for (;;) {
        if (!side_fill(&sides[0]) || !side_fill(&sides[1]))
            return 2;
        ssize_t common = sides[0].len < sides[1].len ? sides[0].len : sides[1].len;

        for (ssize_t i = 0; i < common; i++, bytes++) {
            if (sides[0].block[i] != sides[1].block[i])
                return difference_show(bytes + 1, line);
            line += sides[0].block[i] == '\n';
        }
        if (sides[0].len != sides[1].len)
            return end_show(sides[sides[0].len > sides[1].len].name, bytes);
        if ((size_t)common < sizeof sides[0].block)
            return 0;
    }
}

int main(int argc, char **argv)
{
    silent = argc > 1 && strcmp(argv[1], "-s") == 0;
    if (argc != 3 + silent) {
        fprintf(stderr, "usage: cmp [-s] FILE1 FILE2\n");
        return 2;
    }
    if (!side_open(&sides[0], argv[1 + silent]) || !side_open(&sides[1], argv[2 + silent]))
        return 2;
    return sides_compare();
}
