/* SPDX-License-Identifier: MIT
 *
 * The frames of the machine from its device tree: RAM, clipped to what the direct map can show, and
 * what of it is taken already: image, device tree, initrd, reservations, and the frame table, for
 * which a place is found here.
 */
#include <string.h>

#include "boot/boot.h"
#include "include/uapi/errno.h"
#include "kern/log.h"
#include "lib/fdt.h"

#define MIB_FRAMES 256u

/* Whole frames that the bytes touch. */
static struct frame_range frames_around(uint64_t base, uint64_t end)
{
    uint64_t first = base >> PAGE_SHIFT, last = (end + PAGE_MASK) >> PAGE_SHIFT;

    if (first >> 20 || last <= first)
        return (struct frame_range){0, 0};
    return (struct frame_range){(pfn_t)first, (uint32_t)(MIN(last, 1ull << 20) - first)};
}

static void add_ram(struct frame_map *map, uint64_t base, uint64_t size)
{
    uint64_t low = arch_ram_base(), high = low + (DIRECT_END - DIRECT_BASE), end = base + size;
    uint64_t from = ALIGN_UP(MAX(base, low), 1ull << 20),
             to = ALIGN_DOWN(MIN(end, high), 1ull << 20);

    to = MIN(to, 1ull << 32);
    if (end > to)
        log_printf("memory: %u MiB at %08llx can't be seen and stay unused\n",
                   (unsigned)((end - MAX(to, base)) >> 20), (unsigned long long)MAX(to, base));
    if (from >= to || map->nram == FRAME_RANGES_MAX)
        return;
    map->ram[map->nram++] =
        (struct frame_range){(pfn_t)(from >> PAGE_SHIFT), (uint32_t)((to - from) >> PAGE_SHIFT)};
}

static void add_reserved(struct frame_map *map, struct frame_range r, enum frame_type type)
{
    if (r.count == 0)
        return;
    if (map->nreserved == FRAME_RANGES_MAX) {
        log_printf("memory: more than %d reserved ranges\n", FRAME_RANGES_MAX);
        return;
    }
    map->reserved[map->nreserved] = r;
    map->reserved_type[map->nreserved++] = type;
}

bool boot_initrd(const struct fdt *fdt, uint64_t *base, uint64_t *end)
{
    return fdt_initrd(fdt, base, end) == 0 && *end > *base;
}

/* The first run of count frames in RAM that nothing reserved touches. */
static pfn_t find_room(const struct frame_map *map, uint32_t count)
{
    pfn_t at = map->ram[0].first, end = map->ram[0].first + map->ram[0].count;

    for (unsigned i = 0; i < map->nreserved; i++) {
        const struct frame_range *r = &map->reserved[i];

        if (r->first < at + count && at < r->first + r->count) {
            at = r->first + r->count;
            i = ~0u; /* look at all of them again */
        }
    }
    return at + count <= end ? at : NO_PFN;
}

int boot_memory_map(const struct fdt *fdt, uint64_t dtb_phys, struct frame_map *map)
{
    uint64_t base, size;

    memset(map, 0, sizeof(*map));
    for (unsigned i = 0; fdt_memory(fdt, i, &base, &size) == 0; i++)
        add_ram(map, base, size);
    if (map->nram == 0)
        return -ENODEV;
    add_reserved(map, arch_image_range(), FRAME_KERNEL);
    if (boot_initrd(fdt, &base, &size))
        add_reserved(map, frames_around(base, size), FRAME_RAMDISK);
    add_reserved(map, frames_around(dtb_phys, dtb_phys + fdt->total_bytes), FRAME_KERNEL);
    for (unsigned i = 0; fdt_reserved(fdt, i, &base, &size) == 0; i++)
        add_reserved(map, frames_around(base, base + size), FRAME_RESERVED);
    uint32_t count = pages_of(frame_table_bytes(map));
    pfn_t table = find_room(map, count);

    if (table == NO_PFN)
        return -ENOMEM;
    add_reserved(map, (struct frame_range){table, count}, FRAME_KERNEL);
    return (int)table;
}
