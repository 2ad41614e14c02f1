/* SPDX-License-Identifier: MIT
 *
 * Running commands. An interactive shell gives each line of commands joined by | a process group,
 * the terminal to the one in the foreground, and takes it back when that has ended; a script's
 * commands stay in the script's group, so that Ctrl-C ends them all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>
#include "edit.h"
#include "quire.h"
#include "sh.h"

#define PIPELINE_MAX 16
#define NAME_BYTES   32

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

/* What a line's commands joined by | share. */
static struct {
    pid_t pids[PIPELINE_MAX]; /* of the programs before the last */
    unsigned count;
    char names[PIPELINE_MAX][NAME_BYTES];
    pid_t last;        /* the last, if it is a program in the foreground, else 0 */
    char *const *argv; /* its words */
    pid_t group;       /* of the first program, if the shell is interactive; 0: none yet */
    int from;          /* what the next command reads, or -1 */
} pipeline = {.from = -1};

/* Waits for a program before the last, which a Ctrl-Z may stop: a job, then. */
static void member_wait(unsigned i)
{
    int status = 0;
    pid_t got;

    do
        got = waitpid(pipeline.pids[i], &status, shell.interactive ? WUNTRACED : 0);
    while (got < 0 && errno == EINTR);
    if (got > 0 && WIFSTOPPED(status))
        job_stopped(pipeline.pids[i], (char *[]){pipeline.names[i], NULL});
}

/* The line ends with all of its programs; the last one's status counts. The shell has no end of
 * their pipes open any more. */
static void pipeline_end(bool background)
{
    for (unsigned i = 0; i < pipeline.count; i++)
        member_wait(i);
    if (pipeline.last)
        shell.status = foreground_wait(pipeline.argv, pipeline.last);
    else if (shell.interactive && pipeline.group && !background)
        tcsetpgrp(0, getpgid(0));
    pipeline.count = 0;
    pipeline.last = pipeline.group = 0;
}

/* The program's flags: the first of the line makes the group, and the others join it. */
static unsigned spawn_flags(bool background)
{
    if (!shell.interactive)
        return 0;
    if (pipeline.group)
        return SPAWN_SIGNALS;
    return SPAWN_GROUP | SPAWN_SIGNALS | (background ? 0 : SPAWN_FOREGROUND);
}

static void program_started(struct command *command, pid_t pid, bool background)
{
    if (shell.interactive && !pipeline.group)
        pipeline.group = pid;
    if (background) {
        job_add(pid, command->argv);
        fflush(stdout);
        shell.status = 0;
    } else if (command->piped) {
        snprintf(pipeline.names[pipeline.count], NAME_BYTES, "%s", command->argv[0]);
        pipeline.pids[pipeline.count++] = pid;
    } else {
        pipeline.last = pid;
        pipeline.argv = command->argv;
    }
}

static void program_run(struct command *command, int in, int out, bool background)
{
    static char path[256];
    char *name = command->argv[0];
    struct spawn how = {.flags = spawn_flags(background),
                        .settings = terminal_settings(),
                        .group = pipeline.group,
                        .in = in,
                        .out = out};

    if (!command_find(name, path, sizeof path)) {
        fprintf(stderr, "sh: %s: not found\n", name);
        shell.status = 127;
        return;
    }
    if (strcmp(name, "kill") == 0 && !jobs_for_kill(command)) {
        shell.status = 1;
        return;
    }
    command->argv[0] = path;
    pid_t pid = spawn_with("sh", command->argv, &how);
    command->argv[0] = name;
    if (pid < 0) {
        fprintf(stderr, "sh: %s: can't start a process: %s\n", name, error_words(errno));
        shell.status = 126;
    } else {
        program_started(command, pid, background);
    }
}

/* A command of the shell itself, if it is one: descriptor 1 is its output while it runs. */
static bool builtin_try(struct command *command, int out)
{
    int kept = -1;
    bool found;

    fflush(stdout);
    if (out >= 0) {
        kept = fcntl(1, F_DUPFD, 3);
        fcntl(kept, F_SETFD, FD_CLOEXEC);
        dup2(out, 1);
    }
    found = builtin_run(command);
    fflush(stdout);
    if (out >= 0) {
        dup2(kept, 1);
        close(kept);
    }
    return found;
}

/* Opens what the command's words name for it; -1 where they name nothing, -2 on an error. */
static int input_open(const struct command *command)
{
    int fd;

    if (!command->input)
        return -1;
    fd = open(command->input, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    shell.status = fail("sh", command->input);
    return -2;
}

static int output_open(const struct command *command)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (command->append ? O_APPEND : O_TRUNC);
    int fd;

    if (!command->output)
        return -1;
    fd = open(command->output, flags, 0666);
    if (fd >= 0)
        return fd;
    shell.status = fail("sh", command->output);
    return -2;
}

static void close_if(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* One command with its descriptors; what its words name goes before what a | gives. */
static void command_start(struct command *command, int to, bool background)
{
    int in = input_open(command), out = in == -2 ? -2 : output_open(command);

    if (out != -2) {
        int given_in = in >= 0 ? in : pipeline.from, given_out = out >= 0 ? out : to;
        if (!builtin_try(command, given_out))
            program_run(command, given_in, given_out, background);
    }
    close_if(in);
    close_if(out);
}

static void command_run(struct command *command, bool background)
{
    int fd[2] = {-1, -1};

    if (command->piped && pipe(fd) < 0) {
        shell.status = fail("sh", "pipe");
        return;
    }
    for (int i = 0; i < 2 && fd[i] >= 0; i++)
        fcntl(fd[i], F_SETFD, FD_CLOEXEC);
    command_start(command, fd[1], background);
    close_if(fd[1]);
    close_if(pipeline.from);
    pipeline.from = fd[0];
    if (!command->piped)
        pipeline_end(background);
}

/* How the line of commands at pos ends: with & all of them run in the background. -1: there are too
 * many. */
static int pipeline_kind(const char *pos)
{
    static struct command command;
    unsigned count = 0;

    do
        count++;
    while (command_parse(&pos, &command) > 0 && command.piped);
    return count > PIPELINE_MAX ? -1 : command.background;
}

/* The commands of a line up to one that no | follows; 0: there are none. */
static int pipeline_run(const char **pos)
{
    static struct command command;
    int background = pipeline_kind(*pos), more;

    if (background < 0) {
        fprintf(stderr, "sh: more than %d commands joined by |\n", PIPELINE_MAX);
        shell.status = 2;
        return 0;
    }
    do {
        more = command_parse(pos, &command);
        if (more > 0)
            command_run(&command, background);
    } while (more > 0 && command.piped);
    if (shell.interactive && shell.status == STATUS_INTERRUPTED && !background)
        return 0; /* Ctrl-C is meant for the whole line */
    return more;
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
    while (!shell.leaving && pipeline_run(&pos) > 0)
        continue;
}
