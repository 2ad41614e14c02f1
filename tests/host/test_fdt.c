/* SPDX-License-Identifier: MIT
 *
 * The device tree reader on two trees compiled by dtc, tests/host/data/buses.dts and the Raspberry
 * Pi's, and on every way of damaging the first one's header. Expected numbers are worked out by
 * hand from the sources.
 */
#include "tests/host/testing.h"

#include "include/uapi/errno.h"
#include "lib/fdt.h"

struct tree {
    uint8_t *blob;
    size_t len;
    struct fdt fdt;
};

static void open_tree(struct tree *t, const char *name)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s.dtb", TEST_DATA, name);
    t->blob = testing_read(path, &t->len);
    assert_int_equal(fdt_check(t->blob, t->len), t->len);
    assert_int_equal(fdt_open(&t->fdt, t->blob, t->len), 0);
}

static struct tree buses;

static int open_buses(void **state)
{
    (void)state;
    open_tree(&buses, "buses");
    return 0;
}

static int close_buses(void **state)
{
    (void)state;
    free(buses.blob);
    return 0;
}

static int at(const char *path)
{
    int node = fdt_path(&buses.fdt, path);

    if (node < 0)
        fail_msg("no %s", path);
    return node;
}

static void nodes(void **state)
{
    const struct fdt *f = &buses.fdt;
    int outer = at("/outer@80000000"), inner = at("/outer@80000000/inner@1000");

    (void)state;
    assert_int_equal(at("/"), 0);
    assert_string_equal(fdt_name(f, 0), "");
    assert_string_equal(fdt_name(f, inner), "inner@1000");
    assert_int_equal(at("/outer/inner"), inner);
    assert_int_equal(at("//outer/inner/"), inner);
    assert_int_equal(at("console"), at("/outer/inner/serial@20"));
    assert_int_equal(fdt_parent(f, inner), outer);
    assert_int_equal(fdt_parent(f, outer), 0);
    assert_int_equal(fdt_parent(f, 0), -ENOENT);
    assert_int_equal(fdt_first_child(f, outer), inner);
    assert_int_equal(fdt_next_sibling(f, inner), at("/outer/interrupt-controller"));
    assert_int_equal(fdt_next_sibling(f, outer), at("/hidden"));
    assert_int_equal(fdt_next_sibling(f, 0), -ENOENT);
    assert_int_equal(fdt_next_sibling(f, at("/cpus")), -ENOENT);
    assert_int_equal(fdt_first_child(f, at("/aliases")), -ENOENT);
    assert_int_equal(fdt_next(f, at("/cpus/cpu@3")), -ENOENT);
    assert_int_equal(fdt_find_compatible(f, 0, "quire,any-uart"), at("console"));
    assert_int_equal(fdt_find_compatible(f, at("console"), "quire,any-uart"), -ENOENT);
}

static void missing_nodes(void **state)
{
    /* One name is of the longest length an alias may have, one longer by one. */
    static const char *const paths[] = {"",
                                        "/out",
                                        "/outer@8",
                                        "/outer/inner@1",
                                        "nobody",
                                        "/outer/inner2",
                                        "/outer@/inner",
                                        "broken",
                                        "abcdefghijklmnopqrstuvwxyz01234",
                                        "abcdefghijklmnopqrstuvwxyz012345"};
    const struct fdt *f = &buses.fdt;
    uint32_t value;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(paths); i++)
        if (fdt_path(f, paths[i]) != -ENOENT)
            fail_msg("found %s", paths[i]);
    assert_null(fdt_prop(f, -ENOENT, "reg", NULL));
    assert_null(fdt_string(f, -ENOENT, "status"));
    assert_false(fdt_u32(f, -ENOENT, "reg", 0, &value));
    assert_int_equal(fdt_next(f, -ENOENT), -ENOENT);
    assert_int_equal(fdt_first_child(f, 2), -ENOENT);
    assert_int_equal(fdt_next(f, INT32_MAX), -ENOENT);
    assert_string_equal(fdt_name(f, -1), "");
}

/* Document order: each node once, parents before children. */
static void walk(void **state)
{
    const struct fdt *f = &buses.fdt;
    struct fdt_hint hint = {0};
    struct fdt hinted = *f;
    unsigned n = 0;

    (void)state;
    hinted.hint = &hint;
    for (int round = 0; round < 2; round++) /* the second begins with a hint behind the node */
        for (int node = 0; node >= 0; node = fdt_next(f, node), n++)
            if (node > 0) {
                assert_in_range(fdt_parent(f, node), 0, node - 1);
                assert_int_equal(fdt_parent(&hinted, node), fdt_parent(f, node));
            }
    assert_int_equal(n, 2 * 31);
}

