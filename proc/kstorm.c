/* SPDX-License-Identifier: MIT
 *
 * /proc/kstorm, debug builds only: whoever reads it waits for a storm of kernel threads, which take
 * and give back frames and slab objects, take locks and sleep with them, change CPUs, start others,
 * kill them at any moment and end. What they wrote must still be there, what a lock guards must be
 * whole. For tests, together with /tests/t_storm; an audit (vmcheck) does not wait for them.
 * Locks: the storm's own, which its threads fight for; below all others that sleep.
 */
#include "kern/clock.h"
#include "kern/cpu.h"
#include "mm/slab.h"
#include "proc/procfs_impl.h"
#include "proc/sched_impl.h"

#define THREADS   6
#define STEPS     200u
#define DEPTH_MAX 2
#define FRAMES    16u

/* A thread of the storm, owned by who started it and waits for it. */
struct gust {
    struct thread *thread; /* (storm.lock) NULL: it has ended, or not begun */
    bool started;          /* (c) */
    uint32_t random;       /* its own: xorshift state, never 0 */
    uint32_t steps;        /* (c) */
    unsigned depth;        /* (c) */
};

static struct {
    struct mutex lock;
    struct rwlock pair_lock;
    struct waitq ended, nap;
    uint32_t pair[2];                       /* (pair_lock) always the same */
    uint32_t seed;                          /* (lock) */
    uint32_t steps, wrong, killed, threads; /* atomic */
} storm = {.lock = MUTEX_INIT(storm.lock, LOCK_STORM),
           .pair_lock = {.wait = WAITQ_INIT_CLASS(storm.pair_lock.wait, LOCK_SLEEP_STATE),
                         LOCK_INFO_INIT(LOCK_STORM_PAIR)},
           .ended = WAITQ_INIT(storm.ended),
           .nap = WAITQ_INIT(storm.nap)};

static uint32_t random_next(struct gust *g, uint32_t below)
{
    g->random ^= g->random << 13;
    g->random ^= g->random >> 17;
    g->random ^= g->random << 5;
    return g->random % below;
}

static void count(uint32_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static void expect(bool right)
{
    if (!right)
        count(&storm.wrong);
}

static void nap(struct gust *g, uint32_t most_ns)
{
    uint32_t mask = spin_lock_irq(&storm.nap.lock);

    waitq_sleep(&storm.nap, mask, SLEEP_KILLABLE, clock_ns() + random_next(g, most_ns));
}

static void pause(struct gust *g)
{
    if (random_next(g, 2))
        nap(g, 300000);
    else
        sched_yield();
}

/* Words of memory that are this thread's: written, and looked at after others have run. */
static void step_frames(struct gust *g)
{
    pfn_t pfn[FRAMES];
    uint32_t n = 0, mark = g->random, most = random_next(g, FRAMES) + 1;

    for (; n < most; n++) {
        pfn[n] = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER);
        if (pfn[n] == NO_PFN)
            break;
        *(uint32_t *)pfn_to_virt(pfn[n]) = mark ^ pfn[n];
    }
    pause(g);
    while (n-- > 0) {
        expect(*(uint32_t *)pfn_to_virt(pfn[n]) == (mark ^ pfn[n]));
        frame_free(pfn[n]);
    }
}

static void step_slab(struct gust *g)
{
    uint32_t bytes = random_next(g, PAGE_SIZE / 4) * 4 + 4, last = bytes / 4 - 1;
    uint32_t *p = kmalloc(bytes);

    if (!p)
        return;
    expect(p[0] == 0 && p[last] == 0);
    p[0] = p[last] = bytes;
    pause(g);
    expect(p[0] == bytes && p[last] == bytes);
    kfree(p);
}

static void step_mutex(struct gust *g)
{
    uint32_t seed;

    mutex_lock(&storm.lock);
    seed = ++storm.seed;
    if (random_next(g, 4) == 0)
        nap(g, 100000);
    expect(storm.seed == seed);
    mutex_unlock(&storm.lock);
}

