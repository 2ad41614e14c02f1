/* SPDX-License-Identifier: MIT
 *
 * refs [-i USEC | -f FAULTS] [-n REFS] [-b PAGES] COMMAND [ARGUMENT...]: runs the command and
 * prints its reference string afterwards. refs -p PID [-t SECONDS]...: that of a process that runs
 * already, until it ends, so many seconds are over, or so many references are there. The text is
 * that of docs/REFERENCE-STRINGS.md, for tools/refs.py. With -p the recording ends with this
 * program.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/wait.h>

#include "quire.h"

#define USAGE                                                                                      \
    "usage: refs [-i USEC | -f FAULTS] [-n REFS] [-b PAGES] COMMAND [ARGUMENT...]\n"               \
    "       refs -p PID [-t SECONDS] [-i USEC | -f FAULTS] [-n REFS] [-b PAGES]\n"                 \
    "intervals of 100 us to an hour or 16 to 1000000 faults, 1 to 512 pages of 4 kB for the "      \
    "record\n"
#define LOOK_NS       10000000
#define PAGES_DEFAULT 128
#define PAGES_MOST    512
#define A_PAGE        800 /* references, with times among them */

static struct {
    uint32_t pid, usec, faults, seconds, refs, pages;
    char **argv;
} job = {.usec = 1000, .seconds = 10};

static int usage(void)
{
    fprintf(stderr, USAGE);
    return 2;
}

static uint32_t *option(char letter)
{
    switch (letter) {
    case 'p': return &job.pid;
    case 'i': return &job.usec;
    case 'f': return &job.faults;
    case 't': return &job.seconds;
    case 'n': return &job.refs;
    case 'b': return &job.pages;
    default: return NULL;
    }
}

static bool parse(char **argv)
{
    bool timed = false, counted = false, waits = false;

    for (argv++; *argv && **argv == '-'; argv += 2) {
        char letter = argv[0][1];
        uint32_t *value = letter && !argv[0][2] ? option(letter) : NULL;

        if (!value || !argv[1] || !number_parse(argv[1], value) || *value == 0)
            return false;
        timed |= letter == 'i';
        counted |= letter == 'f';
        waits |= letter == 't';
    }
    job.argv = argv;
    if (!job.pages && job.refs)
        job.pages = job.refs / A_PAGE + 1 < PAGES_MOST ? job.refs / A_PAGE + 1 : PAGES_MOST;
    else if (!job.pages)
        job.pages = PAGES_DEFAULT;
    return !(timed && counted) && !*argv == !!job.pid && !(waits && !job.pid);
}

/* Writes `start` and how to the file. 0, or -1 and errno. */
static int record_start(int fd, const char *how)
{
    char words[96];
    int len;

    if (job.faults)
        len = snprintf(words, sizeof words, "start faults=%lu", (unsigned long)job.faults);
    else
        len = snprintf(words, sizeof words, "start %lu", (unsigned long)job.usec);
    len += snprintf(words + len, sizeof words - (size_t)len, " %lu", (unsigned long)job.pages);
    if (job.refs)
        len +=
            snprintf(words + len, sizeof words - (size_t)len, " refs=%lu", (unsigned long)job.refs);
    len += snprintf(words + len, sizeof words - (size_t)len, " %s", how);
    return write(fd, words, (size_t)len) == len ? 0 : -1;
}

/* Why it did not start, in words. */
static int start_failed(const char *what)
{
    if (errno == EINVAL)
        return usage();
    if (errno == EBUSY)
        fprintf(stderr, "refs: %s: is being recorded already\n", what);
    else if (errno == ESRCH || errno == ENOENT)
        fprintf(stderr, "refs: %s: no such process\n", what);
    else
        fail("refs", what);
    return 1;
}

/* What stands behind a key of the first line; 0 where nothing does. */
static unsigned long head_number(const char *head, const char *key)
{
    const char *at = strstr(head, key);

    return at ? strtoul(at + strlen(key), NULL, 10) : 0;
}

static bool head_read(int fd, char *head, size_t size)
{
    ssize_t n = lseek(fd, 0, SEEK_SET) < 0 ? -1 : read(fd, head, size - 1);

    if (n < 0)
        return false;
    head[n] = '\0';
    head[strcspn(head, "\n")] = '\0';
    return true;
}

static int record_print(int fd)
{
    static char chunk[1024];
    char head[192];
    ssize_t n = -1;

    if (!head_read(fd, head, sizeof head) || lseek(fd, 0, SEEK_SET) < 0)
        return fail("refs", "the record");
    while ((n = read(fd, chunk, sizeof chunk)) > 0)
        if (fwrite(chunk, 1, (size_t)n, stdout) != (size_t)n)
            return fail("refs", "standard output");
    if (n < 0 || fflush(stdout))
        return fail("refs", "the record");
    if (head_number(head, " lost="))
        fprintf(stderr, "refs: no room for %lu references; -b PAGES gives more\n",
                head_number(head, " lost="));
    return 0;
}

static int process_record(void)
{
    const struct timespec pause = {0, LOOK_NS};
    uint64_t end = time_ms() + (uint64_t)job.seconds * 1000;
    char path[32], name[12], head[192];
    int fd;

    snprintf(path, sizeof path, "/proc/%lu/refs", (unsigned long)job.pid);
    snprintf(name, sizeof name, "%lu", (unsigned long)job.pid);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || record_start(fd, "hold") < 0)
        return start_failed(name);
    do
        nanosleep(&pause, NULL);
    while (time_ms() < end && head_read(fd, head, sizeof head) && strstr(head, " state=on "));
    if (write(fd, "stop", 4) != 4 && errno != ESRCH)
        return fail("refs", name);
    return record_print(fd);
}

/* In the child, on memory that it shares: only the kernel is called. */
static void child_run(char *path)
{
    int fd = open("/proc/self/refs", O_WRONLY | O_CLOEXEC);

    if (fd < 0 || record_start(fd, "exec") < 0)
        _exit(start_failed("the record"));
    execve(path, job.argv, environ);
    fail("refs", job.argv[0]);
    _exit(errno == ENOENT ? 127 : 126);
}

static int command_record(void)
{
    static char path[256];
    char file[32];
    int status = 0, fd;
    pid_t pid;

    if (!command_find(job.argv[0], path, sizeof path)) {
        fprintf(stderr, "refs: %s: not found\n", job.argv[0]);
        return 127;
    }
    pid = vfork();
    if (pid == 0)
        child_run(path);
    if (pid < 0)
        return fail("refs", job.argv[0]);
    snprintf(file, sizeof file, "/proc/%d/refs", (int)pid);
    fd = open(file, O_RDONLY | O_CLOEXEC); /* it keeps the record when the process is gone */
    waitpid(pid, &status, 0);
    if (fd < 0)
        return fail("refs", file);
    status_report(job.argv[0], status);
    if (record_print(fd))
        return 1;
    return status_to_code(status);
}

int main(int argc, char **argv)
{
    (void)argc;
    if (!parse(argv))
        return usage();
    return job.pid ? process_record() : command_record();
}
