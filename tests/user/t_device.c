/* SPDX-License-Identifier: MIT
 *
 * Registers of devices in programs: what /dev/regs gives, which mappings it refuses, and that the
 * same registers stand behind every mapping. On QEMU's virt the PL061 (ARM DDI 0190B), on the
 * Raspberry Pi 2 the system timer (BCM2835 ARM Peripherals, 12.1), which only counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/mman.h>

#include "mapping.h"
#include "quire.h"
#include "tap.h"

#define PL061      "/dev/regs/pl061@9030000"
#define PL061_PHYS 0x9030000u
#define BOTH_EDGES (0x408 / 4) /* GPIOIBE: 8 bits to read and write; without GPIOIE no effect */
#define PERIPH_ID  (0xfe0 / 4)
#define TIMER      "/dev/regs/timer@7e003000"
#define TIMER_LOW  (4 / 4)

typedef volatile uint32_t reg_t;

static int device_open(const char *path, int flags)
{
    int fd = open(path, flags);

    if (fd < 0 && errno == ENOENT)
        tap_skip("this machine has no such device");
    CHECK(fd >= 0);
    return fd;
}

static reg_t *device_map(const char *path)
{
    int fd = device_open(path, O_RDWR);
    void *p = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);

    CHECK(p != MAP_FAILED);
    CHECK_EQ(close(fd), 0);
    return p;
}

/* The device or, where there is none, another that all machines' tests can use. */
static reg_t *any_map(int prot)
{
    int fd = open(PL061, O_RDWR);
    void *p;

    if (fd < 0)
        fd = device_open(TIMER, O_RDWR);
    p = mmap(NULL, PAGE, prot, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    CHECK_EQ(close(fd), 0);
    return p;
}

static void test_identity(void)
{
    static const uint8_t wanted[8] = {0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    reg_t *r = device_map(PL061);

    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(r[PERIPH_ID + i], wanted[i]);
}

static void test_timer_counts(void)
{
    reg_t *r = device_map(TIMER);
    uint32_t before = r[TIMER_LOW], passed;

    tap_pause_ms(20);
    passed = r[TIMER_LOW] - before;
    CHECK(passed >= 15000);
}

static int flip(void *arg)
{
    reg_t *r = arg;

    if (r[BOTH_EDGES] != 0x5a || r[PERIPH_ID] != 0x61)
        return 1;
    r[BOTH_EDGES] = 0xa5;
    return 0;
}

/* A store reaches the device at once, whoever mapped it; the child writes what fork shares. */
static void test_shared(void)
{
    reg_t *r = device_map(PL061), *again = device_map(PL061);
    volatile char *own = pages_map(1, RW);

    own[0] = 'p';
    r[BOTH_EDGES] = 0x5a;
    CHECK_EQ(again[BOTH_EDGES], 0x5a);
    CHECK(tap_exited_with(tap_child(flip, (void *)r), 0));
    CHECK_EQ(r[BOTH_EDGES], 0xa5);
    own[0] = 'q';
    r[BOTH_EDGES] = 0;
    CHECK_EQ(again[BOTH_EDGES], 0);
    CHECK_EQ(r[PERIPH_ID], 0x61);
}

static void test_refused(void)
{
    int fd = device_open(PL061, O_RDWR), reader = open(PL061, O_RDONLY);
    char byte = 0;

    CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0) == MAP_FAILED &&
          errno == EACCES);
    CHECK(mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENXIO);
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, fd, PAGE) == MAP_FAILED && errno == ENXIO);
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, fd, (off_t)(0u - PAGE)) == MAP_FAILED);
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, reader, 0) == MAP_FAILED && errno == EACCES);
    CHECK(read(fd, &byte, 1) == -1 && errno == EINVAL);
    CHECK(write(fd, &byte, 1) == -1 && errno == EINVAL);
}

static void test_mode(void)
{
    struct stat st;

    CHECK_EQ(close(device_open(PL061, O_RDONLY)), 0);
    CHECK_EQ(stat(PL061, &st), 0);
    CHECK(S_ISCHR(st.st_mode));
    CHECK_EQ(st.st_mode & 0777, 0600);
    CHECK(open("/dev/regs/pl011@9000000", O_RDONLY) == -1 && errno == ENOENT);
    CHECK(open("/dev/regs/pl031@9010000", O_RDONLY) == -1 && errno == ENOENT);
}

