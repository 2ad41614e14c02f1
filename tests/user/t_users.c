/* SPDX-License-Identifier: MIT
 *
 * Users who mean no good: who dropped root never is it again, whatever it asks for; credentials,
 * users and limits that come and go leave nothing behind; and all of it while others look. What
 * each call answers is compared with Linux in tests/linux.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "malice.h"

#define NR_setrlimit    75
#define NR_syslog       103
#define NR_setreuid     203
#define NR_setregid     204
#define NR_getgroups    205
#define NR_setgroups    206
#define NR_setresuid    208
#define NR_getresuid    209
#define NR_setresgid    210
#define NR_setuid       213
#define NR_setgid       214
#define NR_setfsuid     215
#define NR_setfsgid     216
#define NR_capget       184
#define NR_capset       185
#define NR_prlimit64    369
#define NR_prctl        172
#define PR_SET_DUMPABLE 4
#define NR_timeofday    79 /* settimeofday */
#define NR_clock_set    262
#define NR_geteuid      201
#define NR_getuid       199
#define RLIMIT_NPROC    6
#define RLIMITS         16
#define USER_CHILDREN   12

static void drop(uint32_t uid)
{
    uint32_t groups[] = {uid + 1, uid + 2};

    if (sys_raw(NR_setgroups, 2, groups) || sys_raw(NR_setresgid, uid, uid, uid) ||
        sys_raw(NR_setresuid, uid, uid, uid))
        _exit(90);
}

/* Ids that are of interest to who is not root any more. */
static uint32_t some_id(uint32_t *seed)
{
    static const uint32_t ids[] = {0, ~0u, 1000, 1001, 65534, 65535, 65536, 1};

    return ids[chance(seed) % TAP_COUNT(ids)];
}

static bool is_root(void)
{
    int fd = open("/proc/vmcheck", O_RDONLY);

    close(fd);
    return fd >= 0 || sys_raw(NR_geteuid) == 0 || sys_raw(NR_getuid) == 0;
}

static int ask_for_everything(void *arg)
{
    static const uint16_t calls[] = {NR_setuid,    NR_setgid,    NR_setreuid, NR_setregid,
                                     NR_setresuid, NR_setresgid, NR_setfsuid, NR_setfsgid,
                                     23,           46,           70,          71,
                                     138,          139,          164,         170};
    uint32_t seed = *(uint32_t *)arg;

    drop(1000);
    for (uint32_t i = tap_count(3000, 100000); i > 0; i--) {
        sys_raw(calls[chance(&seed) % TAP_COUNT(calls)], some_id(&seed), some_id(&seed),
                some_id(&seed));
        if (is_root())
            return 1;
    }
    return 0;
}

static void test_never_again(void)
{
    for (uint32_t seed = 1; seed <= 4; seed++)
        CHECK(tap_exited_with(tap_child(ask_for_everything, &seed), 0));
}

/* Whatever is asked for, but what is no time at all. */
static int sets_clocks(void *arg)
{
    static const uint32_t zero[2], bad[2] = {1, 1000000000};

    (void)arg;
    drop(1000);
    return sys_raw(NR_timeofday, NULL, NULL) != -EPERM ||
           sys_raw(NR_timeofday, NULL, zero) != -EPERM ||
           sys_raw(NR_timeofday, zero, NULL) != -EPERM ||
           sys_raw(NR_clock_set, 0, zero) != -EPERM || sys_raw(NR_clock_set, 0, bad) != -EINVAL;
}

static void test_clocks(void)
{
    CHECK(tap_exited_with(tap_child(sets_clocks, NULL), 0));
}

static int caps_and_pointers(void *arg)
{
    uint32_t header[2] = {0x20080522, 0}, sets[6];

    (void)arg;
    drop(1000);
    for (size_t i = 0; i < BAD_COUNT; i++) {
        uintptr_t bad = bad_pointers[i];

        sys_raw(NR_getresuid, bad, bad, bad);
        sys_raw(NR_getgroups, 32, bad);
        sys_raw(NR_setgroups, 32, bad);
        sys_raw(NR_capget, bad, bad);
        sys_raw(NR_capset, bad, bad);
        sys_raw(NR_capget, header, bad);
        sys_raw(NR_capset, header, bad);
        for (uint32_t r = 0; r < RLIMITS + 1; r++) {
            sys_raw(NR_setrlimit, r, bad);
            sys_raw(NR_prlimit64, 0, r, bad, bad);
        }
    }
    memset(sets, 0xff, sizeof sets);
    if (sys_raw(NR_capset, header, sets) != -EPERM)
        return 1;
    if (sys_raw(NR_syslog, 3, sets, sizeof sets) != -EPERM || sys_raw(NR_syslog, 10) != -EPERM)
        return 3;
    return is_root() ? 2 : 0;
}

static void test_pointers(void)
{
    CHECK(tap_exited_with(tap_child(caps_and_pointers, NULL), 0));
}

