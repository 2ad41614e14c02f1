/* SPDX-License-Identifier: MIT
 *
 * /bin/bench: what operations of the kernel cost, in instructions. Run by ./bench on a machine
 * where the virtual counter moves by one every 16 instructions (-icount shift=0), so that runs
 * agree to the last one. Prints `bench NAME VALUE` a line; NAME is the key of the table in ./bench.
 * Operations are raw system calls: the C library is not part of what is measured, and the loop
 * around an operation is measured by itself and subtracted.
 *   bench             every cost
 *   bench processes   how many children are alive before the first failure
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096u
#define MIB  (1024u * 1024u)

/* Numbers of the Linux ARM EABI, and flags of its calls. */
enum {
    NR_exit = 1,
    NR_read = 3,
    NR_close = 6,
    NR_execve = 11,
    NR_lseek = 19,
    NR_kill = 37,
    NR_brk = 45,
    NR_getppid = 64,
    NR_munmap = 91,
    NR_wait4 = 114,
    NR_clone = 120,
    NR_mprotect = 125,
    NR_sched_yield = 158,
    NR_nanosleep = 162,
    NR_mmap2 = 192,
    NR_clock_gettime = 263,
    NR_openat = 322,
};
enum {
    KILL = 9,
    CHLD = 17,
    READ_WRITE = 3,
    READ_ONLY = 1,
    PRIVATE = 2,
    ANONYMOUS = 32,
    MONOTONIC = 1,
};
#define AT_CWD ((uint32_t)-100)

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

static uint64_t ticks(void)
{
    uint64_t t;
    __asm__ volatile("isb\n\tmrrc p15, 1, %Q0, %R0, c14" : "=r"(t)::"memory");
    return t;
}

static void report(const char *name, uint64_t value)
{
    printf("bench %s %lu\n", name, (unsigned long)value);
}

static void check(bool ok, const char *what)
{
    if (!ok) {
        printf("bench: %s failed\n", what);
        exit(1);
    }
}

/* Operations that repeat as they are. */

static volatile char *touched;
static int file;
static char block[64 * 1024];

static void op_nothing(void)
{
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

static void op_yield(void)
{
    call(NR_sched_yield, 0, 0, 0, 0, 0);
}

static char *map(uint32_t bytes, uint32_t prot, uint32_t flags, uint32_t fd)
{
    int32_t at = call(NR_mmap2, 0, bytes, prot, flags, fd);
    check((uint32_t)at < 0xfffff000u, "mmap");
    return (char *)at;
}

static char *map_memory(uint32_t bytes)
{
    return map(bytes, READ_WRITE, PRIVATE | ANONYMOUS, (uint32_t)-1);
}

static void unmap(volatile char *at, uint32_t bytes)
{
    check(call(NR_munmap, (uint32_t)at, bytes, 0, 0, 0) == 0, "munmap");
}

static void op_map(void)
{
    unmap(map_memory(PAGE), PAGE);
}

static void op_map_touch(void)
{
    volatile char *at = map_memory(PAGE);
    *at = 1;
    unmap(at, PAGE);
}

static void op_map_large(void)
{
    unmap(map_memory(MIB), MIB);
}

/* One page in the middle of `touched`, and back. */
static void op_protect(void)
{
    uint32_t middle = (uint32_t)touched + 16 * PAGE;
    call(NR_mprotect, middle, PAGE, READ_ONLY, 0, 0);
    call(NR_mprotect, middle, PAGE, READ_WRITE, 0, 0);
}

static void op_break(void)
{
    uint32_t end = (uint32_t)call(NR_brk, 0, 0, 0, 0, 0);
    call(NR_brk, end + PAGE, 0, 0, 0, 0);
    *(volatile char *)end = 1;
}

static void op_open(void)
{
    int32_t fd = call(NR_openat, AT_CWD, (uint32_t) "/bin/bench", 0, 0, 0);
    check(fd >= 0, "open");
    call(NR_close, (uint32_t)fd, 0, 0, 0, 0);
}

/* The instructions of n operations, without the loop. */
static uint64_t cost(void (*op)(void), uint32_t n)
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
    return (spent[1] - spent[0]) * 16;
}

static void measure(const char *name, void (*op)(void), uint32_t n)
{
    report(name, cost(op, n) / n);
}

/* Pages. */

enum touch { TOUCH_READ, TOUCH_WRITE };

