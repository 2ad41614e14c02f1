/* SPDX-License-Identifier: MIT
 *
 * Theme files: making, opening, duplicating and removing files, permissions, and what tells about
 * them. Theme data is about their contents.
 */
#include <stdio.h>

#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "compare.h"

#define AT_EMPTY 0x1000

static void opening(void)
{
    about("open");
    CALL(open("a", O_RDONLY));
    CALL(open("a", O_RDWR | O_CREAT, 0640));
    show_file("a");
    CALL(open("a", O_RDWR | O_CREAT | O_EXCL, 0600));
    CALL(open("", O_RDONLY));
    CALL(open("a/", O_RDONLY));
    CALL(open("a/b", O_RDONLY));
    CALL(open("none/b", O_CREAT | O_RDWR, 0600));
    CALL(open(".", O_RDWR));
    CALL(open(".", O_RDONLY | O_CREAT, 0600));
    CALL(open("new/", O_RDWR | O_CREAT, 0600));
    CALL(open("a", O_RDONLY | O_DIRECTORY));
    CALL(close(open(".", O_RDONLY | O_DIRECTORY)));
    CALL(close(open("c", O_WRONLY | O_CREAT, 07777)));
    show_file("c");
    CALL(open((char *)1, O_RDONLY));
    CALL(openat(-1, "a", O_RDONLY));
    CALL(openat(3, "a", O_RDONLY));
    CALL(openat(-1, "/tmp/files/a", O_RDONLY));
    CALL(open("a", O_RDONLY | O_CLOEXEC));
    CALL(fcntl(5, F_GETFD));
    CALL(fcntl(4, F_GETFD));
    CALL(fcntl(5, F_GETFL) & ~O_LARGEFILE);
    CALL(close(5));
    CALL(close(5));
    CALL(close(-1));
    CALL(close(4));
    CALL(close(3));
}

static void descriptors(void)
{
    int fd = open("a", O_RDWR);

    about("dup and fcntl");
    CALL(dup(fd));
    CALL(dup(77));
    CALL(dup2(fd, 9));
    CALL(dup2(fd, fd));
    CALL(dup2(77, 9));
    CALL(dup2(77, 77));
    CALL(dup2(fd, -1));
    CALL(dup3(fd, fd, 0));
    CALL(dup3(fd, 10, O_CLOEXEC));
    CALL(fcntl(10, F_GETFD));
    CALL(dup3(fd, 10, 1));
    CALL(fcntl(fd, F_DUPFD, 20));
    CALL(fcntl(fd, F_DUPFD, -1));
    CALL(fcntl(fd, F_DUPFD, 1 << 30));
    CALL(fcntl(fd, F_DUPFD_CLOEXEC, 20));
    CALL(fcntl(21, F_GETFD));
    CALL(fcntl(21, F_SETFD, 0));
    CALL(fcntl(21, F_GETFD));
    CALL(fcntl(fd, F_SETFL, O_APPEND | O_RDONLY | O_CREAT));
    CALL(fcntl(9, F_GETFL) & ~O_LARGEFILE);
    CALL(fcntl(fd, F_SETFL, 0));
    CALL(fcntl(fd, F_GETFL) & ~O_LARGEFILE);
    CALL(fcntl(77, F_GETFL));
    CALL(fcntl(fd, 9999));
    for (int i = fd; i < 30; i++)
        close(i);
}

static void permissions(void)
{
    int fd = open("p", O_RDWR | O_CREAT, 0666);

    about("permissions");
    SHOW(umask(077));
    SHOW(umask(01777));
    SHOW(umask(022));
    CALL(chmod("p", 04755));
    show_file("p");
    CALL(write(fd, "x", 1));
    show_file("p");
    CALL(fchmod(fd, 0170644));
    show_file("p");
    CALL(chmod("none", 0600));
    CALL(fchmod(77, 0600));
    CALL(syscall(SYS_fchmodat, AT_FDCWD, "p", 0600));
    CALL(chmod("p", 06711));
    CALL(chown("p", 5, 6));
    show_file("p");
    CALL(chmod("p", 06711));
    CALL(fchown(fd, -1, 7));
    show_file("p");
    CALL(chown("p", -1, -1));
    CALL(lchown("none", 0, 0));
    CALL(fchownat(AT_FDCWD, "p", 0, 0, AT_SYMLINK_NOFOLLOW));
    CALL(fchownat(fd, "", 1, 1, AT_EMPTY));
    CALL(fchownat(fd, "", 1, 1, 0));
    CALL(fchownat(fd, "p", 1, 1, 0));
    CALL(fchownat(AT_FDCWD, "p", 0, 0, 1));
    show_file("p");
    CALL(chmod("p", 0));
    CALL(syscall(SYS_access, "p", R_OK | W_OK));
    CALL(syscall(SYS_access, "p", X_OK));
    CALL(chmod("p", 0010));
    CALL(syscall(SYS_access, "p", X_OK));
    CALL(syscall(SYS_access, "p", F_OK));
    CALL(syscall(SYS_access, "none", F_OK));
    CALL(syscall(SYS_access, "p", 8));
    CALL(syscall(SYS_faccessat, AT_FDCWD, "p", R_OK));
    CALL(syscall(SYS_faccessat, fd, "p", R_OK));
    CALL(syscall(SYS_faccessat2, AT_FDCWD, "p", R_OK, AT_EACCESS));
    CALL(syscall(SYS_faccessat2, AT_FDCWD, "p", R_OK, 1));
    CALL(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY));
    CALL(syscall(SYS_access, ".", X_OK));
    close(fd);
}