static void properties(void **state)
{
    const struct fdt *f = &buses.fdt;
    int serial = at("console");
    uint64_t number = 0;
    uint32_t cell = 7;
    size_t len;

    (void)state;
    assert_non_null(fdt_prop(f, serial, "reg", &len));
    assert_int_equal(len, 40);
    assert_null(fdt_prop(f, serial, "re", NULL));
    assert_null(fdt_prop(f, serial, "ranges", NULL));
    assert_non_null(fdt_prop(f, at("/same"), "ranges", &len));
    assert_int_equal(len, 0);
    assert_true(fdt_u32(f, serial, "interrupts", 1, &cell));
    assert_int_equal(cell, 33);
    assert_false(fdt_u32(f, serial, "interrupts", 6, &cell));
    assert_int_equal(cell, 33);
    assert_true(fdt_number(f, serial, "clock-frequency", &number));
    assert_int_equal(number, 100000000);
    assert_false(fdt_number(f, serial, "reg", &number));
    assert_null(fdt_string(f, at("/chosen"), "kaslr-seed"));
    assert_memory_equal(fdt_prop(f, at("/chosen"), "rng-seed", &len),
                        "\x00\x11\x22\x33\x44\x55\x66\x77", 8);
    assert_int_equal(len, 8);
    assert_true(fdt_number(f, at("/chosen"), "kaslr-seed", &number));
    assert_int_equal(number, UINT64_C(0x0123456789abcdef));

    assert_true(fdt_compatible(f, serial, "quire,uart"));
    assert_true(fdt_compatible(f, serial, "quire,any-uart"));
    assert_false(fdt_compatible(f, serial, "quire,any"));
    assert_true(fdt_enabled(f, serial));
    assert_true(fdt_enabled(f, at("/outer")));
    assert_false(fdt_enabled(f, at("/outer/mixed")));
    assert_false(fdt_enabled(f, at("/outer/quiet")));
}

static void expect_reg(const char *path, unsigned index, int error, uint64_t addr, uint64_t size)
{
    uint64_t a = 0, n = 0;

    assert_int_equal(fdt_reg(&buses.fdt, at(path), index, &a, &n), error);
    assert_int_equal(a, addr);
    assert_int_equal(n, size);
}

static void addresses(void **state)
{
    (void)state;
    expect_reg("/memory@40000000", 1, 0, 0x60000000, 0x01000000);
    expect_reg("/memory@100000000", 0, 0, UINT64_C(0x100000000), 0x40000000);
    expect_reg("/memory@100000000", 1, -ENOENT, 0, 0);
    /* 0x20 on inner is 0x1020 on outer is 0x80001020. */
    expect_reg("console", 0, 0, 0x80001020, 0x10);
    /* 0x8040 on inner is 0x20000040 on outer, in its second range. */
    expect_reg("console", 1, 0, UINT64_C(0x300000040), 0x4);
    expect_reg("console", 2, -ENXIO, 0, 0); /* leaves inner's first range at its end */
    expect_reg("console", 3, -ENXIO, 0, 0); /* in none */
    expect_reg("console", 4, -ENXIO, 0, 0); /* leaves outer's first range */
    expect_reg("console", 5, -ENOENT, 0, 0);
    expect_reg("/hidden/device", 0, -ENXIO, 0, 0);
    expect_reg("/same/device", 0, 0, 0xa0000000, 0x1000);
    expect_reg("/same/wraps", 0, -EINVAL, 0, 0);
    expect_reg("/same/last", 0, 0, UINT64_C(0xffffffffffffff00), 0x100);
    expect_reg("/pci/device", 0, -EINVAL, 0, 0);
    expect_reg("/cpus/cpu", 0, -ENXIO, 0, 0);
    expect_reg("/chosen", 0, -ENOENT, 0, 0);
    expect_reg("/", 0, -ENOENT, 0, 0);
}

static void expect_irq(const char *path, unsigned index, const char *controller, int n, uint32_t c0,
                       uint32_t c1, uint32_t c2)
{
    uint32_t cells[FDT_MAX_CELLS] = {0};
    int node = -1;

    assert_int_equal(fdt_interrupt(&buses.fdt, at(path), index, &node, cells), n);
    if (n < 0)
        return;
    assert_int_equal(node, at(controller));
    assert_int_equal(cells[0], c0);
    assert_int_equal(cells[1], c1);
    if (n == 3)
        assert_int_equal(cells[2], c2);
}

