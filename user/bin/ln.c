/* SPDX-License-Identifier: MIT
 *
 * ln [-s] TARGET PATH: another name for a file; -s a symbolic link.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "quire.h"

int main(int argc, char **argv)
{
    bool soft = argc > 1 && strcmp(argv[1], "-s") == 0;

    if (argc != 3 + soft) {
        fprintf(stderr, "usage: ln [-s] TARGET PATH\n");
        return 2;
    }
    char *target = argv[1 + soft], *path = argv[2 + soft];
    return (soft ? symlink(target, path) : link(target, path)) < 0 ? fail("ln", path) : 0;
}
