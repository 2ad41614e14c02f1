/* SPDX-License-Identifier: MIT
 *
 * stack [KIB]: uses that much stack by recursion, then says so; without a number it goes on
 * until the stack reaches its limit and the kernel ends it.
 */
#include <stdio.h>

#include "quire.h"

#define FRAME_BYTES 1024u

/* Each level keeps a kilobyte and reads it after the level below returned. */
static uint32_t level(uint32_t left)
{
    volatile uint8_t room[FRAME_BYTES - 32];

    room[0] = (uint8_t)left;
    room[sizeof room - 1] = 1;
    uint32_t below = left > 1 ? level(left - 1) : 0;
    return below + room[sizeof room - 1];
}

int main(int argc, char **argv)
{
    uint32_t kib = UINT32_MAX;

    if (argc > 2 || (argc == 2 && (!number_parse(argv[1], &kib) || kib == 0))) {
        fprintf(stderr, "usage: stack [KIB]\n");
        return 2;
    }
    printf("stack: %lu kB deep\n", (unsigned long)level(kib));
    return 0;
}
