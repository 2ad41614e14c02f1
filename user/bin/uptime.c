/* SPDX-License-Identifier: MIT
 *
 * uptime: how long the machine has been running, in words.
 */
#include <stdio.h>
#include <stdlib.h>

#include "quire.h"

int main(void)
{
    char *text = file_read_all("/proc/uptime", NULL);

    if (!text)
        return fail("uptime", "/proc/uptime");
    unsigned long seconds = strtoul(text, NULL, 10);
    printf("up %lu d %02lu:%02lu:%02lu\n", seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60,
           seconds % 60);
    free(text);
    return 0;
}
