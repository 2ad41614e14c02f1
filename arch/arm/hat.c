/* SPDX-License-Identifier: MIT
 *
 * The HAT of ARMv7 short descriptors. A first level of 4 KiB an address space (TTBCR.N = 2); the
 * second level lies in the portable nodes. ASIDs carry a generation: when they run out, everything
 * is flushed and a new generation begins, in which what runs at that moment keeps its number. The
 * page's access and its type of memory are a const table from PROT_* to bits.
 * hat->cpus says which CPUs may hold translations: if that is this one alone, invalidation stays
 * here, else the hardware tells all of the inner shareable domain. A CPU enters itself before it
 * looks at the tables; who changes them stores first and looks at the mask then.
 * ASIDs go to the CPUs in batches.
 * Locks: node locks by the caller; asids.lock for making a generation, below the run queue's:
 * `making` says so to who must wait for it.
 * Source: ARM DDI 0406C B3.5.1, B3.7, B3.9 (ASIDs), B3.10 (TLB maintenance, B3.10.4 the switch).
 */
#include "mm/hat.h"

#include "arch/arm/boot.h"
#include "arch/arm/cp15.h"
#include "arch/arm/mmu.h"
#include "include/uapi/errno.h"
#include "kern/bootargs.h"
#include "kern/bugs.h"
#include "kern/cpu.h"
#include "kern/lock.h"
#include "kern/random.h"
#include "mm/as.h"
#include "proc/thread.h"

#define ASID_BITS   8
#define BY_PAGE_MAX 32 /* more pages than this are invalidated by ASID */

static struct {
    struct spin lock;
    uint32_t generation; /* atomic, written with lock: << ASID_BITS; never 0 */
    uint32_t next;       /* atomic: the generation, and the first ASID that no CPU has */
    uint32_t limit;      /* ASIDs are below; 8 with hat=chaos, more with the first new generation */
    bool chaos;          /* (c) */
    uint32_t table_bits; /* (c) first-level descriptor of a user table */
    uint32_t empty_base; /* (c) for the base register: a table without translations */
    uint8_t carried[32]; /* (c) in a generation; bit: an ASID that came along from the last one */
    uint32_t batch;      /* (c) numbers a CPU takes at a time */
    uint32_t making;     /* atomic, written with lock: a new generation looks at what runs */
} asids = {.lock = SPIN_INIT(LOCK_ASIDS),
           .generation = 1 << ASID_BITS,
           .next = 1 << ASID_BITS,
           .carried = {1},
           .limit = 255, /* so that counting up ends before the generation changes */
           .batch = 8,
           .table_bits = L1_TABLE};

/* ASIDs that a CPU gives out without the lock, as long as their generation lasts. */
static struct asid_batch {
    uint32_t generation, base;
    uint32_t free; /* bit i: base + i is nobody's yet */
} __aligned(64) batches[CPU_MAX];

#define L2_USER_DEVICE (L2_DEVICE | L2_USER | L2_NG)

static const uint16_t prot_bits[16] = {
    [PROT_NONE] = 0,
    [PROT_READ] = L2_NORMAL | L2_USER | L2_NG | L2_RO | L2_XN,
    [PROT_WRITE] = L2_NORMAL | L2_USER | L2_NG | L2_XN,
    [PROT_READ | PROT_WRITE] = L2_NORMAL | L2_USER | L2_NG | L2_XN,
    [PROT_EXEC] = L2_NORMAL | L2_USER | L2_NG | L2_RO,
    [PROT_READ | PROT_EXEC] = L2_NORMAL | L2_USER | L2_NG | L2_RO,
    [PROT_WRITE | PROT_EXEC] = L2_NORMAL | L2_USER | L2_NG,
    [PROT_READ | PROT_WRITE | PROT_EXEC] = L2_NORMAL | L2_USER | L2_NG,
    [HAT_DEVICE | PROT_READ] = L2_USER_DEVICE | L2_RO,
    [HAT_DEVICE | PROT_READ | PROT_WRITE] = L2_USER_DEVICE,
};

