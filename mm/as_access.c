/* SPDX-License-Identifier: MIT
 *
 * Reading and writing the memory of an address space that need not be the current one, page by
 * page through pinned frames: exec writes the new stack so, /proc reads arguments so.
 */
#include <string.h>

#include "include/uapi/errno.h"
#include "mm/as.h"
#include "mm/fault.h"
#include "mm/obj.h"

int as_peek(struct as *as, vaddr_t va, void *buf, size_t len)
{
    char *to = buf;

    while (len) {
        size_t offset = va & PAGE_MASK, n = MIN(len, PAGE_SIZE - offset);
        pfn_t pfn;
        int error = fault_pin(as, va, PROT_READ, true, &pfn);

        if (error)
            return error;
        memcpy(to, (char *)pfn_to_virt(pfn) + offset, n);
        frame_unuse(pfn);
        va += n;
        to += n;
        len -= n;
        preempt_point();
    }
    return 0;
}

/* Others may execute the page, or have written it to its file meanwhile. */
static void shared_written(pfn_t pfn)
{
    frame_lock(pfn);
    frame_of(pfn)->flags |= FRAME_DIRTY;
    frame_unlock(pfn);
    hat_sync_icache(pfn);
}

int as_poke(struct as *as, vaddr_t va, const void *buf, size_t len)
{
    const char *from = buf;

    while (len) {
        size_t offset = va & PAGE_MASK, n = MIN(len, PAGE_SIZE - offset);
        pfn_t pfn;
        int error = fault_pin(as, va, PROT_WRITE, true, &pfn);

        if (error)
            return error;
        memcpy((char *)pfn_to_virt(pfn) + offset, from, n);
        if (IS_ENABLED(CONFIG_LINT))
            hat_frame_written(pfn);
        if (frame_type(frame_of(pfn)) == FRAME_OBJ)
            shared_written(pfn);
        frame_unuse(pfn);
        va += n;
        from += n;
        len -= n;
        preempt_point();
    }
    return 0;
}

/* The access that populating a page asks for, or -Exxx; 0: nothing, a device is always there, and
 * what comes by faults alone does not come so. READ and WRITE pass over gaps: then *va is the page
 * behind. */
static int populate_access(struct as *as, vaddr_t *va, enum populate how)
{
    int access = how == POPULATE_WRITE ? PROT_WRITE : PROT_READ;
    const struct seg *s;

    rwlock_read(&as->lock);
    s = as_find_above(as, *va);
    if (s && s->base > *va && how != POPULATE)
        *va = s->base;
    if (!s || s->base > *va)
        access = -ENOMEM;
    else if (how == POPULATE && s->flags & SEG_ONFAULT)
        access = 0;
    else if (s->flags & SEG_DEVICE)
        access = how == POPULATE ? 0 : -EINVAL;
    else if (how == POPULATE && s->prot & PROT_WRITE && !(s->flags & SEG_SHARED))
        access = PROT_WRITE;
    else if (how != POPULATE && !(s->prot & (prot_t)access))
        access = -EINVAL;
    rwlock_read_done(&as->lock);
    return access;
}

/* Brings the page there. */
static int touch(struct as *as, vaddr_t va, prot_t access)
{
    pfn_t pfn;
    int error = fault_pin(as, va, access, false, &pfn);

    if (!error)
        frame_unuse(pfn);
    return error;
}

int as_populate(struct as *as, vaddr_t base, uint32_t npages, enum populate how)
{
    vaddr_t end = base + page_addr(npages);
    int gap = 0;

    for (vaddr_t va = base; va < end; va += PAGE_SIZE) {
        vaddr_t at = va;
        int access = populate_access(as, &va, how), error = access;

        if (va > at)
            gap = -ENOMEM;
        if (va >= end)
            break;
        if (access > 0)
            error = touch(as, va, (prot_t)access);
        if (error)
            return error;
        if (thread_interrupted())
            return -EINTR;
        rest_point();
    }
    return gap;
}

void as_populate_all(struct as *as)
{
    for (vaddr_t va = USER_MIN; va < USER_END && !thread_interrupted();) {
        const struct seg *s;
        struct range r = {USER_END, 0};

        rwlock_read(&as->lock);
        s = as_find_above(as, va);
        if (s)
            r = (struct range){MAX(s->base, va), page_of(seg_end(s) - MAX(s->base, va))};
        rwlock_read_done(&as->lock);
        (void)!as_populate(as, r.base, r.npages, POPULATE); /* as far as it goes */
        va = r.base + page_addr(r.npages);
    }
}

void as_wire_future(struct as *as, uint16_t how)
{
    rwlock_write(&as->lock);
    as->map_flags = how;
    as->map_fill = how == SEG_WIRED;
    rwlock_write_done(&as->lock);
}

int as_name_word(struct as *as, vaddr_t va, struct word_name *name)
{
    const struct seg *s;

    *name = (struct word_name){as, 0, page_of(va), (va & PAGE_MASK) | WORD_LOOKED_UP};
    rwlock_read(&as->lock);
    s = as_find(as, va);
    if (s && s->flags & SEG_SHARED && s->obj)
        *name = (struct word_name){NULL, s->obj->serial, seg_obj_page(s, va), va & PAGE_MASK};
    rwlock_read_done(&as->lock);
    return s ? 0 : -EFAULT;
}
