/* SPDX-License-Identifier: MIT
 *
 * Hardware lint's shadow of the TLBs. A space is an ASID and the table that was shown with it; a
 * CPU that showed it may have cached every valid entry that the table leads to, until all of the
 * ASID is invalidated there. What was valid and is changed becomes a stale translation, which those
 * CPUs may use: it goes when each of them was told to forget it, behind a DSB that made the change
 * visible, and a DSB waited for that; or when the entry is again what it was.
 * A stale translation is a violation
 *  - when the thread that made it returns to user mode and a CPU that may use it shows its space;
 *  - when a CPU that may use it comes to show its space afterwards;
 *  - when its frame (of the page, or of the table that a walk went through) is freed while a CPU
 *    that may use it shows its space;
 *  - when the entry is made valid with another frame or memory type (break before make).
 * So an operation may leave them while it lasts, and a space that is never shown again needs no
 * maintenance. An ASID that gets another table may not be cached where it is shown.
 * Locks: lint's. Source: ARM DDI 0406C B3.10.1 (which changes need which maintenance), B3.10.2.
 */
#include "arch/arm/lint_impl.h"

#include "arch/arm/mmu.h"
#include "kern/cpu.h"
#include "kern/log.h"
#include "kern/panic.h"
#include "lib/fmt.h"
#include "mm/frame.h"
#include "mm/pt.h"

#define ASIDS     256u
#define STALE_MAX 8192u

/* What may not change from valid to valid, besides the frame: memory type, global or not. */
#define L2_KEEP (L2_B | L2_C | 7u * L2_TEX0 | L2_S | L2_NG)

enum stale_flags {
    WALK = 1,       /* a first-level descriptor: walks of its MiB */
    UNSEEN = 2,     /* no DSB by the CPU that stored the change */
    TOO_EARLY = 4,  /* invalidated while that was so, which does not count */
    OTHER_ASID = 8, /* its address was invalidated for another ASID */
    DUE = 16,       /* its maker has gone on */
};

struct stale {
    uint32_t old, now; /* descriptors before and after */
    vaddr_t va;
    uint32_t pc; /* that stored `now` */
    uint16_t asid, tid;
    uint8_t cpus; /* may use it */
    uint8_t told; /* forgot it */
    uint8_t maker, flags;
    uint8_t begun[CPU_MAX]; /* by each CPU: invalidated there, and no DSB followed */
};

static struct {
    struct stale *stale; /* the first n are used */
    unsigned n;
    bool overflowed;
    struct {
        uint32_t *table; /* first level; NULL: none any more */
        uint8_t cpus;    /* may hold translations of it */
        uint8_t foreign; /* may hold those of a table that had the ASID before */
        bool listed;
    } space[ASIDS];
    uint8_t used[ASIDS]; /* ASIDs that are listed */
    unsigned nused;
} tlb;

void lint_tlb_boot(void)
{
    pfn_t pfn = frame_alloc_contiguous(pages_of(STALE_MAX * sizeof(struct stale)), 1);

    if (pfn == NO_PFN)
        panic("lint: no memory for the shadow of the TLBs");
    tlb.stale = pfn_to_virt(pfn);
}

static bool is_valid(uint32_t entry, unsigned flags)
{
    if (flags & WALK)
        return (entry & 3) == L1_TABLE;
    return (entry & (L2_PAGE | L2_AF)) == (L2_PAGE | L2_AF);
}

/* B3.10.1: from one valid entry to the other the hardware must see an invalid one. Permissions
 * alone may change at once. (A frame that nobody can write may be exchanged for one with the same
 * bytes, says the manual; nobody here relies on that.) */
static bool must_break(uint32_t old, uint32_t now, unsigned flags)
{
    if (flags & WALK)
        return (old ^ now) >> 10;
    return ((old ^ now) & (L2_KEEP | ~PAGE_MASK)) != 0;
}

static void drop(unsigned i)
{
    tlb.stale[i] = tlb.stale[--tlb.n];
}

static void drop_of_asid(uint32_t asid)
{
    for (unsigned i = 0; i < tlb.n;)
        if (tlb.stale[i].asid == asid)
            drop(i);
        else
            i++;
}

static const char *rights(const struct stale *s)
{
    if (s->flags & WALK)
        return "a table";
    if (s->old & L2_RO)
        return s->old & L2_XN ? "r--" : "r-x";
    return s->old & L2_XN ? "rw-" : "rwx";
}

