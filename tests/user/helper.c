/* SPDX-License-Identifier: MIT
 *
 * /tests/helper MODE ...: the program that others exec. args COUNT LENGTH: status 42 if it got
 * COUNT more arguments, each of LENGTH bytes; env NAME VALUE: 42 if the environment has that; fd
 * N open|closed: 42 if so; stack: 42 if everything the kernel laid on the stack is in order; pid
 * N: 42 if that is its pid; bomb: forks without end, and each child makes a session of its own;
 * thief: leaves a child, in a session of its own, that tries for ever to take the terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <termios.h>

#include "quire.h"

#define GOOD 42

enum { AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_ENTRY = 9, AT_RANDOM = 25 };

static int args_check(int argc, char **argv)
{
    if (argc < 4 || argc - 4 != atoi(argv[2]))
        return 1;
    for (int i = 4; i < argc; i++)
        if (strlen(argv[i]) != (size_t)atoi(argv[3]))
            return 2;
    return argv[argc] == NULL ? GOOD : 3;
}

static int fd_check(int fd, const char *wanted)
{
    bool is_open = fcntl(fd, F_GETFD, 0) >= 0;

    return is_open == (strcmp(wanted, "open") == 0) ? GOOD : 1;
}

/* argc, argv, envp and auxv where the ABI has them, above an aligned stack pointer. */
static int stack_check(int argc, char **argv)
{
    const uintptr_t *word = (const uintptr_t *)entry_stack;
    uint32_t seen = 0;

    if (entry_stack % 8 || word[0] != (uintptr_t)argc || (char **)(word + 1) != argv)
        return 1;
    word += argc + 1;
    if (*word++ != 0 || (char **)word != environ)
        return 2;
    while (*word++)
        continue;
    for (; word[0]; word += 2)
        if (word[0] < 32)
            seen |= 1u << word[0];
    uint32_t wanted = 1u << AT_PHDR | 1u << AT_PHENT | 1u << AT_PHNUM | 1u << AT_PAGESZ |
                      1u << AT_ENTRY | 1u << AT_RANDOM;
    return (seen & wanted) == wanted ? GOOD : 3;
}

/* Where it can't fork, a process takes a page more, so that memory does run out. */
static void __attribute__((noreturn)) bomb(void)
{
    for (;;) {
        pid_t pid = fork();
        if (pid == 0)
            setsid();
        else if (pid < 0) {
            char *page = sbrk(4096);

            if (page != (char *)-1)
                *page = 1;
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
    }
}

static void __attribute__((noreturn)) thief(void)
{
    if (fork() > 0) /* who leads a group can make no session */
        _exit(0);
    setsid();
    for (;;) {
        ioctl(0, TIOCSCTTY, 1);
        tcsetpgrp(0, getpid());
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    if (strcmp(argv[1], "args") == 0)
        return args_check(argc, argv);
    if (strcmp(argv[1], "stack") == 0)
        return stack_check(argc, argv);
    if (strcmp(argv[1], "bomb") == 0)
        bomb();
    if (strcmp(argv[1], "thief") == 0)
        thief();
    if (argc > 3 && strcmp(argv[1], "env") == 0) {
        const char *value = getenv(argv[2]);
        return value && strcmp(value, argv[3]) == 0 ? GOOD : 1;
    }
    if (argc > 3 && strcmp(argv[1], "fd") == 0)
        return fd_check(atoi(argv[2]), argv[3]);
    if (argc > 2 && strcmp(argv[1], "pid") == 0)
        return getpid() == atoi(argv[2]) ? GOOD : 1;
    return 2;
}
