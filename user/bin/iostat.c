/* SPDX-License-Identifier: MIT
 *
 * iostat [SECONDS [COUNT]]: what each disk and partition did per second since the start, and then,
 * every SECONDS, since the last look; COUNT looks in all, without it until Ctrl-C. A transfer is a
 * request of the device; merged ones came as part of another. Source of /proc/diskstats: Linux,
 * Documentation/admin-guide/iostats.rst; a sector there is 512 bytes whatever the disk's is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quire.h"

#define DISKSTATS "/proc/diskstats"
#define DISKS_MAX 64
#define NAME_MAX  15

/* Those of Linux's columns that are shown, by place behind the name. */
enum { READS, READS_MERGED, READ_SECTORS, READ_MS, WRITES, WRITES_MERGED, WRITE_SECTORS, COLUMNS };

struct disk {
    char name[NAME_MAX + 1];
    uint64_t values[COLUMNS];
};

struct look {
    struct disk disks[DISKS_MAX];
    unsigned count;
};

static struct look looks[2];

/* A decimal number behind blanks; *p moves behind it. */
static bool number_next(const char **p, uint64_t *value)
{
    const char *digits = *p + strspn(*p, " ");
    char *end;

    if (*digits < '0' || *digits > '9')
        return false;
    *value = strtoull(digits, &end, 10);
    *p = end;
    return true;
}

/* From "major minor name reads ..", with whatever columns there are behind. */
static bool line_parse(const char *p, struct disk *disk)
{
    uint64_t number;
    size_t len;

    if (!number_next(&p, &number) || !number_next(&p, &number))
        return false;
    p += strspn(p, " ");
    len = strcspn(p, " \n");
    if (len == 0 || len > NAME_MAX)
        return false;
    memcpy(disk->name, p, len);
    disk->name[len] = '\0';
    p += len;
    for (unsigned i = 0; i < COLUMNS; i++)
        if (!number_next(&p, &disk->values[i]))
            return false;
    return true;
}

/* False, after a message, if there is nothing to look at. */
static bool look_make(struct look *look)
{
    char *text = file_read_all(DISKSTATS, NULL);

    if (!text && errno != ENOENT) /* a kernel without disks may have no such file */
        return !fail("iostat", DISKSTATS);
    look->count = 0;
    for (const char *line = text; line && *line && look->count < DISKS_MAX;) {
        look->count += line_parse(line, &look->disks[look->count]);
        line = strchr(line, '\n');
        line += line != NULL;
    }
    free(text);
    if (look->count == 0)
        fprintf(stderr, "iostat: this machine has no disk\n");
    return look->count > 0;
}

static const struct disk *disk_find(const struct look *look, const char *name)
{
    for (unsigned i = 0; i < look->count; i++)
        if (strcmp(look->disks[i].name, name) == 0)
            return &look->disks[i];
    return NULL;
}

static void rate_show(int width, uint64_t hundredths)
{
    char digits[U64_DIGITS];

    printf(" %*s.%02u", width - 3, u64_format(hundredths / 100, digits),
           (unsigned)(hundredths % 100));
}

/* before: NULL for all since the start. */
static void disk_show(const struct disk *now, const struct disk *before, uint64_t ms)
{
    uint64_t change[COLUMNS];

    for (unsigned i = 0; i < COLUMNS; i++)
        change[i] = before ? now->values[i] - before->values[i] : now->values[i];
    printf("%-10s", now->name);
    rate_show(11, (change[READS] + change[WRITES]) * 100000 / ms);
    rate_show(11, change[READ_SECTORS] * 50000 / ms);
    rate_show(14, change[WRITE_SECTORS] * 50000 / ms);
    rate_show(14, change[READS_MERGED] * 100000 / ms);
    rate_show(17, change[WRITES_MERGED] * 100000 / ms);
    printf("\n");
}

static void look_show(const struct look *now, const struct look *before, uint64_t ms)
{
    printf("%s %lu.%03lu s\n", before ? "in" : "since the start,", (unsigned long)(ms / 1000),
           (unsigned long)(ms % 1000));
    printf("disk       transfers/s  KiB/s read  KiB/s written  merged read/s  merged written/s\n");
    for (unsigned i = 0; i < now->count; i++)
        disk_show(&now->disks[i], before ? disk_find(before, now->disks[i].name) : NULL, ms);
    fflush(stdout);
}

/* looks_max 0: until Ctrl-C. */
static int watch(unsigned seconds, unsigned looks_max)
{
    uint64_t before = 0;

    for (unsigned i = 0; looks_max == 0 || i < looks_max; i++) {
        struct look *look = &looks[i & 1];
        uint64_t now, ms;

        if (i > 0) {
            sleep(seconds);
            printf("\n");
        }
        now = time_ms();
        if (!look_make(look))
            return 1;
        ms = now > before ? now - before : 1;
        look_show(look, i > 0 ? &looks[~i & 1] : NULL, ms);
        before = now;
    }
    return 0;
}

int main(int argc, char **argv)
{
    uint32_t seconds = 1, count = 0;

    if (argc > 3 || (argc > 1 && (!number_parse(argv[1], &seconds) || seconds == 0)) ||
        (argc > 2 && (!number_parse(argv[2], &count) || count == 0))) {
        fprintf(stderr, "usage: iostat [SECONDS [COUNT]], each at least 1\n");
        return 2;
    }
    return watch(seconds, argc > 1 ? count : 1);
}
