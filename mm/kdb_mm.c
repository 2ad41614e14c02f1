/* SPDX-License-Identifier: MIT
 *
 * Commands of kdb for memory as a whole: frames by what they hold, swap. Counts without locks: see
 * kern/kdb.h.
 */
#include "kern/kdb.h"
#include "mm/frame.h"
#include "mm/swap_impl.h"

/* Of groups whose entries were never made nothing was ever used. */
static void cmd_frames(unsigned argc, char **argv)
{
    uint32_t count[FRAME_TYPES] = {0}, untouched = 0;

    (void)argc, (void)argv;
    for (pfn_t pfn = direct_map.first; pfn < direct_map.end && !kdb_stopped(); pfn++) {
        const struct frame *f = frame_peek(pfn);

        if (f)
            count[frame_type(f) % FRAME_TYPES]++;
        else
            untouched++;
    }
    for (unsigned i = 0; i < FRAME_TYPES; i++)
        kdb_printf("%-9s %8u\n", frame_type_name((enum frame_type)i), count[i]);
    kdb_printf("untouched %8u\n", untouched);
}

static void print_slot(uint32_t slot)
{
    struct swap_slot_info s;

    if (!swap_peek_slot(slot, &s) || !s.owner) {
        kdb_printf("slot %x: not in use\n", slot);
        return;
    }
    kdb_printf("slot %x: %s, owner %p, page %x, %u entries, ", slot, frame_type_name(s.type),
               s.owner, s.index, s.count);
    if (s.pfn)
        kdb_printf("frame %x%s%s\n", s.pfn, s.reading ? ", reading" : "",
                   s.writing ? ", writing" : "");
    else
        kdb_printf("not in memory\n");
}

static void cmd_swap(unsigned argc, char **argv)
{
    struct swap_area_info a;
    uint32_t slot;

    if (argc > 1) {
        if (kdb_number(argv[1], 16, &slot))
            print_slot(slot);
        return;
    }
    for (unsigned i = 0; i < SWAP_AREAS; i++)
        if (swap_peek_area(i, &a))
            kdb_printf("%s: slots %x to %x, %u of %u in use, priority %d\n", a.name, a.first,
                       a.first + a.pages - 1, a.used, a.usable, a.prio);
}

KDB_COMMAND(swap, "[SLOT]", "areas of swap; what a slot holds", cmd_swap);
KDB_COMMAND(frames, "", "frames by what they hold", cmd_frames);
