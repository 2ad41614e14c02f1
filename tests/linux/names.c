/* SPDX-License-Identifier: MIT
 *
 * Themes names and times: directories, links, renaming, and when files say that they were touched.
 */
#include <stdio.h>

#include <sys/sendfile.h>

#include "compare.h"

struct entry {
    uint64_t ino;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
};

static int make(const char *path, const char *text)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

    if (fd >= 0) {
        if (write(fd, text, strlen(text)) < 0)
            say("make: %s", error_name(errno));
        close(fd);
    }
    return fd < 0 ? -1 : 0;
}

/* Names in order, whatever order the kernel has. */
static void list(const char *path)
{
    char bytes[2048], *names[64], *hold;
    int fd = open(path, O_RDONLY | O_DIRECTORY), n = 0;
    long got = syscall(SYS_getdents64, fd, bytes, sizeof(bytes));

    for (long at = 0; at < got && n < 64;) {
        struct entry *e = (struct entry *)(bytes + at);

        names[n++] = e->name;
        at += e->size;
        ((char *)e)[18] = (char)e->type;
    }
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && strcmp(names[j], names[j - 1]) < 0; j--) {
            hold = names[j];
            names[j] = names[j - 1];
            names[j - 1] = hold;
        }
    say("%s has %d names", path, got < 0 ? -1 : n);
    for (int i = 0; i < n; i++)
        say("  %s type %d", names[i], *(names[i] - 1));
    close(fd);
}

static void directories(void)
{
    char bytes[64], name[300];
    int fd;

    about("directories");
    CALL(mkdir("d", 01777));
    show_file("d");
    CALL(mkdir("d", 0777));
    CALL(mkdir("d/", 0777));
    CALL(mkdir("e/", 0700));
    CALL(mkdir("none/x", 0700));
    CALL(mkdir(".", 0700));
    CALL(mkdir("", 0700));
    CALL(mkdirat(77, "x", 0700));
    memset(name, 'n', sizeof(name));
    name[255] = 0;
    CALL(mkdir(name, 0700));
    CALL(rmdir(name));
    name[255] = 'n';
    name[256] = 0;
    CALL(mkdir(name, 0700));
    CALL(mkdir("d/sub", 0755));
    show_file("d");
    CALL(rmdir("d"));
    CALL(rmdir("d/."));
    CALL(rmdir("d/sub/.."));
    CALL(rmdir("none"));
    make("f", "file");
    CALL(rmdir("f"));
    CALL(rmdir("f/x"));
    CALL(unlink("d/sub"));
    list("d");
    list(".");
    fd = open("d", O_RDONLY | O_DIRECTORY);
    CALL(syscall(SYS_getdents64, fd, bytes, 4));
    CALL(syscall(SYS_getdents64, fd, (void *)1, 1000));
    CALL(syscall(SYS_getdents64, 77, bytes, sizeof(bytes)));
    CALL(syscall(SYS_getdents64, open("f", O_RDONLY), bytes, sizeof(bytes)));
    CALL(mkdirat(fd, "at", 0700));
    CALL(unlinkat(fd, "at", 0));
    CALL(unlinkat(fd, "at", AT_REMOVEDIR));
    CALL(rmdir("d/sub"));
    CALL(rmdir("d"));
    CALL(syscall(SYS_getdents64, fd, name, 200));
    CALL(openat(fd, "x", O_CREAT | O_RDWR, 0600));
    CALL(fchdir(fd));
    CALL(syscall(SYS_getcwd, name, sizeof(name)));
    CALL(mkdir("y", 0700));
    CALL(chdir("/tmp/names"));
    CALL(chdir("f"));
    CALL(chdir("none"));
    CALL(fchdir(77));
    CALL(syscall(SYS_getcwd, name, 5));
    CALL(syscall(SYS_getcwd, name, 11));
    CALL(syscall(SYS_getcwd, (void *)1, 100));
    for (int i = 3; i < 10; i++)
        close(i);
}

