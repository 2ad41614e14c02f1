/* SPDX-License-Identifier: MIT
 *
 * /proc as Linux has it: counts of fields, numbers that say the same in several files, links that
 * lead somewhere, directories of threads and descriptors; and readers that seek, read in pieces,
 * and read of processes that end meanwhile. And the list of calls that are missing.
 */
#include "files.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define USER_END     0x40000000ul
#define NO_CALL      499 /* and none is planned */
#define NO_SUCH_CALL 38  /* the kernel's ENOSYS */
#define PR_NAME      15
#define SYS_PRCTL    172
#define MISSED       "/proc/quire/unimplemented"
#define NAMES_MANY   300 /* more than the table of missing calls has */

/* The n-th word of a line, from 1 on; of stat, whose second may hold spaces, behind that. */
static const char *word(const char *line, unsigned n)
{
    while (n-- > 1) {
        line += strcspn(line, " \n");
        line += *line == ' ';
    }
    return line;
}

static unsigned words(const char *line)
{
    unsigned n = 0;

    for (line = word(line, 1); *line && *line != '\n'; line = word(line, 2))
        n++;
    return n;
}

static unsigned long number(const char *line, unsigned n)
{
    return strtoul(word(line, n), NULL, 10);
}

static char *text(const char *path)
{
    size_t len;
    char *bytes = file_read_all(path, &len);

    if (!bytes)
        printf("# %s: errno %d\n", path, errno);
    CHECK(bytes);
    return bytes;
}

/* The same without the heap, which counts. */
static char *text_in(const char *path, char buf[8192])
{
    int fd = (int)files_open(path, O_RDONLY, 0);
    long n, len = 0;

    while ((n = read(fd, buf + len, 8191 - (size_t)len)) > 0)
        len += n;
    CHECK(n == 0 && close(fd) == 0);
    buf[len] = '\0';
    return buf;
}

static const char *target(const char *path)
{
    static char buf[256];
    long n = sys_raw(SYS_readlink, path, buf, sizeof buf - 1);

    if (n < 0)
        snprintf(buf, sizeof buf, "error %ld", -n);
    else
        buf[n] = '\0';
    return buf;
}

static const char *fd_target(int fd)
{
    char path[48];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return target(path);
}

static void test_stat(void)
{
    char *line = text("/proc/self/stat");

    CHECK_EQ(words(line), 52);
    CHECK_EQ(number(line, 1), getpid());
    CHECK(strncmp(word(line, 2), "(t_procfs) R ", 13) == 0);
    CHECK_EQ(number(line, 4), sys_raw(SYS_getppid));
    CHECK_EQ(number(line, 5), sys_raw(SYS_getpgid, 0));
    CHECK_EQ(number(line, 20), 1); /* threads */
    CHECK_EQ(number(line, 38), 17);
    CHECK_EQ(number(line, 9), 0x40); /* forked, no exec yet */
    for (unsigned n = 26; n <= 30; n++)
        CHECK(number(line, n) <= USER_END); /* the stack may begin there */
    for (unsigned n = 45; n <= 51; n++)
        CHECK(number(line, n) <= USER_END);
    CHECK(number(line, 26) <= (uintptr_t)test_stat && (uintptr_t)test_stat < number(line, 27));
    CHECK(number(line, 45) <= (uintptr_t)&errno || number(line, 47) <= (uintptr_t)&errno);
    free(line);
}

static void test_sizes_agree(void)
{
    static char stats[8192], sizes[8192], map[8192], state[8192];
    char *stat = text_in("/proc/self/stat", stats), *statm = text_in("/proc/self/statm", sizes);
    char *maps = text_in("/proc/self/maps", map), *line;
    unsigned long pages = 0;
    uint64_t kb;

    CHECK_EQ(words(statm), 7);
    CHECK_EQ(number(stat, 23), number(statm, 1) * 4096);
    CHECK(number(statm, 2) <= number(statm, 1) && number(statm, 3) <= number(statm, 2));
    CHECK(number(statm, 4) > 0 && number(statm, 6) > 0);
    CHECK(text_number(text_in("/proc/self/status", state), "VmSize", &kb));
    for (line = maps; *line; line = strchr(line, '\n') + 1)
        pages += (strtoul(line + 9, NULL, 16) - strtoul(line, NULL, 16)) / 4096;
    CHECK_EQ(pages * 4, kb);
}

