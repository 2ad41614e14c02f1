/* SPDX-License-Identifier: MIT
 *
 * lockstat: how often each class of the kernel's locks was taken since the start, how often
 * somebody had to wait, and for how long. lockstat COMMAND [ARGUMENT...]: the same of the time that
 * the command ran; ends with its status. The longest wait and hold are always those since the
 * start. Only a debug kernel counts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/wait.h>

#include "quire.h"

#define LOCKSTAT    "/proc/lockstat"
#define CLASSES_MAX 64
#define NAME_BYTES  24

enum { TAKEN, CONTENDED, STALLED, WAIT_US, WAIT_MOST_US, HOLD_MOST_US, COUNTS };

struct lock_class {
    char name[NAME_BYTES];
    uint32_t count[COUNTS];
};

struct picture {
    unsigned n;
    struct lock_class class[CLASSES_MAX];
};

/* "name" and the counts; false: no such line. */
static bool line_parse(const char *line, struct lock_class *c)
{
    const char *end = *line == '"' ? strchr(line + 1, '"') : NULL;
    char *p;

    if (!end || end - line - 1 >= NAME_BYTES)
        return false;
    memcpy(c->name, line + 1, (size_t)(end - line - 1));
    p = (char *)end + 1;
    for (unsigned i = 0; i < COUNTS; i++)
        c->count[i] = (uint32_t)strtoul(p, &p, 10);
    return true;
}

static bool picture_take(struct picture *picture)
{
    char *text = file_read_all(LOCKSTAT, NULL);

    memset(picture, 0, sizeof *picture);
    if (!text && errno == ENOENT) {
        fprintf(stderr,
                "lockstat: this kernel was built without it; build/debug/quire.img has it\n");
        return false;
    }
    if (!text)
        return fail("lockstat", LOCKSTAT) == 0;
    for (const char *p = text; p && *p && picture->n < CLASSES_MAX; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (line_parse(p, &picture->class[picture->n]))
            picture->n++;
    }
    free(text);
    return true;
}

/* What came in between; the longest times stay what they are. */
static void picture_subtract(struct picture *now, const struct picture *before)
{
    for (unsigned i = 0; i < now->n; i++)
        for (unsigned k = 0; k < before->n; k++)
            if (strcmp(now->class[i].name, before->class[k].name) == 0)
                for (unsigned n = TAKEN; n <= WAIT_US; n++)
                    now->class[i].count[n] -= before->class[k].count[n];
}

static int by_taken(const void *a, const void *b)
{
    uint32_t x = ((const struct lock_class *)a)->count[TAKEN];
    uint32_t y = ((const struct lock_class *)b)->count[TAKEN];

    return x < y ? 1 : x > y ? -1 : 0;
}

static void picture_show(struct picture *picture)
{
    printf("%-16s %9s %9s %7s %7s %9s %9s %9s\n", "CLASS", "TAKEN", "CONTENDED", "%", ">1 ms",
           "WAIT us", "LONGEST", "HELD us");
    qsort(picture->class, picture->n, sizeof picture->class[0], by_taken);
    for (unsigned i = 0; i < picture->n; i++) {
        const uint32_t *c = picture->class[i].count;
        uint32_t part = c[TAKEN] ? (uint32_t)((uint64_t)c[CONTENDED] * 100000 / c[TAKEN]) : 0;

        if (c[TAKEN])
            printf("%-16s %9lu %9lu %3lu.%03lu %7lu %9lu %9lu %9lu\n", picture->class[i].name,
                   (unsigned long)c[TAKEN], (unsigned long)c[CONTENDED],
                   (unsigned long)(part / 1000), (unsigned long)(part % 1000),
                   (unsigned long)c[STALLED], (unsigned long)c[WAIT_US],
                   (unsigned long)c[WAIT_MOST_US], (unsigned long)c[HOLD_MOST_US]);
    }
}

/* False: it never ran, and *code, which is its status otherwise, says why. */
static bool command_run(char **argv, int *code)
{
    static char path[256];
    int status = 0;
    const char *name = argv[0];

    if (!command_find(name, path, sizeof path)) {
        fprintf(stderr, "lockstat: %s: not found\n", name);
        *code = 127;
        return false;
    }
    argv[0] = path;
    pid_t pid = spawn("lockstat", argv, 0);
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        *code = fail("lockstat", name);
        return false;
    }
    status_report(name, status);
    *code = status_to_code(status);
    return true;
}

int main(int argc, char **argv)
{
    static struct picture before, now;
    int status = 0;

    if (argc > 1) {
        if (!picture_take(&before))
            return 1;
        if (!command_run(argv + 1, &status))
            return status;
    }
    if (!picture_take(&now))
        return 1;
    picture_subtract(&now, &before);
    picture_show(&now);
    return status;
}
