/* SPDX-License-Identifier: MIT
 *
 * dd [if=FILE] [of=FILE] [bs=BYTES] [count=N] [skip=N] [seek=N] [conv=notrunc,fsync]: copies
 * blocks, 512 bytes each unless bs says otherwise, from and to any place of a file or disk. Each
 * read is written as it came. Says on descriptor 2 how many whole and partial blocks went in and
 * out, also after an error. Numbers may end in K or M. seek leaves what is before it; what is
 * behind the last block goes, unless notrunc. Source: POSIX, dd; the messages are those of GNU's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "quire.h"

static struct {
    const char *from, *to;
    uint32_t block_bytes, count, skip, seek; /* the last three in blocks */
    bool limited, keep, flush;               /* count was given; notrunc; fsync */
} job = {.block_bytes = 512};

static struct {
    uint64_t in_whole, in_partial, out_whole, out_partial, bytes;
} done;

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* newlib's offsets have 32 bits. Where the file stands now, or -1 and errno. */
static int64_t seek_by(int fd, uint64_t bytes)
{
    int64_t at;

    return syscall(SYS_llseek, fd, (uint32_t)(bytes >> 32), (uint32_t)bytes, &at, SEEK_CUR) < 0
               ? -1
               : at;
}

static bool conversions_read(const char *list)
{
    while (*list) {
        size_t len = strcspn(list, ",");

        if (len == 7 && strncmp(list, "notrunc", len) == 0)
            job.keep = true;
        else if (len == 5 && strncmp(list, "fsync", len) == 0)
            job.flush = true;
        else
            return false;
        list += len;
        list += *list == ',';
    }
    return true;
}

static bool number_read(const char *word)
{
    static const struct {
        const char *name;
        uint32_t *value;
    } numbers[] = {{"bs=", &job.block_bytes},
                   {"count=", &job.count},
                   {"skip=", &job.skip},
                   {"seek=", &job.seek}};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        size_t len = strlen(numbers[i].name);

        if (strncmp(word, numbers[i].name, len) != 0)
            continue;
        job.limited |= numbers[i].value == &job.count;
        return size_parse(word + len, numbers[i].value);
    }
    return false;
}

static bool operand_read(const char *word)
{
    if (strncmp(word, "conv=", 5) == 0)
        return conversions_read(word + 5);
    if (strncmp(word, "if=", 3) == 0)
        job.from = word + 3;
    else if (strncmp(word, "of=", 3) == 0)
        job.to = word + 3;
    else
        return number_read(word);
    return true;
}

static const char *from_name(void)
{
    return job.from ? job.from : "standard input";
}

static const char *to_name(void)
{
    return job.to ? job.to : "standard output";
}

/* What can't seek is read. */
static int input_skip(int in, char *block)
{
    ssize_t got = 1;

    if (job.skip == 0 || seek_by(in, (uint64_t)job.skip * job.block_bytes) >= 0)
        return 0;
    if (errno != ESPIPE)
        return fail("dd", from_name());
    for (uint32_t i = 0; i < job.skip && got > 0; i++)
        got = read(in, block, job.block_bytes);
    return got < 0 ? fail("dd", from_name()) : 0;
}

/* To the place of the first block; and a file ends there, until more is written. */
static int output_seek(int out)
{
    int64_t at = 0;
    struct stat st;

    if (job.seek > 0 && (at = seek_by(out, (uint64_t)job.seek * job.block_bytes)) < 0)
        return fail("dd", to_name());
    if (!job.to || job.keep || job.seek == 0)
        return 0;
    if (fstat(out, &st) == 0 && S_ISREG(st.st_mode) &&
        syscall(SYS_ftruncate64, out, 0, (uint32_t)at, (uint32_t)((uint64_t)at >> 32)) < 0)
        return fail("dd", to_name());
    return 0;
}

static int block_write(int out, const char *block, size_t size)
{
    size_t written = 0;
    ssize_t n = 1;

    while (written < size && (n = write(out, block + written, size - written)) > 0)
        written += (size_t)n;
    if (n == 0)
        errno = ENOSPC;
    done.bytes += written;
    if (written == job.block_bytes)
        done.out_whole++;
    else if (written > 0)
        done.out_partial++;
    return n <= 0 ? fail("dd", to_name()) : 0;
}

static int blocks_copy(int in, int out, char *block)
{
    while (!job.limited || done.in_whole + done.in_partial < job.count) {
        ssize_t got = read(in, block, job.block_bytes);

        if (got <= 0)
            return got < 0 ? fail("dd", from_name()) : 0;
        if ((size_t)got == job.block_bytes)
            done.in_whole++;
        else
            done.in_partial++;
        if (block_write(out, block, (size_t)got))
            return 1;
    }
    return 0;
}

static int file_copy(int in, int out)
{
    char *block = malloc(job.block_bytes);
    int failed;

    if (!block)
        return fail("dd", "bs");
    failed = input_skip(in, block) || output_seek(out) || blocks_copy(in, out, block);
    if (job.flush && fsync(out) < 0)
        failed = fail("dd", to_name());
    free(block);
    return failed;
}

static void records_show(const char *way, uint64_t whole, uint64_t partial)
{
    char a[U64_DIGITS], b[U64_DIGITS];

    fprintf(stderr, "%s+%s records %s\n", u64_format(whole, a), u64_format(partial, b), way);
}

static void summary_show(uint64_t us)
{
    char bytes[U64_DIGITS], rate[U64_DIGITS];

    records_show("in", done.in_whole, done.in_partial);
    records_show("out", done.out_whole, done.out_partial);
    fprintf(stderr, "%s bytes copied, %lu.%06lu s, %s kB/s\n", u64_format(done.bytes, bytes),
            (unsigned long)(us / 1000000), (unsigned long)(us % 1000000),
            u64_format(done.bytes * 1000 / (us ? us : 1), rate));
}

int main(int argc, char **argv)
{
    int in = 0, out = 1, failed;
    uint64_t start;

    for (int i = 1; i < argc; i++)
        if (!operand_read(argv[i]) || job.block_bytes == 0 || job.block_bytes > INT32_MAX) {
            fprintf(stderr,
                    "dd: %s: not understood\n"
                    "usage: dd [if=FILE] [of=FILE] [bs=BYTES] [count=N] [skip=N] [seek=N] "
                    "[conv=notrunc,fsync]\n",
                    argv[i]);
            return 2;
        }
    if (job.from && (in = file_open_large(job.from, O_RDONLY)) < 0)
        return fail("dd", job.from);
    if (job.to && (out = file_open_large(job.to, O_WRONLY | O_CREAT |
                                                     (job.keep || job.seek ? 0 : O_TRUNC))) < 0)
        return fail("dd", job.to);
    start = now_us();
    failed = file_copy(in, out);
    summary_show(now_us() - start);
    return failed;
}
