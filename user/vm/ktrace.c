/* SPDX-License-Identifier: MIT
 *
 * ktrace [-e LIST] [-n RECORDS] [-j] COMMAND [ARGUMENT...] | ktrace -p PID: the system calls of a
 * command and its descendants, with the page faults between and in them. -e: other events than
 * fault,syscall,exit. -n: larger rings. -p: follows a process that is there. -j: JSON for
 * Chrome's trace viewer, printed when the command has ended.
 * A call is shown when it returns; the faults in it stand below, further in. What another thread
 * does meanwhile makes two lines of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "quire.h"
#include "trace_json.h"
#include "tracing.h"

#define THREADS    64
#define FAULTS     8 /* kept for below their call */
#define PATH_MAX   48
#define LINE_MAX   200
#define RESULT_MAX 32

/* A thread in a system call. */
struct thread {
    unsigned tid; /* 0: the place is free */
    bool begun;   /* its first line is there */
    uint32_t number, arg[CALL_ARGS];
    char path[2][PATH_MAX];
    unsigned paths, faults;
    struct trace_record fault[FAULTS];
};

static struct thread threads[THREADS];

static struct thread *thread_find(unsigned tid)
{
    for (int i = 0; i < THREADS; i++)
        if (threads[i].tid == tid)
            return &threads[i];
    return NULL;
}

static void fault_print(const struct trace_record *r, const char *indent)
{
    printf("%5u %sfault %s %08lx from %08lx: %s\n", r->thread, indent, trace_access(r),
           (unsigned long)r->a, (unsigned long)r->b, trace_kind(r));
}

static void faults_flush(struct thread *t)
{
    for (unsigned i = 0; i < t->faults && i < FAULTS; i++)
        fault_print(&t->fault[i], "    ");
    if (t->faults > FAULTS)
        printf("%5u     ... %u faults more\n", t->tid, t->faults - FAULTS);
    t->faults = 0;
}

static void call_print(const struct thread *t, const char *end)
{
    const char *const paths[2] = {t->paths > 0 ? t->path[0] : NULL,
                                  t->paths > 1 ? t->path[1] : NULL};
    char line[LINE_MAX];

    call_format(line, sizeof line, t->number, t->arg, paths);
    printf("%5u %s)%s\n", t->tid, line, end);
}

/* Before a line of thread tid: the calls of others that are on their way get their first. */
static void others_begin(unsigned tid)
{
    for (int i = 0; i < THREADS; i++) {
        struct thread *t = &threads[i];

        if (!t->tid || t->tid == tid || t->begun)
            continue;
        call_print(t, " ...");
        faults_flush(t);
        t->begun = true;
    }
}

static void call_enter(const struct event *event)
{
    struct thread *t = thread_find(event->record.thread);

    if (!t)
        t = thread_find(0);
    if (!t)
        return;
    *t = (struct thread){.tid = event->record.thread, .number = event->word[0]};
    for (unsigned i = 0; i < CALL_ARGS && i + 1 < event->words; i++)
        t->arg[i] = event->word[i + 1];
}

static void call_leave(const struct event *event)
{
    const struct trace_record *r = &event->record;
    struct thread *t = thread_find(r->thread);
    char result[RESULT_MAX], name[CALL_NAME_MAX], end[RESULT_MAX + 4];

    call_format_result(result, sizeof result, r->a, r->b);
    others_begin(r->thread);
    if (t && !t->begun) {
        snprintf(end, sizeof end, " = %s", result);
        call_print(t, end);
    } else {
        printf("%5u ... %s = %s\n", r->thread, call_name(r->a, name), result);
    }
    if (t) {
        faults_flush(t);
        t->tid = 0;
    }
}

static void fault_take(const struct trace_record *r)
{
    struct thread *t = thread_find(r->thread);

    if (t && !t->begun) {
        if (t->faults < FAULTS)
            t->fault[t->faults] = *r;
        t->faults++;
        return;
    }
    others_begin(r->thread);
    fault_print(r, t ? "    " : "  ");
}

static void path_take(const struct event *event)
{
    struct thread *t = thread_find(event->record.thread);
    unsigned len = event->record.info, room = event->words * 4;

    if (!t || t->paths == 2)
        return;
    snprintf(t->path[t->paths++], PATH_MAX, "%.*s%s", (int)(len < room ? len : room),
             (const char *)event->word, len > room ? "..." : "");
}

