/* SPDX-License-Identifier: MIT
 *
 * Theme procfs: what /proc says of the program itself and of its children, in form and, where both
 * kernels must agree, in value; where the links of fd, cwd, root and exe lead.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "compare.h"

static char text[65536];

/* The file as a string; its length or -1. */
static long slurp(const char *path)
{
    int fd = open(path, O_RDONLY);
    long n, len = 0;

    while (fd >= 0 && (n = read(fd, text + len, sizeof(text) - 1 - (size_t)len)) > 0)
        len += n;
    text[len] = '\0';
    if (fd >= 0)
        close(fd);
    return fd < 0 ? -1 : len;
}

static unsigned words(const char *line)
{
    unsigned n = 0;

    while (*line && *line != '\n') {
        n += *line != ' ' && (line[1] == ' ' || line[1] == '\n' || !line[1]);
        line++;
    }
    return n;
}

static long number(unsigned n)
{
    char *at = text;

    while (n-- > 1)
        at += strcspn(at, " ") + 1;
    return strtol(at, NULL, 10);
}

/* The line that begins so, tabs as spaces; or that there is none. */
static void show_line(const char *name)
{
    char *at = text, line[128];
    size_t len = strlen(name);

    for (; *at; at = strchr(at, '\n') + 1) {
        size_t n = strcspn(at, "\n");

        if (strncmp(at, name, len))
            continue;
        n = n < sizeof(line) - 1 ? n : sizeof(line) - 1;
        memcpy(line, at, n);
        line[n] = '\0';
        for (char *c = line; *c; c++)
            if (*c == '\t')
                *c = ' ';
        say("  |%s|", line);
        return;
    }
    say("  no %s", name);
}

/* Whether there is such a line, and its unit, without the number. */
static void show_name(const char *name)
{
    char *at = text;

    for (; *at; at = strchr(at, '\n') + 1)
        if (!strncmp(at, name, strlen(name)) && at[strlen(name)] == ':') {
            say("  %s%s", name, strstr(at, " kB\n") == strchr(at, '\n') - 3 ? " in kB" : "");
            return;
        }
    say("  no %s", name);
}

static void stats(void)
{
    char *close_paren;

    about("stat, statm, status");
    prctl(PR_SET_NAME, "a (b) c");
    slurp("/proc/self/stat");
    SHOW(strtol(text, NULL, 10) == getpid());
    close_paren = strrchr(text, ')');
    say("comm %.*s", (int)(close_paren + 1 - strchr(text, '(')), strchr(text, '('));
    say("state %c, fields behind it %u", close_paren[2], words(close_paren + 3));
    memmove(text, close_paren + 2, strlen(close_paren) - 1);
    SHOW(number(2) == getppid());
    SHOW(number(3) == getpgid(0));
    SHOW(number(4) == getsid(0));
    SHOW(number(16)); /* priority, nice, threads, timer */
    SHOW(number(17));
    SHOW(number(18));
    SHOW(number(19));
    SHOW(number(36)); /* exit signal */
    slurp("/proc/self/statm");
    say("statm has %u", words(text));
    SHOW(number(5));
    SHOW(number(7));
    SHOW(number(1) >= number(2) && number(2) >= number(3) && number(4) > 0);
    signal(SIGUSR1, SIG_IGN);
    action_of(SIGUSR2, (void *)stats, SA_SIGINFO);
    sigprocmask(SIG_BLOCK, &(sigset_t){{1u << 9}}, NULL);
    kill(getpid(), SIGUSR1);
    raise(10);
    slurp("/proc/self/status");
    for (char **name =
             (char *[]){"Name:", "Umask:", "State:", "TracerPid:", "Uid:", "Gid:", "Threads:",
                        "SigPnd:", "ShdPnd:", "SigBlk:", "SigIgn:", "SigCgt:", NULL};
         *name; name++)
        show_line(*name);
    for (char **name =
             (char *[]){"Tgid",     "Ngid",   "Pid",   "PPid",         "FDSize",
                        "Groups",   "NStgid", "NSpid", "NSpgid",       "NSsid",
                        "VmSize",   "VmLck",  "VmRSS", "RssAnon",      "RssFile",
                        "RssShmem", "VmData", "VmStk", "VmExe",        "VmLib",
                        "VmPTE",    "VmSwap", "SigQ",  "Cpus_allowed", "Cpus_allowed_list",
                        NULL};
         *name; name++)
        show_name(*name);
    slurp("/proc/self/cmdline");
    SHOW(strlen(text) > 0);
    slurp("/proc/self/comm");
    say("%s", text);
}

