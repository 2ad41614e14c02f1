/* SPDX-License-Identifier: MIT
 *
 * fill PAGES [fork]: writes a pattern to so many pages of private memory, says so, waits until
 * there is a file /tmp/check, and says how many words are wrong. With fork a child does the same
 * with what it inherited; it wrote to a page of each node of the page table before, so that none is
 * shared. For tests/qemu/test_swap.py, which looks at a process that rests. Status 0: all was
 * right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "quire.h"

#define PAGE       4096u
#define PAGE_WORDS (PAGE / sizeof(uint32_t))
#define NODE_PAGES 512u
#define CHECK_FILE "/tmp/check"

static uint32_t *memory;
static uint32_t pages;

static uint32_t pattern(uint32_t index, uint32_t seed)
{
    return (index + seed) * 2654435761u ^ index >> 7;
}

static void page_write(uint32_t page, uint32_t seed)
{
    for (uint32_t i = page * PAGE_WORDS; i < (page + 1) * PAGE_WORDS; i++)
        memory[i] = pattern(i, seed);
}

static uint32_t page_wrong(uint32_t page, uint32_t seed)
{
    uint32_t wrong = 0;

    for (uint32_t i = page * PAGE_WORDS; i < (page + 1) * PAGE_WORDS; i++)
        wrong += memory[i] != pattern(i, seed);
    return wrong;
}

/* seed: of every NODE_PAGES-th page; that of the others is 0. */
static int wait_and_check(const char *who, uint32_t seed)
{
    uint32_t wrong = 0;

    printf("fill: %s %d has %lu pages\n", who, (int)getpid(), (unsigned long)pages);
    fflush(stdout);
    while (access(CHECK_FILE, F_OK) != 0)
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    for (uint32_t page = 0; page < pages; page++)
        wrong += page_wrong(page, page % NODE_PAGES ? 0 : seed);
    printf("fill: %s: %lu words wrong\n", who, (unsigned long)wrong);
    return wrong != 0;
}

static int child(void)
{
    for (uint32_t page = 0; page < pages; page += NODE_PAGES)
        page_write(page, 1);
    return wait_and_check("child", 1);
}

int main(int argc, char **argv)
{
    bool forks = argc == 3 && strcmp(argv[2], "fork") == 0;
    int status = 0;
    pid_t pid = 0;

    if ((argc != 2 && !forks) || !number_parse(argv[1], &pages) || pages == 0) {
        fprintf(stderr, "usage: fill PAGES [fork]\n");
        return 2;
    }
    memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return fail("fill", argv[1]);
    for (uint32_t page = 0; page < pages; page++)
        page_write(page, 0);
    if (forks) {
        pid = fork();
        if (pid < 0)
            return fail("fill", "fork");
        if (pid == 0)
            exit(child());
    }
    int result = wait_and_check("parent", 0);
    if (pid && (waitpid(pid, &status, 0) < 0 || status))
        result = 1;
    return result;
}