/* Many users at once, each with children. */
static int a_user(void *arg)
{
    uint32_t seed = *(uint32_t *)arg;

    for (int i = 0; i < 20; i++) {
        uint32_t groups[32];

        for (int g = 0; g < 32; g++)
            groups[g] = chance(&seed) >> 1;
        if (sys_raw(NR_setgroups, i, groups) ||
            sys_raw(NR_setresuid, 5000 + chance(&seed) % 50, 0, 0))
            return 1;
        if (fork() == 0)
            _exit(0);
        wait(NULL);
    }
    drop(5000 + seed % 50);
    for (int i = 0; i < 5; i++)
        if (fork() == 0) {
            tap_pause_ms(20);
            _exit(0);
        }
    return 0; /* the children are init's */
}

static void test_many(void)
{
    uint32_t n = tap_count(10, 200);
    int status;

    for (uint32_t i = 0; i < n; i++)
        if (fork() == 0) {
            uint32_t seed = i + 1;

            _exit(a_user(&seed));
        }
    while (wait(&status) > 0)
        CHECK(tap_exited_with(status, 0));
    tap_pause_ms(200);
}

/* A user may have so many processes, zombies too; it gets them all back. */
static int forks_much(void *arg)
{
    uint32_t limit[2] = {USER_CHILDREN, USER_CHILDREN};
    int made, status;

    (void)arg;
    if (sys_raw(NR_setrlimit, RLIMIT_NPROC, limit))
        return 1;
    drop(6000);
    for (int round = 0; round < 20; round++) {
        pid_t pid = 0;

        for (made = 0; made < 100 && (pid = fork()) > 0; made++)
            continue;
        if (pid == 0) {
            if (round & 1)
                tap_pause_ms(2);
            _exit(0);
        }
        if (made != USER_CHILDREN - 1 || errno != EAGAIN)
            return 2;
        while (wait(&status) > 0)
            continue;
    }
    return 0;
}

static void test_forks(void)
{
    CHECK(tap_exited_with(tap_child(forks_much, NULL), 0));
}

/* As many zombies as there may be. */
static void makes_zombies(volatile uint32_t *made)
{
    pid_t pid;

    drop(6000);
    while ((pid = vfork()) > 0)
        continue;
    if (pid == 0)
        _exit(0);
    *made = 1;
    for (;;)
        tap_pause_ms(1000);
}

/* No user takes all numbers: root still makes a process, to kill it for instance. */
static void test_zombies(void)
{
    volatile uint32_t *made =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t user = fork(), pid;

    if (user == 0)
        makes_zombies(made);
    while (!*made)
        tap_pause_ms(10);
    pid = fork();
    if (pid == 0)
        _exit(0);
    kill(user, SIGKILL);
    CHECK(pid > 0);
    while (wait(NULL) > 0)
        continue;
    tap_pause_ms(200); /* init reaps them */
}

/* Limits of any size while memory, files and children come and go; nothing but errors, or a signal
 * for a stack or a file. */
static int limits_storm(void *arg)
{
    uint32_t seed = *(uint32_t *)arg;
    const uint32_t ignored[5] = {1}; /* struct sigaction */
    char name[32];

    sys_raw(174, 24, ignored, 0, 8); /* SIGXCPU; 25 is SIGXFSZ */
    sys_raw(174, 25, ignored, 0, 8);
    snprintf(name, sizeof name, "/tmp/limits%u", (unsigned)seed);
    for (uint32_t i = tap_count(500, 20000); i > 0; i--) {
        uint32_t r = chance(&seed) % RLIMITS, soft = chance(&seed) >> (chance(&seed) & 31);
        uint32_t limit[2] = {soft, ~0u};
        char *p;
        int fd;

        if (r == 3)
            limit[0] |= 1 << 20; /* the stack, which is in use */
        if (r != 7)
            sys_raw(NR_setrlimit, r, limit);
        p = mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p != MAP_FAILED) {
            *p = 1;
            sys_raw(SYS_mremap, p, 3 * PAGE, 5 * PAGE, 1);
            munmap(p, 3 * PAGE);
        }
        fd = open(name, O_RDWR | O_CREAT, 0600);
        if (fd >= 0) {
            sys_raw(SYS_write, fd, name, 10);
            close(fd);
        }
        if (i % 16 == 0 && fork() == 0)
            _exit(0);
    }
    unlink(name);
    while (wait(NULL) > 0)
        continue;
    return 0;
}

static void test_limits(void)
{
    char name[32];
    int status;

    for (uint32_t seed = 1; seed <= 4; seed++)
        if (fork() == 0)
            _exit(limits_storm(&seed));
    for (int i = 0; i < 4; i++) {
        wait(&status);
        CHECK(ended_somehow(status));
    }
    for (uint32_t seed = 1; seed <= 4; seed++) { /* of those whose stack might not grow */
        snprintf(name, sizeof name, "/tmp/limits%u", (unsigned)seed);
        unlink(name);
    }
}

/* Who changes its ids all the time, while others signal it, look at it and set its limits. */
static void changes_ids(void)
{
    for (;;) {
        sys_raw(NR_setresuid, 0, 1000, 0);
        sys_raw(NR_setresuid, 1000, 0, 0);
        sys_raw(NR_setresuid, 0, 0, 0);
    }
}

