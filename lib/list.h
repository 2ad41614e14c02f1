/* SPDX-License-Identifier: MIT
 *
 * Doubly linked circular list with the link inside the element. The list never owns its elements;
 * its user's lock protects it.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/base.h"

struct list_link {
    struct list_link *next, *prev;
};

struct list {
    struct list_link head;
};

#define LIST_INIT(l)                                                                               \
    {                                                                                              \
        {                                                                                          \
            &(l).head, &(l).head                                                                   \
        }                                                                                          \
    }

static inline void list_init(struct list *l)
{
    l->head.next = l->head.prev = &l->head;
}

static inline bool list_empty(const struct list *l)
{
    return l->head.next == &l->head;
}

static inline void list_insert_between(struct list_link *n, struct list_link *prev,
                                       struct list_link *next)
{
    n->prev = prev;
    n->next = next;
    prev->next = n;
    next->prev = n;
}

static inline void list_push_front(struct list *l, struct list_link *n)
{
    list_insert_between(n, &l->head, l->head.next);
}

static inline void list_push_back(struct list *l, struct list_link *n)
{
    list_insert_between(n, l->head.prev, &l->head);
}

static inline void list_remove(struct list_link *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev;
    n->next = n->prev = NULL;
}

/* True while the link is on some list (list_remove leaves NULL). */
static inline bool list_linked(const struct list_link *n)
{
    return n->next != NULL;
}

static inline struct list_link *list_first(const struct list *l)
{
    return list_empty(l) ? NULL : l->head.next;
}

/* Removes and returns the first element's link, or NULL. */
static inline struct list_link *list_pop_front(struct list *l)
{
    struct list_link *n = list_first(l);
    if (n)
        list_remove(n);
    return n;
}

#define list_for_each(it, l)                                                                       \
    for (struct list_link *it = (l)->head.next; it != &(l)->head; it = it->next)

/* As list_for_each; the element may be removed or freed in the body. */
#define list_for_each_safe(it, l)                                                                  \
    for (struct list_link *it = (l)->head.next, *it##_next = it->next; it != &(l)->head;           \
         it = it##_next, it##_next = it->next)

#endif
