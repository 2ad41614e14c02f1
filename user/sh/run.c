/* SPDX-License-Identifier: MIT
 *
 * Running commands. An interactive shell gives each command a process group, the terminal to the
 * one in the foreground, and takes it back when that has ended; a script's commands stay in the
 * script's group, so that Ctrl-C ends them all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/wait.h>
#include "edit.h"
#include "quire.h"
#include "sh.h"

int foreground_wait(char *const argv[], pid_t pid)
{
    int status = 0;
    pid_t got;

    do
        got = waitpid(pid, &status, shell.interactive ? WUNTRACED : 0);
    while (got < 0 && errno == EINTR);
    if (shell.interactive)
        tcsetpgrp(0, getpgid(0));
    if (got < 0)
        return fail("sh", "wait");
    if (WIFSTOPPED(status)) {
        printf("\n");
        job_stopped(pid, argv);
    }
    status_report(argv[0], status);
    return status_to_code(status);
}

static void program_run(struct command *command)
{
    static char path[256];
    char *name = command->argv[0];
    unsigned flags = 0;

    if (!command_find(name, path, sizeof path)) {
        fprintf(stderr, "sh: %s: not found\n", name);
        shell.status = 127;
        return;
    }
    if (shell.interactive)
        flags = SPAWN_GROUP | SPAWN_SIGNALS | (command->background ? 0 : SPAWN_FOREGROUND);
    command->argv[0] = path;
    pid_t pid = spawn_on("sh", command->argv, flags, terminal_settings());
    if (pid < 0) {
        fprintf(stderr, "sh: %s: can't start a process: %s\n", name, error_words(errno));
        shell.status = 126;
    } else if (command->background) {
        command->argv[0] = name;
        job_add(pid, command->argv);
        fflush(stdout);
        shell.status = 0;
    } else {
        command->argv[0] = name;
        shell.status = foreground_wait(command->argv, pid);
    }
}

static void run(struct command *command)
{
    if (!builtin_run(command))
        program_run(command);
    fflush(stdout);
}

/* Descriptor 1 is the command's file while it runs. */
void command_run(struct command *command)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (command->append ? O_APPEND : O_TRUNC);
    int fd, kept;

    if (!command->output) {
        run(command);
        return;
    }
    fd = open(command->output, flags, 0666);
    if (fd < 0) {
        shell.status = fail("sh", command->output);
        return;
    }
    fflush(stdout);
    kept = fcntl(1, F_DUPFD, 3);
    fcntl(kept, F_SETFD, FD_CLOEXEC);
    dup2(fd, 1);
    close(fd);
    run(command);
    dup2(kept, 1);
    close(kept);
}

void line_run(const char *line)
{
    static struct command command;
    const char *pos = line;
    int more;

    while ((more = command_parse(&pos, &command)) > 0)
        continue;
    if (more < 0) {
        shell.status = 2;
        return;
    }
    pos = line;
    while (!shell.leaving && command_parse(&pos, &command) > 0) {
        command_run(&command);
        if (shell.interactive && shell.status == STATUS_INTERRUPTED && !command.background)
            break; /* Ctrl-C is meant for the whole line */
    }
}
