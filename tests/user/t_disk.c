/* SPDX-License-Identifier: MIT
 *
 * A disk as a file: its edges, several processes on it at once, and who flushes it meanwhile. What
 * is on the disk is lost. Skipped where there is none: the machine needs ram0=1M, or a disk of at
 * least as much.
 */
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "files.h"

#define BLKRRPART    0x125f
#define BLKFLSBUF    0x1261
#define BLKGETSIZE64 0x80041272

#define PAGE    4096u
#define WORKERS 4
#define PIECES  16u
#define AREA    (PIECES * PAGE + 512) /* of a worker: its first and last page are others', too */

static uint32_t rounds;
static const char *path;
static uint64_t size;
static uint8_t bytes[4 * PAGE];

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long at(int call, long fd, const void *buf, size_t len, uint64_t pos)
{
    return sys_raw(call, fd, buf, len, 0, (uint32_t)pos, (uint32_t)(pos >> 32));
}

static long open_disk(int flags)
{
    long fd = files_open(path, flags, 0);

    CHECK(fd >= 0);
    return fd;
}

static long begin(void)
{
    long fd;

    path = files_exists("/dev/vda") ? "/dev/vda" : "/dev/ram0";
    if (!files_exists(path))
        tap_skip("there is no disk");
    fd = open_disk(O_RDWR);
    CHECK_EQ(ioctl((int)fd, BLKGETSIZE64, &size), 0);
    CHECK(size >= 1 << 20);
    return fd;
}

static long fill(long fd, uint64_t pos, uint8_t with, size_t len)
{
    memset(bytes, with, len);
    return at(SYS_pwrite64, fd, bytes, len, pos);
}

static bool holds(long fd, uint64_t pos, uint8_t with, size_t len)
{
    memset(bytes, ~with, len);
    if (at(SYS_pread64, fd, bytes, len, pos) != (long)len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != with)
            return false;
    return true;
}

