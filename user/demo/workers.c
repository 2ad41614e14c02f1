/* SPDX-License-Identifier: MIT
 *
 * workers fault|fork [ROUNDS [N]]: N processes (4) that have nothing to do with each other do the
 * same ROUNDS times (1,000): fault maps, touches and unmaps 64 private pages; fork forks a child
 * that executes the smallest program, and waits. Says how long all took, for machines with
 * more and fewer CPUs to be compared, and for lockstat to look at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "quire.h"

#define PAGE        4096u
#define PAGES       64u
#define WORKERS_MAX 64u

static bool round_fault(void)
{
    char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return false;
    for (unsigned i = 0; i < PAGES; i++)
        p[i * PAGE] = 1;
    return munmap(p, PAGES * PAGE) == 0;
}

static bool round_fork(void)
{
    static char *argv[] = {"/bin/tiny", NULL};
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        execve(argv[0], argv, argv + 1);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static int worker_run(bool (*round)(void), uint32_t rounds)
{
    while (rounds-- > 0)
        if (!round())
            return 1;
    return 0;
}

/* Starts n workers and waits for all: false if one of them failed. Each executes this program anew:
 * a process that was only forked has memory in common with its kin. */
static bool workers_run(char *kind, char *rounds, uint32_t n)
{
    char *argv[] = {"/bin/workers", "one", kind, rounds, NULL};
    pid_t pid[WORKERS_MAX];
    uint32_t started = 0;
    bool fine = true;
    int status;

    for (; started < n && fine; started++) {
        pid[started] = fork();
        if (pid[started] == 0) {
            execve(argv[0], argv, environ);
            _exit(127);
        }
        fine = pid[started] > 0;
    }
    for (uint32_t i = 0; i < started; i++)
        if (pid[i] > 0)
            fine &= waitpid(pid[i], &status, 0) == pid[i] && WIFEXITED(status) &&
                    WEXITSTATUS(status) == 0;
    return fine;
}

static int usage(void)
{
    fprintf(stderr, "usage: workers fault|fork [ROUNDS [N]]\n");
    return 2;
}

static bool (*round_of(const char *kind))(void)
{
    if (strcmp(kind, "fork") == 0)
        return round_fork;
    return strcmp(kind, "fault") == 0 ? round_fault : NULL;
}

int main(int argc, char **argv)
{
    uint32_t rounds = 1000, n = 4;
    struct timespec begin, end;

    if (argc == 4 && strcmp(argv[1], "one") == 0 && round_of(argv[2]) &&
        number_parse(argv[3], &rounds))
        return worker_run(round_of(argv[2]), rounds);
    if (argc < 2 || argc > 4 || !round_of(argv[1]) ||
        (argc > 2 && !number_parse(argv[2], &rounds)) ||
        (argc > 3 && (!number_parse(argv[3], &n) || n == 0 || n > WORKERS_MAX)))
        return usage();
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (!workers_run(argv[1], argc > 2 ? argv[2] : "1000", n)) {
        fprintf(stderr, "workers: one failed\n");
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    int64_t us = (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000;
    printf("%lu workers, %lu rounds of %s each: %lu.%03lu s, %lu rounds a second\n",
           (unsigned long)n, (unsigned long)rounds, argv[1], (unsigned long)(us / 1000000),
           (unsigned long)(us / 1000 % 1000),
           (unsigned long)((uint64_t)n * rounds * 1000000 / (uint64_t)(us > 0 ? us : 1)));
    return 0;
}
