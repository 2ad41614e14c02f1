/* SPDX-License-Identifier: MIT
 *
 * Several processes map, store to, read, write and flush the same pages of a disk, and die in the
 * middle: nothing that was stored is lost, and every fault is counted as one.
 */
#include <signal.h>
#include <sys/wait.h>

#include "mmap_disk.h"

#define WORKERS 4u

static uint32_t rounds;

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Some call that writes back, drops or unmaps. */
static void disturb(long fd, volatile uint8_t **p, uint32_t how)
{
    switch (how) {
    case 0: CHECK_EQ(sys_raw(SYS_fsync, fd), 0); break;
    case 1: CHECK_EQ(disk_sync(*p, PAGES, MS_SYNC), 0); break;
    case 2: disk_flush(fd); break;
    case 3: CHECK_EQ(disk_sync(*p + 3 * PAGE, 2, MS_SYNC), 0); break;
    case 4: CHECK_EQ(sys_raw(SYS_madvise, *p, PAGES * PAGE, MADV_DONTNEED), 0); break;
    default: disk_unmap(*p, PAGES); *p = disk_map(fd, PAGES, RW, MAP_SHARED);
    }
}

/* Bytes of its own in every page are what was last stored or written there. */
static int storm(uint32_t worker)
{
    uint32_t random = worker * 77 + 1;
    uint8_t stamp[PAGES], byte;
    long fd = disk_open(O_RDWR);
    volatile uint8_t *p = disk_map(fd, PAGES, RW, MAP_SHARED);

    for (uint32_t i = 0; i < PAGES; i++)
        stamp[i] = (uint8_t)(i + 1);
    for (uint32_t n = 0; n < rounds * 4; n++) {
        uint32_t how = next_random(&random) % 32, i = next_random(&random) % PAGES;
        uint64_t pos = i * PAGE + 16 + worker;

        if (how < 6) {
            disturb(fd, &p, how);
        } else if (how < 18) {
            p[pos] = stamp[i] = (uint8_t)next_random(&random);
        } else if (how < 22) {
            stamp[i] = (uint8_t)next_random(&random);
            CHECK_EQ(disk_at(SYS_pwrite64, fd, &stamp[i], 1, pos), 1);
        } else if (how < 27) {
            CHECK_EQ(p[pos], stamp[i]);
        } else {
            CHECK_EQ(disk_at(SYS_pread64, fd, &byte, 1, pos), 1);
            CHECK_EQ(byte, stamp[i]);
        }
    }
    disk_unmap(p, PAGES);
    disk_flush(fd);
    for (uint32_t i = 0; i < PAGES; i++)
        CHECK_EQ(disk_byte(fd, i * PAGE + 16 + worker), stamp[i]);
    return 0;
}

static pid_t start(int (*work)(uint32_t), uint32_t worker)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(work(worker));
    CHECK(pid > 0);
    return pid;
}

static void test_storm(void)
{
    long fd = disk_begin();
    uint32_t good = 0;
    int status;

    CHECK_EQ(sys_raw(SYS_close, fd), 0);
    for (uint32_t i = 0; i < WORKERS; i++)
        start(storm, i);
    while (wait(&status) > 0)
        good += tap_exited_with(status, 0);
    CHECK_EQ(good, WORKERS);
    sys_raw(SYS_sync);
}

static int fault_for_ever(uint32_t worker)
{
    long fd = disk_open(O_RDWR);
    volatile uint8_t *p = disk_map(fd, PAGES, RW, MAP_SHARED);

    for (uint32_t n = worker; p; n += 17) {
        p[n % PAGES * PAGE + worker % PAGE]++;
        if (n % 5 == worker % 5)
            sys_raw(SYS_madvise, p, PAGES * PAGE, MADV_DONTNEED);
        if (n % 7 == 0)
            disk_flush(fd);
        if (n % 11 == 0)
            disk_sync(p, PAGES, MS_SYNC);
    }
    return 1;
}

/* They end in the middle of faults and write-backs, again and again. */
static void test_kill(void)
{
    long fd = disk_begin();

    for (uint32_t n = 0; n < rounds / 8 + 2; n++) {
        pid_t pid[2] = {start(fault_for_ever, 2 * n), start(fault_for_ever, 2 * n + 1)};
        int status;

        tap_pause_ms(n % 9);
        for (unsigned i = 0; i < 2; i++) {
            CHECK_EQ(kill(pid[i], SIGKILL), 0);
            CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
            CHECK(tap_killed_by(status, SIGKILL));
        }
    }
    CHECK_EQ(sys_raw(SYS_fsync, fd), 0);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

static int read_vmstat(void *arg)
{
    static const char *const kinds[] = {"spurious", "reclaim", "upgrade", "attach", "transit",
                                        "zero",     "copy",    "pagein",  "pager",  "error"};

    (void)arg;
    for (uint32_t n = 0; n < rounds; n++) {
        uint32_t before = disk_faults("fault_entries "), sum = 0;
        char name[32];

        for (size_t i = 0; i < TAP_COUNT(kinds); i++) {
            snprintf(name, sizeof name, "fault_%s ", kinds[i]);
            sum += disk_faults(name);
        }
        if (sum > disk_faults("fault_entries "))
            return 1; /* one fault was counted twice */
        if (sum + 2 * WORKERS + 2 < before)
            return 2; /* one was not counted at all */
    }
    return 0;
}

/* One fault, one entry, one kind, however often it begins anew. */
static void test_counts(void)
{
    long fd = disk_begin();
    pid_t pid[WORKERS];
    int status;

    for (uint32_t i = 0; i < WORKERS; i++)
        pid[i] = start(fault_for_ever, i);
    CHECK(tap_exited_with(tap_child(read_vmstat, NULL), 0));
    for (uint32_t i = 0; i < WORKERS; i++) {
        CHECK_EQ(kill(pid[i], SIGKILL), 0);
        CHECK_EQ(waitpid(pid[i], &status, 0), pid[i]);
    }
    sys_raw(SYS_sync);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"storm", test_storm},
        {"kill", test_kill},
        {"counts", test_counts},
    };

    rounds = tap_count(100, 2000);
    return tap_main(tests, TAP_COUNT(tests));
}
