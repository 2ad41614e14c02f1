/* SPDX-License-Identifier: MIT
 *
 * What memory costs that is larger than the machine's: on a small one with a disk for swap. The
 * disk answers when the host's file does, and the CPU stops meanwhile: that time is not the
 * kernel's work, and is subtracted.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

enum { SWAP_PAGES = 8192 }; /* 32 MiB: four times what ./bench leaves */

static char text[8192];

/* Nanoseconds that the CPU stood still so far. */
static uint64_t idle_ns(void)
{
    int32_t fd = call(NR_openat, AT_CWD, (uint32_t) "/proc/vmstat", 0, 0, 0), got, len = 0;
    check(fd >= 0, "open /proc/vmstat");
    while ((got = call(NR_read, (uint32_t)fd, (uint32_t)text + (uint32_t)len,
                       sizeof(text) - 1 - (uint32_t)len, 0, 0)) > 0)
        len += got;
    call(NR_close, (uint32_t)fd, 0, 0, 0, 0);
    text[len] = '\0';
    const char *at = strstr(text, "\nidle_ns ");
    check(at != NULL, "idle_ns in /proc/vmstat");
    return strtoull(at + strlen("\nidle_ns "), NULL, 10);
}

/* Instructions of touching one word in each page. */
static uint64_t walk(volatile uint32_t *at, enum touch how)
{
    uint64_t idle = idle_ns(), start = ticks();
    for (uint32_t i = 0; i < SWAP_PAGES; i++, at += PAGE / sizeof(*at)) {
        if (how == TOUCH_WRITE)
            *at = i;
        else
            check(*at == i, "reading what was swapped");
    }
    uint64_t spent = (ticks() - start) * TICK;
    return less(spent, idle_ns() - idle);
}

/* Each page of new memory is written once, and then, for TOUCH_READ, they are read in a row. */
static uint64_t swap_pass(uint32_t how)
{
    char *at = map_memory(SWAP_PAGES * PAGE);
    uint64_t spent = walk((volatile uint32_t *)at, TOUCH_WRITE);
    if (how == TOUCH_READ)
        spent = walk((volatile uint32_t *)at, TOUCH_READ);
    unmap(at, SWAP_PAGES * PAGE);
    return each(spent, SWAP_PAGES);
}

void measure_swap(const char *device)
{
    check(call(NR_swapon, (uint32_t)device, 0, 0, 0, 0) == 0, "swapon");
    measure_by("swap_fill", swap_pass, TOUCH_WRITE);
    measure_by("swap_read", swap_pass, TOUCH_READ);
}