static uint64_t walk(volatile char *at, uint32_t pages, enum touch how)
{
    uint32_t sum = 0;
    uint64_t start = ticks();
    for (uint32_t i = 0; i < pages; i++) {
        if (how == TOUCH_WRITE)
            at[i * PAGE] = 1;
        else
            sum += (uint32_t)at[i * PAGE];
    }
    uint64_t spent = ticks() - start;
    __asm__ volatile("" ::"r"(sum));
    return spent * 16;
}

/* Instructions of touching pages one after the other for the first time, less those of a second
 * time, where nothing faults. */
static uint64_t touch(volatile char *at, uint32_t pages, enum touch how)
{
    uint64_t first = walk(at, pages, how);
    return first - walk(at, pages, how);
}

static void measure_memory(void)
{
    enum { PAGES = 2048 };
    volatile char *at = map_memory(PAGES * PAGE);
    report("fault_read", touch(at, PAGES, TOUCH_READ) / PAGES);
    unmap(at, PAGES * PAGE);
    at = map_memory(PAGES * PAGE);
    report("fault_zero", touch(at, PAGES, TOUCH_WRITE) / PAGES);
    uint64_t start = ticks();
    unmap(at, PAGES * PAGE);
    report("unmap_page", (ticks() - start) * 16 / PAGES);
}

static void measure_file(void)
{
    file = call(NR_openat, AT_CWD, (uint32_t) "/bin/bench", 0, 0, 0);
    check(file >= 0, "open");
    uint32_t bytes = (uint32_t)call(NR_lseek, (uint32_t)file, 0, 2, 0, 0);
    uint32_t pages = bytes / PAGE;
    check(pages > 0, "a file of a page or more");
    volatile char *at = map(pages * PAGE, READ_ONLY, PRIVATE, (uint32_t)file);
    report("fault_file_read", touch(at, pages, TOUCH_READ) / pages);
    unmap(at, pages * PAGE);
    at = map(pages * PAGE, READ_WRITE, PRIVATE, (uint32_t)file);
    report("fault_file_write", touch(at, pages, TOUCH_WRITE) / pages);
    unmap(at, pages * PAGE);
}

/* Reads the whole of pages that are in memory, in blocks of this size; per KiB. */
static void measure_read(const char *name, uint32_t size)
{
    uint32_t done = 0;
    uint64_t spent = 0;
    for (int round = 0; round < 32; round++) {
        call(NR_lseek, (uint32_t)file, 0, 0, 0, 0);
        uint64_t start = ticks();
        int32_t got;
        while ((got = call(NR_read, (uint32_t)file, (uint32_t)block, size, 0, 0)) > 0)
            done += (uint32_t)got;
        spent += ticks() - start;
    }
    check(done >= 32 * 1024, "read");
    report(name, spent * 16 / (done / 1024));
}

/* Processes. */

static int32_t fork_raw(void)
{
    return call(NR_clone, CHLD, 0, 0, 0, 0);
}

static void quit(void)
{
    for (;;)
        call(NR_exit, 0, 0, 0, 0, 0);
}

static __attribute__((noinline)) void reap(int32_t pid)
{
    check(pid > 0 && call(NR_wait4, (uint32_t)pid, 0, 0, 0, 0) == pid, "fork and wait");
}

static void op_fork(void)
{
    int32_t pid = fork_raw();
    if (pid == 0)
        quit();
    reap(pid);
}

static char *const tiny_argv[] = {"tiny", NULL};
static char *const tiny_envp[] = {NULL};

static __attribute__((noinline)) void become_tiny(void)
{
    call(NR_execve, (uint32_t) "/bin/tiny", (uint32_t)tiny_argv, (uint32_t)tiny_envp, 0, 0);
    call(NR_exit, 127, 0, 0, 0, 0);
}

static void op_vfork_exec(void)
{
    pid_t pid = vfork();
    if (pid == 0)
        become_tiny();
    reap(pid);
}

static void op_fork_exec(void)
{
    int32_t pid = fork_raw();
    if (pid == 0)
        become_tiny();
    reap(pid);
}

/* A child that sleeps until it is killed. */
static int32_t sleeper(void)
{
    static const int32_t hour[2] = {3600, 0};
    int32_t pid = fork_raw();
    if (pid == 0) {
        for (;;)
            call(NR_nanosleep, (uint32_t)hour, 0, 0, 0, 0);
    }
    return pid;
}

static void end(int32_t pid)
{
    call(NR_kill, (uint32_t)pid, KILL, 0, 0, 0);
    reap(pid);
}

