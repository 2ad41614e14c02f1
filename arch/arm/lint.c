/* SPDX-License-Identifier: MIT
 *
 * Hardware lint: the hooks. QEMU has neither caches nor TLBs that know ASIDs, and translates as if
 * every store to a table were seen at once; what a kernel forgets to do for them is found here by
 * keeping a shadow of what they may hold. The worst is assumed: a CPU that shows an address space
 * has all of its valid entries cached, until it is told otherwise by maintenance that is complete.
 * Here: the barriers, the order of a switch, user memory that is closed by DACR.
 * Locks: one, innermost, interrupts masked. A hook runs before its instruction, or has the lock
 * over the store: so that what another CPU does is on the same side of both.
 * Source: ARM DDI 0406C B3.10 (TLB maintenance, B3.10.1 requirements, B3.10.4 ASID and TTBR0),
 * B2.2.9 (ordering of cache and branch predictor maintenance), B3.12 (domains), A3.8.3 (barriers).
 */
#include "arch/arm/lint.h"

#include <stdarg.h>

#include "arch/arm/cp15.h"
#include "arch/arm/lint_impl.h"
#include "arch/arm/mmu.h"
#include "kern/cpu.h"
#include "kern/log.h"
#include "kern/panic.h"
#include "kern/spin.h"
#include "kern/symbols.h"
#include "lib/fmt.h"
#include "mm/hat.h"

struct lint_cpu lint_cpus[CPU_MAX];

static struct {
    bool on;         /* atomic: from lint_boot to the first violation */
    uint32_t locked; /* atomic: 1 + CPU that has the lock, or 0 */
    char text[200];  /* (lock) of the violation */
} lint;

/* False: lint is off, or the caller is in it already, by a fault of its own. */
static bool enter(uint32_t *mask)
{
    uint32_t me, nobody = 0;

    if (!__atomic_load_n(&lint.on, __ATOMIC_RELAXED))
        return false;
    *mask = irq_save();
    me = cpu_here() + 1;
    if (__atomic_load_n(&lint.locked, __ATOMIC_RELAXED) != me) {
        while (!__atomic_compare_exchange_n(&lint.locked, &nobody, me, false, __ATOMIC_ACQUIRE,
                                            __ATOMIC_RELAXED))
            nobody = 0;
        if (__atomic_load_n(&lint.on, __ATOMIC_RELAXED))
            return true;
        __atomic_store_n(&lint.locked, 0, __ATOMIC_RELEASE);
    }
    irq_restore(*mask);
    return false;
}

static void leave(uint32_t mask)
{
    __atomic_store_n(&lint.locked, 0, __ATOMIC_RELEASE);
    irq_restore(mask);
}

const char *lint_place(uint32_t pc, char buf[LINT_PLACE])
{
    uint32_t offset = 0;
    char symbol[SYMBOL_NAME_MAX];
    const char *name = symbol_name(pc - 4, &offset, symbol);

    fmt_snprint(buf, LINT_PLACE, "%s+0x%x", name ? name : "?", (unsigned)offset + 4);
    return buf;
}

void lint_fail(const char *kind, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    fmt_vsnprint(lint.text, sizeof(lint.text), format, ap);
    va_end(ap);
    __atomic_store_n(&lint.on, false, __ATOMIC_RELAXED);
    __atomic_store_n(&lint.locked, 0, __ATOMIC_RELEASE);
    panic("lint: %s: %s", kind, lint.text);
}

uint32_t lint_showing(uint32_t asid)
{
    uint32_t cpus = 0;

    if (asid == LINT_GLOBAL)
        return cpus_online();
    for (unsigned i = 0; i < CPU_MAX; i++)
        cpus |= (uint32_t)(lint_shown(i) == asid) << i;
    return cpus;
}

void lint_boot(void)
{
    lint_tlb_boot();
    lint_icache_boot();
    log_printf("hardware lint is on\n");
    __atomic_store_n(&lint.on, true, __ATOMIC_RELEASE);
}

/* A descriptor that this CPU's walks need not see yet is about to be used by the thread that stored
 * it. Another thread's store is on its way to its barrier. */
static void check_stored(const struct lint_cpu *me, const char *use)
{
    char place[LINT_PLACE];

    if (me->stored && me->store_tid == cpu_thread_id())
        lint_fail("barrier", "no DSB between the store of the entry of %08x by %s and %s on cpu %u",
                  (unsigned)me->store_va, lint_place(me->store_pc, place), use, cpu_here());
}

static void note_store(vaddr_t va, uint32_t pc)
{
    struct lint_cpu *me = &lint_cpus[cpu_here()];

    me->work = me->stored = true;
    me->store_tid = cpu_thread_id();
    me->store_va = va;
    me->store_pc = pc;
}

static vaddr_t translated_by(uint32_t *entry)
{
    const struct frame *f = frame_of_virt(entry);
    uint32_t i = (uint32_t)((uintptr_t)entry & PAGE_MASK) / sizeof(uint32_t);

    if (frame_type(f) == FRAME_NODE)
        return page_addr((f->index >> 12) + i % NODE_PAGES);
    return (vaddr_t)i << SECTION_SHIFT;
}

