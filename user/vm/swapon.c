/* SPDX-License-Identifier: MIT
 *
 * swapon: lists swap areas. swapon [-p PRIO] DEVICE: uses one. swapoff DEVICE: gives it up, with
 * all that is in it back in memory. Areas of a higher priority (0 to 32767) are filled first.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "quire.h"

#define SWAP_PREFER 0x8000u
#define PRIO_MAX    0x7fffu

static int usage(void)
{
    fprintf(stderr, "usage: swapon [[-p PRIO] DEVICE] | swapoff DEVICE\n");
    return 2;
}

static int list(void)
{
    return file_print("swapon", "/proc/swaps");
}

int main(int argc, char **argv)
{
    bool off = strcmp(NAME, "swapoff") == 0, prefer = argc == 4 && strcmp(argv[1], "-p") == 0;
    uint32_t prio = 0;
    int error;

    if (argc == 1 && !off)
        return list();
    if (argc != 2 && (off || !prefer || !number_parse(argv[2], &prio) || prio > PRIO_MAX))
        return usage();
    error = off ? (int)syscall(SYS_swapoff, argv[1])
                : (int)syscall(SYS_swapon, argv[argc - 1], prefer ? SWAP_PREFER | prio : 0);
    return error ? fail(NAME, argv[argc - 1]) : 0;
}
