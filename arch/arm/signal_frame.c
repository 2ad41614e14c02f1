/* SPDX-License-Identifier: MIT
 *
 * Signal frames: a program's registers on its stack while a handler runs, and back. The layouts are
 * Linux's for ARM EABI, with and without siginfo; VFP registers go along if the thread has used
 * them, and else it is as one that has not when the handler is done. Nothing in a frame is trusted:
 * the state that comes back is one of user mode.
 * Source: Linux's arch/arm/include/uapi/asm/{sigcontext,ucontext}.h for what programs may look at;
 * ARM DDI 0406C B1.3.3 (CPSR).
 */
#include "arch/arm/thread.h"
#include "arch/arm/trapframe.h"
#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "mm/page.h"
#include "mm/uaccess.h"
#include "proc/proc.h"

#define PSR_FLAGS    0xf80f0000u /* N Z C V Q, GE */
#define PSR_IT       0x0600fc00u
#define PSR_E        0x200u
#define PSR_J        0x01000000u
#define PLAIN_FRAME  0x5ac3c35au /* ucontext.flags without siginfo, for libraries that look */
#define FRAME_ALIGN  7u
#define RETURN_CODES 0xffff0500u /* page.S: arm, arm rt, thumb, thumb rt; 8 bytes each */

struct ucontext {
    uint32_t flags, link;
    struct altstack stack;
    uint32_t trap, error, old_mask;
    struct user_registers registers;
    uint32_t pc, cpsr;
    uint32_t fault_address;
    uint32_t mask[2];
};

#define UCONTEXT_BYTES 744u
#define UCONTEXT_VFP   232u
#define CODE_BYTES     16u

_Static_assert(sizeof(struct ucontext) == 112, "ucontext of the ABI, up to its signal mask");
_Static_assert(offsetof(struct ucontext, pc) == 20 + 72, "sigcontext of the ABI");

struct rt_head {
    struct siginfo info;
    uint8_t rest[SIGINFO_BYTES - sizeof(struct siginfo)];
    struct ucontext uc;
};

static struct trapframe *user_frame(void)
{
    return thread_current()->frame;
}

static bool on_stack(const struct altstack *s, vaddr_t sp)
{
    return sp > s->base && sp - s->base <= s->bytes;
}

bool arch_on_altstack(void)
{
    return on_stack(&thread_current()->sig.stack, user_frame()->sp);
}

/* Where a frame of that size goes: 0: not on the other stack, since it is full. */
static vaddr_t frame_place(const struct altstack *stack, bool wants_stack, size_t bytes)
{
    vaddr_t sp = user_frame()->sp, at;
    bool inside = on_stack(stack, sp);

    if (wants_stack && stack->bytes && !inside)
        return (stack->base + stack->bytes - bytes) & ~FRAME_ALIGN;
    at = (sp - bytes) & ~FRAME_ALIGN;
    return inside && !on_stack(stack, at) ? 0 : at;
}

static void fill_context(struct ucontext *uc, const struct thread *t, const struct arch_signal *s)
{
    const struct trapframe *tf = t->frame;

    uc->flags = s->action->flags & SA_SIGINFO ? 0 : PLAIN_FRAME;
    uc->link = 0;
    uc->stack = t->sig.stack;
    uc->trap = t->trap.number;
    uc->error = t->trap.error;
    uc->fault_address = t->trap.address;
    uc->old_mask = uc->mask[0] = (uint32_t)s->mask;
    uc->mask[1] = (uint32_t)(s->mask >> 32);
    uc->registers = tf->registers;
    uc->pc = tf->pc;
    uc->cpsr = tf->cpsr;
}

static int put_vfp(vaddr_t uc)
{
    const struct vfp_state *v = vfp_own();

    return v ? copy_to_user(uc + UCONTEXT_VFP, v, sizeof(*v)) : put_user32(uc + UCONTEXT_VFP, 0);
}

/* siginfo, if the handler gets it, and the context at uc behind it. */
static __noinline int put_head(vaddr_t uc, const struct thread *t, const struct arch_signal *s)
{
    struct rt_head head;

    fill_context(&head.uc, t, s);
    if (!(s->action->flags & SA_SIGINFO))
        return copy_to_user(uc, &head.uc, sizeof(head.uc));
    head.info = *s->info;
    words_clear(head.rest, sizeof(head.rest));
    return copy_to_user(uc - SIGINFO_BYTES, &head, sizeof(head));
}

