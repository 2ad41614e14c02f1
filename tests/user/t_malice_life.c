/* SPDX-License-Identifier: MIT
 *
 * Children that spoil what they borrow, die where it hurts, and are killed at any moment of their
 * lives: in fork, exec, exit, a fault. t_malice_life [SEED]; the seed is printed.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/wait.h>

#include "malice.h"
#include "quire.h"

#define KILLS   150u
#define DEEP    30
#define MIB     0x100000u
#define LIFE_US 3000u

static uint32_t seed = 1;
static volatile uint32_t shared_word;
static volatile char *volatile nowhere;

static char *map(size_t bytes)
{
    char *p = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

/* What a vfork child may do before it goes. */
enum borrower { EXITS, FAULTS, KILLS_ITSELF, EXECS, EXECS_NOTHING, FORKS, BORROWERS };

static void __attribute__((noreturn)) borrow(enum borrower kind)
{
    char *argv[] = {"/bin/true", NULL};

    shared_word++;
    switch (kind) {
    case FAULTS: *nowhere = 1; break;
    case KILLS_ITSELF: kill(getpid(), SIGKILL); break;
    case EXECS: execve(argv[0], argv, environ); break;
    case EXECS_NOTHING: execve("/nothing", argv, environ); break;
    case FORKS:
        if (fork() == 0)
            shared_word += 100;
        break;
    default: break;
    }
    _exit(0);
}

/* The parent goes on in memory that is as the child left it. */
static void test_vfork(void)
{
    for (volatile int kind = 0; kind < BORROWERS; kind++) {
        pid_t pid;

        shared_word = 1;
        pid = vfork();
        if (pid == 0)
            borrow((enum borrower)kind);
        CHECK(pid > 0);
        CHECK_EQ(shared_word, 2);
        CHECK_EQ(waitpid(pid, NULL, 0), pid);
    }
}

static int spoils_parent(void *arg)
{
    char *p = map(4 * PAGE);
    pid_t pid;

    (void)arg;
    p[0] = 1;
    pid = vfork();
    if (pid == 0) {
        munmap(p, PAGE);
        mprotect(p + PAGE, PAGE, PROT_NONE);
        p[2 * PAGE] = 'x';
        _exit(0);
    }
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    CHECK_EQ(p[2 * PAGE], 'x');
    return p[0]; /* gone */
}

static void test_vfork_spoils(void)
{
    CHECK(tap_killed_by(tap_child(spoils_parent, NULL), SIGSEGV));
}

static void nested(int depth)
{
    pid_t pid = vfork();

    if (pid == 0) {
        shared_word++;
        if (depth)
            nested(depth - 1);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static void test_vfork_nested(void)
{
    shared_word = 0;
    nested(DEEP - 1);
    CHECK_EQ(shared_word, DEEP);
}

/* Killed while it waits for its vfork child, which outlives it. */
static int waits_for_sleeper(void *arg)
{
    (void)arg;
    if (vfork() == 0) {
        tap_pause_ms(60);
        _exit(0);
    }
    return 0;
}

static void test_vfork_parent_dies(void)
{
    for (int i = 0; i < 5; i++) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(waits_for_sleeper(NULL));
        CHECK(pid > 0);
        tap_pause_ms(10 * i);
        kill(pid, SIGKILL);
        CHECK_EQ(waitpid(pid, NULL, 0), pid);
    }
}

static void read_all(const char *path)
{
    static char buf[512];
    int fd = open(path, O_RDONLY);

    while (fd >= 0 && read(fd, buf, sizeof buf) > 0)
        continue;
    close(fd);
}

/* One of many lives, without end. */
static void __attribute__((noreturn)) live(uint32_t kind)
{
    char *argv[] = {"/tests/t_malice_life", "live", NULL, NULL};
    char number[12], *p;

    for (;;) {
        switch (kind % 7) {
        case 0:
            snprintf(number, sizeof number, "%u", (unsigned)kind);
            argv[2] = number;
            execve(argv[0], argv, environ);
            break;
        case 1:
            if (fork() == 0)
                _exit(0);
            waitpid(-1, NULL, WNOHANG);
            break;
        case 2:
            p = map(4 * MIB);
            for (size_t i = 0; i < 4 * MIB; i += 16 * PAGE)
                p[i] = 1;
            if (fork() == 0)
                _exit(p[0] - 1);
            wait(NULL);
            munmap(p, 4 * MIB);
            break;
        case 3:
            if (vfork() == 0)
                borrow((enum borrower)(kind / 7 % BORROWERS));
            wait(NULL);
            break;
        case 4: read_all("/proc/self/pt"); break;
        case 5: read_all("/proc/vmcheck"); break;
        default: sys_raw(SYS_sched_yield); break;
        }
    }
}

static void nap_us(uint32_t us)
{
    struct timespec t = {.tv_nsec = (long)us * 1000};

    nanosleep(&t, NULL);
}

/* kill -9 at any moment. Its children, if it had some, are init's then. */
static void test_kills(void)
{
    uint32_t state = seed, kills = tap_count(KILLS, 100 * KILLS);

    printf("%s# seed %u\n", tap_indent(), (unsigned)seed);
    for (uint32_t i = 0; i < kills; i++) {
        uint32_t kind = chance(&state) % 1000;
        pid_t pid = fork();
        int status;

        if (pid == 0)
            live(kind);
        CHECK(pid > 0);
        if (i % 4)
            nap_us(chance(&state) % LIFE_US);
        CHECK_EQ(kill(pid, SIGKILL), 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(tap_killed_by(status, SIGKILL));
    }
}

/* A group whose members are killed while they fork. At most 512 of them: more would take the
 * memory that neighbours fork with. */
static void test_group_kills(void)
{
    for (int round = 0; round < 5; round++) {
        pid_t leader = fork();

        if (leader == 0) {
            setpgid(0, 0);
            for (int i = 0; i < 8; i++)
                fork();
            for (;;)
                live(1);
        }
        CHECK(leader > 0);
        setpgid(leader, leader);
        nap_us(2000 * (uint32_t)round);
        while (kill(-leader, SIGKILL) == 0) {
            waitpid(leader, NULL, WNOHANG);
            nap_us(1000);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct tap_test tests[] = {
        {"vfork children of all kinds", test_vfork},
        {"a vfork child that spoils its parent", test_vfork_spoils},
        {"vfork in vfork", test_vfork_nested},
        {"a vfork parent dies first", test_vfork_parent_dies},
        {"kills at any moment", test_kills},
        {"kills of a group that forks", test_group_kills},
    };

    if (argc == 3 && strcmp(argv[1], "live") == 0)
        live((uint32_t)atoi(argv[2]));
    if (argc > 1 && !number_parse(argv[1], &seed))
        return 2;
    return malice_main(tests, TAP_COUNT(tests));
}
