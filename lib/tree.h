/* SPDX-License-Identifier: MIT
 *
 * Height-balanced binary tree with the link inside the element and an optional augmentation: a
 * value each link keeps about its whole subtree, such as the largest gap. The caller finds the
 * place to insert; the tree rebalances and calls update on every link whose subtree changed, from
 * the bottom up as far as anything changes. Every operation is O(log n) and can not fail. The
 * user's lock protects it. Source: G. M. Adelson-Velsky and E. M. Landis, 1962; C. C. Foster, 1973
 * (heights that differ by 2).
 */
#ifndef LIB_TREE_H
#define LIB_TREE_H

#include "lib/base.h"

struct tree_link {
    struct tree_link *child[2], *parent;
    int height; /* 1 for a leaf */
};

struct tree {
    struct tree_link *root;
    /* Recomputes the augmentation from both children; true: it changed. Or NULL. */
    bool (*update)(struct tree_link *);
};

static inline void tree_init(struct tree *t, bool (*update)(struct tree_link *))
{
    t->root = NULL;
    t->update = update;
}

/* Makes n a child of parent (NULL: n becomes the root of an empty tree) on the given side, 0 left
 * or 1 right, where there was none, and rebalances. */
void tree_insert(struct tree *t, struct tree_link *n, struct tree_link *parent, int side);
void tree_remove(struct tree *t, struct tree_link *n);
/* n's own value changed: recomputes the augmentation from n to the root. */
void tree_updated(struct tree *t, struct tree_link *n);

/* First, last, following, preceding element in order, or NULL. */
struct tree_link *tree_first(const struct tree *t);
struct tree_link *tree_last(const struct tree *t);
struct tree_link *tree_next(const struct tree_link *n);
struct tree_link *tree_prev(const struct tree_link *n);

#define tree_for_each(it, t)                                                                       \
    for (struct tree_link *it = tree_first(t); it != NULL; it = tree_next(it))

#endif
