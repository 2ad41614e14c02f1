/* SPDX-License-Identifier: MIT
 *
 * Waiters at the heads of what they wait for; the rules are in poll.h.
 * Invariant: an entry is on its head's list from poll_add to poll_end, and its file is open.
 */
#include "fs/poll.h"

#include "include/uapi/errno.h"
#include "mm/slab.h"

#define PIECE_BYTES 1024u
#define PER_PIECE   ((PIECE_BYTES - 2 * sizeof(void *)) / sizeof(struct poll_entry))

struct poll_piece {
    struct poll_piece *next;
    uint32_t used;
    struct poll_entry entry[PER_PIECE];
};

_Static_assert(sizeof(struct poll_piece) <= PIECE_BYTES, "a piece is one small allocation");

void poll_head_init(struct poll_head *h, uint32_t events)
{
    spin_init(&h->lock, LOCK_POLL);
    h->events = events;
    h->nthreads = h->nwatches = 0;
    h->most = UINT32_MAX;
    list_init(&h->entries);
}

/* Room for one entry more, or NULL. */
static struct poll_entry *thread_entry(struct poll_thread *t)
{
    struct poll_piece *p = t->pieces;

    if (t->nsmall < POLL_ENTRIES_SMALL)
        return &t->small[t->nsmall++];
    if (!p || p->used == PER_PIECE) {
        p = kmalloc(sizeof(*p));
        if (!p)
            return NULL;
        p->next = t->pieces;
        t->pieces = p;
    }
    return &p->entry[p->used++];
}

static void entry_enter(struct poll_entry *e, struct poll_wait *w, struct poll_head *h)
{
    e->head = h;
    e->waiter = w;
    list_push_back(&h->entries, &e->link);
}

static void thread_entry_back(struct poll_thread *t)
{
    if (t->pieces)
        t->pieces->used--;
    else
        t->nsmall--;
}

/* Who stands last at the head already stands there: of many descriptors of a file one is enough. */
static bool stands_last(const struct poll_head *h, const struct poll_wait *w)
{
    const struct list_link *last = list_empty(&h->entries) ? NULL : h->entries.head.prev;

    return last && container_of(last, struct poll_entry, link)->waiter == w;
}

static bool thread_add(struct poll_thread *t, struct poll_head *h, struct file *f)
{
    struct poll_entry *e = thread_entry(t);
    bool there, room;
    uint32_t mask;

    if (!e)
        return false;
    mask = spin_lock_irq(&h->lock);
    there = stands_last(h, &t->wait);
    room = h->nthreads < h->most;
    if (likely(room && !there)) {
        h->nthreads++;
        e->file = file_ref(f);
        entry_enter(e, &t->wait, h);
    } else {
        thread_entry_back(t);
    }
    spin_unlock_irq(&h->lock, mask);
    return there || room;
}

static bool watch_add(struct poll_watch *w, struct poll_head *h)
{
    uint32_t mask = spin_lock_irq(&h->lock);
    bool room = w->nentries < POLL_WATCH_HEADS && h->nwatches < w->most;

    if (room) {
        entry_enter(&w->entry[w->nentries++], &w->wait, h);
        h->nwatches++;
    }
    spin_unlock_irq(&h->lock, mask);
    return room;
}

void poll_add(struct poll_wait *w, struct poll_head *h, struct file *f)
{
    if (!w)
        return;
    if (!(w->ops ? watch_add(container_of(w, struct poll_watch, wait), h)
                 : thread_add(container_of(w, struct poll_thread, wait), h, f)))
        w->full = true;
}

/* Who was told that something changed, and did not look since, need not be told again. With the
 * lock in poll_sleep: either `changed` is found to be false, or he sees the change when he looks.
 */
static void thread_wake(struct poll_thread *t)
{
    if (__atomic_exchange_n(&t->changed, true, __ATOMIC_SEQ_CST))
        return;
    spin_lock(&t->queue.lock);
    waitq_wake_locked(&t->queue, 1);
    spin_unlock(&t->queue.lock);
}

void poll_wake_all(struct poll_head *h, uint32_t events)
{
    uint32_t mask = spin_lock_irq(&h->lock);
    const struct poll_watch_ops *begun = NULL;

    list_for_each (it, &h->entries) {
        struct poll_wait *w = container_of(it, struct poll_entry, link)->waiter;

        if (!w->ops) {
            thread_wake(container_of(w, struct poll_thread, wait));
            continue;
        }
        if (!begun) {
            begun = w->ops; /* there is one kind of them */
            begun->begin();
        }
        w->ops->wake(w, events);
    }
    if (begun)
        begun->end();
    spin_unlock_irq(&h->lock, mask);
}

uint32_t file_poll(struct file *f, struct poll_wait *w)
{
    return f->vnode->ops->poll ? f->vnode->ops->poll(f, w) : POLL_READ | POLL_WRITE;
}

void poll_begin(struct poll_thread *t)
{
    waitq_init(&t->queue);
    lock_classify(&t->queue.lock, LOCK_IRQ_WAITQ);
    t->wait = (struct poll_wait){NULL, false};
    t->changed = false;
    t->nsmall = 0;
    t->pieces = NULL;
}

int poll_sleep(struct poll_thread *t, uint64_t until_ns)
{
    int error = 0;
    uint32_t mask;

    if (t->wait.full)
        return -ENOMEM;
    mask = spin_lock_irq(&t->queue.lock);
    if (__atomic_load_n(&t->changed, __ATOMIC_RELAXED))
        spin_unlock_irq(&t->queue.lock, mask);
    else
        error = waitq_sleep(&t->queue, mask, SLEEP_LIGHT, until_ns);
    mask = spin_lock_irq(&t->queue.lock);
    __atomic_store_n(&t->changed, false, __ATOMIC_SEQ_CST);
    spin_unlock_irq(&t->queue.lock, mask);
    return error;
}

static void entry_end(struct poll_entry *e)
{
    uint32_t mask = spin_lock_irq(&e->head->lock);

    list_remove(&e->link);
    e->head->nthreads--;
    spin_unlock_irq(&e->head->lock, mask);
    file_unref(e->file);
}

void poll_end(struct poll_thread *t)
{
    struct poll_piece *next;

    for (uint32_t i = 0; i < t->nsmall; i++)
        entry_end(&t->small[i]);
    for (struct poll_piece *p = t->pieces; p; p = next) {
        for (uint32_t i = 0; i < p->used; i++)
            entry_end(&p->entry[i]);
        next = p->next;
        kfree(p);
    }
}

void poll_watch_begin(struct poll_watch *w, const struct poll_watch_ops *ops, uint32_t most)
{
    w->wait = (struct poll_wait){ops, false};
    w->most = most;
    w->nentries = 0;
}

void poll_watch_end(struct poll_watch *w)
{
    while (w->nentries) {
        struct poll_entry *e = &w->entry[--w->nentries];
        uint32_t mask = spin_lock_irq(&e->head->lock);

        list_remove(&e->link);
        e->head->nwatches--;
        spin_unlock_irq(&e->head->lock, mask);
    }
}