static void links(void)
{
    char bytes[32];

    about("links");
    CALL(link("f", "g"));
    show_file("g");
    CALL(link("f", "g"));
    CALL(link("none", "h"));
    CALL(link("e", "h"));
    CALL(link("f", "none/h"));
    CALL(link("f", "h/"));
    CALL(linkat(AT_FDCWD, "f", AT_FDCWD, "h", 1));
    CALL(linkat(77, "f", AT_FDCWD, "h", 0));
    CALL(symlink("f", "l"));
    show_file("l");
    CALL(symlink("f", "l"));
    CALL(symlink("", "m"));
    CALL(symlink("none", "dangling"));
    CALL(symlink("loop2", "loop1"));
    CALL(symlink("loop1", "loop2"));
    CALL(readlink("l", bytes, sizeof(bytes)));
    CALL(readlink("dangling", bytes, 2));
    CALL(readlink("f", bytes, sizeof(bytes)));
    CALL(readlink("none", bytes, sizeof(bytes)));
    CALL(syscall(SYS_readlink, "l", bytes, 0));
    CALL(syscall(SYS_readlink, "l", (void *)1, 10));
    CALL(open("loop1", O_RDONLY));
    CALL(open("l", O_RDONLY | O_NOFOLLOW));
    CALL(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0600));
    CALL(close(open("dangling", O_RDWR | O_CREAT, 0600)));
    show_file("none");
    CALL(unlink("none"));
    CALL(link("l", "l2"));
    show_file("l2");
    CALL(linkat(AT_FDCWD, "l", AT_FDCWD, "l3", AT_SYMLINK_FOLLOW));
    show_file("l3");
    CALL(symlink("e", "to_e"));
    CALL(rmdir("to_e"));
    CALL(unlink("to_e/"));
    CALL(mkdir("to_e/in", 0700));
    CALL(chmod("l", 0600));
    show_file("f");
    CALL(lchown("l", 3, 4));
    show_file("l");
    CALL(mkdir("dangling", 0700));
    CALL(unlink("l"));
    CALL(unlink("l2"));
    list(".");
}

