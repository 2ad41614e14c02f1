/* SPDX-License-Identifier: MIT
 *
 * pattern loop|cycle PAGES ROUNDS [MARK], pattern skew PAGES REFERENCES [MARK]: touches pages of
 * memory of its own in an order that tests/qemu/test_refs_kernel.py knows. cycle: all in order, all
 * written; loop: every third one, the others read. skew: few of them often and many seldom, all
 * written. After each MARK references an interval of its own record begins; without, all are read
 * once more at the end. Says where the memory is, how many pages the program had in memory at the
 * end, and how many words were wrong.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#include "quire.h"

#define PAGE 4096u

static struct {
    volatile uint32_t *memory;
    uint32_t *stores; /* to each page */
    uint32_t pages, mark, done, wrong;
    int control;
} job;

static uint32_t next_random(void)
{
    static uint32_t state = 1;

    state = state * 1664525u + 1013904223u;
    return state >> 16;
}

static void touch(uint32_t page, bool store)
{
    volatile uint32_t *word = job.memory + page * (PAGE / 4);

    if (store)
        *word = ++job.stores[page];
    else
        job.wrong += *word != job.stores[page];
    if (job.mark && ++job.done % job.mark == 0 && write(job.control, "next", 4) != 4)
        job.wrong++;
}

static void loop(uint32_t rounds, bool store)
{
    for (uint32_t i = 0; i < rounds; i++)
        for (uint32_t page = 0; page < job.pages; page++)
            touch(page, store || page % 3 == 0);
}

/* The cube of a random number is small more often than not; neighbours are strewn. */
static void skew(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t r = next_random();
        uint32_t place = (uint32_t)(((r * r >> 16) * r >> 16) * job.pages >> 16);

        touch(place * 769 % job.pages, true);
    }
}

static uint32_t resident(void)
{
    uint64_t kb = 0;

    proc_number("/proc/self/status", "VmRSS:", &kb);
    return (uint32_t)kb / (PAGE / 1024);
}

int main(int argc, char **argv)
{
    uint32_t count = 0;

    if (argc < 4 || argc > 5 || !number_parse(argv[2], &job.pages) || job.pages == 0 ||
        !number_parse(argv[3], &count) || (argc == 5 && !number_parse(argv[4], &job.mark)))
        return 2;
    job.stores = calloc(job.pages, sizeof *job.stores);
    job.memory =
        mmap(NULL, job.pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!job.stores || job.memory == MAP_FAILED)
        return fail("pattern", "memory");
    if (job.mark) {
        job.control = open("/proc/self/refs", O_WRONLY);
        if (job.control < 0 || write(job.control, "next", 4) != 4)
            return fail("pattern", "/proc/self/refs");
    }
    if (strcmp(argv[1], "loop") == 0)
        loop(count, false);
    else if (strcmp(argv[1], "cycle") == 0)
        loop(count, true);
    else
        skew(count);
    uint32_t pages = resident();
    for (uint32_t page = 0; page < job.pages && !job.mark; page++)
        job.wrong += job.memory[page * (PAGE / 4)] != job.stores[page];
    printf("pattern: base %lx resident %lu wrong %lu\n", (unsigned long)job.memory / PAGE,
           (unsigned long)pages, (unsigned long)job.wrong);
    return job.wrong != 0;
}