static const char *reason(const struct stale *s)
{
    if (s->begun[s->maker])
        return "no DSB has waited for its invalidation";
    if (s->flags & TOO_EARLY)
        return "invalidated before a DSB made the change visible";
    if (s->told)
        return "invalidated, but not there";
    if (s->flags & OTHER_ASID)
        return "invalidated for another ASID";
    return "not invalidated";
}

static void __noreturn fail_stale(const char *kind, const struct stale *s, uint32_t cpus,
                                  const char *when)
{
    char place[LINT_PLACE], space[16];

    fmt_snprint(space, sizeof(space), "ASID %u", s->asid);
    lint_fail(kind,
              "%08x -> frame %x %s of %s may be used by cpu %u %s; changed by %s (thread %u, "
              "cpu %u); %s",
              (unsigned)s->va, (unsigned)(s->old >> PAGE_SHIFT), rights(s),
              s->asid == LINT_GLOBAL ? "the kernel" : space, (unsigned)__builtin_ctz(cpus), when,
              lint_place(s->pc, place), s->tid, s->maker, reason(s));
}

static void stale_add(const struct stale *s)
{
    if (tlb.n == STALE_MAX) {
        if (!tlb.overflowed)
            log_printf("lint: more than %u stale translations; it will not follow all\n",
                       STALE_MAX);
        tlb.overflowed = true;
        return;
    }
    tlb.stale[tlb.n++] = *s;
}

/* The entry is valid now: what is stale of it is right again, or must be gone. */
static void made_valid(uint32_t asid, const struct stale *change)
{
    for (unsigned i = 0; i < tlb.n;) {
        struct stale *s = &tlb.stale[i];

        if (s->va != change->va || s->asid != asid || (s->flags ^ change->flags) & WALK) {
            i++;
        } else if (s->old == change->now) {
            drop(i);
        } else {
            uint32_t using = s->cpus & lint_showing(asid);

            if (must_break(s->old, change->now, s->flags) && using)
                fail_stale("break before make", s, using, "when the entry is valid again");
            i++;
        }
    }
}

/* One entry of a space changed, as `change` has it. */
static void changed(uint32_t asid, uint32_t cpus, const struct stale *change)
{
    unsigned flags = change->flags;
    uint32_t using = cpus & lint_showing(asid);

    if (change->old == change->now || !cpus)
        return;
    if (is_valid(change->old, flags)) {
        struct stale s = *change;

        s.asid = (uint16_t)asid;
        s.cpus = (uint8_t)cpus;
        if (is_valid(change->now, flags) && must_break(change->old, change->now, flags) && using)
            fail_stale("break before make", &s, using, "beside the new one");
        stale_add(&s);
    }
    if (is_valid(change->now, flags))
        made_valid(asid, change);
}

static uint32_t *second_level(uint32_t descriptor)
{
    uint32_t at = descriptor & ~(L2_BYTES - 1);

    return (uint32_t *)((uintptr_t)pfn_to_virt(at >> PAGE_SHIFT) + (at & PAGE_MASK));
}

/* A first-level entry changed: itself, and all that it leads or led to. */
static void first_changed(uint32_t asid, uint32_t cpus, struct stale change)
{
    const uint32_t *old = is_valid(change.old, WALK) ? second_level(change.old) : NULL;
    const uint32_t *now = is_valid(change.now, WALK) ? second_level(change.now) : NULL;
    struct stale page = change;

    change.flags |= WALK;
    changed(asid, cpus, &change);
    for (unsigned i = 0; i < L2_ENTRIES; i++) {
        page.va = change.va + i * PAGE_SIZE;
        page.old = old ? old[i] : 0;
        page.now = now ? now[i] : 0;
        if (page.old | page.now)
            changed(asid, cpus, &page);
    }
}

static struct stale change_of(vaddr_t va, uint32_t old, uint32_t now, uint32_t pc)
{
    return (struct stale){.old = old,
                          .now = now,
                          .va = va,
                          .pc = pc,
                          .tid = cpu_thread_id(),
                          .maker = (uint8_t)cpu_here(),
                          .flags = UNSEEN};
}

