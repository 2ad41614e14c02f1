/* SPDX-License-Identifier: MIT
 *
 * Files of the initrd, directories, /dev and /proc: open, read, seek, dup, fstat, getdents64,
 * chdir, getcwd, and what each says to descriptors and arguments that are wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dirent.h>

#include "quire.h"
#include "tap.h"

static const int bad_fds[] = {-1, 99, 1023, 0x7fffffff, (int)0x80000000};

static void test_bad_descriptors(void)
{
    char buf[128];

    for (size_t i = 0; i < TAP_COUNT(bad_fds); i++) {
        int fd = bad_fds[i];
        CHECK_EQ(sys_raw(SYS_read, fd, buf, 1), -EBADF);
        CHECK_EQ(sys_raw(SYS_write, fd, buf, 1), -EBADF);
        CHECK_EQ(sys_raw(SYS_close, fd), -EBADF);
        CHECK_EQ(sys_raw(SYS_lseek, fd, 0, 0), -EBADF);
        CHECK_EQ(sys_raw(SYS_fstat64, fd, buf), -EBADF);
        CHECK_EQ(sys_raw(SYS_getdents64, fd, buf, sizeof buf), -EBADF);
        CHECK_EQ(sys_raw(SYS_dup, fd), -EBADF);
        CHECK_EQ(sys_raw(SYS_dup2, fd, 5), -EBADF);
        CHECK_EQ(sys_raw(SYS_ioctl, fd, 0x5401, buf), -EBADF);
    }
    CHECK_EQ(sys_raw(SYS_dup2, 1, -1), -EBADF);
    CHECK_EQ(sys_raw(SYS_dup2, 1, 0x7fffffff), -EBADF);
}

static void test_closed(void)
{
    char c;
    int fd = open("/etc/motd", O_RDONLY);

    CHECK(fd >= 0);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(sys_raw(SYS_close, fd), -EBADF);
    CHECK_EQ(sys_raw(SYS_read, fd, &c, 1), -EBADF);
    CHECK_EQ(open("/etc/motd", O_RDONLY), fd);
}

static void test_seek(void)
{
    struct stat st;
    char a, b;
    int fd = open("/bin/sh", O_RDONLY);

    CHECK(fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 8192);
    CHECK_EQ(lseek(fd, 0, SEEK_END), st.st_size);
    CHECK_EQ(read(fd, &a, 1), 0);
    CHECK_EQ(lseek(fd, -1, SEEK_END), st.st_size - 1);
    CHECK_EQ(read(fd, &a, 1), 1);
    CHECK_EQ(lseek(fd, 1, SEEK_SET), 1);
    CHECK_EQ(read(fd, &b, 1), 1);
    CHECK_EQ(b, 'E');
    CHECK_EQ(lseek(fd, 2, SEEK_CUR), 4);
    CHECK_EQ(lseek(fd, st.st_size + 5000, SEEK_SET), st.st_size + 5000);
    CHECK_EQ(read(fd, &a, 1), 0);
    CHECK_EQ(sys_raw(SYS_lseek, fd, -1, SEEK_SET), -EINVAL);
    CHECK_EQ(sys_raw(SYS_lseek, fd, 0, 9), -EINVAL);
}

static void test_read_pieces(void)
{
    size_t len;
    char *whole = file_read_all("/bin/sh", &len);
    int fd = open("/bin/sh", O_RDONLY);
    char piece[777];
    size_t at = 0;
    ssize_t got;

    CHECK(whole && fd >= 0);
    while ((got = read(fd, piece, sizeof piece)) > 0) {
        CHECK(at + (size_t)got <= len && memcmp(whole + at, piece, (size_t)got) == 0);
        at += (size_t)got;
    }
    CHECK_EQ(got, 0);
    CHECK_EQ(at, len);
    CHECK_EQ(read(fd, piece, 0), 0);
}

static void test_dup_shares_offset(void)
{
    char a;
    int fd = open("/bin/sh", O_RDONLY), copy = dup(fd);

    CHECK(copy > fd);
    CHECK_EQ(lseek(fd, 100, SEEK_SET), 100);
    CHECK_EQ(lseek(copy, 0, SEEK_CUR), 100);
    CHECK_EQ(dup2(fd, 20), 20);
    close(fd);
    CHECK_EQ(read(20, &a, 1), 1);
    CHECK_EQ(lseek(copy, 0, SEEK_CUR), 101);
    CHECK_EQ(dup2(copy, copy), copy);
}

static void test_open_errors(void)
{
    CHECK_EQ(sys_raw(SYS_openat, LINUX_AT_FDCWD, "/nosuch", 0, 0), -ENOENT);
    CHECK_EQ(sys_raw(SYS_openat, LINUX_AT_FDCWD, "", 0, 0), -ENOENT);
    CHECK_EQ(sys_raw(SYS_openat, LINUX_AT_FDCWD, "/etc/motd/x", 0, 0), -ENOTDIR);
    CHECK_EQ(sys_raw(SYS_openat, LINUX_AT_FDCWD, "/etc/motd", LINUX_O_DIRECTORY, 0), -ENOTDIR);
    CHECK_EQ(sys_raw(SYS_openat, LINUX_AT_FDCWD, "/etc", O_WRONLY, 0), -EISDIR);
    CHECK_EQ(sys_raw(SYS_openat, 99, "motd", 0, 0), -EBADF);
    CHECK_EQ(sys_raw(SYS_chdir, "/nosuch"), -ENOENT);
    CHECK_EQ(sys_raw(SYS_chdir, "/etc/motd"), -ENOTDIR);
}

static void test_write_not_open(void)
{
    int fd = open("/etc/motd", O_RDONLY);

    CHECK_EQ(sys_raw(SYS_write, fd, "x", 1), -EBADF);
    CHECK_EQ(sys_raw(SYS_read, open("/etc", O_RDONLY), &fd, 4), -EISDIR);
}

static void test_openat_relative(void)
{
    struct stat st;
    int dir = open("/etc", O_RDONLY | O_DIRECTORY);

    CHECK(dir >= 0);
    CHECK(sys_raw(SYS_openat, dir, "motd", 0, 0) >= 0);
    CHECK(sys_raw(SYS_openat, dir, "../etc/./motd", 0, 0) >= 0);
    CHECK_EQ(chdir("/etc"), 0);
    CHECK_EQ(stat("motd", &st), 0);
    CHECK(S_ISREG(st.st_mode));
}

static void test_cwd(void)
{
    char path[64];

    CHECK_EQ(chdir("/"), 0);
    CHECK_EQ(chdir("bin/../etc"), 0);
    CHECK(getcwd(path, sizeof path) && strcmp(path, "/etc") == 0);
    CHECK_EQ(sys_raw(SYS_getcwd, path, 2), -ERANGE);
    CHECK_EQ(chdir(".."), 0);
    CHECK_EQ(chdir(".."), 0);
    CHECK(getcwd(path, sizeof path) && strcmp(path, "/") == 0);
}

/* glibc's getcwd asserts that it isn't ERANGE where there is room for any path. */
static void test_cwd_too_long(void)
{
    static char path[4096];
    const int levels = 17;
    char name[256];

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CHECK_EQ(chdir("/tmp"), 0);
    for (int i = 0; i < levels; i++) {
        CHECK_EQ(mkdir(name, 0700), 0);
        CHECK_EQ(chdir(name), 0);
    }
    CHECK_EQ(sys_raw(SYS_getcwd, path, sizeof path), -LINUX_ENAMETOOLONG);
    CHECK_EQ(sys_raw(SYS_getcwd, path, 5), -LINUX_ENAMETOOLONG);
    for (int i = 0; i < levels; i++) {
        CHECK_EQ(chdir(".."), 0);
        CHECK_EQ(rmdir(name), 0);
    }
    CHECK_EQ(sys_raw(SYS_getcwd, path, sizeof path), 5);
    CHECK_EQ(chdir("/"), 0);
}