/* Names with ends of lines in them begin no lines; what is too long is not said to be deleted. */
static void test_names(void)
{
    char dir[8 + 12 * 21] = "/tmp/", *lines;
    int fd = (int)files_open("/tmp/a\n0", CREATE, 0600);

    CHECK(sys_raw(SYS_mmap2, 0, 4096, PROT_READ, MAP_SHARED, fd, 0) > 0);
    for (unsigned i = 0; i < 12; i++) {
        strcat(dir, "/twenty_letters_each");
        CHECK_EQ(sys_raw(SYS_mkdir, dir, 0700), 0);
    }
    CHECK_EQ(sys_raw(SYS_chdir, dir), 0);
    fd = (int)files_open("long", CREATE, 0600);
    CHECK(sys_raw(SYS_mmap2, 0, 4096, PROT_READ, MAP_SHARED, fd, 0) > 0);
    lines = text("/proc/self/maps");
    CHECK(strstr(lines, "/tmp/a\\0120\n") && !strstr(lines, "\n0\n"));
    CHECK(strstr(lines, " ?\n") && !strstr(lines, "deleted"));
    free(lines);
    CHECK_EQ(sys_raw(172 /* prctl */, 15 /* PR_SET_NAME */, "a\n\\\nUid:\t0"), 0);
    lines = text("/proc/self/status");
    CHECK(strncmp(lines, "Name:\ta\\n\\\\\\nUid:\t0\nUmask:", 26) == 0);
    free(lines);
    CHECK_EQ(files_unlink("/tmp/a\n0"), 0);
    CHECK_EQ(files_unlink("long"), 0);
    CHECK_EQ(chdir("/"), 0);
    for (unsigned i = 0; i < 12; i++) {
        CHECK_EQ(sys_raw(SYS_rmdir, dir), 0);
        *strrchr(dir, '/') = '\0';
    }
}

/* Sums over smaps are what status says. */
static void test_smaps(void)
{
    static char all[8192], state[8192];
    char *at = text_in("/proc/self/smaps", all);
    unsigned long size = 0, rss = 0, clean, dirty, sum = 0, pss = 0;
    uint64_t kb;

    for (; *at; at = strchr(at, '\n') + 1) {
        if (sscanf(at, "Size: %lu kB", &clean) == 1)
            size += clean;
        if (sscanf(at, "Rss: %lu kB", &clean) == 1)
            rss += clean;
        if (sscanf(at, "Pss: %lu kB", &clean) == 1)
            pss += clean;
        if (sscanf(at, "Shared_Clean: %lu kB", &clean) == 1 ||
            sscanf(at, "Private_Clean: %lu kB", &clean) == 1)
            sum += clean;
        if (sscanf(at, "Shared_Dirty: %lu kB", &dirty) == 1 ||
            sscanf(at, "Private_Dirty: %lu kB", &dirty) == 1)
            sum += dirty;
    }
    CHECK(text_number(text_in("/proc/self/status", state), "VmSize", &kb));
    CHECK_EQ(size, kb);
    CHECK_EQ(sum, rss);
    CHECK(rss > 0 && rss <= size && pss > 0 && pss <= rss);
}

static void test_links(void)
{
    char path[64];

    CHECK(strcmp(target("/proc/self/exe"), "/tests/t_procfs") == 0);
    CHECK(strcmp(target("/proc/self/root"), "/") == 0);
    CHECK_EQ(chdir("/tmp"), 0);
    CHECK(strcmp(target("/proc/self/cwd"), "/tmp") == 0);
    CHECK_EQ(chdir("/proc/self/root/bin"), 0);
    CHECK(strcmp(target("/proc/self/cwd"), "/bin") == 0);
    snprintf(path, sizeof path, "%d", getpid());
    CHECK(strcmp(target("/proc/self"), path) == 0);
    snprintf(path, sizeof path, "%d/task/%d", getpid(), getpid());
    CHECK(strcmp(target("/proc/thread-self"), path) == 0);
    CHECK(strcmp(target("/proc/mounts"), "self/mounts") == 0);
    CHECK_EQ(sys_raw(SYS_openat, HERE, "/proc/self/cwd/true", O_RDONLY, 0), 3);
    CHECK(strcmp(fd_target(3), "/bin/true") == 0);
}

