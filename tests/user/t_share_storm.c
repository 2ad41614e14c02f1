/* SPDX-License-Identifier: MIT
 *
 * t_share_storm: processes that add to records of a shared file, shared memory of nobody's name and
 * private copies, unmap, map, protect, move, fork and take translations back all the while. Each
 * adds a number of its own to a word atomically, and says in the end how much it added where: the
 * sums must come out in the file, in the memory and in what read() says, and the private copies
 * must show what they were given.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "files.h"
#include "malice.h"
#include "mapping.h"

#define PAGES   24u
#define WORKERS 6u
#define STEPS   300u

/* What each worker added, page by page: shared memory that nobody else writes to. */
struct ledger {
    uint32_t file[WORKERS][PAGES], memory[WORKERS][PAGES];
};

/* A worker's view. */
struct worker {
    unsigned number;
    uint32_t state; /* of chance */
    int fd;
    volatile uint32_t *file, *memory, *own; /* mapped shared, shared, private */
    uint32_t copied[PAGES];                 /* what own has in a page's first word, once written */
    bool is_copied[PAGES];
    struct ledger *ledger;
};

static uint32_t roll(struct worker *w, uint32_t sides)
{
    return chance(&w->state) % sides;
}

static volatile uint32_t *word(volatile uint32_t *at, uint32_t page, uint32_t n)
{
    return at + page * (PAGE / sizeof *at) + n;
}

static void *map(int fd, int flags)
{
    void *p = mmap(NULL, PAGES * PAGE, RW, flags, fd, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

static void add(struct worker *w)
{
    uint32_t page = roll(w, PAGES), n = roll(w, PAGE / 4), value = 1 + roll(w, 1000);

    if (roll(w, 2)) {
        __atomic_fetch_add(word(w->file, page, n), value, __ATOMIC_RELAXED);
        w->ledger->file[w->number][page] += value;
    } else {
        __atomic_fetch_add(word(w->memory, page, n), value, __ATOMIC_RELAXED);
        w->ledger->memory[w->number][page] += value;
    }
}

static void copy(struct worker *w)
{
    uint32_t page = roll(w, PAGES);

    w->copied[page] = chance(&w->state);
    w->is_copied[page] = true;
    *word(w->own, page, 0) = w->copied[page];
}

static void copies_check(const struct worker *w)
{
    for (uint32_t page = 0; page < PAGES; page++)
        if (w->is_copied[page])
            CHECK_EQ(*word(w->own, page, 0), w->copied[page]);
}

/* The file is mapped elsewhere, or a part of it anew. */
static void remap(struct worker *w)
{
    uint32_t page = roll(w, PAGES);

    if (roll(w, 2)) {
        CHECK_EQ(munmap((void *)w->file, PAGES * PAGE), 0);
        w->file = map(w->fd, MAP_SHARED);
    } else {
        CHECK(mmap((void *)word(w->file, page, 0), PAGE, RW, MAP_SHARED | MAP_FIXED, w->fd,
                   (off_t)(page * PAGE)) != MAP_FAILED);
    }
}

static void protect(struct worker *w)
{
    uint32_t page = roll(w, PAGES), count = 1 + roll(w, PAGES - page);
    void *at = (void *)word(roll(w, 2) ? w->own : w->memory, page, 0);

    CHECK_EQ(mprotect(at, count * PAGE, PROT_READ), 0);
    CHECK_EQ(mprotect(at, count * PAGE, RW), 0);
}

/* Private memory moves away and back. */
static void move(struct worker *w)
{
    void *to = mmap(NULL, PAGES * PAGE, PROT_NONE, ANONYMOUS, -1, 0);

    CHECK(to != MAP_FAILED);
    CHECK_EQ(sys_raw(SYS_mremap, w->own, PAGES * PAGE, PAGES * PAGE, 3, to), (long)to);
    w->own = to;
}

static void take_back(struct worker *w)
{
    int fd = open("/proc/hat", O_WRONLY);

    (void)w;
    if (fd < 0)
        return;
    CHECK(write(fd, "flush", 5) == 5);
    close(fd);
}

static void step(struct worker *w);

/* A child goes on for some steps, with the same ledger: its parent waits meanwhile. */
static void fork_and_wait(struct worker *w)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        for (unsigned i = 0; i < 10; i++)
            step(w);
        copies_check(w);
        _exit(0);
    }
    if (pid < 0)
        return;
    CHECK(waitpid(pid, &status, 0) == pid && tap_exited_with(status, 0));
}