static void test_directories(void)
{
    bool tests = false, bin = false, dot = false;
    struct dirent *entry;
    DIR *dir = opendir("/");

    CHECK(dir != NULL);
    while ((entry = readdir(dir))) {
        tests |= strcmp(entry->d_name, "tests") == 0;
        bin |= strcmp(entry->d_name, "bin") == 0;
        dot |= strcmp(entry->d_name, ".") == 0;
        CHECK(entry->d_reclen % 8 == 0);
    }
    closedir(dir);
    CHECK(tests && bin && dot);
    int fd = open("/", O_RDONLY);
    char small[8];
    CHECK_EQ(sys_raw(SYS_getdents64, fd, small, sizeof small), -EINVAL);
    CHECK_EQ(sys_raw(SYS_getdents64, open("/etc/motd", O_RDONLY), small, 8), -ENOTDIR);
}

/* A small buffer has to give the same names as a large one, each once. */
static void test_directory_pieces(void)
{
    static char large[8192], small[64];
    int fd = open("/bin", O_RDONLY), again = open("/bin", O_RDONLY);
    long bytes = sys_raw(SYS_getdents64, fd, large, sizeof large), at = 0, got;

    CHECK(bytes > 0);
    while ((got = sys_raw(SYS_getdents64, again, small, sizeof small)) > 0)
        for (long i = 0; i < got; i += ((struct dirent *)(small + i))->d_reclen) {
            struct dirent *a = (struct dirent *)(large + at), *b = (struct dirent *)(small + i);
            CHECK(at < bytes && strcmp(a->d_name, b->d_name) == 0);
            at += a->d_reclen;
        }
    CHECK_EQ(got, 0);
    CHECK_EQ(at, bytes);
}

