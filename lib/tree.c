/* SPDX-License-Identifier: MIT
 *
 * Two walks from a changed link towards the root: one brings the largest numbers up to date, one
 * the ranks, with at most two rotations. No locks of its own.
 */
#include "lib/tree.h"

static inline int rank(const struct tree_link *n)
{
    return n ? n->rank : 0;
}

static inline uint32_t most(const struct tree_link *n)
{
    return n ? n->most : 0;
}

static inline uint32_t most_of(const struct tree_link *n)
{
    return MAX(n->own, MAX(most(n->child[0]), most(n->child[1])));
}

/* Puts b (may be NULL) where a hangs under its parent. */
static void replace_child(struct tree *t, struct tree_link *a, struct tree_link *b)
{
    if (!a->parent)
        t->root = b;
    else
        a->parent->child[a->parent->child[1] == a] = b;
    if (b)
        b->parent = a->parent;
}

/* Lifts n's child on the given side above n. Ranks are the caller's. */
static __noinline void rotate(struct tree *t, struct tree_link *n, int side)
{
    struct tree_link *up = n->child[side], *inner = up->child[!side];

    replace_child(t, n, up);
    up->child[!side] = n;
    n->parent = up;
    n->child[side] = inner;
    if (inner)
        inner->parent = n;
    up->most = n->most;
    n->most = most_of(n);
}

/* The largest numbers from n to the root, until one is as before; not before `news`, a link on the
 * way whose own or whose children are others. */
static void update_most(struct tree_link *n, const struct tree_link *news)
{
    while (n) {
        uint32_t all = most_of(n);

        if (n == news)
            news = NULL;
        if (all == n->most && !news)
            break;
        do { /* where it is more than before, it is more than what else is there */
            n->most = all;
            n = n->parent;
        } while (n && n != news && all > n->most);
    }
}

/* x's rank rose: its parent's may be the same now. Rises, too, where the sibling is one below it;
 * where that is two below, x is lifted, or its inner child. */
static void rebalance_risen(struct tree *t, struct tree_link *x)
{
    struct tree_link *p;

    while ((p = x->parent) && p->rank == x->rank) {
        int side = p->child[1] == x;
        struct tree_link *inner = x->child[!side];

        if (rank(p->child[!side]) == p->rank - 1) {
            p->rank++;
            x = p;
            continue;
        }
        p->rank--;
        if (rank(inner) == x->rank - 1) {
            inner->rank++;
            x->rank--;
            rotate(t, x, !side);
        }
        rotate(t, p, side);
        return;
    }
}

/* p's child x (may be NULL) is three below it, and y its other child. True: all is balanced; false:
 * p's rank fell. */
static bool rebalance_at(struct tree *t, struct tree_link *p, const struct tree_link *x)
{
    int side = p->child[1] == x;
    struct tree_link *y = p->child[!side], *outer, *inner;

    p->rank--;
    if (y->rank < p->rank)
        return false;
    outer = y->child[!side];
    inner = y->child[side];
    if (rank(outer) == y->rank - 1) {
        y->rank++;
        rotate(t, p, !side);
        if (!p->child[0] && !p->child[1])
            p->rank = 1;
        return true;
    }
    y->rank--;
    if (rank(inner) < y->rank)
        return false;
    inner->rank += 2;
    p->rank--;
    rotate(t, y, side);
    rotate(t, p, !side);
    return true;
}

/* p's child x (may be NULL) has replaced one of higher rank. */
static void rebalance_fallen(struct tree *t, struct tree_link *p, struct tree_link *x)
{
    if (p && !p->child[0] && !p->child[1]) {
        p->rank = 1;
        x = p;
        p = p->parent;
    }
    while (p && p->rank - rank(x) > 2 && !rebalance_at(t, p, x)) {
        x = p;
        p = p->parent;
    }
}

void tree_insert(struct tree *t, struct tree_link *n, struct tree_link *parent, int side,
                 struct tree_link *next)
{
    n->child[0] = n->child[1] = NULL;
    n->parent = parent;
    n->rank = 1;
    n->most = n->own;
    if (parent)
        parent->child[side] = n;
    else
        t->root = n;
    update_most(parent, next);
    rebalance_risen(t, n);
}

void tree_remove(struct tree *t, struct tree_link *n, struct tree_link *next)
{
    struct tree_link *p = n->parent, *x = n->child[n->child[0] == NULL], *lowest = p, *news = next;

    if (n->child[0] && n->child[1]) {
        news = next = tree_next(n);
        lowest = p = next->parent == n ? next : next->parent;
        x = next->child[1];
        replace_child(t, next, x);
        replace_child(t, n, next);
        next->rank = n->rank;
        next->most = n->most; /* what those above think of who stands here */
        for (int side = 0; side < 2; side++) {
            next->child[side] = n->child[side];
            if (next->child[side])
                next->child[side]->parent = next;
        }
    } else {
        if (x && x == next) { /* the walk would not come by */
            lowest = next;
            news = p;
        }
        replace_child(t, n, x);
    }
    update_most(lowest, news);
    rebalance_fallen(t, p, x);
    n->child[0] = n->child[1] = n->parent = NULL;
    n->rank = 0;
}

struct tree_link *tree_take_any(struct tree *t)
{
    struct tree_link *n = t->root;

    while (n->child[0] || n->child[1])
        n = n->child[n->child[0] == NULL];
    replace_child(t, n, NULL);
    return n;
}

void tree_updated(struct tree *t, struct tree_link *n)
{
    (void)t;
    update_most(n, NULL);
}

static struct tree_link *outermost(struct tree_link *n, int side)
{
    while (n && n->child[side])
        n = n->child[side];
    return n;
}

static struct tree_link *neighbour(const struct tree_link *n, int side)
{
    if (n->child[side])
        return outermost(n->child[side], !side);
    while (n->parent && n->parent->child[side] == n)
        n = n->parent;
    return n->parent;
}

struct tree_link *tree_first(const struct tree *t)
{
    return outermost(t->root, 0);
}

struct tree_link *tree_last(const struct tree *t)
{
    return outermost(t->root, 1);
}

struct tree_link *tree_next(const struct tree_link *n)
{
    return neighbour(n, 1);
}

struct tree_link *tree_prev(const struct tree_link *n)
{
    return neighbour(n, 0);
}
