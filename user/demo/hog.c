/* SPDX-License-Identifier: MIT
 *
 * hog SIZE[K|M]: takes that much memory by mmap, writes a pattern that differs in every word,
 * reads it back and says how many words were wrong. Status 0 if none was.
 */
#include <stdio.h>

#include <sys/mman.h>

#include "quire.h"

static uint32_t pattern(uint32_t index)
{
    return index * 2654435761u ^ index >> 7;
}

int main(int argc, char **argv)
{
    uint32_t bytes, wrong = 0;

    if (argc != 2 || !size_parse(argv[1], &bytes) || bytes < sizeof(uint32_t)) {
        fprintf(stderr, "usage: hog SIZE[K|M]\n");
        return 2;
    }
    uint32_t *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return fail("hog", argv[1]);
    uint32_t words = bytes / sizeof(uint32_t);
    for (uint32_t i = 0; i < words; i++)
        memory[i] = pattern(i);
    for (uint32_t i = 0; i < words; i++)
        wrong += memory[i] != pattern(i);
    printf("hog: %lu kB written and read, %lu words wrong\n", (unsigned long)(bytes / 1024),
           (unsigned long)wrong);
    return wrong != 0;
}
