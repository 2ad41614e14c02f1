/* SPDX-License-Identifier: MIT
 *
 * System calls about ranges of mapped memory: mremap, madvise, msync, mincore and the mlock family.
 * Checks come in Linux's order, so that a call with several faults answers with the same one. What
 * is locked is counted before it becomes more: threads that lock at the same time may together pass
 * RLIMIT_MEMLOCK.
 */
#include "kern/lock.h"
#include "mm/as.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/limits.h"
#include "proc/sys_impl.h"

#define MREMAP_MAYMOVE   1u
#define MREMAP_FIXED     2u
#define MREMAP_DONTUNMAP 4u

#define MS_ASYNC      1u
#define MS_INVALIDATE 2u
#define MS_SYNC       4u

#define MLOCK_ONFAULT 1u
#define MCL_CURRENT   1u
#define MCL_FUTURE    2u
#define MCL_ONFAULT   4u

/* By number, up to DONTNEED_LOCKED. */
enum advice {
    MADV_NORMAL,
    MADV_RANDOM,
    MADV_SEQUENTIAL,
    MADV_WILLNEED,
    MADV_DONTNEED,
    MADV_FREE = 8,
    MADV_DONTFORK = 10,
    MADV_DOFORK,
    MADV_DONTDUMP = 16,
    MADV_DODUMP,
    MADV_WIPEONFORK,
    MADV_KEEPONFORK,
    MADV_COLD,
    MADV_PAGEOUT,
    MADV_POPULATE_READ,
    MADV_POPULATE_WRITE,
    MADV_DONTNEED_LOCKED,
};

_Static_assert(MREMAP_MAYMOVE == REMAP_MAYMOVE && MREMAP_FIXED == REMAP_FIXED &&
                   MREMAP_DONTUNMAP == REMAP_DONTUNMAP,
               "the flags are handed through");

static struct as *own_space(void)
{
    return proc_current()->as;
}

/* Pages of the range that lie below USER_END, where alone something can be mapped. */
static uint32_t pages_below_end(vaddr_t base, uint32_t npages)
{
    return base >= USER_END ? 0 : MIN(npages, page_of(USER_END - base));
}

/* The range, cut off where there are no mappings: that part counts as a gap. */
static int on_range(vaddr_t base, uint32_t npages, int (*call)(vaddr_t base, uint32_t npages))
{
    uint32_t below = pages_below_end(base, npages);
    int error = below ? call(base, below) : 0;

    return error ? error : below < npages ? -ENOMEM : 0;
}

/* What is locked may become so much longer. */
static bool remap_fits(const struct remap_request *r)
{
    uint32_t room = limit_lockable();
    const struct seg *s;
    bool locked;

    if (likely(room >= r->new_pages - r->old_pages))
        return true;
    rwlock_read(&own_space()->lock);
    s = as_find(own_space(), r->from);
    locked = s && s->flags & SEG_WIRED;
    rwlock_read_done(&own_space()->lock);
    return !locked;
}

