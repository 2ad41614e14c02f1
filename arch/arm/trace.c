/* SPDX-License-Identifier: MIT
 *
 * System calls and aborts on their way through the trace, and the switch between the two tables of
 * vectors (vectors.S). Every CPU changes its own VBAR: at once, or when the interrupt comes that
 * arch_trace_traps sends; a thread that goes to user mode there takes it before its first
 * instruction.
 */
#include "arch/arm/cp15.h"
#include "arch/arm/trap.h"
#include "kern/arch.h"
#include "kern/clock.h"
#include "kern/cpu.h"
#include "kern/spin.h"
#include "kern/trace.h"
#include "mm/fault.h"
#include "proc/syscall.h"
#include "proc/thread.h"

#define NUMBER_REG 7u
#define FSR_WRITE  (1u << 11)

/* As in a record: TRACE_ACCESS_NAMES. */
enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC };

extern const uint32_t vectors[], vectors_traced[];

static bool tracing; /* atomic */

/* For vectors.S. */
long syscall_traced(const struct trapframe *tf);
void trap_data_abort_traced(struct trapframe *tf);
void trap_prefetch_abort_traced(struct trapframe *tf);

void arch_trace_apply(void)
{
    bool on = __atomic_load_n(&tracing, __ATOMIC_ACQUIRE);

    cp15_write_vbar((uint32_t)(uintptr_t)(on ? vectors_traced : vectors));
    isb();
}

void arch_trace_traps(bool on)
{
    uint32_t mask = irq_save();

    if (__atomic_exchange_n(&tracing, on, __ATOMIC_ACQ_REL) != on) {
        arch_trace_apply();
        cpu_kick(cpus_online() & ~(1u << cpu_id()));
    }
    irq_restore(mask);
}

/* The result is recorded after the handler, which may have come back on another CPU, or, after
 * exec, with other registers. */
long syscall_traced(const struct trapframe *tf)
{
    const uint32_t *r = tf->r;
    uint32_t number = r[NUMBER_REG];
    syscall_fn *call = number < SYSCALL_MAX ? syscall_table[number] : syscall_other;
    long result;

    if (trace_mask & TRACE_BIT(TRACE_CALL))
        trace_write_words(TRACE_CALL, 0, (uint32_t[]){number, r[0], r[1], r[2], r[3], r[4]}, 6);
    result = call(r[0], r[1], r[2], r[3]);
    trace(TRACE_RETURN, number, (uint32_t)result);
    return result;
}

/* handle is the abort's own handler. It says in the thread how a page fault ended; another abort,
 * or a kernel address, which is no page fault, says nothing and has no record. */
static void abort_traced(struct trapframe *tf, uint32_t far, enum access access,
                         void (*handle)(struct trapframe *))
{
    struct thread *t = thread_current();
    uint32_t pc = tf->pc, start = (uint32_t)clock_ticks();

    t->fault_kind = FAULT_KINDS;
    handle(tf);
    if (trace_mask & TRACE_BIT(TRACE_FAULT) && t->fault_kind != FAULT_KINDS)
        trace_write_words(TRACE_FAULT, t->fault_kind | (unsigned)access << 4,
                          (uint32_t[]){far, pc, (uint32_t)clock_ticks() - start, 0}, 4);
}

void trap_data_abort_traced(struct trapframe *tf)
{
    abort_traced(tf, cp15_read_dfar(), cp15_read_dfsr() & FSR_WRITE ? ACCESS_WRITE : ACCESS_READ,
                 trap_data_abort);
}

void trap_prefetch_abort_traced(struct trapframe *tf)
{
    abort_traced(tf, cp15_read_ifar(), ACCESS_EXEC, trap_prefetch_abort);
}
