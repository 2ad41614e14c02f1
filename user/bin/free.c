/* SPDX-License-Identifier: MIT
 *
 * free: memory as /proc/meminfo has it, in kilobytes and in page frames. "cache" is what files
 * occupy and can be dropped; of swap, in kilobytes, what is in memory, too; "commit" is what has
 * been promised to programs, and how much may be.
 */
#include <stdio.h>
#include <stdlib.h>

#include "quire.h"

static uint32_t number(const char *text, const char *key)
{
    uint64_t value = 0;

    text_number(text, key, &value);
    return (uint32_t)value;
}

int main(void)
{
    char *text = file_read_all("/proc/meminfo", NULL);

    if (!text)
        return fail("free", "/proc/meminfo");
    uint32_t total = number(text, "MemTotal"), unused = number(text, "MemFree");
    printf("             total       used       free      cache     kernel\n");
    printf("kB      %10lu %10lu %10lu %10lu %10lu\n", (unsigned long)total,
           (unsigned long)(total - unused), (unsigned long)unused,
           (unsigned long)number(text, "Cached"), (unsigned long)number(text, "KernelMemory"));
    printf("frames  %10lu %10lu %10lu %10lu\n", (unsigned long)number(text, "FramesTotal"),
           (unsigned long)number(text, "FramesUsed"), (unsigned long)number(text, "FramesFree"),
           (unsigned long)number(text, "FramesCache"));
    uint32_t swap = number(text, "SwapTotal"), left = number(text, "SwapFree");
    printf("swap    %10lu %10lu %10lu %10lu\n", (unsigned long)swap, (unsigned long)(swap - left),
           (unsigned long)left, (unsigned long)number(text, "SwapCached"));
    printf("commit  %10lu kB of %lu kB\n", (unsigned long)number(text, "Committed_AS"),
           (unsigned long)number(text, "CommitLimit"));
    free(text);
    return 0;
}
