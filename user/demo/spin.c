/* SPDX-License-Identifier: MIT
 *
 * spin [SECONDS]: keeps the processor busy for that long; without a number until it is ended. It
 * looks at the clock now and then, so most of its time is spent in user mode.
 */
#include <stdio.h>
#include <time.h>

#include "quire.h"

#define ROUNDS 1000000

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

int main(int argc, char **argv)
{
    uint32_t seconds = 0;

    if (argc > 2 || (argc == 2 && !number_parse(argv[1], &seconds))) {
        fprintf(stderr, "usage: spin [SECONDS]\n");
        return 2;
    }
    int64_t end = now_ns() + seconds * 1000000000ll;
    while (argc == 1 || now_ns() < end)
        for (volatile int i = 0; i < ROUNDS; i++)
            continue;
    return 0;
}
