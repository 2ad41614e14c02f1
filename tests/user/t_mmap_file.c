/* SPDX-License-Identifier: MIT
 *
 * Shared mappings of files that can be written: coherent with read and write at once, under
 * truncation, in several processes; and what is left in the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sys/mman.h>

#include "mapping.h"
#include "quire.h"
#include "tap.h"

#define PATH  "/t_mmap_file"
#define PAGES 6

static int create(const char *path)
{
    return (int)sys_raw(SYS_openat, LINUX_AT_FDCWD, path, O_RDWR | LINUX_O_CREAT, 0644);
}

/* A new file of PAGES pages, each filled with its letter; unlinked, so that nothing is left. */
static int make_file(void)
{
    char page[PAGE];
    int fd;

    fd = create(PATH);
    CHECK(fd >= 0);
    for (unsigned i = 0; i < PAGES; i++) {
        memset(page, 'a' + (int)i, PAGE);
        CHECK(write(fd, page, PAGE) == (int)PAGE);
    }
    CHECK_EQ(sys_raw(SYS_unlinkat, LINUX_AT_FDCWD, PATH, 0), 0);
    return fd;
}

static int cut(int fd, uint64_t size)
{
    return (int)sys_raw(SYS_ftruncate64, fd, 0, (long)size, (long)(size >> 32));
}

static char *map_file(int fd, int flags)
{
    char *p = mmap(0, PAGES * PAGE, RW, flags, fd, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

static char byte_at(int fd, off_t pos)
{
    char c = 0;

    CHECK(lseek(fd, pos, SEEK_SET) == pos && read(fd, &c, 1) == 1);
    return c;
}

static void put_byte(int fd, off_t pos, char c)
{
    CHECK(lseek(fd, pos, SEEK_SET) == pos && write(fd, &c, 1) == 1);
}

static void test_coherent(void)
{
    int fd = make_file();
    volatile char *p = map_file(fd, MAP_SHARED), *q = map_file(fd, MAP_SHARED);
    volatile char *own = map_file(fd, MAP_PRIVATE);

    CHECK(p[0] == 'a' && p[2 * PAGE] == 'c' && own[2 * PAGE] == 'c');
    p[2 * PAGE + 1] = 'X';
    CHECK(byte_at(fd, 2 * PAGE + 1) == 'X' && q[2 * PAGE + 1] == 'X' && own[2 * PAGE + 1] == 'X');
    put_byte(fd, 2 * PAGE + 2, 'Y');
    CHECK(p[2 * PAGE + 2] == 'Y' && q[2 * PAGE + 2] == 'Y' && own[2 * PAGE + 2] == 'Y');
    own[2 * PAGE] = 'P'; /* a copy from now on */
    p[2 * PAGE + 1] = 'Z';
    CHECK(own[2 * PAGE + 1] == 'X' && p[2 * PAGE] == 'c' && byte_at(fd, 2 * PAGE) == 'c');
    CHECK_EQ(munmap((void *)p, PAGES * PAGE), 0);
    CHECK(byte_at(fd, 2 * PAGE + 1) == 'Z');
}

static int write_all(void *arg)
{
    for (unsigned i = 0; i < PAGES; i++)
        ((char *)arg)[i * PAGE + 7] = 'W';
    return 0;
}

static void test_processes(void)
{
    int fd = make_file();
    char *p = map_file(fd, MAP_SHARED);

    p[0] = '1';
    CHECK(tap_exited_with(tap_child(write_all, p), 0));
    for (unsigned i = 0; i < PAGES; i++)
        CHECK(p[i * PAGE + 7] == 'W' && byte_at(fd, (off_t)(i * PAGE + 7)) == 'W');
}

/* SIGBUS beyond the end, zeroes in the tail, and again where it is longer. */
static void test_truncate(void)
{
    int fd = make_file();
    char *p = map_file(fd, MAP_SHARED), *own = map_file(fd, MAP_PRIVATE);

    if (!tap_on_quire())
        tap_skip("the emulator turns SIGBUS into something else");
    memset(p, 's', PAGES * PAGE);
    memset(own, 'o', PAGES * PAGE);
    CHECK_EQ(cut(fd, 2 * PAGE + 100), 0);
    CHECK(readable(p + 2 * PAGE) && !readable(p + 3 * PAGE) && !readable(own + 3 * PAGE));
    CHECK(p[2 * PAGE + 99] == 's' && p[2 * PAGE + 100] == 0 && p[3 * PAGE - 1] == 0);
    CHECK(own[2 * PAGE + 200] == 'o'); /* a copy is nobody else's */
    p[2 * PAGE + 200] = 'g';           /* beyond the end, in the last page */
    CHECK_EQ(cut(fd, PAGES * PAGE), 0);
    CHECK(p[2 * PAGE + 99] == 's' && p[2 * PAGE + 100] == 0);
    for (unsigned i = 3; i < PAGES; i++)
        CHECK(p[i * PAGE] == 0 && own[i * PAGE] == 0 && byte_at(fd, (off_t)(i * PAGE)) == 0);
    p[4 * PAGE] = 'n';
    CHECK(byte_at(fd, 4 * PAGE) == 'n');
}

static void test_access(void)
{
    int fd = make_file(), ro, wo;
    char *p;

    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, RW, MAP_SHARED, fd, 0) > 0, 1);
    ro = create("/t_mmap_ro");
    CHECK(write(ro, "read", 4) == 4 && close(ro) == 0);
    ro = open("/t_mmap_ro", O_RDONLY);
    wo = open("/t_mmap_ro", O_WRONLY);
    CHECK_EQ(sys_raw(SYS_unlinkat, LINUX_AT_FDCWD, "/t_mmap_ro", 0), 0);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, RW, MAP_SHARED, ro, 0), -EACCES);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, PROT_READ, MAP_SHARED, wo, 0), -EACCES);
    CHECK_EQ(sys_raw(SYS_mmap2, 0, PAGE, PROT_WRITE, MAP_SHARED, wo, 0), -EACCES);
    p = mmap(0, PAGE, PROT_READ, MAP_SHARED, ro, 0);
    CHECK(p != MAP_FAILED && memcmp(p, "read", 4) == 0);
    CHECK_EQ(sys_raw(SYS_mprotect, p, PAGE, RW), -EACCES);
    CHECK(write(wo, "WRIT", 4) == 4 && memcmp(p, "WRIT", 4) == 0);
}

