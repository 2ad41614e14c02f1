/* SPDX-License-Identifier: MIT
 *
 * Theme rights: what a program that dropped root may do to files, directories and links, and what
 * becomes of owners, groups and modes.
 */
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "compare.h"

static void dropped(void)
{
    drop_to(1000, 1000);
}

/* Files. */

static void dir_of(const char *path, unsigned mode, uid_t uid, gid_t gid)
{
    mkdir(path, 0700);
    chown(path, uid, gid);
    chmod(path, mode);
}

/* As letters: what access and what open allow. */
static void show_rights(const char *path)
{
    char text[16] = "";
    static const int ways[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDONLY | O_TRUNC};

    strcat(text, access(path, R_OK) ? "-" : "r");
    strcat(text, access(path, W_OK) ? "-" : "w");
    strcat(text, access(path, X_OK) ? "-" : "x");
    strcat(text, " ");
    for (int i = 0; i < 4; i++) {
        int fd = open(path, ways[i]);

        strcat(text, fd < 0 ? "-" : i == 0 ? "r" : i == 1 ? "w" : i == 2 ? "b" : "t");
        close(fd);
    }
    say("%s: %s", path, text);
}

static void rights_of_all(void)
{
    char path[32];

    for (unsigned mode = 0; mode < 0777; mode += 0111 / 2 + 7) {
        snprintf(path, sizeof(path), "m/%03o.1000.0", mode & 0777);
        show_rights(path);
        snprintf(path, sizeof(path), "m/%03o.0.2000", mode & 0777);
        show_rights(path);
        snprintf(path, sizeof(path), "m/%03o.0.0", mode & 0777);
        show_rights(path);
    }
}

static void rights_of_user(void)
{
    dropped();
    rights_of_all();
}

static void rights(void)
{
    char path[32];

    dir_of("m", 0755, 0, 0);
    for (unsigned mode = 0; mode < 0777; mode += 0111 / 2 + 7) {
        snprintf(path, sizeof(path), "m/%03o.1000.0", mode & 0777);
        file_owned(path, mode & 0777, 1000, 0);
        snprintf(path, sizeof(path), "m/%03o.0.2000", mode & 0777);
        file_owned(path, mode & 0777, 0, 2000);
        snprintf(path, sizeof(path), "m/%03o.0.0", mode & 0777);
        file_owned(path, mode & 0777, 0, 0);
    }
    IN_CHILD(rights_of_user);
    IN_CHILD(rights_of_all);
}

static void walking(void)
{
    dropped();
    CALL(open("closed/in", O_RDONLY));
    CALL(open("closed/none", O_RDONLY));
    CALL(open("closed/none", O_RDONLY | O_CREAT, 0600));
    CALL(access("closed", F_OK));
    CALL(access("closed", R_OK));
    CALL(access("closed/.", F_OK));
    CALL(access("closed/..", F_OK));
    CALL(chdir("closed"));
    CALL(open("closed", O_RDONLY));
    CALL(open("hidden/in", O_RDONLY) >= 0);
    CALL(open("hidden", O_RDONLY));
    CALL(open("listed", O_RDONLY) >= 0);
    CALL(open("listed/in", O_RDONLY));
    CALL(chdir("hidden"));
    CALL(open("in", O_RDONLY) >= 0);
    CALL(chdir("/tmp/rights"));
    CALL(open("plain/x", O_RDONLY));
    CALL(open("to_closed", O_RDONLY));
    CALL(readlink("to_closed", (char[32]){0}, 32));
    CALL(open("secret", O_RDONLY | O_CREAT, 0600));
    CALL(open("secret", O_RDONLY | O_CREAT | O_EXCL, 0600));
    CALL(open("secret", O_RDONLY | O_DIRECTORY));
    CALL(open("closed", O_WRONLY));
    CALL(truncate("secret", 0));
    CALL(truncate("readable", 0));
    CALL(truncate("closed", 0));
    CALL(truncate("mine", 0));
    CALL(execl("readable", "x", NULL));
    CALL(execl("closed", "x", NULL));
    CALL(execl("closed/in", "x", NULL));
}