void lint_tlb_stored(uint32_t *entry, uint32_t old, uint32_t now, uint32_t pc)
{
    const struct frame *f = frame_of_virt(entry);
    uint32_t at = (uint32_t)((uintptr_t)entry & PAGE_MASK) / sizeof(uint32_t);
    bool first = frame_type(f) != FRAME_NODE;
    uint32_t l2 = (uint32_t)mmu_phys(entry) & ~(L2_BYTES - 1);
    struct stale change = change_of(
        first ? at << SECTION_SHIFT : page_addr((f->index >> 12) + at % NODE_PAGES), old, now, pc);

    for (unsigned i = 0; i < tlb.nused; i++) {
        unsigned asid = tlb.used[i];
        uint32_t *table = tlb.space[asid].table;

        if (!table)
            continue;
        if (first) {
            if (table + at == entry)
                first_changed(asid, tlb.space[asid].cpus, change);
        } else {
            uint32_t walk = table[change.va >> SECTION_SHIFT];

            if (is_valid(walk, WALK) && !((walk ^ l2) & ~(L2_BYTES - 1)))
                changed(asid, tlb.space[asid].cpus, &change);
        }
    }
}

void lint_tlb_stored_kernel(vaddr_t va, uint32_t old, uint32_t now, bool first, uint32_t pc)
{
    struct stale change = change_of(va, old, now, pc);

    if (first)
        first_changed(LINT_GLOBAL, cpus_online(), change);
    else
        changed(LINT_GLOBAL, cpus_online(), &change);
}

/* The invalidation is of s. */
static bool names(enum lint_register which, uint32_t value, struct stale *s)
{
    bool same_page = !((s->va ^ value) >> (s->flags & WALK ? SECTION_SHIFT : PAGE_SHIFT));
    bool same_asid = s->asid == (value & 0xff);

    switch (which) {
    case LINT_tlbimva:
    case LINT_tlbimvais:
        if (same_page && !same_asid && s->asid != LINT_GLOBAL)
            s->flags |= OTHER_ASID;
        return same_page && (same_asid || s->asid == LINT_GLOBAL);
    case LINT_tlbimvaa:
    case LINT_tlbimvaais: return same_page;
    case LINT_tlbiasid:
    case LINT_tlbiasidis: return same_asid;
    default: return true;
    }
}

/* For the spaces: by ASID, or of everything. More than there is room for count at once. */
static void flush_begin(enum lint_register which, uint32_t value, uint32_t cpus)
{
    struct lint_cpu *me = &lint_cpus[cpu_here()];
    bool all = which == LINT_tlbiall || which == LINT_tlbiallis;

    if (!all && which != LINT_tlbiasid && which != LINT_tlbiasidis)
        return;
    if (me->nflush == LINT_FLUSHES)
        lint_tlb_dsb();
    me->flush[me->nflush].asid = (uint16_t)(all ? LINT_GLOBAL : value & 0xff);
    me->flush[me->nflush].cpus = (uint8_t)cpus;
    me->nflush++;
}

void lint_tlb_invalidate(enum lint_register which, uint32_t value)
{
    uint32_t cpus = which >= LINT_tlbiallis ? 0xff : 1u << cpu_here();

    lint_cpus[cpu_here()].flushed = true;
    flush_begin(which, value, cpus);
    for (unsigned i = 0; i < tlb.n; i++) {
        struct stale *s = &tlb.stale[i];

        if (!names(which, value, s))
            continue;
        if (s->flags & UNSEEN)
            s->flags |= TOO_EARLY;
        else
            s->begun[cpu_here()] |= (uint8_t)(s->cpus & cpus);
    }
}

/* The CPUs hold nothing of the ASID but what they have cached since. */
static void space_flushed(uint32_t asid, uint32_t cpus)
{
    tlb.space[asid].foreign &= (uint8_t)~cpus;
    tlb.space[asid].cpus &= (uint8_t) ~(cpus & ~lint_showing(asid));
    if (!tlb.space[asid].cpus)
        tlb.space[asid].table = NULL;
}

void lint_tlb_dsb(void)
{
    struct lint_cpu *me = &lint_cpus[cpu_here()];

    for (unsigned i = 0; i < tlb.n;) {
        struct stale *s = &tlb.stale[i];

        if (s->maker == cpu_here())
            s->flags &= (uint8_t)~UNSEEN;
        s->told |= s->begun[cpu_here()];
        s->cpus &= (uint8_t)~s->begun[cpu_here()];
        s->begun[cpu_here()] = 0;
        if (s->cpus)
            i++;
        else
            drop(i);
    }
    for (unsigned i = 0; i < me->nflush; i++)
        for (unsigned j = 0; j < tlb.nused; j++)
            if (me->flush[i].asid == LINT_GLOBAL || me->flush[i].asid == tlb.used[j])
                space_flushed(tlb.used[j], me->flush[i].cpus);
    me->nflush = 0;
}

