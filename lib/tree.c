/* SPDX-License-Identifier: MIT
 *
 * Rotations, and the walk from a changed link to the root that restores heights and
 * augmentation. No locks of its own.
 */
#include "lib/tree.h"

/* Sibling subtrees differ in height by at most this. With 1, an AVL tree, small trees rotate at
 * nearly every change; with 2 the tree is at most 1.81 log2 n high (C. C. Foster, 1973). */
#define SLACK 2

static int height(const struct tree_link *n)
{
    return n ? n->height : 0;
}

/* True if what the link says of its subtree changed. */
static bool refresh(struct tree *t, struct tree_link *n)
{
    int old = n->height, left = height(n->child[0]), right = height(n->child[1]);

    n->height = 1 + MAX(left, right);
    return (t->update && t->update(n)) | (n->height != old);
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
static struct tree_link *rotate(struct tree *t, struct tree_link *n, int side)
{
    struct tree_link *up = n->child[side], *inner = up->child[!side];

    replace_child(t, n, up);
    up->child[!side] = n;
    n->parent = up;
    n->child[side] = inner;
    if (inner)
        inner->parent = n;
    refresh(t, n);
    refresh(t, up);
    return up;
}

/* From n to the root, until nothing changes any more; not before `moved`, a link that stands in a
 * place where it was not and therefore can't tell. */
static void rebalance_from(struct tree *t, struct tree_link *n, const struct tree_link *moved)
{
    bool go_on;

    for (; n; n = n->parent) {
        int lean = height(n->child[1]) - height(n->child[0]);

        if (lean < -SLACK || lean > SLACK) {
            int side = lean > 0;
            struct tree_link *c = n->child[side];

            if (n == moved)
                moved = NULL;
            if (height(c->child[!side]) > height(c->child[side]))
                rotate(t, c, !side);
            n = rotate(t, n, side);
            go_on = true;
        } else {
            go_on = refresh(t, n) || moved;
        }
        if (n == moved)
            moved = NULL;
        if (!go_on)
            break;
    }
}

void tree_insert(struct tree *t, struct tree_link *n, struct tree_link *parent, int side)
{
    n->child[0] = n->child[1] = NULL;
    n->parent = parent;
    n->height = 1;
    if (parent)
        parent->child[side] = n;
    else
        t->root = n;
    rebalance_from(t, n, n);
}

void tree_remove(struct tree *t, struct tree_link *n)
{
    struct tree_link *lowest = n->parent, *s = NULL;

    if (n->child[0] && n->child[1]) {
        s = tree_next(n);

        lowest = s->parent == n ? s : s->parent;
        replace_child(t, s, s->child[1]);
        replace_child(t, n, s);
        for (int side = 0; side < 2; side++) {
            s->child[side] = n->child[side];
            if (s->child[side])
                s->child[side]->parent = s;
        }
    } else {
        replace_child(t, n, n->child[0] ? n->child[0] : n->child[1]);
    }
    rebalance_from(t, lowest, s);
    n->child[0] = n->child[1] = n->parent = NULL;
    n->height = 0;
}

void tree_updated(struct tree *t, struct tree_link *n)
{
    while (n && refresh(t, n))
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
