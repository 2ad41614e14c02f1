/* SPDX-License-Identifier: MIT
 *
 * The tree against a model, a plain array indexed by key: random insertions, removals and changes
 * of value, after each of which order, links, balance and augmentation are compared.
 */
#include "tests/host/testing.h"

#include "lib/tree.h"

#define NKEYS 400

struct item {
    struct tree_link link;
    unsigned key, value;
    unsigned largest; /* augmentation: value of the whole subtree */
};

static struct item items[NKEYS];
static bool present[NKEYS]; /* the model */

static struct item *item_of(struct tree_link *n)
{
    return container_of(n, struct item, link);
}

static bool update(struct tree_link *n)
{
    struct item *it = item_of(n);
    unsigned old = it->largest;

    it->largest = it->value;
    for (int side = 0; side < 2; side++)
        if (n->child[side])
            it->largest = MAX(it->largest, item_of(n->child[side])->largest);
    return it->largest != old;
}

/* Checks the subtree: its height. Counts its links and gives its largest value. */
static int check_subtree(struct tree_link *n, unsigned *count, unsigned *largest)
{
    int height[2] = {0, 0};
    unsigned most = 0;

    if (!n)
        return 0;
    ++*count;
    most = item_of(n)->value;
    for (int side = 0; side < 2; side++) {
        unsigned below = 0;

        if (n->child[side])
            assert_ptr_equal(n->child[side]->parent, n);
        height[side] = check_subtree(n->child[side], count, &below);
        most = MAX(most, below);
    }
    assert_in_range(height[0] - height[1] + 2, 0, 4);
    assert_int_equal(n->height, 1 + MAX(height[0], height[1]));
    *largest = most;
    return n->height;
}

static void check(struct tree *t, bool augmented)
{
    unsigned count = 0, largest = 0, key = 0, walked = 0;
    struct tree_link *before = NULL;

    check_subtree(t->root, &count, &largest);
    if (t->root) {
        assert_null(t->root->parent);
        if (augmented)
            assert_int_equal(item_of(t->root)->largest, largest);
    }
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

static void insert(struct tree *t, struct item *it)
{
    struct tree_link *parent = NULL, *at = t->root;
    int side = 0;

    while (at) {
        side = it->key > item_of(at)->key;
        parent = at;
        at = at->child[side];
    }
    it->largest = it->value;
    tree_insert(t, &it->link, parent, side);
}

static void random_step(struct tree *t)
{
    struct item *it = &items[testing_below(NKEYS)];

    if (present[it->key] && testing_below(4) == 0) {
        it->value = testing_below(1000000);
        tree_updated(t, &it->link);
    } else if (present[it->key]) {
        tree_remove(t, &it->link);
        present[it->key] = false;
    } else {
        it->value = testing_below(1000000);
        insert(t, it);
        present[it->key] = true;
    }
}

static void run_against_model(bool augmented)
{
    struct tree t;
    unsigned steps = testing_count(20000, 100000);

    testing_seed();
    tree_init(&t, augmented ? update : NULL);
    memset(present, 0, sizeof(present));
    for (unsigned i = 0; i < NKEYS; i++)
        items[i] = (struct item){.key = i};
    check(&t, augmented);
    for (unsigned i = 0; i < steps; i++) {
        random_step(&t);
        check(&t, augmented);
    }
}

static void agrees_with_model(void **state)
{
    (void)state;
    run_against_model(false);
}

static void augmented_agrees_with_model(void **state)
{
    (void)state;
    run_against_model(true);
}

/* Ascending insertion is the worst case of an unbalanced tree: 400 keys fit into 9 AVL levels or
 * a few more, at most 1.44 log2(402) = 12. */
static void stays_low(void **state)
{
    struct tree t;

    (void)state;
    tree_init(&t, NULL);
    for (unsigned i = 0; i < NKEYS; i++) {
        items[i] = (struct item){.key = i};
        insert(&t, &items[i]);
        present[i] = true;
    }
    check(&t, false);
    assert_in_range(t.root->height, 9, 12);
    for (unsigned i = 0; i < NKEYS; i++) {
        tree_remove(&t, tree_first(&t));
        present[i] = false;
    }
    check(&t, false);
    assert_null(t.root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_model),
        cmocka_unit_test(augmented_agrees_with_model),
        cmocka_unit_test(stays_low),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