static void renaming(void)
{
    about("rename");
    make("one", "one");
    make("two", "two two");
    CALL(rename("one", "two"));
    show_file("two");
    CALL(rename("one", "x"));
    CALL(rename("two", "two"));
    CALL(rename("two", "e"));
    CALL(rename("e", "two"));
    CALL(rename("e", "e/in/deep"));
    CALL(rename("e/in", "e"));
    CALL(rename("e", "full/"));
    CALL(mkdir("empty", 0700));
    CALL(rename("full", "empty"));
    CALL(mkdir("again", 0700));
    CALL(rename("again", "empty"));
    CALL(rename(".", "x"));
    CALL(rename("again", "."));
    CALL(rename("two", "none/x"));
    CALL(rename("two", "x/"));
    CALL(rename("f", "g"));
    show_file("f");
    show_file("g");
    CALL(rename("", "x"));
    CALL(renameat(77, "f", AT_FDCWD, "x"));
    make("one", "1");
    CALL(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", 1));
    CALL(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", 2));
    show_file("one");
    show_file("two");
    CALL(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "none", 2));
    CALL(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", 3));
    CALL(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", 8));
    CALL(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "empty", 2));
    show_file("one");
    list(".");
}

void theme_names(void)
{
    directories();
    links();
    renaming();
}

/* The times. */

static struct stat before;

static void old_times(const char *path)
{
    struct timespec t[2] = {{1000, 5}, {2000, 6}};

    utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW);
    lstat(path, &before);
    pause_ms(20);
}

/* Which of the three became others. */
static void changed(const char *call, const char *path)
{
    struct stat s;

    if (lstat(path, &s)) {
        say("%s: %s: %s", call, path, error_name(errno));
        return;
    }
    say("%s: %s:%s%s%s", call, path,
        memcmp(&s.st_atim, &before.st_atim, sizeof(s.st_atim)) ? " accessed" : "",
        memcmp(&s.st_mtim, &before.st_mtim, sizeof(s.st_mtim)) ? " modified" : "",
        memcmp(&s.st_ctim, &before.st_ctim, sizeof(s.st_ctim)) ? " changed" : "");
}

#define TOUCHES(path, call)                                                                        \
    do {                                                                                           \
        old_times(path);                                                                           \
        errno = 0;                                                                                 \
        observe(#call, (long)(call));                                                              \
        changed(#call, path);                                                                      \
    } while (0)

static void show_times(const char *path)
{
    struct stat s;

    if (lstat(path, &s) == 0)
        say("%s: %lld.%09ld %lld.%09ld", path, (long long)s.st_atim.tv_sec, s.st_atim.tv_nsec,
            (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
}

static void setting(int fd)
{
    struct timespec plain[2] = {{100, 1}, {200, 2}}, bad[2] = {{0, 1000000000}, {0, 0}};
    struct timespec omit[2] = {{0, UTIME_OMIT}, {300, 3}},
                    none[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
    struct timespec early[2] = {{-5, 0}, {0, 0}}, now[2] = {{0, UTIME_NOW}, {7, 7}};

    about("utimensat");
    CALL(utimensat(AT_FDCWD, "a", plain, 0));
    show_times("a");
    CALL(utimensat(AT_FDCWD, "a", omit, 0));
    show_times("a");
    CALL(utimensat(AT_FDCWD, "a", none, 0));
    CALL(utimensat(AT_FDCWD, "missing", none, 0));
    CALL(utimensat(AT_FDCWD, "missing", plain, 0));
    CALL(utimensat(AT_FDCWD, "a", bad, 0));
    CALL(utimensat(AT_FDCWD, "a", early, 0));
    show_times("a");
    CALL(utimensat(AT_FDCWD, "l", plain, AT_SYMLINK_NOFOLLOW));
    show_times("l");
    CALL(utimensat(AT_FDCWD, "a", plain, 1));
    CALL(utimensat(77, "a", plain, 0));
    CALL(syscall(SYS_utimensat_time64, fd, NULL, NULL, 0));
    CALL(syscall(SYS_utimensat_time64, 77, NULL, NULL, 0));
    CALL(syscall(SYS_utimensat_time64, fd, NULL, NULL, AT_SYMLINK_NOFOLLOW));
    CALL(syscall(SYS_utimensat_time64, AT_FDCWD, "a", (void *)1, 0));
    CALL(syscall(SYS_utimensat, AT_FDCWD, "a", NULL, 0));
    TOUCHES("a", utimensat(AT_FDCWD, "a", now, 0));
    TOUCHES("a", utimensat(AT_FDCWD, "a", NULL, 0));
    TOUCHES("a", utimensat(AT_FDCWD, "a", none, 0));
}

void theme_times(void)
{
    int fd, to = open("to", O_RDWR | O_CREAT, 0644);
    char bytes[64];

    make("a", "hello");
    mkdir("d", 0755);
    symlink("a", "l");
    fd = open("a", O_RDWR);
    setting(fd);
    about("times");
    TOUCHES("a", read(fd, bytes, 1));
    TOUCHES("a", read(fd, bytes, 0));
    TOUCHES("a", write(fd, bytes, 1));
    TOUCHES("a", write(fd, bytes, 0));
    TOUCHES("a", ftruncate(fd, 5));
    TOUCHES("a", ftruncate(fd, 3));
    TOUCHES("a", truncate("a", 3));
    TOUCHES("a", fallocate(fd, 1, 0, 4096));
    TOUCHES("a", fallocate(fd, 3, 0, 4096));
    TOUCHES("a", fallocate(fd, 0, 0, 4096));
    TOUCHES("a", sendfile64(to, fd, NULL, 1));
    TOUCHES("to", sendfile64(to, fd, NULL, 1));
    TOUCHES("a", chmod("a", 0600));
    TOUCHES("a", chmod("a", 0600));
    TOUCHES("a", chown("a", 1, 1));
    TOUCHES("a", chown("a", -1, -1));
    TOUCHES("a", link("a", "b"));
    TOUCHES("a", rename("b", "c"));
    TOUCHES("a", rename("a", "c"));
    TOUCHES("a", unlink("c"));
    TOUCHES("l", readlink("l", bytes, sizeof(bytes)));
    TOUCHES("a", open("a", O_RDONLY));
    TOUCHES("a", open("a", O_WRONLY | O_TRUNC));
    TOUCHES("a", open("a", O_WRONLY | O_TRUNC));
    about("times of directories");
    TOUCHES("d", make("d/x", ""));
    TOUCHES("d", make("d/x", "old"));
    TOUCHES("d", rename("d/x", "d/y"));
    TOUCHES("d", link("a", "d/z"));
    TOUCHES("d", unlink("d/z"));
    TOUCHES("d", mkdir("d/sub", 0700));
    TOUCHES("d", rmdir("d/sub"));
    TOUCHES("d", mkdir("d/y", 0700));
    TOUCHES("d", symlink("a", "d/l"));
    TOUCHES("d", access("d/y", F_OK));
    TOUCHES("d", chdir("d"));
    TOUCHES("/tmp/times/d", syscall(SYS_getdents64, open(".", O_RDONLY), bytes, 64) > 0);
    TOUCHES("/tmp/times/d", rename("y", "/tmp/times/y"));
    TOUCHES("/tmp/times/y", rename("/tmp/times/y", "y"));
}
