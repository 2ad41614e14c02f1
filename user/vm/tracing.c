/* SPDX-License-Identifier: MIT
 *
 * Following a command through the trace. The control file is kept open with `hold`, so that the
 * trace ends with this program, however that ends. The command marks itself between vfork and
 * execve, so that its first event is that execve.
 */
#include "tracing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/wait.h>

#include "quire.h"

#define CONTROL "/proc/trace_control"
#define STREAM  "/proc/trace_stream"
#define BATCH   64
#define WAIT_NS 4000000

int trace_say(const char *words)
{
    int fd = open(CONTROL, O_WRONLY | O_CLOEXEC);
    ssize_t done = fd < 0 ? -1 : write(fd, words, strlen(words));
    int error = errno;

    if (fd >= 0)
        close(fd);
    errno = error;
    return done < 0 ? -1 : 0;
}

uint32_t trace_hz(void)
{
    uint64_t hz = 0;

    return proc_number(CONTROL, "hz", &hz) && hz ? (uint32_t)hz : 1;
}

const char *trace_kind(const struct trace_record *r)
{
    static const char *const kind[] = {TRACE_KIND_NAMES};
    unsigned i = TRACE_KIND(r->info);

    return i < sizeof kind / sizeof kind[0] ? kind[i] : "?";
}

const char *trace_access(const struct trace_record *r)
{
    static const char *const access[] = {TRACE_ACCESS_NAMES};
    unsigned i = TRACE_ACCESS(r->info);

    return i < sizeof access / sizeof access[0] ? access[i] : "?";
}

/* The event that is being put together; TRACE_NONE: none. */
static struct event next;

static void event_flush(event_handler *handle)
{
    if (next.record.event != TRACE_NONE)
        handle(&next);
    next.record.event = TRACE_NONE;
}

/* Words whose event was overwritten belong to nobody. */
static void record_take(const struct trace_record *r, event_handler *handle)
{
    if (r->event != TRACE_MORE) {
        event_flush(handle);
        next.record = *r;
        next.words = 0;
    } else if (next.record.event == TRACE_NONE || next.record.event == TRACE_LOST) {
        return;
    }
    if (next.words + 2 <= EVENT_WORDS) {
        next.word[next.words++] = r->a;
        next.word[next.words++] = r->b;
    }
}

/* Handles all that was there at the first read, so not what reading and printing make: number of
 * records. */
static size_t stream_drain(int stream, event_handler *handle)
{
    static struct trace_record batch[BATCH];
    size_t total = 0;
    ssize_t got;

    while ((got = read(stream, batch, sizeof batch)) > 0) {
        size_t n = (size_t)got / sizeof batch[0];

        for (size_t i = 0; i < n; i++)
            record_take(&batch[i], handle);
        total += n;
    }
    event_flush(handle);
    return total;
}

int trace_dump(const char *caller, event_handler *handle)
{
    int stream = open(STREAM, O_RDONLY | O_CLOEXEC);

    if (stream < 0) {
        fail(caller, STREAM);
        return -1;
    }
    stream_drain(stream, handle);
    close(stream);
    return 0;
}

/* In the child, on memory that it shares: only the kernel is called. */
static void child_run(const struct trace_job *job, int control)
{
    char words[32];
    int len = snprintf(words, sizeof words, "pid=%d on", (int)getpid());

    if (write(control, words, (size_t)len) == len)
        execve(job->argv[0], job->argv, environ);
    fail(job->caller, job->argv[0]);
    fflush(stderr);
    _exit(errno == ENOENT ? 127 : 126);
}

static pid_t job_start(const struct trace_job *job, int control)
{
    char words[32];
    pid_t pid;

    if (job->argv) {
        pid = vfork();
        if (pid == 0)
            child_run(job, control);
        return pid;
    }
    int len = snprintf(words, sizeof words, "pid=%d on", (int)job->pid);
    return write(control, words, (size_t)len) == len ? job->pid : -1;
}

static bool job_ended(const struct trace_job *job, pid_t pid, int *status)
{
    if (job->argv)
        return waitpid(pid, status, WNOHANG) != 0;
    *status = 0;
    return kill(pid, 0) < 0;
}

static int control_open(const struct trace_job *job)
{
    char words[128];
    int len = snprintf(words, sizeof words, "hold clear events=%s", job->events);
    int control = open(CONTROL, O_WRONLY | O_CLOEXEC);

    if (job->records)
        len += snprintf(words + len, sizeof words - (size_t)len, " records=%lu",
                        (unsigned long)job->records);
    if (control < 0 || write(control, words, (size_t)len) == len)
        return control;
    int error = errno;
    close(control);
    errno = error;
    return -1;
}

/* Steps: the trace is ours; its stream; the job; take records until it has ended and no more come.
 */
int trace_follow(const struct trace_job *job, int *status)
{
    const struct timespec pause = {0, WAIT_NS};
    int control = control_open(job), stream = open(STREAM, O_RDONLY | O_CLOEXEC);
    char name[12];

    if (control < 0 || stream < 0) {
        if (errno == EBUSY)
            fprintf(stderr, "%s: the trace is in use; `trace clear` ends that\n", job->caller);
        else
            fail(job->caller, control < 0 ? CONTROL : STREAM);
        return -1;
    }
    pid_t pid = job_start(job, control);
    if (pid < 0) {
        int error = errno;

        snprintf(name, sizeof name, "%d", (int)job->pid);
        errno = error;
        fail(job->caller, job->argv ? job->argv[0] : name);
        return -1;
    }
    for (bool ended = false; !ended;) {
        ended = job_ended(job, pid, status);
        if (stream_drain(stream, job->handle) == 0 && !ended)
            nanosleep(&pause, NULL);
    }
    close(stream);
    close(control);
    return 0;
}
