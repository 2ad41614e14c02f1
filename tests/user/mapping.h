/* SPDX-License-Identifier: MIT
 *
 * What the tests of mappings share: memory to play with, whether a page can be read or written
 * (found out by a child that tries), and what /proc/self/maps says of a range.
 */
#ifndef TESTS_USER_MAPPING_H
#define TESTS_USER_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE      4096u
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW        (PROT_READ | PROT_WRITE)

/* count pages of private memory, or, by the flags, other memory that needs no file. */
char *pages_map(size_t count, int prot);
char *pages_map_flags(size_t count, int prot, int flags);
bool readable(const void *p);
bool writable(void *p);
/* Lines of /proc/self/maps that touch the pages. */
int segments_count(const char *p, size_t pages);
/* The first of these lines in `line`. */
bool segment_line(const char *p, char *line, size_t size);
/* The frame of our page, as /proc/self/pt has it; the page is in memory. */
unsigned long frame_of(const volatile void *p);
/* A number of /proc/meminfo, KiB; -1: not there. */
long meminfo_kib(const char *key);

#endif
