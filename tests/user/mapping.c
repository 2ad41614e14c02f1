/* SPDX-License-Identifier: MIT */
#include "mapping.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>

#include "quire.h"
#include "tap.h"

char *pages_map_flags(size_t count, int prot, int flags)
{
    char *p = mmap(0, count * PAGE, prot, flags, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

char *pages_map(size_t count, int prot)
{
    return pages_map_flags(count, prot, ANONYMOUS);
}

static int read_body(void *arg)
{
    return *(volatile char *)arg & 0;
}

static int write_body(void *arg)
{
    *(volatile char *)arg = *(volatile char *)arg;
    return 0;
}

static bool survives(int (*body)(void *), void *p)
{
    int status = tap_child(body, p);

    CHECK(tap_exited_with(status, 0) || tap_killed_by(status, SIGSEGV) ||
          tap_killed_by(status, SIGBUS));
    return tap_exited_with(status, 0);
}

bool readable(const void *p)
{
    return survives(read_body, (void *)p);
}

bool writable(void *p)
{
    return survives(write_body, p);
}

/* The line that holds or follows *text, cut off; NULL at the end. */
static char *next_line(char **text)
{
    char *line = *text, *end;

    if (!line || !*line)
        return NULL;
    end = strchr(line, '\n');
    *text = end ? end + 1 : NULL;
    if (end)
        *end = '\0';
    return line;
}

static bool touches(const char *line, const char *p, size_t pages)
{
    uintptr_t from = (uintptr_t)p, to = from + pages * PAGE;
    char *end;
    uintptr_t low = strtoul(line, &end, 16), high = strtoul(end + 1, NULL, 16);

    return low < to && high > from;
}

int segments_count(const char *p, size_t pages)
{
    char *text = file_read_all("/proc/self/maps", NULL), *at = text, *line;
    int count = 0;

    CHECK(text != NULL);
    while ((line = next_line(&at)))
        count += touches(line, p, pages);
    free(text);
    return count;
}

bool segment_line(const char *p, char *found, size_t size)
{
    char *text = file_read_all("/proc/self/maps", NULL), *at = text, *line;

    CHECK(text != NULL);
    while ((line = next_line(&at)) && !touches(line, p, 1))
        ;
    if (line) {
        strncpy(found, line, size - 1);
        found[size - 1] = '\0';
    }
    free(text);
    return line != NULL;
}

long meminfo_kib(const char *key)
{
    char *text = file_read_all("/proc/meminfo", NULL), *at = text, *line;
    long value = -1;

    while ((line = next_line(&at)))
        if (strncmp(line, key, strlen(key)) == 0)
            value = strtol(line + strlen(key), NULL, 10);
    free(text);
    return value;
}

unsigned long frame_of(const volatile void *p)
{
    char *text = file_read_all("/proc/self/pt", NULL), *at, line[16];
    unsigned long pfn;

    CHECK(text != NULL);
    snprintf(line, sizeof line, "\n  %08lx ", (unsigned long)(uintptr_t)p);
    at = strstr(text, line);
    CHECK(at != NULL);
    pfn = strtoul(at + strlen(line) + strlen("resident "), NULL, 16);
    free(text);
    CHECK(pfn > 0);
    return pfn;
}