static void making(void)
{
    struct stat s;

    dropped();
    umask(0);
    CALL(mkdir("new", 0777));
    CALL(mkdir("plain", 0777));
    CALL(open("new", O_RDWR | O_CREAT, 0777));
    CALL(symlink("x", "new"));
    CALL(mkfifo("new", 0777));
    CALL(link("mine", "new"));
    CALL(mkdir("open/d", 02777));
    show_file("open/d");
    CALL(close(open("open/f", O_RDWR | O_CREAT, 06777)));
    show_file("open/f");
    CALL(open("open/none", O_RDWR | O_CREAT, 0) >= 0);
    CALL(open("open/none", O_RDWR));
    CALL(symlink("x", "open/l"));
    show_file("open/l");
    CALL(mkfifo("open/p", 0600));
    CALL(mknod("open/c", S_IFCHR | 0666, makedev(1, 3)));
    CALL(mknod("open/b", S_IFBLK | 0666, makedev(1, 3)));
    CALL(mknod("open/b0", S_IFBLK | 0666, 0));
    CALL(mknod("open/c0", S_IFCHR | 0666, 0));
    CALL(mknod("new", S_IFCHR | 0666, makedev(1, 3)));
    CALL(mknod("open/r", S_IFREG | 0666, 0));
    CALL(mkdir("team/d", 0777));
    show_file("team/d");
    CALL(close(open("team/f", O_RDWR | O_CREAT, 02777)));
    show_file("team/f");
    CALL(close(open("team/g", O_RDWR | O_CREAT, 02767)));
    show_file("team/g");
    CALL(open("/tmp/rights", O_TMPFILE | O_RDWR, 0600));
    CALL(open("open", O_TMPFILE | O_RDWR, 0600) >= 0);
    CALL(fstat(open("open", O_TMPFILE | O_RDWR, 0600), &s));
    say("%u:%u %o", s.st_uid, s.st_gid, s.st_mode);
}

static void removing(void)
{
    dropped();
    CALL(unlink("mine"));
    CALL(rmdir("closed"));
    CALL(unlink("closed"));
    CALL(rmdir("plain"));
    CALL(rename("mine", "open/mine"));
    CALL(rename("open/f", "there"));
    CALL(unlink("sticky/roots"));
    CALL(rmdir("sticky/roots"));
    CALL(rmdir("sticky/dir"));
    CALL(rename("sticky/roots", "sticky/x"));
    CALL(rename("sticky/mine", "sticky/roots"));
    CALL(rename("sticky/mine", "sticky/x"));
    CALL(rename("sticky/roots", "open/roots"));
    CALL(unlink("sticky/x"));
    CALL(unlink("own_sticky/roots"));
    CALL(rename("open/root_dir", "sticky/root_dir"));
    CALL(rename("open/root_dir", "open/still"));
    CALL(rename("open/d", "sticky/d"));
    CALL(rmdir("sticky/d"));
    CALL(syscall(SYS_renameat2, AT_FDCWD, "open/f", AT_FDCWD, "sticky/roots", 2));
    CALL(unlink("open/roots_file"));
    CALL(unlink("open/f"));
}

static void linking(void)
{
    dropped();
    CALL(link("secret", "open/a"));
    CALL(link("readable", "open/b"));
    CALL(link("writable", "open/c"));
    CALL(link("set_id", "open/d2"));
    CALL(link("mine", "open/e"));
    CALL(link("mine", "no"));
    CALL(link("closed/in", "open/g"));
    CALL(linkat(open("mine", O_RDONLY), "", AT_FDCWD, "open/h", AT_EMPTY_PATH));
    CALL(open("sticky/roots_link", O_RDONLY) >= 0);
    CALL(open("sticky/others_link", O_RDONLY) >= 0);
    CALL(open("sticky/others_link/", O_RDONLY) >= 0);
    CALL(open("open/others_link", O_RDONLY) >= 0);
    CALL(readlink("sticky/others_link", (char[32]){0}, 32));
}

