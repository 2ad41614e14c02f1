/* SPDX-License-Identifier: MIT
 *
 * load KIND SIZE ROUNDS SEED: more memory than there is, used by several processes, every word of
 * it verified. KIND is private, forked (private, which two have inherited), shared (anonymous,
 * three processes), alone (the same, of one), or the path of a file or a block device, which two
 * processes use by a shared mapping, pread and pwrite. In each round some pages are written anew,
 * then all are compared; in the end a file is written back and compared without the mapping, a file
 * is removed. What a page should hold follows from the round and the seed, so nothing of it is
 * remembered. Says how many words were wrong; status 0: none. For tests/qemu/test_load.py.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "quire.h"

#define PAGE       4096u
#define PAGE_WORDS (PAGE / sizeof(uint32_t))
#define STRIDE     7919u /* a prime: the order of every other round */
#define WRONG_MAX  3u    /* pages that a process tells of */
#define BLKFLSBUF  0x1261

static struct {
    const char *kind;
    bool of_each; /* private memory, of each process its own */
    long fd;      /* -1: no file */
    uint32_t *memory;
    uint32_t pages, rounds, seed, workers;
} job;

/* Shared by the processes: who came to the end of a part of a round. */
static uint32_t *arrived;
static uint32_t me, waits, wrong, told;
static uint32_t buffer[PAGE_WORDS];

static uint32_t mix(uint32_t a, uint32_t b)
{
    a = (a ^ b * 0x9e3779b9u) * 2654435761u;
    return (a ^ a >> 15) * 0x85ebca6bu;
}

/* A page is written in the first round, and in a third of the others. */
static bool is_written(uint32_t page, uint32_t round)
{
    return round == 0 || (mix(mix(job.seed, page), round) >> 8) % 3 == 0;
}

/* What all words of a page follow from, after this round. */
static uint32_t base_of(uint32_t page, uint32_t round)
{
    while (!is_written(page, round))
        round--;
    return mix(mix(job.seed + (job.of_each && round ? me + 1 : 0), page), round);
}

static uint32_t word_of(uint32_t base, uint32_t i)
{
    return (base + i) * 2654435761u ^ i;
}

static bool by_call(uint32_t page, uint32_t round)
{
    return job.fd >= 0 && mix(mix(page, round), me) & 1 << 12;
}

/* A page between the file and the buffer; what, if it can't be. */
static bool transfer(int call, uint32_t page, const char *what)
{
    uint64_t at = (uint64_t)page * PAGE;
    long got = sys_raw(call, job.fd, buffer, PAGE, 0, (uint32_t)at, (uint32_t)(at >> 32));

    if (got == PAGE)
        return true;
    printf("load: %s: page %lu can't be %s: %ld\n", job.kind, (unsigned long)page, what, got);
    wrong++;
    return false;
}

static void page_write(uint32_t page, uint32_t round)
{
    bool call = by_call(page, round);
    uint32_t base = base_of(page, round), *to = call ? buffer : job.memory + page * PAGE_WORDS;

    for (uint32_t i = 0; i < PAGE_WORDS; i++)
        to[i] = word_of(base, i);
    if (call)
        transfer(SYS_pwrite64, page, "written");
}

static void page_check(uint32_t page, uint32_t round, bool call)
{
    uint32_t base = base_of(page, round), bad = 0, last = 0;
    const uint32_t *from = call ? buffer : job.memory + page * PAGE_WORDS;

    if (call && !transfer(SYS_pread64, page, "read"))
        return;
    for (uint32_t i = 0; i < PAGE_WORDS; i++)
        if (from[i] != word_of(base, i)) {
            bad++;
            last = i;
        }
    wrong += bad;
    if (bad && told++ < WRONG_MAX)
        printf("load: %s: round %lu, page %lu %s: %lu words wrong, word %lu is %08lx\n", job.kind,
               (unsigned long)round, (unsigned long)page, call ? "read" : "mapped",
               (unsigned long)bad, (unsigned long)last, (unsigned long)from[last]);
}

