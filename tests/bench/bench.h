/* SPDX-License-Identifier: MIT
 *
 * What the parts of /bin/bench share: raw system calls, the clock, measuring and printing. The
 * program is static, needs nothing but Linux's ARM EABI, and so runs on Linux, too. Operations are
 * raw system calls: the C library is not part of what is measured, and the loop around an operation
 * is measured by itself and subtracted. A value is the median of ROUNDS means.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE      4096u
#define MIB       (1024u * 1024u)
#define ROUNDS    5
#define TICK      16 /* instructions (-icount shift=0) or nanoseconds: the counter runs at 62.5 MHz */
#define AT_CWD    ((uint32_t)-100)
#define FILE_PATH "/bench.data" /* 4 MiB, which ./bench packs */

/* Numbers of the Linux ARM EABI, and flags of its calls. */
enum {
    NR_exit = 1,
    NR_read = 3,
    NR_write = 4,
    NR_close = 6,
    NR_unlink = 10,
    NR_execve = 11,
    NR_lseek = 19,
    NR_getpid = 20,
    NR_mount = 21,
    NR_kill = 37,
    NR_brk = 45,
    NR_getppid = 64,
    NR_swapon = 87,
    NR_munmap = 91,
    NR_wait4 = 114,
    NR_clone = 120,
    NR_mprotect = 125,
    NR_sched_yield = 158,
    NR_nanosleep = 162,
    NR_mremap = 163,
    NR_rt_sigaction = 174,
    NR_mmap2 = 192,
    NR_madvise = 220,
    NR_clock_gettime = 263,
    NR_openat = 322,
    NR_pipe2 = 359,
};
enum {
    CREATE = 01102, /* O_RDWR | O_CREAT | O_TRUNC */
    KILL = 9,
    USR1 = 10,
    SEGV = 11,
    CHLD = 17,
    READ_WRITE = 3,
    READ_ONLY = 1,
    SHARED = 1,
    PRIVATE = 2,
    FIXED_PLACE = 3, /* MREMAP_FIXED, which needs MAYMOVE */
    DONTNEED = 4,
    FIXED = 16,
    ANONYMOUS = 32,
    MONOTONIC = 1,
    NOHANG = 1,
};

static inline __attribute__((always_inline)) int32_t call(uint32_t nr, uint32_t a, uint32_t b,
                                                          uint32_t c, uint32_t d, uint32_t e)
{
    register uint32_t r0 __asm__("r0") = a;
    register uint32_t r1 __asm__("r1") = b;
    register uint32_t r2 __asm__("r2") = c;
    register uint32_t r3 __asm__("r3") = d;
    register uint32_t r4 __asm__("r4") = e;
    register uint32_t r5 __asm__("r5") = 0;
    register uint32_t r7 __asm__("r7") = nr;
    __asm__ volatile("svc #0"
                     : "+r"(r0)
                     : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r7)
                     : "memory");
    return (int32_t)r0;
}

static inline uint64_t ticks(void)
{
    uint64_t t;
    __asm__ volatile("isb\n\tmrrc p15, 1, %Q0, %R0, c14" : "=r"(t)::"memory");
    return t;
}

/* What a takes more than b; 0 where a wall time says less, as it may on a busy host. */
static inline uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* bench.c */
void report(const char *name, uint64_t value);
void check(bool ok, const char *what);
uint64_t cost(void (*op)(void), uint32_t n); /* instructions of n operations, without the loop */
void measure(const char *name, void (*op)(void), uint32_t n); /* and prints one's */
/* The same where one operation takes each() of what once says. */
void measure_by(const char *name, uint64_t (*once)(uint32_t), uint32_t arg);
/* Hundredths of instructions that one of n takes. */
static inline uint64_t each(uint64_t spent, uint32_t n)
{
    return spent * 100 / n;
}
enum touch { TOUCH_READ, TOUCH_WRITE };
char *map_at(uint32_t at, uint32_t bytes, uint32_t prot, uint32_t flags, uint32_t fd);
char *map_memory(uint32_t bytes);
void unmap(volatile char *at, uint32_t bytes);
void op_map(void);
/* Instructions of touching every stride-th page for the first time, less those of a second time,
 * where nothing faults. */
uint64_t touch(volatile char *at, uint32_t pages, uint32_t stride, enum touch how);
void measure_memory(void);

/* bench_process.c */
int32_t fork_raw(void);
void quit(void);
void reap(int32_t pid);
void op_yield(void);
void op_fork(void);
void op_fork_exec(void);
int32_t sleeper(void);       /* a child that sleeps until it is killed */
void end_child(int32_t pid); /* kills and reaps */
void settle(void);           /* lets children run until they sleep */
void measure_exec(void);
void measure_processes(void);
void count_processes(void);

/* bench_pipe.c */
void measure_pipes(void);

/* bench_signal.c */
void measure_signals(void);

/* bench_scale.c */
void measure_regions(void); /* the lines with 10,000 regions */
void scale_regions(void);
void scale_processes(void);
void scale_fork(void);
void scale_cores(uint32_t workers);

/* bench_swap.c */
void measure_swap(const char *device); /* a disk with a swap area, which it takes */

#endif