static void links_of_root(void)
{
    CALL(open("sticky/others_link", O_RDONLY) >= 0);
    CALL(open("sticky/roots_link", O_RDONLY) >= 0);
    CALL(open("open/others_link", O_RDONLY) >= 0);
}

static void make_tree(void)
{
    file_owned("plain", 0644, 0, 0);
    file_owned("secret", 0600, 0, 0);
    file_owned("readable", 0644, 0, 0);
    file_owned("writable", 0666, 0, 0);
    file_owned("set_id", 04777, 0, 0);
    file_owned("mine", 0600, 1000, 1000);
    dir_of("closed", 0700, 0, 0);
    file_owned("closed/in", 0666, 0, 0);
    dir_of("hidden", 0711, 0, 0);
    file_owned("hidden/in", 0666, 0, 0);
    dir_of("listed", 0744, 0, 0);
    file_owned("listed/in", 0666, 0, 0);
    symlink("closed/in", "to_closed");
    dir_of("open", 0777, 0, 0);
    dir_of("open/root_dir", 0755, 0, 0);
    file_owned("open/roots_file", 0600, 0, 0);
    dir_of("team", 02777, 0, 50);
    dir_of("sticky", 01777, 0, 0);
    file_owned("sticky/roots", 0666, 0, 0);
    file_owned("sticky/mine", 0666, 1000, 1000);
    dir_of("sticky/dir", 0777, 0, 0);
    dir_of("own_sticky", 01777, 1000, 1000);
    file_owned("own_sticky/roots", 0666, 0, 0);
    symlink("../readable", "sticky/roots_link");
    symlink("../readable", "sticky/others_link");
    lchown("sticky/others_link", 1001, 1001);
    symlink("../readable", "open/others_link");
    lchown("open/others_link", 1001, 1001);
}

/* Attributes. */

static void attributes(void)
{
    struct timespec plain[2] = {{100, 1}, {200, 2}}, now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}},
                    half[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}},
                    none[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
    int fd;

    file_owned("theirs", 0664, 0, 2000);
    file_owned("his", 06775, 1000, 1000);
    dropped();
    CALL(chmod("theirs", 0777));
    CALL(chmod("his", 06775));
    show_file("his");
    CALL(chown("theirs", 1000, -1));
    CALL(chown("his", 1000, 1000));
    show_file("his");
    CALL(chmod("his", 06755));
    CALL(chown("his", -1, 2000));
    show_file("his");
    CALL(chmod("his", 02775));
    show_file("his");
    CALL(chown("his", -1, 3000));
    CALL(chown("his", 1001, -1));
    CALL(chown("his", 0, -1));
    CALL(chown("his", -1, -1));
    CALL(chown("theirs", -1, -1));
    CALL(chmod("his", 04777));
    fd = open("his", O_WRONLY);
    CALL(write(fd, "x", 1));
    show_file("his");
    CALL(chmod("his", 02775));
    CALL(ftruncate(fd, 0));
    show_file("his");
    CALL(chmod("his", 02765));
    CALL(write(fd, "x", 1));
    show_file("his");
    CALL(utimensat(AT_FDCWD, "his", plain, 0));
    CALL(utimensat(AT_FDCWD, "theirs", plain, 0));
    CALL(utimensat(AT_FDCWD, "theirs", now, 0));
    CALL(utimensat(AT_FDCWD, "theirs", NULL, 0));
    CALL(utimensat(AT_FDCWD, "theirs", half, 0));
    CALL(utimensat(AT_FDCWD, "theirs", none, 0));
    CALL(utimensat(AT_FDCWD, "secret", now, 0));
    CALL(utimensat(AT_FDCWD, "secret", NULL, 0));
    CALL(utimensat(AT_FDCWD, "secret", none, 0));
    CALL(fchmod(open("readable", O_RDONLY), 0777));
    CALL(fchown(open("readable", O_RDONLY), 1000, 1000));
    for (int i = 3; i < 20; i++)
        close(i);
}