static void test_fd_links(void)
{
    char name[32];
    struct files_stat st;
    int pipes[2], sockets[2];

    CHECK_EQ(sys_raw(SYS_pipe2, pipes, 0), 0);
    CHECK_EQ(sys_raw(SYS_fstat64, pipes[0], &st), 0);
    snprintf(name, sizeof name, "pipe:[%u]", (unsigned)st.ino);
    CHECK(strcmp(fd_target(pipes[0]), name) == 0 && strcmp(fd_target(pipes[1]), name) == 0);
    CHECK_EQ(sys_raw(SYS_socketpair, 1, 1, 0, sockets), 0);
    CHECK(strncmp(fd_target(sockets[0]), "socket:[", 8) == 0);
    snprintf(name, sizeof name, "/proc/self/fd/%d", sockets[0]);
    CHECK_EQ(sys_raw(SYS_openat, HERE, name, O_RDONLY, 0), -ENXIO);
    CHECK(strcmp(fd_target((int)sys_raw(SYS_eventfd2, 0, 0)), "anon_inode:[eventfd]") == 0);
    CHECK(strcmp(fd_target((int)sys_raw(SYS_memfd_create, "x", 0)), "/memfd: (deleted)") == 0);
    CHECK(strcmp(fd_target((int)files_open("/dev/null", O_WRONLY, 0)), "/dev/null") == 0);
    CHECK(strcmp(fd_target(63), "error 2") == 0);
    CHECK(strcmp(target("/proc/self/fd/00"), "error 2") == 0);
}

/* A file without a name is opened again; a pipe gets another writer. */
static void test_fd_opens(void)
{
    char path[32], bytes[8];
    int fd = (int)files_open("/tmp/gone", CREATE, 0600), again, pipes[2];

    CHECK_EQ(write(fd, "here", 4), 4);
    CHECK_EQ(unlink("/tmp/gone"), 0);
    CHECK(strstr(fd_target(fd), " (deleted)"));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    again = (int)files_open(path, O_RDONLY, 0);
    CHECK(again > fd && read(again, bytes, 8) == 4 && memcmp(bytes, "here", 4) == 0);
    CHECK_EQ(sys_raw(SYS_pipe2, pipes, 0), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", pipes[1]);
    again = (int)files_open(path, O_WRONLY | LINUX_O_CREAT, 0);
    CHECK(again > 0);
    CHECK_EQ(close(pipes[1]), 0);
    CHECK(write(again, "ab", 2) == 2 && close(again) == 0);
    CHECK_EQ(read(pipes[0], bytes, 8), 2);
    CHECK_EQ(read(pipes[0], bytes, 8), 0);
}

/* Names of a directory that are numbers: how many, and whether that one is among them. */
static unsigned list(const char *path, long wanted, bool *found)
{
    struct dirent *entry;
    DIR *dir = opendir(path);
    unsigned n = 0;

    CHECK(dir);
    *found = false;
    while ((entry = readdir(dir)))
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') {
            n++;
            *found |= strtol(entry->d_name, NULL, 10) == wanted;
        }
    closedir(dir);
    return n;
}

static void test_directories(void)
{
    char path[64], cwd[64];
    bool found;
    char *line;

    CHECK_EQ(list("/proc/self/task", getpid(), &found), 1);
    CHECK(found);
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", getpid(), getpid());
    line = text(path);
    CHECK_EQ(words(line), 52);
    CHECK_EQ(number(line, 1), getpid());
    free(line);
    CHECK_EQ(files_open("/proc/self/task/1/stat", O_RDONLY, 0), -ENOENT);
    CHECK_EQ(files_open("/proc/self/task/0", O_RDONLY, 0), -ENOENT);
    CHECK_EQ(dup2(0, 40), 40);
    CHECK_EQ(list("/proc/self/fd", 40, &found), 5); /* 0 to 2, 40 and the directory's */
    CHECK(found);
    CHECK(list("/proc", 1, &found) >= 2 && found);
    CHECK_EQ(chdir("/proc/self/fd"), 0);
    snprintf(path, sizeof path, "/proc/%d/fd", getpid());
    CHECK(sys_raw(SYS_getcwd, cwd, sizeof cwd) > 0 && strcmp(cwd, path) == 0);
    free(text("../stat"));
    free(text("./../../self/./task/../stat"));
    CHECK_EQ(chdir("../.."), 0);
    CHECK(sys_raw(SYS_getcwd, cwd, sizeof cwd) > 0 && strcmp(cwd, "/proc") == 0);
    CHECK_EQ(files_open("/proc/self/fd/0/..", O_RDONLY, 0), -ENOTDIR);
}

