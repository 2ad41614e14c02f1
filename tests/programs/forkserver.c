/* SPDX-License-Identifier: MIT
 *
 * A fork server: it makes a large table once, and answers each request by a child that has a copy
 * of it, changes a part and sums it up; every eighth child executes the program anew instead.
 * Requests come over a socket, answers go through a pipe, at most EIGHT children live at a time.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "programs.h"

#define WORDS    (1024u * 1024) /* of the table: 4 MiB */
#define PART     (WORDS / 8)
#define REQUESTS 16
#define EIGHT    8

struct request {
    uint32_t number, seed;
};
struct answer {
    uint32_t number, sum;
};

static uint32_t *table;
static volatile sig_atomic_t alive, failed;

/* What a request of that seed asks for, of a table whose part is filled with the seed. */
static uint32_t work(uint32_t seed)
{
    uint32_t at = seed % 8 * PART;

    fill(table + at, PART, seed);
    return sum_of(table + at, PART) ^ sum_of(table + (at + PART) % WORDS, PART / 4);
}

static void make_table(void)
{
    table = malloc(WORDS * sizeof(*table));
    if (!table)
        _exit(97);
    for (uint32_t i = 0; i < 8; i++)
        fill(table + i * PART, PART, i);
}

static void reaps(int sig)
{
    int error = errno, status;

    (void)sig;
    while (waitpid(-1, &status, WNOHANG) > 0) {
        alive--;
        failed += status != 0;
    }
    errno = error;
}

static void answers(int out, const struct request *r)
{
    struct answer a = {r->number, work(r->seed)};

    _exit(write(out, &a, sizeof(a)) != sizeof(a));
}

static void executes(int out, const struct request *r)
{
    char to[16], number[16], seed[16], *argv[] = {"forkserver", to, number, seed, NULL};

    snprintf(to, sizeof(to), "%d", out);
    snprintf(number, sizeof(number), "%u", (unsigned)r->number);
    snprintf(seed, sizeof(seed), "%u", (unsigned)r->seed);
    execv("/proc/self/exe", argv);
    _exit(98);
}

/* SIGCHLD is blocked but where it waits. */
static void serve(int in, int out)
{
    struct pollfd p = {.fd = in, .events = POLLIN};
    struct sigaction act = {.sa_handler = reaps};
    sigset_t set, old;
    struct request r;

    sigaction(SIGCHLD, &act, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &old);
    for (;;) {
        while (alive == EIGHT)
            sigsuspend(&old);
        if (ppoll(&p, 1, NULL, &old) < 0)
            continue;
        if (recv(in, &r, sizeof(r), MSG_WAITALL) != sizeof(r))
            break;
        alive++;
        switch (fork()) {
        case -1: _exit(96);
        case 0:
            sigprocmask(SIG_SETMASK, &old, NULL);
            r.number % 8 == 7 ? executes(out, &r) : answers(out, &r);
        }
    }
    while (alive > 0)
        sigsuspend(&old);
    _exit(failed != 0);
}

static uint32_t seed_of(uint32_t number)
{
    return number * 2654435761u;
}

static void send_all(int to)
{
    for (uint32_t i = 0; i < REQUESTS; i++) {
        struct request r = {i, seed_of(i)};

        if (send(to, &r, sizeof(r), MSG_NOSIGNAL) != sizeof(r))
            say("request %u: error %d", (unsigned)i, errno);
    }
    shutdown(to, SHUT_WR);
}

/* What each should have been is known to the child that asks: it has the table, too. */
static bool is_right(const struct answer *a)
{
    uint32_t seed = seed_of(a->number), at = seed % 8;
    bool right = work(seed) == a->sum;

    fill(table + at * PART, PART, at);
    return right;
}

int main(int argc, char **argv)
{
    static bool seen[REQUESTS];
    int sockets[2], ends[2], status = 1, right = 0, twice = 0;
    uint32_t digest = 0;
    struct answer a;
    pid_t server;

    make_table();
    if (argc == 4) {
        struct request r = {(uint32_t)strtoul(argv[2], NULL, 10),
                            (uint32_t)strtoul(argv[3], NULL, 10)};

        answers(atoi(argv[1]), &r);
    }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) || pipe(ends))
        say("error %d", errno);
    server = fork();
    if (server == 0) {
        close(sockets[0]);
        close(ends[0]);
        serve(sockets[1], ends[1]);
    }
    close(sockets[1]);
    close(ends[1]);
    send_all(sockets[0]);
    while (read(ends[0], &a, sizeof(a)) == sizeof(a)) {
        twice += a.number >= REQUESTS || seen[a.number % REQUESTS];
        seen[a.number % REQUESTS] = true;
        right += is_right(&a);
        digest += a.sum * (a.number + 1);
    }
    waitpid(server, &status, 0);
    say("%d of %d answers right, %d twice, digest %08x, server %#x", right, REQUESTS, twice,
        (unsigned)digest, (unsigned)status);
    return 0;
}
