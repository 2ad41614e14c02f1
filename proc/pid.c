/* SPDX-License-Identifier: MIT
 *
 * The table of numbers: chunks of 512 pointers, made when a number in them is first given out. The
 * last one to become empty is kept, the others are freed. A slot is NULL (free), TAKEN (a thread's,
 * or a process that is being made) or the process. Finding is two loads; giving out goes round from
 * the last number given. Locks: (x) hashed by number, for a slot; (c) pids.lock for the coming and
 * going of chunks. Who frees one passes through all of (x) first, so that holding any keeps all
 * that were found. A process found is kept by a reference or by the process lock, held whole.
 */
#include "proc/pid.h"

#include "include/uapi/errno.h"
#include "kern/lock.h"
#include "kern/panic.h"
#include "mm/slab.h"
#include "proc/proc_impl.h"

#define CHUNK_SHIFT 9
#define CHUNK_SIZE  (1 << CHUNK_SHIFT)
#define CHUNKS      (PID_MAX >> CHUNK_SHIFT)
#define SLOT_LOCKS  32

#define TAKEN ((void *)1) /* where no process lies */

static struct {
    struct spin lock;
    int last;                /* atomic: given out most recently */
    uint32_t count;          /* atomic: processes */
    int kept;                /* (c), read without: a chunk that may be empty, or 0 */
    void **chunk[CHUNKS];    /* (c), read with any of (x); NULL: all free */
    uint32_t in_use[CHUNKS]; /* atomic, from and to 0 with (c): numbers of it, and who looks */
} pids = {.lock = SPIN_INIT(LOCK_NUMBER_CHUNKS)};

static struct spin slot_locks[SLOT_LOCKS] = {[0 ... SLOT_LOCKS - 1] = SPIN_INIT(LOCK_NUMBERS)};

uint32_t proc_count(void)
{
    return __atomic_load_n(&pids.count, __ATOMIC_RELAXED);
}

static struct spin *lock_of(int pid)
{
    return &slot_locks[(unsigned)pid % SLOT_LOCKS];
}

static void **slot_of(int pid)
{
    void **chunk = __atomic_load_n(&pids.chunk[pid >> CHUNK_SHIFT], __ATOMIC_RELAXED);

    return chunk ? &chunk[pid & (CHUNK_SIZE - 1)] : NULL;
}

static __noinline bool chunk_make(int c)
{
    void **fresh = kmalloc(CHUNK_SIZE * sizeof(void *));
    bool made;

    spin_lock(&pids.lock);
    if (!pids.chunk[c]) {
        __atomic_store_n(&pids.chunk[c], fresh, __ATOMIC_RELEASE);
        fresh = NULL;
    }
    made = pids.chunk[c] != NULL;
    if (made)
        __atomic_fetch_add(&pids.in_use[c], 1, __ATOMIC_RELEASE);
    spin_unlock(&pids.lock);
    kfree(fresh);
    return made;
}

