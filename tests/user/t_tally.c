/* SPDX-License-Identifier: MIT
 *
 * /dev/tally, the example of docs/SEGMENT-DRIVER.md: each page's faults are counted, exactly, and
 * nothing that a program does with it costs the kernel more than an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/mman.h>

#include "mapping.h"
#include "quire.h"
#include "tap.h"

#define TALLY "/dev/tally"
#define PAGES 8u

static const volatile uint32_t *counters;
static volatile char *memory; /* device's pages from 1 on */
static int tally;

/* The pages lie in one node of the page table: after a fork a write to one of them gives the child
 * a node of its own, and only then has a write to any other something to ask the driver for. */
#define PLACE ((void *)0x20000000)

static void start(void)
{
    tally = open(TALLY, O_RDONLY);
    CHECK(tally >= 0);
    counters = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, tally, 0);
    memory = mmap(PLACE, PAGES * PAGE, RW, MAP_PRIVATE, tally, PAGE);
    CHECK(counters != MAP_FAILED && memory != MAP_FAILED);
}

static void touch(void)
{
    for (unsigned i = 0; i < PAGES; i++)
        memory[i * PAGE] = (char)i;
}

static void test_counts(void)
{
    start();
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(memory[0], 0);
    CHECK_EQ(counters[1], 1);
    for (unsigned i = 0; i < 3; i++)
        memory[0] = 1;
    CHECK_EQ(counters[1], 2);
    memory[PAGE] = 1;
    CHECK_EQ(counters[2], 1);
    CHECK_EQ(counters[3], 0);
    CHECK_EQ(counters[0], 1);
    CHECK_EQ(madvise((void *)memory, PAGE, MADV_DONTNEED), 0);
    CHECK_EQ(memory[0], 0);
    CHECK_EQ(counters[1], 3);
}

/* Two opens are two tallies; what is mapped of one file counts together. */
static void test_files(void)
{
    const volatile uint32_t *first, *again;

    start();
    first = counters;
    again = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, tally, 0);
    CHECK(again != MAP_FAILED);
    touch();
    CHECK_EQ(first[PAGES], 1);
    CHECK_EQ(again[PAGES], 1);
    CHECK_EQ(close(tally), 0);
    CHECK_EQ(munmap((void *)first, PAGE), 0);
    CHECK_EQ(madvise((void *)memory, PAGE, MADV_DONTNEED), 0);
    memory[0] = 1;
    CHECK_EQ(again[1], 2);
    start();
    CHECK_EQ(counters[1], 0);
}

static int write_two(void *arg)
{
    (void)arg;
    memory[0] = memory[PAGE] = 9;
    return memory[2 * PAGE];
}

static void test_fork(void)
{
    start();
    touch();
    CHECK(tap_exited_with(tap_child(write_two, NULL), 2));
    CHECK_EQ(counters[1] + counters[2], 4); /* the child copied two */
    CHECK_EQ(counters[3], 1);
    touch();
    CHECK_EQ(counters[1], 3);
    CHECK_EQ(counters[3], 2);
    CHECK_EQ(counters[PAGES], 2);
    CHECK_EQ(memory[0], 0);
}

static void test_refused(void)
{
    start();
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, tally, PAGE) == MAP_FAILED && errno == EACCES);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, tally, PAGE) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, tally, 0) == MAP_FAILED && errno == EACCES);
    CHECK(mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, tally, 1023 * PAGE) == MAP_FAILED &&
          errno == ENXIO);
    CHECK(mmap(NULL, PAGE, PROT_EXEC, MAP_PRIVATE, tally, PAGE) == MAP_FAILED && errno == EACCES);
    CHECK(mprotect((void *)counters, PAGE, RW) == -1 && errno == EACCES);
    CHECK(mprotect((void *)memory, PAGE, RW | PROT_EXEC) == -1 && errno == EACCES);
    CHECK_EQ(mprotect((void *)memory, PAGE, PROT_READ), 0);
    CHECK(!writable((void *)(uintptr_t)counters) && !writable((void *)memory));
}

/* mremap makes it longer than the device: SIGBUS behind its end, as behind a file's. */
static int read_beyond(void *arg)
{
    return *(volatile char *)arg;
}

static void test_end(void)
{
    char *longer;

    start();
    longer = mremap((void *)memory, PAGES * PAGE, 2000 * PAGE, MREMAP_MAYMOVE);
    CHECK(longer != MAP_FAILED);
    memory = longer;
    memory[1022 * PAGE] = 5;
    CHECK_EQ(counters[1023], 1);
    CHECK(tap_killed_by(tap_child(read_beyond, longer + 1023 * PAGE), SIGBUS));
}

/* The counters' page mapped more often than a frame can have entries: the last ones are copies. */
static void test_many(void)
{
    static char *area;
    const size_t count = 62000;

    start();
    area = mmap(NULL, count * PAGE, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(area != MAP_FAILED);
    for (size_t i = 0; i < count; i++) {
        char *p = mmap(area + i * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, tally, 0);

        CHECK(p != MAP_FAILED);
        CHECK(*(volatile char *)p == (char)(i + 1));
    }
    memory[0] = 1;
    CHECK_EQ(counters[1], 1);
}

static int fault_all(void *arg)
{
    (void)arg;
    for (unsigned round = 0; round < 50; round++) {
        touch();
        if (madvise((void *)memory, PAGES * PAGE, MADV_DONTNEED) != 0)
            return 1;
    }
    return 0;
}

/* Several processes count in the same counters at once, and no fault is lost. */
static void test_together(void)
{
    enum { CHILDREN = 4 };
    unsigned before;
    pid_t pid[CHILDREN];

    start();
    before = counters[1];
    for (unsigned i = 0; i < CHILDREN; i++) {
        pid[i] = fork();
        CHECK(pid[i] >= 0);
        if (pid[i] == 0)
            _exit(fault_all(NULL));
    }
    for (unsigned i = 0; i < CHILDREN; i++) {
        int status;

        CHECK(waitpid(pid[i], &status, 0) == pid[i] && tap_exited_with(status, 0));
    }
    for (unsigned i = 1; i <= PAGES; i++)
        CHECK_EQ(counters[i] - (i == 1 ? before : 0), CHILDREN * 50);
}

static void test_pmap(void)
{
    char *text;

    start();
    touch();
    CHECK(counters[1] == 1);
    text = file_read_all("/proc/self/pmap", NULL);
    CHECK(text && strstr(text, "        4 tally  r-- rw-  p ---- -/0 1 0 0\n"));
    CHECK(strstr(text, "       32 tally  rw- rw-  p ---- -/1000 8 8 0\n"));
    free(text);
}

static const struct tap_test tests[] = {
    {"a fault is counted, an access is not", test_counts},
    {"each open file has its counters", test_files},
    {"fork: copies are counted", test_fork},
    {"what is refused", test_refused},
    {"behind the end", test_end},
    {"more mappings than a frame can have", test_many},
    {"processes that count together", test_together},
    {"pmap", test_pmap},
};

int main(void)
{
    return tap_main(tests, TAP_COUNT(tests));
}
