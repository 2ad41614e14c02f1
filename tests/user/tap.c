/* SPDX-License-Identifier: MIT
 *
 * The TAP harness. What it needs while it counts frames is touched before the first count: its
 * stack, its buffers, and one fork, whose effects on the page table stay.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/wait.h>

#include "quire.h"
#include "tap.h"

#define SETTLE_TRIES 50
#define SETTLE_MS    20
#define SKIPPED      77

static char buffer[4096];
static char slabs_before[4096]; /* /proc/slabinfo at the last tap_before */

uint32_t tap_count(uint32_t small, uint32_t large)
{
    return getenv("TAP_SOAK") ? large : small;
}

uint32_t tap_at_once(uint32_t usual, uint32_t few)
{
    return getenv("TAP_UNTIMED") ? few : usual;
}

bool tap_in_time(long ms, long most_ms)
{
    if (ms < most_ms)
        return true;
    if (!getenv("TAP_UNTIMED"))
        return false;
    printf("%s# untimed: %ld ms, not less than %ld\n", tap_indent(), ms, most_ms);
    return true;
}

const char *tap_indent(void)
{
    const char *indent = getenv("TAP_INDENT");

    return indent ? indent : "";
}

/* The last bytes of a file, NUL-terminated, in the buffer; false if it can't be opened. */
static bool tail_read(const char *path)
{
    int fd = open(path, O_RDONLY);
    size_t used = 0;
    ssize_t got;

    if (fd < 0)
        return false;
    while ((got = read(fd, buffer + used, sizeof buffer - 1 - used)) > 0) {
        used += (size_t)got;
        if (used == sizeof buffer - 1) {
            memmove(buffer, buffer + used - 1024, 1024);
            used = 1024;
        }
    }
    close(fd);
    buffer[used] = '\0';
    return got == 0;
}

long tap_frames(void)
{
    uint64_t frames, slabs, objects;

    if (getenv("TAP_TOGETHER")) /* others take and give frames meanwhile */
        return -1;
    if (!tail_read("/proc/vmcheck"))
        return -1;
    if (!strstr(buffer, "vmcheck: ok")) {
        printf("%s# %s\n", tap_indent(), buffer);
        return -2;
    }
    if (!tail_read("/proc/meminfo") || !text_number(buffer, "FramesUsed", &frames) ||
        !text_number(buffer, "SlabFrames", &slabs) || !text_number(buffer, "SlabObjects", &objects))
        return -1;
    return (long)(frames - slabs + objects);
}

long tap_before(void)
{
    long frames = tap_frames();

    slabs_before[0] = '\0';
    if (frames >= 0 && tail_read("/proc/slabinfo"))
        strcpy(slabs_before, buffer);
    return frames;
}

/* The caches that have more or fewer objects now: what was kept, or lost. */
static void slabs_report(void)
{
    if (!slabs_before[0] || !tail_read("/proc/slabinfo"))
        return;
    for (char *line = strtok(buffer, "\n"); line; line = strtok(NULL, "\n"))
        if (!strstr(slabs_before, line))
            printf("%s# slabs now: %s\n", tap_indent(), line);
}

bool tap_on_quire(void)
{
    return access("/proc/vmcheck", 0) == 0;
}

void tap_pause_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

void tap_skip(const char *why)
{
    printf("%s# skipped: %s\n", tap_indent(), why);
    fflush(stdout);
    _exit(SKIPPED);
}

void tap_fail(const char *file, int line, const char *what)
{
    printf("%s# %s:%d: %s\n", tap_indent(), file, line, what);
    fflush(stdout);
    _exit(1);
}

void tap_equal(const char *file, int line, const char *what, long got, long wanted)
{
    if (got == wanted)
        return;
    printf("%s# %s:%d: %s is %ld, not %ld\n", tap_indent(), file, line, what, got, wanted);
    fflush(stdout);
    _exit(1);
}

int tap_child(int (*body)(void *arg), void *arg)
{
    int status = 0;

    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(body(arg));
    CHECK(pid > 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    return status;
}

static int program_body(void *arg)
{
    char *const *argv = arg;

    execve(argv[0], argv, environ);
    return 126;
}

static int quiet_body(void *arg)
{
    int null = open("/dev/null", O_WRONLY);

    dup2(null, 1);
    dup2(null, 2);
    close(null);
    return program_body(arg);
}

int tap_program(char *const argv[], bool quiet)
{
    return tap_child(quiet ? quiet_body : program_body, (void *)argv);
}

bool tap_killed_by(int status, int sig)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == sig;
}

bool tap_exited_with(int status, int code)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

/* Orphans of a sub-test end after it: the count gets a second to come back. */
static long frames_settle(long wanted)
{
    long frames = tap_frames();

    for (int i = 0; i < SETTLE_TRIES && frames >= 0 && frames != wanted; i++) {
        tap_pause_ms(SETTLE_MS);
        frames = tap_frames();
    }
    return frames;
}

bool tap_report(unsigned n, const char *name, bool ok, long frames_before)
{
    long frames = frames_settle(frames_before);

    if (frames_before >= 0 && frames >= 0 && frames != frames_before) {
        printf("%s# frames in use: %ld before, %ld after\n", tap_indent(), frames_before, frames);
        slabs_report();
        ok = false;
    }
    if (frames == -2)
        ok = false;
    printf("%s%s %u - %s\n", tap_indent(), ok ? "ok" : "not ok", n, name);
    fflush(stdout);
    return ok;
}

static int test_body(void *arg)
{
    const struct tap_test *test = arg;

    setpgid(0, 0);
    test->run();
    fflush(stdout);
    return 0;
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void __attribute__((noinline)) stack_touch(void)
{
    volatile char room[16 * 1024];

    for (size_t i = 0; i < sizeof room; i += 1024)
        room[i] = 1;
}

int tap_main(const struct tap_test *tests, size_t count)
{
    bool all = true;

    printf("%s1..%u\n", tap_indent(), (unsigned)count);
    fflush(stdout);
    stack_touch();
    tap_child(nothing, NULL);
    tap_before();
    for (size_t i = 0; i < count; i++) {
        long frames = tap_before();
        int status = tap_child(test_body, (void *)&tests[i]);
        bool ok = tap_exited_with(status, 0) || tap_exited_with(status, SKIPPED);
        if (WIFSIGNALED(status))
            printf("%s# killed by signal %d (%s)\n", tap_indent(),
                   signal_to_linux(WTERMSIG(status)), signal_words(WTERMSIG(status)));
        all &= tap_report((unsigned)i + 1, tests[i].name, ok, frames);
    }
    return all ? 0 : 1;
}
