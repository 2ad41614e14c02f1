/* SPDX-License-Identifier: MIT
 *
 * /init, process 1. Without arguments it keeps a login shell running on the console and collects
 * orphans. With arguments (the words after "--" on the kernel's command line), or with QUIRE_INIT
 * in its environment (a line for the shell), it runs that one command and ends with its status,
 * which the kernel makes the machine's when told to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>

#include "quire.h"

static char *const init_environment[] = {"PATH=/bin:/tests", "HOME=/", "TERM=linux", NULL};

/* Opens the console for whichever of the three descriptors is missing. */
static void console_open(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD, 0) < 0 && errno == EBADF && open("/dev/console", O_RDWR) < 0)
            return;
}

/* Collects children until pid has ended; returns its status. */
static int children_reap(pid_t pid)
{
    for (;;) {
        int status;
        pid_t got = waitpid(-1, &status, 0);
        if (got == pid)
            return status;
        if (got < 0 && errno != EINTR)
            return 127 << 8;
    }
}

/* In the child: a session of its own with the console as its terminal, which is given to it as long
 * as it is in init's session, so that nobody else can take it between two shells. */
static void shell_exec(void)
{
    static char *const argv[] = {"-sh", NULL};
    static const char failed[] = "init: /bin/sh can't be run\n";

    tcsetpgrp(0, getpid());
    setsid();
    ioctl(0, TIOCSCTTY, 0);
    execve("/bin/sh", argv, environ);
    write(2, failed, sizeof failed - 1);
    _exit(127);
}

/* For ever, and whatever becomes of the disk that is swapped to: the machine stops without init. */
static void shell_keep(void)
{
    (void)mlockall(MCL_CURRENT | MCL_FUTURE);
    for (;;) {
        pid_t pid = vfork();
        if (pid == 0)
            shell_exec();
        if (pid < 0) {
            fail("init", "can't start a shell");
        } else {
            int status = children_reap(pid);
            status_report("init: sh", status);
            printf("init: the shell ended with status %d; here is another\n",
                   status_to_code(status));
            fflush(stdout);
        }
        sleep(1);
    }
}

static int command_run(char **argv)
{
    static char path[256];

    if (!command_find(argv[0], path, sizeof path)) {
        fprintf(stderr, "init: %s: not found\n", argv[0]);
        return 127;
    }
    const char *name = argv[0];
    argv[0] = path;
    pid_t pid = spawn("init", argv, SPAWN_GROUP | SPAWN_FOREGROUND);
    if (pid < 0)
        return fail("init", name);
    int status = children_reap(pid);
    status_report(name, status);
    return status_to_code(status);
}

int main(int argc, char **argv)
{
    char *line = getenv("QUIRE_INIT");

    console_open();
    if (!getenv("PATH"))
        environ = (char **)init_environment;
    if (argc > 1)
        return command_run(argv + 1);
    if (line && *line)
        return command_run((char *[]){"sh", "-c", line, NULL});
    shell_keep();
}
