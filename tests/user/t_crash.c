/* SPDX-License-Identifier: MIT
 *
 * What a program must not do: each kind of crash ends that program alone, with the right signal,
 * and the stack grows to its limit and no further.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "quire.h"
#include "tap.h"

#define PRCTL       172
#define PR_SET_NAME 15

static int crash_run(const char *kind)
{
    char *argv[] = {"/bin/crash", (char *)kind, NULL};

    return tap_program(argv, true);
}

static void crash_expect(const char *kind, int sig)
{
    int status = crash_run(kind);

    if (tap_killed_by(status, sig))
        return;
    tap_fail(kind, status_to_code(status), "not the signal it should be");
}

static void test_reads_and_writes(void)
{
    crash_expect("null", SIGSEGV);
    crash_expect("wild-read", SIGSEGV);
    crash_expect("wild-write", SIGSEGV);
    crash_expect("text-write", SIGSEGV);
}

static void test_jumps(void)
{
    crash_expect("jump", SIGSEGV);
    crash_expect("exec-data", SIGSEGV);
    crash_expect("exec-stack", SIGSEGV);
}

static void test_kernel_addresses(void)
{
    crash_expect("kernel-read", SIGSEGV);
    crash_expect("kernel-write", SIGSEGV);
    crash_expect("kernel-jump", SIGSEGV);
    crash_expect("top", SIGSEGV);
}

static void test_instructions(void)
{
    crash_expect("undef", SIGILL);
    crash_expect("coprocessor", SIGILL);
    crash_expect("breakpoint", SIGTRAP);
    crash_expect("abort", SIGABRT);
}

static void test_alignment(void)
{
    if (!tap_on_quire())
        tap_skip("the emulator allows it");
    crash_expect("unaligned", SIGBUS);
    crash_expect("unaligned-ldm", SIGBUS);
}

static void test_stack(void)
{
    char *argv[] = {"/bin/stack", "512", NULL};

    CHECK(tap_exited_with(tap_program(argv, true), 0));
    crash_expect("stack", SIGSEGV);
    crash_expect("stack-jump", SIGSEGV);
}

static void test_loop(void)
{
    char *argv[] = {"/bin/crash", "loop", NULL};
    int status;
    pid_t pid = spawn("t_crash", argv, 0);

    CHECK(pid > 0);
    tap_pause_ms(50);
    CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
    CHECK_EQ(kill(pid, SIGINT), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(tap_killed_by(status, SIGINT));
}

/* Its name would end the log's line, and begin another one. */
static int forges(void *arg)
{
    static volatile uintptr_t nowhere = 8;

    sys_raw(PRCTL, PR_SET_NAME, arg);
    return *(volatile int *)nowhere;
}

static void test_names(void)
{
    static char log[65536];
    int fd, n;

    if (!tap_on_quire())
        tap_skip("the log is not the kernel's own here");
    CHECK(tap_killed_by(tap_child(forges, "a\nforged"), SIGSEGV));
    CHECK(tap_killed_by(tap_child(forges, "\nforged\033[2J"), SIGSEGV));
    fd = open("/proc/kmsg", O_RDONLY);
    for (n = 0; fd >= 0 && n < (int)sizeof(log) - 1;) {
        int more = (int)read(fd, log + n, sizeof(log) - 1 - (size_t)n);

        if (more <= 0)
            break;
        n += more;
    }
    close(fd);
    log[n] = '\0';
    CHECK(strstr(log, "forged") != NULL);
    CHECK(strstr(log, "\nforged") == NULL && strchr(log, '\033') == NULL);
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"wild reads and writes", test_reads_and_writes},
        {"wild jumps, data as code", test_jumps},
        {"kernel addresses", test_kernel_addresses},
        {"instructions", test_instructions},
        {"alignment", test_alignment},
        {"the stack's limit", test_stack},
        {"an endless loop", test_loop},
        {"names in the log", test_names},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
