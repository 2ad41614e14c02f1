/* SPDX-License-Identifier: MIT
 *
 * execve: arguments, environment, descriptors, scripts, what it refuses and with which error,
 * and that a refused execve leaves the caller as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dirent.h>
#include <sys/wait.h>

#include "quire.h"
#include "tap.h"

#define HELPER "/tests/helper"
#define GOOD   42

#define SETRLIMIT 75

/* helper args COUNT LEN and COUNT arguments of LEN bytes. */
static int args_run(int count, int len)
{
    char number[2][12], **argv = calloc((size_t)count + 5, sizeof *argv);
    char *word = malloc((size_t)len + 1);

    snprintf(number[0], sizeof number[0], "%d", count);
    snprintf(number[1], sizeof number[1], "%d", len);
    memset(word, 'a', (size_t)len);
    word[len] = '\0';
    argv[0] = HELPER;
    argv[1] = "args";
    argv[2] = number[0];
    argv[3] = number[1];
    for (int i = 0; i < count; i++)
        argv[4 + i] = word;
    int status = tap_program(argv, false);
    free(word);
    free(argv);
    return status;
}

static void test_arguments(void)
{
    CHECK(tap_exited_with(args_run(0, 0), GOOD));
    CHECK(tap_exited_with(args_run(1, 0), GOOD));
    CHECK(tap_exited_with(args_run(3, 1), GOOD));
    CHECK(tap_exited_with(args_run(20, 1000), GOOD));
    CHECK(tap_exited_with(args_run(1, 4095), GOOD));
    CHECK(tap_exited_with(args_run(1, 4096), GOOD));
    CHECK(tap_exited_with(args_run(7, 4097), GOOD));
    CHECK(tap_exited_with(args_run(1000, 10), GOOD));
}

/* More than any system takes: the call says so, and the caller goes on. */
static void test_too_long(void)
{
    size_t size = 4 * 1024 * 1024;
    char *word = malloc(size);
    char *argv[] = {HELPER, "args", word, NULL};

    CHECK(word != NULL);
    memset(word, 'a', size);
    word[size - 1] = '\0';
    CHECK_EQ(sys_raw(SYS_execve, argv[0], argv, 0), -E2BIG);
    argv[2] = NULL;
    char *envp[] = {word, NULL};
    CHECK_EQ(sys_raw(SYS_execve, argv[0], argv, envp), -E2BIG);
    word[1000] = '\0';
    char **many = calloc(10001, sizeof *many);
    for (int i = 0; i < 10000; i++)
        many[i] = word;
    CHECK_EQ(sys_raw(SYS_execve, argv[0], many, 0), -E2BIG);
}

static void test_environment(void)
{
    char *argv[] = {HELPER, "env", "QUIRE_TEST", "some value", NULL};

    setenv("QUIRE_TEST", "some value", 1);
    CHECK(tap_exited_with(tap_program(argv, false), GOOD));
    setenv("QUIRE_TEST", "other", 1);
    CHECK(tap_exited_with(tap_program(argv, false), 1));
}

static void test_stack_layout(void)
{
    char *one[] = {HELPER, "stack", NULL}, *two[] = {HELPER, "stack", "x", NULL};
    char *three[] = {HELPER, "stack", "xyz", "", NULL};

    CHECK(tap_exited_with(tap_program(one, false), GOOD));
    CHECK(tap_exited_with(tap_program(two, false), GOOD));
    CHECK(tap_exited_with(tap_program(three, false), GOOD));
}

static int same_pid_body(void *arg)
{
    char number[12];
    char *argv[] = {HELPER, "pid", number, NULL};

    (void)arg;
    snprintf(number, sizeof number, "%d", (int)getpid());
    execve(HELPER, argv, environ);
    return 1;
}

static void test_keeps_pid(void)
{
    CHECK(tap_exited_with(tap_child(same_pid_body, NULL), GOOD));
}

/* Its memory has limits of its own, which the new one gets. */
static int limited_body(void *arg)
{
    static const uint32_t limit[2] = {64 << 20, 64 << 20};

    if (sys_raw(SETRLIMIT, 9 /* RLIMIT_AS */, limit))
        return 1;
    return same_pid_body(arg);
}

