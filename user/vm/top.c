/* SPDX-License-Identifier: MIT
 *
 * top [-n LOOKS] [SECONDS]: processes, those first that used most processor time since the last
 * look; faults since then, too. The first look counts from each process's start. On a terminal each
 * look takes the place of the last, until q or Ctrl-C, and any other key is the next look; with -n,
 * or elsewhere, looks are printed one behind the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "process_list.h"
#include "quire.h"
#include "watch.h"

#define PROCESSES_MAX 256
#define HEAD_ROWS     3

struct row {
    struct process now;
    unsigned long ticks, faults; /* since the last look */
};

static struct {
    struct row rows[PROCESSES_MAX];
    unsigned count, all;
} looks[2];

static unsigned current; /* which of the looks is being made; the other one is the last */

static const struct process *last_find(pid_t pid)
{
    for (unsigned i = 0; i < looks[!current].count; i++)
        if (looks[!current].rows[i].now.pid == pid)
            return &looks[!current].rows[i].now;
    return NULL;
}

static void process_add(const struct process *process, void *arg)
{
    const struct process *last = last_find(process->pid);
    unsigned long faults = process->minor_faults + process->major_faults;

    (void)arg;
    looks[current].all++;
    if (looks[current].count == PROCESSES_MAX)
        return;
    if (last && process->ticks < last->ticks) /* another one got the number */
        last = NULL;
    looks[current].rows[looks[current].count++] = (struct row){
        .now = *process,
        .ticks = process->ticks - (last ? last->ticks : 0),
        .faults = faults - (last ? last->minor_faults + last->major_faults : 0),
    };
}

static int rows_compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->ticks != y->ticks)
        return x->ticks < y->ticks ? 1 : -1;
    if (x->faults != y->faults)
        return x->faults < y->faults ? 1 : -1;
    return (int)(x->now.pid - y->now.pid);
}

static unsigned long now_ticks(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long)now.tv_sec * 100 + (unsigned long)now.tv_nsec / 10000000;
}

static void row_show(const struct row *row, unsigned long elapsed)
{
    unsigned long permille = elapsed ? row->ticks * 1000 / elapsed : 0;

    printf("%5d %c %4lu.%lu %6lu.%02lu %7lu %7lu %7lu %s\n", (int)row->now.pid, row->now.state,
           permille / 10, permille % 10, row->now.ticks / 100, row->now.ticks % 100, row->faults,
           row->now.minor_faults + row->now.major_faults, row->now.resident_pages, row->now.name);
}

/* elapsed: hundredths of a second since the last look. rows_max: that fit. */
static int look(unsigned long elapsed, unsigned rows_max)
{
    unsigned long ticks = 0;

    looks[current].count = looks[current].all = 0;
    if (process_for_each(process_add, NULL) < 0)
        return fail("top", "/proc");
    qsort(looks[current].rows, looks[current].count, sizeof looks[current].rows[0], rows_compare);
    for (unsigned i = 0; i < looks[current].count; i++)
        ticks += looks[current].rows[i].ticks;
    printf("%u processes used %lu.%02lu s of processor time in %lu.%02lu s\n", looks[current].all,
           ticks / 100, ticks % 100, elapsed / 100, elapsed % 100);
    printf("  PID S   %%CPU      TIME +FAULTS  FAULTS   PAGES NAME\n");
    for (unsigned i = 0; i < looks[current].count && i < rows_max; i++)
        row_show(&looks[current].rows[i], elapsed);
    fflush(stdout);
    current = !current;
    return 0;
}

/* looks_max 0: until q. */
static int watch(unsigned looks_max, unsigned seconds)
{
    unsigned long before = 0, now;
    unsigned columns, rows, rows_max = PROCESSES_MAX;
    bool screen = looks_max == 0 && isatty(1);

    window_size(&columns, &rows);
    if (screen)
        rows_max = rows > HEAD_ROWS ? rows - HEAD_ROWS : 1;
    watch_begin();
    for (unsigned i = 0; looks_max == 0 || i < looks_max; i++) {
        if (i > 0 && watch_wait(seconds))
            break;
        if (screen)
            printf("\x1b[H\x1b[J");
        now = now_ticks();
        if (look(now - before, rows_max))
            return 1;
        before = now;
    }
    watch_end();
    return 0;
}

int main(int argc, char **argv)
{
    uint32_t count = 0, seconds = 2;
    int at = 1;
    bool ok = true;

    if (argc > 2 && strcmp(argv[1], "-n") == 0) {
        ok = number_parse(argv[2], &count) && count > 0;
        at = 3;
    }
    if (at < argc)
        ok = ok && number_parse(argv[at++], &seconds);
    if (!ok || at < argc || seconds == 0 || seconds > WATCH_SECONDS_MAX) {
        fprintf(stderr, "usage: top [-n LOOKS] [SECONDS], 1 to %d seconds\n", WATCH_SECONDS_MAX);
        return 2;
    }
    return watch(count, seconds);
}
