/* SPDX-License-Identifier: MIT
 *
 * A HAT for the host with the habits of a real one: a first level of its own, entries in the nodes
 * (frame << 12 | prot), and a TLB for each address space that keeps what it has seen until mm
 * invalidates it by the contract of mm/hat.h, so that what is forgotten shows. Also what mm needs
 * of other layers: panic, log, boot arguments, sleeping locks (pthreads), memory shortage.
 * Locks: tlbs.lock, innermost, around every look into a TLB and the access that follows from it;
 * first levels by as->pt_lock.
 */
#include "tests/host/fake_hat.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "include/uapi/errno.h"
#include "kern/kthread.h"
#include "kern/bootargs.h"
#include "kern/log.h"
#include "kern/panic.h"
#include "kern/clock.h"
#include "kern/trace.h"
#include "kern/waitq.h"
#include "machine/cpu.h"
#include "mm/fault.h"
#include "mm/obj.h"
#include "mm/page.h"
#include "mm/slab.h"

#define FIRST_PFN    0x40000u
#define TLBS         64
#define WRITER_WAITS 0x10000u
#define TLB_WAYS     512

int fake_dawdle;
int fake_chaos;
int fake_oom_gives_up = 1;
int fake_strict_commit;
uint32_t fake_ramdisk;
bool fake_interrupted;
bool fake_walks_free;
uintptr_t fake_bias;

/* One translation: page << 32 | frame << 12 | prot; 0: none. */
struct tlb {
    bool used;
    uint64_t entry[TLB_WAYS];
};

static uint8_t *icache; /* a byte for each of RAM */
static struct {
    struct spin lock;
    struct tlb tlb[TLBS + 1]; /* (lock) hat->asid names one; 0 is nobody's */
} tlbs;

/* Weak: a test that explores schedules does something between steps (tests/host/coop). */
__attribute__((weak)) void fake_mmu_changes(enum fake_mmu what, uint32_t which)
{
    (void)what, (void)which;
}

__attribute__((weak)) void fake_mmu_access(struct as *as, vaddr_t va, prot_t access)
{
    (void)as, (void)va, (void)access;
}

__attribute__((weak)) void fake_page_changes(void *page, const void *from)
{
    (void)page, (void)from;
}

/* Not spin_lock: nobody has to know of this one. */
static void tlb_lock(void)
{
    while (!spin_raw_try(&tlbs.lock))
        sched_yield();
}

static void tlb_unlock(void)
{
    spin_raw_give(&tlbs.lock);
}

static uint64_t *tlb_entry(struct tlb *t, vaddr_t va)
{
    return &t->entry[page_of(va) % TLB_WAYS];
}

static void tlb_forget(struct tlb *t, vaddr_t va)
{
    uint64_t *e = tlb_entry(t, va);

    if (*e >> 32 == page_of(va))
        *e = 0;
}

/* One page's translations go: of h, or of every sharer of the node. */
/* h NULL: of whoever has the node. */
static void invalidate(struct hat *h, const struct node *n, vaddr_t va)
{
    bool everywhere = !h || node_shared(n);

    tlb_lock();
    for (unsigned i = 1; everywhere && i <= TLBS; i++)
        tlb_forget(&tlbs.tlb[i], va);
    if (!everywhere)
        tlb_forget(&tlbs.tlb[h->asid], va);
    tlb_unlock();
}

/* Page-out has no thread here: tests call what it does. */
__attribute__((weak)) int kthread_start(void (*entry)(void *arg), void *arg)
{
    (void)entry, (void)arg;
    return 0;
}

/* Weak: tests of files have a clock of their own. */
__attribute__((weak)) uint64_t clock_ns(void)
{
    return 0;
}

static struct node **slot_of(const struct hat *h, unsigned slot)
{
    return (struct node **)h->table + slot;
}

/* A moment at which another thread may come between. */
static void dawdle(void)
{
    if (fake_dawdle)
        sched_yield();
}

/* What is told about a node that is no longer the address space's goes astray. */
static void check_node(const struct hat *h, const struct node *n, vaddr_t va)
{
    if (*slot_of(h, node_slot(va)) != n)
        panic("hat: page %lx has another node by now", (unsigned long)va);
}

void page_clear(void *page)
{
    dawdle();
    fake_page_changes(page, NULL);
    memset(page, 0, PAGE_SIZE);
}

void words_clear(void *p, unsigned n)
{
    memset(p, 0, n);
}

