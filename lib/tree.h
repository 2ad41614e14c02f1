/* SPDX-License-Identifier: MIT
 *
 * Balanced binary tree with the link inside the element. Each link has a number of its own
 * and knows the largest of its subtree, such as the largest gap; who needs none leaves it 0. The
 * caller finds the place to insert; the tree rebalances. Every operation is O(log n) and can not
 * fail; insertions and removals in any order change O(1) ranks each on average, which heights do
 * not promise. The user's lock protects it. Source: B. Haeupler, S. Sen, R. E. Tarjan,
 * "Rank-Balanced Trees", ACM Transactions on Algorithms 11 (2015): the weak AVL tree.
 */
#ifndef LIB_TREE_H
#define LIB_TREE_H

#include "lib/base.h"

struct tree_link {
    struct tree_link *child[2], *parent;
    int rank;      /* 1 for a leaf, 1 or 2 more than a child's; who has none there counts it as 0 */
    uint32_t own;  /* the element's; written by the user, see below */
    uint32_t most; /* largest own of the subtree */
};

struct tree {
    struct tree_link *root;
};

static inline void tree_init(struct tree *t)
{
    t->root = NULL;
}

/* Makes n a child of parent (NULL: n becomes the root of an empty tree) on the given side, 0 left
 * or 1 right, where there was none, and rebalances. `next`: the element that follows n, if the
 * caller has just changed its own, too; else NULL. */
void tree_insert(struct tree *t, struct tree_link *n, struct tree_link *parent, int side,
                 struct tree_link *next);
void tree_remove(struct tree *t, struct tree_link *n, struct tree_link *next);
/* Takes an element out of a tree that is not empty, without regard to balance: to take it apart. */
struct tree_link *tree_take_any(struct tree *t);
/* n's own changed: brings the links from n to the root up to date. */
void tree_updated(struct tree *t, struct tree_link *n);

/* First, last, following, preceding element in order, or NULL. */
struct tree_link *tree_first(const struct tree *t);
struct tree_link *tree_last(const struct tree *t);
struct tree_link *tree_next(const struct tree_link *n);
struct tree_link *tree_prev(const struct tree_link *n);

#define tree_for_each(it, t)                                                                       \
    for (struct tree_link *it = tree_first(t); it != NULL; it = tree_next(it))

#endif
