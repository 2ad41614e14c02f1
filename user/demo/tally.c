/* SPDX-License-Identifier: MIT
 *
 * tally: maps /dev/tally, memory that counts its page faults, and shows the counters after each of
 * a few steps: reading, writing, fork, writing in the child, in the parent. With -p also what pmap
 * says of this program meanwhile.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "quire.h"

#define PAGE  4096u
#define PAGES 8u

static const volatile uint32_t *counters;
static volatile char *memory; /* of the device's pages 1 to PAGES */

/* Pages 1 to last are read or written. */
static void touch(unsigned last, bool write)
{
    for (unsigned i = 0; i < last; i++) {
        if (write)
            memory[i * PAGE] = (char)i;
        else
            (void)memory[i * PAGE];
    }
}

static void show(const char *step)
{
    printf("%-32s", step);
    for (unsigned i = 1; i <= PAGES; i++)
        printf("%3lu", (unsigned long)counters[i]);
    putchar('\n');
    fflush(stdout);
}

static bool start(void)
{
    int fd = open("/dev/tally", O_RDONLY);
    void *first, *rest;

    if (fd < 0)
        return false;
    first = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    rest = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
    close(fd); /* the mappings keep the counters */
    counters = first;
    memory = rest;
    return first != MAP_FAILED && rest != MAP_FAILED;
}

int main(int argc, char **argv)
{
    pid_t child;

    if (argc > 2 || (argc == 2 && strcmp(argv[1], "-p") != 0)) {
        fprintf(stderr, "usage: tally [-p]\n");
        return 2;
    }
    if (!start())
        return fail("tally", "/dev/tally");
    show("nothing touched");
    touch(4, false);
    show("pages 1-4 read");
    touch(PAGES, true);
    show("pages 1-8 written");
    child = fork();
    if (child == 0) {
        touch(2, true);
        _exit(0);
    }
    if (child < 0)
        return fail("tally", "fork");
    waitpid(child, NULL, 0);
    show("fork; pages 1-2 written by child");
    touch(4, true);
    show("pages 1-4 written by parent");
    return argc == 2 && file_print("tally", "/proc/self/pmap") < 0;
}