void page_copy(void *to, const void *from)
{
    fake_page_changes(to, from);
    memcpy(to, from, PAGE_SIZE);
    dawdle();
}

int hat_init(struct hat *h, const struct as *owner)
{
    pfn_t pfn = frame_alloc(FRAME_TABLE, owner, 0, FRAME_FOR_KERNEL | FRAME_CLEAR);

    if (pfn == NO_PFN)
        return -ENOMEM;
    h->table = pfn_to_virt(pfn);
    h->asid = 0;
    tlb_lock();
    for (unsigned i = 1; i <= TLBS && !h->asid; i++)
        if (!tlbs.tlb[i].used)
            h->asid = i;
    if (!h->asid)
        panic("more than %d address spaces", TLBS);
    memset(&tlbs.tlb[h->asid], 0, sizeof(tlbs.tlb[0]));
    tlbs.tlb[h->asid].used = true;
    tlb_unlock();
    return 0;
}

void hat_destroy(struct hat *h)
{
    tlb_lock();
    tlbs.tlb[h->asid].used = false;
    tlb_unlock();
    frame_free(virt_to_pfn(h->table));
    h->table = NULL;
}

void hat_switch(struct hat *h)
{
    (void)h;
}

bool hat_is_current(const struct hat *h)
{
    (void)h;
    return false;
}

void hat_attach(struct hat *h, unsigned slot, struct node *n)
{
    fake_mmu_changes(FAKE_MMU_SPACE, h->asid);
    if (*slot_of(h, slot))
        panic("hat_attach: slot %u is in use", slot);
    *slot_of(h, slot) = n;
}

void hat_detach(struct hat *h, unsigned slot)
{
    fake_mmu_changes(FAKE_MMU_SPACE, h->asid);
    *slot_of(h, slot) = NULL;
    hat_flush(h);
}

void hat_replace(struct hat *h, unsigned slot, struct node *copy)
{
    fake_mmu_changes(FAKE_MMU_SPACE, h->asid);
    *slot_of(h, slot) = copy;
}

void hat_load(struct hat *h, struct node *n, vaddr_t va, pfn_t pfn, prot_t prot)
{
    pte_t e = n->pte[node_index(va)];
    uint32_t old = n->hat[node_index(va)];

    fake_mmu_changes(FAKE_MMU_PAGE, page_of(va));
    check_node(h, n, va);
    if (!(pte_in_core(e) || pte_state(e) == PTE_DEVICE) || pte_pfn(e) != pfn)
        panic("hat_load: page %lx is not what the page table says", (unsigned long)va);
    if ((pte_state(e) == PTE_DEVICE) != ((prot & HAT_DEVICE) != 0))
        panic("hat_load: page %lx gets another type of memory", (unsigned long)va);
    if (prot & HAT_DEVICE && prot & PROT_EXEC)
        panic("hat_load: device page %lx would be executable", (unsigned long)va);
    if (prot & PROT_WRITE && !pte_own(e, n))
        panic("hat_load: page %lx would be writable and is shared", (unsigned long)va);
    n->hat[node_index(va)] = pfn << 12 | prot;
    if (old)
        invalidate(h, n, va);
}

void hat_enter(struct node *n, vaddr_t va, pfn_t pfn, prot_t prot)
{
    fake_mmu_changes(FAKE_MMU_PAGE, (frame_of_virt(n)->index >> 12) + node_index(va));
    if (n->hat[node_index(va)])
        panic("hat_enter: page %lx is entered already", (unsigned long)va);
    if (prot & PROT_WRITE && !pte_own(n->pte[node_index(va)], n))
        panic("hat_enter: page %lx would be writable and is shared", (unsigned long)va);
    n->hat[node_index(va)] = pfn << 12 | prot;
}

prot_t hat_probe(const struct node *n, unsigned index, pfn_t *pfn)
{
    *pfn = n->hat[index] >> 12;
    return n->hat[index] & 7;
}

bool hat_is_device(const struct node *n, unsigned index)
{
    return n->hat[index] & HAT_DEVICE;
}

void hat_unload(struct hat *h, struct node *n, vaddr_t va, unsigned count)
{
    check_node(h, n, va);
    for (unsigned i = 0; i < count; i++) {
        if (n->hat[node_index(va) + i]) {
            fake_mmu_changes(FAKE_MMU_PAGE, page_of(va) + i);
            n->hat[node_index(va) + i] = 0;
            invalidate(h, n, va + i * PAGE_SIZE);
        }
    }
}