/* One makes the file shorter and longer while others read and write: each gets a byte that somebody
 * wrote, a zero, or SIGBUS, and nothing is left in the end. */
static int touch_for_ever(void *arg)
{
    volatile char *p = arg;

    for (unsigned i = 0;; i++) {
        p[i % PAGES * PAGE + i % 64] = 'T';
        char c = p[(i + 1) % PAGES * PAGE + i % 64];

        if (c != 'T' && c != 0 && c != (char)('a' + (int)((i + 1) % PAGES)))
            return 1;
    }
}

static void test_storm(void)
{
    int fd = make_file(), status;
    char *p = map_file(fd, MAP_SHARED);
    pid_t pids[3];

    for (unsigned round = 0; round < tap_count(20, 400); round++) {
        for (unsigned i = 0; i < 3; i++) {
            pids[i] = fork();
            if (pids[i] == 0)
                _exit(touch_for_ever(p));
        }
        tap_pause_ms(2);
        CHECK_EQ(cut(fd, round % PAGES * PAGE), 0);
        for (unsigned i = 0; i < 3; i++)
            CHECK(waitpid(pids[i], &status, 0) == pids[i] && tap_killed_by(status, SIGBUS));
        CHECK_EQ(cut(fd, PAGES * PAGE), 0);
        for (unsigned i = round % PAGES; i < PAGES; i++)
            CHECK(p[i * PAGE] == 0 && byte_at(fd, (off_t)(i * PAGE + 5)) == 0);
    }
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"coherent with read and write", test_coherent},
        {"several processes", test_processes},
        {"truncation under mappings", test_truncate},
        {"access by how the file was opened", test_access},
        {"truncation among stores", test_storm},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