/* Lets children run until they sleep. */
static void settle(void)
{
    static const int32_t moment[2] = {0, 50 * 1000 * 1000};
    call(NR_nanosleep, (uint32_t)moment, 0, 0, 0, 0);
}

static void measure_copy(void)
{
    enum { PAGES = 2048 };
    volatile char *at = map_memory(PAGES * PAGE);
    touch(at, PAGES, TOUCH_WRITE);
    int32_t pid = sleeper();
    settle();
    report("fault_copy", touch(at, PAGES, TOUCH_WRITE) / PAGES);
    end(pid);
    op_fork();
    report("fault_last_owner", touch(at, PAGES, TOUCH_WRITE) / PAGES);
    unmap(at, PAGES * PAGE);
}

static void measure_switch(void)
{
    int32_t pid = fork_raw();
    if (pid == 0) {
        for (;;)
            op_yield();
    }
    op_yield();
    op_yield();
    measure("switch_pair", op_yield, 10000);
    end(pid);
}

static void measure_large_fork(void)
{
    volatile char *at = map_memory(16 * MIB);
    touch(at, 16 * MIB / PAGE, TOUCH_WRITE);
    measure("fork_16m", op_fork, 50);
    unmap(at, 16 * MIB);
}

/* The kernel's own memory in KiB, from /proc/meminfo: page tables, stacks, slabs, no user pages. */
static uint32_t kernel_memory(void)
{
    static char text[4096];
    int32_t fd = call(NR_openat, AT_CWD, (uint32_t) "/proc/meminfo", 0, 0, 0);
    check(fd >= 0, "open /proc/meminfo");
    int32_t got = call(NR_read, (uint32_t)fd, (uint32_t)text, sizeof(text) - 1, 0, 0);
    call(NR_close, (uint32_t)fd, 0, 0, 0, 0);
    text[got > 0 ? got : 0] = 0;
    const char *line = strstr(text, "KernelMemory:");
    check(line != NULL, "KernelMemory");
    return (uint32_t)strtoul(line + strlen("KernelMemory:"), NULL, 10);
}

static int32_t children[32768];

static void measure_idle(void)
{
    enum { CHILDREN = 1000 };
    end(sleeper());
    uint32_t before = kernel_memory();
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = sleeper();
        check(children[i] > 0, "fork");
    }
    settle();
    report("idle_bytes", (uint64_t)(kernel_memory() - before) * 1024 / CHILDREN);
    for (int i = 0; i < CHILDREN; i++)
        end(children[i]);
}

/* All of them have run and sleep before the next is made: memory that a child needs only when it
 * runs counts. */
static void count_processes(void)
{
    uint32_t n = 0;
    while (n < sizeof(children) / sizeof(children[0])) {
        int32_t pid = sleeper();
        if (pid < 0)
            break;
        children[n++] = pid;
        op_yield();
    }
    settle();
    uint32_t alive = 0;
    for (uint32_t i = 0; i < n; i++)
        alive += call(NR_kill, (uint32_t)children[i], 0, 0, 0, 0) == 0 &&
                 call(NR_wait4, (uint32_t)children[i], 0, 1, 0, 0) == 0;
    report("processes", alive);
    for (uint32_t i = 0; i < n; i++)
        call(NR_kill, (uint32_t)children[i], KILL, 0, 0, 0);
    for (uint32_t i = 0; i < n; i++)
        call(NR_wait4, (uint32_t)-1, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && !strcmp(argv[1], "processes")) {
        count_processes();
        return 0;
    }
    measure("getppid", op_getppid, 10000);
    measure("clock_gettime", op_clock, 10000);
    measure("map_unmap", op_map, 1000);
    measure("map_touch_unmap", op_map_touch, 1000);
    measure("map_unmap_1m", op_map_large, 1000);
    touched = map_memory(33 * PAGE);
    touch(touched, 33, TOUCH_WRITE);
    measure("protect_middle", op_protect, 1000);
    unmap(touched, 33 * PAGE);
    measure("break_touch", op_break, 256);
    measure("open_close", op_open, 1000);
    measure("fork_exit_wait", op_fork, 200);
    measure("vfork_exec_exit", op_vfork_exec, 100);
    measure("fork_exec_exit", op_fork_exec, 100);
    measure_memory();
    measure_copy();
    measure_switch();
    measure_large_fork();
    measure_file();
    measure_read("read_64k", 64 * 1024);
    measure_read("read_4k", 4 * 1024);
    measure_idle();
    return 0;
}
