/* SPDX-License-Identifier: MIT
 *
 * Which driver has the machine's framebuffer. Set during boot, constant afterwards; no locks.
 */
#include "kern/framebuffer.h"

static framebuffer_start_fn *starter; /* (c) */

void framebuffer_register(framebuffer_start_fn *start)
{
    if (!starter)
        starter = start;
}

framebuffer_start_fn *framebuffer_starter(void)
{
    return starter;
}
