/* SPDX-License-Identifier: MIT
 *
 * Rotations, and the walk from a changed link to the root that restores heights and
 * augmentation. No locks of its own.
 */
#include "lib/tree.h"

/* Sibling subtrees differ in height by at most this. With 1, an AVL tree, small trees rotate at
 * nearly every change; with 2 the tree is at most 1.81 log2 n high (C. C. Foster, 1973). */
#define SLACK 2

static inline int height(const struct tree_link *n)
{
    return n ? n->height : 0;
}

static inline uint32_t most(const struct tree_link *n)
{
    return n ? n->most : 0;
}

/* True if what the link says of its subtree changed. */
static inline bool refresh(struct tree_link *n)
{
    int left = height(n->child[0]), right = height(n->child[1]), high = 1 + MAX(left, right);
    uint32_t below = MAX(most(n->child[0]), most(n->child[1])), all = MAX(n->own, below);
    bool changed = high != n->height || all != n->most;

    n->height = high;
    n->most = all;
    return changed;
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

/* Lifts n's child on the given side above n and returns it. */
static __noinline struct tree_link *rotate(struct tree *t, struct tree_link *n, int side)
{
    struct tree_link *up = n->child[side], *inner = up->child[!side];

    replace_child(t, n, up);
    up->child[!side] = n;
    n->parent = up;
    n->child[side] = inner;
    if (inner)
        inner->parent = n;
    refresh(n);
    refresh(up);
    return up;
}

/* The largest numbers from n to the root, where heights are right; not before `news`, whose own is
 * another. */
static void raise_most(struct tree_link *n, const struct tree_link *news)
{
    for (; n; n = n->parent) {
        uint32_t all = MAX(n->own, MAX(most(n->child[0]), most(n->child[1])));

        if (n == news)
            news = NULL;
        if (all == n->most && !news)
            break;
        n->most = all;
    }
}

/* From n to the root: heights and balance until a height is as before, then the largest numbers
 * until one is; not before `news`, a link on the way whose own is another, or, if it leans, whose
 * children are. */
static void rebalance_from(struct tree *t, struct tree_link *n, const struct tree_link *news,
                           bool leans)
{
    bool same_height = false;

    for (; n && (!same_height || (news && leans)); n = n->parent) {
        int lean = height(n->child[1]) - height(n->child[0]), was = n->height;

        if (n == news)
            news = NULL;
        if (unlikely(lean < -SLACK || lean > SLACK)) {
            int side = lean > 0;
            struct tree_link *c = n->child[side];

            if (height(c->child[!side]) > height(c->child[side]))
                rotate(t, c, !side);
            n = rotate(t, n, side);
        } else if (!refresh(n) && !news) {
            return;
        }
        same_height = n->height == was;
    }
    raise_most(n, news);
}

void tree_insert(struct tree *t, struct tree_link *n, struct tree_link *parent, int side,
                 struct tree_link *next)
{
    n->child[0] = n->child[1] = NULL;
    n->parent = parent;
    n->height = 1;
    n->most = n->own;
    if (parent)
        parent->child[side] = n;
    else
        t->root = n;
    rebalance_from(t, parent, next, false);
}

void tree_remove(struct tree *t, struct tree_link *n, struct tree_link *next)
{
    struct tree_link *lowest = n->parent;
    struct tree_link *news = next;

    if (n->child[0] && n->child[1]) {
        news = next = tree_next(n);
        lowest = next->parent == n ? next : next->parent;
        replace_child(t, next, next->child[1]);
        replace_child(t, n, next);
        next->height = n->height; /* what those above think of who stands here */
        next->most = n->most;
        for (int side = 0; side < 2; side++) {
            next->child[side] = n->child[side];
            if (next->child[side])
                next->child[side]->parent = next;
        }
    } else {
        if (n->child[1] && next) { /* down there, where the walk would not come by */
            lowest = next;
            news = n->parent;
        }
        replace_child(t, n, n->child[0] ? n->child[0] : n->child[1]);
    }
    rebalance_from(t, lowest, news, true);
    n->child[0] = n->child[1] = n->parent = NULL;
    n->height = 0;
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
    while (n && refresh(n))
        n = n->parent;
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