/* The mappings of the window, device and inode left out. */
static void show_maps(void)
{
    slurp("/proc/self/maps");
    for (char *at = text; *at; at = strchr(at, '\n') + 1) {
        unsigned long from, to, offset;
        char prot[8];
        int end = (int)strcspn(at, "\n"), name;

        if (sscanf(at, "%lx-%lx %7s %lx", &from, &to, prot, &offset) != 4 || from < WINDOW ||
            from >= WINDOW + 256 * PAGE)
            continue;
        for (name = 0; name < end && at[name] != '/' && at[name] != '['; name++)
            ;
        say("  %lx-%lx %s %08lx column %d: %.*s|", from, to, prot, offset, name == end ? -1 : name,
            end - name, at + name);
    }
}

/* Of the first mapping of the window. */
static void show_smaps(void)
{
    char *at;

    slurp("/proc/self/smaps");
    at = strstr(text, "\n20000000-");
    memmove(text, at + 1, strlen(at));
    for (char **name =
             (char *[]){"Size:", "KernelPageSize:", "MMUPageSize:", "Rss:", "Pss:", "Shared_Clean:",
                        "Shared_Dirty:", "Private_Clean:", "Private_Dirty:", "Anonymous:",
                        "LazyFree:", "AnonHugePages:", "Swap:", "SwapPss:", "Locked:", NULL};
         *name; name++)
        show_line(*name);
}

static void in_the_child(void)
{
    show_smaps();
    *AT(0) = 1;
    show_smaps();
}

static void mappings(void)
{
    int fd = file_make("f", 3 * PAGE);

    about("maps, smaps");
    window_clear();
    fresh(0, 4);
    page_fill(AT(0), 1);
    page_fill(AT(2), 2);
    mprotect(AT(3), PAGE, PROT_NONE);
    map(AT(6), 2 * PAGE, RW, SHAR_FIX, fd, 1);
    map(AT(9), PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0);
    map(AT(11), PAGE, RW, SHAR_FIX | MAP_ANONYMOUS, -1, 0);
    show_maps();
    show_smaps();
    IN_CHILD(in_the_child);
    close(fd);
    window_clear();
}

/* The target, digits of numbers in brackets left out. */
static void show_link(const char *path)
{
    char buf[256], *bracket;
    struct stat st;
    long n = readlink(path, buf, sizeof(buf) - 1);

    if (n < 0) {
        say("%s: %s", path, error_name(errno));
        return;
    }
    buf[n] = '\0';
    bracket = strchr(buf, '[');
    if (bracket && bracket[1] >= '0' && bracket[1] <= '9')
        strcpy(bracket, "[N]");
    lstat(path, &st);
    say("%s -> %s mode %o", path, buf, st.st_mode);
}

static void show_fd_link(int fd)
{
    char path[32];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    show_link(path);
}

