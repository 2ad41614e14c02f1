/* SPDX-License-Identifier: MIT
 *
 * newc archives: a header of 110 characters, the name with its NUL, padding to 4, the data, padding
 * to 4. All sums are made in 64 bits, so that a length of 4 GiB can not wrap. Called by whoever
 * unpacks or lists the ramdisk.
 */
#include "lib/cpio.h"

#include <string.h>

#include "include/uapi/errno.h"

enum field { /* eight hexadecimal digits each, behind the magic */
             F_INO,
             F_MODE,
             F_UID,
             F_GID,
             F_NLINK,
             F_MTIME,
             F_SIZE,
             F_DEV_MAJOR,
             F_DEV_MINOR,
             F_RDEV_MAJOR,
             F_RDEV_MINOR,
             F_NAME_SIZE,
             F_CHECK,
             NFIELDS
};

#define MAGIC_BYTES  6
#define DIGITS       8
#define HEADER_BYTES (MAGIC_BYTES + NFIELDS * DIGITS)

static const char trailer[] = "TRAILER!!!";

void cpio_open(struct cpio *c, const void *bytes, size_t len)
{
    *c = (struct cpio){.bytes = bytes, .len = len};
}

static int damaged(struct cpio *c, const char *reason)
{
    c->error = reason;
    return -EINVAL;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_fields(const uint8_t *digits, uint32_t fields[NFIELDS])
{
    for (unsigned i = 0; i < NFIELDS; i++) {
        fields[i] = 0;
        for (unsigned d = 0; d < DIGITS; d++) {
            int v = hex_digit(*digits++);

            if (v < 0)
                return false;
            fields[i] = fields[i] << 4 | (uint32_t)v;
        }
    }
    return true;
}

/* Offset in the whole of what comes `n` bytes behind offset `at`, padded to 4 in its archive. */
static uint64_t padded_end(const struct cpio *c, uint64_t at, uint32_t n)
{
    return c->origin + ALIGN_UP(at - c->origin + n, (uint64_t)4);
}

/* The name's start without any "/" and "./" in front of it; "." alone is the root as well. */
static const char *relative_name(const char *name)
{
    for (;;) {
        if (name[0] == '/')
            name++;
        else if (name[0] == '.' && (name[1] == '/' || name[1] == '\0'))
            name++;
        else
            return name;
    }
}

static bool checksum_matches(const struct cpio_entry *e, uint32_t check)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < e->size; i++)
        sum += e->data[i];
    return sum == check;
}

static void fill_entry(struct cpio_entry *e, const char *name, const uint8_t *data,
                       const uint32_t fields[NFIELDS])
{
    name = relative_name(name);
    *e = (struct cpio_entry){
        .name = name,
        .name_len = strlen(name),
        .data = data,
        .size = fields[F_SIZE],
        .mode = fields[F_MODE],
        .ino = fields[F_INO],
        .uid = fields[F_UID],
        .gid = fields[F_GID],
        .nlink = fields[F_NLINK],
        .mtime = fields[F_MTIME],
        .dev_major = fields[F_DEV_MAJOR],
        .dev_minor = fields[F_DEV_MINOR],
        .rdev_major = fields[F_RDEV_MAJOR],
        .rdev_minor = fields[F_RDEV_MINOR],
    };
}

/* Passes over zeros behind a trailer; true if another archive may begin there. */
static bool find_next_archive(struct cpio *c)
{
    while (c->at < c->len && c->bytes[c->at] == 0)
        c->at++;
    c->origin = c->at;
    return c->at < c->len;
}

/* The member at c->at: 1 and *e, or 0 and c->at moved for a trailer, or -EINVAL. */
static int next_member(struct cpio *c, struct cpio_entry *e)
{
    const uint8_t *header = c->bytes + c->at;
    uint32_t fields[NFIELDS];
    uint64_t name_at, data_at;
    const char *name;

    if (memcmp(header, "070701", MIN((size_t)MAGIC_BYTES, c->len - c->at)) != 0 &&
        memcmp(header, "070702", MIN((size_t)MAGIC_BYTES, c->len - c->at)) != 0)
        return damaged(c, "bad magic");
    if (c->len - c->at < HEADER_BYTES)
        return damaged(c, "truncated header");
    if (!parse_fields(header + MAGIC_BYTES, fields))
        return damaged(c, "bad hex digit");

    name_at = (uint64_t)c->at + HEADER_BYTES;
    data_at = padded_end(c, name_at, fields[F_NAME_SIZE]);
    if (name_at + fields[F_NAME_SIZE] > c->len)
        return damaged(c, "name outside the archive");
    name = (const char *)c->bytes + name_at;
    if (!memchr(name, '\0', fields[F_NAME_SIZE]))
        return damaged(c, "name without an end");
    if (strcmp(name, trailer) == 0) {
        c->at = (size_t)MIN(data_at, (uint64_t)c->len);
        return 0;
    }
    if (data_at > c->len || fields[F_SIZE] > c->len - data_at)
        return damaged(c, "data outside the archive");
    fill_entry(e, name, c->bytes + data_at, fields);
    if (header[MAGIC_BYTES - 1] == '2' && !checksum_matches(e, fields[F_CHECK]))
        return damaged(c, "bad checksum");
    c->at = (size_t)MIN(padded_end(c, data_at, e->size), (uint64_t)c->len);
    return 1;
}

int cpio_next(struct cpio *c, struct cpio_entry *e)
{
    int found = 0;

    while (!c->error && !c->ended && found == 0) {
        if (c->at >= c->len)
            return damaged(c, "no trailer");
        found = next_member(c, e);
        c->ended = found == 0 && !find_next_archive(c);
    }
    return c->error ? -EINVAL : found;
}
