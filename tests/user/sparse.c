/* SPDX-License-Identifier: MIT
 *
 * sparse PROCESSES NODES SECONDS: each process, one after the other, maps NODES times 2 MiB and
 * writes to two pages of each, so that its page table takes half as many frames as its pages, and
 * sleeps for so long. Then it says how many of its pages are wrong. For
 * tests/qemu/test_swap_nodes.py, with more nodes than there is memory. Status 0: all was right.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "quire.h"

#define PAGE       4096u
#define NODE_BYTES (2u << 20)

static char *memory;
static uint32_t nodes;

static uint32_t *page_at(uint32_t node, uint32_t second)
{
    return (uint32_t *)(memory + node * NODE_BYTES + second * (node % 500 + 1) * PAGE);
}

static uint32_t pattern(uint32_t process, uint32_t node, uint32_t second)
{
    return (process * 1000 + node * 2 + second) * 2654435761u;
}

static void write_all(uint32_t process)
{
    for (uint32_t node = 0; node < nodes; node++)
        for (uint32_t second = 0; second < 2; second++)
            for (uint32_t i = 0; i < PAGE / sizeof(uint32_t); i++)
                page_at(node, second)[i] = pattern(process, node, second) + i;
}

static uint32_t count_wrong(uint32_t process)
{
    uint32_t wrong = 0;

    for (uint32_t node = 0; node < nodes; node++)
        for (uint32_t second = 0; second < 2; second++)
            for (uint32_t i = 0; i < PAGE / sizeof(uint32_t); i++)
                if (page_at(node, second)[i] != pattern(process, node, second) + i) {
                    wrong++;
                    break;
                }
    return wrong;
}

static int child(uint32_t process, volatile uint32_t *ready, unsigned seconds)
{
    uint32_t wrong;

    memory = mmap(NULL, (nodes + 1) * NODE_BYTES, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return 2;
    memory += NODE_BYTES - (uintptr_t)memory % NODE_BYTES;
    write_all(process);
    *ready = process + 1;
    nanosleep(&(struct timespec){.tv_sec = seconds}, NULL);
    wrong = count_wrong(process);
    if (wrong)
        printf("sparse: process %lu: %lu pages wrong\n", (unsigned long)process,
               (unsigned long)wrong);
    return wrong != 0;
}

/* Memory is short at this moment: said, and tried again for a while. */
static pid_t fork_patiently(void)
{
    pid_t pid = fork();

    for (unsigned tries = 0; pid < 0 && errno == EAGAIN && tries < 100; tries++) {
        printf("sparse: fork: no room now\n");
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        pid = fork();
    }
    if (pid < 0)
        printf("sparse: fork: error %d\n", errno);
    return pid;
}

int main(int argc, char **argv)
{
    uint32_t processes = argc > 3 ? strtoul(argv[1], NULL, 0) : 0, bad = 0;
    unsigned seconds = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
    volatile uint32_t *ready =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    nodes = argc > 3 ? strtoul(argv[2], NULL, 0) : 0;
    if (!processes || !nodes || ready == MAP_FAILED) {
        fprintf(stderr, "usage: sparse PROCESSES NODES SECONDS\n");
        return 2;
    }
    for (uint32_t i = 0; i < processes; i++) {
        if (fork_patiently() == 0)
            _exit(child(i, ready, seconds));
        for (unsigned tries = 0; *ready != i + 1 && tries < 6000; tries++)
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    printf("sparse: %lu processes sleep\n", (unsigned long)*ready);
    fflush(stdout);
    for (uint32_t i = 0; i < processes; i++) {
        int status = 1;

        wait(&status);
        bad += status != 0;
    }
    printf("sparse: %lu of %lu processes wrong\n", (unsigned long)bad, (unsigned long)processes);
    return bad != 0;
}
