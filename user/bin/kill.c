/* SPDX-License-Identifier: MIT
 *
 * kill [-SIGNAL] PID|NAME...: sends a signal (TERM if none is named) to processes by number or
 * to all of one name. A name does not reach kill itself or process 1. After TERM and KILL it waits
 * up to a second for the end of those it named, so that ps behind it shows them no more.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "process_list.h"
#include "quire.h"

#define WAIT_TRIES 100 /* of 10 ms */

struct search {
    const char *name;
    int sig;
    int found, failed;
};

static bool is_meant(const struct process *process, const char *name)
{
    return strcmp(process->name, name) == 0 && process->pid != getpid() && process->pid != 1 &&
           process->state != 'Z';
}

static void process_visit(const struct process *process, void *arg)
{
    struct search *search = arg;

    if (!is_meant(process, search->name))
        return;
    search->found++;
    if (kill(process->pid, search->sig) < 0)
        search->failed += fail("kill", search->name);
}

static int kill_by_name(const char *name, int sig)
{
    struct search search = {.name = name, .sig = sig};

    if (process_for_each(process_visit, &search) < 0)
        return fail("kill", "/proc");
    if (search.found == 0) {
        fprintf(stderr, "kill: %s: no such process\n", name);
        return 1;
    }
    return search.failed > 0;
}

static int kill_by_word(const char *word, int sig)
{
    const char *digits = word[0] == '-' ? word + 1 : word;
    uint32_t pid;

    if (!number_parse(digits, &pid) || pid > 0x7fffffff)
        return kill_by_name(word, sig);
    if (kill(digits == word ? (pid_t)pid : -(pid_t)pid, sig) < 0)
        return fail("kill", word);
    return 0;
}

static void process_count(const struct process *process, void *arg)
{
    struct search *search = arg;

    search->found += is_meant(process, search->name);
}

static bool is_alive(const char *word)
{
    struct search search = {.name = word};
    struct process process;
    uint32_t pid;

    if (word[0] == '-')
        return false;
    if (number_parse(word, &pid) && pid <= 0x7fffffff)
        return process_read((pid_t)pid, &process) && process.state != 'Z';
    process_for_each(process_count, &search);
    return search.found > 0;
}

static void end_wait(const char *word, int *tries)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    while (*tries > 0 && is_alive(word)) {
        nanosleep(&pause, NULL);
        --*tries;
    }
}

static int signals_list(void)
{
    for (int i = 1; i < 32; i++) {
        const char *name = signal_name(signal_from_linux(i));
        if (name)
            printf("%2d %-7s%s", i, name, i % 8 == 0 ? "\n" : "");
    }
    printf("\n");
    return 0;
}

int main(int argc, char **argv)
{
    int sig = SIGTERM, first = 1, hit = 0, tries = WAIT_TRIES;

    if (argc > 1 && strcmp(argv[1], "-l") == 0)
        return signals_list();
    if (argc > 1 && argv[1][0] == '-') {
        sig = signal_parse(argv[1] + 1);
        first = 2;
        if (sig < 0) {
            fprintf(stderr, "kill: %s: no such signal\n", argv[1] + 1);
            return 2;
        }
    }
    if (first < argc && strcmp(argv[first], "--") == 0)
        first++;
    if (first >= argc) {
        fprintf(stderr, "usage: kill [-SIGNAL | -l] PID|NAME...\n");
        return 2;
    }
    argv += first;
    argc -= first;
    for (int i = 0; i < argc; i++)
        if (kill_by_word(argv[i], sig) == 0)
            argv[hit++] = argv[i]; /* the words that hit somebody, who is waited for */
    for (int i = 0; i < hit && (sig == SIGTERM || sig == SIGKILL); i++)
        end_wait(argv[i], &tries);
    return hit < argc;
}
