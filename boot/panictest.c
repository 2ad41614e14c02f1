/* SPDX-License-Identifier: MIT
 *
 * Kernel bugs on purpose, by the word panictest=KIND: what a panic looks like, and that the
 * kernel's own memory is protected. For tests; a kind that is survived says so.
 */
#include "boot/boot.h"
#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "kern/bootargs.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/log.h"
#include "kern/panic.h"
#include "proc/proc.h"
#include "proc/thread.h"

/* Between the kernel stacks and the direct map; see docs/ARCHITECTURE.md. */
#define NEVER_MAPPED 0x4ff00000u
#define BX_LR        0xe12fff1eu
#define STUCK_NS     8000000000u

extern char __text_start[];

static uint32_t code_in_data = BX_LR;
static const uint32_t code_in_rodata = BX_LR;

static void write_nowhere(void)
{
    *(volatile uint32_t *)NEVER_MAPPED = 0;
}

static void write_text(void)
{
    *(volatile uint32_t *)(void *)__text_start = 0;
}

static void write_rodata(void)
{
    *(volatile uint32_t *)(uintptr_t)&code_in_rodata = 0;
}

static void run_at(const uint32_t *code)
{
    ((void (*)(void))(uintptr_t)code)();
}

static void run_rodata(void)
{
    run_at(&code_in_rodata);
}

static void run_data(void)
{
    run_at(&code_in_data);
}

static void run_frame(void)
{
    pfn_t pfn = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_KERNEL);
    uint32_t *code = pfn == NO_PFN ? &code_in_data : pfn_to_virt(pfn);

    *code = BX_LR;
    run_at(code);
}

/* Without end, as far as the compiler can see. */
static uint32_t __attribute__((noinline)) recurse(volatile uint32_t *depth)
{
    volatile uint32_t here[16];

    here[0] = ++*depth;
    return *depth == 0 ? 0 : recurse(depth) + here[0];
}

static void overflow(void *arg)
{
    static volatile uint32_t depth;

    (void)arg;
    log_printf("panictest: %u deep\n", (unsigned)recurse(&depth));
}

/* The boot stack has no guard page, a thread's has. */
static void overflow_stack(void)
{
    struct thread *t = thread_create(NULL, overflow, NULL);

    if (!t)
        return;
    thread_start(t, true);
    schedule();
}

/* Interrupts off for longer than the watchdog likes. */
static void be_stuck(void *arg)
{
    uint64_t end = clock_ns() + STUCK_NS;

    (void)arg;
    irq_save();
    while (clock_ns() < end)
        continue;
    irq_restore(0);
}

/* On another CPU, since one alone has nobody to see it. */
static void stick(void)
{
    uint32_t others = cpus_online() & ~(1u << cpu_id());
    struct thread *t = others ? thread_create(NULL, be_stuck, NULL) : NULL;

    if (!t)
        return;
    sched_set_affinity(t, others & -others);
    thread_start(t, false);
    schedule();
}

static const struct {
    const char *kind;
    void (*bug)(void);
} bugs[] = {
    {"trap", write_nowhere},    {"text", write_text},   {"rodata", write_rodata},
    {"run-rodata", run_rodata}, {"run-data", run_data}, {"run-frame", run_frame},
    {"stack", overflow_stack},  {"stuck", stick},
};

void panic_test(void)
{
    bool plain = bootargs_flag("panictest");
    char kind[16];

    if (!plain && !bootargs_get("panictest", kind, sizeof(kind)))
        return;
    irq_save();
    schedule();
    if (plain)
        panic("panictest is on the command line");
    for (unsigned i = 0; i < ARRAY_SIZE(bugs); i++)
        if (bootargs_is("panictest", bugs[i].kind))
            bugs[i].bug();
    log_printf("panictest: nothing happened\n");
    irq_restore(0);
}