/* One more of the chunk, which is there then; false: no memory. */
static bool chunk_enter(int c)
{
    uint32_t n = __atomic_load_n(&pids.in_use[c], __ATOMIC_RELAXED);

    while (n)
        if (__atomic_compare_exchange_n(&pids.in_use[c], &n, n + 1, true, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return true;
    return chunk_make(c);
}

/* Another is kept from now on, 0: none; the one that was is freed if it is empty. */
static void chunk_keep(int c)
{
    void **empty = NULL;
    int was;

    spin_lock(&pids.lock);
    was = pids.kept;
    __atomic_store_n(&pids.kept, c, __ATOMIC_SEQ_CST);
    if (was != c && __atomic_load_n(&pids.in_use[was], __ATOMIC_SEQ_CST) == 0) {
        empty = pids.chunk[was];
        __atomic_store_n(&pids.chunk[was], NULL, __ATOMIC_RELAXED);
    }
    spin_unlock(&pids.lock);
    for (unsigned i = 0; empty && i < SLOT_LOCKS; i++)
        spin_pass(&slot_locks[i]);
    kfree(empty);
}

static void chunk_leave(int c)
{
    if (__atomic_sub_fetch(&pids.in_use[c], 1, __ATOMIC_SEQ_CST) == 0 &&
        __atomic_load_n(&pids.kept, __ATOMIC_SEQ_CST) != c)
        chunk_keep(c);
}

static void drop_kept(void)
{
    chunk_keep(0);
}

void pid_init(void)
{
    pids.last = PID_INIT;
    frame_add_drain(drop_kept);
}

/* Each number in turn, whoever asks; one in a chunk without a free one is skipped with its chunk:
 * 0. */
static int next_number(void)
{
    int last = __atomic_load_n(&pids.last, __ATOMIC_RELAXED), pid, c;
    bool full;

    do {
        pid = last + 1 < PID_MAX ? last + 1 : 1;
        c = pid >> CHUNK_SHIFT;
        full = __atomic_load_n(&pids.in_use[c], __ATOMIC_RELAXED) >= CHUNK_SIZE;
    } while (!__atomic_compare_exchange_n(&pids.last, &last, full ? pid | (CHUNK_SIZE - 1) : pid,
                                          true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return full ? 0 : pid;
}

static bool slot_take(int pid)
{
    void **slot;
    bool free;

    spin_lock(lock_of(pid));
    slot = slot_of(pid);
    free = !*slot;
    if (free)
        __atomic_store_n(slot, TAKEN, __ATOMIC_RELAXED);
    spin_unlock(lock_of(pid));
    return free;
}

int pid_alloc_init(void)
{
    if (!chunk_enter(0))
        return -ENOMEM;
    kassert(slot_take(PID_INIT));
    return PID_INIT;
}

int pid_alloc_kernel(void)
{
    if (!chunk_enter(0))
        return -ENOMEM;
    for (int pid = (1 << CHUNK_SHIFT) - 1; pid > PID_INIT; pid--)
        if (slot_take(pid))
            return pid;
    chunk_leave(0);
    return pid_alloc();
}

int pid_alloc(void)
{
    for (int tries = 0; tries < PID_MAX; tries++) {
        int pid = next_number();

        if (pid && !chunk_enter(pid >> CHUNK_SHIFT))
            return -ENOMEM;
        if (pid && slot_take(pid))
            return pid;
        if (pid)
            chunk_leave(pid >> CHUNK_SHIFT);
        preempt_point();
    }
    return -EAGAIN;
}

static struct proc *proc_of(void *const *slot)
{
    return slot && *slot != TAKEN ? *slot : NULL;
}

void pid_free(int pid)
{
    struct proc *p;
    void **slot;

    spin_lock(lock_of(pid));
    slot = slot_of(pid);
    p = proc_of(slot);
    __atomic_store_n(slot, NULL, __ATOMIC_RELAXED);
    spin_unlock(lock_of(pid));
    if (p)
        __atomic_fetch_sub(&pids.count, 1, __ATOMIC_RELAXED);
    chunk_leave(pid >> CHUNK_SHIFT);
}

void pid_set(int pid, struct proc *p)
{
    spin_lock(lock_of(pid));
    __atomic_store_n(slot_of(pid), p, __ATOMIC_RELAXED);
    spin_unlock(lock_of(pid));
    __atomic_fetch_add(&pids.count, 1, __ATOMIC_RELAXED);
}

static struct proc *find(int pid, bool ref)
{
    struct proc *found;

    if (pid <= 0 || pid >= PID_MAX)
        return NULL;
    spin_lock(lock_of(pid));
    found = proc_of(slot_of(pid));
    if (found && ref)
        proc_ref(found);
    spin_unlock(lock_of(pid));
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

/* The first number of the chunk of `from`, not below it, that is a process's; 0: none. One of (x)
 * is held, or nobody runs. */
static int first_in_chunk(int from)
{
    void **slot = slot_of(from);

    for (int pid = from; slot && pid >> CHUNK_SHIFT == from >> CHUNK_SHIFT; pid++, slot++) {
        void *is = __atomic_load_n(slot, __ATOMIC_RELAXED);

        if (is && is != TAKEN)
            return pid;
    }
    return 0;
}

struct proc *pid_next_stopped(int pid)
{
    int next = 0;

    for (int from = MAX(pid, 0) + 1; from < PID_MAX && !next; from = (from | (CHUNK_SIZE - 1)) + 1)
        next = first_in_chunk(from);
    return next ? proc_of(slot_of(next)) : NULL;
}

static int next_of(int pid)
{
    int next = 0;

    for (int from = MAX(pid, 0) + 1; from < PID_MAX && !next;
         from = (from | (CHUNK_SIZE - 1)) + 1) {
        spin_lock(&slot_locks[0]);
        next = first_in_chunk(from);
        spin_unlock(&slot_locks[0]);
    }
    return next;
}

static struct proc *find_next(int pid, bool ref)
{
    struct proc *p = NULL;

    for (pid = next_of(pid); pid && !(p = find(pid, ref)); pid = next_of(pid))
        continue;
    return p;
}

struct proc *pid_ref_next(int pid)
{
    return find_next(pid, true);
}

struct proc *pid_proc_next(int pid)
{
    return find_next(pid, false);
}
