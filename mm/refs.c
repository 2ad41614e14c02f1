/* SPDX-License-Identifier: MIT
 *
 * Recording of reference strings. A word of a record is a page number << 2 and how it was touched;
 * two words of MARK are the time at which an interval began, 30 bits each. An interval is entered
 * with its first reference. Locks: see refs.h; a clear has as->lock for writing, so that a fault is
 * before it or behind it with all that it does. Where intervals are counted in faults, the one that
 * begins the next clears, and may not have the others' out of its way: they see their page again.
 */
#include "mm/refs.h"

#include <string.h>

#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "lib/fmt.h"
#include "lib/refcount.h"
#include "mm/slab.h"

#define PAGE_WORDS   (PAGE_SIZE / sizeof(uint32_t))
#define MARK_WORDS   2u
#define MARK_BITS    30
#define MARK_MASK    ((1u << MARK_BITS) - 1)
#define WORDS_A_LINE 12u
#define NO_PAGE      1u /* no page's address */

enum touch { MARK, READ, WRITE, EXEC };

static const char touch_letter[] = {'@', 'r', 'w', 'x'};

static uint32_t committed; /* atomic: pages */

/* Memory. */

static int commit(int32_t pages)
{
    int error = as_commit_pages(pages);

    if (!error)
        __atomic_fetch_add(&committed, (uint32_t)pages, __ATOMIC_RELAXED);
    return error;
}

uint32_t refs_committed(void)
{
    return __atomic_load_n(&committed, __ATOMIC_RELAXED);
}

static void words_free(uint32_t **page, uint32_t pages)
{
    for (uint32_t i = 0; i < pages && page[i]; i++)
        frame_free(virt_to_pfn(page[i]));
    frame_free(virt_to_pfn(page));
}

/* A page that names so many others; NULL: no memory. The reserve is not for us. */
static uint32_t **words_make(uint32_t pages)
{
    pfn_t pfn = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER | FRAME_CLEAR);
    uint32_t **page = pfn == NO_PFN ? NULL : pfn_to_virt(pfn);

    for (uint32_t i = 0; page && i < pages; i++) {
        pfn = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER);
        if (pfn == NO_PFN) {
            words_free(page, pages);
            return NULL;
        }
        page[i] = pfn_to_virt(pfn);
        preempt_point();
    }
    return page;
}

bool refs_possible(const struct refs_request *q)
{
    if (q->pages == 0 || q->pages > REFS_PAGES_MAX || (q->interval_us && q->interval_faults))
        return false;
    if (q->interval_us)
        return q->interval_us >= REFS_US_LEAST && q->interval_us <= REFS_US_MOST;
    return !q->interval_faults ||
           (q->interval_faults >= REFS_FAULTS_LEAST && q->interval_faults <= REFS_FAULTS_MOST);
}

int refs_create(const struct refs_request *request, int pid, struct refs **made)
{
    struct refs *r;
    int32_t pages = (int32_t)request->pages + 1;

    if (!refs_possible(request))
        return -EINVAL;
    if (commit(pages))
        return -ENOMEM;
    r = kmalloc(sizeof(*r));
    if (r)
        r->page = words_make(request->pages);
    if (!r || !r->page) {
        kfree(r);
        (void)!commit(-pages);
        return -ENOMEM;
    }
    r->holders = 1;
    r->request = *request;
    r->pid = pid;
    spin_init(&r->lock, LOCK_REFS);
    r->state = REFS_ARMED;
    *made = r;
    return 0;
}

void refs_hold(struct refs *r)
{
    ref_take(&r->holders);
}

void refs_put(struct refs *r)
{
    if (ref_drop(&r->holders))
        return;
    kassert(!r->as);
    words_free(r->page, r->request.pages);
    (void)!commit(-(int32_t)r->request.pages - 1);
    kfree(r);
}

/* Words. (l) held. */

static uint32_t word_at(const struct refs *r, uint32_t i)
{
    return r->page[i / PAGE_WORDS][i % PAGE_WORDS];
}

static void word_add(struct refs *r, uint32_t word)
{
    r->page[r->words / PAGE_WORDS][r->words % PAGE_WORDS] = word;
    r->words++;
}

static uint64_t now_us(const struct refs *r)
{
    return (clock_ns() - r->start_ns) / 1000;
}

static void add_locked(struct refs *r, uint32_t page, enum touch how)
{
    uint32_t need = 1 + (r->pending ? MARK_WORDS : 0);

    if (r->state != REFS_ON)
        return;
    r->fresh++;
    if (need > r->request.pages * PAGE_WORDS - r->words) {
        r->lost++;
        return;
    }
    if (r->pending) {
        word_add(r, (uint32_t)(r->mark_us >> MARK_BITS) << 2 | MARK);
        word_add(r, ((uint32_t)r->mark_us & MARK_MASK) << 2 | MARK);
        r->pending = false;
        r->marks++;
    }
    word_add(r, page << 2 | how);
    r->sum += page;
    if (++r->count == r->request.most) {
        r->state = REFS_FULL;
        r->end_ns = clock_ns();
    }
}