SYSCALL4(sys_mremap, addr, old_len, new_len, flags)
{
    struct remap_request r = {.from = addr,
                              .to = syscall_arg(5),
                              .old_pages = pages_of(old_len),
                              .new_pages = pages_of(new_len),
                              .flags = flags};
    vaddr_t where;
    int error;

    if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
        return -EINVAL;
    if (!(flags & MREMAP_MAYMOVE) && flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
        return -EINVAL;
    if (flags & MREMAP_DONTUNMAP && old_len != new_len)
        return -EINVAL;
    if (new_len > old_len && !remap_fits(&r))
        return -EAGAIN;
    error = as_remap(own_space(), &r, &where);
    return error ? error : (long)where;
}

SYSCALL3(sys_msync, addr, len, flags)
{
    uint32_t npages = pages_of(len), below;
    int error;

    if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || addr & PAGE_MASK ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    if (addr + page_addr(npages) < addr)
        return -ENOMEM;
    if (len == 0)
        return 0;
    below = pages_below_end(addr, npages);
    error = below ? as_sync(own_space(), addr, below, flags & MS_SYNC, flags & MS_INVALIDATE) : 0;
    return error ? error : below < npages ? -ENOMEM : 0;
}

static int dont_need(vaddr_t base, uint32_t npages)
{
    return as_discard(own_space(), base, npages, SEG_DONTNEED);
}

static int dont_need_locked(vaddr_t base, uint32_t npages)
{
    return as_discard(own_space(), base, npages, SEG_DONTNEED_LOCKED);
}

static int is_cold(vaddr_t base, uint32_t npages)
{
    return as_discard(own_space(), base, npages, SEG_COLD);
}

static int may_free(vaddr_t base, uint32_t npages)
{
    return as_discard(own_space(), base, npages, SEG_FREE);
}

static int dont_fork(vaddr_t base, uint32_t npages)
{
    return as_set_flags(own_space(), base, npages, 0, SEG_DONTFORK);
}

static int do_fork(vaddr_t base, uint32_t npages)
{
    return as_set_flags(own_space(), base, npages, SEG_DONTFORK, 0);
}

static int wipe_on_fork(vaddr_t base, uint32_t npages)
{
    return as_set_flags(own_space(), base, npages, 0, SEG_WIPEONFORK);
}

static int keep_on_fork(vaddr_t base, uint32_t npages)
{
    return as_set_flags(own_space(), base, npages, SEG_WIPEONFORK, 0);
}

/* Nothing changes: only whether all of it is mapped is asked. */
static int look(vaddr_t base, uint32_t npages)
{
    return as_set_flags(own_space(), base, npages, 0, 0);
}

static int populate_read(vaddr_t base, uint32_t npages)
{
    return as_populate(own_space(), base, npages, POPULATE_READ);
}

static int populate_write(vaddr_t base, uint32_t npages)
{
    return as_populate(own_space(), base, npages, POPULATE_WRITE);
}

/* Hints about what will be used are right as they are: a page is there or comes quickly. */
SYSCALL3(sys_madvise, addr, len, advice)
{
    static int (*const calls[])(vaddr_t base, uint32_t npages) = {
        [MADV_NORMAL] = look,
        [MADV_RANDOM] = look,
        [MADV_SEQUENTIAL] = look,
        [MADV_WILLNEED] = look,
        [MADV_DONTNEED] = dont_need,
        [MADV_FREE] = may_free,
        [MADV_DONTFORK] = dont_fork,
        [MADV_DOFORK] = do_fork,
        [MADV_DONTDUMP] = look,
        [MADV_DODUMP] = look,
        [MADV_WIPEONFORK] = wipe_on_fork,
        [MADV_KEEPONFORK] = keep_on_fork,
        [MADV_COLD] = is_cold,
        [MADV_PAGEOUT] = is_cold,
        [MADV_POPULATE_READ] = populate_read,
        [MADV_POPULATE_WRITE] = populate_write,
        [MADV_DONTNEED_LOCKED] = dont_need_locked,
    };
    uint32_t npages = pages_of(len);

    if (advice >= ARRAY_SIZE(calls) || !calls[advice] || addr & PAGE_MASK)
        return -EINVAL;
    if ((len && !npages) || addr + page_addr(npages) < addr)
        return -EINVAL;
    return npages ? on_range(addr, npages, calls[advice]) : 0;
}

SYSCALL3(sys_mincore, addr, len, uvec)
{
    uint32_t npages = pages_of(len);
    uint8_t vec[64];

    if (addr & PAGE_MASK)
        return -EINVAL;
    if (!user_range_ok(addr, len))
        return -ENOMEM;
    if (!user_range_ok(uvec, npages))
        return -EFAULT;
    for (uint32_t done = 0; done < npages;) {
        uint32_t n = MIN(npages - done, (uint32_t)sizeof(vec));
        int error = as_incore(own_space(), addr + page_addr(done), n, vec);

        if (!error)
            error = copy_to_user(uvec + done, vec, n);
        if (error)
            return error;
        done += n;
        preempt_point();
    }
    return 0;
}

/* Pages that a range of bytes touches. -EINVAL: it wraps. */
static int lock_range(uint32_t *addr, uint32_t len, uint32_t *npages)
{
    uint32_t bytes = len + (*addr & PAGE_MASK);

    *addr = page_base(*addr);
    *npages = bytes < len ? 0 : pages_of(bytes);
    return *addr + page_addr(*npages) < *addr ? -EINVAL : 0;
}

static int wire(vaddr_t base, uint32_t npages)
{
    return as_wire(own_space(), base, npages, SEG_WIRED);
}

static int wire_on_fault(vaddr_t base, uint32_t npages)
{
    return as_wire(own_space(), base, npages, SEG_LOCK_FLAGS);
}

static int unwire(vaddr_t base, uint32_t npages)
{
    return as_wire(own_space(), base, npages, 0);
}

/* The caller may lock something at all. */
static bool may_lock(void)
{
    return capable(CAP_IPC_LOCK) || limit_soft(proc_current(), RLIMIT_MEMLOCK) != 0;
}

/* What is locked already does not count twice. */
static bool lock_fits(vaddr_t base, uint32_t npages)
{
    uint32_t room = limit_lockable(), locked;
    struct range r = {base, npages};

    if (npages <= room)
        return true;
    rwlock_read(&own_space()->lock);
    locked = as_pages(own_space(), AS_LOCKED, &r);
    rwlock_read_done(&own_space()->lock);
    return npages - locked <= room;
}

static int wire_and_fill(uint32_t addr, uint32_t len, bool fill)
{
    uint32_t npages;
    int error = may_lock() ? lock_range(&addr, len, &npages) : -EPERM;

    if (error || npages == 0)
        return error;
    if (!lock_fits(addr, npages))
        return -ENOMEM;
    error = on_range(addr, npages, fill ? wire : wire_on_fault);
    if (!error && fill)
        error = as_populate(own_space(), addr, npages, POPULATE);
    return error == -EFAULT ? -ENOMEM : error;
}

SYSCALL2(sys_mlock, addr, len)
{
    return wire_and_fill(addr, len, true);
}

SYSCALL3(sys_mlock2, addr, len, flags)
{
    return flags & ~MLOCK_ONFAULT ? -EINVAL : wire_and_fill(addr, len, !(flags & MLOCK_ONFAULT));
}

SYSCALL2(sys_munlock, addr, len)
{
    uint32_t npages;
    int error = lock_range(&addr, len, &npages);

    return error || npages == 0 ? error : on_range(addr, npages, unwire);
}

/* All that is mapped; the gaps are no error. */
static int all_flags(uint16_t clear, uint16_t set)
{
    int error = as_set_flags(own_space(), USER_MIN, page_of(USER_END - USER_MIN), clear, set);

    return error == -ENOMEM ? 0 : error;
}

/* All that is mapped may be locked. */
static bool all_fits(void)
{
    uint32_t most = limit_soft(proc_current(), RLIMIT_MEMLOCK), pages;

    if (capable(CAP_IPC_LOCK) || most == RLIM_INFINITY)
        return true;
    rwlock_read(&own_space()->lock);
    pages = as_pages(own_space(), AS_ALL, NULL);
    rwlock_read_done(&own_space()->lock);
    return pages <= page_of(most);
}

SYSCALL1(sys_mlockall, flags)
{
    uint16_t how = flags & MCL_ONFAULT ? SEG_LOCK_FLAGS : SEG_WIRED;
    int error = 0;

    if (flags == 0 || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
        return -EINVAL;
    if (!may_lock())
        return -EPERM;
    if (flags & MCL_CURRENT && !all_fits())
        return -ENOMEM;
    as_wire_future(own_space(), flags & MCL_FUTURE ? how : 0);
    if (flags & MCL_CURRENT)
        error = all_flags(SEG_LOCK_FLAGS, how);
    if (!error && flags & MCL_CURRENT && how == SEG_WIRED)
        as_populate_all(own_space());
    return error;
}

SYSCALL0(sys_munlockall)
{
    as_wire_future(own_space(), 0);
    return all_flags(SEG_LOCK_FLAGS, 0);
}
