/* SPDX-License-Identifier: MIT
 *
 * forktree [DEPTH] [FANOUT]: a tree of processes. Each forks FANOUT children, which do the same
 * one level lower; every process changes its copy of a variable and of a page, and checks them
 * after its children have changed theirs. Prints how many there were; status 0 if all copies
 * were right.
 */
#include <stdio.h>
#include <unistd.h>

#include <sys/wait.h>

#include "quire.h"

#define PAGE_WORDS 1024

static volatile uint32_t page[PAGE_WORDS];

static uint32_t depth = 3, fanout = 2;

/* Writes this process's mark over the page, runs the subtree, and looks at the mark again. */
static int subtree(uint32_t left)
{
    uint32_t mark = (uint32_t)getpid();
    int failures = 0;

    for (uint32_t i = 0; i < PAGE_WORDS; i += 64)
        page[i] = mark + i;
    for (uint32_t i = 0; left > 0 && i < fanout; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(subtree(left - 1) != 0);
        if (pid < 0)
            failures += fail("forktree", "fork");
    }
    int status;
    while (waitpid(-1, &status, 0) > 0)
        failures += status != 0;
    for (uint32_t i = 0; i < PAGE_WORDS; i += 64)
        failures += page[i] != mark + i;
    return failures;
}

int main(int argc, char **argv)
{
    uint32_t processes = 1, layer = 1;

    if (argc > 3 || (argc > 1 && !number_parse(argv[1], &depth)) ||
        (argc > 2 && !number_parse(argv[2], &fanout))) {
        fprintf(stderr, "usage: forktree [DEPTH] [FANOUT]\n");
        return 2;
    }
    for (uint32_t i = 0; i < depth && layer < 1000000 && fanout > 0; i++)
        processes += layer *= fanout;
    int failures = subtree(depth);
    printf("forktree: %lu processes, %s\n", (unsigned long)processes,
           failures ? "some copies were wrong or forks failed" : "every copy right");
    return failures != 0;
}
