/* SPDX-License-Identifier: MIT
 *
 * Mappings of a disk: pages are read when they are touched, a cluster at a time, and what is stored
 * goes back exactly once. What the host sees of it is in tests/qemu/test_disk_map.py.
 */
#include <signal.h>
#include <sys/wait.h>

#include "mmap_disk.h"

static uint32_t rounds;
static uint8_t bytes[PAGE];

/* Whoever reads, writes or maps it sees the same page; a private copy is nobody else's. */
static void test_coherent(void)
{
    long fd = disk_begin();
    volatile uint8_t *p = disk_map(fd, PAGES, RW, MAP_SHARED), *q = disk_map(fd, 8, RW, MAP_SHARED);
    volatile uint8_t *own = disk_map(fd, 8, RW, MAP_PRIVATE);
    uint8_t byte = 77;

    for (uint32_t i = 0; i < PAGES; i++)
        CHECK(p[i * PAGE] == i + 1 && p[i * PAGE + PAGE - 1] == i + 1);
    CHECK(own[2 * PAGE] == 3 && q[2 * PAGE] == 3);
    CHECK(frame_of(p + 2 * PAGE) == frame_of(q + 2 * PAGE) &&
          frame_of(p + 2 * PAGE) == frame_of(own + 2 * PAGE));
    p[2 * PAGE + 1] = 100;
    CHECK(disk_byte(fd, 2 * PAGE + 1) == 100 && q[2 * PAGE + 1] == 100 && own[2 * PAGE + 1] == 100);
    CHECK_EQ(disk_at(SYS_pwrite64, fd, &byte, 1, 2 * PAGE + 2), 1);
    CHECK(p[2 * PAGE + 2] == 77 && q[2 * PAGE + 2] == 77 && own[2 * PAGE + 2] == 77);
    own[2 * PAGE] = 200;
    own[5 * PAGE] = 201; /* not read before */
    p[2 * PAGE + 1] = 101;
    CHECK(own[2 * PAGE + 1] == 100 && p[2 * PAGE] == 3 && disk_byte(fd, 5 * PAGE) == 6);
    disk_flush(fd); /* what is mapped stays */
    CHECK(own[2 * PAGE] == 200 && own[5 * PAGE] == 201 && p[2 * PAGE + 1] == 101);
    disk_unmap(p, PAGES);
    disk_unmap(q, 8);
    disk_unmap(own, 8);
    disk_flush(fd);
    CHECK(disk_byte(fd, 2 * PAGE) == 3 && disk_byte(fd, 2 * PAGE + 1) == 101 &&
          disk_byte(fd, 2 * PAGE + 2) == 77 && disk_byte(fd, 5 * PAGE) == 6);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

/* A cluster is read at a time, and is one fault. */
static void test_page_in(void)
{
    long fd = disk_begin();
    volatile uint8_t *p = disk_map(fd, PAGES, PROT_READ, MAP_SHARED);
    uint32_t read = disk_sectors(false), pageins = disk_faults("fault_pagein ");

    for (uint32_t i = 0; i < PAGES; i++)
        CHECK_EQ(p[i * PAGE + i], i + 1);
    CHECK_EQ(disk_sectors(false) - read, PAGES * SECTORS);
    CHECK_EQ(disk_faults("fault_pagein ") - pageins, PAGES / 16);
    disk_unmap(p, PAGES);
    p = disk_map(fd, PAGES, PROT_READ, MAP_PRIVATE);
    for (uint32_t i = 0; i < PAGES; i++)
        CHECK_EQ(p[i * PAGE + i], i + 1);
    CHECK_EQ(disk_sectors(false) - read, PAGES * SECTORS);
    disk_unmap(p, PAGES);
    disk_flush(fd);
    p = disk_map(fd, 1, PROT_READ, MAP_PRIVATE); /* no more than is mapped */
    CHECK_EQ(p[0], 1);
    CHECK_EQ(disk_sectors(false) - read, (PAGES + 1) * SECTORS);
    disk_unmap(p, 1);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

/* SVR4: k pages that were stored to are written, exactly these, and once. */
static void test_exact(void)
{
    static const uint8_t some[] = {0, 1, 2, 9, 17, 18, 40, 63};
    long fd = disk_begin();
    volatile uint8_t *p = disk_map(fd, PAGES, RW, MAP_SHARED);
    uint32_t written;

    for (uint32_t i = 0; i < PAGES; i++)
        CHECK_EQ(p[i * PAGE], i + 1);
    sys_raw(SYS_sync);
    for (int how = 0; how < 3; how++) {
        written = disk_sectors(true);
        for (uint32_t i = 0; i < sizeof some; i++)
            p[some[i] * PAGE + 5] = (uint8_t)(how + i + 50);
        CHECK_EQ(disk_sync(p, PAGES, MS_ASYNC), 0);
        CHECK_EQ(disk_sectors(true) - written, 0);
        if (how == 0)
            CHECK_EQ(disk_sync(p, PAGES, MS_SYNC), 0);
        else
            CHECK_EQ(how == 1 ? sys_raw(SYS_fsync, fd) : sys_raw(SYS_sync), 0);
        CHECK_EQ(disk_sectors(true) - written, sizeof some * SECTORS);
        CHECK_EQ(disk_sync(p, PAGES, MS_SYNC), 0);
        CHECK_EQ(sys_raw(SYS_fsync, fd), 0);
        CHECK_EQ(disk_sectors(true) - written, sizeof some * SECTORS);
    }
    written = disk_sectors(true);
    for (uint32_t i = 0; i < 20; i++)
        p[i * PAGE] = 1;
    CHECK_EQ(disk_sync(p + 3 * PAGE, 7, MS_SYNC), 0); /* a part of the mapping */
    CHECK_EQ(disk_sectors(true) - written, 7 * SECTORS);
    CHECK_EQ(sys_raw(SYS_fsync, fd), 0);
    CHECK_EQ(disk_sectors(true) - written, 20 * SECTORS);
    disk_unmap(p, PAGES);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

/* What was stored is there after munmap, exit and close, when somebody asks for it. */
static void test_left(void)
{
    long fd = disk_begin();
    volatile uint8_t *p = disk_map(fd, PAGES, RW, MAP_SHARED);
    pid_t pid;
    int status;

    p[7 * PAGE] = 70;
    disk_unmap(p, PAGES);
    p = disk_map(fd, PAGES, RW, MAP_SHARED);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
    p[8 * PAGE] = 80;
    pid = fork();
    if (pid == 0) {
        p[9 * PAGE] = 90;
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && tap_exited_with(status, 0));
    CHECK_EQ(p[9 * PAGE], 90);
    disk_unmap(p, PAGES);
    fd = disk_open(O_RDWR);
    disk_flush(fd);
    CHECK(disk_byte(fd, 7 * PAGE) == 70 && disk_byte(fd, 8 * PAGE) == 80 &&
          disk_byte(fd, 9 * PAGE) == 90);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

static int private_child(void *arg)
{
    volatile uint8_t *own = arg;

    if (own[3 * PAGE] != 33 || own[4 * PAGE] != 5)
        return 1;
    own[3 * PAGE] = 34;
    own[4 * PAGE] = 44;
    return own[3 * PAGE] == 34 && own[4 * PAGE] == 44 ? 0 : 2;
}

static void test_fork(void)
{
    long fd = disk_begin();
    volatile uint8_t *own = disk_map(fd, PAGES, RW, MAP_PRIVATE);

    own[3 * PAGE] = 33;
    for (uint32_t i = 0; i < 4; i++)
        CHECK(tap_exited_with(tap_child(private_child, (void *)own), 0));
    CHECK(own[3 * PAGE] == 33 && own[4 * PAGE] == 5 && disk_byte(fd, 3 * PAGE) == 4);
    disk_unmap(own, PAGES);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

static int touch(void *arg)
{
    return *(volatile uint8_t *)arg & 0;
}

/* Behind the last page there is nothing, and behind the last byte of it zeroes. */
static void test_end(void)
{
    long fd = disk_begin(), result;
    uint32_t last = (uint32_t)((disk_size - 1) / PAGE), rest = (uint32_t)(disk_size % PAGE);
    volatile uint8_t *p;

    result = disk_map_call(fd, last, 3, RW, MAP_SHARED);
    CHECK(!is_error(result));
    p = (volatile uint8_t *)result;
    p[0] = 9;
    CHECK_EQ(disk_at(SYS_pread64, fd, bytes, 1, (uint64_t)last * PAGE), 1);
    CHECK_EQ(bytes[0], 9);
    if (rest) {
        CHECK_EQ(p[PAGE - 1], 0);
        p[PAGE - 1] = 3; /* to nowhere */
    }
    if (tap_on_quire()) {
        CHECK(tap_killed_by(tap_child(touch, (void *)(p + PAGE)), SIGBUS));
        CHECK(tap_killed_by(tap_child(touch, (void *)(p + 2 * PAGE)), SIGBUS));
    }
    CHECK_EQ(disk_at(SYS_pread64, fd, (void *)(p + PAGE), 1, 0), -EFAULT);
    CHECK_EQ(disk_sync(p, 3, MS_SYNC), 0);
    disk_unmap(p, 3);
    disk_flush(fd);
    CHECK_EQ(disk_at(SYS_pread64, fd, bytes, 1, (uint64_t)last * PAGE), 1);
    CHECK_EQ(bytes[0], 9);
    result = disk_map_call(fd, UINT32_MAX - 3, 2, PROT_READ, MAP_SHARED);
    if (!is_error(result)) {
        CHECK(tap_killed_by(tap_child(touch, (void *)result), SIGBUS));
        disk_unmap((volatile uint8_t *)result, 2);
    }
    CHECK_EQ(disk_map_call(fd, UINT32_MAX, 2, PROT_READ, MAP_SHARED), -LINUX_EOVERFLOW);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

/* By how it was opened. */
static void test_access(void)
{
    long fd = disk_begin(), in = disk_open(O_RDONLY), out = disk_open(O_WRONLY);
    volatile uint8_t *p;

    CHECK_EQ(disk_map_call(in, 0, 1, RW, MAP_SHARED), -EACCES);
    CHECK_EQ(disk_map_call(out, 0, 1, RW, MAP_SHARED), -EACCES);
    CHECK_EQ(disk_map_call(out, 0, 1, PROT_READ, MAP_PRIVATE), -EACCES);
    p = disk_map(in, 2, PROT_READ, MAP_SHARED);
    CHECK_EQ(sys_raw(SYS_mprotect, p, PAGE, RW), -EACCES);
    CHECK_EQ(p[0], 1);
    CHECK(!writable((void *)p));
    disk_unmap(p, 2);
    p = disk_map(in, 2, RW, MAP_PRIVATE);
    p[0] = 99;
    CHECK(p[0] == 99 && disk_byte(fd, 0) == 1);
    CHECK_EQ(disk_sync(p, 2, MS_SYNC), 0);
    disk_unmap(p, 2);
    disk_flush(fd);
    CHECK_EQ(disk_byte(fd, 0), 1);
    CHECK_EQ(sys_raw(SYS_close, in), 0);
    CHECK_EQ(sys_raw(SYS_close, out), 0);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

static unsigned in_core(volatile uint8_t *p, uint32_t npages)
{
    uint8_t vec[PAGES];
    unsigned n = 0;

    CHECK_EQ(sys_raw(SYS_mincore, p, npages * PAGE, vec), 0);
    for (uint32_t i = 0; i < npages; i++)
        n += vec[i] & 1;
    return n;
}

/* mincore, madvise, mlock, mremap, MAP_POPULATE, and what /proc says, as of files. */
static void test_calls(void)
{
    long fd = disk_begin(), moved;
    volatile uint8_t *p = disk_map(fd, 32, RW, MAP_SHARED),
                     *own = disk_map(fd, 32, RW, MAP_PRIVATE);
    char line[200];

    CHECK(segment_line((const char *)p, line, sizeof line));
    CHECK(strstr(line, " rw-s ") && strstr(line, disk_path));
    CHECK_EQ(in_core(p, 32), 0);
    CHECK_EQ(p[20 * PAGE], 21);
    CHECK_EQ(in_core(p, 32), 16);
    own[20 * PAGE] = 5;
    p[20 * PAGE] = 6;
    CHECK_EQ(sys_raw(SYS_madvise, p, 32 * PAGE, MADV_DONTNEED), 0);
    CHECK_EQ(sys_raw(SYS_madvise, own, 32 * PAGE, MADV_DONTNEED), 0);
    CHECK(p[20 * PAGE] == 6 && own[20 * PAGE] == 6);
    CHECK(is_error(sys_raw(SYS_madvise, p, 32 * PAGE, MADV_REMOVE)));
    CHECK_EQ(sys_raw(SYS_mlock, p, 32 * PAGE), 0);
    CHECK_EQ(in_core(p, 32), 32);
    disk_flush(fd);
    CHECK_EQ(in_core(p, 32), 32);
    CHECK_EQ(disk_sync(p, 32, MS_SYNC | MS_INVALIDATE), -EBUSY);
    CHECK_EQ(sys_raw(SYS_munlock, p, 32 * PAGE), 0);
    CHECK_EQ(disk_sync(p, 32, MS_SYNC | MS_INVALIDATE), 0);
    p[31 * PAGE] = 131;
    moved = sys_raw(SYS_mremap, p, 32 * PAGE, PAGES * PAGE, MREMAP_MAYMOVE, 0);
    CHECK(!is_error(moved));
    p = (volatile uint8_t *)moved;
    CHECK(p[31 * PAGE] == 131 && p[40 * PAGE] == 41 && p[20 * PAGE] == 6);
    p[41 * PAGE] = 141;
    CHECK_EQ(sys_raw(SYS_mprotect, p + 41 * PAGE, PAGE, PROT_READ), 0);
    CHECK(!writable((void *)(p + 41 * PAGE)));
    disk_unmap(p, PAGES);
    disk_unmap(own, 32);
    disk_flush(fd);
    CHECK(disk_byte(fd, 31 * PAGE) == 131 && disk_byte(fd, 41 * PAGE) == 141);
    disk_flush(fd);
    p = disk_map(fd, PAGES, PROT_READ, MAP_SHARED | MAP_POPULATE);
    CHECK_EQ(in_core(p, PAGES), PAGES);
    disk_unmap(p, PAGES);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

/* The buffer of a read or write is the mapping of what is read or written, in memory or not. */
static void test_buffers(void)
{
    long fd = disk_begin();
    volatile uint8_t *p = disk_map(fd, PAGES, RW, MAP_SHARED);

    for (uint32_t n = 0; n < rounds; n++) {
        uint32_t from = n * 7 % PAGES, to = n * 11 % PAGES, before = p[from * PAGE + 1];

        if (n % 5 == 0) {
            CHECK_EQ(sys_raw(SYS_madvise, p, PAGES * PAGE, MADV_DONTNEED), 0);
            disk_flush(fd);
        }
        if (n % 2)
            CHECK_EQ(disk_at(SYS_pread64, fd, (void *)(p + to * PAGE), PAGE, from * PAGE), PAGE);
        else
            CHECK_EQ(disk_at(SYS_pwrite64, fd, (void *)(p + from * PAGE), PAGE, to * PAGE), PAGE);
        CHECK_EQ(p[to * PAGE + 1], before);
    }
    disk_unmap(p, PAGES);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

/* A table of one partition, sectors 256 to 767, is not read again while that is mapped. */
static void test_partition(void)
{
    static const uint8_t entry[16] = {[4] = 0x83, [9] = 1, [13] = 2};
    static const uint8_t magic[2] = {0x55, 0xaa};
    long fd = disk_begin(), part;
    volatile uint8_t *p;

    if (!files_exists("/dev/vda1")) /* what the kernel keeps for a new one would count as lost */
        tap_skip("the disk came without a partition");
    memset(bytes, 0, 512);
    CHECK_EQ(disk_at(SYS_pwrite64, fd, bytes, 512, 0), 512);
    CHECK_EQ(disk_at(SYS_pwrite64, fd, entry, 16, 446), 16);
    CHECK_EQ(disk_at(SYS_pwrite64, fd, magic, 2, 510), 2);
    CHECK_EQ(ioctl((int)fd, BLKRRPART, 0), 0);
    part = files_open("/dev/vda1", O_RDWR, 0);
    CHECK(part >= 0);
    p = disk_map(part, 3, RW, MAP_SHARED);
    CHECK_EQ(sys_raw(SYS_close, part), 0);
    CHECK_EQ(ioctl((int)fd, BLKRRPART, 0), -1);
    CHECK_EQ(p[0], 256 / SECTORS + 1);
    p[PAGE] = 0xee;
    CHECK_EQ(disk_sync(p, 3, MS_SYNC), 0);
    disk_unmap(p, 3);
    disk_flush(fd);
    CHECK_EQ(disk_byte(fd, 256 * 512 + PAGE), 0xee);
    memset(bytes, 0, 512);
    CHECK_EQ(disk_at(SYS_pwrite64, fd, bytes, 512, 0), 512);
    CHECK_EQ(ioctl((int)fd, BLKRRPART, 0), 0);
    CHECK_EQ(files_open("/dev/vda1", O_RDONLY, 0), -ENXIO);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

/* The page's number, in all of its first words. */
static bool window_holds(const volatile uint32_t *p, uint32_t page, uint32_t npages)
{
    for (uint32_t i = 0; i < npages; i++)
        if (p[i * (PAGE / 4)] != (page + i) * 2654435761u)
            return false;
    return true;
}

/* Twice as much as there is memory is stored, a piece at a time: it is written on the way, and
 * nobody dies of it. */
static void test_much(void)
{
    uint32_t npages = (uint32_t)(meminfo_kib("MemFree:") / 4 * 2 / PAGES * PAGES);
    volatile uint32_t *p;
    long fd = disk_begin();

    if (disk_size < (uint64_t)npages * PAGE)
        tap_skip("the disk is small");
    for (uint32_t page = 0; page < npages; page += PAGES) {
        p = (volatile uint32_t *)disk_map_call(fd, page, PAGES, RW, MAP_SHARED);
        CHECK(!is_error((long)p));
        for (uint32_t i = 0; i < PAGES; i++)
            p[i * (PAGE / 4)] = (page + i) * 2654435761u;
        CHECK(window_holds(p, page, PAGES));
        disk_unmap((volatile uint8_t *)p, PAGES);
    }
    for (uint32_t page = 0; page < npages; page += 5 * PAGES) {
        p = (volatile uint32_t *)disk_map_call(fd, page, PAGES, PROT_READ, MAP_PRIVATE);
        CHECK(!is_error((long)p));
        CHECK(window_holds(p, page, PAGES));
        disk_unmap((volatile uint8_t *)p, PAGES);
    }
    CHECK_EQ(sys_raw(SYS_fsync, fd), 0);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

/* The same in one piece, which page-out has to take from us meanwhile. */
static void test_whole(void)
{
    uint32_t npages = (uint32_t)(meminfo_kib("MemFree:") / 4 * 3 / 2);
    volatile uint32_t *p;
    long fd = disk_begin();

    if (disk_size < (uint64_t)npages * PAGE)
        tap_skip("the disk is small");
    p = (volatile uint32_t *)disk_map(fd, npages, RW, MAP_SHARED);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < npages; i++)
            p[i * (PAGE / 4)] = (i + round) * 2654435761u;
        CHECK(window_holds(p, round, npages));
    }
    disk_unmap((volatile uint8_t *)p, npages);
    CHECK_EQ(sys_raw(SYS_fsync, fd), 0);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"coherent", test_coherent},   {"page_in", test_page_in}, {"exact", test_exact},
        {"left", test_left},           {"fork", test_fork},       {"end", test_end},
        {"access", test_access},       {"calls", test_calls},     {"buffers", test_buffers},
        {"partition", test_partition}, {"much", test_much},       {"whole", test_whole},
    };

    rounds = tap_count(100, 2000);
    return tap_main(tests, TAP_COUNT(tests));
}
