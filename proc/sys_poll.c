/* SPDX-License-Identifier: MIT
 *
 * System calls that wait for one of several files: poll, select and their kin. What they wait for
 * stays in the program's memory and is read again at each look, so that nothing here grows with the
 * number of descriptors but the entries of fs/poll.c.
 * The time that is left is told as Linux tells it; a place for it that can't be written is no
 * error.
 */
#include "fs/poll.h"
#include "kern/clock.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/sys_impl.h"

#define NEVER         UINT64_MAX
#define SIGSET_BYTES  8u
#define WORD_BITS     32u
#define MASK_OF_READ  (POLL_READ | POLLRDBAND | POLLHUP | POLLERR)
#define MASK_OF_WRITE (POLL_WRITE | POLLWRBAND | POLLERR)

/* struct pollfd of the ABI. */
struct pollfd {
    int32_t fd;
    uint16_t events, revents;
};

_Static_assert(sizeof(struct pollfd) == 8, "the ABI's");

int wait_mask_get(struct wait_mask *m, vaddr_t umask, uint32_t size)
{
    m->given = umask != 0;
    if (!m->given)
        return 0;
    if (size != SIGSET_BYTES)
        return -EINVAL;
    return copy_from_user(&m->set, umask, sizeof(m->set));
}

void wait_mask_enter(const struct wait_mask *m)
{
    if (m->given)
        signal_mask_for_now(m->set);
}

void wait_mask_leave(const struct wait_mask *m, int result)
{
    if (m->given && result != -EINTR)
        signal_mask_back();
}

/* Without a handler an interrupted wait goes on, until the time when it was to end. */
static int wait_result(int result)
{
    return likely(result != -EINTR) ? result : signal_restart(RESTART_NO_HANDLER);
}

/* What one of several looks at everything finds: descriptors that are ready, or -Exxx. w: who is
 * entered, or NULL. */
typedef int look_fn(void *arg, struct poll_wait *w);

/* Looks, and sleeps in between, until something is ready or the time is over: 0 then. */
static int wait_until(look_fn *look, void *arg, uint64_t until_ns)
{
    struct poll_thread t;
    int found, error = 0;

    poll_begin(&t);
    found = look(arg, until_ns ? &t.wait : NULL);
    while (!found && until_ns && !error) {
        error = poll_sleep(&t, until_ns);
        if (!error || error == -ETIMEDOUT) /* it may have come with the end of the time */
            found = look(arg, NULL);
    }
    poll_end(&t);
    return found || error == -ETIMEDOUT ? found : error;
}

struct poll_request {
    vaddr_t ufds;
    uint32_t n;
};

/* The events of one descriptor that are asked for, and those that always are. */
static uint32_t events_of(int fd, uint32_t events, struct poll_wait *w)
{
    struct file *f;
    uint32_t found;

    if (fd < 0)
        return 0;
    f = fdtable_get(proc_current()->files, fd);
    if (!f)
        return POLLNVAL;
    found = file_poll(f, w) & (events | POLLERR | POLLHUP);
    file_unref(f);
    return found;
}

/* Once something is ready nobody sleeps, and no more are entered. */
static int poll_look(void *arg, struct poll_wait *w)
{
    const struct poll_request *r = arg;
    int found = 0;

    for (uint32_t i = 0; i < r->n; i++) {
        struct pollfd p;
        uint32_t events;

        if (copy_from_user(&p, r->ufds + i * sizeof(p), sizeof(p)))
            return -EFAULT;
        events = events_of(p.fd, p.events, found ? NULL : w);
        if (events)
            found++;
        p.revents = (uint16_t)events;
        if (copy_to_user(r->ufds + i * sizeof(p), &p, sizeof(p)))
            return -EFAULT;
        preempt_point();
    }
    return found;
}