void hat_unload_own(struct hat *h, struct node *n, vaddr_t va)
{
    if (node_shared(n))
        panic("hat_unload_own: page %lx has others who see it", (unsigned long)va);
    hat_unload(h, n, va, 1);
}

/* Nobody says whose: all who have the node. */
void hat_forget(struct node *n, vaddr_t va)
{
    unsigned i = node_index(va);

    if (!n->hat[i])
        return;
    fake_mmu_changes(FAKE_MMU_PAGE, page_of(va));
    n->hat[i] = 0;
    invalidate(NULL, n, va);
}

void hat_readonly(struct hat *h, struct node *n, vaddr_t va, unsigned count)
{
    check_node(h, n, va);
    for (unsigned i = 0; i < count; i++) {
        if (n->hat[node_index(va) + i] & PROT_WRITE) {
            fake_mmu_changes(FAKE_MMU_PAGE, page_of(va) + i);
            n->hat[node_index(va) + i] &= ~PROT_WRITE;
            invalidate(h, n, va + i * PAGE_SIZE);
        }
    }
}

bool hat_node_readonly(struct node *n)
{
    uint32_t writable = 0;

    fake_mmu_changes(FAKE_MMU_NODE, frame_of_virt(n)->index >> 12);
    for (unsigned i = 0; i < NODE_PAGES; i++) {
        writable |= n->hat[i] & PROT_WRITE;
        n->hat[i] &= ~PROT_WRITE;
    }
    return writable != 0;
}

void hat_flush(struct hat *h)
{
    fake_mmu_changes(FAKE_MMU_SPACE, h->asid);
    tlb_lock();
    memset(tlbs.tlb[h->asid].entry, 0, sizeof(tlbs.tlb[0].entry));
    tlb_unlock();
}

void hat_node_init(struct node *n)
{
    memset(n->hat, 0, sizeof(n->hat));
}

void hat_node_copy(struct node *to, const struct node *from)
{
    memcpy(to->hat, from->hat, sizeof(to->hat));
    dawdle();
}

/* What instruction fetches see of the frame: what memory had when it was last synchronised. */
static uint8_t *icache_of(pfn_t pfn)
{
    return icache + (size_t)(pfn - FIRST_PFN) * PAGE_SIZE;
}

void hat_sync_icache(pfn_t pfn)
{
    tlb_lock();
    memcpy(icache_of(pfn), pfn_to_virt(pfn), PAGE_SIZE);
    tlb_unlock();
}

uint8_t *fake_device(pfn_t pfn)
{
    static uint8_t registers[FAKE_DEVICE_PAGES][PAGE_SIZE];

    if (pfn - FAKE_DEVICE_PFN >= FAKE_DEVICE_PAGES)
        panic("fake_device: there is no device at page %x", (unsigned)pfn);
    return registers[pfn - FAKE_DEVICE_PFN];
}

/* The access if translation e permits it; tlbs.lock held, so that it is over before whoever
 * invalidates the translation goes on. */
/* Whoever writes to what may be executed, here or in another mapping of it, does as cacheflush
 * does.
 */
static bool access_by(uint64_t e, vaddr_t va, prot_t access, uint8_t *byte)
{
    pfn_t pfn = (pfn_t)(e >> 12 & 0xfffff);
    uint8_t *p, *fetched;

    if (!(e & access))
        return false;
    if (e & HAT_DEVICE) {
        p = fake_device(pfn) + (va & PAGE_MASK);
        *(access == PROT_WRITE ? p : byte) = access == PROT_WRITE ? *byte : *p;
        return true;
    }
    p = (uint8_t *)pfn_to_virt(pfn) + (va & PAGE_MASK);
    fetched = icache_of(pfn) + (va & PAGE_MASK);
    if (access == PROT_WRITE) {
        *p = *byte;
        if (e & PROT_EXEC || frame_type(frame_of(pfn)) == FRAME_OBJ)
            *fetched = *byte;
    } else {
        *byte = access == PROT_EXEC ? *fetched : *p;
    }
    return true;
}

/* The walk: first level, second level; what is valid goes to the TLB, whose lock is held. */
static uint64_t walk(struct as *as, vaddr_t va)
{
    const struct node *n = *slot_of(&as->hat, node_slot(va));
    uint64_t e = n ? (uint64_t)page_of(va) << 32 | n->hat[node_index(va)] : 0;

    if (!(e & 7))
        return 0;
    *tlb_entry(&tlbs.tlb[as->hat.asid], va) = e;
    return e;
}