/* exit_group does not return. */
static void exit_print(const struct trace_record *r)
{
    struct thread *t = thread_find(r->thread);

    others_begin(r->thread);
    if (t && !t->begun)
        call_print(t, " = ?");
    if (t) {
        faults_flush(t);
        t->tid = 0;
    }
    if (r->b & 127)
        printf("%5u killed by signal %lu\n", r->thread, (unsigned long)r->b & 127);
    else
        printf("%5u exited with %lu\n", r->thread, (unsigned long)r->b >> 8 & 255);
}

static void other_print(const struct trace_record *r)
{
    static const char *const format[TRACE_EVENTS] = {
        [TRACE_SWITCH] = "switch from %lu to %lu",     [TRACE_IRQ] = "interrupt %lu",
        [TRACE_FORK] = "process %lu makes %lu",        [TRACE_EXEC] = "process %lu begins at %08lx",
        [TRACE_ALLOC] = "frame %lx taken, page %lx",   [TRACE_FREE] = "frame %lx given back",
        [TRACE_LOCK] = "waits for lock %08lx, of %lx",
    };

    if (r->event >= TRACE_EVENTS || !format[r->event])
        return;
    others_begin(r->thread);
    printf("%5u   ", r->thread);
    printf(format[r->event], (unsigned long)r->a, (unsigned long)r->b);
    putchar('\n');
}

static void event_show(const struct event *event)
{
    const struct trace_record *r = &event->record;

    switch (r->event) {
    case TRACE_CALL: call_enter(event); break;
    case TRACE_RETURN: call_leave(event); break;
    case TRACE_TEXT: path_take(event); break;
    case TRACE_FAULT: fault_take(r); break;
    case TRACE_EXIT: exit_print(r); break;
    case TRACE_LOST:
        printf("ktrace: %lu records of cpu %u lost; -n makes room\n", (unsigned long)r->a, r->cpu);
        break;
    default: other_print(r);
    }
}

/* For -j: events wait until the command, which prints to the same line, has ended. */
static struct {
    struct event *event;
    size_t count, room;
} kept;

static void event_keep(const struct event *event)
{
    if (kept.count == kept.room) {
        size_t room = kept.room ? kept.room * 2 : 1024;
        struct event *more = realloc(kept.event, room * sizeof *more);

        if (!more)
            return;
        kept.event = more;
        kept.room = room;
    }
    kept.event[kept.count++] = *event;
}

static void json_print(void)
{
    json_begin(trace_hz());
    for (size_t i = 0; i < kept.count; i++)
        json_event(&kept.event[i]);
    json_end();
}

static int usage(void)
{
    fprintf(stderr, "usage: ktrace [-e EVENT,...] [-n RECORDS] [-j] COMMAND [ARGUMENT...]\n"
                    "       ktrace [-e EVENT,...] [-n RECORDS] [-j] -p PID\n");
    return 2;
}

/* The options; *rest is what follows them. False: wrong. */
static bool options_take(struct trace_job *job, char **argv, char ***rest)
{
    uint32_t number;

    for (argv++; *argv && **argv == '-'; argv++) {
        if (strcmp(*argv, "-j") == 0)
            job->handle = event_keep;
        else if (!argv[1])
            return false;
        else if (strcmp(*argv, "-e") == 0)
            job->events = *++argv;
        else if (strcmp(*argv, "-n") == 0 && number_parse(argv[1], &job->records))
            argv++;
        else if (strcmp(*argv, "-p") == 0 && number_parse(argv[1], &number) && number > 0)
            job->pid = (pid_t)(argv++, number);
        else
            return false;
    }
    *rest = argv;
    return !*argv != !job->pid;
}

int main(int argc, char **argv)
{
    static char path[256];
    struct trace_job job = {
        .caller = "ktrace", .events = "fault,syscall,exit", .handle = event_show};
    const char *name = NULL;
    char **rest;
    int status = 0;

    if (argc < 2 || !options_take(&job, argv, &rest))
        return usage();
    if (!job.pid) {
        name = rest[0];
        if (!command_find(name, path, sizeof path)) {
            fprintf(stderr, "ktrace: %s: not found\n", name);
            return 127;
        }
        rest[0] = path;
        job.argv = rest;
    }
    if (trace_follow(&job, &status) < 0)
        return 1;
    if (job.handle == event_keep)
        json_print();
    status_report(name, status);
    return status_to_code(status);
}