static void descriptors(void)
{
    char path[32], bytes[16], here[64];
    struct stat st, again;
    int fd, ends[2], other;
    struct dirent *e;
    unsigned n = 0;
    DIR *dir;

    about("descriptors");
    fd = open("f", O_RDWR);
    show_fd_link(fd);
    show_fd_link(open("/dev/null", O_WRONLY));
    show_fd_link(open(".", O_RDONLY));
    CALL(pipe(ends));
    show_fd_link(ends[0]);
    show_fd_link(ends[1]);
    show_fd_link(50);
    show_link("/proc/self/fd/-1");
    show_link("/proc/self/fd/03");
    show_link("/proc/self/fd/x");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CALL(stat(path, &st));
    fstat(fd, &again);
    SHOW(st.st_ino == again.st_ino && st.st_size == again.st_size);
    CALL(unlink("f"));
    other = open(path, O_RDONLY);
    SHOW(other > fd);
    CALL(read(other, bytes, 16));
    CALL(lseek(fd, 0, SEEK_CUR)); /* the new one has a position of its own */
    SHOW(readlink(path, here, sizeof(here)) > 10);
    CALL(open(path, O_RDONLY | O_NOFOLLOW));
    CALL(open(path, O_RDONLY | O_DIRECTORY));
    CALL(open(path, O_CREAT | O_EXCL | O_RDWR, 0600));
    SHOW(open(path, O_CREAT | O_RDWR, 0600) > fd);
    CALL(unlink(path));
    CALL(open("/proc/self/fd/new", O_CREAT | O_RDWR, 0600));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[1]);
    other = open(path, O_WRONLY);
    SHOW(other > 0);
    close(ends[1]);
    CALL(write(other, "ab", 2));
    close(other);
    CALL(read(ends[0], bytes, 16));
    CALL(read(ends[0], bytes, 16));
    dir = opendir("/proc/self/fd");
    while ((e = readdir(dir)))
        n += e->d_name[0] != '.' && e->d_type == DT_LNK;
    other = 0;
    for (fd = 0; fd < 100; fd++)
        other += fcntl(fd, F_GETFD) >= 0;
    SHOW(n - (unsigned)other);
    closedir(dir);
    CALL(socketpair(1, 1, 0, ends));
    show_fd_link(ends[0]);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
    CALL(open(path, O_RDWR));
    fd = (int)syscall(SYS_eventfd2, 0, 0);
    show_fd_link(fd);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CALL(open(path, O_RDWR));
}

static void links(void)
{
    char buf[64], mine[64];

    about("links");
    show_link("/proc/self/exe");
    show_link("/proc/self/cwd");
    show_link("/proc/self/root");
    show_link("/proc/mounts");
    snprintf(mine, sizeof(mine), "%d", getpid());
    buf[readlink("/proc/self", buf, sizeof(buf))] = '\0';
    SHOW(!strcmp(buf, mine));
    snprintf(mine, sizeof(mine), "%d/task/%d", getpid(), getpid());
    buf[readlink("/proc/thread-self", buf, sizeof(buf))] = '\0';
    SHOW(!strcmp(buf, mine));
    CALL(readlink("/proc/self/cwd", buf, 3));
    CALL(readlink("/proc/self/cwd", NULL, 64));
    mkdir("sub", 0755);
    CALL(chdir("sub"));
    show_link("/proc/self/cwd");
    CALL(access("/proc/self/cwd/../sub/.", F_OK));
    CALL(rename("../sub", "../sub2"));
    show_link("/proc/self/cwd");
    CALL(chdir("/proc/self/cwd/.."));
    CALL(rmdir("sub2"));
    show_link("/proc/self/cwd");
    CALL(chdir("/proc/self/fd"));
    snprintf(mine, sizeof(mine), "/proc/%d/fd", getpid());
    SHOW(getcwd(buf, sizeof(buf)) && !strcmp(buf, mine));
    CALL(chdir(".."));
    CALL(access("fd/../task/./", F_OK));
    CALL(access("fd/0/..", F_OK));
    CALL(mkdir("x", 0755));
    CALL(rename("stat", "statm"));
    CALL(chdir("/tmp/procfs"));
}

static void threads(void)
{
    struct dirent *e;
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/task");
    char path[64];

    about("task");
    while ((e = readdir(dir)))
        if (e->d_name[0] != '.')
            n += atoi(e->d_name) == getpid() ? 1 : 100;
    SHOW(n);
    closedir(dir);
    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
    SHOW(slurp(path) > 0 && strtol(text, NULL, 10) == getpid());
    CALL(slurp("/proc/self/task/1/stat"));
    CALL(access("/proc/self/task/0", F_OK));
    CALL(access("/proc/self/task/x", F_OK));
}

