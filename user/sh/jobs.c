/* SPDX-License-Identifier: MIT
 *
 * Children in the background. The table is for their names and for the status of those that were
 * collected before somebody waited; a child beyond its size is waited for all the same.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <sys/wait.h>

#include "quire.h"
#include "sh.h"

#define JOBS_MAX 64

static struct job {
    pid_t pid; /* 0: free */
    bool ended;
    int status;
    char name[24];
} jobs[JOBS_MAX];

static struct job *job_find(pid_t pid)
{
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs[i].pid == pid)
            return &jobs[i];
    return NULL;
}

void job_add(pid_t pid, const char *name)
{
    struct job *job = job_find(0);

    if (!job)
        return;
    *job = (struct job){.pid = pid};
    snprintf(job->name, sizeof job->name, "%s", name);
}

static void job_ended(pid_t pid, int status)
{
    struct job *job = job_find(pid);
    const char *name = job ? job->name : "background";

    if (shell.interactive) {
        if (WIFSIGNALED(status))
            printf("[%d] %s: killed by signal %d (%s)\n", (int)pid, name,
                   status_to_code(status) - 128, signal_words(WTERMSIG(status)));
        else
            printf("[%d] %s: ended with status %d\n", (int)pid, name, status_to_code(status));
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

void jobs_reap(void)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        job_ended(pid, status);
    if (shell.interactive)
        jobs_forget();
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

/* Ctrl-C while waiting ends the shell, and init starts another: without signal handlers there is
 * no other way out of a wait for a program that never ends. */
int jobs_wait(pid_t pid)
{
    if (shell.interactive)
        signal_ignore(SIGINT, false);
    int status = pid ? wait_one(pid) : wait_all();
    if (shell.interactive)
        signal_ignore(SIGINT, true);
    return status;
}
