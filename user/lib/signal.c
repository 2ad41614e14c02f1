/* SPDX-License-Identifier: MIT
 *
 * Signal numbers and names. newlib numbers signals as BSD does, the kernel as Linux: programs see
 * newlib's, and what they print for a person is the kernel's.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>

#include "quire.h"

static const struct {
    unsigned char newlib, linux;
    char name[7];
    const char *words;
} signal_table[] = {
    {SIGHUP, 1, "HUP", "hangup"},
    {SIGINT, 2, "INT", "interrupt"},
    {SIGQUIT, 3, "QUIT", "quit"},
    {SIGILL, 4, "ILL", "illegal instruction"},
    {SIGTRAP, 5, "TRAP", "breakpoint"},
    {SIGABRT, 6, "ABRT", "aborted"},
    {SIGBUS, 7, "BUS", "bus error"},
    {SIGFPE, 8, "FPE", "arithmetic error"},
    {SIGKILL, 9, "KILL", "killed"},
    {SIGUSR1, 10, "USR1", "user signal 1"},
    {SIGSEGV, 11, "SEGV", "segmentation fault"},
    {SIGUSR2, 12, "USR2", "user signal 2"},
    {SIGPIPE, 13, "PIPE", "broken pipe"},
    {SIGALRM, 14, "ALRM", "alarm"},
    {SIGTERM, 15, "TERM", "terminated"},
    {SIGEMT, 16, "STKFLT", "stack fault"}, /* neither is used; each number needs a partner */
    {SIGCHLD, 17, "CHLD", "child ended"},
    {SIGCONT, 18, "CONT", "continued"},
    {SIGSTOP, 19, "STOP", "stopped"},
    {SIGTSTP, 20, "TSTP", "stopped by the terminal"},
    {SIGTTIN, 21, "TTIN", "stopped for terminal input"},
    {SIGTTOU, 22, "TTOU", "stopped for terminal output"},
    {SIGURG, 23, "URG", "urgent condition"},
    {SIGXCPU, 24, "XCPU", "processor time exceeded"},
    {SIGXFSZ, 25, "XFSZ", "file size exceeded"},
    {SIGVTALRM, 26, "VTALRM", "virtual alarm"},
    {SIGPROF, 27, "PROF", "profiling alarm"},
    {SIGWINCH, 28, "WINCH", "window changed"},
    {SIGIO, 29, "IO", "input or output possible"},
    {SIGLOST, 30, "PWR", "power failure"},
    {SIGSYS, 31, "SYS", "bad system call"},
};

#define SIGNAL_COUNT (sizeof signal_table / sizeof signal_table[0])

int signal_to_linux(int sig)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (signal_table[i].newlib == sig)
            return signal_table[i].linux;
    return sig;
}

int signal_from_linux(int sig)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (signal_table[i].linux == sig)
            return signal_table[i].newlib;
    return sig;
}

const char *signal_words(int sig)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (signal_table[i].newlib == sig)
            return signal_table[i].words;
    return "unknown signal";
}

const char *signal_name(int sig)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (signal_table[i].newlib == sig)
            return signal_table[i].name;
    return NULL;
}

int signal_parse(const char *word)
{
    uint32_t number;

    if (number_parse(word, &number))
        return number <= 64 ? signal_from_linux((int)number) : -1;
    if (strncasecmp(word, "SIG", 3) == 0)
        word += 3;
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (strcasecmp(signal_table[i].name, word) == 0)
            return signal_table[i].newlib;
    return -1;
}

int signal_ignore(int sig, bool ignore)
{
    struct {
        uintptr_t handler;
        unsigned long flags;
        uintptr_t restorer;
        unsigned long mask[2];
    } action = {.handler = ignore};

    return (int)syscall(SYS_rt_sigaction, signal_to_linux(sig), &action, NULL, 8);
}