static void mark_locked(struct refs *r)
{
    r->mark_us = now_us(r);
    r->pending = true;
    r->fresh = 0;
}

/* Translations. */

/* Page-out is to see that the pages were used, though their translations go. Node lock held. */
static void mark_used(struct node *n)
{
    pfn_t pfn;

    node_for_each (i, n) {
        if (pte_in_core(n->pte[i]) && hat_probe(n, i, &pfn) != PROT_NONE)
            __atomic_store_n(&n->pte[i].raw, n->pte[i].raw | PTE_USED, __ATOMIC_RELAXED);
    }
}

/* Takes the translations of a node away, but for the page at `keep`, if that is in it. */
static void clear_node(struct as *as, vaddr_t va, vaddr_t keep)
{
    struct node *n = pt_lock_node(as, va);

    if (!n)
        return;
    mark_used(n);
    if (keep - va < NODE_SPAN) {
        unsigned below = node_index(keep), above = NODE_PAGES - below - 1;

        if (below)
            hat_unload(&as->hat, n, va, below);
        if (above)
            hat_unload(&as->hat, n, keep + PAGE_SIZE, above);
    } else {
        hat_unload(&as->hat, n, va, NODE_PAGES);
    }
    node_unlock(n);
}

/* All sharers of a node see a translation that one of them loads: it becomes as's own. False: there
 * is no memory for that. as->lock held. */
static bool unshare_node(struct as *as, vaddr_t va)
{
    bool shared;

    spin_lock(&as->pt_lock);
    shared = as->pt && pt_node(as->pt, va) && node_shared(pt_node(as->pt, va));
    spin_unlock(&as->pt_lock);
    return !shared || pt_node_private(as, va);
}

static void each_node(struct as *as, struct refs *r, bool clear, vaddr_t keep)
{
    uint32_t shared = 0;

    for (vaddr_t va = 0; as->pt && va < USER_END; va += NODE_SPAN) {
        if (!pt_node(as->pt, va))
            continue;
        shared += !unshare_node(as, va);
        if (clear)
            clear_node(as, va, keep);
        preempt_point();
    }
    if (shared) {
        spin_lock(&r->lock);
        r->shared += shared;
        r->fresh++; /* something may have been loaded without our knowing */
        spin_unlock(&r->lock);
    }
}

void refs_unshare(struct as *as)
{
    each_node(as, as->record, false, NO_PAGE);
}

/* From beginning to end. */

int refs_begin(struct refs *r, struct as *as, const char *name)
{
    bool done;

    rwlock_write(&as->lock);
    done = !as->record && r->state == REFS_ARMED;
    if (done) {
        fmt_snprint(r->name, sizeof(r->name), "%s", *name ? name : "-");
        as_ref(as);
        r->as = as;
        r->start_ns = clock_ns();
        as->record = r;
        __atomic_store_n(&as->watched, true, __ATOMIC_RELAXED);
        each_node(as, r, true, NO_PAGE);
        spin_lock(&r->lock);
        r->state = REFS_ON;
        mark_locked(r);
        r->mark_us = 0;
        spin_unlock(&r->lock);
    }
    rwlock_write_done(&as->lock);
    return done ? 0 : -EBUSY;
}

void refs_end(struct refs *r)
{
    struct as *as;

    spin_lock(&r->lock);
    if (r->state == REFS_ON)
        r->end_ns = clock_ns();
    as = r->state == REFS_ENDED ? NULL : r->as; /* ended by one, whoever comes first */
    r->state = REFS_ENDED;
    spin_unlock(&r->lock);
    if (!as)
        return;
    rwlock_write(&as->lock);
    kassert(as->record == r);
    as->record = NULL;
    __atomic_store_n(&as->watched, hat_is_chaotic(), __ATOMIC_RELAXED);
    r->as = NULL;
    rwlock_write_done(&as->lock);
    as_unref(as);
}

bool refs_next(struct refs *r, struct as *as)
{
    bool on, clear;

    rwlock_write(&as->lock);
    spin_lock(&r->lock);
    on = r->state != REFS_ENDED;
    clear = r->state == REFS_ON && r->fresh;
    spin_unlock(&r->lock);
    if (clear) {
        spin_lock(&r->lock);
        mark_locked(r);
        spin_unlock(&r->lock);
        each_node(as, r, true, NO_PAGE);
    }
    rwlock_write_done(&as->lock);
    return on;
}

/* Faults. */

/* What was read may be written without a fault if it is dirty already: that would not be seen. Once
 * written it stays so, or a store to the page that it stands in would never come to its end. */
static void only_read(struct fault *f)
{
    struct node *n = pt_lock_node(f->as, f->va);
    unsigned i = node_index(f->va);
    pfn_t pfn;

    if (!n)
        return;
    if (pte_in_core(n->pte[i]) && hat_probe(n, i, &pfn) & (PROT_WRITE | PROT_EXEC))
        hat_load(&f->as->hat, n, f->va, pfn, PROT_READ);
    node_unlock(n);
}

