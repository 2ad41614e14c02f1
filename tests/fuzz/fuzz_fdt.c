/* SPDX-License-Identifier: MIT
 *
 * Device tree: whatever passes the check can be walked and asked everything, on every node, without
 * leaving the blob; and the ways of walking agree.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "lib/base.h"
#include "lib/fdt.h"

#define MAX_RANGES 64u

static volatile uint32_t sum;

static void touch(const void *p, size_t len)
{
    const uint8_t *bytes = p;

    for (size_t i = 0; p && i < len; i++)
        sum += bytes[i];
}

static void touch_string(const char *text)
{
    if (text)
        sum += (uint32_t)strlen(text);
}

static void ask_node(const struct fdt *fdt, int node)
{
    static const char *const names[] = {"reg", "compatible", "ranges", "interrupts", "no-such"};
    uint32_t cells[FDT_MAX_CELLS], cell;
    uint64_t addr, size;
    int controller;
    size_t len;

    touch_string(fdt_name(fdt, node));
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        const uint8_t *p = fdt_prop(fdt, node, names[i], &len);

        FUZZ_CHECK(!p || (p >= fdt->blob && p + len <= fdt->blob + fdt->total_bytes));
        touch(p, p ? len : 0);
        touch_string(fdt_string(fdt, node, names[i]));
        sum += fdt_u32(fdt, node, names[i], i, &cell) + fdt_number(fdt, node, names[i], &addr);
    }
    sum += fdt_compatible(fdt, node, "arm,pl011") + fdt_enabled(fdt, node);
    for (unsigned i = 0; i < 4; i++) {
        if (fdt_reg(fdt, node, i, &addr, &size) == 0)
            FUZZ_CHECK(size == 0 || addr + (size - 1) >= addr);
        FUZZ_CHECK(fdt_interrupt(fdt, node, i, &controller, cells) <= FDT_MAX_CELLS);
    }
}

/* Children found one by one: as many as the walk in document order gives, each with its parent. */
static unsigned count_below(const struct fdt *fdt, int node, unsigned depth)
{
    unsigned n = 1;

    FUZZ_CHECK(depth < FDT_MAX_DEPTH);
    for (int c = fdt_first_child(fdt, node); c >= 0; c = fdt_next_sibling(fdt, c)) {
        FUZZ_CHECK(c > node);
        n += count_below(fdt, c, depth + 1);
    }
    return n;
}

static void ask_boot(const struct fdt *fdt)
{
    const char *options = NULL;
    uint64_t a, b;

    for (unsigned i = 0; i < MAX_RANGES && fdt_memory(fdt, i, &a, &b) == 0; i++)
        sum += (uint32_t)a;
    for (unsigned i = 0; i < MAX_RANGES && fdt_reserved(fdt, i, &a, &b) == 0; i++)
        sum += (uint32_t)a;
    touch_string(fdt_bootargs(fdt));
    if (fdt_initrd(fdt, &a, &b) == 0)
        FUZZ_CHECK(a < b);
    if (fdt_stdout(fdt, &options) >= 0)
        touch_string(options);
    sum += (uint32_t)fdt_phandle(fdt, 1) + (uint32_t)fdt_find_compatible(fdt, 0, "arm,pl011");
}

bool fuzz_one(uint8_t *bytes, size_t len)
{
    int last_parent_checked = 0;
    unsigned n = 0;
    struct fdt fdt;

    if (fdt_open(&fdt, bytes, len) != 0)
        return false;
    FUZZ_CHECK(fdt.total_bytes <= len);
    for (int node = 0; node >= 0; node = fdt_next(&fdt, node), n++) {
        ask_node(&fdt, node);
        if (node > 0)
            last_parent_checked = fdt_parent(&fdt, node);
        FUZZ_CHECK(last_parent_checked >= 0 && last_parent_checked <= node);
    }
    FUZZ_CHECK(n == count_below(&fdt, 0, 0));
    ask_boot(&fdt);
    return true;
}
