/* SPDX-License-Identifier: MIT
 *
 * Registers and backtraces for panics, halting, firmware calls, and semihosting. The kernel is
 * built with frame pointers: fp points at the saved lr, the caller's fp is one word below. Source:
 * ARM DEN 0022 (PSCI), ARM DUI 0471 (semihosting).
 */
#include "arch/arm/trapframe.h"
#include "kern/arch.h"
#include "kern/log.h"
#include "mm/units.h"
#include "proc/thread.h"

#define SYS_EXIT_EXTENDED       0x20
#define ADP_STOPPED_APPLICATION 0x20026
#define BACKTRACE_MAX           24

extern char __text_start[], __text_end[];

void arch_halt(void)
{
    __asm__ volatile("cpsid aif" ::: "memory");
    for (;;)
        __asm__ volatile("wfi");
}

void arch_wait_for_interrupt(void)
{
    __asm__ volatile("dsb\n\twfi" ::: "memory");
}

void arch_semihosting_exit(int status)
{
    uint32_t block[2] = {ADP_STOPPED_APPLICATION, (uint32_t)status};
    register uint32_t r0 __asm__("r0") = SYS_EXIT_EXTENDED;
    register uint32_t *r1 __asm__("r1") = block;

    __asm__ volatile("svc 0x123456" : "+r"(r0) : "r"(r1) : "lr", "memory");
}

int arch_psci_call(bool smc, uint32_t fn, uint32_t a, uint32_t b, uint32_t c)
{
    register uint32_t r0 __asm__("r0") = fn;
    register uint32_t r1 __asm__("r1") = a;
    register uint32_t r2 __asm__("r2") = b;
    register uint32_t r3 __asm__("r3") = c;

    if (smc)
        __asm__ volatile(".arch_extension sec\n\tsmc 0"
                         : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)::"r12", "memory");
    else
        __asm__ volatile(".arch_extension virt\n\thvc 0"
                         : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)::"r12", "memory");
    return (int)r0;
}

void arch_show_registers(const struct trapframe *tf)
{
    for (unsigned i = 0; i < 13; i++)
        log_printf("r%-2u %08x%s", i, tf->r[i], i % 4 == 3 ? "\n" : "  ");
    log_printf("\nsp  %08x  lr  %08x  pc  %08x  cpsr %08x\n", tf->sp, tf->lr, tf->pc, tf->cpsr);
}

static bool on_a_stack(uint32_t fp)
{
    return fp >= 0x44000000u && fp < 0xff000000u && !(fp & 3) && (fp & PAGE_MASK) >= 4;
}

static bool in_text(uint32_t pc)
{
    return pc >= (uint32_t)__text_start && pc < (uint32_t)__text_end;
}

void arch_backtrace(const struct trapframe *tf, void (*frame)(uint32_t pc, void *arg), void *arg)
{
    uint32_t fp = (uint32_t)__builtin_frame_address(0), page;

    if (tf) {
        frame(tf->pc, arg);
        if (in_text(tf->lr) && tf->lr != tf->pc)
            frame(tf->lr, arg);
        fp = tf->r[11];
    }
    page = fp & ~PAGE_MASK;
    for (unsigned i = 0; i < BACKTRACE_MAX && on_a_stack(fp) && (fp & ~PAGE_MASK) == page; i++) {
        const uint32_t *word = (const uint32_t *)fp;

        if (!in_text(word[0]))
            break;
        frame(word[0], arg);
        if (word[-1] <= fp)
            break;
        fp = word[-1];
    }
}
