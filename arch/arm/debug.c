/* SPDX-License-Identifier: MIT
 *
 * Registers and backtraces for panics and the debugger, halting, firmware calls, and semihosting.
 * The kernel is built with frame pointers: fp points at the saved lr, the caller's fp is one word
 * below. Source: ARM DEN 0022 (PSCI), ARM DUI 0471 (semihosting), ARM DDI 0406C B4.2.4 (ATS1CPR).
 */
#include "arch/arm/cp15.h"
#include "arch/arm/trapframe.h"
#include "kern/arch.h"
#include "mm/units.h"
#include "proc/thread.h"

#define SYS_GETUID32  199
#define BACKTRACE_MAX 24

extern char __text_start[], __text_end[];

void arch_halt(void)
{
    __asm__ volatile("cpsid aif" ::: "memory");
    for (;;)
        __asm__ volatile("wfi");
}

uint32_t arch_main_id(void)
{
    return cp15_read_midr();
}

void arch_wait_for_interrupt(void)
{
    __asm__ volatile("dsb\n\twfi" ::: "memory");
}

/* Where nobody intercepts it, it is the system call getuid of a thread without a process: 0. */
int arch_semihosting(uint32_t operation, const uint32_t *block)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const uint32_t *r1 __asm__("r1") = block;
    register uint32_t r7 __asm__("r7") = SYS_GETUID32;

    __asm__ volatile("svc 0x123456"
                     : "+r"(r0), "+r"(r1)
                     : "r"(r7)
                     : "r2", "r3", "r12", "lr", "cc", "memory");
    return (int)r0;
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

void arch_show_registers(const struct trapframe *tf, void (*print)(const char *format, ...))
{
    for (unsigned i = 0; i < 13; i++)
        print("r%-2u %08x%s", i, tf->r[i], i % 4 == 3 ? "\n" : "  ");
    print("\n");
    print("sp  %08x  lr  %08x  pc  %08x  cpsr %08x\n", tf->sp, tf->lr, tf->pc, tf->cpsr);
}

struct trapframe noted_registers; /* by arch_note_registers, vectors.S */

const struct trapframe *arch_noted_registers(void)
{
    return &noted_registers;
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

uint32_t arch_frame_pc(const struct trapframe *tf)
{
    return tf->pc;
}

bool arch_frame_is_user(const struct trapframe *tf)
{
    return trap_from_user(tf);
}

void arch_call_debugger(void (*fn)(const struct trapframe *tf, void *arg), void *arg,
                        void *stack_top) __attribute__((naked));

/* The registers go where the caller's stack is; then SVC mode, since a fault in there must come
 * back to where it was, and the stack given. */
void arch_call_debugger(void (*fn)(const struct trapframe *tf, void *arg), void *arg,
                        void *stack_top)
{
    (void)fn, (void)arg, (void)stack_top;
    __asm__ volatile(
        "sub sp, sp, %[size]\n\t"
        "stm sp, {r0-r12}\n\t"
        "add r12, sp, %[size]\n\t"
        "str r12, [sp, %[sp]]\n\t"
        "str lr, [sp, %[lr]]\n\t"
        "str lr, [sp, %[pc]]\n\t"
        "mrs r4, cpsr\n\t"
        "str r4, [sp, %[cpsr]]\n\t"
        "mov r3, r0\n\t"
        "mov r0, sp\n\t"
        "cps #0x13\n\t"
        "mov r5, sp\n\t"
        "mov r6, lr\n\t"
        "mov sp, r2\n\t"
        "blx r3\n\t"
        "mov sp, r5\n\t"
        "mov lr, r6\n\t"
        "msr cpsr_c, r4\n\t"
        "ldr lr, [sp, %[lr]]\n\t"
        "ldm sp, {r0-r12}\n\t"
        "add sp, sp, %[size]\n\t"
        "bx lr"
        :
        : [size] "i"(sizeof(struct trapframe)), [sp] "i"(offsetof(struct trapframe, sp)),
          [lr] "i"(offsetof(struct trapframe, lr)), [pc] "i"(offsetof(struct trapframe, pc)),
          [cpsr] "i"(offsetof(struct trapframe, cpsr)));
}

/* As arch_switch pushed them: r4-r11, r12, lr. */
void arch_thread_frame(const struct thread *t, void (*fn)(const struct trapframe *tf, void *arg),
                       void *arg)
{
    const uint32_t *saved = (const uint32_t *)t->context.sp;
    struct trapframe tf = {.cpsr = PSR_SVC | PSR_I, .sp = (uint32_t)(saved + 10), .pc = saved[9]};

    for (unsigned i = 0; i < 8; i++)
        tf.r[4 + i] = saved[i];
    fn(&tf, arg);
}

bool arch_translate(uintptr_t va, uint64_t *phys)
{
    uint32_t par;

    cp15_write_ats1cpr((uint32_t)va);
    isb();
    par = cp15_read_par();
    *phys = (par & ~PAGE_MASK) | (va & PAGE_MASK);
    return !(par & 1);
}
