/* SPDX-License-Identifier: MIT
 *
 * Theme data: contents of files. Reading and writing in all ways, holes, truncation, fallocate,
 * seeking and sendfile, and what is left of a call that only partly works.
 */
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "compare.h"

#define KEEP_SIZE 1
#define PUNCH     2
#define COLLAPSE  8
#define ZERO      16
#define INSERT    32

static char buffer[3 * PAGE];

static void plain(void)
{
    int fd = open("a", O_RDWR | O_CREAT | O_TRUNC, 0600);
    int only_read = open("a", O_RDONLY), only_write = open("a", O_WRONLY);

    about("read and write");
    memset(buffer, 'x', sizeof(buffer));
    CALL(read(fd, buffer, 10));
    CALL(write(fd, buffer, 5000));
    CALL(read(fd, buffer, 10));
    CALL(lseek(fd, 4999, SEEK_SET));
    CALL(read(fd, buffer, 10));
    CALL(write(only_read, buffer, 1));
    CALL(read(only_write, buffer, 1));
    CALL(write(only_read, buffer, 0));
    CALL(read(fd, (void *)1, 10));
    CALL(lseek(fd, 0, SEEK_SET));
    CALL(read(fd, (void *)1, 10));
    CALL(write(fd, (void *)1, 10));
    CALL(write(fd, (void *)1, 0));
    CALL(read(fd, buffer, (size_t)-1));
    CALL(write(77, buffer, 1));
    CALL(read(open(".", O_RDONLY), buffer, 1));
    show_fd(fd);
    fresh(0, 1);
    memset(AT(0), 'y', PAGE);
    /* A write() of which Linux can read only a part never ends on 32-bit ARM: not asked. */
    CALL(lseek(fd, 0, SEEK_SET));
    CALL(read(fd, AT(0) + PAGE - 100, 200));
    CALL(lseek(fd, 0, SEEK_CUR));
    show_fd(fd);
    for (int i = fd; i < 10; i++)
        close(i);
}

static void seeking(void)
{
    int fd = open("s", O_RDWR | O_CREAT | O_TRUNC, 0600);

    about("lseek");
    CALL(ftruncate(fd, 10 * PAGE));
    CALL(pwrite(fd, "x", 1, 3 * PAGE + 5));
    CALL(pwrite(fd, "x", 1, 7 * PAGE));
    CALL(lseek(fd, -1, SEEK_SET));
    CALL(lseek(fd, -1, SEEK_END));
    CALL(lseek(fd, -1, SEEK_CUR));
    CALL(lseek(fd, 0, 9));
    CALL(lseek(77, 0, SEEK_SET));
    CALL(lseek(fd, 0, SEEK_DATA));
    CALL(lseek(fd, 3 * PAGE + 100, SEEK_DATA));
    CALL(lseek(fd, 4 * PAGE, SEEK_DATA));
    CALL(lseek(fd, 8 * PAGE, SEEK_DATA));
    CALL(lseek(fd, 10 * PAGE, SEEK_DATA));
    CALL(lseek(fd, 0, SEEK_HOLE));
    CALL(lseek(fd, 3 * PAGE + 7, SEEK_HOLE));
    CALL(lseek(fd, 7 * PAGE, SEEK_HOLE));
    CALL(lseek(fd, 9 * PAGE, SEEK_HOLE));
    CALL(lseek(fd, 10 * PAGE, SEEK_HOLE));
    CALL(lseek(fd, -1, SEEK_DATA));
    show_fd(fd);
    CALL(pread(fd, buffer, 2 * PAGE, 4 * PAGE));
    SHOW(buffer[0] == 0 && buffer[2 * PAGE - 1] == 0);
    show_fd(fd);
    close(fd);
}

