/* SPDX-License-Identifier: MIT
 *
 * wait4, waitid, kill, process groups: who gets which child and which status, and the errors.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <sys/wait.h>

#include "process_list.h"
#include "tap.h"

static pid_t child_exits(int code)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(code);
    CHECK(pid > 0);
    return pid;
}

static pid_t child_sleeps(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        for (int i = 0; i < 1000; i++)
            tap_pause_ms(1000);
        _exit(0);
    }
    CHECK(pid > 0);
    return pid;
}

static void test_codes(void)
{
    static const int codes[] = {0, 1, 127, 128, 255, 256, -1};
    int status;

    for (size_t i = 0; i < TAP_COUNT(codes); i++) {
        pid_t pid = child_exits(codes[i]);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(tap_exited_with(status, codes[i] & 0xff));
    }
}

static void test_any(void)
{
    pid_t a = child_exits(1), b = child_exits(2);
    int first, second;
    pid_t x = waitpid(-1, &first, 0), y = waitpid(-1, &second, 0);

    CHECK((x == a && y == b) || (x == b && y == a));
    CHECK_EQ(WEXITSTATUS(first), x == a ? 1 : 2);
    CHECK_EQ(WEXITSTATUS(second), y == a ? 1 : 2);
    CHECK_EQ(sys_raw(SYS_wait4, -1, 0, 0, 0), -ECHILD);
}

static void test_no_hang(void)
{
    pid_t pid = child_sleeps();
    int status;

    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_killed_by(status, SIGKILL));
}

static void test_errors(void)
{
    int status;

    CHECK_EQ(sys_raw(SYS_wait4, -1, &status, 0, 0), -ECHILD);
    CHECK_EQ(sys_raw(SYS_wait4, 1, &status, 0, 0), -ECHILD);
    CHECK_EQ(sys_raw(SYS_wait4, getpid(), &status, 0, 0), -ECHILD);
    CHECK_EQ(sys_raw(SYS_wait4, -1, &status, 0x40, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_wait4, -1, &status, 0x40000000, 0), -ECHILD); /* __WALL */
    CHECK_EQ(sys_raw(SYS_waitid, P_ALL, 0, 0, 0, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_waitid, 99, 0, 0, WEXITED, 0), -EINVAL);
    CHECK_EQ(sys_raw(SYS_waitid, P_ALL, 0, 0, WEXITED, 0), -ECHILD);
}

static void test_waitid(void)
{
    struct wait_info info = {0};
    pid_t pid = child_exits(5);

    CHECK_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
    CHECK_EQ(info.si_pid, pid);
    CHECK_EQ(info.si_code, CLD_EXITED);
    CHECK_EQ(info.si_status, 5);
    CHECK_EQ(info.si_signo, 17);
    info.si_pid = 0;
    CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
    CHECK_EQ(info.si_pid, pid);
    CHECK_EQ(sys_raw(SYS_waitid, P_PID, pid, &info, WEXITED, 0), -ECHILD);
    pid = child_sleeps();
    info.si_pid = 1;
    CHECK_EQ(waitid(P_PID, pid, &info, WEXITED | WNOHANG), 0);
    CHECK_EQ(info.si_pid, 0);
    kill(pid, SIGTERM);
    CHECK_EQ(waitid(P_PID, pid, &info, WEXITED), 0);
    CHECK_EQ(info.si_code, CLD_KILLED);
    CHECK_EQ(info.si_status, 15);
}

static void test_groups(void)
{
    pid_t in = child_sleeps(), out = child_sleeps();
    int status;

    CHECK_EQ(setpgid(in, in), 0);
    CHECK_EQ(getpgid(in), in);
    CHECK_EQ(getpgid(out), getpgid(0));
    CHECK_EQ(waitpid(-in, &status, WNOHANG), 0);
    CHECK_EQ(kill(-in, SIGKILL), 0);
    CHECK_EQ(waitpid(-in, &status, 0), in);
    CHECK(tap_killed_by(status, SIGKILL));
    CHECK_EQ(sys_raw(SYS_wait4, -in, 0, 0, 0), -ECHILD);
    CHECK_EQ(waitpid(0, &status, WNOHANG), 0);
    CHECK_EQ(kill(out, SIGKILL), 0);
    CHECK_EQ(waitpid(0, &status, 0), out);
}

