/* SPDX-License-Identifier: MIT
 *
 * A HAT for the host: "hardware" entries are frame << 12 | prot, checked at every load against
 * what it may be told. FAKE_CHAOS forgets translations at random. Also what mm needs of other
 * layers: panic, log, boot arguments, sleeping locks (pthreads), memory shortage.
 */
#include "tests/host/fake_hat.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kern/bootargs.h"
#include "kern/log.h"
#include "kern/panic.h"
#include "kern/waitq.h"
#include "mm/fault.h"
#include "mm/obj.h"
#include "mm/page.h"

#define FIRST_PFN 0x40000u

int fake_chaos;
int fake_oom_gives_up = 1;

void page_clear(void *page)
{
    memset(page, 0, PAGE_SIZE);
}

void page_copy(void *to, const void *from)
{
    memcpy(to, from, PAGE_SIZE);
}

int hat_init(struct hat *h, const struct as *owner)
{
    pfn_t pfn = frame_alloc(FRAME_TABLE, owner, 0, FRAME_FOR_KERNEL | FRAME_CLEAR);

    h->table = pfn == NO_PFN ? NULL : pfn_to_virt(pfn);
    return h->table ? 0 : -12;
}

void hat_destroy(struct hat *h)
{
    frame_free(virt_to_pfn(h->table));
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
    (void)h, (void)slot, (void)n;
}

void hat_detach(struct hat *h, unsigned slot)
{
    (void)h, (void)slot;
}

void hat_replace(struct hat *h, unsigned slot, struct node *copy)
{
    (void)h, (void)slot, (void)copy;
}

void hat_load(struct hat *h, struct node *n, vaddr_t va, pfn_t pfn, prot_t prot)
{
    pte_t e = n->pte[node_index(va)];

    (void)h;
    if (!pte_in_core(e) || pte_pfn(e) != pfn)
        panic("hat_load: page %lx is not what the page table says", (unsigned long)va);
    if (prot & PROT_WRITE && (e.raw & PTE_COW || node_shared(n)))
        panic("hat_load: page %lx would be writable and is shared", (unsigned long)va);
    n->hat[node_index(va)] = pfn << 12 | prot;
}

prot_t hat_probe(const struct node *n, unsigned index, pfn_t *pfn)
{
    *pfn = n->hat[index] >> 12;
    return n->hat[index] & 7;
}

void hat_unload(struct hat *h, struct node *n, vaddr_t va, unsigned count)
{
    (void)h;
    memset(&n->hat[node_index(va)], 0, count * sizeof(n->hat[0]));
}

void hat_readonly(struct hat *h, struct node *n, vaddr_t va, unsigned count)
{
    (void)h;
    for (unsigned i = 0; i < count; i++)
        n->hat[node_index(va) + i] &= ~PROT_WRITE;
}

bool hat_node_readonly(struct node *n)
{
    for (unsigned i = 0; i < NODE_PAGES; i++)
        n->hat[i] &= ~PROT_WRITE;
    return true;
}

void hat_flush(struct hat *h)
{
    (void)h;
}

void hat_node_init(struct node *n)
{
    memset(n->hat, 0, sizeof(n->hat));
}

void hat_node_copy(struct node *to, const struct node *from)
{
    memcpy(to->hat, from->hat, sizeof(to->hat));
}

void hat_sync_icache(pfn_t pfn)
{
    (void)pfn;
}

bool hat_chaos(struct as *as, vaddr_t pc)
{
    (void)pc;
    if (!fake_chaos || rand() % 4)
        return false;
    rwlock_read(&as->lock);
    for (unsigned slot = 0; slot < ARRAY_SIZE(as->pt->node); slot++) {
        struct node *n = pt_node(as->pt, (vaddr_t)slot << NODE_SHIFT);

        if (n) {
            node_lock(n);
            hat_unload(&as->hat, n, (vaddr_t)slot << NODE_SHIFT, NODE_PAGES);
            node_unlock(n);
        }
    }
    rwlock_read_done(&as->lock);
    return rand() % 8 == 0;
}

bool oom_handle(struct as *as)
{
    (void)as;
    return !fake_oom_gives_up;
}

void fault_account(bool major)
{
    (void)major;
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
    (void)key, (void)value;
    return false;
}

void preempt_point(void)
{
}

/* Sleeping locks: one mutex and one condition for all of them, which is slow and right. */
static pthread_mutex_t big = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static __thread char self;

void waitq_init(struct waitq *q)
{
    memset(q, 0, sizeof(*q));
    list_init(&q->waiters);
}

int waitq_sleep(struct waitq *q, uint32_t mask, bool interruptible, uint64_t until_ns)
{
    (void)interruptible, (void)until_ns;
    spin_unlock_irq(&q->lock, mask);
    sched_yield();
    return 0;
}

void waitq_wake(struct waitq *q, unsigned n)
{
    (void)q, (void)n;
}

void mutex_init(struct mutex *m)
{
    memset(m, 0, sizeof(*m));
}

void rwlock_init(struct rwlock *l)
{
    memset(l, 0, sizeof(*l));
}

void rwlock_read(struct rwlock *l)
{
    pthread_mutex_lock(&big);
    while (l->writer || l->writers_waiting)
        pthread_cond_wait(&changed, &big);
    l->readers++;
    pthread_mutex_unlock(&big);
}

void rwlock_read_done(struct rwlock *l)
{
    pthread_mutex_lock(&big);
    l->readers--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&big);
}

void rwlock_write(struct rwlock *l)
{
    pthread_mutex_lock(&big);
    l->writers_waiting++;
    while (l->writer || l->readers)
        pthread_cond_wait(&changed, &big);
    l->writers_waiting--;
    l->writer = &self;
    pthread_mutex_unlock(&big);
}

void rwlock_write_done(struct rwlock *l)
{
    pthread_mutex_lock(&big);
    l->writer = NULL;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&big);
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
    struct frame_stats s = frame_stats();

    return s.total - s.free - s.cache;
}

void fake_machine(uint32_t nframes)
{
    static char *arena;
    static size_t arena_bytes;
    struct frame_map map = {.nram = 1, .ram = {{FIRST_PFN, nframes}}};
    uint32_t table_frames = pages_of(frame_table_bytes(&map));

    if (arena)
        munmap(arena, arena_bytes);
    arena_bytes = (size_t)nframes * PAGE_SIZE;
    arena = mmap(NULL, arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (arena == MAP_FAILED)
        abort();
    memset(arena, 0xa5, arena_bytes); /* RAM is not zero at boot */
    direct_map.offset = (uintptr_t)arena - ((uintptr_t)FIRST_PFN << PAGE_SHIFT);
    direct_map.bias = (uintptr_t)arena - 0x50000000u;
    map.nreserved = 1;
    map.reserved[0] = (struct frame_range){FIRST_PFN, table_frames};
    map.reserved_type[0] = FRAME_KERNEL;
    frame_init(&map, arena, 0);
    if (obj_init())
        abort();
    as_init();
}
