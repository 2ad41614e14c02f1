/* SPDX-License-Identifier: MIT
 *
 * A page fault from its first step to its last; nobody else knows the order. Every fault is counted
 * when it enters and as exactly one kind when it leaves.
 * Locks: as->lock for reading (for writing while a stack grows; a driver that waits for a device
 * has it not meanwhile); node and frame locks inside.
 */
#include "mm/fault.h"

#include "include/uapi/errno.h"
#include "include/uapi/trace.h"
#include "kern/bugs.h"
#include "machine/cpu.h"
#include "mm/obj.h"
#include "mm/refs.h"

/* Each CPU counts for itself: nobody waits, and the kernel does not change CPUs between load and
 * store. */
static struct {
    struct fault_counters c;
} __aligned(64) counters[CPU_MAX];

#define LOOKS 64u /* at the counters, until nothing begins meanwhile */

static const char *const kind_names[FAULT_KINDS] = {TRACE_KIND_NAMES};

const char *fault_kind_name(enum fault_kind kind)
{
    return kind < FAULT_KINDS ? kind_names[kind] : "?";
}

static uint32_t entries_so_far(void)
{
    uint32_t n = 0;

    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
        n += __atomic_load_n(&counters[cpu].c.entries, __ATOMIC_ACQUIRE);
    return n;
}

/* Kinds first, entries last: whoever is seen to have left is seen to have entered, since locks are
 * given back between the two counts. */
static struct fault_counters look(void)
{
    struct fault_counters c = {0};
    uint32_t left = 0;

    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
        for (unsigned i = 0; i < FAULT_KINDS; i++)
            c.kind[i] += __atomic_load_n(&counters[cpu].c.kind[i], __ATOMIC_ACQUIRE);
    for (unsigned i = 0; i < FAULT_KINDS; i++)
        left += c.kind[i];
    c.entries = entries_so_far();
    c.in_progress = c.entries - left;
    return c;
}

/* Where no fault began from the first look to the last, in_progress had begun by then. */
struct fault_counters fault_counters(void)
{
    struct fault_counters c;
    unsigned tries = 0;
    uint32_t before;

    do {
        before = entries_so_far();
        c = look();
    } while (c.entries != before && ++tries < LOOKS);
    return c;
}

