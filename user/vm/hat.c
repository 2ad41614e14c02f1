/* SPDX-License-Identifier: MIT
 *
 * hat flush | pageunload FRAME | pagesync FRAME: takes back what the hardware was told - of all
 * processes, of one frame wherever it is mapped - or only looks; prints what it found. FRAME is a
 * number as `pt` and `coremap` show it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "quire.h"

#define HAT "/proc/hat"

int main(int argc, char **argv)
{
    bool flush = argc == 2 && strcmp(argv[1], "flush") == 0;
    bool frame = argc == 3 && (!strcmp(argv[1], "pageunload") || !strcmp(argv[1], "pagesync"));
    char command[64], *text, *last;
    int fd, len;

    if (!flush && !frame) {
        fprintf(stderr, "usage: hat flush | hat pageunload FRAME | hat pagesync FRAME\n");
        return 2;
    }
    len = snprintf(command, sizeof command, "%s %s", argv[1], frame ? argv[2] : "");
    fd = open(HAT, O_WRONLY);
    if (fd < 0)
        return fail("hat", HAT);
    if (len >= (int)sizeof command || write(fd, command, (size_t)len) < 0) {
        fprintf(stderr, "hat: %s: no frame with a page of a process or of a file\n", argv[2]);
        return 1;
    }
    close(fd);
    if (flush)
        return 0;
    text = file_read_all(HAT, NULL);
    last = text ? strstr(text, "frame ") : NULL;
    if (!last)
        return fail("hat", HAT);
    printf("%s", last);
    free(text);
    return 0;
}