static void test_group_errors(void)
{
    CHECK_EQ(sys_raw(SYS_setpgid, 999999, 0), -ESRCH);
    CHECK_EQ(sys_raw(SYS_setpgid, 0, -1), -EINVAL);
    CHECK_EQ(sys_raw(SYS_setpgid, 0, 999999), -EPERM);
    CHECK_EQ(sys_raw(SYS_getpgid, 999999), -ESRCH);
}

static void test_kill_errors(void)
{
    CHECK_EQ(sys_raw(SYS_kill, getpid(), 0), 0);
    CHECK_EQ(sys_raw(SYS_kill, 999999, 9), -ESRCH);
    CHECK_EQ(sys_raw(SYS_kill, 999999, 0), -ESRCH);
    CHECK_EQ(sys_raw(SYS_kill, getpid(), 65), -EINVAL);
    CHECK_EQ(sys_raw(SYS_kill, getpid(), -1), -EINVAL);
    CHECK_EQ(sys_raw(SYS_kill, -999999, 9), -ESRCH);
}

static void test_kill_signals(void)
{
    static const int fatal[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGKILL, SIGUSR1,
                                SIGUSR2, SIGPIPE, SIGALRM, SIGTERM};
    int status;

    for (size_t i = 0; i < TAP_COUNT(fatal); i++) {
        pid_t pid = child_sleeps();
        CHECK_EQ(kill(pid, fatal[i]), 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(tap_killed_by(status, fatal[i]));
    }
    pid_t pid = child_sleeps();
    CHECK_EQ(kill(pid, SIGCHLD), 0);
    tap_pause_ms(20);
    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
}

static void test_kill_busy(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        for (volatile int i = 0;; i++)
            continue;
    tap_pause_ms(20);
    CHECK_EQ(kill(pid, SIGTERM), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_killed_by(status, SIGTERM));
}

/* A child in the middle of a wait of its own; its child becomes somebody else's. */
static void test_kill_waiting(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (fork() == 0) {
            tap_pause_ms(60);
            _exit(0);
        }
        wait(NULL);
        _exit(0);
    }
    tap_pause_ms(20);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_killed_by(status, SIGKILL));
    tap_pause_ms(80);
}

static void test_zombie(void)
{
    int status;
    pid_t pid = child_exits(3);

    tap_pause_ms(20);
    CHECK_EQ(kill(pid, 0), 0);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_exited_with(status, 3));
    CHECK_EQ(sys_raw(SYS_kill, pid, 0), -ESRCH);
}

static void test_parent(void)
{
    pid_t parent = getpid(), pid = fork();
    int status;

    if (pid == 0)
        _exit(getppid() == parent && getpid() != parent ? 0 : 1);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_exited_with(status, 0));
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void __attribute__((noreturn)) exit_at(uint64_t ns)
{
    while (now_ns() < ns)
        continue;
    _exit(0);
}

static void has_parent(const struct process *p, void *arg)
{
    struct process parent;

    if (p->pid != 1 && !process_read(p->parent, &parent) && process_read(p->pid, &parent)) {
        printf("%s# %d (%c) has parent %d\n", tap_indent(), (int)p->pid, p->state, (int)p->parent);
        ++*(int *)arg;
    }
}

/* A process and its only child end at the same moment: the child is init's, whoever was faster. */
static void test_ends_together(void)
{
    uint32_t rounds = tap_count(500, 50000);
    int lost = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        uint32_t chance = i * 2654435761u >> 16;
        uint64_t ns;
        pid_t pid = fork();

        CHECK(pid >= 0);
        if (pid == 0) {
            ns = now_ns() + 300000;
            if (fork() == 0)
                exit_at(ns + chance % 40000);
            exit_at(ns + (chance >> 4) % 40000);
        }
        CHECK_EQ(waitpid(pid, NULL, 0), pid);
    }
    tap_pause_ms(100);
    process_for_each(has_parent, &lost);
    CHECK_EQ(lost, 0);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"exit codes", test_codes},
        {"waiting for any child", test_any},
        {"WNOHANG", test_no_hang},
        {"errors of wait4 and waitid", test_errors},
        {"waitid", test_waitid},
        {"process groups", test_groups},
        {"errors of setpgid", test_group_errors},
        {"errors of kill", test_kill_errors},
        {"fatal signals", test_kill_signals},
        {"killing a busy process", test_kill_busy},
        {"killing one that waits", test_kill_waiting},
        {"a zombie", test_zombie},
        {"getppid", test_parent},
        {"parent and child end together", test_ends_together},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
