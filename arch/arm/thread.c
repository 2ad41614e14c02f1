/* SPDX-License-Identifier: MIT
 *
 * Threads as the machine sees them: first contexts, user registers, TLS, VFP. The trap frame of a
 * user thread is at the top of its kernel stack.
 * Source: ARM DDI 0406C B1.11 (FPEXC, CPACR), B4.1.150 (TPIDRURO).
 */
#include "arch/arm/thread.h"

#include <string.h>

#include "arch/arm/cp15.h"
#include "arch/arm/trapframe.h"
#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "mm/fault.h"
#include "mm/slab.h"
#include "mm/units.h"
#include "proc/proc.h"
#include "proc/thread.h"

#define FPEXC_EN   (1u << 30)
#define CPACR_FULL (0xfu << 20) /* CP10 and CP11 */

struct first_context { /* as arch_switch pops it */
    uint32_t r4, r5, r6_r11[6], r12, lr;
};

extern void thread_start_entry(void), thread_start_forked(void);
extern void vfp_save(struct vfp_registers *to), vfp_load(const struct vfp_registers *from);

static struct slab_cache vfp_cache = SLAB_CACHE("vfp", sizeof(struct vfp_state));

static struct trapframe *frame_at_top(struct thread *t)
{
    return (struct trapframe *)((char *)t->kstack + PAGE_SIZE - sizeof(struct trapframe));
}

static struct first_context *first_context(struct thread *t, void (*start)(void))
{
    struct first_context *c;

    t->frame = frame_at_top(t);
    c = (struct first_context *)(void *)t->frame - 1;
    memset(c, 0, sizeof(*c));
    c->lr = (uint32_t)start;
    t->context.sp = (uint32_t)c;
    return c;
}

void arch_thread_init(struct thread *t, void (*entry)(void *), void *arg)
{
    struct first_context *c = first_context(t, thread_start_entry);

    memset(t->frame, 0, sizeof(*t->frame));
    t->frame->cpsr = PSR_USR;
    c->r4 = (uint32_t)entry;
    c->r5 = (uint32_t)arg;
}

void arch_thread_init_fork(struct thread *t, const struct thread *parent)
{
    first_context(t, thread_start_forked);
    *t->frame = *parent->frame;
    t->frame->r[0] = 0;
    t->tls = parent->tls;
    t->scratch = cp15_read_tpidrurw(); /* the parent is the caller */
}

static void fpexc_write(uint32_t value)
{
    __asm__ volatile(".fpu neon\n\tvmsr fpexc, %0" ::"r"(value) : "memory");
}

void vfp_boot(void)
{
    cp15_write_cpacr(cp15_read_cpacr() | CPACR_FULL);
    isb();
    fpexc_write(0);
    if (cp15_read_id_pfr0() >> 12 & 15)
        __asm__ volatile("mcr p14, 6, %0, c0, c0, 0" ::"r"(1)); /* TEECR.XED: no TEEHBR for users */
}

static struct vfp_state *state_alloc(void)
{
    struct vfp_state *v = slab_alloc(&vfp_cache);

    if (v) {
        v->magic = VFP_MAGIC;
        v->bytes = VFP_BYTES;
    }
    return v;
}

/* The current thread has room for its registers: false, it is to die for want of memory. */
static bool state_make(struct thread *t)
{
    while (!t->vfp) {
        t->vfp = state_alloc();
        if (!t->vfp && !oom_handle(t->as))
            return false;
    }
    return true;
}

bool vfp_first_use(void)
{
    struct thread *t = thread_current();

    if (cpu_self()->vfp_owner == t)
        return false;
    if (!state_make(t))
        return true; /* it dies before it tries again */
    fpexc_write(FPEXC_EN);
    vfp_load(&t->vfp->registers);
    cpu_self()->vfp_owner = t;
    return true;
}

void arch_thread_save(struct thread *from)
{
    from->scratch = cp15_read_tpidrurw();
    if (cpu_self()->vfp_owner == from) {
        vfp_save(&from->vfp->registers);
        fpexc_write(0);
        cpu_self()->vfp_owner = NULL;
    }
}

void arch_thread_load(struct thread *to)
{
    cp15_write_tpidruro(to->tls);
    cp15_write_tpidrurw(to->scratch);
}

static void vfp_leave(struct thread *t)
{
    if (cpu_self()->vfp_owner == t) {
        fpexc_write(0);
        cpu_self()->vfp_owner = NULL;
    }
}

void arch_thread_release(struct thread *t)
{
    if (IS_ENABLED(CONFIG_LINT) && t != thread_current()) /* exec's thread goes on */
        lint_thread_ends(t->tid);
    if (t == thread_current())
        cp15_write_tpidrurw(0);
    vfp_leave(t);
    if (t->vfp)
        slab_free(&vfp_cache, t->vfp);
    t->vfp = NULL;
}

uint32_t arch_thread_bytes(const struct thread *t)
{
    return t->vfp ? sizeof(*t->vfp) : 0;
}

int arch_thread_copy_vfp(struct thread *to, struct thread *from)
{
    if (!from->vfp)
        return 0;
    to->vfp = state_alloc();
    if (!to->vfp)
        return -ENOMEM;
    if (cpu_self()->vfp_owner == from)
        vfp_save(&from->vfp->registers);
    to->vfp->registers = from->vfp->registers;
    return 0;
}

const struct vfp_state *vfp_own(void)
{
    struct thread *t = thread_current();

    if (cpu_self()->vfp_owner == t)
        vfp_save(&t->vfp->registers);
    return t->vfp;
}

struct vfp_registers *vfp_replace(void)
{
    struct thread *t = thread_current();

    vfp_leave(t);
    return state_make(t) ? &t->vfp->registers : NULL;
}

void vfp_forget(void)
{
    struct thread *t = thread_current();

    if (likely(!t->vfp))
        return;
    vfp_leave(t);
    slab_free(&vfp_cache, t->vfp);
    t->vfp = NULL;
}

void arch_set_tls(uint32_t value)
{
    thread_current()->tls = value;
    cp15_write_tpidruro(value);
}

void arch_set_entry(uint32_t pc, uint32_t sp)
{
    struct trapframe *tf = thread_current()->frame;

    memset(tf, 0, sizeof(*tf));
    tf->pc = pc & ~1u;
    tf->sp = sp;
    tf->cpsr = PSR_USR | (pc & 1 ? PSR_T : 0);
}

void arch_set_result(struct thread *t, uint32_t r0)
{
    t->frame->r[0] = r0;
}

void arch_set_sp(struct thread *t, uint32_t sp)
{
    t->frame->sp = sp;
}

uint32_t arch_user_arg(unsigned n)
{
    return thread_current()->frame->r[n];
}

uint32_t arch_user_pc(void)
{
    return thread_current()->frame->pc;
}

uint32_t arch_user_sp(void)
{
    return thread_current()->frame->sp;
}
