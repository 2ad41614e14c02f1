/* SPDX-License-Identifier: MIT
 *
 * t_storm [SEED [STEPS]]: as many workers as there is work for four processors do random things at
 * the same time: map, protect, unmap and verify memory, fork, vfork and exec, let children compare
 * and change copies, kill them at any moment, change processors, give way; in a debug kernel
 * threads of its own do likewise. No byte is wrong, and everything comes back. The seed is printed:
 * the same one does the same things, if not at the same moments.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "process_list.h"
#include "quire.h"
#include "tap.h"

#define PAGE      4096u
#define WORKERS   8
#define PAGES_MAX 48u

static uint32_t seed = 1, steps;

struct worker {
    uint32_t random; /* xorshift state, never 0 */
    uint32_t *words; /* PAGES_MAX pages, mapped; page i begins with mark[i] */
    uint32_t mark[PAGES_MAX];
    unsigned depth; /* forks above it that may be killed */
};

static uint32_t random_next(struct worker *w, uint32_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 17;
    w->random ^= w->random << 5;
    return w->random % below;
}

static void sleep_us(uint32_t us)
{
    struct timespec time = {.tv_nsec = (long)us * 1000};

    nanosleep(&time, NULL);
}

static uint32_t *page_of(struct worker *w, uint32_t page)
{
    return w->words + page * (PAGE / sizeof(uint32_t));
}

static void page_write(struct worker *w, uint32_t page)
{
    w->mark[page] = w->random;
    *page_of(w, page) = w->mark[page];
    page_of(w, page)[PAGE / sizeof(uint32_t) - 1] = ~w->mark[page];
}

static void pages_verify(struct worker *w)
{
    for (uint32_t i = 0; i < PAGES_MAX; i++) {
        uint32_t last = page_of(w, i)[PAGE / sizeof(uint32_t) - 1];
        CHECK_EQ(*page_of(w, i), w->mark[i]);
        CHECK_EQ(last, w->mark[i] ? ~w->mark[i] : 0);
    }
}

static void step_write(struct worker *w)
{
    for (uint32_t n = random_next(w, 8); n > 0; n--)
        page_write(w, random_next(w, PAGES_MAX));
}

/* Some pages go and come back empty, in the middle of the others. */
static void step_remap(struct worker *w)
{
    uint32_t first = random_next(w, PAGES_MAX), count = random_next(w, PAGES_MAX - first) + 1;

    CHECK_EQ(munmap(page_of(w, first), count * PAGE), 0);
    CHECK(mmap(page_of(w, first), count * PAGE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page_of(w, first));
    memset(w->mark + first, 0, count * sizeof w->mark[0]);
}

static void step_protect(struct worker *w)
{
    uint32_t page = random_next(w, PAGES_MAX);

    CHECK_EQ(mprotect(page_of(w, page), PAGE, PROT_READ), 0);
    CHECK_EQ(*page_of(w, page), w->mark[page]);
    CHECK_EQ(mprotect(page_of(w, page), PAGE, PROT_READ | PROT_WRITE), 0);
    page_write(w, page);
}

static void step_brk(struct worker *w)
{
    size_t bytes = random_next(w, 4 * PAGE) + 1;
    char *p = sbrk((ptrdiff_t)bytes);

    CHECK(p != (char *)-1);
    memset(p, 0x55, bytes);
    CHECK(sbrk(-(ptrdiff_t)bytes) != (char *)-1);
}

static void step_affinity(struct worker *w)
{
    uint32_t mask = random_next(w, 15) + 1;

    syscall(SYS_sched_setaffinity, 0, sizeof mask, &mask); /* -EINVAL where none of them is there */
}

static void step_yield(struct worker *w)
{
    if (random_next(w, 4))
        syscall(SYS_sched_yield);
    else
        sleep_us(random_next(w, 2000));
}

static void step_exec(struct worker *w)
{
    char *argv[] = {random_next(w, 2) ? "/bin/true" : "/bin/false", NULL};
    bool fine = argv[0][5] == 't';

    CHECK(tap_exited_with(tap_program(argv, true), fine ? 0 : 1));
}

static void worker_run(struct worker *w, uint32_t count);

/* A child sees the memory as it was, changes its own, and ends or is ended. */
static void step_fork(struct worker *w)
{
    bool doomed = random_next(w, 2);
    int status;
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        pages_verify(w);
        w->depth++;
        worker_run(w, doomed ? 1000000 : random_next(w, 4));
        _exit(7);
    }
    step_write(w);
    if (doomed) {
        sleep_us(random_next(w, 3000));
        CHECK_EQ(kill(pid, SIGKILL), 0);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(doomed ? tap_killed_by(status, SIGKILL) : tap_exited_with(status, 7));
}

static void worker_run(struct worker *w, uint32_t count)
{
    static void (*const step[])(struct worker *) = {
        step_write,    step_remap, step_protect, step_brk,
        step_affinity, step_yield, step_exec,    step_fork,
    };

    while (count-- > 0 && !(w->depth && getppid() == 1)) { /* an orphan ends */
        uint32_t what = random_next(w, sizeof step / sizeof step[0]);

        if (w->depth < 2 || step[what] != step_fork)
            step[what](w);
        if (random_next(w, 4) == 0)
            pages_verify(w);
    }
}

static void nothing(const struct process *process, void *arg)
{
    (void)process;
    (void)arg;
}

/* Children of those who were killed end by themselves. */
static void orphans_wait(int processes)
{
    int tries = 0;

    while (process_for_each(nothing, NULL) > processes) {
        CHECK(++tries < 1000);
        sleep_us(10000);
    }
}

/* A debug kernel has a storm of its own threads for who reads this. */
static void kernel_threads_run(void)
{
    char *text = file_read_all("/proc/kstorm", NULL);

    CHECK(text || errno == ENOENT);
    CHECK(!text || strstr(text, " killed, 0 wrong\n"));
    free(text);
}

static void test_storm(void)
{
    int processes = process_for_each(nothing, NULL), status;
    pid_t pid[WORKERS + 1];

    for (int i = 0; i <= WORKERS; i++) {
        CHECK((pid[i] = fork()) >= 0);
        if (pid[i] == 0 && i == WORKERS) {
            kernel_threads_run();
            _exit(0);
        }
        if (pid[i] == 0) {
            struct worker w = {.random = (seed + (uint32_t)i) * 2654435761u | 1};
            w.words = mmap(0, PAGES_MAX * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                           -1, 0);
            CHECK(w.words != MAP_FAILED);
            worker_run(&w, steps);
            pages_verify(&w);
            _exit(0);
        }
    }
    for (int i = 0; i <= WORKERS; i++) {
        CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
        CHECK(tap_exited_with(status, 0));
    }
    orphans_wait(processes);
}

int main(int argc, char **argv)
{
    static const struct tap_test tests[] = {{"random things at the same time", test_storm}};

    steps = tap_count(60, 12500);
    if (argc > 3 || (argc > 1 && !number_parse(argv[1], &seed)) ||
        (argc > 2 && !number_parse(argv[2], &steps))) {
        fprintf(stderr, "usage: t_storm [SEED [STEPS]]\n");
        return 2;
    }
    printf("%s# seed %u, %u steps by each of %d\n", tap_indent(), (unsigned)seed, (unsigned)steps,
           WORKERS);
    fflush(stdout);
    return tap_main(tests, TAP_COUNT(tests));
}
