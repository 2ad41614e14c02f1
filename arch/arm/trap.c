/* SPDX-License-Identifier: MIT
 *
 * Exceptions decoded: which address, which access, whose fault. Page faults go to mm/fault.c, from
 * user mode and from the kernel's copies of user memory alike; what a program can't be helped with
 * kills it with one line in words; anything else in the kernel is a bug and panics.
 * Source: ARM DDI 0406C B3.13 (fault reporting), A2.6 (VFP), B1.9.
 */
#include "arch/arm/trap.h"

#include "arch/arm/cp15.h"
#include "arch/arm/thread.h"
#include "kern/lockcheck.h"
#include "kern/panic.h"
#include "mm/fault.h"
#include "mm/uaccess.h"
#include "proc/proc.h"

#define FSR_WRITE (1u << 11)

extern const char uaccess_begin[], uaccess_end[], uaccess_failed[];

/* What the program did, by access. */
static const char *access_words(prot_t access)
{
    return access == PROT_EXEC ? "jumped to" : access == PROT_WRITE ? "wrote to" : "read from";
}

/* The vector's number, as signal frames give it: Linux's, which had them from elsewhere. */
enum { TRAP_UNDEFINED = 6, TRAP_ABORT = 14 };

/* What debuggers put in place of an instruction, and Linux gives SIGTRAP for. */
#define BREAK_ARM    0x07f001f0u /* whatever the condition */
#define BREAK_THUMB  0xde01u
#define BREAK_THUMB2 0xa000f7f0u

#define FSR_FETCH (1u << 31) /* error code of a prefetch abort, as on Linux */

/* For a handler's frame; fsr may be 0. */
static void note_trap(uint32_t number, uint32_t fsr, uint32_t va)
{
    thread_current()->trap = (struct thread_trap){number, fsr, va};
}

/* The program gets a signal, which says where and, if it dies of it, in words what it did. */
static void raise_at(int sig, int code, const char *what, uint32_t va, uint32_t pc)
{
    signal_fault(&(struct signal_fault){
        .sig = sig, .code = code, .what = what, .address = va, .has_address = true, .pc = pc});
}

static void raise_here(int sig, int code, const char *what, uint32_t pc)
{
    signal_fault(
        &(struct signal_fault){.sig = sig, .code = code, .what = what, .address = pc, .pc = pc});
}

static void raise_of_fault(enum fault_error error, prot_t access, uint32_t va, uint32_t pc)
{
    switch (error) {
    case FAULT_BEYOND_END:
        raise_at(SIGBUS, BUS_ADRERR, "touched beyond its file's end", va, pc);
        break;
    case FAULT_IO: raise_at(SIGBUS, BUS_ADRERR, "touched an unreadable page", va, pc); break;
    case FAULT_STACK_LIMIT: raise_at(SIGSEGV, SEGV_MAPERR, "overflowed its stack", va, pc); break;
    case FAULT_NO_MEMORY: break; /* the out-of-memory code named it already */
    case FAULT_PROTECTION: raise_at(SIGSEGV, SEGV_ACCERR, access_words(access), va, pc); break;
    default: raise_at(SIGSEGV, SEGV_MAPERR, access_words(access), va, pc);
    }
}

/* A fault on address va; true if the access can be tried again. */
static enum fault_error user_fault(uint32_t va, prot_t access, uint32_t pc)
{
    struct as *as = thread_current()->as;

    if (unlikely(va >= USER_END) || unlikely(!as))
        return FAULT_NO_SEGMENT;
    return fault_handle(as, va, access, pc);
}

static bool is_page_fault(enum fsr_class c)
{
    return c == FSR_TRANSLATION || c == FSR_ACCESS_FLAG || c == FSR_PERMISSION;
}

static void restore_interrupts(const struct trapframe *tf)
{
    if (!(tf->cpsr & PSR_I))
        __asm__ volatile("cpsie i" ::: "memory");
}

/* A fault in the kernel is legal only in the copies of user memory; what is mapped there may be a
 * device, which takes no unaligned access, and may answer with an error. */