static void step(struct worker *w)
{
    switch (roll(w, 40)) {
    case 0: remap(w); break;
    case 1: protect(w); break;
    case 2: move(w); break;
    case 3: copies_check(w); break;
    case 4:
        if (roll(w, 4) == 0)
            take_back(w);
        break;
    case 5:
        if (roll(w, 4) == 0)
            fork_and_wait(w);
        break;
    case 6:
    case 7:
    case 8: copy(w); break;
    default: add(w); break;
    }
}

static void __attribute__((noreturn)) work(struct worker *w, uint32_t steps)
{
    w->file = map(w->fd, MAP_SHARED);
    w->own = map(w->fd, MAP_PRIVATE);
    for (uint32_t i = 0; i < steps; i++)
        step(w);
    copies_check(w);
    _exit(0);
}

static uint32_t page_sum(const volatile uint32_t *page)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < PAGE / sizeof *page; i++)
        sum += page[i];
    return sum;
}

/* The sums of each page, by mapping and by read, are what the workers say. */
static void sums_check(const struct ledger *ledger, int fd, volatile uint32_t *memory)
{
    static uint32_t page[PAGE / 4];
    volatile uint32_t *file = map(fd, MAP_SHARED);

    for (unsigned i = 0; i < PAGES; i++) {
        uint32_t in_file = 0, in_memory = 0;

        for (unsigned w = 0; w < WORKERS; w++) {
            in_file += ledger->file[w][i];
            in_memory += ledger->memory[w][i];
        }
        CHECK(lseek(fd, (off_t)(i * PAGE), SEEK_SET) == (off_t)(i * PAGE));
        CHECK(read(fd, page, PAGE) == (int)PAGE);
        CHECK_EQ(page_sum(page), in_file);
        CHECK_EQ(page_sum(word(file, i, 0)), in_file);
        CHECK_EQ(page_sum(word(memory, i, 0)), in_memory);
    }
}

static void test_sums(void)
{
    uint32_t seed = (uint32_t)time(NULL) * 2654435761u | 1, steps = tap_count(STEPS, 100 * STEPS);
    struct worker w = {.state = seed};
    pid_t pids[WORKERS];
    int status;

    printf("%s# seed %lu\n", tap_indent(), (unsigned long)seed);
    files_begin("share");
    w.fd = (int)files_open("file", CREATE, 0644);
    CHECK(w.fd >= 0);
    CHECK_EQ(sys_raw(SYS_ftruncate64, w.fd, 0, PAGES * PAGE, 0), 0);
    w.memory = map(-1, MAP_SHARED | MAP_ANONYMOUS);
    w.ledger = mmap(NULL, sizeof *w.ledger, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(w.ledger != MAP_FAILED);
    fflush(stdout);
    for (unsigned i = 0; i < WORKERS; i++) {
        w.number = i;
        w.state = seed + i * 40503u;
        pids[i] = fork();
        if (pids[i] == 0)
            work(&w, steps);
        CHECK(pids[i] > 0);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        CHECK(waitpid(pids[i], &status, 0) == pids[i] && tap_exited_with(status, 0));
    sums_check(w.ledger, w.fd, w.memory);
    close(w.fd);
    files_remove_below(".");
    files_end("share");
}

int main(void)
{
    static const struct tap_test tests[] = {{"sums of shared pages come out", test_sums}};

    return tap_main(tests, TAP_COUNT(tests));
}