static void test_edges(void)
{
    static const uint64_t behind[] = {1, 511, 4096, 1ull << 31, 1ull << 32, 1ull << 44, 1ull << 62};
    long fd = begin();
    int64_t end;

    CHECK_EQ(fill(fd, size - 3, 0x11, 8), 3);
    CHECK_EQ(fill(fd, size - 3 - PAGE, 0x22, PAGE), PAGE);
    CHECK(holds(fd, size - 3, 0x11, 3));
    CHECK(holds(fd, size - 3 - PAGE, 0x22, PAGE));
    CHECK_EQ(at(SYS_pread64, fd, bytes, 8, size - 2), 2);
    CHECK_EQ(at(SYS_pread64, fd, bytes, 8, size), 0);
    CHECK_EQ(fill(fd, size, 0x33, 8), -ENOSPC);
    for (size_t i = 0; i < TAP_COUNT(behind); i++) {
        CHECK_EQ(at(SYS_pread64, fd, bytes, 8, size + behind[i]), 0);
        CHECK_EQ(fill(fd, size + behind[i], 0x33, 8), -ENOSPC);
    }
    CHECK_EQ(at(SYS_pread64, fd, bytes, 8, 1ull << 63), -EINVAL);
    CHECK_EQ(fill(fd, UINT64_MAX, 0x33, 8), -EINVAL);
    CHECK_EQ(sys_raw(SYS_llseek, fd, 0, 0, &end, SEEK_END), 0);
    CHECK_EQ(end == (int64_t)size, 1);
    CHECK_EQ(sys_raw(SYS_read, fd, bytes, 8), 0);
    CHECK_EQ(sys_raw(SYS_llseek, fd, 0x7fffffff, 0xffffffff, &end, SEEK_END), -EINVAL);
    CHECK_EQ(sys_raw(SYS_ftruncate, fd, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_sendfile64, fd, fd, NULL, PAGE), -EINVAL);
    CHECK_EQ(sys_raw(SYS_fsync, fd), 0);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
    fd = open_disk(O_RDWR | LINUX_O_TRUNC);
    CHECK(holds(fd, size - 3, 0x11, 3));
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

/* Both ends of a large disk are written: what lies between costs nothing. */
static void test_far(void)
{
    long fd = begin(), since;

    if (size < 1ull << 36)
        tap_skip("the disk is small");
    CHECK_EQ(fill(fd, 0, 0x77, PAGE), PAGE);
    CHECK_EQ(fill(fd, size - PAGE, 0x78, PAGE), PAGE);
    CHECK_EQ(fill(fd, size / 2, 0x79, PAGE), PAGE);
    since = now_ms();
    CHECK_EQ(sys_raw(SYS_fsync, fd), 0);
    CHECK(tap_in_time(now_ms() - since, 1000));
    CHECK_EQ(ioctl((int)fd, BLKFLSBUF, 0), 0);
    CHECK(holds(fd, 0, 0x77, PAGE));
    CHECK(holds(fd, size - PAGE, 0x78, PAGE));
    CHECK(holds(fd, size / 2, 0x79, PAGE));
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

/* Numbers of no disk, a second node of one, and a node that goes while it is open. */
static void test_nodes(void)
{
    static const uint32_t odd[] = {0,          1,         255, 254 << 8 | 255, 254 << 8 | 15,
                                   UINT32_MAX, 1 << 8 | 7};
    long fd = begin(), other;
    struct files_stat st = files_stat(path);

    files_begin("nodes");
    for (size_t i = 0; i < TAP_COUNT(odd); i++) {
        CHECK_EQ(sys_raw(SYS_mknod, "odd", S_IFBLK | 0600, odd[i]), 0);
        CHECK_EQ(files_open("odd", O_RDWR, 0), -ENXIO);
        CHECK_EQ(files_unlink("odd"), 0);
    }
    CHECK_EQ(sys_raw(SYS_mknod, "disk", S_IFBLK | 0600, (uint32_t)st.rdev), 0);
    other = files_open("disk", O_RDWR, 0);
    CHECK(other >= 0);
    CHECK_EQ(files_unlink("disk"), 0);
    CHECK_EQ(fill(other, 700, 0x44, 900), 900);
    CHECK(holds(fd, 700, 0x44, 900));
    CHECK_EQ(sys_raw(SYS_close, other), 0);
    CHECK_EQ(files_unlink(path), 0);
    CHECK(holds(fd, 700, 0x44, 900));
    CHECK_EQ(sys_raw(SYS_mknod, path, S_IFBLK | 0660, (uint32_t)st.rdev), 0);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
    files_end("nodes");
}

/* A buffer that ends in the middle: what came before is written, and no more. */
static void test_bad_buffers(void)
{
    long fd = begin();
    char *two = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(two != MAP_FAILED);
    CHECK_EQ(munmap(two + PAGE, PAGE), 0);
    memset(two, 0x55, PAGE);
    CHECK_EQ(fill(fd, 0, 0x66, 3 * PAGE), 3 * PAGE);
    CHECK_EQ(at(SYS_pwrite64, fd, two, 2 * PAGE, 0), PAGE);
    CHECK_EQ(at(SYS_pwrite64, fd, two + PAGE, PAGE, 0), -EFAULT);
    CHECK(holds(fd, 0, 0x55, PAGE));
    CHECK(holds(fd, PAGE, 0x66, PAGE));
    CHECK_EQ(at(SYS_pread64, fd, two, 2 * PAGE, PAGE), PAGE);
    CHECK_EQ(at(SYS_pread64, fd, two + PAGE, PAGE, 0), -EFAULT);
    CHECK_EQ(two[PAGE - 1], 0x66);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

static pid_t start(int (*work)(uint32_t), uint32_t worker)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(work(worker));
    CHECK(pid > 0);
    return pid;
}

static void end(pid_t pid)
{
    int status;

    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_killed_by(status, SIGKILL));
}

static int flush_for_ever(uint32_t worker)
{
    long fd = open_disk(O_RDWR);

    for (;;)
        if (ioctl((int)fd, worker % 2 ? BLKFLSBUF : BLKRRPART, 0) && worker % 2)
            return 1;
}

/* Who drops a disk's pages changes nothing for those who read it. */
static void test_flush_and_read(void)
{
    long fd = begin();
    pid_t flusher = start(flush_for_ever, 1), other = start(flush_for_ever, 2);

    for (uint32_t n = 0; n < rounds * 4; n++) {
        CHECK_EQ(fill(fd, n % 128 * PAGE + 512, (uint8_t)n, PAGE), PAGE);
        CHECK_EQ(holds(fd, n % 128 * PAGE + 512, (uint8_t)n, PAGE), true);
    }
    end(flusher);
    end(other);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

/* A table of one partition, sectors 256 to 767. */
static void make_partition(long fd)
{
    static const uint8_t entry[16] = {[4] = 0x83, [9] = 1, [13] = 2};
    static const uint8_t magic[2] = {0x55, 0xaa};

    CHECK_EQ(fill(fd, 0, 0, 512), 512);
    CHECK_EQ(at(SYS_pwrite64, fd, entry, 16, 446), 16);
    CHECK_EQ(at(SYS_pwrite64, fd, magic, 2, 510), 2);
    CHECK_EQ(ioctl((int)fd, BLKRRPART, 0), 0);
}

/* A partition is opened, written, and closed while its table is read again and again: none that is
 * open changes or goes. There is none after. */
static void test_partitions(void)
{
    long fd = begin(), part;
    uint64_t bytes_of_part;
    pid_t reader;

    if (!files_exists("/dev/vda1")) /* what the kernel keeps for a new one would count as lost */
        tap_skip("the disk came without a partition");
    make_partition(fd);
    reader = start(flush_for_ever, 0);
    for (uint32_t n = 0; n < rounds / 4; n++) {
        part = files_open("/dev/vda1", O_RDWR, 0);
        CHECK(part >= 0);
        CHECK_EQ(ioctl((int)part, BLKGETSIZE64, &bytes_of_part), 0);
        CHECK_EQ(bytes_of_part, 512 * 512);
        CHECK_EQ(fill(part, 512 * 512 - 2 * PAGE, (uint8_t)n, 2 * PAGE), 2 * PAGE);
        CHECK_EQ(sys_raw(SYS_close, part), 0);
        part = files_open("/dev/vda1", O_RDONLY, 0);
        CHECK(holds(part, 512 * 512 - 2 * PAGE, (uint8_t)n, 2 * PAGE));
        CHECK_EQ(ioctl((int)fd, BLKRRPART, 0), -1);
        CHECK_EQ(sys_raw(SYS_close, part), 0);
    }
    end(reader);
    CHECK_EQ(fill(fd, 0, 0, 512), 512);
    CHECK_EQ(ioctl((int)fd, BLKRRPART, 0), 0);
    CHECK_EQ(files_open("/dev/vda1", O_RDONLY, 0), -ENXIO);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Starts another one in the middle of a long write behind all areas, and kills it. */
static void kill_a_writer(long fd, uint32_t n)
{
    pid_t pid = fork();

    while (pid == 0)
        at(SYS_pwrite64, fd, bytes, sizeof bytes, WORKERS * AREA + 512 * (n % 9));
    CHECK(pid > 0);
    tap_pause_ms(3);
    end(pid);
}

/* Some call that writes back, drops pages, or closes. The descriptor. */
static long disturb(long fd, uint32_t how, uint32_t n)
{
    switch (how) {
    case 0: CHECK_EQ(sys_raw(SYS_fsync, fd), 0); break;
    case 1: CHECK_EQ(sys_raw(SYS_sync), 0); break;
    case 2: CHECK_EQ(ioctl((int)fd, BLKFLSBUF, 0), 0); break;
    case 3: (void)!ioctl((int)fd, BLKRRPART, 0); break;
    case 4: kill_a_writer(fd, n); break;
    default: CHECK_EQ(sys_raw(SYS_close, fd), 0); fd = open_disk(O_RDWR);
    }
    return fd;
}

/* Pages of its own, between sectors of others', are what was last written there. */
static int storm(uint32_t worker)
{
    uint32_t random = worker * 77 + 1, piece;
    uint8_t stamp[PIECES] = {0};
    uint64_t area = worker * AREA;
    long fd = open_disk(O_RDWR);

    for (uint32_t n = 0; n < rounds; n++) {
        uint32_t how = next_random(&random) % 16;

        piece = next_random(&random) % PIECES;
        if (how < 6) {
            fd = disturb(fd, how, n);
        } else if (how < 11) {
            stamp[piece] = (uint8_t)(next_random(&random) | 1);
            CHECK_EQ(fill(fd, area + piece * PAGE, stamp[piece], PAGE), PAGE);
        } else if (stamp[piece]) {
            CHECK(holds(fd, area + piece * PAGE, stamp[piece], PAGE));
        }
    }
    for (piece = 0; piece < PIECES; piece++)
        CHECK(!stamp[piece] || holds(fd, area + piece * PAGE, stamp[piece], PAGE));
    return 0;
}

static void test_storm(void)
{
    long fd = begin();
    int status, good = 0;

    CHECK_EQ(sys_raw(SYS_close, fd), 0);
    for (uint32_t i = 0; i < WORKERS; i++)
        start(storm, i);
    while (wait(&status) > 0)
        good += tap_exited_with(status, 0);
    CHECK_EQ(good, WORKERS);
    sys_raw(SYS_sync);
}

static int write_for_ever(uint32_t worker)
{
    long fd = open_disk(O_RDWR);

    while (fd >= 0)
        at(worker % 2 ? SYS_pwrite64 : SYS_pread64, fd, bytes, sizeof bytes, worker * 1000);
    return 1;
}

/* They end in the middle of reads and writes, again and again. */
static void test_kill(void)
{
    long fd = begin();

    for (uint32_t n = 0; n < rounds / 16 + 1; n++) {
        pid_t one = start(write_for_ever, 2 * n + 1), two = start(write_for_ever, 2 * n);

        tap_pause_ms(n % 7);
        end(one);
        end(two);
    }
    CHECK_EQ(sys_raw(SYS_fsync, fd), 0);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

/* Reads from the disk what is not in memory. */
static int read_anew_for_ever(uint32_t worker)
{
    long fd = open_disk(O_RDWR);

    for (uint64_t pos = 0; fd >= 0; pos += PAGE) {
        at(SYS_pread64, fd, bytes, PAGE, pos % size);
        if (pos % (worker * PAGE) == 0)
            (void)!ioctl((int)fd, BLKFLSBUF, 0);
    }
    return 1;
}

/* Writes parts of pages that have to be read before. */
static int write_parts_for_ever(uint32_t worker)
{
    long fd = open_disk(O_RDWR);

    for (uint64_t pos = worker; fd >= 0; pos += PAGE)
        at(SYS_pwrite64, fd, bytes, 1, pos % size);
    return 1;
}

/* An audit finds no page on its way to or from the disk, and waits for who has one. */
static void test_audits(void)
{
    long fd = begin();
    pid_t pids[6];

    if (!tap_on_quire())
        tap_skip("no audit here");
    for (uint32_t i = 0; i < TAP_COUNT(pids); i++)
        pids[i] = start(i & 1 ? read_anew_for_ever : write_parts_for_ever, 10 * i + 1);
    for (uint32_t n = 0; n < rounds / 8; n++) {
        CHECK(tap_frames() >= 0);
        tap_pause_ms(n % 3);
    }
    for (uint32_t i = 0; i < TAP_COUNT(pids); i++)
        end(pids[i]);
    CHECK_EQ(sys_raw(SYS_close, fd), 0);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"edges", test_edges},
        {"far", test_far},
        {"nodes", test_nodes},
        {"bad_buffers", test_bad_buffers},
        {"flush_and_read", test_flush_and_read},
        {"partitions", test_partitions},
        {"storm", test_storm},
        {"kill", test_kill},
        {"audits", test_audits},
    };

    rounds = tap_count(200, 2000);
    return tap_main(tests, TAP_COUNT(tests));
}