static void test_devices(void)
{
    char buf[64];
    int zero = open("/dev/zero", O_RDWR), null = open("/dev/null", O_RDWR);

    CHECK(zero >= 0 && null >= 0);
    memset(buf, 1, sizeof buf);
    CHECK_EQ(read(zero, buf, sizeof buf), sizeof buf);
    for (size_t i = 0; i < sizeof buf; i++)
        CHECK_EQ(buf[i], 0);
    CHECK_EQ(read(null, buf, sizeof buf), 0);
    CHECK_EQ(write(null, buf, sizeof buf), sizeof buf);
}

static void test_proc_files(void)
{
    static const char *const paths[] = {
        "/proc/self/stat",    "/proc/self/status", "/proc/self/maps",
        "/proc/self/cmdline", "/proc/meminfo",     "/proc/uptime",
        "/proc/version",      "/proc/cmdline",     "/proc/vmstat"};
    static const char *const own[] = {"/proc/coremap", "/proc/kmsg", "/proc/slabinfo",
                                      "/proc/self/pmap", "/proc/self/pt"};
    size_t len;

    for (size_t i = 0; i < TAP_COUNT(paths); i++)
        CHECK(file_read_all(paths[i], &len) && len > 0);
    for (size_t i = 0; tap_on_quire() && i < TAP_COUNT(own); i++)
        CHECK(file_read_all(own[i], &len) && len > 0);
    CHECK(!file_read_all("/proc/99999999/stat", &len) && errno == ENOENT);
}

static void test_descriptors_run_out(void)
{
    int fd, last = -1, count = 0;

    while ((fd = (int)sys_raw(SYS_openat, LINUX_AT_FDCWD, "/etc/motd", 0, 0)) >= 0) {
        last = fd;
        if (++count > 100000)
            tap_skip("no limit found");
    }
    CHECK_EQ(fd, -EMFILE);
    CHECK_EQ(sys_raw(SYS_dup, last), -EMFILE);
    CHECK_EQ(close(last), 0);
    CHECK_EQ(dup(0), last);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"bad descriptors", test_bad_descriptors},
        {"closed descriptors", test_closed},
        {"lseek", test_seek},
        {"a file in pieces", test_read_pieces},
        {"dup shares the offset", test_dup_shares_offset},
        {"errors of open", test_open_errors},
        {"writing what is open for reading", test_write_not_open},
        {"openat relative to a directory", test_openat_relative},
        {"chdir and getcwd", test_cwd},
        {"a working directory without a path", test_cwd_too_long},
        {"getdents64", test_directories},
        {"getdents64 in pieces", test_directory_pieces},
        {"/dev/null and /dev/zero", test_devices},
        {"files of /proc", test_proc_files},
        {"descriptors run out", test_descriptors_run_out},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