static int looks_on(pid_t pid)
{
    uint64_t limit[2] = {1 << 20, 1 << 20};
    char path[32], bytes[512];

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    for (uint32_t i = tap_count(300, 20000); i > 0; i--) {
        int fd = open(path, O_RDONLY);
        uint32_t r = i % RLIMITS;

        if (fd >= 0 && read(fd, bytes, sizeof bytes) < 0)
            return 1;
        close(fd);
        if (r && r != 7) /* CPU time would end it, NOFILE has its own bounds */
            sys_raw(NR_prlimit64, pid, r, limit, limit);
        sys_raw(SYS_kill, pid, 0);
        sys_raw(NR_capget, ((uint32_t[2]){0x20080522, (uint32_t)pid}), bytes);
    }
    return 0;
}

static void test_races(void)
{
    pid_t pid = fork();

    if (pid == 0)
        changes_ids();
    for (int i = 0; i < 3; i++)
        if (fork() == 0) {
            if (i)
                drop(1000);
            _exit(looks_on(pid));
        }
    for (int i = 0; i < 3; i++) {
        int status;

        wait(&status);
        CHECK(tap_exited_with(status, 0));
    }
    kill(pid, SIGKILL);
    wait(NULL);
}

/* A program that becomes set-id and stops being it while it is started. */
static int runs(void *arg)
{
    char *argv[] = {"/tmp/set_id", NULL};

    (void)arg;
    drop(1000);
    execve("/tmp/set_id", argv, argv + 1);
    return errno == EACCES || errno == ETXTBSY ? 0 : 1;
}

static bool copy(const char *from, const char *to)
{
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755), n;
    static char bytes[PAGE];

    while ((n = (int)read(in, bytes, sizeof bytes)) > 0)
        if (write(out, bytes, (size_t)n) != n)
            n = -1;
    close(in);
    close(out);
    return n == 0;
}

static void test_set_id(void)
{
    pid_t changer;

    CHECK(copy("/bin/true", "/tmp/set_id"));
    changer = fork();
    if (changer == 0)
        for (;;) {
            sys_raw(SYS_chmod, "/tmp/set_id", 06755);
            sys_raw(SYS_chmod, "/tmp/set_id", 0700);
            sys_raw(SYS_chmod, "/tmp/set_id", 0755);
        }
    for (uint32_t i = tap_count(100, 3000); i > 0; i--)
        CHECK(tap_exited_with(tap_child(runs, NULL), 0));
    kill(changer, SIGKILL);
    wait(NULL);
    unlink("/tmp/set_id");
}

static volatile int *starting; /* the process that starts the set-id program; shared */

static int starts_set_id(void *arg)
{
    char *argv[] = {"/tmp/set_id", NULL};

    (void)arg;
    drop(1000);
    sys_raw(NR_prctl, PR_SET_DUMPABLE, 1);
    for (unsigned i = 0;; i++) {
        pid_t pid = vfork();

        if (pid == 0) {
            *starting = getpid();
            if (i % 4 == 0)
                tap_pause_ms(1); /* so that it can be seen before, with one CPU too */
            execve("/tmp/set_id", argv, argv + 1);
            _exit(1);
        }
        waitpid(pid, NULL, 0);
    }
}

/* Its user reads its map, as of the program before, but never that of the set-id one. */
static int looks_at_maps(void *arg)
{
    static char map[PAGE];
    unsigned read_ones = 0;
    char path[32];

    (void)arg;
    drop(1000);
    for (uint32_t i = tap_count(3000, 300000); i > 0; i--) {
        snprintf(path, sizeof path, "/proc/%d/maps", *starting);
        int fd = open(path, O_RDONLY), n = fd < 0 ? 0 : (int)read(fd, map, sizeof map - 1);

        if (fd >= 0)
            close(fd);
        map[n > 0 ? n : 0] = '\0';
        read_ones += n > 0;
        if (strstr(map, "set_id"))
            return 1;
    }
    return read_ones > 0 ? 0 : 2;
}

static void test_set_id_maps(void)
{
    int status;
    pid_t starter;

    starting = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(starting != MAP_FAILED && copy("/bin/true", "/tmp/set_id"));
    sys_raw(SYS_chmod, "/tmp/set_id", 06755);
    starter = fork();
    if (starter == 0)
        _exit(starts_set_id(NULL));
    while (!*starting)
        tap_pause_ms(1);
    status = tap_child(looks_at_maps, NULL);
    kill(starter, SIGKILL);
    waitpid(starter, NULL, 0);
    unlink("/tmp/set_id");
    CHECK_EQ(WEXITSTATUS(status), 0);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"who dropped root is never root again", test_never_again},
        {"who may not set the clock", test_clocks},
        {"pointers and capabilities", test_pointers},
        {"users by the dozen", test_many},
        {"as many processes as a user may have", test_forks},
        {"a user who wants all numbers", test_zombies},
        {"limits of any size", test_limits},
        {"ids that change while others look", test_races},
        {"a program that becomes set-id as it starts", test_set_id},
        {"maps of a set-id program", test_set_id_maps},
    };

    return malice_main(tests, TAP_COUNT(tests));
}