static void test_protect(void)
{
    reg_t *r = any_map(RW);
    uint32_t value = r[TIMER_LOW];

    CHECK(mprotect((void *)r, PAGE, RW | PROT_EXEC) == -1 && errno == EACCES);
    CHECK(mprotect((void *)r, PAGE, PROT_EXEC) == -1 && errno == EACCES);
    CHECK(readable((void *)r));
    CHECK_EQ(mprotect((void *)r, PAGE, PROT_READ), 0);
    CHECK(readable((void *)r) && !writable((void *)r));
    CHECK_EQ(mprotect((void *)r, PAGE, PROT_NONE), 0);
    CHECK(!readable((void *)r));
    CHECK_EQ(mprotect((void *)r, PAGE, PROT_READ), 0);
    CHECK(r[TIMER_LOW] >= value);
    CHECK_EQ(munmap((void *)r, PAGE), 0);
    CHECK(!readable((void *)r));
}

/* What else can be said about memory. */
static void test_other_calls(void)
{
    char *p = (char *)any_map(RW);
    unsigned char in_core = 0;
    void *moved;

    CHECK_EQ(mincore(p, PAGE, &in_core), 0);
    CHECK_EQ(in_core & 1, 1);
    CHECK_EQ(msync(p, PAGE, MS_SYNC), 0);
    CHECK_EQ(mlock(p, PAGE), 0);
    CHECK(madvise(p, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL);
    CHECK_EQ(munlock(p, PAGE), 0);
    CHECK(madvise(p, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL);
    CHECK(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
    moved = pages_map(1, PROT_NONE);
    CHECK(mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, moved) == moved);
    CHECK(readable(moved) && !readable(p));
    CHECK_EQ(*(reg_t *)moved, *(reg_t *)moved);
}

/* The kernel's own copies: what can't be done with a device is an error of the call. */
static void test_system_calls(void)
{
    char *p = (char *)device_map(PL061);
    int null = open("/dev/null", O_RDWR), fd = open("/dev/shm/regs", O_RDWR | O_CREAT, 0600);
    char id[4];

    CHECK(fd >= 0 && unlink("/dev/shm/regs") == 0);
    CHECK_EQ(write(null, p, 16), 16);
    CHECK_EQ(write(fd, p + 0xfe0, 4), 4);
    CHECK(lseek(fd, 0, SEEK_SET) == 0 && read(fd, id, 4) == 4 && id[0] == 0x61);
    for (unsigned i = 0; i < 4; i++) {
        ssize_t n = write(fd, p + 0xfe0 + i, 13);

        CHECK(n > 0 || (n == -1 && errno == EFAULT));
    }
}

static bool pmap_says(const char *driver)
{
    static char text[8192];
    int fd = open("/proc/self/pmap", O_RDONLY);
    ssize_t n = 0, got;

    while ((got = read(fd, text + n, sizeof(text) - 1 - (size_t)n)) > 0)
        n += got;
    close(fd);
    text[n] = '\0';
    return strstr(text, driver);
}

/* pmap names the driver and counts nothing in memory; the offset is the physical address. */
static void test_pmap(void)
{
    reg_t *r = device_map(PL061);
    char line[128];

    CHECK_EQ(r[PERIPH_ID], 0x61);
    CHECK(pmap_says(" device rw- rw-  s ---- -/9030000 0 0 0\n"));
    CHECK(segment_line((char *)r, line, sizeof(line)) && strstr(line, "rw-s 09030000"));
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

/* Many mappings in one segment's neighbourhood: none is taken for the next page of another. */
static void test_neighbours(void)
{
    int fd = device_open(PL061, O_RDWR);
    char *p = pages_map(600, RW);

    memset(p, 'a', 600 * PAGE);
    for (unsigned i = 1; i < 600; i += 2)
        CHECK(mmap(p + i * PAGE, PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p + i * PAGE);
    CHECK(mmap(p + 2 * PAGE, PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p + 2 * PAGE);
    for (unsigned i = 1; i < 4; i++)
        CHECK_EQ(((reg_t *)(p + i * PAGE))[PERIPH_ID], 0x61);
    CHECK(tap_exited_with(tap_child(nothing, NULL), 0));
    p[4 * PAGE] = 'b';
    CHECK_EQ(munmap(p + PAGE, 2 * PAGE), 0);
    CHECK_EQ(((reg_t *)(p + 3 * PAGE))[PERIPH_ID], 0x61);
    CHECK(!readable(p + PAGE) && p[0] == 'a');
}

static const struct tap_test tests[] = {
    {"a device's identity", test_identity},
    {"a timer that counts", test_timer_counts},
    {"stores are seen by all who map it", test_shared},
    {"refused mappings", test_refused},
    {"names and modes", test_mode},
    {"mprotect and munmap", test_protect},
    {"mincore, msync, mlock, madvise, mremap", test_other_calls},
    {"as a system call's buffer", test_system_calls},
    {"pmap and maps", test_pmap},
    {"many mappings", test_neighbours},
};

int main(void)
{
    return tap_main(tests, TAP_COUNT(tests));
}