/* Where the handler returns to: the program's own code, or that of the kuser page. */
static vaddr_t return_address(const struct sigaction_abi *a)
{
    vaddr_t thumb = a->handler & 1, rt = a->flags & SA_SIGINFO ? 1 : 0;

    if (a->flags & SA_RESTORER)
        return a->restorer;
    return RETURN_CODES + 8 * (2 * thumb + rt) + thumb;
}

/* Steps: the frame's place; siginfo, registers and mask into it, VFP; then the registers that the
 * handler starts with. */
int arch_signal_enter(const struct arch_signal *s)
{
    struct thread *t = thread_current();
    struct trapframe *tf = t->frame;
    bool rt = s->action->flags & SA_SIGINFO;
    size_t bytes = (rt ? SIGINFO_BYTES : 0) + UCONTEXT_BYTES + CODE_BYTES;
    vaddr_t at = frame_place(&t->sig.stack, s->action->flags & SA_ONSTACK, bytes);
    vaddr_t uc = rt ? at + SIGINFO_BYTES : at;

    if (!at || !user_range_ok(at, bytes) || put_head(uc, t, s) || put_vfp(uc))
        return -EFAULT;
    if (t->sig.stack.flags & SS_AUTODISARM)
        t->sig.stack = (struct altstack){.flags = SS_DISABLE};
    tf->r[0] = (uint32_t)s->info->signo;
    if (rt) {
        tf->r[1] = at;
        tf->r[2] = uc;
    }
    tf->sp = at;
    tf->lr = return_address(s->action);
    tf->pc = s->action->handler & (s->action->handler & 1 ? ~1u : ~3u);
    tf->cpsr &= ~(PSR_T | PSR_IT | PSR_E | PSR_J);
    if (s->action->handler & 1)
        tf->cpsr |= PSR_T;
    return 0;
}

/* A forged frame gains nothing: mode, masks and what the architecture reserves are ours. */
static bool get_context(struct trapframe *tf, const struct ucontext *uc)
{
    if ((uc->cpsr & PSR_MODE) != PSR_USR || uc->cpsr & (PSR_I | PSR_J))
        return false;
    tf->registers = uc->registers;
    tf->pc = uc->pc & (uc->cpsr & PSR_T ? ~1u : ~3u);
    tf->cpsr = PSR_USR | (uc->cpsr & (PSR_FLAGS | PSR_T | PSR_E));
    if (uc->cpsr & PSR_T)
        tf->cpsr |= uc->cpsr & PSR_IT;
    return true;
}

/* Of a frame that ends too early some registers are taken. */
static int get_vfp(vaddr_t uc)
{
    struct {
        uint32_t magic, bytes;
    } head;
    struct vfp_registers *to;

    if (copy_from_user(&head, uc + UCONTEXT_VFP, sizeof(head)))
        return -EFAULT;
    if (head.magic == 0) {
        vfp_forget();
        return 0;
    }
    if (head.magic != VFP_MAGIC || head.bytes != VFP_BYTES)
        return -EFAULT;
    to = vfp_replace();
    return to ? copy_from_user(to, uc + UCONTEXT_VFP + sizeof(head), sizeof(*to)) : -ENOMEM;
}

int arch_signal_return(bool rt, uint64_t *mask, struct altstack *stack)
{
    vaddr_t sp = user_frame()->sp, at = rt ? sp + SIGINFO_BYTES : sp;
    struct ucontext uc;

    if (sp & FRAME_ALIGN || !user_range_ok(at, UCONTEXT_BYTES) ||
        copy_from_user(&uc, at, sizeof(uc)) || get_vfp(at) || !get_context(user_frame(), &uc))
        return -EFAULT;
    *mask = (uint64_t)uc.mask[1] << 32 | uc.mask[0];
    *stack = uc.stack;
    return 0;
}

void arch_redo_call(uint32_t r0)
{
    struct trapframe *tf = user_frame();

    tf->r[0] = r0;
    tf->pc -= tf->cpsr & PSR_T ? 2 : 4;
}

uint32_t arch_user_result(void)
{
    return user_frame()->r[0];
}
