/* SPDX-License-Identifier: MIT
 *
 * crash KIND: does one thing that a program must not do, to show that it alone is ended, or gets
 * an error, and that all it had comes back. Without an argument it lists the kinds.
 * Status 0 means that the kernel allowed what it should have refused; "loop" never ends by
 * itself; "forkbomb" and "memory" end with status 3 when the kernel says no.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "quire.h"

#define KERNEL_ADDRESS 0x50008000u
#define WILD_ADDRESS   0x2badc0deu
#define BLOWS_MAX      1000u
#define REFUSED        3

void crash_undefined(void);
void crash_coprocessor(void);
void crash_breakpoint(void);
uint32_t crash_ldrd(const void *p);
uint32_t crash_ldm(const void *p);

static volatile uint32_t sink;

/* Through memory that the compiler must not know, so that it keeps the access. */
static uintptr_t hidden(uintptr_t address)
{
    volatile uintptr_t copy = address;

    return copy;
}

static void read_at(uintptr_t address)
{
    sink = *(volatile uint32_t *)hidden(address);
}

static void write_at(uintptr_t address)
{
    *(volatile uint32_t *)hidden(address) = 1;
}

static void jump_to(uintptr_t address)
{
    ((void (*)(void))hidden(address))();
}

static void crash_null(void)
{
    read_at(0);
}

static void crash_wild_read(void)
{
    read_at(WILD_ADDRESS & ~3u);
}

static void crash_wild_write(void)
{
    write_at(WILD_ADDRESS & ~3u);
}

static void crash_jump(void)
{
    jump_to(WILD_ADDRESS | 1);
}

static void crash_text_write(void)
{
    write_at((uintptr_t)crash_undefined & ~3u);
}

static void crash_exec_data(void)
{
    static uint16_t code[2] = {0x4770, 0x4770}; /* bx lr */

    jump_to((uintptr_t)code | 1);
}

static void crash_exec_stack(void)
{
    volatile uint16_t code[2] = {0x4770, 0x4770};

    jump_to((uintptr_t)code | 1);
}

static void crash_unaligned(void)
{
    static const uint32_t words[4];

    sink = crash_ldrd((const char *)words + hidden(1));
}

static void crash_unaligned_ldm(void)
{
    static const uint32_t words[4];

    sink = crash_ldm((const char *)words + hidden(2));
}

static void crash_kernel_read(void)
{
    read_at(KERNEL_ADDRESS);
}

static void crash_kernel_write(void)
{
    write_at(KERNEL_ADDRESS);
}

static void crash_kernel_jump(void)
{
    jump_to(KERNEL_ADDRESS);
}

static void crash_top(void)
{
    read_at(0xfffffffcu);
}

static uint32_t deeper(uint32_t level)
{
    volatile uint32_t room[256];

    room[level % 256] = level;
    return (level ? deeper(level + 1) : 0) + room[level % 256];
}

static void crash_stack(void)
{
    sink = deeper(1);
}

static void crash_stack_jump(void)
{
    read_at((entry_stack & ~4095u) - 64 * 1024 * 1024);
}

static void crash_abort(void)
{
    abort();
}

static void crash_loop(void)
{
    for (;;)
        sink++;
}

static void crash_memory(void)
{
    const size_t piece = 1024 * 1024;
    unsigned long taken = 0;

    for (;;) {
        volatile char *p =
            mmap(NULL, piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            break;
        for (size_t i = 0; i < piece; i += 4096)
            p[i] = 1;
        taken++;
    }
    fprintf(stderr, "crash: no more memory after %lu MB\n", taken);
    _exit(REFUSED);
}

/* Every child forks on as well; the first process waits until the whole swarm has gone. */
static void nap(long ns)
{
    struct timespec t = {.tv_sec = 0, .tv_nsec = ns};

    nanosleep(&t, NULL);
}

/* A group of processes that fork as fast as they can, for a second; then they are killed, which
 * takes as many blows as it takes: some may be born just then. */
static void crash_forkbomb(void)
{
    pid_t bomb = fork();
    unsigned blows = 0;

    if (bomb == 0) {
        setpgid(0, 0);
        for (;;)
            if (fork() < 0)
                nap(1000000);
    }
    setpgid(bomb, bomb);
    sleep(1);
    while (blows < BLOWS_MAX && kill(-bomb, SIGKILL) == 0) {
        waitpid(bomb, NULL, WNOHANG);
        nap(10000000);
        blows++;
    }
    fprintf(stderr, "crash: the bomb went off and is dead after %u blows\n", blows);
    _exit(blows < BLOWS_MAX ? REFUSED : EXIT_FAILURE);
}

static const struct {
    const char *name;
    void (*run)(void);
    const char *text;
} kinds[] = {
    {"null", crash_null, "read address 0"},
    {"wild-read", crash_wild_read, "read where nothing is mapped"},
    {"wild-write", crash_wild_write, "write where nothing is mapped"},
    {"jump", crash_jump, "jump where nothing is mapped"},
    {"text-write", crash_text_write, "write to the program's own text"},
    {"exec-data", crash_exec_data, "run data as code"},
    {"exec-stack", crash_exec_stack, "run the stack as code"},
    {"undef", crash_undefined, "an undefined instruction"},
    {"coprocessor", crash_coprocessor, "read a register of the system"},
    {"breakpoint", crash_breakpoint, "a breakpoint without a debugger"},
    {"unaligned", crash_unaligned, "LDRD from an odd address"},
    {"unaligned-ldm", crash_unaligned_ldm, "LDM from half a word"},
    {"kernel-read", crash_kernel_read, "read the kernel"},
    {"kernel-write", crash_kernel_write, "write to the kernel"},
    {"kernel-jump", crash_kernel_jump, "jump into the kernel"},
    {"top", crash_top, "read the last word of the address space"},
    {"stack", crash_stack, "recursion without end"},
    {"stack-jump", crash_stack_jump, "read far below the stack"},
    {"abort", crash_abort, "call abort()"},
    {"loop", crash_loop, "loop for ever"},
    {"forkbomb", crash_forkbomb, "fork without end, for a second"},
    {"memory", crash_memory, "take memory until the kernel says no"},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

int main(int argc, char **argv)
{
    if (argc == 1) {
        printf("usage: crash KIND\n");
        for (size_t i = 0; i < KINDS; i++)
            printf("  %-14s %s\n", kinds[i].name, kinds[i].text);
        return 2;
    }
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, argv[1]) == 0) {
            kinds[i].run();
            fprintf(stderr, "crash: %s was allowed\n", argv[1]);
            return 0;
        }
    fprintf(stderr, "crash: %s: no such kind\n", argv[1]);
    return 2;
}
