/* SPDX-License-Identifier: MIT
 *
 * Children in the background. The table is for their names and for the status of those that were
 * collected before somebody waited; a child beyond its size is waited for all the same.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "edit.h"
#include "quire.h"
#include "sh.h"

#define JOBS_MAX 64

static struct job {
    pid_t pid; /* 0: free */
    bool ended, stopped;
    int status;
    char name[40]; /* the command, as much of it as fits */
} jobs[JOBS_MAX];  /* job N is jobs[N - 1] */

static unsigned running; /* children in the background, with those that are not in the table */

static struct job *job_find(pid_t pid)
{
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs[i].pid == pid)
            return &jobs[i];
    return NULL;
}

static int job_number(const struct job *job)
{
    return (int)(job - jobs) + 1;
}

/* NULL: the table is full. */
static struct job *job_note(pid_t pid, char *const argv[])
{
    struct job *job = job_find(0);
    size_t len = 0;

    running++;
    if (!job)
        return NULL;
    *job = (struct job){.pid = pid};
    for (; *argv && len < sizeof job->name; argv++)
        len += (size_t)snprintf(job->name + len, sizeof job->name - len, len ? " %s" : "%s", *argv);
    return job;
}

void job_add(pid_t pid, char *const argv[])
{
    struct job *job = job_note(pid, argv);

    if (job)
        printf("[%d] %d\n", job_number(job), (int)pid);
    else
        printf("[%d]\n", (int)pid);
}

static void stopped_print(const struct job *job, pid_t pid)
{
    printf("[%d] %s: stopped\n", job ? job_number(job) : (int)pid, job ? job->name : "program");
    fflush(stdout);
}

void job_stopped(pid_t pid, char *const argv[])
{
    struct job *job = job_note(pid, argv);

    if (job)
        job->stopped = true;
    stopped_print(job, pid);
}

static void job_ended(pid_t pid, int status)
{
    struct job *job = job_find(pid);
    const char *name = job ? job->name : "background";
    int number = job ? job_number(job) : (int)pid;

    running--;
    if (shell.interactive) {
        if (WIFSIGNALED(status))
            printf("[%d] %s: killed by signal %d (%s)\n", number, name,
                   status_to_code(status) - 128, signal_words(WTERMSIG(status)));
        else
            printf("[%d] %s: ended with status %d\n", number, name, status_to_code(status));
        fflush(stdout);
    }
    if (job) {
        job->ended = true;
        job->status = status_to_code(status);
    }
}

/* Interactively everything that ended has been told, so its place is free. */
static void jobs_forget(void)
{
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs[i].ended)
            jobs[i].pid = 0;
}

/* A job in the background stopped, for input perhaps, or somebody let it go on. */
static void job_changed(pid_t pid, bool stopped)
{
    struct job *job = job_find(pid);

    if (job)
        job->stopped = stopped;
    if (stopped)
        stopped_print(job, pid);
}

void jobs_reap(void)
{
    int options = WNOHANG | (shell.interactive ? WUNTRACED | WCONTINUED : 0), status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, options)) > 0) {
        if (WIFSTOPPED(status) || WIFCONTINUED(status))
            job_changed(pid, WIFSTOPPED(status));
        else
            job_ended(pid, status);
    }
    if (shell.interactive)
        jobs_forget();
}

/* A process that holds the foreground while the shell waits. Its end is how the shell, which has no
 * signal handlers, learns of a Ctrl-C. -1 and errno if it can't be started. */
static pid_t catcher_start(void)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    foreground_enter(SPAWN_GROUP | SPAWN_FOREGROUND | SPAWN_SIGNALS, terminal_settings());
    for (;;)
        sleep(UINT16_MAX);
}

static void catcher_end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Collects children until `pid` has ended, 0: until all have. Ends early with the catcher. */
static int wait_caught(pid_t pid, pid_t catcher)
{
    int status, last = 0;
    pid_t got = 0;

    while (running > 0 && (pid == 0 || got != pid)) {
        got = waitpid(-1, &status, 0);
        if (got == catcher || got < 0)
            return STATUS_INTERRUPTED;
        job_ended(got, status);
        last = status_to_code(status);
    }
    catcher_end(catcher);
    return last;
}

static int wait_interactive(pid_t pid)
{
    int status;
    pid_t got = pid ? waitpid(pid, &status, WNOHANG) : 0;

    if (got < 0) {
        fprintf(stderr, "sh: wait: %d is not a child of this shell\n", (int)pid);
        return 127;
    }
    if (got == pid && pid) {
        job_ended(pid, status);
        return status_to_code(status);
    }
    if (running == 0)
        return 0;
    pid_t catcher = catcher_start();
    if (catcher < 0)
        return fail("sh", "wait");
    status = wait_caught(pid, catcher);
    tcsetpgrp(0, getpgid(0));
    if (status == STATUS_INTERRUPTED)
        printf("\n");
    return status;
}

