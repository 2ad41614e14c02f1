/* SPDX-License-Identifier: MIT
 *
 * Starting another program, and saying how it ended. Between vfork and execve the child runs in
 * the parent's memory: it calls the kernel and writes its message, and touches nothing else.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sys/wait.h>
#include <termios.h>

#include "quire.h"

/* A shell ignores the terminal's signals. A Ctrl-C that comes as soon as the foreground is ours
 * must end us; SIGTTOU must not stop us before. */
void foreground_enter(unsigned flags, const struct termios *settings)
{
    static const int signals[] = {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN};

    if (flags & SPAWN_GROUP)
        setpgid(0, 0);
    for (size_t i = 0; flags & SPAWN_SIGNALS && i < sizeof(signals) / sizeof(signals[0]); i++)
        signal_ignore(signals[i], false);
    if (flags & SPAWN_FOREGROUND) {
        tcsetpgrp(0, getpid());
        if (settings)
            tcsetattr(0, TCSANOW, settings);
    }
    if (flags & SPAWN_SIGNALS)
        signal_ignore(SIGTTOU, false);
}

static void exec_failed(const char *caller, const char *path, int error)
{
    char message[256];
    int len =
        snprintf(message, sizeof message, "%s: %.128s: %s\n", caller, path, error_words(error));

    write(2, message, (size_t)len);
    _exit(error == ENOENT ? 127 : 126);
}

pid_t spawn_with(const char *caller, char *const argv[], const struct spawn *how)
{
    pid_t pid = vfork();

    if (pid != 0)
        return pid;
    foreground_enter(how->flags, how->settings);
    if (how->group)
        setpgid(0, how->group);
    if (how->in >= 0)
        dup2(how->in, 0);
    if (how->out >= 0)
        dup2(how->out, 1);
    execve(argv[0], argv, environ);
    exec_failed(caller, argv[0], errno);
    return -1;
}

pid_t spawn(const char *caller, char *const argv[], unsigned flags)
{
    return spawn_with(caller, argv, &(struct spawn){.flags = flags, .in = -1, .out = -1});
}

bool command_find(const char *word, char *path, size_t size)
{
    static const char *const folders[] = {"/bin", "/tests"};
    struct stat st;

    if (strchr(word, '/'))
        return snprintf(path, size, "%s", word) < (int)size;
    for (size_t i = 0; i < 2; i++)
        if (snprintf(path, size, "%s/%s", folders[i], word) < (int)size && stat(path, &st) == 0)
            return *word != '\0';
    return false;
}

int status_to_code(int status)
{
    if (WIFSIGNALED(status))
        return 128 + signal_to_linux(WTERMSIG(status));
    if (WIFSTOPPED(status))
        return 128 + signal_to_linux(WSTOPSIG(status));
    return WEXITSTATUS(status);
}

void status_report(const char *name, int status)
{
    if (!WIFSIGNALED(status))
        return;
    int sig = WTERMSIG(status);
    fflush(stdout);
    fprintf(stderr, "%s: killed by signal %d (%s)\n", name, signal_to_linux(sig),
            signal_words(sig));
}
