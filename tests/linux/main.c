/* SPDX-License-Identifier: MIT
 *
 * /init of the comparison, the same program on Linux and here. It mounts what a theme needs (here
 * all of that is there), runs each theme that is named in a child with an output file of its
 * own, prints the files behind one another, and switches the machine off. What the kernels say
 * about killed children on the console stands before all that. init [all] [THEME ...] [random FIRST
 * COUNT] [loud SEED]
 */
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>

#include "compare.h"

static const struct theme {
    const char *name;
    void (*run)(void);
} themes[] = {
    {"files", theme_files},     {"data", theme_data},     {"names", theme_names},
    {"times", theme_times},     {"locks", theme_locks},   {"map", theme_map},
    {"protect", theme_protect}, {"remap", theme_remap},   {"advice", theme_advice},
    {"shared", theme_shared},   {"sysv", theme_sysv},     {"memfd", theme_memfd},
    {"signals", theme_signals}, {"faults", theme_faults}, {"jobs", theme_jobs},
    {"threads", theme_threads}, {"futex", theme_futex},   {"users", theme_users},
    {"rights", theme_rights},   {"others", theme_others}, {"limits", theme_limits},
    {"procfs", theme_procfs},   {"tty", theme_tty},       {"timers", theme_timers},
    {"clocks", theme_clocks},   {"epoll", theme_epoll},
};

#define THEMES (sizeof(themes) / sizeof(themes[0]))

/* On Linux the ramdisk is no tmpfs, and nothing is mounted. */
static void mount_all(void)
{
    if (access("/proc/self", F_OK) && mkdir("/new", 0755) == 0 &&
        mount("tmpfs", "/new", "tmpfs", 0, "mode=755") == 0) {
        chdir("/new");
        chroot(".");
        mkdir("/dev", 0755);
        mkdir("/proc", 0555);
        mkdir("/sys", 0555);
        mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
        mount("proc", "/proc", "proc", 0, NULL);
        mount("sysfs", "/sys", "sysfs", 0, NULL);
        mkdir("/dev/shm", 01777);
        mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777");
    }
    rmdir("/new");
    mkdir("/tmp", 01777);
    mkdir("/out", 0755);
}

static void console_open(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/console", O_RDWR);
}

/* In the child: a folder of its own and nothing but the three descriptors. */
static void child_run(const char *name, const struct theme *t, uint32_t seed, bool loud)
{
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "/out/%s", name);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, 1);
    close(fd);
    snprintf(path, sizeof(path), "/tmp/%s", name);
    mkdir(path, 0755);
    if (chdir(path))
        _exit(98);
    umask(022);
    if (t)
        t->run();
    else
        random_program(seed, loud);
    _exit(0);
}

static void run(const char *name, const struct theme *t, uint32_t seed, bool loud)
{
    char path[64];
    int status = 0, fd;
    pid_t pid = fork();

    if (pid == 0)
        child_run(name, t, seed, loud);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        snprintf(path, sizeof(path), "/out/%s", name);
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dprintf(fd, "the program ended with status %#x\n", (unsigned)status);
        close(fd);
    }
}

/* A session that had the console may have ended: Linux hangs up all that was open of it. */
static void console_again(void)
{
    int fd = open("/dev/console", O_RDWR | O_NOCTTY);

    dup2(fd, 1);
    if (fd > 2)
        close(fd);
}

static void print(const char *name)
{
    char bytes[1024];
    ssize_t n;
    int fd;

    snprintf(bytes, sizeof(bytes), "/out/%s", name);
    fd = open(bytes, O_RDONLY);
    if (fd < 0)
        return;
    dprintf(1, "=== %s\n", name);
    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        if (write(1, bytes, (size_t)n) != n)
            break;
    close(fd);
}

/* Here the memory system audits itself. */
static void audit(void)
{
    char bytes[512];
    int fd = open("/proc/vmcheck", O_RDONLY);
    ssize_t n;

    if (fd < 0)
        return;
    dprintf(1, "=== vmcheck\n");
    while ((n = read(fd, bytes, sizeof(bytes))) > 0)
        if (write(1, bytes, (size_t)n) != n)
            break;
    close(fd);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], name) || !strcmp(argv[i], "all"))
            return true;
    return false;
}

/* What theme threads executes. */
static void tell_numbers(const char *pid)
{
    say("the new program has the old number: %d, and one thread of that number: %d",
        getpid() == atoi(pid), gettid() == getpid());
    _exit(7);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "was"))
        tell_numbers(argv[2]);
    if (argc > 1 && !strcmp(argv[1], "users-program")) {
        users_program(argc > 2 && !strcmp(argv[2], "waits"));
        return 0;
    }
    console_open();
    mount_all();
    for (unsigned i = 0; i < THEMES; i++)
        if (is_wanted(themes[i].name, argc, argv))
            run(themes[i].name, &themes[i], 0, false);
    for (int i = 1; i + 1 < argc; i++) {
        uint32_t seed = (uint32_t)strtoul(argv[i + 1], NULL, 0);
        uint32_t count = i + 2 < argc ? (uint32_t)strtoul(argv[i + 2], NULL, 0) : 1;

        if (!strcmp(argv[i], "loud"))
            run("loud", NULL, seed, true);
        else if (!strcmp(argv[i], "random"))
            for (uint32_t n = 0; n < count; n++)
                run("random", NULL, seed + n, false);
    }
    console_again();
    for (unsigned i = 0; i < THEMES; i++)
        print(themes[i].name);
    print("random");
    print("loud");
    audit();
    dprintf(1, "=== end\n");
    reboot(RB_POWER_OFF);
    return 0;
}