static int wait_all(void)
{
    int status, last = 0;
    pid_t pid;

    while ((pid = waitpid(-1, &status, 0)) > 0) {
        job_ended(pid, status);
        last = status_to_code(status);
    }
    jobs_forget();
    return last;
}

static int wait_one(pid_t pid)
{
    struct job *job = job_find(pid);
    int status;

    if (job && job->ended) {
        job->pid = 0;
        return job->status;
    }
    if (waitpid(pid, &status, 0) != pid) {
        fprintf(stderr, "sh: wait: %d is not a child of this shell\n", (int)pid);
        return 127;
    }
    job_ended(pid, status);
    if (job)
        job->pid = 0;
    return status_to_code(status);
}

int jobs_wait(pid_t pid)
{
    if (shell.interactive)
        return wait_interactive(pid);
    return pid ? wait_one(pid) : wait_all();
}

pid_t job_pid(const char *word, bool numbers)
{
    uint32_t value;
    bool number = numbers || word[0] == '%';

    if (!number_parse(word + (word[0] == '%'), &value) || value == 0 || (pid_t)value <= 0)
        return -1;
    if (number && value <= JOBS_MAX && jobs[value - 1].pid)
        return jobs[value - 1].pid;
    return word[0] == '%' ? -1 : (pid_t)value;
}

/* What kill shall be told for a word "%N": the group of all that a | joined, or a script's process.
 */
static bool job_target(const char *word, char *target, size_t size)
{
    pid_t pid = job_pid(word, false);
    struct job *job = pid > 0 ? job_find(pid) : NULL;

    if (!job || job->ended) {
        fprintf(stderr, "sh: kill: %s: no such job\n", word);
        return false;
    }
    snprintf(target, size, "%d", shell.interactive ? -(int)getpgid(pid) : (int)pid);
    return true;
}

bool jobs_for_kill(struct command *command)
{
    static char targets[WORDS_MAX][12];
    char **argv = command->argv;

    if (command->argc > 1 && command->argc < WORDS_MAX && argv[1][0] == '%') {
        memmove(argv + 2, argv + 1, sizeof argv[0] * (size_t)command->argc++);
        argv[1] = "-TERM"; /* a group's number looks like a signal */
    }
    for (int i = 2; i < command->argc; i++)
        if (argv[i][0] == '%') {
            if (!job_target(argv[i], targets[i], sizeof targets[i]))
                return false;
            argv[i] = targets[i];
        }
    return true;
}

int jobs_list(void)
{
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs[i].pid && jobs[i].ended)
            printf("[%d] %d ended with status %d: %s\n", i + 1, (int)jobs[i].pid, jobs[i].status,
                   jobs[i].name);
        else if (jobs[i].pid)
            printf("[%d] %d %s: %s\n", i + 1, (int)jobs[i].pid,
                   jobs[i].stopped ? "stopped" : "running", jobs[i].name);
    fflush(stdout);
    return 0;
}

/* The job started last of those that still run; NULL: none does. */
static struct job *job_last(void)
{
    struct job *last = NULL;

    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs[i].pid && !jobs[i].ended && (!last || jobs[i].pid > last->pid))
            last = &jobs[i];
    return last;
}

/* The job that fg or bg means by the word, NULL after a message. */
static struct job *job_meant(const char *name, const char *word)
{
    struct job *job = word ? job_find(job_pid(word, true)) : job_last();

    if (!shell.interactive) {
        fprintf(stderr, "sh: %s: only at the prompt: a script's commands have its process group\n",
                name);
        return NULL;
    }
    if (job && !job->ended)
        return job;
    fprintf(stderr, "sh: %s: %s%s\n", name, word ? word : "no job is running",
            word ? ": no such job" : "");
    return NULL;
}

int job_foreground(const char *word)
{
    struct job *job = job_meant("fg", word);
    char name[sizeof job->name];
    pid_t pid, group;

    if (!job)
        return 1;
    pid = job->pid;
    group = getpgid(pid); /* of the first of those that a | joined */
    memcpy(name, job->name, sizeof name);
    printf("%s\n", name);
    fflush(stdout);
    tcsetpgrp(0, group);
    terminal_give();
    kill(-group, SIGCONT); /* it may have stopped since we looked */
    running--;
    job->pid = 0;
    return foreground_wait((char *[]){name, NULL}, pid);
}

int job_background(const char *word)
{
    struct job *job = job_meant("bg", word);

    if (!job)
        return 1;
    if (!job->stopped) {
        fprintf(stderr, "sh: bg: %s runs already\n", job->name);
        return 0;
    }
    printf("[%d] %s &\n", job_number(job), job->name);
    job->stopped = false;
    return kill(-getpgid(job->pid), SIGCONT) < 0 ? fail("sh", "bg") : 0;
}
