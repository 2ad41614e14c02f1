/* SPDX-License-Identifier: MIT
 *
 * System calls about futexes: arguments, time-outs, restarts; the work is in futex.c. Operations
 * with priority inheritance are not built.
 */
#include "kern/clock.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/futex.h"
#include "proc/sys_impl.h"

#define FUTEX_WAIT        0u
#define FUTEX_WAKE        1u
#define FUTEX_REQUEUE     3u
#define FUTEX_CMP_REQUEUE 4u
#define FUTEX_WAKE_OP     5u
#define FUTEX_WAIT_BITSET 9u
#define FUTEX_WAKE_BITSET 10u
#define FUTEX_PRIVATE     128u
#define FUTEX_REALTIME    256u
#define FUTEX_COMMANDS    (FUTEX_PRIVATE - 1)

#define ROBUST_HEAD_BYTES 12u

/* When a wait ends. FUTEX_WAIT's time is relative. */
static int get_end(uint32_t op, vaddr_t utime, bool wide, struct futex_end *end)
{
    int error;

    *end = (struct futex_end){.ns = UINT64_MAX, .wall = utime && op & FUTEX_REALTIME};
    if (!utime)
        return 0;
    error = timeout_get(utime, &end->ns, wide);
    if (!error && (op & FUTEX_COMMANDS) == FUTEX_WAIT)
        end->ns = signal_deadline(end->ns);
    return error;
}

static long wait(const struct futex *f, uint32_t op, uint32_t value, vaddr_t utime, bool wide)
{
    bool bitset = (op & FUTEX_COMMANDS) == FUTEX_WAIT_BITSET;
    uint32_t bits = bitset ? syscall_arg(6) : FUTEX_ANY;
    struct futex_end end;
    int error = get_end(op, utime, wide, &end);

    if (error)
        return error;
    if (!bits)
        return -EINVAL;
    error = futex_wait(f, value, bits, &end);
    if (error != -EINTR)
        return error;
    return signal_restart(utime ? RESTART_NO_HANDLER : RESTART_FLAG);
}

static long move(const struct futex *f, uint32_t command, uint32_t nwake, uint32_t nmove)
{
    uint32_t value = syscall_arg(6);
    struct futex_move m = {.from = *f,
                           .to = {.at = syscall_arg(5), .private = f->private},
                           .nwake = nwake,
                           .nmove = nmove,
                           .expects = command == FUTEX_CMP_REQUEUE ? &value : NULL};

    if (command == FUTEX_WAKE_OP) {
        m.nwake = (int)nwake < 0 ? 1 : nwake;
        m.nmove = (int)nmove < 0 ? 1 : nmove;
        return futex_wake_op(&m, value);
    }
    return (int)nwake < 0 || (int)nmove < 0 ? -EINVAL : futex_requeue(&m);
}

static long futex(uint32_t at, uint32_t op, uint32_t value, uint32_t other, bool wide)
{
    struct futex f = {.at = at, .private = op & FUTEX_PRIVATE};
    uint32_t command = op & ~(FUTEX_PRIVATE | FUTEX_REALTIME);
    uint32_t n = (int)value < 0 ? 1 : value, bits;

    if (op & FUTEX_REALTIME && command != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    switch (command) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET: return wait(&f, op, value, other, wide);
    case FUTEX_WAKE: return futex_wake(&f, n, FUTEX_ANY);
    case FUTEX_WAKE_BITSET: bits = syscall_arg(6); return bits ? futex_wake(&f, n, bits) : -EINVAL;
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
    case FUTEX_WAKE_OP: return move(&f, command, value, other);
    default: return sys_enosys(0, 0, 0, 0);
    }
}

SYSCALL4(sys_futex, at, op, value, other)
{
    return futex(at, op, value, other, false);
}

SYSCALL4(sys_futex64, at, op, value, other)
{
    return futex(at, op, value, other, true);
}

SYSCALL2(sys_set_robust_list, head, len)
{
    if (len != ROBUST_HEAD_BYTES)
        return -EINVAL;
    thread_current()->robust = head;
    return 0;
}

struct robust_search {
    int tid;
    struct proc *proc; /* with a reference; NULL: there is no such thread */
    vaddr_t robust;
};

static void look_for_robust(struct thread *t, void *arg)
{
    struct robust_search *s = arg;

    if (t->proc && t->tid == s->tid) {
        s->proc = t->proc;
        proc_ref(s->proc);
        s->robust = t->robust;
    }
}

SYSCALL3(sys_get_robust_list, tid, uhead, ulen)
{
    struct robust_search s = {.tid = tid ? (int)tid : thread_current()->tid};
    int error;

    thread_for_each(look_for_robust, &s);
    if (!s.proc)
        return -ESRCH;
    error = cred_may_look(s.proc) ? -EPERM : 0;
    proc_unref(s.proc);
    if (error)
        return error;
    if (put_user32(ulen, ROBUST_HEAD_BYTES) || put_user32(uhead, s.robust))
        return -EFAULT;
    return 0;
}