static void roots_attributes(void)
{
    int fd;

    file_owned("roots", 06777, 0, 0);
    fd = open("roots", O_WRONLY);
    CALL(write(fd, "x", 1));
    show_file("roots");
    CALL(chown("roots", 5, 6));
    show_file("roots");
    CALL(chmod("roots", 02767));
    CALL(chown("roots", 7, -1));
    show_file("roots");
    close(fd);
}

static void real_ids(void)
{
    setresuid(1000, 0, 0);
    CALL(access("secret", R_OK));
    CALL(faccessat(AT_FDCWD, "secret", R_OK, AT_EACCESS));
    CALL(access("closed/in", F_OK));
    CALL(open("secret", O_RDONLY) >= 0);
    CALL(access("mine", R_OK | W_OK));
    setresuid(0, 1000, 0);
    CALL(access("secret", R_OK));
    CALL(syscall(SYS_faccessat2, AT_FDCWD, "secret", R_OK, AT_EACCESS));
    CALL(open("secret", O_RDONLY));
    CALL(open("mine", O_RDWR) >= 0);
}

static void tell_cwd(void)
{
    char path[100];
    long n = syscall(SYS_getcwd, path, sizeof path);

    if (n > 0 && path[0] == '(') /* the first root has another name on Linux */
        path[strlen("(unreachable)")] = '\0';
    say("in %s", n < 0 ? error_name(errno) : path);
}

static void tell_root(int proc, const char *link)
{
    char path[100] = "";
    long n = readlinkat(proc, link, path, sizeof path - 1);

    say("%s", n < 0 ? error_name(errno) : path);
}