static void test_system(void)
{
    static const char *const files[] = {
        "/proc/cpuinfo",     "/proc/devices",        "/proc/filesystems",
        "/proc/interrupts",  "/proc/partitions",     "/proc/swaps",
        "/proc/self/mounts", "/proc/self/mountinfo", "/proc/self/environ"};
    char *line = text("/proc/sys/kernel/ostype");

    CHECK(strcmp(line, "Linux\n") == 0);
    free(line);
    line = text("/proc/sys/kernel/pid_max");
    CHECK_EQ(number(line, 1), 32768);
    free(line);
    for (size_t i = 0; i < TAP_COUNT(files); i++)
        free(text(files[i]));
    line = text("/proc/loadavg");
    CHECK_EQ(words(line), 5);
    free(line);
    line = text("/proc/stat");
    CHECK(strncmp(line, "cpu  ", 5) == 0);
    CHECK_EQ(words(line), 12); /* one of them empty */
    free(line);
    line = text("/sys/devices/system/cpu/online");
    CHECK(line[0] == '0');
    free(line);
    CHECK_EQ(files_open("/sys/devices/system/cpu/cpu0/none", O_RDONLY, 0), -ENOENT);
    CHECK_EQ(files_open("/sys/devices/system/cpu/cpu8", O_RDONLY, 0), -ENOENT);
    CHECK_EQ(files_open("/proc/sys/kernel/ostype", O_WRONLY, 0), -EACCES);
}