static void positioned(void)
{
    int fd = open("p", O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct iovec v[3] = {{"ab", 2}, {"", 0}, {"cde", 3}}, in[2] = {{buffer, 2}, {buffer + 100, 9}};
    struct iovec bad[2] = {{"zz", 2}, {(void *)1, 4}},
                 huge[2] = {{buffer, 0x7fffffff}, {buffer, 9}};
    struct iovec minus[1] = {{buffer, (size_t)-1}};

    about("pread, pwrite, readv, writev");
    CALL(pwrite(fd, "hello", 5, 3));
    CALL(pread(fd, buffer, 100, 0));
    CALL(pread(fd, buffer, 100, 8));
    CALL(pread(fd, buffer, 100, -1));
    CALL(pwrite(fd, buffer, 100, -1));
    CALL(pread(77, buffer, 100, 0));
    CALL(pwrite(fd, "x", 1, 0x7fffffffffffffffll));
    CALL(pread(fd, buffer, 1, 0x7fffffffffffffffll));
    CALL(writev(fd, v, 3));
    CALL(lseek(fd, 0, SEEK_CUR));
    CALL(lseek(fd, 1, SEEK_SET));
    CALL(readv(fd, in, 2));
    SHOW(buffer[0] == 'b' && buffer[1] == 'c' && buffer[100] == 'd');
    CALL(writev(fd, v, 0));
    CALL(writev(fd, v, -1));
    CALL(writev(fd, v, 1025));
    CALL(writev(fd, (void *)1, 1));
    CALL(writev(fd, bad, 2));
    CALL(writev(fd, minus, 1));
    CALL(readv(fd, huge, 2));
    CALL(preadv(fd, in, 2, 2));
    CALL(preadv(fd, in, 2, -1));
    CALL(pwritev(fd, v, 3, 20));
    CALL(pwritev(77, v, 3, 20));
    CALL(writev(77, v, 3));
    show_fd(fd);
    CALL(fcntl(fd, F_SETFL, O_APPEND));
    CALL(pwrite(fd, "tail", 4, 0));
    CALL(lseek(fd, 0, SEEK_SET));
    CALL(write(fd, "end", 3));
    CALL(lseek(fd, 0, SEEK_CUR));
    show_fd(fd);
    close(fd);
}

static void cutting(void)
{
    int fd = open("t", O_RDWR | O_CREAT | O_TRUNC, 0600), read_only;

    about("truncate");
    memset(buffer, 'q', sizeof(buffer));
    CALL(write(fd, buffer, 2 * PAGE));
    CALL(ftruncate(fd, 100));
    show_fd(fd);
    CALL(ftruncate(fd, 2 * PAGE));
    show_fd(fd);
    CALL(ftruncate(fd, -1));
    CALL(truncate("t", -1));
    CALL(truncate("none", 1));
    CALL(truncate(".", 1));
    CALL(truncate("t/x", 1));
    CALL(truncate("t", 0x100000000ll));
    show_fd(fd);
    CALL(truncate("t", 5));
    show_fd(fd);
    read_only = open("t", O_RDONLY);
    CALL(ftruncate(read_only, 1));
    CALL(ftruncate(77, 1));
    CALL(ftruncate(open(".", O_RDONLY), 1));
    CALL(syscall(SYS_ftruncate, fd, 7));
    show_fd(fd);
    CALL(close(open("t", O_RDWR | O_TRUNC)));
    show_fd(fd);
    for (int i = fd; i < 10; i++)
        close(i);
}

static void allocating(void)
{
    int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);

    about("fallocate");
    CALL(fallocate(fd, 0, 0, 2 * PAGE));
    show_fd(fd);
    CALL(fallocate(fd, KEEP_SIZE, 2 * PAGE, 2 * PAGE));
    show_fd(fd);
    CALL(fallocate(fd, 0, -1, 1));
    CALL(fallocate(fd, 0, 0, 0));
    CALL(fallocate(fd, 0, 0, -1));
    CALL(fallocate(fd, PUNCH, 0, PAGE));
    CALL(fallocate(fd, 64, 0, PAGE));
    CALL(fallocate(fd, COLLAPSE, 0, PAGE));
    CALL(fallocate(fd, ZERO, 0, PAGE));
    CALL(fallocate(fd, INSERT, 0, PAGE));
    CALL(fallocate(fd, 0, 0x7fffffffffffff00ll, 0x1000));
    CALL(fallocate(77, 0, 0, 1));
    CALL(fallocate(open("f", O_RDONLY), 0, 0, 1));
    CALL(fallocate(open(".", O_RDONLY), 0, 0, 1));
    memset(buffer, 'w', sizeof(buffer));
    CALL(pwrite(fd, buffer, 3 * PAGE, 0));
    CALL(fallocate(fd, PUNCH | KEEP_SIZE, 100, 2 * PAGE));
    show_fd(fd);
    CALL(fallocate(fd, PUNCH | KEEP_SIZE, 100, 200));
    show_fd(fd);
    CALL(fallocate(fd, PUNCH | KEEP_SIZE, 100 * PAGE, PAGE));
    show_fd(fd);
    for (int i = fd; i < 10; i++)
        close(i);
}

static void sending(void)
{
    int from = open("p", O_RDONLY), to = open("o", O_RDWR | O_CREAT | O_TRUNC, 0600);
    off64_t at = 2, far = 1000, minus = -1;

    about("sendfile");
    CALL(sendfile64(to, from, NULL, 5));
    CALL(lseek(from, 0, SEEK_CUR));
    CALL(sendfile64(to, from, &at, 5));
    SHOW(at);
    CALL(lseek(from, 0, SEEK_CUR));
    CALL(sendfile64(to, from, &far, 5));
    CALL(sendfile64(to, from, &minus, 5));
    CALL(sendfile64(to, from, (void *)1, 5));
    CALL(sendfile64(from, to, NULL, 5));
    CALL(sendfile64(to, 77, NULL, 5));
    CALL(sendfile64(77, from, NULL, 5));
    CALL(sendfile64(to, from, NULL, 0));
    CALL(sendfile64(to, from, NULL, 1000));
    CALL(fcntl(to, F_SETFL, O_APPEND));
    CALL(sendfile64(to, from, NULL, 5));
    CALL(sendfile64(to, open(".", O_RDONLY), NULL, 5));
    show_fd(to);
    for (int i = from; i < 10; i++)
        close(i);
}

static void syncing(void)
{
    int fd = open("p", O_RDWR);

    about("fsync and flock");
    CALL(fsync(fd));
    CALL(fdatasync(77));
    CALL(fsync(77));
    CALL(fsync(open(".", O_RDONLY)));
    CALL(syscall(SYS_arm_fadvise64_64, fd, 0, 0, 0, 0, 0));
    CALL(syscall(SYS_arm_fadvise64_64, fd, 99, 0, 0, 0, 0));
    CALL(syscall(SYS_arm_fadvise64_64, 77, 0, 0, 0, 0, 0));
    CALL(syscall(SYS_readahead, fd, 0, 0, 0, 1));
    CALL(syscall(SYS_readahead, 77, 0, 0, 0, 1));
    for (int i = fd; i < 10; i++)
        close(i);
}

void theme_data(void)
{
    plain();
    seeking();
    positioned();
    cutting();
    allocating();
    sending();
    syncing();
}
