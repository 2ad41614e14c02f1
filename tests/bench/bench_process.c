/* SPDX-License-Identifier: MIT
 *
 * Making and ending processes, switching between them, and the memory that they cost.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int32_t children[32768];

int32_t fork_raw(void)
{
    return call(NR_clone, CHLD, 0, 0, 0, 0);
}

void quit(void)
{
    for (;;)
        call(NR_exit, 0, 0, 0, 0, 0);
}

__attribute__((noinline)) void reap(int32_t pid)
{
    check(pid > 0 && call(NR_wait4, (uint32_t)pid, 0, 0, 0, 0) == pid, "fork and wait");
}

void op_yield(void)
{
    call(NR_sched_yield, 0, 0, 0, 0, 0);
}

void op_fork(void)
{
    int32_t pid = fork_raw();
    if (pid == 0)
        quit();
    reap(pid);
}

static const char *program = "/bin/tiny";
static char *const tiny_argv[] = {"tiny", NULL};
static char *const tiny_envp[] = {NULL};

static __attribute__((noinline)) void become_program(void)
{
    call(NR_execve, (uint32_t)program, (uint32_t)tiny_argv, (uint32_t)tiny_envp, 0, 0);
    call(NR_exit, 127, 0, 0, 0, 0);
}

static void op_vfork_exec(void)
{
    pid_t pid = vfork();
    if (pid == 0)
        become_program();
    reap(pid);
}

void op_fork_exec(void)
{
    int32_t pid = fork_raw();
    if (pid == 0)
        become_program();
    reap(pid);
}

int32_t sleeper(void)
{
    static const int32_t hour[2] = {3600, 0};
    int32_t pid = fork_raw();
    if (pid == 0) {
        for (;;)
            call(NR_nanosleep, (uint32_t)hour, 0, 0, 0, 0);
    }
    return pid;
}

void end_child(int32_t pid)
{
    call(NR_kill, (uint32_t)pid, KILL, 0, 0, 0);
    reap(pid);
}

void settle(void)
{
    static const int32_t moment[2] = {0, 50 * 1000 * 1000};
    call(NR_nanosleep, (uint32_t)moment, 0, 0, 0, 0);
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
    end_child(pid);
}

static void measure_large_fork(void)
{
    volatile char *at = map_memory(16 * MIB);
    touch(at, 16 * MIB / PAGE, 1, TOUCH_WRITE);
    measure("fork_16m", op_fork, 50);
    unmap(at, 16 * MIB);
}

/* Instructions to kill and reap a child that touched so many pages of its own and sleeps. */
static uint64_t end_with(volatile char *at, uint32_t pages)
{
    static const int32_t hour[2] = {3600, 0};
    int32_t pid = fork_raw();
    if (pid == 0) {
        touch(at, pages, 1, TOUCH_WRITE);
        for (;;)
            call(NR_nanosleep, (uint32_t)hour, 0, 0, 0, 0);
    }
    settle();
    uint64_t start = ticks();
    end_child(pid);
    return (ticks() - start) * TICK;
}

static uint64_t exit_page(uint32_t pages)
{
    volatile char *at = map_memory(pages * PAGE);
    uint64_t few = end_with(at, 1), many = end_with(at, pages);
    unmap(at, pages * PAGE);
    return each(less(many, few), pages - 1);
}

/* Bytes that a line of /proc/meminfo tells, 0 without it. */
static uint32_t memory_line(const char *name)
{
    static char text[4096];
    int32_t fd = call(NR_openat, AT_CWD, (uint32_t) "/proc/meminfo", 0, 0, 0);
    check(fd >= 0, "open /proc/meminfo");
    int32_t got = call(NR_read, (uint32_t)fd, (uint32_t)text, sizeof(text) - 1, 0, 0);
    call(NR_close, (uint32_t)fd, 0, 0, 0, 0);
    text[got > 0 ? got : 0] = 0;
    const char *line = strstr(text, name);
    return line ? 1024 * (uint32_t)strtoul(line + strlen(name), NULL, 10) : 0;
}

/* idle_bytes is the kernel's own memory: page tables, stacks, slabs, no user pages (Quire only);
 * idle_memory is all that is less free. Then what it takes to wake, end and reap one of them. */
static void measure_idle(void)
{
    enum { CHILDREN = 1000 };
    end_child(sleeper());
    uint32_t kernel = memory_line("KernelMemory:"), free = memory_line("MemFree:");
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = sleeper();
        check(children[i] > 0, "fork");
    }
    settle();
    if (kernel)
        report("idle_bytes", (memory_line("KernelMemory:") - kernel) / CHILDREN);
    report("idle_memory", (free - memory_line("MemFree:")) / CHILDREN);
    uint64_t start = ticks();
    for (int i = 0; i < CHILDREN; i++)
        end_child(children[i]);
    report("wake_exit_reap", (ticks() - start) * TICK / CHILDREN);
}

/* Programs that are there only where their compilers are. */
static void measure_program(const char *name, const char *path)
{
    int32_t fd = call(NR_openat, AT_CWD, (uint32_t)path, 0, 0, 0);
    if (fd < 0)
        return;
    call(NR_close, (uint32_t)fd, 0, 0, 0, 0);
    program = path;
    measure(name, op_vfork_exec, 20);
    program = "/bin/tiny";
}

void measure_exec(void)
{
    measure("vfork_exec_exit", op_vfork_exec, 100);
}

void measure_processes(void)
{
    measure("fork_exit_wait", op_fork, 200);
    measure_large_fork();
    measure_by("exit_page", exit_page, 2048);
    measure_exec();
    measure("fork_exec_exit", op_fork_exec, 100);
    measure_program("exec_musl", "/bin/musl");
    measure_program("exec_glibc", "/bin/glibc");
    measure_switch();
    measure_idle();
}

/* All of them have run and sleep before the next is made: memory that a child needs only when it
 * runs counts. */
void count_processes(void)
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
                 call(NR_wait4, (uint32_t)children[i], 0, NOHANG, 0, 0) == 0;
    report("processes", alive);
    for (uint32_t i = 0; i < n; i++)
        call(NR_kill, (uint32_t)children[i], KILL, 0, 0, 0);
    for (uint32_t i = 0; i < n; i++)
        call(NR_wait4, (uint32_t)-1, 0, 0, 0, 0);
}
