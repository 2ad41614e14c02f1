/* SPDX-License-Identifier: MIT
 *
 * clock: the two hands of page-out, its thresholds, and what it did since the start, from
 * /proc/quire/clock. clock -w [SECONDS]: again every second, or every SECONDS, with the rates since
 * the look before, until q or Ctrl-C. clock spread N: the back hand is N frames behind the front
 * one from now on. clock policy NAME: pages are chosen otherwise, see docs/REPLACEMENT-POLICY.md.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hands.h"
#include "quire.h"
#include "watch.h"

static const struct {
    const char *name, *words;
} counts[] = {
    {"rounds", "rounds of page-out"},
    {"scanned", "frames that the clock passed"},
    {"looks", "looks at a frame, by one hand or the other"},
    {"cleared", "pages taken out of the hardware by the front hand"},
    {"used", "pages that the back hand found used since"},
    {"taken", "pages that the back hand took"},
    {"laundered", "pages that were written for that"},
    {"failed", "pages that could not be written"},
    {"waits", "programs that had to wait"},
    {"hopeless", "times that nothing was found"},
    {"nodes", "page-table nodes whose pages all were swapped"},
    {"sleepers", "programs that were asleep for long, taken whole"},
};

#define COUNTS (sizeof counts / sizeof counts[0])

/* What the last look found. */
static struct {
    uint32_t value[COUNTS];
    uint64_t ms;
} last;

static uint32_t number(const char *text, const char *key)
{
    uint64_t value = 0;

    text_number(text, key, &value);
    return (uint32_t)value;
}

static void hands_show(const char *text)
{
    uint32_t spread = number(text, "spread"), frames = number(text, "frames");
    unsigned long front, back;

    if (hands_parse(text, &front, &back))
        printf("hands   front %lx, back %lx, %lu frames behind it\n", front, back,
               (unsigned long)number(text, "ahead"));
    else
        printf("hands   have not begun\n");
    printf("spread  %lu frames, %lu%% of %lu\n", (unsigned long)spread,
           (unsigned long)(frames ? spread * 100 / frames : 0), (unsigned long)frames);
}

static void limits_show(const char *text)
{
    uint32_t pace = number(text, "pace");

    printf("free    %lu frames, and %lu of cache\n", (unsigned long)number(text, "free"),
           (unsigned long)number(text, "cache"));
    printf("limits  lotsfree %lu (page-out begins), desfree %lu (it hurries), minfree %lu "
           "(programs wait)\n",
           (unsigned long)number(text, "lotsfree"), (unsigned long)number(text, "desfree"),
           (unsigned long)number(text, "minfree"));
    if (pace)
        printf("now     looks at %lu frames a round\n", (unsigned long)pace);
    else
        printf("now     sleeps\n");
}

/* A line for each count: all, and per second since the last look, at first since the start. */
static void counts_show(const char *text)
{
    uint64_t now = time_ms(), ms = now > last.ms ? now - last.ms : 1;
    uint64_t ns, looks;
    char digits[U64_DIGITS];

    printf("       all  a second\n");
    for (unsigned i = 0; i < COUNTS; i++) {
        uint32_t value = number(text, counts[i].name);
        uint64_t tenths = (uint64_t)(value - last.value[i]) * 10000 / ms;

        printf("%10lu %7s.%u  %s\n", (unsigned long)value, u64_format(tenths / 10, digits),
               (unsigned)(tenths % 10), counts[i].words);
        last.value[i] = value;
    }
    last.ms = now;
    if (text_number(text, "look_ns", &ns) && text_number(text, "looks", &looks) && looks)
        printf("%10lu            ns that a look takes\n", (unsigned long)(ns / looks));
}

static int show(void)
{
    char *text = file_read_all(CLOCK_FILE, NULL);

    if (!text)
        return fail("clock", CLOCK_FILE);
    hands_show(text);
    limits_show(text);
    counts_show(text);
    fflush(stdout);
    free(text);
    return 0;
}

static int watch(unsigned seconds)
{
    bool screen = isatty(1);
    int error;

    watch_begin();
    if (screen)
        printf("\x1b[2J");
    do {
        if (screen)
            printf("\x1b[H");
        error = show();
    } while (!error && !watch_wait(seconds));
    watch_end();
    return error;
}

static int set(const char *what, const char *value)
{
    char command[32];
    int fd = open(CLOCK_FILE, O_WRONLY), len;

    len = snprintf(command, sizeof command, "%s %s", what, value);
    if (fd < 0 || len >= (int)sizeof command || write(fd, command, (size_t)len) != len)
        return fail("clock", value);
    close(fd);
    return 0;
}

int main(int argc, char **argv)
{
    bool live = argc > 1 && strcmp(argv[1], "-w") == 0;
    uint32_t n = 1;

    if (argc == 1)
        return show();
    if (live &&
        (argc == 2 || (argc == 3 && number_parse(argv[2], &n) && n > 0 && n <= WATCH_SECONDS_MAX)))
        return watch(n);
    if (argc == 3 && strcmp(argv[1], "spread") == 0 && number_parse(argv[2], &n))
        return set("spread", argv[2]);
    if (argc == 3 && strcmp(argv[1], "policy") == 0)
        return set("policy", argv[2]);
    fprintf(stderr, "usage: clock [-w [SECONDS] | spread FRAMES | policy NAME], 1 to %d seconds\n",
            WATCH_SECONDS_MAX);
    return 2;
}
