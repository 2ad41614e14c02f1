/* SPDX-License-Identifier: MIT
 *
 * Every schedule of two or three threads that fault, fork, unmap, truncate, write, read, sync and
 * take pages back, on two address spaces and one file (tests/host/coop). A failure prints its case
 * and its schedule; host_mm_interleave CASE SCHEDULE runs that one again, host_mm_interleave CASE
 * all schedules of the case. SOAK=1: more of them.
 */
#include "tests/host/testing.h"

#include "kern/panic.h"
#include "tests/host/coop/coop.h"
#include "tests/host/coop/memory.h"
#include "tests/host/coop/world.h"

#define NAME_MAX 128
#define BOUND    2u /* preemptions, where all schedules are too many */

/* The program of each thread of the case that runs now. */
static struct {
    unsigned threads;
    char program[COOP_PROCS][NAME_MAX];
} now;

struct results {
    unsigned most; /* schedules of a case */
    unsigned long cases, schedules, redundant;
    unsigned long bounded, cut; /* cases of which not all was run, or not all within the bound */
};

static void body(unsigned proc)
{
    world_run(proc, now.program[proc]);
}

/* "T2kw sAs0|fA": T(mpfs) or D(isk), pages, k(in) or s(trangers), w(arm), c(old) or h(ole),
 * o (warm, and there is swap) or x (all is there); programs. */
static struct world_start start_of(const char *name)
{
    return (struct world_start){.disk = name[0] == 'D',
                                .pages = (unsigned)(name[1] - '0'),
                                .kin = name[2] == 'k',
                                .hole = name[3] == 'h',
                                .warm = name[3] != 'c' && name[3] != 'h',
                                .swap = strchr("ox", name[3]) != NULL,
                                .away = name[3] == 'x'};
}

static void parse_programs(const char *name)
{
    size_t at = strcspn(name, " ");

    now.threads = 0;
    while (name[at]) {
        size_t len = strcspn(name + ++at, "|");

        if (now.threads == COOP_PROCS || len >= NAME_MAX)
            panic("no case: %s", name);
        memcpy(now.program[now.threads], name + at, len);
        now.program[now.threads++][len] = 0;
        at += len;
    }
}

/* Everything static is part of what is put back, so that results are the caller's. */
static void explore(struct coop_exploration *e, struct results *r)
{
    struct world_start start = start_of(e->name);

    world_make(&start);
    parse_programs(e->name);
    e->procs = now.threads;
    coop_snapshot();
    coop_explore(e);
    r->schedules += e->schedules;
    r->redundant += e->redundant;
}

/* All schedules; where they are more than `most` so many, and those with two preemptions. */
static void run(const char *name, const char *replay, unsigned most, struct results *r)
{
    struct coop_exploration e = {
        .name = name, .body = body, .check = world_check, .most = most, .replay = replay};
    struct coop_exploration bounded = e;

    explore(&e, r);
    r->cases++;
    printf("%-20s %6u schedules of up to %3u steps", name, e.schedules, e.steps);
    if (e.complete) {
        printf("\n");
    } else {
        bounded.preemptions = BOUND;
        explore(&bounded, r);
        r->bounded++;
        r->cut += !bounded.complete;
        printf(", not all; %u with at most %u preemptions%s\n", bounded.schedules, BOUND,
               bounded.complete ? "" : ", not all");
    }
    fflush(stdout);
}

/* Words of one thread, and of the other, who may be in the other address space. */
static const char *const ours[] = {"lAs0",  "lAp0", "sAs0", "sAp0", "fA",  "cA",
                                   "uAs",   "uAp",  "uAs0", "t0",   "t1h", "t3",
                                   "t0 t2", "w0",   "w2",   "r0",   "U0",  "mA"};
static const char *const theirs[] = {"lBs0", "lBp0", "sBs0", "sBp0", "fB", "uBs", "uBp"};

/* One child a case, one thread that changes the size, msync where there is a disk, and calls where
 * there is none. */
static bool makes_sense(const char *a, const char *b, bool disk)
{
    bool forks = strchr("fc", a[0]) && strchr("fc", b[0]);
    bool resizes = strchr("tw", a[0]) && strchr("tw", b[0]);

    if (disk && (strchr("wr", a[0]) || strchr("wr", b[0])))
        return false;
    return !forks && !resizes && (disk || (a[0] != 'm' && b[0] != 'm'));
}

static void run_pair(const char *start, const char *a, const char *b, struct results *r)
{
    char name[NAME_MAX];

    if (!makes_sense(a, b, start[0] == 'D'))
        return;
    snprintf(name, sizeof(name), "%s %s|%s", start, a, b);
    run(name, NULL, r->most, r);
}

