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

void poll_head_init(struct poll_head *h)
{
    spin_init(&h->lock, LOCK_POLL);
    list_init(&h->entries);
}

/* Room for one entry more, or NULL. */
static struct poll_entry *entry_new(struct poll_wait *w)
{
    struct poll_piece *p = w->pieces;

    if (w->nsmall < POLL_ENTRIES_SMALL)
        return &w->small[w->nsmall++];
    if (!p || p->used == PER_PIECE) {
        p = kmalloc(sizeof(*p));
        if (!p)
            return NULL;
        p->next = w->pieces;
        w->pieces = p;
    }
    return &p->entry[p->used++];
}

void poll_add(struct poll_wait *w, struct poll_head *h, struct file *f)
{
    struct poll_entry *e;
    uint32_t mask;

    if (!w)
        return;
    e = entry_new(w);
    if (!e) {
        w->full = true;
        return;
    }
    e->head = h;
    e->waiter = w;
    e->file = file_ref(f);
    mask = spin_lock_irq(&h->lock);
    list_push_back(&h->entries, &e->link);
    spin_unlock_irq(&h->lock, mask);
}

void poll_wake_all(struct poll_head *h)
{
    uint32_t mask = spin_lock_irq(&h->lock);

    list_for_each (it, &h->entries) {
        struct poll_wait *w = container_of(it, struct poll_entry, link)->waiter;

        spin_lock(&w->queue.lock);
        w->changed = true;
        waitq_wake_locked(&w->queue, 1);
        spin_unlock(&w->queue.lock);
    }
    spin_unlock_irq(&h->lock, mask);
}

uint32_t file_poll(struct file *f, struct poll_wait *w)
{
    return f->vnode->ops->poll ? f->vnode->ops->poll(f, w) : POLL_READ | POLL_WRITE;
}

void poll_begin(struct poll_wait *w)
{
    waitq_init(&w->queue);
    lock_classify(&w->queue.lock, LOCK_IRQ_WAITQ);
    w->changed = w->full = false;
    w->nsmall = 0;
    w->pieces = NULL;
}

int poll_sleep(struct poll_wait *w, uint64_t until_ns)
{
    int error = 0;
    uint32_t mask;

    if (w->full)
        return -ENOMEM;
    mask = spin_lock_irq(&w->queue.lock);
    if (w->changed)
        spin_unlock_irq(&w->queue.lock, mask);
    else
        error = waitq_sleep(&w->queue, mask, SLEEP_LIGHT, until_ns);
    mask = spin_lock_irq(&w->queue.lock);
    w->changed = false;
    spin_unlock_irq(&w->queue.lock, mask);
    return error;
}

static void entry_end(struct poll_entry *e)
{
    uint32_t mask = spin_lock_irq(&e->head->lock);

    list_remove(&e->link);
    spin_unlock_irq(&e->head->lock, mask);
    file_unref(e->file);
}

void poll_end(struct poll_wait *w)
{
    struct poll_piece *next;

    for (uint32_t i = 0; i < w->nsmall; i++)
        entry_end(&w->small[i]);
    for (struct poll_piece *p = w->pieces; p; p = next) {
        for (uint32_t i = 0; i < p->used; i++)
            entry_end(&p->entry[i]);
        next = p->next;
        kfree(p);
    }
}