void lint_store(uint32_t *entry, uint32_t value)
{
    uint32_t pc = (uint32_t)(uintptr_t)__builtin_return_address(0), old, mask;
    vaddr_t va = translated_by(entry);

    if (!enter(&mask)) {
        *(volatile uint32_t *)entry = value;
        return;
    }
    old = *entry;
    *(volatile uint32_t *)entry = value;
    note_store(va, pc);
    lint_tlb_stored(entry, old, value, pc);
    if (frame_type(frame_of_virt(entry)) == FRAME_NODE)
        lint_icache_stored(va, old, value, pc);
    leave(mask);
}

void lint_store_kernel(uint32_t *entry, uint32_t value, vaddr_t va, bool first)
{
    uint32_t pc = (uint32_t)(uintptr_t)__builtin_return_address(0), old, mask;

    if (!enter(&mask)) {
        *(volatile uint32_t *)entry = value;
        return;
    }
    old = *entry;
    *(volatile uint32_t *)entry = value;
    note_store(va, pc);
    lint_tlb_stored_kernel(va, old, value, first, pc);
    leave(mask);
}

/* B3.10.4: while the ASID changes TTBR0 shows a table without translations, and each step is over
 * before the next, so that no walk enters one space's translations under the other's number. */
static void set_asid(struct lint_cpu *me, uint32_t asid)
{
    if (me->table && asid != me->asid)
        lint_fail("switch", "ASID %u replaces %u on cpu %u while TTBR0 shows that one's table",
                  (unsigned)asid, (unsigned)me->asid, cpu_here());
    if (me->table_open && asid != me->asid)
        lint_fail("switch", "no ISB between TTBR0 and ASID %u on cpu %u", (unsigned)asid,
                  cpu_here());
    me->asid = asid;
    me->asid_open = true;
}

static void set_table(struct lint_cpu *me, uint32_t base)
{
    uint32_t *table = pfn_to_virt(base >> PAGE_SHIFT);

    me->table_open = true;
    if (table == empty_l1) {
        me->table = NULL;
        return;
    }
    if (me->asid_open)
        lint_fail("switch", "no ISB between ASID %u and TTBR0 on cpu %u", (unsigned)me->asid,
                  cpu_here());
    check_stored(me, "the switch to its space");
    lint_tlb_show(table);
    me->table = table;
}

void lint_cp15(enum lint_register which, uint32_t value)
{
    uint32_t mask;
    struct lint_cpu *me;

    if (!enter(&mask))
        return;
    me = &lint_cpus[cpu_here()];
    switch (which) {
    case LINT_ttbr0: set_table(me, value); break;
    case LINT_contextidr: set_asid(me, value & 0xff); break;
    case LINT_iciallu:
    case LINT_icialluis:
    case LINT_dccmvau:
        me->work = true;
        lint_icache_maintain(which, value);
        break;
    default: me->work = true; lint_tlb_invalidate(which, value);
    }
    leave(mask);
}

void lint_dsb(void)
{
    struct lint_cpu *me = &lint_cpus[cpu_here()];
    uint32_t mask;

    if (!me->work || !enter(&mask))
        return;
    me->work = me->stored = false;
    lint_tlb_dsb();
    lint_icache_dsb();
    leave(mask);
}

void lint_isb(void)
{
    struct lint_cpu *me = &lint_cpus[cpu_here()];

    me->asid_open = me->table_open = me->flushed = false;
}

void lint_to_user(void)
{
    struct lint_cpu *me = &lint_cpus[cpu_here()];
    uint32_t mask;

    if (enter(&mask)) {
        check_stored(me, "the return to user mode");
        lint_tlb_to_user();
        /* The return synchronises as an ISB does. */
        me->flushed = me->table_open = me->asid_open = false;
        leave(mask);
    }
    cp15_write_dacr(DACR_OPEN);
}

void lint_user_open(bool by_return)
{
    struct lint_cpu *me = &lint_cpus[cpu_here()];
    uint32_t mask;

    if (enter(&mask)) {
        check_stored(me, "the kernel's access to user memory");
        if (me->flushed && !by_return)
            lint_fail("barrier",
                      "no ISB between a TLB invalidation and the kernel's access to "
                      "user memory on cpu %u",
                      cpu_here());
        leave(mask);
    }
    cp15_write_dacr(DACR_OPEN);
    isb();
}

void lint_user_close(void)
{
    cp15_write_dacr(DACR_CLOSED);
    isb();
}

void lint_thread_ends(uint16_t tid)
{
    uint32_t mask;

    if (!enter(&mask))
        return;
    lint_tlb_thread_ends(tid);
    leave(mask);
}

void hat_frame_freed(pfn_t pfn)
{
    uint32_t mask;

    if (!enter(&mask))
        return;
    lint_tlb_frame_freed(pfn);
    lint_icache_written(pfn); /* by whoever has it next */
    leave(mask);
}

void hat_frame_written(pfn_t pfn)
{
    uint32_t mask;

    if (!enter(&mask))
        return;
    lint_icache_written(pfn);
    leave(mask);
}
