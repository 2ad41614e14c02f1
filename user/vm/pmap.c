/* SPDX-License-Identifier: MIT
 *
 * pmap PID, pt PID: the segments or the page table of a process, as the kernel prints them in
 * /proc/PID; pmap adds a line of what the process costs the kernel. One source, two programs: NAME
 * is set by the build. "self" is the tool itself.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "process_list.h"
#include "quire.h"

static void cost_show(const char *path)
{
    struct process_cost cost;

    if (!process_cost_read(path, &cost))
        return;
    printf("kernel %lu bytes", cost.total_bytes);
    for (unsigned i = 0; i < cost.parts; i++)
        printf("%s %s %lu", i ? "," : ":", cost.part[i].kind, cost.part[i].bytes);
    putchar('\n');
}

int main(int argc, char **argv)
{
    char path[64];
    struct stat st;
    uint32_t pid;

    if (argc != 2 || (strcmp(argv[1], "self") != 0 && !number_parse(argv[1], &pid))) {
        fprintf(stderr, "usage: " NAME " PID\n");
        return 2;
    }
    snprintf(path, sizeof path, "/proc/%s", argv[1]);
    if (stat(path, &st) < 0) {
        fprintf(stderr, NAME ": %s: no such process\n", argv[1]);
        return 1;
    }
    snprintf(path, sizeof path, "/proc/%s/" NAME, argv[1]);
    if (file_print(NAME, path) < 0)
        return 1;
    if (strcmp(NAME, "pmap") == 0) {
        snprintf(path, sizeof path, "/proc/%s/cost", argv[1]);
        cost_show(path);
    }
    return 0;
}
