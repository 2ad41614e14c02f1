/* SPDX-License-Identifier: MIT
 *
 * The table of numbers: chunks of 512 pointers, made when a number in them is first given out and
 * freed when the last one goes. A slot is NULL (free), TAKEN (a thread's, or a process that is
 * being made) or the process. Finding is two loads; giving out goes round from the last number
 * given. Locks: pids.lock (spins) for everything; a process found is kept by a reference or by the
 * process lock, held whole.
 */
#include "proc/pid.h"

#include "include/uapi/errno.h"
#include "mm/slab.h"
#include "proc/proc_impl.h"

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
    uint32_t count; /* of processes */
} pids = {.lock = SPIN_INIT(LOCK_NUMBERS)};

static struct list processes = LIST_INIT(processes); /* pids.lock */

struct list *proc_list(void)
{
    return &processes;
}

uint32_t proc_count(void)
{
    return __atomic_load_n(&pids.count, __ATOMIC_RELAXED);
}

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

static struct proc *proc_of(void *const *slot)
{
    return slot && *slot != TAKEN ? *slot : NULL;
}

void pid_free(int pid)
{
    int c = pid >> CHUNK_SHIFT;
    void **slot, *empty = NULL;
    struct proc *p;

    spin_lock(&pids.lock);
    slot = slot_of(pid);
    p = proc_of(slot);
    if (p) {
        list_remove(&p->all);
        pids.count--;
    }
    *slot = NULL;
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
    list_push_back(&processes, &p->all);
    pids.count++;
    spin_unlock(&pids.lock);
}

static struct proc *find(int pid, bool ref)
{
    struct proc *found;

    if (pid <= 0 || pid >= PID_MAX)
        return NULL;
    spin_lock(&pids.lock);
    found = proc_of(slot_of(pid));
    if (found && ref)
        proc_ref(found);
    spin_unlock(&pids.lock);
    return found;
}

struct proc *pid_ref(int pid)
{
    return find(pid, true);
}

struct proc *pid_proc(int pid)
{
    return find(pid, false);
}

struct proc *pid_ref_next(int pid)
{
    struct proc *found = NULL;

    spin_lock(&pids.lock);
    for (pid = MAX(pid, 0) + 1; pid < PID_MAX && !found; pid++) {
        void **slot = slot_of(pid);

        if (!slot)
            pid |= CHUNK_SIZE - 1;
        found = proc_of(slot);
    }
    if (found)
        proc_ref(found);
    spin_unlock(&pids.lock);
    return found;
}
