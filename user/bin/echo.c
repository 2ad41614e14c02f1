/* SPDX-License-Identifier: MIT
 *
 * echo [-n] [WORD...]: prints its arguments with one blank between them; -n leaves the newline
 * out.
 */
#include <stdio.h>
#include <string.h>

#include "quire.h"

int main(int argc, char **argv)
{
    int first = 1;

    if (argc > 1 && strcmp(argv[1], "-n") == 0)
        first = 2;
    for (int i = first; i < argc; i++)
        printf("%s%s", i > first ? " " : "", argv[i]);
    if (first == 1)
        printf("\n");
    return fflush(stdout) == EOF ? fail("echo", "output") : 0;
}