static void reading(void)
{
    char *bytes, c = 0;
    long len = slurp("/proc/self/status"), n = 0;
    int fd = open("/proc/self/status", O_RDONLY);

    about("reading");
    bytes = strdup(text);
    while (n < len && read(fd, &c, 1) == 1 && c == bytes[n])
        n++;
    SHOW(n > 100);
    CALL(lseek(fd, 5, SEEK_SET));
    CALL(read(fd, &c, 1));
    SHOW(c == bytes[5]);
    CALL(lseek(fd, 1 << 20, SEEK_SET));
    CALL(read(fd, &c, 1));
    CALL(pread(fd, &c, 1, 2));
    SHOW(c == bytes[2]);
    CALL(lseek(fd, 0, SEEK_END));
    CALL(lseek(fd, -1, SEEK_SET));
    CALL(lseek(fd, 0, SEEK_SET));
    CALL(read(fd, NULL, 16));
    CALL(write(fd, "x", 1));
    CALL(ftruncate(fd, 0));
    CALL(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED);
    close(fd);
}

static void the_dead(void)
{
    pid_t pid = fork();
    char path[64], buf[64];
    int dir;

    about("zombies and the dead");
    if (pid == 0)
        _exit(3);
    waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT);
    snprintf(path, sizeof(path), "/proc/%d", pid);
    dir = open(path, O_RDONLY);
    CALL(chdir(path));
    slurp("stat");
    say("zombie: state %c, fields %u, status %ld", strrchr(text, ')')[2], words(text), number(52));
    slurp("status");
    show_line("State:");
    show_name("VmSize");
    CALL(slurp("maps"));
    CALL(slurp("smaps"));
    CALL(slurp("cmdline"));
    slurp("statm");
    say("statm %s", text);
    CALL(readlink("exe", buf, 64));
    CALL(readlink("cwd", buf, 64));
    CALL(readlink("root", buf, 64));
    CALL(access("fd/0", F_OK));
    CALL(waitpid(pid, NULL, 0) == pid);
    CALL(openat(dir, "stat", O_RDONLY));
    CALL(openat(dir, "fd", O_RDONLY));
    CALL(access(path, F_OK));
    CALL(chdir("/tmp/procfs"));
}

static void the_system(void)
{
    char *blank;

    about("the system");
    CALL(slurp("/proc/sys/kernel/ostype"));
    say("%s", text);
    CALL(slurp("/proc/sys/kernel/pid_max"));
    say("%s", text);
    CALL(slurp("/proc/sys/vm/overcommit_memory"));
    say("%s", text);
    slurp("/proc/loadavg");
    SHOW(words(text));
    slurp("/proc/uptime");
    SHOW(words(text));
    slurp("/proc/stat");
    say("%.5s fields %u", text, words(text));
    for (char **name = (char *[]){"intr", "ctxt", "btime", "processes", "procs_running",
                                  "procs_blocked", "softirq", NULL};
         *name; name++)
        say("  %s %d", *name, strstr(text, *name) != NULL);
    slurp("/proc/meminfo");
    for (char **name = (char *[]){"MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached",
                                  "SwapCached", "SwapTotal", "SwapFree", "AnonPages", "Shmem",
                                  "Slab", "SReclaimable", "SUnreclaim", "KernelStack", "PageTables",
                                  "CommitLimit", "Committed_AS", NULL};
         *name; name++)
        show_name(*name);
    SHOW(strchr(text, 'k') - text); /* where the unit stands */
    slurp("/proc/cpuinfo");
    blank = strstr(text, "\n\n");
    if (blank)
        blank[1] = '\0';
    for (char **name = (char *[]){"processor", "model name", "CPU implementer", "CPU architecture",
                                  "CPU variant", "CPU part", "CPU revision", NULL};
         *name; name++)
        show_line(*name);
    slurp("/proc/filesystems");
    show_line("nodev\tproc");
    show_line("nodev\ttmpfs");
    CALL(slurp("/sys/devices/system/cpu/kernel_max") > 0);
    CALL(slurp("/sys/devices/system/cpu/online") > 0);
    CALL(access("/sys/devices/system/cpu/cpu0", F_OK));
    CALL(access("/sys/devices/system/cpu/cpu31", F_OK));
    CALL(slurp("/proc/sys/kernel/none"));
    CALL(access("/proc/00001", F_OK));
    CALL(access("/proc/0", F_OK));
    CALL(access("/proc/4294967297", F_OK));
}

void theme_procfs(void)
{
    stats();
    mappings();
    descriptors();
    links();
    threads();
    reading();
    the_dead();
    the_system();
}