static int poll_for(vaddr_t ufds, uint32_t n, uint64_t until_ns)
{
    struct poll_request r = {ufds, n};

    return n <= (uint32_t)proc_current()->files->most ? wait_until(poll_look, &r, until_ns)
                                                      : -EINVAL;
}

SYSCALL3(sys_poll, ufds, n, ms)
{
    uint64_t until = NEVER;

    if ((int32_t)ms >= 0)
        until = ms ? signal_deadline(ms * NSEC_PER_MSEC) : 0;
    return wait_result(poll_for(ufds, n, until));
}

int wait_end_get(vaddr_t utime, bool wide, uint64_t *until)
{
    uint64_t ns;
    int error;

    *until = NEVER;
    if (!utime)
        return 0;
    error = timeout_get(utime, &ns, wide);
    if (!error)
        *until = ns ? signal_deadline(ns) : 0;
    return error;
}

/* The time that is left of a wait. */
static uint64_t time_left(uint64_t until)
{
    uint64_t now = clock_ns();

    return until > now ? until - now : 0;
}

static void tell_left(vaddr_t utime, bool wide, uint64_t until)
{
    if (utime)
        (void)!time_put(utime, time_left(until), wide);
}

static int ppoll(uint32_t ufds, uint32_t n, vaddr_t utime, vaddr_t umask, bool wide)
{
    struct wait_mask mask;
    uint64_t until;
    int result = wait_end_get(utime, wide, &until);

    if (!result)
        result = wait_mask_get(&mask, umask, syscall_arg(5));
    if (result)
        return result;
    wait_mask_enter(&mask);
    result = poll_for(ufds, n, until);
    wait_mask_leave(&mask, result);
    tell_left(utime, wide, until);
    return wait_result(result);
}

SYSCALL4(sys_ppoll, ufds, n, utime, umask)
{
    return ppoll(ufds, n, utime, umask, false);
}

SYSCALL4(sys_ppoll64, ufds, n, utime, umask)
{
    return ppoll(ufds, n, utime, umask, true);
}

/* select: what is waited for and what was found, for reading, writing and urgent things. */
struct sets {
    uint32_t n;
    vaddr_t at[3];       /* in the program's memory, or 0 */
    uint32_t *wanted[3]; /* words_of(n) of bits each, right behind this */
    uint32_t *found[3];
};

static const uint32_t set_masks[3] = {MASK_OF_READ, MASK_OF_WRITE, POLLPRI};

static uint32_t words_of(const struct sets *s)
{
    return (s->n + WORD_BITS - 1) / WORD_BITS;
}

/* Sets of n descriptors; NULL: no memory. */
static struct sets *sets_new(uint32_t n, const vaddr_t at[3])
{
    struct sets *s = kmalloc(sizeof(*s) + 6 * ((n + WORD_BITS - 1) / WORD_BITS) * 4);

    if (!s)
        return NULL;
    s->n = n;
    for (unsigned k = 0; k < 3; k++) {
        s->at[k] = at[k];
        s->wanted[k] = (uint32_t *)(s + 1) + k * words_of(s);
        s->found[k] = (uint32_t *)(s + 1) + (3 + k) * words_of(s);
    }
    return s;
}

static int sets_get(struct sets *s)
{
    for (unsigned k = 0; k < 3; k++)
        if (s->at[k] && copy_from_user(s->wanted[k], s->at[k], words_of(s) * 4))
            return -EFAULT;
    return 0;
}

static int sets_put(const struct sets *s)
{
    for (unsigned k = 0; k < 3; k++)
        if (s->at[k] && copy_to_user(s->at[k], s->found[k], words_of(s) * 4))
            return -EFAULT;
    return 0;
}