static void run_pairs(const char *start, struct results *r)
{
    for (unsigned i = 0; i < ARRAY_SIZE(ours); i++) {
        for (unsigned k = i; k < ARRAY_SIZE(ours); k++)
            run_pair(start, ours[i], ours[k], r);
        for (unsigned k = 0; k < ARRAY_SIZE(theirs); k++)
            run_pair(start, ours[i], theirs[k], r);
    }
}

/* One thread takes pages away, or drops them, while another does something; and pages that are away
 * are wanted by two. */
static const char *const takers[] = {"oAp0", "oAs0", "oAp0 d", "oAs0 d", "d", "OA"};
static const char *const others[] = {"lAp0", "sAp0", "lAs0", "sAs0", "fA",       "cA",
                                     "uAp0", "uAs0", "t0",   "w0",   "r0",       "mA",
                                     "lBp0", "sBp0", "sBs0", "uBp0", "lAp0 sAp0"};

static void run_swapping(const char *start, struct results *r)
{
    for (unsigned i = 0; i < ARRAY_SIZE(takers); i++)
        for (unsigned k = 0; k < ARRAY_SIZE(others); k++)
            run_pair(start, takers[i], others[k], r);
    if (start[3] == 'x')
        for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
            for (unsigned k = i; k < ARRAY_SIZE(others); k++)
                run_pair(start, others[i], others[k], r);
}

/* Three threads: what went wrong, or nearly, in this kernel or in others. */
static const char *const threes[] = {
    "T1kw sAs0|sBs0|t0",        "T1sc sAs0|sBp0|t0", "T1kw fA|t0|sBp0",
    "T1sw lAp0|t0 t2|uAs",      "T1kw sAp0|fA|t0",   "T2kw uAs0|lBs0|t0",
    "T1sw w0|sAs0|lBs0",        "D1sw sAs0|mA|lBs0", "D1sw sAs0|mA|t0",
    "T1kw U0|sAs0|t0",          "T1sw r0|w0|t0",     "D1kw sAs0|mA|fA",
    "T1kw sAp0|sBp0|uAp",       "T1ko oAp0|sAp0|fA", "T1ko oAp0 d|sAp0|sBp0",
    "T1kx lAp0|sBp0|uAp",       "T1kx lAp0|lBp0|d",  "T1sx lAp0|sAp0|d",
    "T1kx lAp0 oAp0 d|sBp0|fA", "T1sx lAs0|sBs0|t0", "T1ko oAs0 d|sAs0|sBs0",
    "T1ko OA|sAp0|fA",          "T1kx OA|sAp0|lBp0", "T1kx OA d|fA|uAp",
    "T1so OA|sAp0|cA",
};

/* The first write to pages that are not there, or not kept yet. */
static const char *const holes[] = {
    "T1sh lAs0 sAs0|w0", "T1sh lAs0 sAs0|r0", "T1sh w0|lAs0", "T1sh w0|sBs0",
    "T1sh w0|lAp0 sAp0", "T1sh w0|t0 t1",     "T2sh w1|w0+",
};

/* Cases that were red once; all of their schedules. (And "T1kx lAs0|sAs0", which has too many: a
 * write fault that found the entry made by another's read did not ask the file to keep the page;
 * and "T1so OA|t0": truncation did not see swapped copies whose node was out.) */
static const char *const found[] = {
    "T1sc lAs0|sBs0", /* a read fault cleared the DIRTY that a write fault had just set */
    "D1sw t0|mA",     /* truncation passed a page that was just being written */
    "T1ko oAs0|t0",   /* truncation freed a page that page-out had just begun to write */
    "T1kw cA|t0",     /* fork=copy copied from an entry that truncation had just taken */
};

int main(int argc, char **argv)
{
    static const char *const starts[] = {"T1sw", "T1kw", "T1sc", "T2sw", "D1sw", "D1kc"};
    static const char *const swapping[] = {"T1ko", "T1so", "T1kx", "T1sx", "D1so"};
    struct results r = {.most = testing_count(40, 100000)};

    coop_init();
    if (argc > 1) {
        run(argv[1], argc > 2 ? argv[2] : NULL, 0, &r);
        return 0;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(starts); i++)
        run_pairs(starts[i], &r);
    for (unsigned i = 0; i < ARRAY_SIZE(swapping); i++)
        run_swapping(swapping[i], &r);
    for (unsigned i = 0; i < ARRAY_SIZE(threes); i++)
        run(threes[i], NULL, r.most, &r);
    for (unsigned i = 0; i < ARRAY_SIZE(holes); i++)
        run(holes[i], NULL, r.most, &r);
    for (unsigned i = 0; i < ARRAY_SIZE(found); i++)
        run(found[i], NULL, 0, &r);
    printf("%lu cases, %lu schedules and %lu redundant ones; of %lu cases not all: of %lu of these "
           "not all with at most %u preemptions\n",
           r.cases, r.schedules, r.redundant, r.bounded, r.cut, BOUND);
    return 0;
}
