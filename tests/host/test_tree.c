/* SPDX-License-Identifier: MIT
 *
 * The tree against a model, a plain array indexed by key: random insertions, removals and changes
 * of numbers, after each of which order, links, balance and the largest numbers are compared.
 */
#include "tests/host/testing.h"

#include "lib/tree.h"

#define NKEYS 400

struct item {
    struct tree_link link;
    unsigned key;
};

static struct item items[NKEYS];
static bool present[NKEYS]; /* the model */

static struct item *item_of(struct tree_link *n)
{
    return container_of(n, struct item, link);
}

/* Checks the subtree: its height. Counts its links. A rank is 1 or 2 more than each child's, or
 * than 0 where there is none, and a leaf's is 1. */
static int check_subtree(struct tree_link *n, unsigned *count)
{
    int height[2] = {0, 0};
    uint32_t most;

    if (!n)
        return 0;
    ++*count;
    most = n->own;
    for (int side = 0; side < 2; side++) {
        struct tree_link *c = n->child[side];

        height[side] = check_subtree(c, count);
        assert_in_range(n->rank - (c ? c->rank : 0), 1, 2);
        if (c) {
            assert_ptr_equal(c->parent, n);
            most = MAX(most, c->most);
        }
    }
    if (!n->child[0] && !n->child[1])
        assert_int_equal(n->rank, 1);
    assert_int_equal(n->most, most);
    return 1 + MAX(height[0], height[1]);
}

static void check(struct tree *t)
{
    unsigned count = 0, key = 0, walked = 0;
    struct tree_link *before = NULL;

    check_subtree(t->root, &count);
    if (t->root)
        assert_null(t->root->parent);
    tree_for_each (n, t) {
        while (key < NKEYS && !present[key])
            key++;
        assert_int_equal(item_of(n)->key, key++);
        assert_ptr_equal(tree_prev(n), before);
        before = n;
        walked++;
    }
    while (key < NKEYS)
        assert_false(present[key++]);
    assert_int_equal(walked, count);
    assert_ptr_equal(tree_last(t), before);
}

/* As often as not the number of the element that follows changes with the operation. */
static struct tree_link *change(struct tree_link *next)
{
    if (!next || testing_below(2))
        return NULL;
    next->own = testing_below(1000000);
    return next;
}

static void insert(struct tree *t, struct item *it)
{
    struct tree_link *parent = NULL, *next = NULL, *at = t->root;
    int side = 0;

    while (at) {
        side = it->key > item_of(at)->key;
        parent = at;
        if (!side)
            next = at;
        at = at->child[side];
    }
    it->link.own = testing_below(1000000);
    tree_insert(t, &it->link, parent, side, change(next));
}

static void random_step(struct tree *t)
{
    struct item *it = &items[testing_below(NKEYS)];

    if (present[it->key] && testing_below(4) == 0) {
        it->link.own = testing_below(1000000);
        tree_updated(t, &it->link);
    } else if (present[it->key]) {
        tree_remove(t, &it->link, change(tree_next(&it->link)));
        present[it->key] = false;
    } else {
        insert(t, it);
        present[it->key] = true;
    }
}

static void agrees_with_model(void **state)
{
    struct tree t;
    unsigned steps = testing_count(40000, 200000);

    (void)state;
    testing_seed();
    tree_init(&t);
    memset(present, 0, sizeof(present));
    for (unsigned i = 0; i < NKEYS; i++)
        items[i] = (struct item){.key = i};
    check(&t);
    for (unsigned i = 0; i < steps; i++) {
        random_step(&t);
        check(&t);
    }
}

/* Ascending insertion is the worst case of an unbalanced tree: 400 keys fit into 9 levels, and with
 * insertions alone need at most 1.44 log2(402) = 12, as an AVL tree does. */
static void stays_low(void **state)
{
    struct tree t;
    unsigned count = 0;

    (void)state;
    tree_init(&t);
    for (unsigned i = 0; i < NKEYS; i++) {
        items[i] = (struct item){.key = i};
        insert(&t, &items[i]);
        present[i] = true;
    }
    check(&t);
    assert_in_range(check_subtree(t.root, &count), 9, 12);
    for (unsigned i = 0; i < NKEYS; i++) {
        tree_remove(&t, tree_first(&t), NULL);
        present[i] = false;
    }
    check(&t);
    assert_null(t.root);
}

/* Every element comes once, and the tree is empty then. */
static void comes_apart(void **state)
{
    struct tree t;

    (void)state;
    tree_init(&t);
    for (unsigned i = 0; i < NKEYS; i++) {
        items[i] = (struct item){.key = i};
        insert(&t, &items[i]);
        present[i] = true;
    }
    for (unsigned i = 0; i < NKEYS; i++) {
        assert_non_null(t.root);
        struct item *it = item_of(tree_take_any(&t));

        assert_true(present[it->key]);
        present[it->key] = false;
    }
    assert_null(t.root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_model),
        cmocka_unit_test(stays_low),
        cmocka_unit_test(comes_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