/* In the new root, from outside of it and inside. */
static void roots(void)
{
    int first = open("/", O_RDONLY), proc = open("/proc", O_RDONLY), ends[2];
    char name[32];
    struct stat st;
    pid_t pid;

    mkdir("/tmp/root", 0755);
    mkdir("/tmp/root/d", 0755);
    mkdir("/tmp/root/shut", 0700);
    close(open("/tmp/root/d/f", O_CREAT | O_WRONLY, 0644));
    symlink("/d", "/tmp/root/link");
    symlink("../../d/f", "/tmp/root/d/up");
    chdir("/tmp/root/d");
    CALL(chroot("/none"));
    CALL(chroot("/tmp/root/d/f"));
    CALL(chroot("/tmp/root/d/f/x"));
    CALL(chroot(""));
    CALL(chroot(NULL));
    pid = fork();
    if (pid == 0) {
        drop_to(1000, 1000);
        CALL(chroot("/tmp/root"));
        CALL(chroot("/tmp/root/shut"));
        CALL(chroot("/none"));
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    pipe(ends);
    pid = fork();
    if (pid == 0) {
        CALL(chroot("/tmp/root"));
        tell_cwd();
        CALL(stat("/d/f", &st));
        CALL(stat("/tmp", &st));
        CALL(stat("/link/f", &st));
        CALL(stat("/d/up", &st));
        CALL(stat("/../../../d", &st));
        CALL(stat("../../tmp", &st));
        tell_root(proc, "self/root");
        tell_root(proc, "self/cwd");
        CALL(chroot("shut"));
        CALL(chroot("../shut"));
        CALL(chdir("/"));
        tell_cwd();
        CALL(fchdir(first));
        tell_cwd();
        CALL(stat("tmp", &st));
        CALL(chroot("."));
        tell_cwd();
        CALL(stat("/tmp/root/d/f", &st));
        chroot("/tmp/root");
        if (fork() == 0) {
            pid = getpid();
            write(ends[1], &pid, sizeof pid);
            pause();
        }
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    read(ends[0], &pid, sizeof pid);
    snprintf(name, sizeof name, "%d/root", pid);
    tell_root(proc, name);
    kill(pid, SIGKILL);
}

static void tell_names(void)
{
    struct utsname u;
    char name[80] = "";
    int fd = open("/proc/sys/kernel/hostname", O_RDONLY);

    uname(&u);
    read(fd, name, sizeof name - 1);
    close(fd);
    say("host %s, domain %s, file %s", u.nodename, u.domainname, name);
}

static void host_names(void)
{
    char long_name[66];

    memset(long_name, 'n', sizeof long_name);
    CALL(sethostname("theirs", 6));
    tell_names();
    CALL(setdomainname("their.domain", 12));
    tell_names();
    CALL(sethostname(long_name, 64));
    CALL(sethostname(long_name, 65));
    CALL(sethostname(NULL, 3));
    CALL(sethostname("x", -1));
    tell_names();
    CALL(sethostname("short", 5));
    CALL(sethostname("", 0));
    tell_names();
    drop_to(1000, 1000);
    CALL(sethostname("mine", 4));
    CALL(sethostname(long_name, 65));
    CALL(setdomainname("mine", 4));
    tell_names();
}

static void read_only(void)
{
    mkdir("/tmp/ro", 0755);
    CALL(mount("none", "/tmp/ro", "tmpfs", 0, NULL));
    close(open("/tmp/ro/f", O_CREAT | O_WRONLY, 0644));
    mknod("/tmp/ro/fifo", S_IFIFO | 0666, 0);
    CALL(mount("none", "/tmp/ro", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL));
    CALL(access("/tmp/ro", W_OK));
    CALL(access("/tmp/ro/f", W_OK));
    CALL(access("/tmp/ro/f", R_OK));
    CALL(access("/tmp/ro/fifo", W_OK));
    CALL(access("/tmp/ro/f", X_OK));
    CALL(access("/tmp/ro/f", W_OK | X_OK));
    CALL(access("/tmp/ro/none", W_OK));
    if (fork() == 0) {
        drop_to(1000, 1000);
        CALL(access("/tmp/ro/f", W_OK));
        CALL(access("/tmp/ro/fifo", W_OK));
        _exit(0);
    }
    wait(NULL);
    CALL(umount("/tmp/ro"));
}

static void socket_names(void)
{
    uint16_t family = 77;
    uint32_t len = 110;
    int ends[2], file = open("/", O_RDONLY);

    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    CALL(syscall(SYS_getsockname, ends[0], &family, &len));
    say("family %u, %u bytes", family, len);
    family = 0, len = 110;
    CALL(syscall(SYS_getpeername, ends[1], &family, &len));
    say("family %u, %u bytes", family, len);
    family = 0xffff, len = 1;
    CALL(syscall(SYS_getpeername, ends[1], &family, &len));
    say("family %x, %u bytes", family, len);
    len = 0;
    CALL(syscall(SYS_getsockname, ends[0], NULL, &len));
    len = 2;
    CALL(syscall(SYS_getsockname, ends[0], NULL, &len));
    len = -1;
    CALL(syscall(SYS_getsockname, ends[0], &family, &len));
    CALL(syscall(SYS_getsockname, ends[0], &family, NULL));
    CALL(syscall(SYS_getsockname, file, &family, &len));
    CALL(syscall(SYS_getpeername, file, &family, &len));
    CALL(syscall(SYS_getsockname, 999, &family, &len));
}

void theme_rights(void)
{
    about("names of the machine");
    IN_CHILD(host_names);
    about("a file system for reading");
    IN_CHILD(read_only);
    about("sockets without names");
    IN_CHILD(socket_names);
    about("root directories");
    IN_CHILD(roots);
    about("rights");
    rights();
    make_tree();
    about("what a user may do with files");
    IN_CHILD(walking);
    IN_CHILD(making);
    IN_CHILD(removing);
    IN_CHILD(linking);
    IN_CHILD(links_of_root);
    about("attributes");
    IN_CHILD(attributes);
    IN_CHILD(roots_attributes);
    IN_CHILD(real_ids);
}