static void interrupts(void **state)
{
    static const char gic[] = "/interrupt-controller@8000000";
    static const char local[] = "/outer/interrupt-controller@4000";

    (void)state;
    expect_irq("console", 0, gic, 3, 0, 33, 4);
    expect_irq("console", 1, gic, 3, 1, 13, 8);
    expect_irq("console", 2, gic, -ENOENT, 0, 0, 0);
    expect_irq(local, 0, local, 2, 7, 4, 0);
    expect_irq("/outer/interrupt-controller@4000/child", 0, local, 2, 5, 1, 0);
    expect_irq("/outer/mixed", 0, local, 2, 3, 1, 0);
    expect_irq("/outer/mixed", 1, gic, 3, 0, 40, 4);
    expect_irq("/outer/mixed", 2, local, 2, 9, 8, 0);
    expect_irq("/outer/mixed", 3, local, -ENOENT, 0, 0, 0);
    expect_irq("/outer/no-such-parent", 0, NULL, -EINVAL, 0, 0, 0);
    expect_irq("/outer/not-a-controller", 0, NULL, -EINVAL, 0, 0, 0);
    expect_irq("/same/device", 0, NULL, -ENOENT, 0, 0, 0);
}

typedef int range_fn(const struct fdt *, unsigned, uint64_t *, uint64_t *);

static void expect_ranges(range_fn *get, const uint64_t (*expected)[2], unsigned n)
{
    uint64_t addr, size;

    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(get(&buses.fdt, i, &addr, &size), 0);
        assert_int_equal(addr, expected[i][0]);
        assert_int_equal(size, expected[i][1]);
    }
    assert_int_equal(get(&buses.fdt, n, &addr, &size), -ENOENT);
    assert_int_equal(get(&buses.fdt, UINT32_MAX, &addr, &size), -ENOENT);
}

static void memory(void **state)
{
    static const uint64_t ram[][2] = {
        {0x40000000, 0x08000000}, {0x60000000, 0x01000000}, {UINT64_C(0x100000000), 0x40000000}};
    static const uint64_t reserved[][2] = {{0x48000000, 0x4000},
                                           {UINT64_C(0x100000000), 0x10},
                                           {0x47000000, 0x1000},
                                           {0x47100000, 0x2000},
                                           {0x44000000, 0x400000}};

    (void)state;
    expect_ranges(fdt_memory, ram, ARRAY_SIZE(ram));
    expect_ranges(fdt_reserved, reserved, ARRAY_SIZE(reserved));
}

static void chosen(void **state)
{
    const char *options = NULL;
    uint64_t start, end;

    (void)state;
    assert_string_equal(fdt_bootargs(&buses.fdt), "quiet init=/bin/sh -- -c \"echo hello\"");
    assert_int_equal(fdt_initrd(&buses.fdt, &start, &end), 0);
    assert_int_equal(start, 0x48000000);
    assert_int_equal(end, 0x48123456);
    assert_int_equal(fdt_stdout(&buses.fdt, &options), at("console"));
    assert_string_equal(options, "115200n8");
}

/* The real board's tree: an alias as stdout-path, a bus, interrupts on two controllers. */
static void raspberry_pi(void **state)
{
    struct tree pi;
    const char *options;
    uint32_t cells[FDT_MAX_CELLS];
    uint64_t addr, size;
    int uart, controller;

    (void)state;
    open_tree(&pi, "raspi2b");
    uart = fdt_stdout(&pi.fdt, &options);
    assert_true(fdt_compatible(&pi.fdt, uart, "arm,pl011"));
    assert_string_equal(options, "115200n8");
    assert_int_equal(fdt_reg(&pi.fdt, uart, 0, &addr, &size), 0);
    assert_int_equal(addr, 0x3f201000);
    assert_int_equal(size, 0x200);
    assert_int_equal(fdt_interrupt(&pi.fdt, uart, 0, &controller, cells), 2);
    assert_true(fdt_compatible(&pi.fdt, controller, "brcm,bcm2836-armctrl-ic"));
    assert_int_equal(cells[0], 2);
    assert_int_equal(cells[1], 25);
    assert_int_equal(fdt_memory(&pi.fdt, 0, &addr, &size), 0);
    assert_int_equal(addr, 0);
    assert_int_equal(fdt_initrd(&pi.fdt, &addr, &size), -ENOENT);
    free(pi.blob);
}

static void put_be32(uint8_t *p, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A copy of the tree with one word overwritten is refused; with its old value it is not. */
static void damaged_headers(void **state)
{
    static const struct {
        unsigned offset;
        uint32_t value;
    } cases[] = {
        {0, 0},           {0, 0xedfe0dd0},  {4, 0},   {4, 39},  {4, 0x7fffffff},  {4, 0xffffffff},
        {8, 0},           {8, 0xffffffff},  {8, 57},  {12, 0},  {12, 0xfffffff0}, {16, 0},
        {16, 0xffffffff}, {16, 42},         {20, 16}, {24, 18}, {24, 1},          {32, 0xffffffff},
        {32, 1},          {36, 0xffffffff}, {36, 0},  {36, 4},  {36, 0x100},
    };
    uint8_t *copy = malloc(buses.len);

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        memcpy(copy, buses.blob, buses.len);
        put_be32(copy + cases[i].offset, cases[i].value);
        if (fdt_check(copy, buses.len) != -EINVAL)
            fail_msg("header word %u = %#x passes", cases[i].offset, cases[i].value);
    }
    free(copy);
}

