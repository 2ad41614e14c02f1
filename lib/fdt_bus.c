/* SPDX-License-Identifier: MIT
 *
 * Device tree: what reg, ranges and interrupts mean. An address is carried from bus to bus upwards
 * until the root, each time by the entry of the bus's ranges that holds all of it. Numbers wider
 * than 64 bits (PCI's three address cells) are not understood: -EINVAL.
 * Source: Devicetree Specification v0.4, 2.3 and 2.4.
 */
#include "lib/fdt_impl.h"

#include "include/uapi/errno.h"

#define DEFAULT_ADDRESS_CELLS 2u /* of a bus that does not say */
#define DEFAULT_SIZE_CELLS    1u
#define NUMBER_CELLS          2u /* a number has at most this many */

struct cell_counts {
    uint32_t address, size;
};

/* How the bus writes its children's addresses; false if this reader can not take them. */
static bool bus_cells(const struct fdt *fdt, int bus, struct cell_counts *n)
{
    *n = (struct cell_counts){DEFAULT_ADDRESS_CELLS, DEFAULT_SIZE_CELLS};
    fdt_u32(fdt, bus, "#address-cells", 0, &n->address);
    fdt_u32(fdt, bus, "#size-cells", 0, &n->size);
    return n->address >= 1 && n->address <= NUMBER_CELLS && n->size <= NUMBER_CELLS;
}

static uint64_t read_number(const uint8_t *cells, uint32_t n)
{
    return n == 2 ? be64(cells) : n == 1 ? be32(cells) : 0;
}

/* Carries the range from the bus to its parent: 0, -EINVAL, or -ENXIO if no entry holds it. */
static int translate(const struct fdt *fdt, int bus, int parent, uint64_t *addr, uint64_t size)
{
    struct cell_counts child, up;
    size_t len, entry;
    const uint8_t *ranges = fdt_prop(fdt, bus, "ranges", &len);

    if (!ranges)
        return -ENXIO;
    if (len == 0)
        return 0; /* the bus shows its children where they are */
    if (!bus_cells(fdt, bus, &child) || !bus_cells(fdt, parent, &up))
        return -EINVAL;
    entry = 4 * (child.address + up.address + child.size);
    for (; len >= entry; len -= entry, ranges += entry) {
        uint64_t from = read_number(ranges, child.address);
        uint64_t to = read_number(ranges + 4 * child.address, up.address);
        uint64_t n = read_number(ranges + 4 * (child.address + up.address), child.size);

        if (*addr < from || *addr - from > n || size > n - (*addr - from))
            continue;
        if (__builtin_add_overflow(to, *addr - from, &to))
            return -EINVAL;
        *addr = to;
        return 0;
    }
    return -ENXIO;
}

int fdt_reg(const struct fdt *fdt, int node, unsigned index, uint64_t *addr, uint64_t *size)
{
    size_t len, entry;
    const uint8_t *reg = fdt_prop(fdt, node, "reg", &len);
    int bus = fdt_parent(fdt, node), parent, error;
    struct cell_counts n;
    uint64_t at, bytes, end;

    if (!reg || bus < 0)
        return -ENOENT;
    if (!bus_cells(fdt, bus, &n))
        return -EINVAL;
    entry = 4 * (n.address + n.size);
    if (index >= len / entry)
        return -ENOENT;
    reg += index * entry;
    at = read_number(reg, n.address);
    bytes = read_number(reg + 4 * n.address, n.size);

    for (; (parent = fdt_parent(fdt, bus)) >= 0; bus = parent) {
        error = translate(fdt, bus, parent, &at, bytes);
        if (error)
            return error;
    }
    if (bytes > 0 && __builtin_add_overflow(at, bytes - 1, &end))
        return -EINVAL;
    *addr = at;
    *size = bytes;
    return 0;
}

/* The controller of the node's interrupts: its own interrupt-parent or the nearest above it. */
static int interrupt_parent(const struct fdt *fdt, int node)
{
    uint32_t phandle;

    for (; node >= 0; node = fdt_parent(fdt, node))
        if (fdt_u32(fdt, node, "interrupt-parent", 0, &phandle))
            return fdt_phandle(fdt, phandle);
    return -ENOENT;
}

/* How many cells the controller's specifiers have; -EINVAL if it does not say or too many. */
static int specifier_cells(const struct fdt *fdt, int controller)
{
    uint32_t n;

    if (!fdt_u32(fdt, controller, "#interrupt-cells", 0, &n) || n < 1 || n > FDT_MAX_CELLS)
        return -EINVAL;
    return (int)n;
}

/* The index-th of <controller specifier> pairs, whose lengths differ. */
static int extended_interrupt(const struct fdt *fdt, int node, unsigned index, int *controller,
                              uint32_t cells[FDT_MAX_CELLS])
{
    static const char name[] = "interrupts-extended";
    uint32_t phandle;

    for (unsigned at = 0;; index--) {
        int n;

        if (!fdt_u32(fdt, node, name, at++, &phandle))
            return -ENOENT;
        *controller = fdt_phandle(fdt, phandle);
        n = specifier_cells(fdt, *controller);
        if (n < 0)
            return n;
        for (int i = 0; i < n; i++)
            if (!fdt_u32(fdt, node, name, at++, &cells[i]))
                return -EINVAL;
        if (index == 0)
            return n;
    }
}

int fdt_interrupt(const struct fdt *fdt, int node, unsigned index, int *controller,
                  uint32_t cells[FDT_MAX_CELLS])
{
    size_t len;
    int n;

    if (fdt_prop(fdt, node, "interrupts-extended", NULL))
        return extended_interrupt(fdt, node, index, controller, cells);
    if (!fdt_prop(fdt, node, "interrupts", &len))
        return -ENOENT;
    *controller = interrupt_parent(fdt, node);
    n = specifier_cells(fdt, *controller);
    if (n < 0)
        return n;
    if (index >= len / (4 * (size_t)n))
        return -ENOENT;
    for (int i = 0; i < n; i++)
        fdt_u32(fdt, node, "interrupts", index * (unsigned)n + (unsigned)i, &cells[i]);
    return n;
}
