/* SPDX-License-Identifier: MIT
 *
 * For the tests of mappings of a disk: the first PAGES pages of it, and what the kernel says of its
 * transfers and of faults. What was on the disk is lost. Skipped where there is none: the machine
 * needs ram0=1M, or a disk of at least as much.
 */
#ifndef TESTS_USER_MMAP_DISK_H
#define TESTS_USER_MMAP_DISK_H

#include <sys/ioctl.h>

#include <sys/mman.h>

#include "files.h"
#include "mapping.h"

#define BLKRRPART    0x125f
#define BLKFLSBUF    0x1261
#define BLKGETSIZE64 0x80041272

#define PAGES   64u /* of the disk that are played with */
#define SECTORS (PAGE / 512)

#define MREMAP_MAYMOVE 1
#define MADV_DONTNEED  4
#define MADV_REMOVE    9
#define MS_ASYNC       1
#define MS_INVALIDATE  2
#define MS_SYNC        4

static const char *disk_path;
static uint64_t disk_size;

static inline long disk_open(int flags)
{
    long fd = files_open(disk_path, flags, 0);

    CHECK(fd >= 0);
    return fd;
}

static inline long disk_at(int call, long fd, const void *buf, size_t len, uint64_t pos)
{
    return sys_raw(call, fd, buf, len, 0, (uint32_t)pos, (uint32_t)(pos >> 32));
}

static inline void disk_flush(long fd)
{
    CHECK_EQ(ioctl((int)fd, BLKFLSBUF, 0), 0);
}

/* Page i of the first PAGES is full of i + 1; none is in memory. */
static inline long disk_begin(void)
{
    static uint8_t page[PAGE];
    long fd;

    disk_path = files_exists("/dev/vda") ? "/dev/vda" : "/dev/ram0";
    if (!files_exists(disk_path))
        tap_skip("there is no disk");
    fd = disk_open(O_RDWR);
    CHECK_EQ(ioctl((int)fd, BLKGETSIZE64, &disk_size), 0);
    CHECK(disk_size >= 1 << 20);
    for (uint32_t i = 0; i < PAGES; i++) {
        memset(page, (int)i + 1, PAGE);
        CHECK_EQ(disk_at(SYS_pwrite64, fd, page, PAGE, i * PAGE), PAGE);
    }
    disk_flush(fd);
    return fd;
}

static inline long disk_map_call(long fd, uint32_t page, uint32_t npages, int prot, int flags)
{
    return sys_raw(SYS_mmap2, 0, npages * PAGE, prot, flags, fd, page);
}

static inline bool is_error(long result)
{
    return result < 0 && result > -4096;
}

static inline volatile uint8_t *disk_map(long fd, uint32_t npages, int prot, int flags)
{
    long result = disk_map_call(fd, 0, npages, prot, flags);

    CHECK(!is_error(result));
    return (volatile uint8_t *)result;
}

static inline void disk_unmap(volatile uint8_t *p, uint32_t npages)
{
    CHECK_EQ(munmap((void *)p, npages * PAGE), 0);
}

static inline long disk_sync(volatile uint8_t *p, uint32_t npages, int how)
{
    return sys_raw(SYS_msync, p, npages * PAGE, how);
}

static inline uint8_t disk_byte(long fd, uint64_t pos)
{
    uint8_t byte = 0;

    CHECK_EQ(disk_at(SYS_pread64, fd, &byte, 1, pos), 1);
    return byte;
}

/* Sectors that the disk has read or written so far. */
static inline uint32_t disk_sectors(bool written)
{
    char *text = file_read_all("/proc/diskstats", NULL), *line, name[16];
    unsigned long count[7];

    CHECK(text != NULL);
    snprintf(name, sizeof name, " %s ", disk_path + strlen("/dev/"));
    line = strstr(text, name);
    CHECK(line != NULL);
    CHECK_EQ(sscanf(line + strlen(name), "%lu %lu %lu %lu %lu %lu %lu", &count[0], &count[1],
                    &count[2], &count[3], &count[4], &count[5], &count[6]),
             7);
    free(text);
    return (uint32_t)count[written ? 6 : 2];
}

static inline uint32_t disk_faults(const char *kind)
{
    char *text = file_read_all("/proc/vmstat", NULL), *found;
    unsigned long n;

    CHECK(text != NULL);
    found = strstr(text, kind);
    CHECK(found != NULL);
    n = strtoul(found + strlen(kind), NULL, 10);
    free(text);
    return (uint32_t)n;
}

#endif
