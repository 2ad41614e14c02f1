/* SPDX-License-Identifier: MIT
 *
 * The table of numbers: chunks of 512 pointers, made when a number in them is first given out and
 * freed when the last one goes. A slot is NULL (free), TAKEN (a thread's, or a process that is
 * being made) or the process. Finding is two loads; giving out goes round from the last number
 * given. Locks: pids.lock (spins) for everything; processes found are kept by the process lock.
 */
#include "proc/pid.h"

#include "include/uapi/errno.h"
#include "mm/slab.h"

#define CHUNK_SHIFT 9
#define CHUNK_SIZE  (1 << CHUNK_SHIFT)
#define CHUNKS      (PID_MAX >> CHUNK_SHIFT)

static char taken;
#define TAKEN ((void *)&taken)

static struct {
    struct spin lock;
    int last;             /* given out most recently */
    void **chunk[CHUNKS]; /* or NULL: all free */
    uint16_t in_use[CHUNKS];
} pids = {.lock = SPIN_INIT(LOCK_NUMBERS)};

static void **slot_of(int pid)
{
    void **chunk = pids.chunk[pid >> CHUNK_SHIFT];

    return chunk ? &chunk[pid & (CHUNK_SIZE - 1)] : NULL;
}

/* The first free number in [from, end), or 0. */
static int find_free(int from, int end)
{
    while (from < end) {
        void **slot = slot_of(from);

        if (!slot || !*slot)
            return from;
        if (pids.in_use[from >> CHUNK_SHIFT] == CHUNK_SIZE)
            from |= CHUNK_SIZE - 1;
        from++;
    }
    return 0;
}

static int take_locked(void)
{
    int pid = find_free(pids.last + 1, PID_MAX), c;

    if (!pid)
        pid = find_free(1, pids.last + 1);
    if (!pid)
        return -EAGAIN;
    c = pid >> CHUNK_SHIFT;
    if (!pids.chunk[c])
        pids.chunk[c] = kmalloc(CHUNK_SIZE * sizeof(void *));
    if (!pids.chunk[c])
        return -ENOMEM;
    *slot_of(pid) = TAKEN;
    pids.in_use[c]++;
    pids.last = pid;
    return pid;
}

int pid_alloc(void)
{
    int pid;

    spin_lock(&pids.lock);
    pid = take_locked();
    spin_unlock(&pids.lock);
    return pid;
}

void pid_free(int pid)
{
    int c = pid >> CHUNK_SHIFT;
    void *empty = NULL;

    spin_lock(&pids.lock);
    *slot_of(pid) = NULL;
    if (--pids.in_use[c] == 0) {
        empty = pids.chunk[c];
        pids.chunk[c] = NULL;
    }
    spin_unlock(&pids.lock);
    kfree(empty);
}

void pid_set(int pid, struct proc *p)
{
    spin_lock(&pids.lock);
    *slot_of(pid) = p;
    spin_unlock(&pids.lock);
}

struct proc *pid_proc(int pid)
{
    void **slot, *found = NULL;

    if (pid <= 0 || pid >= PID_MAX)
        return NULL;
    spin_lock(&pids.lock);
    slot = slot_of(pid);
    if (slot && *slot != TAKEN)
        found = *slot;
    spin_unlock(&pids.lock);
    return found;
}

struct proc *pid_next(int pid)
{
    void *found = NULL;

    spin_lock(&pids.lock);
    for (pid = MAX(pid, 0) + 1; pid < PID_MAX && !found; pid++) {
        void **slot = slot_of(pid);

        if (!slot)
            pid |= CHUNK_SIZE - 1;
        else if (*slot && *slot != TAKEN)
            found = *slot;
    }
    spin_unlock(&pids.lock);
    return found;
}
