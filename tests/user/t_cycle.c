/* SPDX-License-Identifier: MIT
 *
 * t_cycle [COUNT]: starts and kills programs COUNT times (default 25, 25,000 in a soak) in
 * different ways; frames in use stay the same, and so does the number of processes.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/wait.h>

#include "process_list.h"
#include "quire.h"
#include "tap.h"

static uint32_t cycles;

static void nothing(const struct process *process, void *arg)
{
    (void)process;
    (void)arg;
}

static void spawn_and_kill(long delay_ms)
{
    char *argv[] = {"/bin/spin", NULL};

    for (uint32_t i = 0; i < cycles; i++) {
        int status;
        pid_t pid = spawn("t_cycle", argv, 0);
        CHECK(pid > 0);
        if (delay_ms)
            tap_pause_ms(delay_ms);
        CHECK_EQ(kill(pid, SIGKILL), 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK(tap_killed_by(status, SIGKILL));
    }
}

static void test_kill_at_once(void)
{
    spawn_and_kill(0);
}

static void test_kill_running(void)
{
    spawn_and_kill(2);
}

static void test_run(void)
{
    char *argv[] = {"/bin/true", NULL};

    for (uint32_t i = 0; i < cycles; i++)
        CHECK(tap_exited_with(tap_program(argv, false), 0));
}

static void test_several(void)
{
    char *argv[] = {"/bin/spin", NULL};
    pid_t pids[10];
    int processes = process_for_each(nothing, NULL);

    for (uint32_t round = 0; round < cycles / 10 + 1; round++) {
        for (int i = 0; i < 10; i++)
            CHECK((pids[i] = spawn("t_cycle", argv, 0)) > 0);
        if (tap_on_quire())
            CHECK_EQ(process_for_each(nothing, NULL), processes + 10);
        for (int i = 0; i < 10; i++)
            CHECK_EQ(kill(pids[i], SIGKILL), 0);
        for (int i = 0; i < 10; i++)
            CHECK_EQ(waitpid(pids[i], NULL, 0), pids[i]);
    }
    if (tap_on_quire())
        CHECK_EQ(process_for_each(nothing, NULL), processes);
}

static void test_tree(void)
{
    char *argv[] = {"/bin/forktree", "3", "2", NULL};

    for (uint32_t i = 0; i < cycles / 10 + 1; i++)
        CHECK(tap_exited_with(tap_program(argv, true), 0));
}

int main(int argc, char **argv)
{
    static const struct tap_test tests[] = {
        {"killed at once", test_kill_at_once}, {"killed while running", test_kill_running},
        {"run to the end", test_run},          {"several at a time", test_several},
        {"a tree of processes", test_tree},
    };

    cycles = tap_count(25, 25000);
    if (argc > 1 && !number_parse(argv[1], &cycles)) {
        fprintf(stderr, "usage: t_cycle [COUNT]\n");
        return 2;
    }
    return tap_main(tests, TAP_COUNT(tests));
}