void hat_boot(void)
{
    asids.chaos = bootargs_is("hat", "chaos");
    if (asids.chaos) {
        asids.limit = 8;
        asids.batch = 1;
    }
    chaos_seed(random_u32());
    asids.empty_base = (uint32_t)mmu_phys(empty_l1) | TTBR_FLAGS;
    if ((cp15_read_id_mmfr0() & 15) >= 4)
        asids.table_bits |= L1_TABLE_PXN;
    if (IS_ENABLED(CONFIG_BUGS))
        bugs_boot();
    if (IS_ENABLED(CONFIG_LINT)) {
        asids.table_bits |= L1_DOMAIN1;
        lint_boot();
    }
}

static bool has_asid(const struct hat *h)
{
    return (__atomic_load_n(&h->asid, __ATOMIC_RELAXED) & ~0xffu) ==
           __atomic_load_n(&asids.generation, __ATOMIC_RELAXED);
}

/* As TLB maintenance is told it. */
static uint32_t number_of(const struct hat *h)
{
    return (h->asid & 0xff) ^ BUG(tlb_wrong_asid);
}

static uint32_t own_bit(void)
{
    return 1u << cpu_self()->id;
}

/* No other CPU holds translations of h. */
static bool only_here(const struct hat *h)
{
    return BUG(tlb_other_cpu) || !(__atomic_load_n(&h->cpus, __ATOMIC_RELAXED) & ~own_bit());
}

/* There is no other CPU: for what has no mask, nodes that are shared and the kernel itself. */
static bool alone(void)
{
    return cpus_online() == own_bit();
}

static void forget_all(void)
{
    if (alone())
        cp15_write_tlbiall(0);
    else
        cp15_write_tlbiallis(0);
}

void mmu_forget_all(void)
{
    dsb();
    forget_all();
    dsb();
    isb();
}

void mmu_forget_page(vaddr_t va)
{
    if (alone())
        cp15_write_tlbimvaa((uint32_t)va);
    else
        cp15_write_tlbimvaais((uint32_t)va);
}

/* Waits for a new generation that is just being made on another CPU: its number is there before
 * what runs has been carried over, and before the TLBs have forgotten. */
static __noinline bool has_asid_after_all(const struct hat *h)
{
    spin_unlock_irq(&asids.lock, spin_lock_irq(&asids.lock));
    return has_asid(h);
}

/* Some TLB may know h: without an ASID of this generation all of them have forgotten it. */
static bool may_be_known(const struct hat *h)
{
    return likely(has_asid(h)) || (h->asid && has_asid_after_all(h));
}

static void forget_page(const struct hat *h, vaddr_t va)
{
    if (!may_be_known(h))
        return;
    if (only_here(h))
        cp15_write_tlbimva((uint32_t)va | number_of(h));
    else
        cp15_write_tlbimvais((uint32_t)va | number_of(h));
}

/* CPUs that do not show h now leave its mask; one that comes back meanwhile stays in it. */
static void trim(struct hat *h)
{
    uint32_t others = __atomic_load_n(&h->cpus, __ATOMIC_RELAXED) & ~own_bit();

    for (; others; others &= others - 1) {
        const struct cpu *cpu = cpu_table[__builtin_ctz(others)];
        uint32_t bit = others & -others;

        if (__atomic_load_n(&cpu->hat, __ATOMIC_RELAXED) == h)
            continue;
        __atomic_fetch_and(&h->cpus, ~bit, __ATOMIC_RELAXED);
        memory_barrier();
        if (__atomic_load_n(&cpu->hat, __ATOMIC_RELAXED) == h)
            __atomic_fetch_or(&h->cpus, bit, __ATOMIC_RELAXED);
    }
}

static void forget_space(struct hat *h)
{
    if (!may_be_known(h))
        return;
    if (only_here(h)) {
        cp15_write_tlbiasid(number_of(h));
        return;
    }
    trim(h);
    cp15_write_tlbiasidis(number_of(h));
}

int hat_init(struct hat *h, const struct as *owner)
{
    pfn_t pfn = frame_alloc(FRAME_TABLE, owner, 0, FRAME_FOR_KERNEL | FRAME_CLEAR);

    if (pfn == NO_PFN)
        return -ENOMEM;
    h->table = pfn_to_virt(pfn);
    h->base = (uint32_t)mmu_phys(h->table) | TTBR_FLAGS;
    h->asid = 0;
    h->cpus = 0;
    return 0;
}

