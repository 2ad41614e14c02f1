/* SPDX-License-Identifier: MIT
 *
 * Every system call with pointers it must not follow: null, wild, into the kernel, wrapping
 * round, onto pages of the wrong protection, running off the end of a mapping. The answer is
 * -EFAULT and nothing else happens.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <termios.h>

#include "hostile.h"
#include "tap.h"

#define FILE_PATH "/etc/motd"

static int file_open(void)
{
    int fd = open(FILE_PATH, O_RDONLY);

    CHECK(fd >= 0);
    return fd;
}

static void test_read(void)
{
    int fd = file_open();

    for (size_t i = 0; i < BAD_COUNT; i++)
        CHECK_EQ(sys_raw(SYS_read, fd, bad_pointers[i], 16), -EFAULT);
    CHECK_EQ(sys_raw(SYS_read, fd, 0, 16), -EFAULT);
    CHECK_EQ(sys_raw(SYS_lseek, fd, 0, SEEK_CUR), 0);
}

static void test_read_proc(void)
{
    int fd = open("/proc/version", O_RDONLY);

    CHECK(fd >= 0);
    for (size_t i = 0; i < BAD_COUNT; i++)
        CHECK_EQ(sys_raw(SYS_read, fd, bad_pointers[i], 16), -EFAULT);
}

static void test_read_zero(void)
{
    int fd = open("/dev/zero", O_RDONLY);

    CHECK(fd >= 0);
    for (size_t i = 0; i < BAD_COUNT; i++)
        CHECK_EQ(sys_raw(SYS_read, fd, bad_pointers[i], 16), -EFAULT);
}

static void test_read_protected(void)
{
    int fd = file_open();
    char *none = mmap(0, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *fixed = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK_EQ(sys_raw(SYS_read, fd, none, 16), -EFAULT);
    CHECK_EQ(sys_raw(SYS_read, fd, fixed, 16), -EFAULT);
    CHECK_EQ(sys_raw(SYS_read, fd, (uintptr_t)test_read_protected & ~1u, 16), -EFAULT);
}

static void test_read_across_hole(void)
{
    int fd = file_open();
    char *page = page_before_hole();
    long got = sys_raw(SYS_read, fd, page + PAGE - 4, 16);

    CHECK(got == -EFAULT || got == 4);
    CHECK_EQ(sys_raw(SYS_read, fd, page + PAGE, 16), -EFAULT);
}

static void test_read_huge(void)
{
    static const unsigned long counts[] = {0x7fffffff, 0x80000000, 0xffffffff, 0xfffff000};
    char buf[256];

    for (size_t i = 0; i < TAP_COUNT(counts); i++) {
        int fd = file_open();
        long got = sys_raw(SYS_read, fd, buf, counts[i]);
        CHECK(got == -EFAULT || got == -EINVAL || (got > 0 && got < 256));
        close(fd);
    }
}

static void test_write(void)
{
    for (size_t i = 0; i < BAD_COUNT; i++)
        CHECK_EQ(sys_raw(SYS_write, 1, bad_pointers[i], 16), -EFAULT);
    CHECK_EQ(sys_raw(SYS_write, 1, page_before_hole() + PAGE, 1), -EFAULT);
    CHECK_EQ(sys_raw(SYS_write, 1, 0, 0), 0);
}

static void test_writev(void)
{
    struct {
        uintptr_t base;
        uint32_t len;
    } part = {0, 16};

    for (size_t i = 0; i < BAD_COUNT; i++) {
        CHECK_EQ(sys_raw(SYS_writev, 1, bad_pointers[i], 1), -EFAULT);
        part.base = bad_pointers[i];
        CHECK_EQ(sys_raw(SYS_writev, 1, &part, 1), -EFAULT);
    }
    CHECK_EQ(sys_raw(SYS_writev, 1, &part, -1), -EINVAL);
    CHECK_EQ(sys_raw(SYS_writev, 1, &part, 1025), -EINVAL);
    CHECK_EQ(sys_raw(SYS_writev, 1, &part, 0), 0);
    part.len = 0x80000000;
    CHECK_EQ(sys_raw(SYS_writev, 1, &part, 1), -EINVAL);
}

static void test_paths(void)
{
    for (size_t i = 0; i < BAD_COUNT; i++) {
        uintptr_t bad = bad_pointers[i];
        char buf[128];
        CHECK_EQ(sys_raw(SYS_openat, LINUX_AT_FDCWD, bad, 0, 0), -EFAULT);
        CHECK_EQ(sys_raw(SYS_stat64, bad, buf), -EFAULT);
        CHECK_EQ(sys_raw(SYS_chdir, bad), -EFAULT);
        CHECK_EQ(sys_raw(SYS_execve, bad, 0, 0), -EFAULT);
    }
    CHECK_EQ(sys_raw(SYS_openat, LINUX_AT_FDCWD, 0, 0, 0), -EFAULT);
}

static void test_path_end(void)
{
    char *page = page_before_hole();
    char long_path[5000];

    memset(page, 'a', PAGE);
    CHECK_EQ(sys_raw(SYS_openat, LINUX_AT_FDCWD, page + PAGE - 8, 0, 0), -EFAULT);
    strcpy(page + PAGE - sizeof FILE_PATH, FILE_PATH);
    CHECK(sys_raw(SYS_openat, LINUX_AT_FDCWD, page + PAGE - sizeof FILE_PATH, 0, 0) >= 0);
    memset(long_path, '/', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    CHECK_EQ(sys_raw(SYS_openat, LINUX_AT_FDCWD, long_path, 0, 0), -LINUX_ENAMETOOLONG);
}

static void test_exec_vectors(void)
{
    char *page = page_before_hole();
    char *argv[] = {"/bin/true", NULL};
    char **last = (char **)(page + PAGE) - 1;

    *last = "x";
    CHECK_EQ(sys_raw(SYS_execve, argv[0], last, 0), -EFAULT);
    CHECK_EQ(sys_raw(SYS_execve, argv[0], argv, last), -EFAULT);
    for (size_t i = 0; i < BAD_COUNT; i++) {
        char *bad[] = {(char *)bad_pointers[i], NULL};
        CHECK_EQ(sys_raw(SYS_execve, argv[0], bad_pointers[i], 0), -EFAULT);
        CHECK_EQ(sys_raw(SYS_execve, argv[0], argv, bad_pointers[i]), -EFAULT);
        CHECK_EQ(sys_raw(SYS_execve, argv[0], bad, 0), -EFAULT);
    }
}

static void test_results(void)
{
    int fd = file_open(), dir = open("/", O_RDONLY | O_DIRECTORY);

    CHECK(dir >= 0);
    for (size_t i = 0; i < BAD_COUNT; i++) {
        uintptr_t bad = bad_pointers[i];
        CHECK_EQ(sys_raw(SYS_fstat64, fd, bad), -EFAULT);
        CHECK_EQ(sys_raw(SYS_stat64, FILE_PATH, bad), -EFAULT);
        CHECK_EQ(sys_raw(SYS_getdents64, dir, bad, 512), -EFAULT);
        CHECK_EQ(sys_raw(SYS_getcwd, bad, 64), -EFAULT);
        CHECK_EQ(sys_raw(SYS_uname, bad), -EFAULT);
        CHECK_EQ(sys_raw(SYS_clock_gettime, 1, bad), -EFAULT);
        CHECK_EQ(sys_raw(SYS_nanosleep, bad, 0), -EFAULT);
        CHECK_EQ(sys_raw(SYS_getrandom, bad, 16, 0), -EFAULT);
        CHECK_EQ(sys_raw(SYS_llseek, fd, 0, 0, bad, SEEK_SET), -EFAULT);
    }
}

static void test_wait_status(void)
{
    for (size_t i = 0; i < BAD_COUNT; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        CHECK_EQ(sys_raw(SYS_wait4, pid, bad_pointers[i], 0, 0), -EFAULT);
        sys_raw(SYS_wait4, pid, 0, 0, 0);
    }
}

static void test_ioctl(void)
{
    struct termios settings;
    int fd = open("/dev/console", O_RDWR);

    if (fd < 0 || tcgetattr(fd, &settings) < 0)
        tap_skip("no console");
    for (size_t i = 0; i < BAD_COUNT; i++)
        CHECK_EQ(sys_raw(SYS_ioctl, fd, 0x5401, bad_pointers[i]), -EFAULT);
}

/* A pointer that is good for the first field of a structure only. */
static void test_across_end(void)
{
    char *page = page_before_hole();
    int fd = file_open();

    CHECK_EQ(sys_raw(SYS_fstat64, fd, page + PAGE - 8), -EFAULT);
    CHECK_EQ(sys_raw(SYS_uname, page + PAGE - 65), -EFAULT);
    CHECK_EQ(sys_raw(SYS_clock_gettime, 1, page + PAGE - 4), -EFAULT);
    CHECK_EQ(sys_raw(SYS_nanosleep, page + PAGE - 4, 0), -EFAULT);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"read to bad pointers", test_read},
        {"read of /proc to bad pointers", test_read_proc},
        {"read of /dev/zero to bad pointers", test_read_zero},
        {"read to protected pages", test_read_protected},
        {"read across a hole", test_read_across_hole},
        {"read of absurd lengths", test_read_huge},
        {"write from bad pointers", test_write},
        {"writev", test_writev},
        {"paths at bad pointers", test_paths},
        {"paths without an end", test_path_end},
        {"execve's vectors", test_exec_vectors},
        {"results to bad pointers", test_results},
        {"wait4's status", test_wait_status},
        {"ioctl", test_ioctl},
        {"structures that run off a page", test_across_end},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