static void step_write(struct gust *g)
{
    rwlock_write(&storm.pair_lock);
    storm.pair[0]++;
    if (random_next(g, 4) == 0)
        nap(g, 100000);
    storm.pair[1]++;
    expect(storm.pair[0] == storm.pair[1]);
    rwlock_write_done(&storm.pair_lock);
}

static void step_read(struct gust *g)
{
    rwlock_read(&storm.pair_lock);
    expect(storm.pair[0] == storm.pair[1]);
    if (random_next(g, 4) == 0)
        nap(g, 100000);
    expect(storm.pair[0] == storm.pair[1]);
    rwlock_read_done(&storm.pair_lock);
}

static void step_wake(struct gust *g)
{
    waitq_wake(&storm.nap, random_next(g, 4) + 1);
}

static void step_move(struct gust *g)
{
    uint32_t mask = random_next(g, 15) + 1;

    proc_lock();
    if (mask & cpus_online())
        sched_set_affinity(thread_current(), mask);
    proc_unlock();
    preempt_point();
}

static void gust_run(void *arg);

static void gust_start(struct gust *g)
{
    struct thread *t = thread_create(NULL, gust_run, g);

    if (!t)
        return;
    g->thread = t;
    g->started = true;
    count(&storm.threads);
    thread_start(t, false);
}

/* storm.lock keeps the thread from ending under the kill. */
static void gust_kill(struct gust *g)
{
    mutex_lock(&storm.lock);
    if (g->thread) {
        thread_set_work(g->thread, WORK_KILL);
        count(&storm.killed);
    }
    mutex_unlock(&storm.lock);
}

static void gust_wait(struct gust *g)
{
    while (g->started) {
        uint32_t mask = spin_lock_irq(&storm.ended.lock);

        if (!__atomic_load_n(&g->thread, __ATOMIC_ACQUIRE)) {
            spin_unlock_irq(&storm.ended.lock, mask);
            return;
        }
        waitq_sleep(&storm.ended, mask, SLEEP_DEEP, UINT64_MAX);
    }
}

static void step_start(struct gust *g)
{
    struct gust child = {.random = random_next(g, UINT32_MAX) | 1, .depth = g->depth + 1};
    bool doomed = random_next(g, 2);

    if (child.depth > DEPTH_MAX)
        return;
    child.steps = doomed ? UINT32_MAX : random_next(g, 20);
    gust_start(&child);
    pause(g);
    if (doomed)
        gust_kill(&child);
    gust_wait(&child);
}

/* The last look at g is under ended.lock, where its owner looks, too. */
static void gust_ends(struct gust *g)
{
    uint32_t mask;

    mutex_lock(&storm.lock);
    mask = spin_lock_irq(&storm.ended.lock);
    __atomic_store_n(&g->thread, NULL, __ATOMIC_RELEASE);
    waitq_wake_locked(&storm.ended, WAITQ_ALL);
    spin_unlock_irq(&storm.ended.lock, mask);
    mutex_unlock(&storm.lock);
}

static void gust_run(void *arg)
{
    static void (*const step[])(struct gust *) = {step_frames, step_slab, step_mutex, step_write,
                                                  step_read,   step_wake, step_move,  step_start};
    struct gust *g = arg;

    for (uint32_t n = 0; n < g->steps && !thread_interrupted(); n++) {
        step[random_next(g, ARRAY_SIZE(step))](g);
        count(&storm.steps);
        preempt_point();
    }
    gust_ends(g);
}

void procfs_kstorm(struct text *t, struct proc *p)
{
    struct gust gust[THREADS];
    uint32_t seed = storm.seed;

    (void)p;
    thread_current()->locks_held++; /* who waits here is not stopped, so an audit waits, too */
    for (unsigned i = 0; i < THREADS; i++) {
        gust[i] = (struct gust){.random = (seed + i) * 2654435761u | 1, .steps = STEPS};
        gust_start(&gust[i]);
    }
    for (unsigned i = 0; i < THREADS; i++)
        gust_wait(&gust[i]);
    thread_current()->locks_held--;
    text_printf(t, "kstorm: %u steps of %u threads, %u killed, %u wrong\n", (unsigned)storm.steps,
                (unsigned)storm.threads, (unsigned)storm.killed, (unsigned)storm.wrong);
}
