/* SPDX-License-Identifier: MIT
 *
 * vmcheck [-q]: makes the kernel check its memory system and prints what it found; -q the last
 * line only. Status 0 only if that line says ok.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quire.h"

int main(int argc, char **argv)
{
    size_t len = 0;

    if (argc > 2 || (argc == 2 && strcmp(argv[1], "-q") != 0)) {
        fprintf(stderr, "usage: vmcheck [-q]\n");
        return 2;
    }
    char *text = file_read_all("/proc/vmcheck", &len);
    if (!text)
        return fail("vmcheck", "/proc/vmcheck");
    while (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    char *last = strrchr(text, '\n');
    last = last ? last + 1 : text;
    printf("%s\n", argc == 2 ? last : text);
    bool ok = strncmp(last, "vmcheck: ok", 11) == 0;
    free(text);
    return ok ? 0 : 1;
}
