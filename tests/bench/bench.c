/* SPDX-License-Identifier: MIT
 *
 * /bin/bench: what operations of the kernel cost, in instructions. Run by ./bench on a machine
 * where the virtual counter moves by one every 16 instructions (-icount shift=0), so that runs
 * agree to the last one. Without -icount the values are nanoseconds. Prints `bench NAME VALUE` a
 * line; NAME is a key of tests/bench/figures.py.
 *   bench             every cost
 *   bench processes   how many children are alive before the first failure
 *   bench memory      a few costs, for machines of different sizes
 *   bench pipes       what passing bytes between two processes costs
 *   bench scale       costs with 10 to 10,000 regions, 1 to 1,000 processes
 *   bench swap DISK   costs of memory that does not fit, with the disk's swap area
 *   bench cores N     what N processes get done that fault, or fork and exec, all the time
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char block[64 * 1024];
static uint32_t file;

enum { DIGITS = 21 };

/* By hand: the printf of newlib-nano has no long long. */
static const char *decimal(uint64_t value, char buf[DIGITS])
{
    char *at = buf + DIGITS - 1;
    *at = 0;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return at;
}

void report(const char *name, uint64_t value)
{
    char buf[DIGITS];
    printf("bench %s %s\n", name, decimal(value, buf));
}

void check(bool ok, const char *what)
{
    if (!ok) {
        printf("bench: %s failed\n", what);
        exit(1);
    }
}

static void op_nothing(void)
{
}

uint64_t cost(void (*op)(void), uint32_t n)
{
    uint64_t spent[2];
    void (*volatile ops[2])(void) = {op_nothing, op};
    for (int i = 0; i < 2; i++) {
        void (*run)(void) = ops[i];
        run();
        uint64_t start = ticks();
        for (uint32_t k = 0; k < n; k++)
            run();
        spent[i] = ticks() - start;
    }
    return less(spent[1], spent[0]) * TICK;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void measure_by(const char *name, uint64_t (*once)(uint32_t), uint32_t arg)
{
    uint64_t values[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        values[i] = once(arg);
    qsort(values, ROUNDS, sizeof(values[0]), compare);
    uint64_t median = values[ROUNDS / 2];
    char buf[DIGITS];
    printf("bench %s %s.%02u\n", name, decimal(median / 100, buf), (unsigned)(median % 100));
}

static void (*measured)(void);

static uint64_t one_cost(uint32_t n)
{
    return each(cost(measured, n), n);
}

void measure(const char *name, void (*op)(void), uint32_t n)
{
    measured = op;
    measure_by(name, one_cost, n);
}

static void op_getppid(void)
{
    call(NR_getppid, 0, 0, 0, 0, 0);
}

static void op_clock(void)
{
    uint32_t now[2];
    call(NR_clock_gettime, MONOTONIC, (uint32_t)now, 0, 0, 0);
}

/* To the default and so without a handler, which not every kernel has. */
static void op_sigaction(void)
{
    static const uint32_t action[5];
    call(NR_rt_sigaction, USR1, (uint32_t)action, 0, 8, 0);
}

static void op_open(void)
{
    int32_t fd = call(NR_openat, AT_CWD, (uint32_t) "/bin/bench", 0, 0, 0);
    check(fd >= 0, "open");
    call(NR_close, (uint32_t)fd, 0, 0, 0, 0);
}

/* Reads the whole of a file that is in memory, in blocks of this size; per KiB. */
static uint64_t read_file(uint32_t size)
{
    uint32_t done = 0;
    int32_t got;
    call(NR_lseek, file, 0, 0, 0, 0);
    uint64_t start = ticks();
    while ((got = call(NR_read, file, (uint32_t)block, size, 0, 0)) > 0)
        done += (uint32_t)got;
    uint64_t spent = ticks() - start;
    check(done == 4 * MIB, "read");
    return each(spent * TICK, done / 1024);
}

/* Writes a new file in blocks of this size; per KiB. */
static uint64_t write_file(uint32_t size)
{
    uint32_t done = 0;
    int32_t fd = call(NR_openat, AT_CWD, (uint32_t) "/bench.new", CREATE, 0600, 0);
    check(fd >= 0, "create a file");
    uint64_t start = ticks();
    for (; done < 4 * MIB; done += size)
        check(call(NR_write, (uint32_t)fd, (uint32_t)block, size, 0, 0) == (int32_t)size, "write");
    uint64_t spent = ticks() - start;
    call(NR_close, (uint32_t)fd, 0, 0, 0, 0);
    call(NR_unlink, (uint32_t) "/bench.new", 0, 0, 0, 0);
    return each(spent * TICK, done / 1024);
}

static void measure_calls(void)
{
    measure("getppid", op_getppid, 10000);
    measure("clock_gettime", op_clock, 10000);
    measure("sigaction", op_sigaction, 10000);
    measure("open_close", op_open, 1000);
    file = (uint32_t)call(NR_openat, AT_CWD, (uint32_t)FILE_PATH, 0, 0, 0);
    check((int32_t)file >= 0, "open " FILE_PATH);
    measure_by("read_64k", read_file, 64 * 1024);
    measure_by("read_4k", read_file, 4 * 1024);
    call(NR_close, file, 0, 0, 0, 0);
    measure_by("write_64k", write_file, 64 * 1024);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    setvbuf(stdout, NULL, _IOLBF, 0);
    call(NR_mount, (uint32_t) "proc", (uint32_t) "/proc", (uint32_t) "proc", 0, 0); /* Linux's */
    if (!strcmp(what, "processes")) {
        count_processes();
    } else if (!strcmp(what, "scale")) {
        scale_regions();
        scale_processes();
        scale_fork();
    } else if (!strcmp(what, "memory")) {
        measure("getppid", op_getppid, 1000);
        measure("fork_exit_wait", op_fork, 100);
        measure("fork_exec_exit", op_fork_exec, 100);
        measure_memory();
    } else if (!strcmp(what, "swap") && argc > 2) {
        measure_swap(argv[2]);
    } else if (!strcmp(what, "pipes")) {
        measure_pipes();
    } else if (!strcmp(what, "exec")) {
        measure_exec();
    } else if (!strcmp(what, "signals")) {
        measure_signals();
    } else if (!strcmp(what, "cores") && argc > 2) {
        scale_cores((uint32_t)strtoul(argv[2], NULL, 10));
    } else {
        measure_calls();
        measure_processes(); /* while this one is small */
        measure_pipes();
        measure_signals();
        measure_memory();
        measure_regions();
    }
    puts("bench: done");
    return 0;
}
