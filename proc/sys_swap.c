/* SPDX-License-Identifier: MIT
 *
 * swapon(2) and swapoff(2), and /proc/swaps. Locks: one call at a time.
 */
#include "fs/blockdev.h"
#include "fs/file.h"
#include "mm/as.h"
#include "mm/obj.h"
#include "mm/swap.h"
#include "proc/procfs_impl.h"
#include "proc/cred.h"
#include "proc/sys_impl.h"

#define SWAP_FLAG_PREFER    0x8000u
#define SWAP_FLAG_PRIO_MASK 0x7fffu
#define SWAP_FLAG_DISCARD   0x70000u /* all three: there is nothing to discard */

static struct mutex one = MUTEX_INIT(one, LOCK_SWAPON);

static int swap_on(struct vnode *v, int prio)
{
    struct file *f;
    int error = file_open(v, O_RDWR, NULL, &f);

    if (error)
        return error;
    error = blockdev_swap_on(f, prio);
    file_unref(f);
    return error;
}

static int swap_off(struct vnode *v)
{
    int error = blockdev_swap_off(v);

    vnode_unref(v);
    return error;
}

/* What may be promised and kept follows from what there is. */
static void set_limits(uint32_t before)
{
    uint32_t more = swap_stats().total - before;

    as_commit_limit_add((int32_t)more);
    obj_keep_limit(obj_kept().most + more);
}

SYSCALL2(sys_swapon, upath, flags)
{
    int prio = flags & SWAP_FLAG_PREFER ? (int)(flags & SWAP_FLAG_PRIO_MASK) : -1;
    uint32_t before;
    struct vnode *v;
    int error;

    if (flags & ~(SWAP_FLAG_PREFER | SWAP_FLAG_PRIO_MASK | SWAP_FLAG_DISCARD))
        return -EINVAL;
    if (!capable(CAP_SYS_ADMIN))
        return -EPERM;
    error = lookup_user(AT_FDCWD, upath, 0, &v);
    if (error)
        return error;
    mutex_lock(&one);
    before = swap_stats().total;
    error = swap_on(v, prio);
    set_limits(before);
    mutex_unlock(&one);
    return error;
}

SYSCALL1(sys_swapoff, upath)
{
    uint32_t before;
    struct vnode *v;
    int error = capable(CAP_SYS_ADMIN) ? lookup_user(AT_FDCWD, upath, 0, &v) : -EPERM;

    if (error)
        return error;
    mutex_lock(&one);
    before = swap_stats().total;
    error = swap_off(v);
    set_limits(before);
    mutex_unlock(&one);
    return error;
}

static unsigned kib(uint32_t pages)
{
    return pages << (PAGE_SHIFT - 10);
}

/* In Linux's format, KiB. */
void procfs_swaps(struct text *t, struct proc *p)
{
    struct swap_area_info a;

    (void)p;
    text_printf(t, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    for (unsigned i = 0; i < SWAP_AREAS; i++)
        if (swap_area(i, &a))
            text_printf(t, "%-40spartition\t%u\t\t%u\t\t%d\n", a.name, kib(a.usable), kib(a.used),
                        a.prio);
}