static void test_limits(void)
{
    CHECK(tap_exited_with(tap_child(limited_body, NULL), GOOD));
}

static void test_descriptors(void)
{
    char *kept[] = {HELPER, "fd", "30", "open", NULL};
    char *closed[] = {HELPER, "fd", "31", "closed", NULL};
    int fd = open("/etc/motd", O_RDONLY), gone = open("/etc/motd", O_RDONLY | O_CLOEXEC);

    CHECK(fd >= 0 && gone >= 0);
    CHECK_EQ(dup2(fd, 30), 30);
    CHECK_EQ(sys_raw(SYS_dup3, gone, 31, LINUX_O_CLOEXEC), 31);
    CHECK(tap_exited_with(tap_program(kept, false), GOOD));
    CHECK(tap_exited_with(tap_program(closed, false), GOOD));
}

static void test_refusals(void)
{
    char *argv[] = {"x", NULL};
    long error;

    CHECK_EQ(sys_raw(SYS_execve, "/nosuch", argv, 0), -ENOENT);
    CHECK_EQ(sys_raw(SYS_execve, "", argv, 0), -ENOENT);
    CHECK_EQ(sys_raw(SYS_execve, "/bin", argv, 0), -EACCES);
    CHECK_EQ(sys_raw(SYS_execve, "/bin/sh/x", argv, 0), -ENOTDIR);
    error = sys_raw(SYS_execve, "/etc/motd", argv, 0);
    CHECK(error == -EACCES || error == -ENOEXEC);
    error = sys_raw(SYS_execve, "/dev/zero", argv, 0);
    CHECK(error == -EACCES || error == -ENOEXEC);
}

static bool refused(long error)
{
    return error == -ENOEXEC || error == -LINUX_ELIBBAD || error == -ENOMEM || error == -EINVAL;
}

static void test_damaged(void)
{
    DIR *dir = opendir("/tests/bad");
    struct dirent *entry;
    char path[300];
    char *argv[] = {path, NULL};
    int count = 0;

    CHECK(dir != NULL);
    if (!tap_on_quire())
        tap_skip("the rules are Quire's");
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/tests/bad/%s", entry->d_name);
        long error = sys_raw(SYS_execve, path, argv, 0);
        if (!refused(error))
            tap_fail(path, (int)error, "not refused as it should be");
        count++;
    }
    closedir(dir);
    CHECK(count > 40);
}

static void test_script(void)
{
    char *argv[] = {"/etc/test.sh", NULL};

    CHECK(tap_exited_with(tap_program(argv, true), 7));
}

static void test_shell(void)
{
    static const struct {
        const char *line;
        int status;
    } lines[] = {
        {"true", 0},
        {"false", 1},
        {"true; false", 1},
        {"false; true", 0},
        {"exit 9; true", 9},
        {"nosuch", 127},
        {"/etc/nosuch", 127},
        {"echo a > /dev/null", 0},
        {"echo a >", 2},
        {"true < /etc/motd", 0},
        {"true < /nosuch", 1},
        {"true <", 2},
        {"false | true", 0},
        {"true | false", 1},
        {"echo \"a", 2},
        {"false; sh -c \"exit $?\"", 1},
        {"sh -c 'exit 5'; exit $?", 5},
        {"sleep 0 & wait", 0},
        {"# true; false", 0},
        {"crash undef", 132},
    };

    for (size_t i = 0; i < TAP_COUNT(lines); i++) {
        char *argv[] = {"/bin/sh", "-c", (char *)lines[i].line, NULL};
        int status = tap_program(argv, true);
        if (!tap_exited_with(status, lines[i].status))
            tap_fail(lines[i].line, WEXITSTATUS(status), "status of sh -c");
    }
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"arguments arrive", test_arguments},
        {"arguments that are too long", test_too_long},
        {"the environment arrives", test_environment},
        {"the stack is laid out as the ABI says", test_stack_layout},
        {"the pid stays", test_keeps_pid},
        {"a process with limits", test_limits},
        {"descriptors and close-on-exec", test_descriptors},
        {"what is no program", test_refusals},
        {"damaged ELF files", test_damaged},
        {"a script", test_script},
        {"sh -c", test_shell},
    };

    return tap_main(tests, TAP_COUNT(tests));
}