static void removing(void)
{
    int fd = open("u", O_RDWR | O_CREAT, 0600);

    about("unlink while open");
    CALL(write(fd, "hello", 5));
    CALL(unlink("u"));
    CALL(unlink("u"));
    show_fd(fd);
    CALL(write(fd, "again", 5));
    show_fd(fd);
    CALL(ftruncate(fd, 3));
    show_fd(fd);
    CALL(linkat(fd, "", AT_FDCWD, "back", AT_EMPTY));
    CALL(open("u", O_RDWR));
    CALL(unlink("."));
    CALL(unlink("none/x"));
    CALL(unlink("a/x"));
    CALL(unlink("a/"));
    CALL(unlinkat(AT_FDCWD, "c", 1));
    CALL(unlinkat(fd, "c", 0));
    CALL(unlinkat(AT_FDCWD, "c", 0));
    CALL(unlinkat(AT_FDCWD, "a", AT_REMOVEDIR));
    close(fd);
}

static void statfs_of(const char *path, size_t size)
{
    char bytes[96];
    long result = syscall(SYS_statfs64, path, size, bytes);

    say("statfs64(%s, %u) -> %s", path, (unsigned)size, result ? error_name(errno) : "0");
}

static void looking(void)
{
    struct statx x;
    struct statfs fs;
    struct stat s;
    int fd = open("s", O_RDWR | O_CREAT, 0600);

    about("stat");
    CALL(write(fd, "12345", 5));
    CALL(fstatat(AT_FDCWD, "none", &s, 0));
    CALL(syscall(SYS_fstatat64, AT_FDCWD, "s", &s, 1));
    CALL(syscall(SYS_fstatat64, AT_FDCWD, "", &s, 0));
    CALL(syscall(SYS_fstatat64, fd, "", &s, AT_EMPTY));
    CALL(syscall(SYS_fstatat64, fd, "s", &s, 0));
    CALL(syscall(SYS_fstatat64, 77, "s", &s, 0));
    CALL(syscall(SYS_fstatat64, AT_FDCWD, "s", (void *)1, 0));
    CALL(syscall(SYS_fstatat64, AT_FDCWD, "s/x", &s, 0));
    CALL(syscall(SYS_fstat64, 77, &s));
    CALL(syscall(SYS_statx, AT_FDCWD, "s", 0, STATX_BASIC_STATS, &x));
    SHOW((x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
    SHOW(x.stx_size);
    SHOW(x.stx_mode);
    SHOW(x.stx_nlink);
    SHOW(x.stx_blksize);
    SHOW(x.stx_blocks);
    CALL(syscall(SYS_statx, AT_FDCWD, "s", 0x6000, STATX_BASIC_STATS, &x));
    CALL(syscall(SYS_statx, AT_FDCWD, "s", 0, 1u << 31, &x));
    CALL(syscall(SYS_statx, AT_FDCWD, "none", 0, 0, &x));
    CALL(syscall(SYS_statx, fd, "", AT_EMPTY, 0, &x));
    CALL(syscall(SYS_statx, AT_FDCWD, "s", 0, 0, (void *)1));
    CALL(syscall(SYS_statx, AT_FDCWD, (char *)1, 0, 0, &x));
    statfs_of("s", 88);
    statfs_of("s", 84);
    statfs_of("s", 80);
    statfs_of("none", 88);
    CALL(fstatfs(fd, &fs));
    SHOW(fs.f_type);
    SHOW(fs.f_bsize);
    SHOW(fs.f_namelen);
    SHOW(fs.f_blocks > 0 && fs.f_bfree <= fs.f_blocks && fs.f_bavail <= fs.f_bfree);
    CALL(fstatfs(77, &fs));
    close(fd);
}

static void special(void)
{
    struct stat s;

    about("mknod");
    CALL(mknod("fifo", S_IFIFO | 0644, 0));
    CALL(mknod("sock", S_IFSOCK | 0644, 0));
    CALL(mknod("file", S_IFREG | 0644, 0));
    CALL(mknod("zero", 0644, 0));
    CALL(mknod("dir", S_IFDIR | 0644, 0));
    CALL(mknod("link", S_IFLNK | 0644, 0));
    CALL(mknod("file", S_IFREG | 0644, 0));
    CALL(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
    CALL(stat("null", &s));
    SHOW(s.st_rdev == makedev(1, 3));
    show_file("fifo");
    show_file("file");
    show_file("null");
    CALL(open("sock", O_RDWR));
}

void theme_files(void)
{
    opening();
    descriptors();
    permissions();
    removing();
    looking();
    special();
}
