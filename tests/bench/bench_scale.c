/* SPDX-License-Identifier: MIT
 *
 * How costs grow: with the regions of an address space, the processes of the machine, its cores.
 */
#include "bench.h"

#include <stdio.h>

enum { REGIONS_FEW = 10, REGIONS_MAX = 10000, PROCESSES_MAX = 1000, FAULTS = 256 };

static int32_t children[PROCESSES_MAX];

static void report_at(const char *name, uint32_t n, uint64_t value)
{
    char full[64];
    snprintf(full, sizeof(full), "%s_%u", name, (unsigned)n);
    report(full, value);
}

/* n regions of a page, a page between them, so that they stay apart: a mapping of its own each. The
 * instructions of the last tenth are what one costs. */
static uint64_t regions_make(uint32_t base, uint32_t n)
{
    uint64_t spent = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t start = ticks();
        map_at(base + 2 * i * PAGE, PAGE, READ_WRITE, PRIVATE | ANONYMOUS | FIXED, (uint32_t)-1);
        if (i >= n - n / 10)
            spent += ticks() - start;
    }
    return spent * TICK / (n / 10);
}

/* First writes to pages of regions all over the place, less second writes to them. */
static uint64_t regions_fault(uint32_t base, uint32_t n)
{
    uint32_t faults = n < FAULTS ? n : FAULTS, step = n / faults | 1;
    uint64_t spent[2];
    for (int round = 0; round < 2; round++) {
        uint64_t start = ticks();
        for (uint32_t i = 0, at = 0; i < faults; i++, at = (at + 7 * step) % n)
            *(volatile char *)(base + 2 * at * PAGE) = 1;
        spent[round] = ticks() - start;
    }
    return less(spent[0], spent[1]) * TICK / faults;
}

static void regions(uint32_t n)
{
    uint32_t bytes = 2 * (REGIONS_MAX + 1) * PAGE, base = (uint32_t)map_memory(bytes);
    unmap((char *)base, bytes);
    report_at("regions_map", n, regions_make(base, n));
    report_at("regions_fault", n, regions_fault(base, n));
    report_at("regions_elsewhere", n, cost(op_map, 100) / 100);
    report_at("regions_fork", n, cost(op_fork, 3) / 3);
    unmap((char *)base, bytes);
}

void measure_regions(void)
{
    regions(REGIONS_FEW);
    regions(REGIONS_MAX);
}

void scale_regions(void)
{
    for (uint32_t n = 10; n <= REGIONS_MAX; n *= 10)
        regions(n);
}

static volatile char *forked;
static uint32_t written;

/* A child writes some of FAULTS pages, and its parent all of them again after it. */
static void fork_and_write(void)
{
    int32_t pid = fork_raw();
    if (pid == 0) {
        touch(forked, written, 1, TOUCH_WRITE);
        quit();
    }
    reap(pid);
    touch(forked, FAULTS, 1, TOUCH_WRITE);
}

static void fork_how(const char *how, uint32_t len)
{
    int32_t fd = call(NR_openat, AT_CWD, (uint32_t) "/proc/self/fork", 1, 0, 0);
    check(fd >= 0 && call(NR_write, (uint32_t)fd, (uint32_t)how, len, 0, 0) == (int32_t)len,
          "fork");
    call(NR_close, (uint32_t)fd, 0, 0, 0, 0);
}

/* Copy-on-write against copying at once, as the child writes more. */
void scale_fork(void)
{
    forked = map_memory(FAULTS * PAGE);
    touch(forked, FAULTS, 1, TOUCH_WRITE);
    for (uint32_t eighths = 0; eighths <= 8; eighths++) {
        written = FAULTS * eighths / 8;
        fork_how("share", 5);
        report_at("fork_share", written, cost(fork_and_write, 3) / 3);
        fork_how("copy", 4);
        report_at("fork_copy", written, cost(fork_and_write, 3) / 3);
    }
    fork_how("share", 5);
    unmap(forked, FAULTS * PAGE);
}

static void processes(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        children[i] = sleeper();
        check(children[i] > 0, "fork");
    }
    settle();
    report_at("processes_fork", n, cost(op_fork, 100) / 100);
    report_at("processes_exec", n, cost(op_fork_exec, 100) / 100);
    uint64_t start = ticks();
    for (uint32_t i = 0; i < n; i++)
        end_child(children[i]);
    report_at("processes_end", n, (ticks() - start) * TICK / n);
}

void scale_processes(void)
{
    for (uint32_t n = 1; n <= PROCESSES_MAX; n *= 10)
        processes(n);
}

/* Each of the workers does its work at the same time; what one operation takes of all the time. */
static uint64_t together(uint32_t workers, void (*work)(void), uint32_t operations)
{
    uint64_t start = ticks();
    for (uint32_t i = 0; i < workers; i++) {
        children[i] = fork_raw();
        check(children[i] >= 0, "fork");
        if (children[i] == 0) {
            for (uint32_t k = 0; k < operations; k++)
                work();
            quit();
        }
    }
    for (uint32_t i = 0; i < workers; i++)
        reap(children[i]);
    return (ticks() - start) * TICK / (workers * operations);
}

static void fault_256(void)
{
    volatile char *at = map_memory(256 * PAGE);
    for (uint32_t i = 0; i < 256; i++)
        at[i * PAGE] = 1;
    unmap(at, 256 * PAGE);
}

void scale_cores(uint32_t workers)
{
    check(workers > 0 && workers <= PROCESSES_MAX, "counting workers");
    report("cores_fault", together(workers, fault_256, 100) / 256);
    report("cores_exec", together(workers, op_fork_exec, 400));
}