static void adopt(uint32_t asid, uint32_t *table)
{
    uint32_t bit = 1u << cpu_here();

    if (!tlb.space[asid].listed)
        tlb.used[tlb.nused++] = (uint8_t)asid;
    tlb.space[asid].listed = true;
    if (tlb.space[asid].table != table) {
        drop_of_asid(asid);
        tlb.space[asid].foreign |= tlb.space[asid].cpus;
        tlb.space[asid].cpus = 0;
        tlb.space[asid].table = table;
    }
    if (tlb.space[asid].foreign & bit)
        lint_fail("ASID reuse",
                  "ASID %u gets the table in frame %x on cpu %u, which has not forgotten the "
                  "translations of the table that had it before",
                  (unsigned)asid, (unsigned)virt_to_pfn(table), cpu_here());
    tlb.space[asid].cpus |= (uint8_t)bit;
}

void lint_tlb_show(uint32_t *table)
{
    uint32_t asid = lint_cpus[cpu_here()].asid, bit = 1u << cpu_here();

    adopt(asid, table);
    for (unsigned i = 0; i < tlb.n; i++) {
        struct stale *s = &tlb.stale[i];

        if (s->flags & DUE && s->asid == asid && s->cpus & bit)
            fail_stale("stale TLB entry", s, bit, "at the switch to its space");
    }
}

void lint_tlb_to_user(void)
{
    uint32_t shown = lint_shown(cpu_here()), bit = 1u << cpu_here();

    for (unsigned i = 0; i < tlb.n; i++) {
        struct stale *s = &tlb.stale[i];
        bool mine = s->tid == cpu_thread_id() && !(s->flags & DUE);
        uint32_t using = 0;

        if (mine)
            using = s->cpus &lint_showing(s->asid);
        else if (s->flags & DUE && s->asid == shown)
            using = s->cpus &bit;
        if (using)
            fail_stale("stale TLB entry", s, using, "at the return to user mode");
        if (mine)
            s->flags |= DUE;
    }
}

void lint_tlb_thread_ends(uint16_t tid)
{
    for (unsigned i = 0; i < tlb.n; i++)
        if (tlb.stale[i].tid == tid)
            tlb.stale[i].flags |= DUE;
}

/* A first level goes: nobody may show it, and nobody will. */
static void table_freed(uint32_t pfn)
{
    for (unsigned i = 0; i < tlb.nused; i++) {
        unsigned asid = tlb.used[i];
        uint32_t using = lint_showing(asid);

        if (tlb.space[asid].table != pfn_to_virt(pfn))
            continue;
        if (using)
            lint_fail("table freed",
                      "first level in frame %x freed while cpu %u shows it (ASID %u)",
                      (unsigned)pfn, (unsigned)__builtin_ctz(using), asid);
        drop_of_asid(asid);
        tlb.space[asid].foreign |= tlb.space[asid].cpus;
        tlb.space[asid].cpus = 0;
        tlb.space[asid].table = NULL;
    }
}

/* A node goes: no table that is shown leads there. */
static void node_freed(uint32_t pfn, vaddr_t va)
{
    for (unsigned cpu = 0; cpu < CPU_MAX; cpu++) {
        const uint32_t *table = lint_cpus[cpu].table;

        if (table && is_valid(table[va >> SECTION_SHIFT], WALK) &&
            table[va >> SECTION_SHIFT] >> PAGE_SHIFT == pfn)
            lint_fail("table freed",
                      "node of %08x in frame %x freed while cpu %u walks it (ASID %u)",
                      (unsigned)va, (unsigned)pfn, cpu, (unsigned)lint_cpus[cpu].asid);
    }
}

void lint_tlb_frame_freed(uint32_t pfn)
{
    const struct frame *f = frame_of(pfn);

    for (unsigned i = 0; i < tlb.n; i++) {
        struct stale *s = &tlb.stale[i];
        uint32_t using = s->old >> PAGE_SHIFT == pfn ? s->cpus & lint_showing(s->asid) : 0;

        if (using)
            fail_stale("stale TLB entry", s, using, "when the frame is freed");
    }
    if (frame_type(f) == FRAME_TABLE)
        table_freed(pfn);
    else if (frame_type(f) == FRAME_NODE)
        node_freed(pfn, page_addr(f->index >> 12));
}
