/* SPDX-License-Identifier: MIT
 *
 * Commands of kdb for physical memory as a whole: frames by what they hold, slab caches. Counts
 * without locks: see kern/kdb.h.
 */
#include "kern/kdb.h"
#include "mm/frame.h"
#include "mm/slab.h"

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

KDB_COMMAND(frames, "", "frames by what they hold", cmd_frames);