/* A new generation may just be looking at what ran somewhere: it is waited for. Either it saw that
 * no CPU names h any more, or we see that it is being made. */
void hat_destroy(struct hat *h)
{
    kassert(!hat_is_current(h));
    memory_barrier();
    if (__atomic_load_n(&asids.making, __ATOMIC_ACQUIRE))
        spin_unlock_irq(&asids.lock, spin_lock_irq(&asids.lock));
    frame_free(virt_to_pfn(h->table));
    h->table = NULL;
}

bool hat_is_current(const struct hat *h)
{
    return cpu_self()->hat == h;
}

/* What other CPUs show keeps its number, if that is of the generation which ends: an older one may
 * be another's by now. A CPU names its hat before it looks at the generation, so that either we see
 * the one or it sees the other and comes to take_asid. asids.lock held. */
static void new_generation(void)
{
    uint32_t others = cpus_online() & ~own_bit();
    uint32_t last = asids.generation, next = last + (1 << ASID_BITS);

    if (next == 0) /* has_asid: that of who never had a number */
        next = 1 << ASID_BITS;
    __atomic_store_n(&asids.making, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&asids.generation, next, __ATOMIC_RELAXED);
    memory_barrier();
    for (unsigned i = 0; i < ARRAY_SIZE(asids.carried); i++)
        asids.carried[i] = i == 0; /* 0 is nobody's */
    for (; others; others &= others - 1) {
        struct hat *h = __atomic_load_n(&cpu_table[__builtin_ctz(others)]->hat, __ATOMIC_RELAXED);
        uint32_t number = h ? h->asid & 0xff : 0;

        if (!h || (h->asid & ~0xffu) != last)
            continue;
        asids.carried[number / 8] |= (uint8_t)(1u << number % 8);
        __atomic_store_n(&h->asid, next | number, __ATOMIC_RELAXED);
    }
    asids.limit = MAX(asids.limit, 2 * cpus_count());
    if (!BUG(asid_reuse))
        forget_all();
    dsb(); /* before anybody gets a number of it */
    __atomic_store_n(&asids.next, next, __ATOMIC_RELEASE);
    __atomic_store_n(&asids.making, 0, __ATOMIC_RELEASE);
}

/* The next numbers for this CPU; false: none are left. What is read while the generation ends is
 * wrong, and of a generation that take_own does not take any more. */
