/* SPDX-License-Identifier: MIT
 *
 * args [-e] [ARGUMENT...]: prints argc, each argument in quotation marks, and how the stack
 * pointer was aligned at the first instruction (0 is right); -e prints the environment, too.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "quire.h"

int main(int argc, char **argv)
{
    printf("argc = %d\n", argc);
    for (int i = 0; i < argc; i++)
        printf("argv[%d] = \"%s\"\n", i, argv[i]);
    printf("stack pointer & 7 = %u\n", (unsigned)(entry_stack & 7));
    if (argc > 1 && strcmp(argv[1], "-e") == 0)
        for (int i = 0; environ[i]; i++)
            printf("envp[%d] = \"%s\"\n", i, environ[i]);
    return 0;
}