static void count(uint32_t *counter)
{
    __atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

/* The segment's protection allows the access. ARMv7 has no write-only and no execute-only memory:
 * either implies reading. */
static bool access_allowed(prot_t prot, prot_t access)
{
    return (prot & access) != 0 || (access == PROT_READ && prot != PROT_NONE);
}

static __noinline struct seg *search_segment(struct as *as, vaddr_t va)
{
    struct seg *s = as_find(as, va);

    if (s)
        __atomic_store_n(&as->last, s, __ATOMIC_RELAXED);
    return s;
}

/* Finds f->seg and what is wrong with the access. A stack that must grow is left to the caller. */
static inline enum fault_error find_segment(struct fault *f, vaddr_t va, bool force)
{
    struct seg *last = __atomic_load_n(&f->as->last, __ATOMIC_RELAXED);

    f->seg = likely(last && seg_holds(last, va)) ? last : search_segment(f->as, va);
    if (unlikely(!f->seg))
        return FAULT_NO_SEGMENT;
    prot_t allowed = f->seg->prot;

    if (unlikely(force) && !(f->seg->flags & SEG_SHARED && f->access == PROT_WRITE))
        allowed = f->seg->maxprot;
    if (!access_allowed(allowed, f->access))
        return FAULT_PROTECTION;
    return FAULT_OK;
}

/* A touch below a stack: lengthens it, with as->lock taken for writing meanwhile. */
static __noinline enum fault_error grow_stack(struct fault *f, vaddr_t va)
{
    struct as *as = f->as;
    struct seg *above;
    int error = -EFAULT;

    rwlock_read_done(&as->lock);
    rwlock_write(&as->lock);
    above = as_find_above(as, va);
    if (above && above->base > va && above->flags & SEG_GROWS)
        error = as_grow_stack(as, above, va);
    bool near_stack = above && above->flags & SEG_GROWS &&
                      page_of(as->stack_top - va) <= as->stack_limit_pages + STACK_GUARD_PAGES;

    rwlock_write_done(&as->lock);
    rwlock_read(&as->lock);
    if (!error)
        return FAULT_OK;
    if (error == -ENOMEM)
        return FAULT_NO_MEMORY;
    return near_stack ? FAULT_STACK_LIMIT : FAULT_NO_SEGMENT;
}

/* Reads f->pte, and f->node if it is nobody else's: then it stays so, since as->lock is held.
 * Without a lock: a node that has one root, and is in our slot after that was read, is ours. Who
 * gives a slot another node takes the old one out before it asks whether it is shared
 * (pt.c:unshare). A node that is out comes back first; -ENOMEM. */
static inline int find_entry(struct fault *f)
{
    struct node *n = pt_node(f->as->pt, f->va);

    if (unlikely(!n || __atomic_load_n(&frame_of_virt(n)->users, __ATOMIC_ACQUIRE) != 1 ||
                 pt_node(f->as->pt, f->va) != n)) {
        int error = n ? 0 : as_all_nodes(f->as);

        f->node = NULL;
        f->pte = pt_get(f->as, f->va);
        return error;
    }
    f->node = n;
    f->pte = node_get(n, node_index(f->va));
    return 0;
}

/* What the driver must still do: nothing if the page is there and may be used so. */
static bool needs_driver(const struct fault *f)
{
    if (!pte_in_core(f->pte))
        return true;
    if (f->access != PROT_WRITE)
        return false;
    return f->pte.raw & PTE_COW ||
           (f->pte.raw & PTE_SHARED &&
            !(__atomic_load_n(&frame_of(pte_pfn(f->pte))->flags, __ATOMIC_RELAXED) & FRAME_DIRTY));
}

/* Clears and sets flags of the frame, and leaves the others as they are by now: faults on other
 * nodes change them, too. */
static void set_flags(pfn_t pfn, struct frame *frame, uint16_t clear, uint16_t set)
{
    if (likely((__atomic_load_n(&frame->flags, __ATOMIC_RELAXED) & (clear | set)) == set))
        return;
    frame_lock(pfn);
    frame_set_flags(frame, clear, set);
    frame_unlock(pfn);
}

/* With the lock: obj_wrote, which has written, finds the flag, or we find what it wrote. */
static __noinline void sync_icache(pfn_t pfn, struct frame *frame)
{
    frame_lock(pfn);
    frame_set_flags(frame, 0, FRAME_ISYNC);
    hat_sync_icache(pfn);
    frame_unlock(pfn);
}

/* What the hardware may be told about a page in core: never more than segment and entry permit;
 * write access only to a page that is known to be dirty, which an object's page, that another
 * thread may have entered meanwhile, becomes with its driver's consent alone; execute access only
 * when the instruction cache is coherent. Brings it about for the access at hand. Node lock held.
 */
static prot_t load_prot(struct fault *f, const struct node *n, pte_t e)
{
    struct frame *frame = frame_of(pte_pfn(e));
    prot_t seg_prot = f->seg->prot, prot = PROT_READ;
    uint16_t flags = __atomic_load_n(&frame->flags, __ATOMIC_RELAXED), clear = 0, set = 0;

    if (f->access == PROT_EXEC) {
        if (!(flags & FRAME_ISYNC))
            sync_icache(pte_pfn(e), frame);
        set = FRAME_ISYNC;
        f->kind = MAX(f->kind, FAULT_UPGRADE);
    }
    if (seg_prot & PROT_WRITE && pte_own(e, n) &&
        (flags & FRAME_DIRTY ||
         (f->access == PROT_WRITE && (!(e.raw & PTE_SHARED) || f->agreed)))) {
        prot |= PROT_WRITE;
        set |= FRAME_DIRTY;
        if (f->access != PROT_EXEC && !BUG(icache_write))
            clear = FRAME_ISYNC;
    }
    if (seg_prot & PROT_EXEC && ((flags & ~clear) | set) & FRAME_ISYNC)
        prot |= PROT_EXEC;
    set_flags(pte_pfn(e), frame, clear, set);
    return prot;
}

void fault_load(struct fault *f, struct node *n)
{
    unsigned i = node_index(f->va);
    pte_t e = n->pte[i];
    pfn_t pfn;

    f->loaded = true;
    if (!pte_in_core(e) || f->seg->prot == PROT_NONE) /* as_peek may have brought it */
        return;
    prot_t had = hat_probe(n, i, &pfn), prot = load_prot(f, n, e);

    if (f->kind == FAULT_SPURIOUS && had == 0)
        f->kind = FAULT_RECLAIM;
    else if (f->kind == FAULT_SPURIOUS && (prot & ~had))
        f->kind = FAULT_UPGRADE;
    if (had != prot || pfn != pte_pfn(e))
        hat_load(&f->as->hat, n, f->va, pte_pfn(e), prot);
}

/* The last step, where the driver did not take it. */
static void load(struct fault *f)
{
    struct node *n = f->node;

    if (likely(n))
        node_lock(n);
    else
        n = pt_lock_node(f->as, f->va);
    if (n) {
        fault_load(f, n);
        node_unlock(n);
    }
}

static inline enum fault_error error_of(int error)
{
    switch (error) {
    case -ENOMEM: return FAULT_NO_MEMORY;
    case -ENXIO: return FAULT_BEYOND_END;
    case -EAGAIN: return FAULT_NO_MEMORY;
    default: return FAULT_IO;
    }
}

/* Segment, entry, driver, and all of it again if the driver had to wait. as->lock held for reading,
 * now and then, not always between. */
static inline enum fault_error resolve(struct fault *f, vaddr_t va, bool force)
{
    enum fault_error error;
    int answer;

    do {
        error = find_segment(f, va, force);
        if (unlikely(error == FAULT_NO_SEGMENT)) {
            error = grow_stack(f, va);
            if (error == FAULT_OK)
                error = find_segment(f, va, force);
        }
        if (unlikely(error))
            return error;
        answer = find_entry(f);
        if (likely(answer == 0 && needs_driver(f)))
            answer = f->seg->ops->fault(f);
        if (likely(answer == 0))
            return FAULT_OK;
    } while (answer == FAULT_RETRY);
    return error_of(answer);
}

/* All but the count of entries. watched: somebody wants to know of it. */
static inline __attribute__((always_inline)) enum fault_error handle(struct as *as, vaddr_t va,
                                                                     prot_t access, bool watched)
{
    struct fault f;
    enum fault_error error;
    enum fault_kind kind;

    f.as = as;
    f.va = page_base(va);
    f.access = access;
    f.kind = FAULT_SPURIOUS;
    f.loaded = f.agreed = false;
    do {
        rwlock_read(&as->lock);
        error = resolve(&f, va, false);
        if (unlikely(!f.loaded) && error == FAULT_OK)
            load(&f);
        if (watched && error == FAULT_OK && as->record)
            refs_fault(&f);
        rwlock_read_done(&as->lock);
    } while (error == FAULT_NO_MEMORY && oom_handle(as));
    kind = error ? FAULT_ERROR : f.kind;
    count(&counters[cpu_here()].c.kind[kind]);
    fault_account(kind);
    return error;
}

static __noinline enum fault_error handle_watched(struct as *as, vaddr_t va, prot_t access,
                                                  vaddr_t pc)
{
    if (likely(!hat_chaos(as, pc)))
        return handle(as, va, access, true);
    count(&counters[cpu_here()].c.kind[FAULT_SPURIOUS]);
    fault_account(FAULT_SPURIOUS);
    return FAULT_OK;
}

enum fault_error fault_handle(struct as *as, vaddr_t va, prot_t access, vaddr_t pc)
{
    count(&counters[cpu_here()].c.entries);
    if (unlikely(__atomic_load_n(&as->watched, __ATOMIC_RELAXED)))
        return handle_watched(as, va, access, pc);
    return handle(as, va, access, false);
}

/* The entry of va names a frame that the access may use: pins it. */
static int pin(struct fault *f, pfn_t *pfn)
{
    struct node *n = pt_lock_node(f->as, f->va);
    int error = -EAGAIN;

    if (!n)
        return error;
    pte_t e = n->pte[node_index(f->va)];

    if (pte_state(e) == PTE_DEVICE)
        error = -EFAULT;
    f->pte = e;
    if (!needs_driver(f) && (f->access != PROT_WRITE || pte_own(e, n))) {
        *pfn = pte_pfn(e);
        error = frame_use(*pfn, 0) ? -ENOMEM : 0;
        if (!error && f->access == PROT_WRITE) {
            frame_lock(*pfn);
            frame_of(*pfn)->flags |= FRAME_DIRTY;
            frame_of(*pfn)->flags &= (uint16_t)~FRAME_ISYNC;
            frame_unlock(*pfn);
        }
    }
    node_unlock(n);
    return error;
}

int fault_pin(struct as *as, vaddr_t va, prot_t access, bool force, pfn_t *pfn)
{
    struct fault f = {.as = as, .va = page_base(va), .access = access};
    enum fault_error error;
    int result;

    if (va >= USER_END)
        return -EFAULT;
    do {
        rwlock_read(&as->lock);
        error = resolve(&f, va, force);
        result = error ? 0 : pin(&f, pfn);
        if (unlikely(f.loaded) && as->record)
            refs_untouched(&f);
        rwlock_read_done(&as->lock);
    } while ((!error && result == -EAGAIN) || (error == FAULT_NO_MEMORY && oom_handle(as)));
    if (error)
        return error == FAULT_NO_MEMORY ? -ENOMEM : -EFAULT;
    return result;
}