/* Until all processes are here. */
static void meet(void)
{
    __atomic_fetch_add(arrived, 1, __ATOMIC_SEQ_CST);
    waits++;
    while (__atomic_load_n(arrived, __ATOMIC_SEQ_CST) < waits * job.workers)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static uint32_t nth_page(uint32_t n, uint32_t round)
{
    return round & 1 ? (uint32_t)((uint64_t)n * STRIDE % job.pages) : n;
}

static void round_run(uint32_t round)
{
    for (uint32_t n = 0; n < job.pages; n++) {
        uint32_t page = nth_page(n, round);

        if (is_written(page, round) && (job.of_each || page % job.workers == me))
            page_write(page, round);
    }
    meet();
    for (uint32_t n = 0; n < job.pages; n++) {
        uint32_t page = nth_page(n, round);

        page_check(page, round, by_call(page, round + 1));
    }
    meet();
}

/* A file as it is on the disk, with nothing mapped. */
static void file_check(void)
{
    if (sys_raw(SYS_msync, job.memory, job.pages * PAGE, MS_SYNC) != 0 ||
        sys_raw(SYS_fsync, job.fd) != 0 || munmap(job.memory, job.pages * PAGE) != 0) {
        printf("load: %s: can't be written back\n", job.kind);
        wrong++;
    }
    ioctl((int)job.fd, BLKFLSBUF, 0); /* or it is no disk */
    for (uint32_t page = 0; page < job.pages; page++)
        page_check(page, job.rounds - 1, true);
    if (strncmp(job.kind, "/dev/", 5) != 0)
        unlink(job.kind);
}

/* False: it has no such memory. */
static bool job_map(void)
{
    int flags = MAP_SHARED;

    job.of_each = strcmp(job.kind, "private") == 0 || strcmp(job.kind, "forked") == 0;
    job.workers = strcmp(job.kind, "private") == 0 || strcmp(job.kind, "alone") == 0 ? 1
                  : strcmp(job.kind, "shared") == 0                                  ? 3
                                                                                     : 2;
    job.fd = -1;
    if (job.kind[0] == '/') {
        job.fd = open(job.kind, O_RDWR | O_CREAT, 0600);
        if (job.fd < 0 || (strncmp(job.kind, "/dev/", 5) != 0 &&
                           sys_raw(SYS_ftruncate, job.fd, job.pages * PAGE) != 0))
            return false;
    } else {
        flags = MAP_ANONYMOUS | (job.of_each ? MAP_PRIVATE : MAP_SHARED);
    }
    job.memory = mmap(NULL, job.pages * PAGE, PROT_READ | PROT_WRITE, flags, (int)job.fd, 0);
    arrived = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return job.memory != MAP_FAILED && arrived != MAP_FAILED;
}

static uint32_t work(void)
{
    uint32_t first = job.of_each ? 1 : 0; /* what children inherit is there already */

    for (uint32_t round = first; round < job.rounds; round++)
        round_run(round);
    __atomic_fetch_add(arrived + 1, wrong, __ATOMIC_SEQ_CST);
    return wrong;
}

static bool job_start(void)
{
    for (uint32_t page = 0; job.of_each && page < job.pages; page++)
        page_write(page, 0);
    for (uint32_t n = 1; n < job.workers; n++) {
        pid_t pid = fork();

        if (pid == 0) {
            me = n;
            exit(work() != 0);
        }
        if (pid < 0)
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    uint32_t bytes, bad;
    int status;

    if (argc != 5 || !size_parse(argv[2], &bytes) || !number_parse(argv[3], &job.rounds) ||
        !number_parse(argv[4], &job.seed) || bytes < PAGE || !job.rounds) {
        fprintf(stderr, "usage: load KIND SIZE[K|M] ROUNDS SEED\n"
                        "KIND: private, forked, shared, alone, or a file's or a disk's path\n");
        return 2;
    }
    job.kind = argv[1];
    job.pages = bytes / PAGE;
    if (!job_map() || !job_start())
        return fail("load", job.kind);
    bad = work();
    while (wait(&status) > 0)
        bad += status != 0;
    if (job.fd >= 0) {
        wrong = 0;
        file_check();
        bad += wrong;
    }
    printf("load: %s: %lu words wrong\n", job.kind,
           (unsigned long)(bad > arrived[1] ? bad : arrived[1]));
    return bad != 0;
}
