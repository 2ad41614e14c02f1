/* SPDX-License-Identifier: MIT
 *
 * Each fault is counted as one entry and as one kind, and whoever reads the counters, at whatever
 * moment, finds those that are missing on their way: not more than there are threads. Processes
 * fault all the time meanwhile, in all ways that need neither disk nor pager. `t_faults looks N`
 * does it alone, for a machine whose memory is short.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "mapping.h"
#include "tap.h"

#define WORKERS 6u
#define OTHERS  16u /* processes of the machine's that may be in a fault as well */
#define PAGES   48u

static const char *const kinds[] = {"spurious", "reclaim", "upgrade", "attach", "transit",
                                    "zero",     "copy",    "pagein",  "pager",  "error"};

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* zero, upgrade, copy by fork, attach, error and reclaim, for ever. */
static void fault_for_ever(uint32_t worker)
{
    int text = open("/bin/sh", O_RDONLY), zero = open("/dev/zero", O_RDONLY);
    uint32_t random = worker + 1;

    for (;;) {
        volatile uint8_t *own = (volatile uint8_t *)mmap(0, PAGES * 4096, PROT_READ | PROT_WRITE,
                                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        const volatile uint8_t *file =
            (volatile uint8_t *)mmap(0, 4 * 4096, PROT_READ, MAP_PRIVATE, text, 0);

        for (uint32_t i = 0; i < PAGES; i++) {
            uint32_t page = next_random(&random) % PAGES;

            (void)own[page * 4096];
            own[page * 4096] = (uint8_t)i;
            (void)file[page % 4 * 4096];
            if (page == 0 && read(zero, (void *)16, 8) >= 0)
                _exit(1);
        }
        if (next_random(&random) % 4 == 0) {
            pid_t pid = fork();

            if (pid == 0) {
                own[0] = 1;
                _exit(0);
            }
            own[4096] = 2;
            waitpid(pid, NULL, 0);
        }
        munmap((void *)own, PAGES * 4096);
        munmap((void *)file, 4 * 4096);
    }
}

static uint32_t number(const char *text, const char *name)
{
    char line[40];
    const char *at;

    snprintf(line, sizeof line, "fault_%s ", name);
    at = strstr(text, line);
    return at ? (uint32_t)strtoul(at + strlen(line), NULL, 10) : UINT32_MAX;
}

/* What is wrong with the counters at this moment, or NULL. */
static const char *look(uint32_t *most)
{
    static char text[4096];
    int fd = open("/proc/vmstat", O_RDONLY);
    ssize_t len = read(fd, text, sizeof text - 1);
    uint32_t sum = 0, entries, pending;

    close(fd);
    text[len > 0 ? len : 0] = '\0';
    for (size_t i = 0; i < TAP_COUNT(kinds); i++)
        sum += number(text, kinds[i]);
    entries = number(text, "entries");
    pending = number(text, "in_progress");
    if (entries != sum + pending)
        return "entries are not the sum";
    if ((int32_t)pending < 0)
        return "more faults ended than began";
    if (pending > *most)
        *most = pending;
    return pending > 2 * WORKERS + OTHERS ? "more in progress than there are threads" : NULL;
}

/* So many looks while the workers are at it. */
static const char *watch(uint32_t looks, uint32_t *most)
{
    const char *wrong = NULL;
    pid_t pid[WORKERS];
    uint32_t random = 7;

    for (uint32_t i = 0; i < WORKERS; i++) {
        pid[i] = fork();
        if (pid[i] == 0)
            fault_for_ever(i);
    }
    for (uint32_t n = 0; n < looks && !wrong; n++) {
        wrong = look(most);
        if (next_random(&random) % 4 == 0)
            tap_pause_ms((long)(next_random(&random) % 4));
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        int status;

        kill(pid[i], SIGKILL);
        if (waitpid(pid[i], &status, 0) != pid[i] || !tap_killed_by(status, SIGKILL))
            wrong = "a worker ended";
    }
    return wrong;
}

static void test_sum(void)
{
    uint32_t most = 0;
    const char *wrong = watch(tap_count(300, 20000), &most);

    if (wrong)
        tap_fail(__FILE_NAME__, __LINE__, wrong);
}

int main(int argc, char **argv)
{
    static const struct tap_test tests[] = {{"sum", test_sum}};
    uint32_t most = 0;
    const char *wrong;

    if (argc != 3)
        return tap_main(tests, TAP_COUNT(tests));
    wrong = watch((uint32_t)strtoul(argv[2], NULL, 10), &most);
    printf("faults: %s, %u in progress at most\n", wrong ? wrong : "the sum is right",
           (unsigned)most);
    return wrong != NULL;
}
