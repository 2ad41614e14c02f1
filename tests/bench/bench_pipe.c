/* SPDX-License-Identifier: MIT
 *
 * What passing bytes between two processes costs.
 */
#include "bench.h"

static int32_t to[2], back[2];
static char bytes[64 * 1024];

static void make_pipe(int32_t fd[2])
{
    check(call(NR_pipe2, (uint32_t)fd, 0, 0, 0, 0) == 0, "pipe");
}

static void close_fd(int32_t fd)
{
    call(NR_close, (uint32_t)fd, 0, 0, 0, 0);
}

/* One byte there and one back: two switches. */
static void op_round_trip(void)
{
    call(NR_write, (uint32_t)to[1], (uint32_t)bytes, 1, 0, 0);
    call(NR_read, (uint32_t)back[0], (uint32_t)bytes, 1, 0, 0);
}

static void measure_round_trip(void)
{
    make_pipe(to);
    make_pipe(back);
    int32_t pid = fork_raw();
    if (pid == 0) {
        while (call(NR_read, (uint32_t)to[0], (uint32_t)bytes, 1, 0, 0) == 1)
            call(NR_write, (uint32_t)back[1], (uint32_t)bytes, 1, 0, 0);
        quit();
    }
    measure("pipe_round_trip", op_round_trip, 1000);
    end_child(pid);
    for (int i = 0; i < 2; i++) {
        close_fd(to[i]);
        close_fd(back[i]);
    }
}

/* So many blocks from a child; per KiB. */
static uint64_t pipe_blocks(uint32_t blocks)
{
    uint32_t done = 0;
    int32_t got;
    make_pipe(to);
    int32_t pid = fork_raw();
    if (pid == 0) {
        close_fd(to[0]);
        for (uint32_t i = 0; i <= blocks; i++)
            call(NR_write, (uint32_t)to[1], (uint32_t)bytes, sizeof(bytes), 0, 0);
        quit();
    }
    close_fd(to[1]);
    while (done < sizeof(bytes)) { /* until the child is there */
        got = call(NR_read, (uint32_t)to[0], (uint32_t)bytes, sizeof(bytes) - done, 0, 0);
        check(got > 0, "read a pipe");
        done += (uint32_t)got;
    }
    uint64_t start = ticks();
    for (done = 0; done < blocks * sizeof(bytes); done += (uint32_t)got) {
        got = call(NR_read, (uint32_t)to[0], (uint32_t)bytes, sizeof(bytes), 0, 0);
        check(got > 0, "read a pipe");
    }
    uint64_t spent = ticks() - start;
    close_fd(to[0]);
    reap(pid);
    return each(spent * TICK, done / 1024);
}

void measure_pipes(void)
{
    measure_round_trip();
    measure_by("pipe_64k", pipe_blocks, 64);
}