static void test_pieces(void)
{
    char *whole = text("/proc/self/maps"), c, far[16];
    int fd = (int)files_open("/proc/self/maps", O_RDONLY, 0);
    size_t n = 0;

    while (whole[n] && read(fd, &c, 1) == 1 && c == whole[n])
        n++;
    CHECK_EQ(n, strlen(whole));
    CHECK_EQ(read(fd, &c, 1), 0);
    CHECK_EQ(lseek(fd, 5, SEEK_SET), 5);
    CHECK(read(fd, &c, 1) == 1 && c == whole[5]);
    CHECK_EQ(lseek(fd, 0x7fffffff, SEEK_SET), 0x7fffffff);
    CHECK_EQ(read(fd, far, sizeof far), 0);
    CHECK_EQ(sys_raw(SYS_pread64, fd, far, sizeof far, 0, 0, 0x7fffffff), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(sys_raw(SYS_read, fd, 0x10, 64), -EFAULT);
    CHECK_EQ(sys_raw(SYS_read, fd, far, 0x80000000ul), -EFAULT);
    free(whole);
}

/* A process that ends: what was open stays what it was, the rest is gone. */
static void test_ended(void)
{
    char path[48], bytes[256];
    pid_t pid = fork();
    int dir, stat, fds, status;

    if (pid == 0) {
        tap_pause_ms(200);
        _exit(0);
    }
    snprintf(path, sizeof path, "/proc/%d", pid);
    dir = (int)files_open(path, O_RDONLY, 0);
    stat = (int)sys_raw(SYS_openat, dir, "stat", O_RDONLY, 0);
    fds = (int)sys_raw(SYS_openat, dir, "fd", O_RDONLY, 0);
    CHECK(dir > 0 && stat > 0 && fds > 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(read(stat, bytes, sizeof bytes) > 50);
    CHECK_EQ(sys_raw(SYS_openat, dir, "stat", O_RDONLY, 0), -ESRCH);
    CHECK_EQ(sys_raw(SYS_openat, dir, "smaps", O_RDONLY, 0), -ESRCH);
    CHECK_EQ(sys_raw(SYS_readlinkat, dir, "cwd", bytes, sizeof bytes), -ESRCH);
    CHECK_EQ(sys_raw(SYS_openat, dir, "cwd", O_RDONLY, 0), -ESRCH);
    CHECK_EQ(sys_raw(SYS_openat, fds, "0", O_RDONLY, 0), -ENOENT);
    CHECK_EQ(files_open(path, O_RDONLY, 0), -ENOENT);
}

/* Everybody reads everything of everybody, while all come and go. */
static void test_storm(void)
{
    static const char *const files[] = {"stat",  "status",      "maps",    "smaps",
                                        "statm", "cmdline",     "environ", "fd/0",
                                        "fd/1",  "task/1/stat", "cwd/.",   "exe"};
    char path[64], bytes[512];
    int status;

    for (uint32_t round = tap_count(20, 2000); round; round--) {
        for (int n = 0; n < 4; n++)
            if (fork() == 0) {
                for (pid_t pid = getpid() - 4; pid < getpid() + 4; pid++)
                    for (size_t i = 0; i < TAP_COUNT(files); i++) {
                        snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, files[i]);
                        int fd = (int)files_open(path, O_RDONLY | O_NONBLOCK, 0);
                        if (fd >= 0 && strncmp(files[i], "fd", 2) != 0)
                            while (read(fd, bytes, sizeof bytes) > 0)
                                ;
                        if (fd >= 0)
                            close(fd);
                        sys_raw(SYS_readlink, path, bytes, sizeof bytes);
                    }
                _exit(0);
            }
        while (waitpid(-1, &status, 0) > 0)
            CHECK_EQ(status, 0);
    }
}

static void test_comm(void)
{
    char *line;
    int fd = (int)files_open("/proc/self/comm", O_WRONLY, 0);

    CHECK_EQ(write(fd, "a name that is too long\n", 24), 24);
    line = text("/proc/self/comm");
    CHECK(strcmp(line, "a name that is \n") == 0);
    free(line);
    CHECK_EQ(sys_raw(SYS_write, fd, 0x10, 4), -EFAULT);
}

/* How often a program missed the call; 0: never, or no place was left. */
static unsigned long missed(unsigned call, const char *program, unsigned long *total)
{
    char *list = text(MISSED), wanted[64], *at;
    unsigned long count = 0, n;
    uint64_t sum;

    snprintf(wanted, sizeof wanted, "%u %%lu %s\n", call, program);
    for (at = list; *at; at = strchr(at, '\n') + 1)
        if (strtoul(at, NULL, 10) == call && strstr(at, program) &&
            strstr(at, program) < strchr(at, '\n') && sscanf(at, "%*u %lu", &n) == 1)
            count = n;
    CHECK(text_number(list, "total", &sum));
    *total = (unsigned long)sum;
    free(list);
    return count;
}

/* All places are taken, as random calls before us may have done: what is new is with the others. */
static bool no_place_left(void)
{
    char *list = text(MISSED);
    uint64_t others = 0;
    bool full = text_number(list, "others", &others) && others > 0;

    free(list);
    return full;
}

static void test_unimplemented(void)
{
    unsigned long before, after, count;
    uint64_t counter;
    bool full = no_place_left();

    CHECK_EQ(sys_raw(SYS_PRCTL, PR_NAME, "misses"), 0);
    count = missed(NO_CALL, "misses", &before);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(sys_raw(NO_CALL), -NO_SUCH_CALL);
    CHECK_EQ(sys_raw(0xf0001), -NO_SUCH_CALL);
    CHECK(missed(NO_CALL, "misses", &after) == count + 3 || full);
    CHECK(missed(0xf0001, "misses", &after) > 0 || full);
    CHECK(after >= before + 4);
    CHECK(proc_number("/proc/vmstat", "unimplemented_calls", &counter) && counter >= after);
}

static void test_unimplemented_full(void)
{
    char name[16], *list, *at;
    unsigned long before, after;
    unsigned lines = 0;
    uint64_t others;

    missed(NO_CALL, "misses", &before);
    for (int i = 0; i < NAMES_MANY; i++) {
        snprintf(name, sizeof name, "n %d\n", i);
        CHECK_EQ(sys_raw(SYS_PRCTL, PR_NAME, name), 0);
        CHECK_EQ(sys_raw(NO_CALL), -NO_SUCH_CALL);
    }
    missed(NO_CALL, "misses", &after);
    CHECK(after >= before + NAMES_MANY);
    list = text(MISSED);
    for (at = list; *at; at = strchr(at, '\n') + 1)
        lines++;
    CHECK_EQ(lines, 256 + 2);
    CHECK(text_number(list, "others", &others) && others > 0);
    free(list);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"stat", test_stat},
        {"sizes agree", test_sizes_agree},
        {"names that are not plain", test_names},
        {"smaps", test_smaps},
        {"exe, cwd, root, self", test_links},
        {"what links in fd are called", test_fd_links},
        {"links in fd open", test_fd_opens},
        {"directories", test_directories},
        {"files of the system", test_system},
        {"reading in pieces", test_pieces},
        {"a process that ends", test_ended},
        {"all read all", test_storm},
        {"comm is written", test_comm},
        {"calls that are missing", test_unimplemented},
        {"more of them than there is room for", test_unimplemented_full},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