void refs_fault(struct fault *f)
{
    static const uint8_t touch_of[] = {
        [PROT_READ] = READ, [PROT_WRITE] = WRITE, [PROT_EXEC] = EXEC};
    struct refs *r = f->as->record;
    bool next;

    if (f->kind == FAULT_SPURIOUS)
        return;
    if (f->access == PROT_READ)
        only_read(f);
    spin_lock(&r->lock);
    next =
        r->request.interval_faults && r->fresh >= r->request.interval_faults && r->state == REFS_ON;
    if (next)
        mark_locked(r);
    add_locked(r, page_of(f->va), touch_of[f->access & 7]);
    spin_unlock(&r->lock);
    if (next)
        each_node(f->as, r, true, f->va);
}

void refs_untouched(struct fault *f)
{
    struct node *n = pt_lock_node(f->as, f->va);

    if (!n)
        return;
    hat_unload(&f->as->hat, n, f->va, 1);
    node_unlock(n);
}

/* Text. */

enum { STEP_HEAD, STEP_WORDS, STEP_STOP, STEP_END, STEP_OVER };

void refs_text_begin(struct refs_text *t, struct refs *r)
{
    *t = (struct refs_text){.refs = r, .step = STEP_HEAD};
    spin_lock(&r->lock);
    t->state = r->state;
    t->words = r->words;
    t->count = r->count;
    t->lost = r->lost;
    t->marks = r->marks;
    t->sum = r->sum;
    t->shared = r->shared;
    t->start_ns = r->start_ns;
    if (r->start_ns)
        t->end_us = ((r->end_ns ? r->end_ns : clock_ns()) - r->start_ns) / 1000;
    spin_unlock(&r->lock);
}

/* One word, whatever the program is called. */
static void name_word(char word[REFS_NAME], const char *name)
{
    unsigned n = 0;

    for (; name[n] && n < REFS_NAME - 1; n++)
        word[n] = name[n] > ' ' && name[n] < 0x7f ? name[n] : '_';
    word[n] = '\0';
}

static unsigned head_line(const struct refs_text *t, char *buf)
{
    static const char *const state[] = {"armed", "on", "full", "ended"};
    const struct refs_request *q = &t->refs->request;
    char name[REFS_NAME], interval[32];

    name_word(name, t->state == REFS_ARMED || !t->start_ns ? "-" : t->refs->name);
    if (q->interval_faults)
        fmt_snprint(interval, sizeof(interval), "interval_faults=%u", (unsigned)q->interval_faults);
    else /* 0: whoever asked for the record begins the next */
        fmt_snprint(interval, sizeof(interval), "interval_us=%u", (unsigned)q->interval_us);
    return (unsigned)fmt_snprint(buf, REFS_LINE,
                                 "# refs v1 pid=%d name=%s page=%u %s state=%s refs=%u lost=%u\n",
                                 t->refs->pid, name, (unsigned)PAGE_SIZE, interval, state[t->state],
                                 (unsigned)t->count, (unsigned)t->lost);
}

static unsigned time_line(char *buf, uint64_t us)
{
    return (unsigned)fmt_snprint(buf, REFS_LINE, "@ %llu\n", (unsigned long long)us);
}

/* A mark, or references up to the next one. */
static unsigned words_line(struct refs_text *t, char *buf)
{
    const struct refs *r = t->refs;
    unsigned len = 0;

    if ((word_at(r, t->at) & 3) == MARK) {
        uint64_t us = (uint64_t)(word_at(r, t->at) >> 2) << MARK_BITS | word_at(r, t->at + 1) >> 2;

        t->at += MARK_WORDS;
        return time_line(buf, us);
    }
    for (unsigned n = 0; n < WORDS_A_LINE && t->at < t->words; n++, t->at++) {
        uint32_t word = word_at(r, t->at);

        if ((word & 3) == MARK)
            break;
        len += (unsigned)fmt_snprint(buf + len, REFS_LINE - len, "%s%x%c", n ? " " : "",
                                     (unsigned)(word >> 2), touch_letter[word & 3]);
    }
    buf[len++] = '\n';
    buf[len] = '\0';
    return len;
}

static unsigned end_line(const struct refs_text *t, char *buf)
{
    return (unsigned)fmt_snprint(
        buf, REFS_LINE, "# end refs %u intervals=%u sum=%x lost=%u shared=%u\n", (unsigned)t->count,
        (unsigned)t->marks + 1, (unsigned)t->sum, (unsigned)t->lost, (unsigned)t->shared);
}

unsigned refs_text_line(struct refs_text *t, char buf[REFS_LINE])
{
    switch (t->step) {
    case STEP_HEAD: t->step = t->words ? STEP_WORDS : STEP_STOP; return head_line(t, buf);
    case STEP_WORDS: {
        unsigned len = words_line(t, buf);

        if (t->at >= t->words)
            t->step = STEP_STOP;
        return len;
    }
    case STEP_STOP: t->step = STEP_END; return time_line(buf, t->end_us);
    case STEP_END: t->step = STEP_OVER; return end_line(t, buf);
    default: return 0;
    }
}