static bool access_by_walk(struct as *as, vaddr_t va, prot_t access, uint8_t *byte)
{
    struct node *n;
    bool done = false;

    spin_lock(&as->pt_lock);
    n = *slot_of(&as->hat, node_slot(va));
    if (n) {
        node_lock(n);
        tlb_lock();
        done = access_by(walk(as, va), va, access, byte);
        tlb_unlock();
        node_unlock(n);
    }
    spin_unlock(&as->pt_lock);
    return done;
}

/* What the TLB has; 0: nothing. */
static uint64_t tlb_find(const struct as *as, vaddr_t va)
{
    uint64_t e = *tlb_entry(&tlbs.tlb[as->hat.asid], va);

    return e >> 32 == page_of(va) ? e : 0;
}

bool fake_access(struct as *as, vaddr_t va, prot_t access, uint8_t *byte)
{
    bool done = false;
    uint64_t e;

    if (va >= USER_END)
        return false;
    fake_mmu_access(as, va, access);
    tlb_lock();
    e = tlb_find(as, va);
    if (!e && fake_walks_free)
        e = walk(as, va);
    if (e)
        done = access_by(e, va, access, byte);
    tlb_unlock();
    return e || fake_walks_free ? done : access_by_walk(as, va, access, byte);
}

pfn_t fake_translate(struct as *as, vaddr_t va, prot_t access)
{
    const struct node *n = *slot_of(&as->hat, node_slot(va));
    uint64_t e = tlb_find(as, va);

    if (!e && n)
        e = n->hat[node_index(va)];
    return e & access ? (pfn_t)(e >> 12 & 0xfffff) : NO_PFN;
}

bool oom_handle(struct as *as)
{
    (void)as;
    if (!fake_oom_gives_up)
        sched_yield();
    return !fake_oom_gives_up;
}

void fault_account(enum fault_kind kind)
{
    (void)kind;
}

/* Nothing is traced here: direct_map.traced stays 0. */
void trace_write(enum trace_event event, unsigned info, uint32_t a, uint32_t b)
{
    (void)info;
    panic("trace_write(%u, %x, %x)", event, (unsigned)a, (unsigned)b);
}

void panic(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    abort();
}

void log_printf(const char *format, ...)
{
    (void)format;
}

bool bootargs_is(const char *key, const char *value)
{
    return fake_strict_commit && strcmp(key, "overcommit_memory") == 0 && strcmp(value, "2") == 0;
}

bool thread_interrupted(void)
{
    return fake_interrupted;
}

void preempt_point(void)
{
    dawdle();
}

void rest_point(void)
{
    dawdle();
}

static void print_finding(void *arg, const char *what)
{
    (void)arg;
    fprintf(stderr, "mm_check: %s\n", what);
}

int fake_check(void)
{
    return mm_check(print_finding, NULL);
}

uint32_t fake_in_use(void)
{
    struct frame_stats s;

    mm_drain();
    s = frame_stats();
    return s.total - s.free - s.cache;
}

void fake_machine(uint32_t nframes)
{
    static char *arena;
    static size_t arena_bytes;
    struct frame_map map = {.nram = 1, .ram = {{FIRST_PFN, nframes}}};
    uint32_t table_frames = pages_of(frame_table_bytes(&map));

    mm_drain();
    if (arena) {
        munmap(arena, arena_bytes);
        munmap(icache, arena_bytes);
    }
    memset(&tlbs, 0, sizeof(tlbs));
    arena_bytes = (size_t)nframes * PAGE_SIZE;
    arena = mmap(NULL, arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    icache = mmap(NULL, arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena == MAP_FAILED || icache == MAP_FAILED)
        abort();
    memset(arena, 0xa5, arena_bytes); /* RAM is not zero at boot */
    direct_map.offset = (uintptr_t)arena - ((uintptr_t)FIRST_PFN << PAGE_SHIFT);
    fake_bias = (uintptr_t)arena - 0x50000000u;
    map.nreserved = 2;
    map.reserved[0] = (struct frame_range){FIRST_PFN, table_frames};
    map.reserved_type[0] = FRAME_KERNEL;
    map.reserved[1] = (struct frame_range){FIRST_PFN + nframes - fake_ramdisk, fake_ramdisk};
    map.reserved_type[1] = FRAME_RAMDISK;
    frame_init(&map, arena, 0);
    if (obj_init())
        abort();
    as_init();
}