static void kernel_abort(struct trapframe *tf, uint32_t fsr, uint32_t far, prot_t access)
{
    enum fsr_class class = fsr_classify(fsr);
    bool copying = tf->pc >= (uint32_t)uaccess_begin && tf->pc < (uint32_t)uaccess_end;

    if (IS_ENABLED(CONFIG_LINT) && !copying && far < USER_END)
        panic_trap(tf, "lint: user pointer: the kernel %s %08x outside copy_from_user and its kin",
                   access == PROT_WRITE ? "writes to" : "reads from", far);
    if (!copying || far >= USER_END ||
        (class != FSR_ALIGNMENT && class != FSR_EXTERNAL && !is_page_fault(class)))
        panic_trap(tf, "kernel %s %08x, fault status %03x",
                   access == PROT_WRITE ? "write to" : "read from", far, fsr);
    if (IS_ENABLED(CONFIG_LINT))
        lint_user_close();
    restore_interrupts(tf);
    if (!is_page_fault(class) || thread_current()->in_uaccess_nofault ||
        user_fault(far, access, tf->pc) != FAULT_OK)
        tf->pc = (uint32_t)uaccess_failed;
    if (IS_ENABLED(CONFIG_LINT))
        lint_user_open(true);
}

void trap_data_abort(struct trapframe *tf)
{
    uint32_t fsr = cp15_read_dfsr(), far = cp15_read_dfar();
    prot_t access = fsr & FSR_WRITE ? PROT_WRITE : PROT_READ;
    enum fsr_class class = fsr_classify(fsr);

    if (!trap_from_user(tf)) {
        kernel_abort(tf, fsr, far, access);
        return;
    }
    lock_none_held();
    restore_interrupts(tf);
    if (is_page_fault(class)) {
        enum fault_error error = user_fault(far, access, tf->pc);

        if (likely(!error))
            return;
        note_trap(TRAP_ABORT, fsr, far);
        raise_of_fault(error, access, far, tf->pc);
        return;
    }
    note_trap(TRAP_ABORT, fsr, far);
    if (class == FSR_ALIGNMENT)
        raise_at(SIGBUS, BUS_ADRALN, "made an unaligned access to", far, tf->pc);
    else if (class == FSR_DEBUG)
        raise_here(SIGTRAP, TRAP_BRKPT, "ran into a breakpoint", tf->pc);
    else
        raise_at(SIGBUS, BUS_ADRERR, "got a bus error at", far, tf->pc);
}

void trap_prefetch_abort(struct trapframe *tf)
{
    uint32_t fsr = cp15_read_ifsr(), far = cp15_read_ifar();

    if (!trap_from_user(tf))
        panic_trap(tf, "kernel jumped to %08x, fault status %03x", far, fsr);
    lock_none_held();
    restore_interrupts(tf);
    if (is_page_fault(fsr_classify(fsr))) {
        enum fault_error error = user_fault(far, PROT_EXEC, tf->pc);

        if (likely(!error))
            return;
        note_trap(TRAP_ABORT, fsr | FSR_FETCH, far);
        raise_of_fault(error, PROT_EXEC, far, tf->pc);
        return;
    }
    note_trap(TRAP_ABORT, fsr | FSR_FETCH, far);
    if (fsr_classify(fsr) == FSR_DEBUG)
        raise_here(SIGTRAP, TRAP_BRKPT, "ran into a breakpoint", tf->pc);
    else
        raise_at(SIGBUS, BUS_ADRERR, "could not fetch an instruction from", far, tf->pc);
}

static bool is_breakpoint(const struct trapframe *tf, uint32_t pc)
{
    uint32_t word = 0;
    int error;

    if (tf->cpsr & PSR_T) {
        error = copy_from_user(&word, pc, 2);
        if (!error && word == (BREAK_THUMB2 & 0xffff))
            error = copy_from_user((char *)&word + 2, pc + 2, 2);
        return !error && (word == BREAK_THUMB || word == BREAK_THUMB2);
    }
    error = copy_from_user(&word, pc, 4);
    return !error && (word & 0x0fffffff) == BREAK_ARM;
}

void trap_undefined(struct trapframe *tf)
{
    uint32_t pc = tf->pc - (tf->cpsr & PSR_T ? 2 : 4);

    if (!trap_from_user(tf)) {
        tf->pc = pc;
        panic_trap(tf, "kernel met an undefined instruction");
    }
    tf->pc = pc;
    restore_interrupts(tf);
    if (vfp_first_use())
        return;
    if (is_breakpoint(tf, pc)) {
        raise_here(SIGTRAP, TRAP_BRKPT, "ran into a breakpoint", pc);
        return;
    }
    note_trap(TRAP_UNDEFINED, 0, 0);
    raise_here(SIGILL, ILL_ILLOPC, "met an undefined instruction", pc);
}

void trap_stack_overflow(uint32_t pc)
{
    panic("kernel stack overflow of thread %d at pc %08x", thread_current()->tid, pc);
}