/* No length shorter than the whole passes; nor does a blob at an odd address. */
static void truncated(void **state)
{
    uint8_t *odd = malloc(buses.len + 2);

    (void)state;
    for (size_t len = 0; len < buses.len; len++) {
        uint8_t *copy = malloc(len > 0 ? len : 1);

        memcpy(copy, buses.blob, len);
        assert_int_equal(fdt_check(copy, len), -EINVAL);
        free(copy);
    }
    memcpy(odd + 2, buses.blob, buses.len);
    assert_int_equal(fdt_check(odd + 2, buses.len), -EINVAL);
    assert_int_equal(fdt_check(buses.blob, buses.len + 1000), buses.len);
    free(odd);
}

/* A tree made of tokens alone: header, no reservations, the structure, one empty string. */
static int check_tokens(const uint32_t *tokens, unsigned n)
{
    static uint32_t blob[256];
    uint8_t *p = (uint8_t *)blob;
    uint32_t structs = 40 + 16, strings = structs + 4 * n;
    const uint32_t header[10] = {0xd00dfeed, strings + 4, structs, strings, 40,
                                 17,         16,          0,       4,       4 * n};

    memset(blob, 0, sizeof(blob));
    for (unsigned i = 0; i < 10; i++)
        put_be32(p + 4 * i, header[i]);
    for (unsigned i = 0; i < n; i++)
        put_be32(p + structs + 4 * i, tokens[i]);
    return fdt_check(blob, strings + 4);
}

#define CHECK(...)                                                                                 \
    check_tokens((const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static void structures(void **state)
{
    enum { BEGIN = 1, END_NODE, PROP, NOP, END = 9, A = 0x61000000 };
    uint32_t deep[3 * FDT_MAX_DEPTH + 8];
    unsigned n;

    (void)state;
    assert_true(CHECK(BEGIN, 0, END_NODE, END) > 0);
    assert_true(CHECK(NOP, BEGIN, 0, NOP, PROP, 0, 0, NOP, BEGIN, A, END_NODE, END_NODE, NOP, END) >
                0);
    assert_int_equal(CHECK(END), -EINVAL);
    assert_int_equal(CHECK(END_NODE, END), -EINVAL);
    assert_int_equal(CHECK(BEGIN, 0, END), -EINVAL);
    assert_int_equal(CHECK(BEGIN, 0, END_NODE), -EINVAL);
    assert_int_equal(CHECK(BEGIN, 0, END_NODE, BEGIN, A, END_NODE, END), -EINVAL);
    assert_int_equal(CHECK(BEGIN, 0, END_NODE, END_NODE, END), -EINVAL);
    assert_int_equal(CHECK(PROP, 0, 0, BEGIN, 0, END_NODE, END), -EINVAL);
    assert_int_equal(CHECK(BEGIN, 0, BEGIN, A, END_NODE, PROP, 0, 0, END_NODE, END), -EINVAL);
    assert_int_equal(CHECK(BEGIN, 0, 5, END_NODE, END), -EINVAL);
    assert_int_equal(CHECK(BEGIN, 0x61616161), -EINVAL);
    assert_int_equal(CHECK(BEGIN, 0, PROP, 0), -EINVAL);
    assert_int_equal(CHECK(BEGIN, 0, PROP, 0, 4, END_NODE, END), -EINVAL);
    assert_int_equal(CHECK(BEGIN, 0, PROP, 100, 0, END_NODE, END), -EINVAL);
    assert_int_equal(CHECK(BEGIN, 0, PROP, 0xffffffff, 0, END_NODE, END), -EINVAL);

    for (unsigned depth = FDT_MAX_DEPTH; depth <= FDT_MAX_DEPTH + 1; depth++) {
        n = 0;
        for (unsigned i = 0; i < depth; i++) {
            deep[n++] = BEGIN;
            deep[n++] = 0;
        }
        for (unsigned i = 0; i < depth; i++)
            deep[n++] = END_NODE;
        deep[n++] = END;
        assert_int_equal(check_tokens(deep, n) > 0, depth == FDT_MAX_DEPTH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes),
        cmocka_unit_test(missing_nodes),
        cmocka_unit_test(walk),
        cmocka_unit_test(properties),
        cmocka_unit_test(addresses),
        cmocka_unit_test(interrupts),
        cmocka_unit_test(memory),
        cmocka_unit_test(chosen),
        cmocka_unit_test(raspberry_pi),
        cmocka_unit_test(truncated),
        cmocka_unit_test(damaged_headers),
        cmocka_unit_test(structures),
    };

    return cmocka_run_group_tests(tests, open_buses, close_buses);
}
