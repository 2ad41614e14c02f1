/* SPDX-License-Identifier: MIT
 *
 * Fork of an address space: segments are copied, page-table nodes shared; no page is looked at.
 * Steps: the shell in the parent's family; a copy of each segment (the part that can fail); the
 * nodes, which both now see read-only. Undoing is as_leave of the copy. The copy is in the
 * original's part of all sets, behind it: who looks through an object's segments while nodes become
 * shared finds the original first.
 * Locks: both as->lock for writing, the parent's first; nobody else knows the copy.
 */
#include "mm/as.h"

#include "include/uapi/errno.h"
#include "mm/as_impl.h"
#include "mm/obj.h"
#include "mm/refs.h"

/* Behind *last, which it then is. */
static int copy_seg(const struct seg *from, struct as *to, struct seg **last)
{
    struct seg *s = seg_alloc();

    if (!s)
        return -ENOMEM;
    seg_copy(s, from);
    s->flags &= (uint16_t)~SEG_LOCK_FLAGS;
    if (s->ops->dup)
        s->ops->dup(from, s);
    as_insert(to, *last, s, NULL);
    *last = s;
    return 0;
}

static int copy_segs(struct as *from, struct as *to)
{
    uint32_t left = 0;
    struct seg *last = NULL;
    int error;

    for (struct tree_link *l = from->special ? tree_first(&from->segs) : NULL; l;
         l = tree_next(l)) {
        const struct seg *s = container_of(l, struct seg, by_addr);

        if ((s->flags & (SEG_DONTFORK | SEG_COMMITTED)) == (SEG_DONTFORK | SEG_COMMITTED))
            left += s->npages;
    }
    error = as_commit_again(to, from->committed - left);
    for (struct tree_link *l = tree_first(&from->segs); l && !error; l = tree_next(l)) {
        struct seg *s = container_of(l, struct seg, by_addr);

        if (!(s->flags & SEG_DONTFORK))
            error = copy_seg(s, to, &last);
        preempt_point();
    }
    return error;
}

static void copy_layout(const struct as *from, struct as *to)
{
    to->brk_start = from->brk_start;
    to->brk = from->brk;
    to->stack_top = from->stack_top;
    to->stack_limit_pages = from->stack_limit_pages;
    to->limits = from->limits;
    to->limited = from->limited;
    to->mmap_top = from->mmap_top;
    to->special = from->special;
    to->arg_start = from->arg_start;
    to->arg_end = from->arg_end;
    to->env_start = from->env_start;
    to->env_end = from->env_end;
}

/* The pages of what the child does not get, or gets empty. */
static int drop_pages(const struct as *from, struct as *to)
{
    int error = 0;

    for (struct tree_link *l = tree_first(&from->segs); l && !error; l = tree_next(l)) {
        const struct seg *s = container_of(l, struct seg, by_addr);

        if (s->flags & (SEG_DONTFORK | SEG_WIPEONFORK))
            error = pt_unmap(to, s->base, s->npages);
        preempt_point();
    }
    return error;
}

int as_fork(struct as *from, struct as **copy)
{
    struct as *to = as_create_in(from->family, from->part);
    int error;

    if (!to)
        return -ENOMEM;
    to->forking = true;
    rwlock_write(&from->lock);
    copy_layout(from, to);
    error = as_all_nodes(from);
    if (!error)
        error = copy_segs(from, to);
    if (!error)
        pt_share(from, to);
    if (!error && from->record)
        refs_unshare(from);
    if (!error && from->special)
        error = drop_pages(from, to);
    __atomic_store_n(&to->forking, false, __ATOMIC_RELEASE);
    rwlock_write_done(&from->lock);
    if (error) {
        as_leave(to);
        return error;
    }
    *copy = to;
    return 0;
}