/* One descriptor, in each of the sets that it is in: in how many it is ready. */
static int select_one(struct sets *s, uint32_t fd, struct poll_wait *w)
{
    uint32_t word = fd / WORD_BITS, bit = 1u << fd % WORD_BITS, events;
    int found = 0;

    if (!((s->wanted[0][word] | s->wanted[1][word] | s->wanted[2][word]) & bit))
        return 0;
    events = events_of((int)fd, ~0u, w);
    if (events & POLLNVAL)
        return -EBADF;
    for (unsigned k = 0; k < 3; k++) {
        if (!(s->wanted[k][word] & bit) || !(events & set_masks[k]))
            continue;
        s->found[k][word] |= bit;
        found++;
    }
    return found;
}

static int select_look(void *arg, struct poll_wait *w)
{
    struct sets *s = arg;
    int found = 0;

    for (uint32_t fd = 0; fd < s->n; fd++) {
        int n = select_one(s, fd, found ? NULL : w);

        if (n < 0)
            return n;
        found += n;
        preempt_point();
    }
    return found;
}

/* Descriptors beyond the table are not looked at, as on Linux. */
static int select_for(uint32_t n, const vaddr_t at[3], uint64_t until_ns)
{
    struct sets *s;
    int result;

    if ((int32_t)n < 0)
        return -EINVAL;
    s = sets_new(MIN(n, (uint32_t)fdtable_size(proc_current()->files)), at);
    if (!s)
        return -ENOMEM;
    result = s->n ? sets_get(s) : 0;
    if (!result)
        result = wait_until(select_look, s, until_ns);
    if (result >= 0 && s->n && sets_put(s))
        result = -EFAULT;
    kfree(s);
    return result;
}

/* As wait_end_get for a timeval, whose microseconds may be more than a second. */
static int read_end_usec(vaddr_t utime, uint64_t *until)
{
    struct timespec32 t;

    *until = NEVER;
    if (!utime)
        return 0;
    if (copy_from_user(&t, utime, sizeof(t)))
        return -EFAULT;
    if (t.sec < 0 || t.nsec < 0)
        return -EINVAL;
    *until = (uint64_t)t.sec * NSEC_PER_SEC + (uint64_t)t.nsec * NSEC_PER_USEC;
    if (*until)
        *until = signal_deadline(*until);
    return 0;
}

SYSCALL4(sys_select, n, uread, uwrite, uexcept)
{
    const vaddr_t at[3] = {uread, uwrite, uexcept};
    vaddr_t utime = syscall_arg(5);
    uint64_t until;
    int result = read_end_usec(utime, &until);

    if (result)
        return result;
    result = select_for(n, at, until);
    if (utime) {
        struct timespec64 left = ns_split(time_left(until));
        struct timespec32 t = {(int32_t)left.sec, (int32_t)left.nsec / (int32_t)NSEC_PER_USEC};

        (void)!copy_to_user(utime, &t, sizeof(t));
    }
    return wait_result(result);
}

/* The mask comes as an address and a size, which are somewhere in memory. */
static int select_mask_get(struct wait_mask *mask, vaddr_t uarg)
{
    struct {
        uint32_t mask, size;
    } arg = {0, 0};

    if (uarg && copy_from_user(&arg, uarg, sizeof(arg)))
        return -EFAULT;
    return wait_mask_get(mask, arg.mask, arg.size);
}

static int pselect(uint32_t n, const vaddr_t at[3], bool wide)
{
    vaddr_t utime = syscall_arg(5);
    struct wait_mask mask;
    uint64_t until;
    int result = select_mask_get(&mask, syscall_arg(6));

    if (!result)
        result = wait_end_get(utime, wide, &until);
    if (result)
        return result;
    wait_mask_enter(&mask);
    result = select_for(n, at, until);
    wait_mask_leave(&mask, result);
    tell_left(utime, wide, until);
    return wait_result(result);
}

SYSCALL4(sys_pselect6, n, uread, uwrite, uexcept)
{
    return pselect(n, (const vaddr_t[3]){uread, uwrite, uexcept}, false);
}

SYSCALL4(sys_pselect6_64, n, uread, uwrite, uexcept)
{
    return pselect(n, (const vaddr_t[3]){uread, uwrite, uexcept}, true);
}