static bool fill_batch(struct asid_batch *b)
{
    uint32_t next = __atomic_load_n(&asids.next, __ATOMIC_RELAXED);

    do {
        if ((next & 0xff) + asids.batch > asids.limit)
            return false;
    } while (!__atomic_compare_exchange_n(&asids.next, &next, next + asids.batch, true,
                                          __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
    b->generation = next & ~0xffu;
    b->base = next & 0xff;
    b->free = ((1u << asids.batch) - 1) & ~((uint32_t)asids.carried[b->base / 8] >> b->base % 8);
    memory_barrier();
    return true;
}

/* A number of this CPU's own for h, unless another CPU has just given it one. A generation that
 * begins meanwhile either sees the number and carries it over, or is seen here. */
static bool take_own(struct asid_batch *b, struct hat *h)
{
    uint32_t generation = __atomic_load_n(&asids.generation, __ATOMIC_RELAXED);
    uint32_t was = __atomic_load_n(&h->asid, __ATOMIC_RELAXED), asid;

    if (b->generation != generation || !b->free || (was & ~0xffu) == generation)
        return has_asid(h);
    asid = generation | (b->base + (uint32_t)__builtin_ctz(b->free));
    b->free &= b->free - 1;
    __atomic_compare_exchange_n(&h->asid, &was, asid, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    memory_barrier();
    return has_asid(h);
}

static void take_asid(struct hat *h)
{
    struct asid_batch *b = &batches[cpu_self()->id];
    uint32_t mask;

    if (likely(take_own(b, h)) || (fill_batch(b) && take_own(b, h)))
        return;
    mask = spin_lock_irq(&asids.lock);
    while (!take_own(b, h))
        if (!fill_batch(b))
            new_generation();
    spin_unlock_irq(&asids.lock, mask);
}

static inline void show(const struct hat *h)
{
    cp15_write_contextidr(h->asid & 0xff);
    isb();
    cp15_write_ttbr0(h->base);
    isb();
}

static __noinline void show_new(struct hat *h)
{
    take_asid(h);
    show(h);
}

/* Through a table without translations, so that nothing is speculated with the wrong ASID. */
void hat_switch(struct hat *h)
{
    struct cpu *cpu = cpu_self();
    uint32_t bit = 1u << cpu->id;

    if (cpu->hat == h)
        return;
    if (!BUG(switch_order))
        cp15_write_ttbr0(asids.empty_base);
    isb(); /* the former one is not walked any more: now its number need not be carried */
    __atomic_store_n(&cpu->hat, h, __ATOMIC_RELAXED);
    if (!h)
        return;
    if (!(__atomic_load_n(&h->cpus, __ATOMIC_RELAXED) & bit))
        __atomic_fetch_or(&h->cpus, bit, __ATOMIC_RELAXED);
    memory_barrier();
    if (unlikely(!has_asid(h)))
        show_new(h);
    else
        show(h);
}

static void set_slot(struct hat *h, unsigned slot, uint32_t first, uint32_t second)
{
    uint32_t *l1 = h->table;

    table_store_plain(&l1[2 * slot], first);
    table_store_plain(&l1[2 * slot + 1], second);
}

void hat_attach(struct hat *h, unsigned slot, struct node *n)
{
    uint32_t l2 = (uint32_t)mmu_phys(n->hat);

    set_slot(h, slot, l2 | asids.table_bits, (l2 + L2_BYTES) | asids.table_bits);
    dsb();
}

void hat_flush(struct hat *h)
{
    dsb();
    forget_space(h);
    dsb();
    isb();
}

void hat_detach(struct hat *h, unsigned slot)
{
    set_slot(h, slot, L1_INVALID, L1_INVALID);
    hat_flush(h);
}

/* The copy translates every page as the original does: what is cached stays right; only walks that
 * are cached by address of the first level must go (B3.10.1). */
void hat_replace(struct hat *h, unsigned slot, struct node *copy)
{
    vaddr_t va = (vaddr_t)slot << NODE_SHIFT;

    set_slot(h, slot, L1_INVALID, L1_INVALID);
    dsb();
    if (!BUG(tlb_walk)) {
        forget_page(h, va);
        forget_page(h, va + SECTION_SIZE);
    }
    dsb();
    hat_attach(h, slot, copy);
    isb();
}

/* Stale entries of one page go: of this address space, or of every sharer of the node. */
static void invalidate_page(struct hat *h, const struct node *n, vaddr_t va)
{
    if (node_shared(n))
        mmu_forget_page(va);
    else
        forget_page(h, va);
}

void hat_load(struct hat *h, struct node *n, vaddr_t va, pfn_t pfn, prot_t prot)
{
    uint32_t *entry = &n->hat[node_index(va)], old = *entry;

    if (old && old >> PAGE_SHIFT != pfn) { /* break before make */
        table_store(entry, 0);
        dsb();
        invalidate_page(h, n, va);
        dsb();
        old = 0;
    }
    table_store(entry, pfn << PAGE_SHIFT | prot_bits[prot & 15]);
    dsb();
    if (old) {
        invalidate_page(h, n, va);
        dsb();
    }
    isb();
}

/* No ISB: whoever uses the page gets there by returning from an exception. */
void hat_enter(struct node *n, vaddr_t va, pfn_t pfn, prot_t prot)
{
    table_store(&n->hat[node_index(va)], pfn << PAGE_SHIFT | prot_bits[prot & 7]);
    if (!BUG(use_before_dsb))
        dsb();
}

prot_t hat_probe(const struct node *n, unsigned index, pfn_t *pfn)
{
    uint32_t e = *(const volatile uint32_t *)&n->hat[index];

    *pfn = e >> PAGE_SHIFT;
    if (!(e & L2_PAGE))
        return PROT_NONE;
    return PROT_READ | (e & L2_RO ? 0 : PROT_WRITE) | (e & L2_XN ? 0 : PROT_EXEC);
}

bool hat_is_device(const struct node *n, unsigned index)
{
    return (n->hat[index] & (L2_PAGE | L2_TEX0 | L2_C)) == L2_PAGE;
}

/* After `changed` valid entries of [va, va + count) were changed: the TLB forgets them. */
static void invalidate_range(struct hat *h, const struct node *n, vaddr_t va, unsigned count,
                             unsigned changed)
{
    if (!BUG(tlbi_before_dsb))
        dsb();
    if (changed && count <= BY_PAGE_MAX)
        for (unsigned i = 0; i < count; i++)
            invalidate_page(h, n, va + i * PAGE_SIZE);
    else if (changed && node_shared(n))
        forget_all();
    else if (changed)
        forget_space(h);
    if (!BUG(tlbi_without_dsb))
        dsb();
    isb();
}

void hat_unload(struct hat *h, struct node *n, vaddr_t va, unsigned count)
{
    unsigned first = node_index(va), changed = 0;

    for (unsigned i = first; i < first + count; i++) {
        if (n->hat[i]) {
            table_store(&n->hat[i], 0);
            changed++;
        }
    }
    if (changed)
        invalidate_range(h, n, va, count, BUG(tlb_unmap) ? 0 : changed);
}

void hat_unload_own(struct hat *h, struct node *n, vaddr_t va)
{
    volatile uint32_t *entry = &n->hat[node_index(va)];

    if (!*entry)
        return;
    table_store(entry, 0);
    dsb();
    forget_page(h, va);
    dsb();
}

void hat_forget(struct node *n, vaddr_t va)
{
    volatile uint32_t *entry = &n->hat[node_index(va)];

    if (!*entry)
        return;
    table_store(entry, 0);
    dsb();
    mmu_forget_page(va);
    dsb();
    isb();
}

void hat_readonly(struct hat *h, struct node *n, vaddr_t va, unsigned count)
{
    unsigned first = node_index(va), changed = 0;

    for (unsigned i = first; i < first + count; i++) {
        if (n->hat[i] && !(n->hat[i] & L2_RO)) {
            table_store(&n->hat[i], *(volatile uint32_t *)&n->hat[i] | L2_RO);
            changed++;
        }
    }
    if (changed)
        invalidate_range(h, n, va, count, BUG(tlb_protect) ? 0 : changed);
}

bool hat_node_readonly(struct node *n)
{
    uint32_t writable = 0;

    for (uint32_t groups = node_groups(n); groups; groups &= groups - 1) {
        uint32_t *e = &n->hat[(unsigned)__builtin_ctz(groups) * NODE_GROUP], *end = e + NODE_GROUP;

        for (; e < end; e++) {
            if (*e && !(*e & L2_RO)) {
                table_store_plain(e, *e | L2_RO);
                writable = 1;
            }
        }
    }
    return writable != 0;
}

void hat_node_init(struct node *n)
{
    (void)n; /* a cleared frame holds nothing valid */
}

void hat_node_copy(struct node *to, const struct node *from)
{
    for (uint32_t groups = node_groups(from); groups; groups &= groups - 1) {
        unsigned first = (unsigned)__builtin_ctz(groups) * NODE_GROUP;

        for (unsigned i = first; i < first + NODE_GROUP; i++)
            to->hat[i] = from->hat[i];
    }
}

void hat_sync_icache(pfn_t pfn)
{
    uint32_t line = 4u << (cp15_read_ctr() >> 16 & 15);
    uintptr_t va = (uintptr_t)pfn_to_virt(pfn);

    for (uintptr_t p = va; p < va + PAGE_SIZE; p += line)
        cp15_write_dccmvau((uint32_t)p);
    dsb();
    if (BUG(icache_local))
        cp15_write_iciallu(0);
    else
        cp15_write_icialluis(0);
    cp15_write_bpiallis(0);
    dsb();
    isb();
}

bool hat_is_chaotic(void)
{
    return asids.chaos;
}

bool hat_chaos(struct as *as, vaddr_t pc)
{
    return unlikely(asids.chaos) && chaos_throw(as, pc);
}
